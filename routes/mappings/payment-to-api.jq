# A stored payment, or a page of them -> what the merchant API shows.
# How the last review was settled; missing while another is open.
def resolution:
  if .review == null and .review_resolution then .review_resolution | {review, outcome, note, client, at} else null end;
def shown:
  {
    orderNo: .order_no,
    account,
    status,
    paymentMethod: .payment_method,
    region,
    amount: {total: .amount, currency},
    description
  }
  # What may be missing.
  + ({
    paymentId: .tenpay_payment_id,
    prepayInfo: .prepay_info,
    paidAt: .paid_at,
    failReason: .fail_reason,
    review,
    reviewResolution: resolution,
    explanation
  } | with_entries(select(.value != null)))
  + {
    expiresAt: .expires_at,
    refunded: {total: .refunded, currency},
    metadata,
    createdAt: .created_at,
    updatedAt: .updated_at
  };
if has("payments") then
  .limit as $limit
  | {items: (.payments[0:$limit] | map(shown))}
    + if (.payments | length) > $limit then {nextCursor: (.payments[0:$limit] | last | .cursor)}
      elif .resume then {nextCursor: .resume}
      else {} end
else shown end
