# What Tenpay said of a payment or a refund (W4 to W8) -> the result: its field names, status words and error codes live here.
# What it didn't say, or said with an empty text, is null.
def statuses: {"PROCESSING": "PENDING", "SUCCESS": "SUCCEEDED", "FAILED": "FAILED", "CLOSED": "CLOSED", "EXPIRED": "EXPIRED"};
# What an error code proves, by the call that it answers; every other code leaves the outcome unknown.
# REFUSED: not done, and won't be. CONFLICT: Tenpay has a payment of this number, ours or not, so ask. NOT_FOUND: Tenpay has no
# such payment or refund. PAID, NOT_CLOSABLE: why it was not closed. DENIED, at any call: our set-up is wrong.
def result_codes: {
  "checkout-pay": {"PARAM_ERROR": "REFUSED", "ORDER_CONFLICT": "CONFLICT"},
  "inquiry-payment": {"ORDER_NOT_EXIST": "NOT_FOUND"},
  "close-payment": {"ORDER_NOT_EXIST": "NOT_FOUND", "ORDER_PAID": "PAID", "CLOSE_NOT_SUPPORTED": "NOT_CLOSABLE"},
  "refund": {"PARAM_ERROR": "REFUSED", "REFUND_EXCEEDED": "REFUSED", "ORDER_NOT_PAID": "REFUSED", "ORDER_NOT_EXIST": "REFUSED"},
  "inquiry-refund": {"REFUND_NOT_EXIST": "NOT_FOUND"}
}[variable("source")] + {"SIGN_ERROR": "DENIED", "NO_AUTH": "DENIED"};
def of_refund: (variable("source") | contains("refund")) or variable("kind") == "refunds";
# A pattern costs more than all the rest, so it is used only where there is something to take out.
def storable: (if contains("\u0000") then gsub("\u0000"; "") else . end) | if . == "" then null else . end;
def words($max): if type == "string" then storable | .[0:$max] else null end;
def whole($max): if type == "string" and length <= $max then storable else null end;
def digits: if type == "number" then tostring | .[0:64] else "not a whole number" end;
# As notification-number.jq has it.
def of_refund_no: if type == "string" and test("^[0-9A-Za-z_|*-][0-9A-Za-z_|*.:@-]{0,63}\\z") then . else null end;
def refund_no: (.out_refund_no | of_refund_no) // (.refund_id | of_refund_no);
variable("tenpayStatus") as $http
| (if type == "object" then . else {} end)
| (.code | words(64)) as $code
| (.status | if type == "string" then statuses[.] else null end) as $status
| {source: variable("source"), submittedAt: variable("submittedAt"), signature: variable("signature"),
   statusBefore: variable("statusBefore"), contradictedAt: variable("contradictedAt"), closeResult: variable("closeResult"),
   requestId: variable("requestId"), tenpayRequestId: variable("tenpayRequestId"), traceparent: variable("traceparent")}
  + if $http == "none" then {resultCode: "NONE", reason: variable("tenpayProblem"), unsent: variable("tenpayUnsent")}
    elif ($http | startswith("2") | not) then {
      resultCode: (result_codes[$code // ""] // "NONE"),
      reason: ([$code // ("HTTP " + $http), (.message | words(256))] | map(select(. != null)) | join(": "))
    }
    elif $status == null or (of_refund and ($status == "CLOSED" or $status == "EXPIRED")) then {resultCode: "NONE", reason: "an answer without a known status"}
    else {
      resultCode: "STATUS",
      status: $status,
      reason: (.fail_reason | words(256)),
      merchantId: (.merchant_id | words(64)), orderNo: (.out_trade_no | words(64)), refundNo: refund_no,
      total: (.amount | if . == null then null elif type == "object" then (.total | digits) else "not an amount" end),
      currency: (.amount | if type == "object" then (.currency | words(8)) else null end),
      paymentId: (.payment_id | whole(64)), refundId: (.refund_id | whole(64)), prepayInfo: (.prepay_info | whole(65536)),
      succeededAt: (.success_time | if . == null then null elif type == "string" and length <= 64 then storable else "not a time" end)
    } end
