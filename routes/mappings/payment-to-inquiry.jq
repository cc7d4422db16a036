# A stored payment -> the body of inquiry-payment and close-payment (W5, W6).
{
  merchant_id,
  out_trade_no: .order_no
}
