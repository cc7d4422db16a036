# The ERP's refund request, with the rules of its payment's method -> what refund-insert.sql decides on and stores.
{
  payment: variable("paymentRowId"),
  refundNo,
  total: .amount.total,
  currency: .amount.currency,
  reason,
  notifyUrl: variable("notifyUrl"),
  requestId: variable("requestId"),
  rules: (variable("refundRules") | fromjson)
}
