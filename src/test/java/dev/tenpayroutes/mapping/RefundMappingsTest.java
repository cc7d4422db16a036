package dev.tenpayroutes.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** request-to-refund.jq, refund-to-request.jq, refund-to-inquiry.jq and refund-to-api.jq: a refund's way out and back. */
class RefundMappingsTest {

    /** A row of table refund as PostgreSQL's {@code to_jsonb} gives it, every column there. */
    private static final String ROW = """
            {"id": 5, "payment_id": 1, "account": "main", "refund_no": "RF-2026-000045", "order_no": "SO-2026-000123",
             "merchant_id": "2480000001", "status": "CREATED", "review": null, "amount": 250, "currency": "SGD",
             "reason": "one latte was cold", "refusal": null,
             "notify_url": "https://erp.example.com/webhooks/tenpay/main/refunds", "tenpay_refund_id": null,
             "refunded_at": null, "fail_reason": null, "submits": 1, "submitted_at": "2026-11-23T09:00:00.123456+00:00",
             "submitting_until": "2026-11-23T09:00:15.123456+00:00", "next_poll_at": "2026-11-23T09:00:20.123456+00:00",
             "polls": 0, "created_at": "2026-11-23T09:00:00.123456+00:00", "updated_at": "2026-11-23T09:00:00.123456+00:00"}
            """;

    private static String apply(String file, String body, Map<String, ?> variables) {
        return new Mapping(file).apply(body, variables).toString();
    }

    @Test
    void aRequestBecomesWhatIsDecidedOnWithTheRulesOfItsMethod() {
        assertThat(apply(
                        "request-to-refund.jq",
                        """
                        {"refundNo":"RF-2026-000045","amount":{"total":9007199254740993,"currency":"SGD"},"reason":"cold"}""",
                        Map.of(
                                "paymentRowId", "1",
                                "notifyUrl", "https://erp.example.com/webhooks/tenpay/main/refunds",
                                "refundRules", "{\"method\":\"PAYNOW\",\"windowDays\":90,\"min\":1,\"max\":1500000}")))
                .isEqualTo("{\"payment\":\"1\",\"refundNo\":\"RF-2026-000045\",\"total\":9007199254740993,"
                        + "\"currency\":\"SGD\",\"reason\":\"cold\","
                        + "\"notifyUrl\":\"https://erp.example.com/webhooks/tenpay/main/refunds\","
                        + "\"rules\":{\"method\":\"PAYNOW\",\"windowDays\":90,\"min\":1,\"max\":1500000}}");
    }

    @Test
    void tenpayIsToldTheRefundAsItIsStored() {
        assertThat(apply("refund-to-request.jq", ROW, Map.of()))
                .isEqualTo("{\"merchant_id\":\"2480000001\",\"out_trade_no\":\"SO-2026-000123\","
                        + "\"out_refund_no\":\"RF-2026-000045\",\"amount\":{\"total\":250,\"currency\":\"SGD\"},"
                        + "\"reason\":\"one latte was cold\","
                        + "\"notify_url\":\"https://erp.example.com/webhooks/tenpay/main/refunds\"}");
        assertThat(apply("refund-to-request.jq", ROW.replace("\"one latte was cold\"", "null"), Map.of()))
                .doesNotContain("reason");
    }

    @Test
    void tenpayIsAskedByOurOwnNumber() {
        assertThat(apply("refund-to-inquiry.jq", ROW, Map.of()))
                .isEqualTo("{\"merchant_id\":\"2480000001\",\"out_refund_no\":\"RF-2026-000045\"}");
    }

    @Test
    void asksByTenpaysNumberWhereThereIsNoOther() {
        assertThat(apply(
                        "refund-to-inquiry.jq",
                        "{\"merchant_id\":\"1\",\"refund_no\":\"503\",\"tenpay_refund_id\":\"503\"}",
                        Map.of()))
                .isEqualTo("{\"merchant_id\":\"1\",\"refund_id\":\"503\"}");
    }

    @Test
    void showsTheOriginOfARefund() {
        assertThat(apply("refund-to-api.jq", "{\"origin\":\"PORTAL\"}", Map.of()))
                .contains("\"origin\":\"PORTAL\"");
        assertThat(apply("refund-to-api.jq", "{}", Map.of())).contains("\"origin\":\"API\"");
    }

    @Test
    void theApiShowsWhatTheErpKnowsAndNothingOfTheInside() {
        String shown = "{\"refundNo\":\"RF-2026-000045\",\"orderNo\":\"SO-2026-000123\",\"account\":\"main\","
                + "\"status\":\"CREATED\",\"amount\":{\"total\":250,\"currency\":\"SGD\"},"
                + "\"reason\":\"one latte was cold\",\"origin\":\"API\",\"createdAt\":\"2026-11-23T09:00:00.123456+00:00\","
                + "\"updatedAt\":\"2026-11-23T09:00:00.123456+00:00\"}";
        assertThat(apply("refund-to-api.jq", ROW, Map.of())).isEqualTo(shown);
        assertThat(apply("refund-to-api.jq", "{\"limit\":2,\"refunds\":[" + ROW + "," + ROW + "]}", Map.of()))
                .isEqualTo("{\"items\":[" + shown + "," + shown + "]}");
        assertThat(apply("refund-to-api.jq", "{\"limit\":1,\"refunds\":[]}", Map.of()))
                .isEqualTo("{\"items\":[]}");
        String more = "[" + ROW.replaceFirst("\\{", "{\"cursor\":\"7\",") + "," + ROW + "]";
        assertThat(apply("refund-to-api.jq", "{\"limit\":1,\"refunds\":" + more + "}", Map.of()))
                .isEqualTo("{\"items\":[" + shown + "],\"nextCursor\":\"7\"}");
    }

    @Test
    void aFinishedRefundShowsHowItEnded() {
        String row = ROW.replace("\"tenpay_refund_id\": null", "\"tenpay_refund_id\": \"5030\"")
                .replace("\"refunded_at\": null", "\"refunded_at\": \"2026-11-23T09:00:04+00:00\"")
                .replace("\"review\": null", "\"review\": \"LATE_SUCCESS\"")
                .replace("\"fail_reason\": null", "\"fail_reason\": \"PARAM_ERROR: no\"");
        assertThat(apply("refund-to-api.jq", row, Map.of()))
                .contains("\"refundId\":\"5030\"", "\"refundedAt\":\"2026-11-23T09:00:04+00:00\"")
                .contains("\"review\":\"LATE_SUCCESS\"", "\"failReason\":\"PARAM_ERROR: no\"");
    }
}
