# The order or refund number that a notification's resource is about; none when its status is not the one announced.
# A refund that was made in the merchant portal may have a number that can't be one of ours, or none: then it is Tenpay's own.
def usable($pattern): if type == "string" and test($pattern) then . else null end;
def of_refund: usable("^[0-9A-Za-z_|*-][0-9A-Za-z_|*.:@-]{0,63}\\z");
if .status != variable("eventStatus") then null
elif variable("kind") == "refunds" then (.out_refund_no | of_refund) // (.refund_id | of_refund)
else .out_trade_no | usable("^[0-9A-Za-z_|*-]{6,32}\\z") end
