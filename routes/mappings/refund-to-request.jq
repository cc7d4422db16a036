# A stored refund -> the body of refund (W7).
{
  merchant_id,
  out_trade_no: .order_no,
  out_refund_no: .refund_no,
  amount: {total: .amount, currency},
  reason,
  notify_url
}
| with_entries(select(.value != null))
