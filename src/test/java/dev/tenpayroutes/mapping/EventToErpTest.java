package dev.tenpayroutes.mapping;

import static dev.tenpayroutes.mapping.Mapping.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a payment or a refund looks like is the business of payment-to-api and refund-to-api, which come before. */
class EventToErpTest {

    private static final Map<String, String> EVENT =
            Map.of("eventType", "payment.succeeded", "eventTime", "2026-11-23T08:00:00.123456+00:00");

    @ParameterizedTest
    @ValueSource(strings = {"payment-to-erp.jq", "refund-to-erp.jq"})
    void anEventIsItsTypeItsTimeAndWhatTheApiShows(String file) {
        assertThat(new Mapping(file)
                        .apply("{\"orderNo\": \"SO-2026-000123\", \"amount\": {\"total\": 999999999999999}}", EVENT))
                .isEqualTo(json("""
                        {"type": "payment.succeeded", "timestamp": "2026-11-23T08:00:00.123456+00:00",
                         "data": {"orderNo": "SO-2026-000123", "amount": {"total": 999999999999999}}}
                        """));
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment-to-erp.jq", "refund-to-erp.jq"})
    void anEventOfNothingIsStillOne(String file) {
        assertThat(new Mapping(file).apply("{}", EVENT).path("data")).isEqualTo(json("{}"));
    }
}
