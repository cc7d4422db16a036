# A page of the stored history of a payment and its refunds -> the events that the merchant API shows.
.limit as $limit
| {
    items: .history[0:$limit] | map({
      at,
      source,
      refundNo: .refund_no,
      outcome,
      statusBefore: .status_before,
      statusAfter: .status_after,
      detail,
      requestId: .request_id,
      tenpayRequestId: .tenpay_request_id,
      code,
      text
    } | with_entries(select(.value != null)))
  }
  + if (.history | length) > $limit then {nextCursor: (.history[0:$limit] | last | .cursor)} else {} end
