package dev.tenpayroutes.mapping;

import static dev.tenpayroutes.mapping.Mapping.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EventToApiTest {

    private static final String ROW = """
            {"id": 7, "event_id": "0b7f4a3e-6b0a-4c62-9f5e-2f3c1d7a8e90", "account": "main", "payment_id": 3, "refund_id": null,
             "type": "payment.succeeded", "created_at": "2026-11-23T08:01:03.5+00:00", "order_no": "SO-2026-000123",
             "refund_no": null, "status": "PENDING", "deliveries": [{"destination": "http", "state": "PENDING", "attempts": 1,
             "finished_at": null, "next_attempt_at": "2026-11-23T08:01:08.7+00:00", "disabled_at": null}]%s}
            """;

    private final Mapping mapping = new Mapping("event-to-api.jq");

    private JsonNode api(String more) {
        return mapping.apply(ROW.formatted(more), Map.of());
    }

    @Test
    void anEventIsShownWithItsDeliveriesAndAttemptsAndWithoutOurKeys() {
        assertThat(api("""
                        , "attempts": [{"id": 1, "event_id": 7, "destination": "http", "at": "2026-11-23T08:01:03.7+00:00",
                         "millis": 41, "status": null, "outcome": "FAILED", "problem": "no connection"}]""")).isEqualTo(json("""
                        {"id": "0b7f4a3e-6b0a-4c62-9f5e-2f3c1d7a8e90", "type": "payment.succeeded", "account": "main",
                         "orderNo": "SO-2026-000123", "status": "PENDING", "createdAt": "2026-11-23T08:01:03.5+00:00",
                         "deliveries": [{"destination": "http", "status": "PENDING", "attempts": 1,
                           "nextAttemptAt": "2026-11-23T08:01:08.7+00:00"}],
                         "attempts": [{"at": "2026-11-23T08:01:03.7+00:00", "destination": "http", "outcome": "FAILED",
                           "durationMillis": 41, "problem": "no connection"}]}
                        """));
    }

    @Test
    void inAPageThereAreNoAttemptsAndTheLastOfTheLimitGivesTheCursor() {
        JsonNode page = mapping.apply(
                "{\"limit\": 1, \"events\": [" + ROW.formatted(", \"cursor\": \"1-7\"") + ","
                        + ROW.formatted(", \"cursor\": \"0-6\"") + "]}",
                Map.of());
        assertThat(page.path("items")).hasSize(1);
        assertThat(page.path("items").get(0).has("attempts")).isFalse();
        assertThat(page.path("nextCursor").asText()).isEqualTo("1-7");
        assertThat(mapping.apply("{\"limit\": 1, \"events\": []}", Map.of())).isEqualTo(json("{\"items\": []}"));
        assertThat(mapping.apply("{\"limit\": 1, \"resume\": \"3-4\", \"events\": []}", Map.of()))
                .isEqualTo(json("{\"items\": [], \"nextCursor\": \"3-4\"}"));
    }

    @Test
    void anEventThatNobodyWasToBeToldOfHasNoDeliveries() {
        JsonNode event = mapping.apply(
                ROW.formatted("").replaceFirst("(?s)\"deliveries\": \\[.*]", "\"deliveries\": []"), Map.of());
        assertThat(event.path("deliveries")).isEmpty();
    }
}
