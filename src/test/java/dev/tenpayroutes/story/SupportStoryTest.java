package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** What support lives through: what happened in words, asking Tenpay without the right to sell, and a ping to the ERP. */
@DisplayName("support")
class SupportStoryTest extends Story {

    private JsonNode explained(String number, String language) {
        return send("GET", "/v1/payments/" + number, KEY, null, "Accept-Language", language)
                .body()
                .path("explanation");
    }

    @Test
    void readsHowAPaymentStandsInTwoLanguages() {
        String number = paidPayment();
        eventually()
                .untilAsserted(
                        () -> assertThat(explained(number, "en").at("/erp/told").asBoolean())
                                .isTrue());

        JsonNode english = explained(number, "en");
        JsonNode chinese = explained(number, "zh-CN,zh;q=0.9");

        assertThat(english.at("/summary/text").asText())
                .startsWith("Paid at 20")
                .doesNotContain("{");
        assertThat(chinese.at("/summary/text").asText()).startsWith("已于 20").endsWith("付款。");
        assertThat(english.at("/summary/code").asText())
                .isEqualTo(chinese.at("/summary/code").asText())
                .isEqualTo("payment.SUCCEEDED");
        assertThat(english.at("/erp/event").asText()).isEqualTo("payment.succeeded");
        assertThat(english.at("/erp/at").asText()).isNotBlank();
        assertThat(english.at("/nextStep/code").asText()).isEqualTo("next.CONFIRM");
    }

    @Test
    void readsThatAPersonMustDecide() {
        String number = pendingPayment();
        assertThat(explained(number, "en").at("/nextStep/code").asText()).isEqualTo("next.ASK_TENPAY");
        reviewed(number);
        assertThat(explained(number, "en").at("/summary/code").asText()).isEqualTo("review.STUCK");
        assertThat(explained(number, "en").at("/nextStep/code").asText()).isEqualTo("next.REVIEW");
    }

    @Test
    void readsTheHistoryInWords() {
        String number = paidPayment();
        JsonNode items = get("/v1/payments/" + number + "/events").body().path("items");
        assertThat(items.get(0).path("text").asText()).isEqualTo("The ERP's order was stored.");
        assertThat(items.get(2).path("text").asText())
                .isEqualTo("Tenpay's notification changed the status from PENDING to SUCCEEDED.");
        assertThat(send("GET", "/v1/payments/" + number + "/events", KEY, null, "Accept-Language", "zh")
                        .body()
                        .at("/items/0/text")
                        .asText())
                .isEqualTo("ERP 的订单已保存。");
    }

    @Test
    void asksTenpayButCreatesAndClosesNothing() {
        String number = paidPayment();
        String refund = newRefundNumber();
        refund(number, refund, 250);

        assertThat(send("POST", "/v1/payments/" + number + "/sync", SUPPORT, null)
                        .status())
                .isEqualTo(200);
        assertThat(send("POST", "/v1/refunds/" + refund + "/sync", SUPPORT, null)
                        .status())
                .isEqualTo(200);
        assertThat(send("POST", "/v1/payments", SUPPORT, order(newNumber())).status())
                .isEqualTo(403);
        assertThat(send("POST", "/v1/payments/" + number + "/close", SUPPORT, null)
                        .status())
                .isEqualTo(403);
        assertThat(send("POST", "/v1/payments/" + number + "/refunds", SUPPORT, refund(newRefundNumber(), 1))
                        .status())
                .isEqualTo(403);
        assertThat(send("POST", "/v1/payments/" + number + "/review/resolve", SUPPORT, KEEP)
                        .status())
                .isEqualTo(403);
    }

    @Test
    void pingsTheAddressOfTheAccountsEvents() {
        Answer answer = post("/v1/events/test", null);
        assertThat(answer.text("outcome")).isEqualTo("DELIVERED");
        assertThat(answer.body().path("status").asInt()).isEqualTo(204);
        assertThat(get("/sandbox/events").content())
                .contains("{\"type\":\"ping\",")
                .contains("\"data\":{\"account\":\"main\"}");
    }

    @Test
    void receivesEventsOfTheContractsCallbacks() throws Exception {
        String number = paidPayment();
        String refund = newRefundNumber();
        refund(number, refund, 250);
        post("/v1/events/test", null);
        eventually()
                .untilAsserted(() -> assertThat(get("/sandbox/events").content())
                        .contains(number)
                        .contains(refund));
        for (String line : get("/sandbox/events").content().split("\n")) {
            JsonNode message = JSON.readTree(line);
            String type = message.path("type").asText();
            String schema = type.equals("ping")
                    ? "PingMessage"
                    : type.startsWith("refund.") ? "RefundEventMessage" : "PaymentEventMessage";
            assertThat(PublishedContract.THE
                            .schema(JsonPointer.compile("/components/schemas/" + schema))
                            .validate(message))
                    .as(line)
                    .isEmpty();
        }
    }

    @Test
    void hasASentenceForEveryCodeInBothLanguages() throws Exception {
        Map<String, Map<String, String>> catalogue =
                new Yaml().load(Files.readString(Path.of("src/main/resources/sentences.yaml"), StandardCharsets.UTF_8));
        assertThat(catalogue.values())
                .allSatisfy(sentence -> assertThat(sentence).containsOnlyKeys("en", "zh"));
        JsonNode schemas = JSON.valueToTree(
                        new Yaml().load(Files.readString(Path.of("src/main/resources/openapi/merchant-api.yaml"))))
                .at("/components/schemas");
        TreeSet<String> codes = new TreeSet<>();
        schemas.at("/PaymentStatus/enum").forEach(value -> codes.add("payment." + value.asText()));
        schemas.at("/Review/enum").forEach(value -> codes.add("review." + value.asText()));
        schemas.at("/EventStatus/enum").forEach(value -> codes.add("erp." + value.asText()));
        schemas.at("/EventSource/enum").forEach(value -> codes.add("source." + value.asText()));
        schemas.at("/EventOutcome/enum").forEach(value -> codes.add("outcome." + value.asText()));
        assertThat(catalogue.keySet()).containsAll(codes);
    }
}
