package dev.tenpayroutes.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.account.SettingException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;

class KafkaEventsTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-24T08:00:00Z"), ZoneOffset.UTC);

    private final CamelContext camel = new DefaultCamelContext();
    private final KafkaEvents events = new KafkaEvents("kafka:9093", Duration.ofSeconds(40), 5000, 15_000);
    private final ObjectMapper json = new ObjectMapper();

    private Exchange claimed(int event) throws Exception {
        Exchange one = new DefaultExchange(camel);
        one.getMessage().setBody(Map.of("event", """
                {"event": %d, "claim": 3, "id": "00000000-0000-0000-0000-000000000001", "type": "payment.pending",
                 "at": "2026-11-24T07:59:59+00:00", "account": "main", "orderNo": "SO-1", "data": {}}""".formatted(event)));
        events.eventForKafka(json).process(one);
        return one;
    }

    @Test
    void aLeaseThatEndsBeforeOneTryToSendIsRefused() {
        assertThat(catchThrowableOfType(
                                SettingException.class,
                                () -> new KafkaEvents("kafka:9093", Duration.ofSeconds(20), 5000, 15_000))
                        .line())
                .startsWith("tenpay.events.lease is not longer than")
                .contains("Remedy: ");
        assertThat(new KafkaEvents("kafka:9093", Duration.ofMillis(20_001), 5000, 15_000))
                .isNotNull();
        assertThat(new KafkaEvents("", Duration.ofSeconds(1), 5000, 15_000)).isNotNull();
    }

    @Test
    void anEventThatCannotBeMadeIsNeitherSentNorRecordedAndHoldsUpNoOther() throws Exception {
        Exchange broken = claimed(1);
        broken.setProperty(Exchange.EXCEPTION_CAUGHT, new IllegalStateException("a mapping"));
        Exchange good = claimed(2);

        Exchange all = events.madeEvents().aggregate(null, broken);
        all = events.madeEvents().aggregate(all, good);

        assertThat(all.getMessage().getBody(List.class).size()).isEqualTo(1);
        all.setVariable("claimedAt", CLOCK.instant().minusMillis(30));
        events.takenByKafka(json, CLOCK).process(all);
        assertThat(json.readTree(all.getVariable("attempts", String.class))).isEqualTo(json.readTree("""
                        [{"event": 2, "claim": 3, "outcome": "DELIVERED", "at": "2026-11-24T07:59:59.970Z", "millis": 30}]"""));
    }

    @Test
    void headersOfARowDoNotLeaveWithItsMessage() throws Exception {
        Message message = claimed(1).getMessage();
        assertThat(message.getHeaders().keySet()).allMatch(name -> name.startsWith("Camel"));
    }
}
