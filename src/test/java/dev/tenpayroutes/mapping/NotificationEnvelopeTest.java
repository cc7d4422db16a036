package dev.tenpayroutes.mapping;

import static dev.tenpayroutes.mapping.Mapping.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NotificationEnvelopeTest {

    private static final String SEALED = """
            {"id": "EV-2026", "create_time": "2026-11-23T08:00:00+08:00", "event_type": "PAYMENT.SUCCESS",
             "resource_type": "encrypt-resource", "resource": {"algorithm": "AEAD_AES_256_GCM", "ciphertext": "Y2lwaGVy",
             "nonce": "0123456789ab", "associated_data": "payment"}}
            """;

    private static final String PLAIN = """
            {"id": "EV-2026", "create_time": "2026-11-23T08:00:00+08:00", "event_type": "PAYMENT.SUCCESS",
             "resource_type": "plain", "resource": {"out_trade_no": "SO-2026-000123", "status": "SUCCESS"}}
            """;

    private final Mapping mapping = new Mapping("notification-envelope.jq");

    private JsonNode envelope(String body) {
        return mapping.apply(body, Map.of());
    }

    @Test
    void anEncryptedResourceIsSealed() {
        assertThat(envelope(SEALED)).isEqualTo(json("""
                {"about": "payments", "status": "SUCCESS", "sealed": {"ciphertext": "Y2lwaGVy", "nonce": "0123456789ab",
                 "associatedData": "payment"}}
                """));
    }

    @Test
    void aPlainResourceIsPlain() {
        assertThat(envelope(PLAIN)).isEqualTo(json("""
                {"about": "payments", "status": "SUCCESS", "plain": {"out_trade_no": "SO-2026-000123", "status": "SUCCESS"}}
                """));
    }

    @Test
    void associatedDataThatIsLeftOutIsEmpty() {
        assertThat(envelope(SEALED.replace(", \"associated_data\": \"payment\"", "")))
                .isEqualTo(json("""
                {"about": "payments", "status": "SUCCESS", "sealed": {"ciphertext": "Y2lwaGVy", "nonce": "0123456789ab",
                 "associatedData": ""}}
                """));
    }

    @ParameterizedTest
    @CsvSource({
        "PAYMENT.SUCCESS,payments,SUCCESS",
        "PAYMENT.FAILED,payments,FAILED",
        "PAYMENT.CLOSED,payments,CLOSED",
        "PAYMENT.EXPIRED,payments,EXPIRED",
        "REFUND.SUCCESS,refunds,SUCCESS",
        "REFUND.FAILED,refunds,FAILED",
    })
    void anEventTypeSaysWhatItIsAboutAndWhichStatus(String event, String about, String status) {
        JsonNode envelope = envelope(PLAIN.replace("PAYMENT.SUCCESS", event));
        assertThat(envelope.path("about").asText()).isEqualTo(about);
        assertThat(envelope.path("status").asText()).isEqualTo(status);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\"\"", "\"SUCCESS\"", "\"DISPUTE.SUCCESS\"", "\"payment.SUCCESS\"", "null", "1", "{}", "[]"})
    void anUnknownEventTypeIsAboutNothing(String event) {
        JsonNode envelope = envelope(PLAIN.replace("\"PAYMENT.SUCCESS\"", event));
        assertThat(envelope.path("about").isNull()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"encrypt-resource,encrypted", "AEAD_AES_256_GCM,AES_128_CBC"})
    void aResourceOfAnotherFormIsNeitherSealedNorPlain(String word, String other) {
        JsonNode envelope = envelope(SEALED.replace(word, other));
        assertThat(envelope.has("sealed")).isFalse();
        assertThat(envelope.has("plain")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "\"sealed\"", "1", "[]", "{}"})
    void anEncryptedResourceOfTheWrongTypeIsNotSealed(String resource) {
        String body = SEALED.replaceFirst("(?s)\"resource\": \\{.*}\\s*}", "\"resource\": " + resource + "}");
        assertThat(envelope(body)).isEqualTo(json("{\"about\": \"payments\", \"status\": \"SUCCESS\"}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "1", "\"PAYMENT.SUCCESS\"", "[]", "{}", "[{\"event_type\":\"PAYMENT.SUCCESS\"}]"})
    void aBodyOfAnotherShapeIsAboutNothing(String body) {
        assertThat(envelope(body)).isEqualTo(json("{\"about\": null, \"status\": null}"));
    }
}
