# The rules of payment-methods.yaml -> the list that the merchant API shows.
{
  items: (to_entries | map({
    paymentMethod: .key,
    name: .value.name,
    regions: .value.regions,
    currencies: (.value.currencies // []),
    limits: (.value.limits // []),
    validitySeconds: .value.validity,
    closable: .value.closable,
    refund: .value.refund
  }))
}
