# The stored history of a payment -> the events that the merchant API shows.
{
  items: map({
    at,
    source,
    outcome,
    statusBefore: .status_before,
    statusAfter: .status_after,
    detail
  } | with_entries(select(.value != null)))
}
