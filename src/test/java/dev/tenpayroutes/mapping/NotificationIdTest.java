package dev.tenpayroutes.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NotificationIdTest {

    private final Mapping mapping = new Mapping("notification-id.jq");

    private String id(String body) {
        return mapping.text(body, Map.of());
    }

    @Test
    void aNotificationIsKnownByItsId() {
        assertThat(id("{\"id\": \"EV-2026112300000001\", \"event_type\": \"PAYMENT.SUCCESS\"}"))
                .isEqualTo("EV-2026112300000001");
    }

    @Test
    void anIdMayHaveUpTo128Characters() {
        assertThat(id("{\"id\": \"" + "x".repeat(128) + "\"}")).hasSize(128);
        assertThat(id("{\"id\": \"" + "x".repeat(129) + "\"}")).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"id\": null}",
                "{\"id\": 1}",
                "{\"id\": {}}",
                "{\"id\": \"\"}",
                "{\"id\": \"EV 2026\"}",
                "{\"id\": \"EV-2026\\n\"}",
                "{\"id\": \"EV-\\u0000\"}",
                "{\"id\": \"EV-\\u00e9\"}",
                "[{\"id\": \"EV-2026\"}]",
                "\"EV-2026\"",
                "null"
            })
    void anIdThatCannotBeKeptIsNone(String body) {
        assertThat(id(body)).isNull();
    }
}
