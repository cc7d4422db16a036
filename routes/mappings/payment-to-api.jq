# A stored payment -> the payment that the merchant API shows.
{
  orderNo: .order_no,
  account,
  status,
  paymentMethod: .payment_method,
  region,
  amount: {total: .amount, currency},
  description,
  paymentId: .tenpay_payment_id,
  prepayInfo: .prepay_info,
  expiresAt: .expires_at,
  paidAt: .paid_at,
  refunded: {total: .refunded, currency},
  failReason: .fail_reason,
  review,
  metadata,
  createdAt: .created_at,
  updatedAt: .updated_at
}
| with_entries(select(.value != null))
