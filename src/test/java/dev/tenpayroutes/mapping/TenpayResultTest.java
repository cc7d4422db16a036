package dev.tenpayroutes.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TenpayResultTest {

    private static final String SUCCESS = """
            {"merchant_id":"2480000001","out_trade_no":"SO-2026-000123","payment_id":"4200","status":"SUCCESS",
             "amount":{"total":1050,"currency":"SGD"},"method_key":"PAYNOW","success_time":"2026-11-23T16:00:00+08:00"}
            """;

    private static final String REFUND = """
            {"merchant_id":"2480000001","out_trade_no":"SO-2026-000123","out_refund_no":"RF-2026-000045","refund_id":"5030",
             "status":"SUCCESS","amount":{"total":250,"currency":"SGD"},"success_time":"2026-11-23T16:00:00+08:00"}
            """;

    private final Mapping mapping = new Mapping("tenpay-result.jq");

    private JsonNode news(String source, String http, String body) {
        Map<String, Object> variables = new HashMap<>();
        variables.put("source", source);
        variables.put("tenpayStatus", http);
        variables.put("tenpayProblem", "no answer in time");
        return mapping.apply(body, variables);
    }

    @Test
    void aSuccessCarriesEverythingThatIsComparedWithOurRow() {
        assertThat(news("inquiry-payment", "200", SUCCESS).toString())
                .isEqualTo(
                        "{\"source\":\"inquiry-payment\",\"submittedAt\":null,\"signature\":null,\"statusBefore\":null,\"contradictedAt\":null,\"closeResult\":null,\"resultCode\":\"STATUS\",\"status\":\"SUCCEEDED\","
                                + "\"reason\":null,\"merchantId\":\"2480000001\",\"orderNo\":\"SO-2026-000123\",\"refundNo\":null,"
                                + "\"total\":\"1050\",\"currency\":\"SGD\",\"paymentId\":\"4200\",\"refundId\":null,"
                                + "\"prepayInfo\":null,\"succeededAt\":\"2026-11-23T16:00:00+08:00\"}");
    }

    @ParameterizedTest
    @CsvSource({"PROCESSING,PENDING", "SUCCESS,SUCCEEDED", "FAILED,FAILED", "CLOSED,CLOSED", "EXPIRED,EXPIRED"})
    void everyStatusWordHasOneStatus(String word, String status) {
        assertThat(news("inquiry-payment", "200", SUCCESS.replace("\"SUCCESS\"", "\"" + word + "\""))
                        .path("status")
                        .asText())
                .isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({
        "checkout-pay,400,PARAM_ERROR,REFUSED",
        "checkout-pay,409,ORDER_CONFLICT,CONFLICT",
        "refund,409,ORDER_CONFLICT,NONE",
        "checkout-pay,401,SIGN_ERROR,DENIED",
        "checkout-pay,403,NO_AUTH,DENIED",
        "checkout-pay,429,FREQUENCY_LIMITED,NONE",
        "checkout-pay,500,SYSTEM_ERROR,NONE",
        "checkout-pay,400,NEVER_HEARD_OF,NONE",
        "inquiry-payment,400,PARAM_ERROR,NONE",
        "inquiry-payment,404,ORDER_NOT_EXIST,NOT_FOUND",
        "checkout-pay,404,ORDER_NOT_EXIST,NONE",
        "close-payment,404,ORDER_NOT_EXIST,NOT_FOUND",
        "close-payment,409,ORDER_PAID,PAID",
        "close-payment,409,CLOSE_NOT_SUPPORTED,NOT_CLOSABLE",
        "refund,400,PARAM_ERROR,REFUSED",
        "refund,409,REFUND_EXCEEDED,REFUSED",
        "refund,409,ORDER_NOT_PAID,REFUSED",
        "refund,404,ORDER_NOT_EXIST,REFUSED",
        "refund,404,REFUND_NOT_EXIST,NONE",
        "refund,401,SIGN_ERROR,DENIED",
        "refund,500,SYSTEM_ERROR,NONE",
        "inquiry-refund,404,REFUND_NOT_EXIST,NOT_FOUND",
        "inquiry-refund,409,REFUND_EXCEEDED,NONE",
    })
    void anErrorCodeSaysHowMuchIsKnown(String source, String http, String code, String answer) {
        JsonNode news = news(source, http, "{\"code\":\"" + code + "\",\"message\":\"because\"}");
        assertThat(news.path("resultCode").asText()).isEqualTo(answer);
        assertThat(news.path("reason").asText()).isEqualTo(code + ": because");
        assertThat(news.has("status")).isFalse();
    }

    @Test
    void newsOfARefundCarriesItsOwnNumberToo() {
        assertThat(news("inquiry-refund", "200", REFUND).toString())
                .isEqualTo(
                        "{\"source\":\"inquiry-refund\",\"submittedAt\":null,\"signature\":null,\"statusBefore\":null,\"contradictedAt\":null,\"closeResult\":null,\"resultCode\":\"STATUS\",\"status\":\"SUCCEEDED\","
                                + "\"reason\":null,\"merchantId\":\"2480000001\",\"orderNo\":\"SO-2026-000123\","
                                + "\"refundNo\":\"RF-2026-000045\",\"total\":\"250\",\"currency\":\"SGD\",\"paymentId\":null,"
                                + "\"refundId\":\"5030\",\"prepayInfo\":null,"
                                + "\"succeededAt\":\"2026-11-23T16:00:00+08:00\"}");
    }

    @ParameterizedTest
    @CsvSource({"CLOSED", "EXPIRED"})
    void aRefundHasNoStatusThatOnlyPaymentsHave(String word) {
        String body = REFUND.replace("\"SUCCESS\"", "\"" + word + "\"");
        assertThat(news("refund", "200", body).path("resultCode").asText()).isEqualTo("NONE");
        assertThat(news("inquiry-refund", "200", body).path("resultCode").asText()).isEqualTo("NONE");
        Map<String, Object> notified = Map.of("source", "notification", "kind", "refunds", "tenpayStatus", "200");
        assertThat(mapping.apply(body, notified).path("resultCode").asText()).isEqualTo("NONE");
        assertThat(mapping.apply(REFUND, notified).path("status").asText()).isEqualTo("SUCCEEDED");
    }

    @Test
    void anAnswerSaysWhichCallItBelongsToWhateverItSays() {
        Map<String, Object> called =
                Map.of("source", "checkout-pay", "tenpayStatus", "200", "submittedAt", "2026-11-23T08:00:00.000001+00:00");
        assertThat(mapping.apply(SUCCESS, called).path("submittedAt").asText()).isEqualTo("2026-11-23T08:00:00.000001+00:00");
        assertThat(mapping.apply("{}", called).path("submittedAt").asText()).isEqualTo("2026-11-23T08:00:00.000001+00:00");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\\u0000", "\\u0000\\u0000"})
    void aTextOfNothingThatCouldBeKeptSaysNothing(String nothing) {
        JsonNode news = news(
                "inquiry-payment",
                "200",
                SUCCESS.replace("4200", nothing)
                        .replace("SGD", nothing)
                        .replace("2480000001", nothing)
                        .replace("2026-11-23T16:00:00+08:00", nothing));
        assertThat(news.path("status").asText()).isEqualTo("SUCCEEDED");
        for (String field : List.of("paymentId", "currency", "merchantId", "succeededAt")) {
            assertThat(news.get(field).isNull()).describedAs(field).isTrue();
        }
    }

    @Test
    void noAnswerIsNoNews() {
        assertThat(news("checkout-pay", "none", "{}").toString())
                .isEqualTo(
                        "{\"source\":\"checkout-pay\",\"submittedAt\":null,\"signature\":null,\"statusBefore\":null,\"contradictedAt\":null,\"closeResult\":null,\"resultCode\":\"NONE\",\"reason\":\"no answer in time\","
                                + "\"unsent\":null}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"[]", "1", "\"SUCCESS\"", "{}", "{\"status\":\"DONE\"}", "{\"status\":{}}", "{\"status\":null}"})
    void aBodyOfAnotherShapeIsNoNews(String body) {
        assertThat(news("inquiry-payment", "200", body).path("resultCode").asText()).isEqualTo("NONE");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"1050.5", "-1050", "1e3", "\"1050\"", "null", "{}", "12345678901234567890123"})
    void anAmountThatIsNotAWholeNumberIsNeverTheOrdersAmount(String total) {
        JsonNode news = news("inquiry-payment", "200", SUCCESS.replace("1050", total));
        assertThat(news.path("resultCode").asText()).isEqualTo("STATUS");
        assertThat(news.path("total").asText("")).isNotEqualTo("1050");
    }

    @Test
    void anAmountIsExactToTheLastDigit() {
        assertThat(news("inquiry-payment", "200", SUCCESS.replace("1050", "9007199254740993"))
                        .path("total")
                        .asText())
                .isEqualTo("9007199254740993");
    }

    @Test
    void textThatTheStoreCouldNotKeepIsCleanedAndCut() {
        String body =
                SUCCESS.replace("\"SUCCESS\"", "\"FAILED\",\"fail_reason\":\"a\\u0000b" + "x".repeat(1000) + "\"");
        assertThat(news("inquiry-payment", "200", body).path("reason").asText())
                .startsWith("abx")
                .hasSize(256);
    }
}
