# The ERP's order -> the row that payment-insert.sql stores. `content` is what makes it the same order again.
. as $order
| {
    account: variable("account"),
    orderNo,
    paymentMethod,
    methodKey: variable("methodKey"),
    region,
    total: .amount.total,
    currency: .amount.currency,
    description,
    validitySeconds: variable("validitySeconds"),
    metadata: (.metadata // {}),
    content: ($order | del(.account)),
    merchantId: variable("merchantId"),
    appId: variable("appId"),
    notifyUrl: variable("notifyUrl"),
    requestId: variable("requestId"),
    traceparent: variable("traceparent")
  }
