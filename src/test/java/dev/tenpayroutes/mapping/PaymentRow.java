package dev.tenpayroutes.mapping;

/** A row of table payment as PostgreSQL's {@code to_jsonb} gives it, every column there, times in UTC. */
final class PaymentRow {

    /** The order of the merchant API's page, stored and not yet answered by Tenpay. */
    static final String CREATED = """
            {"id": 1, "account": "main", "order_no": "SO-2026-000123", "status": "CREATED", "review": null,
             "payment_method": "PAYNOW", "region": "SG", "amount": 1050, "currency": "SGD", "refunded": 0,
             "description": "2 x latte", "metadata": {"costCentre": "42"},
             "content": {"orderNo": "SO-2026-000123", "paymentMethod": "PAYNOW", "region": "SG",
               "amount": {"total": 1050, "currency": "SGD"}, "description": "2 x latte", "validitySeconds": 1800,
               "payer": {"openId": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
               "goods": [{"id": "latte", "name": "Latte", "category": "drinks", "quantity": 2,
                 "unitPrice": {"total": 525, "currency": "SGD"}}],
               "metadata": {"costCentre": "42"}},
             "merchant_id": "2480000001", "app_id": "wx0123456789abcdef", "method_key": "PAYNOW",
             "notify_url": "https://erp.example.com/webhooks/tenpay/main/payments",
             "expires_at": "2026-11-23T08:30:00+00:00", "tenpay_payment_id": null, "prepay_info": null,
             "paid_at": null, "fail_reason": null, "submits": 1, "submitted_at": "2026-11-23T08:00:00.123456+00:00",
             "submitting_until": "2026-11-23T08:00:15.123456+00:00", "next_poll_at": "2026-11-23T08:00:20.123456+00:00",
             "polls": 0, "created_at": "2026-11-23T08:00:00.123456+00:00", "updated_at": "2026-11-23T08:00:00.123456+00:00"}
            """;

    private PaymentRow() {}

    /** The row with one column's value replaced; a column that isn't there as written is a mistake of the test. */
    static String with(String row, String column, String before, String after) {
        String there = "\"" + column + "\": " + before;
        if (!row.contains(there)) {
            throw new IllegalArgumentException("the row has no " + there);
        }
        return row.replace(there, "\"" + column + "\": " + after);
    }
}
