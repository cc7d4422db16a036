# A stored payment -> the body of checkout-pay (W4).
{
  merchant_id,
  app_id,
  out_trade_no: .order_no,
  method_key,
  mch_region: .region,
  amount: {total: .amount, currency},
  description,
  expire_time: .expires_at,
  notify_url
}
# What may be missing.
+ ({
  payer: (.content.payer | if . then {openid: .openId} else null end),
  goods: (.content.goods | if . then map({
    goods_id: .id,
    goods_name: .name,
    goods_category: .category,
    goods_quantity: (.quantity | tostring),
    goods_unit_price: .unitPrice
  } | with_entries(select(.value != null))) else null end)
} | with_entries(select(.value != null)))
