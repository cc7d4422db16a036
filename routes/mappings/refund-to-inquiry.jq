# A stored refund -> the body of inquiry-refund (W7).
# One that has no number of a merchant's is known by Tenpay's own.
{merchant_id}
+ if .refund_no == .tenpay_refund_id then {refund_id: .refund_no} else {out_refund_no: .refund_no} end
