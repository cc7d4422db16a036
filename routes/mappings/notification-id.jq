# A notification's id (W3); null when it has none that can be kept, then its signature stands for it.
if type == "object" then .id else null end
| if type == "string" and test("^[\\x21-\\x7e]{1,128}\\z") then . else null end
