# A stored refund -> the body of inquiry-refund (W7).
{
  merchant_id,
  out_refund_no: .refund_no
}
