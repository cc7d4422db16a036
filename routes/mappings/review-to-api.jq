# A page of open reviews -> what the merchant API shows: what Tenpay said against what is held here, and what may be done.
def present: with_entries(select(.value != null and .value != {}));
def words: {"NONE": "NO_RESPONSE"};
.limit as $limit
| {
    items: .reviews[0:$limit] | map(. as $row | {
      kind,
      account,
      orderNo: .order_no,
      refundNo: .refund_no,
      review,
      since: .review_since,
      ours: ({
        status,
        amount: {total: .amount, currency},
        tenpayId: .tenpay_id
      } | present),
      theirs: ((.theirs // {}) | {
        status: (if .status then words[.status] // .status else null end),
        # What isn't a whole number of minor units is in the history's detail.
        amount: ({
          total: $row.theirs_total,
          currency
        } | present),
        tenpayId: .id
      } | present),
      actions
    } | with_entries(select(.value != null)))
  }
  + if (.reviews | length) > $limit then {nextCursor: (.reviews[0:$limit] | last | .cursor)} else {} end
