# A stored refund, or all of a payment's -> what the merchant API shows.
def shown:
  {
    refundNo: .refund_no,
    orderNo: .order_no,
    account,
    status,
    amount: {total: .amount, currency},
    reason,
    refundId: .tenpay_refund_id,
    failReason: .fail_reason,
    review,
    createdAt: .created_at,
    updatedAt: .updated_at,
    refundedAt: .refunded_at
  }
  | with_entries(select(.value != null));
if type == "array" then {items: map(shown)} else shown end
