# The order or refund number that a notification's resource is about; none when its status is not the one announced.
if .status == variable("eventStatus") then (if variable("kind") == "refunds" then .out_refund_no else .out_trade_no end) else null end
| if type == "string" and test("^[0-9A-Za-z_|*-]{6,32}\\z") then . else null end
