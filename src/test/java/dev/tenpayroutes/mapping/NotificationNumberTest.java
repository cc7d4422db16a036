package dev.tenpayroutes.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NotificationNumberTest {

    private static final String RESOURCE = """
            {"merchant_id": "2480000001", "out_trade_no": "SO-2026-000123", "payment_id": "4200", "status": "SUCCESS",
             "amount": {"total": 1050, "currency": "SGD"}, "method_key": "PAYNOW", "success_time": "2026-11-23T16:00:00+08:00"}
            """;

    private final Mapping mapping = new Mapping("notification-number.jq");

    private String number(String resource, String announced) {
        return mapping.text(resource, Map.of("eventStatus", announced));
    }

    @Test
    void aResourceIsAboutItsOrderNumber() {
        assertThat(number(RESOURCE, "SUCCESS")).isEqualTo("SO-2026-000123");
    }

    @Test
    void aRefundsResourceIsAboutItsRefundNumber() {
        String refund = RESOURCE.replace("\"payment_id\": \"4200\"", "\"out_refund_no\": \"RF-2026-000045\"");
        assertThat(mapping.text(refund, Map.of("eventStatus", "SUCCESS", "kind", "refunds")))
                .isEqualTo("RF-2026-000045");
        assertThat(mapping.text(RESOURCE, Map.of("eventStatus", "SUCCESS", "kind", "refunds")))
                .isNull();
        assertThat(mapping.text(refund, Map.of("eventStatus", "SUCCESS", "kind", "payments")))
                .isEqualTo("SO-2026-000123");
    }

    @ParameterizedTest
    @ValueSource(strings = {"FAILED", "success", "", "null"})
    void aStatusThatTheEnvelopeDidNotAnnounceMakesItAboutNothing(String announced) {
        assertThat(number(RESOURCE, announced)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "1", "{}", "\"FAILED\""})
    void anotherStatusThanAnnouncedMakesItAboutNothing(String status) {
        assertThat(number(RESOURCE.replace("\"SUCCESS\"", status), "SUCCESS")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"SO-123", "0|*_-Aa", "12345678901234567890123456789012"})
    void everyNumberThatAnOrderMayHaveIsTaken(String number) {
        assertThat(number(RESOURCE.replace("SO-2026-000123", number), "SUCCESS"))
                .isEqualTo(number);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"SO-12\"",
                "\"123456789012345678901234567890123\"",
                "\"SO 2026\"",
                "\"SO-2026\\n\"",
                "\"SO-2026';--\"",
                "\"\"",
                "null",
                "123456",
                "{}",
                "[\"SO-2026-000123\"]"
            })
    void aNumberThatNoOrderCanHaveIsNone(String number) {
        assertThat(number(RESOURCE.replace("\"SO-2026-000123\"", number), "SUCCESS"))
                .isNull();
    }
}
