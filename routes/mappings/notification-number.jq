# The order or refund number that a notification's resource is about; none when its status is not the one announced.
# What no number can be finds nothing in the store, whatever its characters; a pattern here would cost more than the rest.
if .status == variable("eventStatus") then (if variable("kind") == "refunds" then .out_refund_no else .out_trade_no end) else null end
| if type == "string" and . != "" and length <= 32 and (contains("\u0000") | not) then . else null end
