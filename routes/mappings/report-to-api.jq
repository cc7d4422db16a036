# The daily sums of the store -> the report that the merchant API shows, each figure with the list that it sums up.
{
  timeZone,
  items: .lines | map({
    date: .day,
    account,
    paymentMethod: .payment_method,
    currency,
    payments: {count: .payments, total: .paid_total, list: ("/v1/payments?" + .query)},
    lateSuccesses: {count: .late, total: .late_total},
    refunds: {count: .refunds, total: .refunded_total, list: ("/v1/refunds?" + .query)},
    net
  })
}
