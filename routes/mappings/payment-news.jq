# What Tenpay said of a payment (W4 to W6, W8) -> our news: its field names, status words and error codes live here.
def statuses: {"PROCESSING": "PENDING", "SUCCESS": "SUCCEEDED", "FAILED": "FAILED", "CLOSED": "CLOSED", "EXPIRED": "EXPIRED"};
# REFUSED: this order is not a payment. (ORDER_CONFLICT is none: Tenpay has a payment of this number, so ask.)
# ABSENT: Tenpay has no such payment. DENIED: our set-up is wrong.
# PAID, NOT_CLOSABLE: why it was not closed.
# Every other code leaves the outcome unknown.
def answers: {"PARAM_ERROR": "REFUSED", "ORDER_NOT_EXIST": "ABSENT", "ORDER_PAID": "PAID", "CLOSE_NOT_SUPPORTED": "NOT_CLOSABLE", "SIGN_ERROR": "DENIED", "NO_AUTH": "DENIED"};
def words($max): if type == "string" then gsub("\u0000"; "") | .[0:$max] else null end;
def whole($max): if type == "string" and length <= $max then gsub("\u0000"; "") else null end;
def digits: if type == "number" then tostring | select(test("^[0-9]{1,18}\\z")) else "not a whole number" end;
def moment: if type == "string" and test("^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])\\z") then . else null end;
variable("source") as $source
| variable("tenpayStatus") as $http
| (if type == "object" then . else {} end)
| (.code | words(64)) as $code
| (.status | if type == "string" then statuses[.] else null end) as $status
| {source: $source, notification: variable("notificationKey")}
  + if $http == "none" then {answer: "NONE", reason: variable("tenpayProblem")}
    elif ($http | startswith("2")) then
      if $status == null then {answer: "NONE", reason: "an answer without a known status"}
      else {
        answer: "STATUS",
        status: $status,
        reason: (.fail_reason | words(256)),
        merchantId: (.merchant_id | words(64)),
        orderNo: (.out_trade_no | words(64)),
        total: (.amount | if . == null then null elif type == "object" then (.total | digits) // "not a whole number" else "not an amount" end),
        currency: (.amount | if type == "object" then (.currency | words(8)) else null end),
        paymentId: (.payment_id | whole(64)),
        prepayInfo: (.prepay_info | whole(65536)),
        paidAt: (.success_time | moment)
      } end
    else {
      answer: (answers[$code // ""] // "NONE" | if . == "REFUSED" and $source != "checkout-pay" then "NONE" else . end),
      reason: ([$code // ("HTTP " + $http), (.message | words(256))] | map(select(. != null)) | join(": "))
    } end
| with_entries(select(.value != null and .value != ""))
