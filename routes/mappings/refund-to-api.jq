# A stored refund, or a page of a payment's -> what the merchant API shows.
# How the last review was settled; missing while another is open.
def resolution:
  if .review == null and .review_resolution then .review_resolution | {review, outcome, note, client, at} else null end;
def shown:
  {
    refundNo: .refund_no,
    orderNo: .order_no,
    account,
    status,
    amount: {total: .amount, currency},
    reason,
    # Events of before there were others don't say.
    origin: (.origin // "API"),
    refundId: .tenpay_refund_id,
    failReason: .fail_reason,
    review,
    reviewResolution: resolution,
    createdAt: .created_at,
    updatedAt: .updated_at,
    refundedAt: .refunded_at
  }
  | with_entries(select(.value != null));
if has("refunds") then
  .limit as $limit
  | {items: (.refunds[0:$limit] | map(shown))}
    + if (.refunds | length) > $limit then {nextCursor: (.refunds[0:$limit] | last | .cursor)}
      elif .resume then {nextCursor: .resume}
      else {} end
else shown end
