# The order number that a notification's resource is about; none when its status is not the one the envelope announced.
if .status == variable("eventStatus") then .out_trade_no else null end
| if type == "string" and test("^[0-9A-Za-z_|*-]{6,32}\\z") then . else null end
