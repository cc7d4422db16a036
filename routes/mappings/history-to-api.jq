# The stored history of a payment and its refunds -> the events that the merchant API shows.
{
  items: map({
    at,
    source,
    refundNo: .refund_no,
    outcome,
    statusBefore: .status_before,
    statusAfter: .status_after,
    detail
  } | with_entries(select(.value != null)))
}
