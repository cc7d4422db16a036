package dev.tenpayroutes.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.config.InvalidConfigurationException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;

class KafkaEventsTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-24T08:00:00Z"), ZoneOffset.UTC);

    private final CamelContext camel = new DefaultCamelContext();
    private final KafkaEvents events =
            new KafkaEvents("kafka:9093", "tenpay.events", Duration.ofSeconds(40), 5000, 15_000);
    private final ObjectMapper json = new ObjectMapper();

    private Exchange claimed(int event) throws Exception {
        Exchange one = new DefaultExchange(camel);
        one.getMessage().setBody(Map.of("event", """
                {"event": %d, "claim": 3, "id": "00000000-0000-0000-0000-000000000001", "type": "payment.pending",
                 "at": "2026-11-24T07:59:59+00:00", "account": "main", "orderNo": "SO-1", "data": {}}""".formatted(event)));
        events.prepareKafkaEvent(json).process(one);
        return one;
    }

    @Test
    void aLeaseThatEndsBeforeOneTryToSendIsRefused() {
        assertThat(catchThrowableOfType(
                                InvalidConfigurationException.class,
                                () -> new KafkaEvents(
                                        "kafka:9093", "tenpay.events", Duration.ofSeconds(20), 5000, 15_000))
                        .line())
                .startsWith("tenpay.events.lease is not longer than")
                .contains("Remedy: ");
        assertThat(new KafkaEvents("kafka:9093", "tenpay.events", Duration.ofMillis(20_001), 5000, 15_000))
                .isNotNull();
        assertThat(new KafkaEvents("", "", Duration.ofSeconds(1), 5000, 15_000)).isNotNull();
    }

    /** An event as its message leaves the route, sent or not. */
    private Exchange sent(int event, Exception failure) throws Exception {
        Exchange one = claimed(event);
        one.setVariable("claimedAt", CLOCK.instant());
        events.requireActiveClaim(CLOCK).process(one);
        one.setException(failure);
        return one;
    }

    private JsonNode recorded(Exchange... sent) throws Exception {
        Exchange all = null;
        for (Exchange one : sent) {
            all = events.sentEvents().aggregate(all, one);
        }
        all.setVariable("claimedAt", CLOCK.instant().minusMillis(30));
        events.recordKafkaResults(json, CLOCK).process(all);
        JsonNode attempts = json.readTree(all.getVariable("attempts", String.class));
        assertThat(all.getVariable("finishedCount")).isEqualTo(attempts.size());
        return attempts;
    }

    @Test
    void failsEventThatCannotBeMappedAlone() throws Exception {
        Exchange broken = claimed(1);
        broken.setException(new IllegalStateException("a mapping"));

        assertThat(recorded(broken, sent(2, null)))
                .isEqualTo(json.readTree("""
                        [{"event": 1, "claim": 3, "outcome": "FAILED", "address": "%1$s", "at": "2026-11-24T07:59:59.970Z", "millis": 30,
                          "problem": "it can't be made: the log has why", "permanent": false},
                         {"event": 2, "claim": 3, "outcome": "DELIVERED", "address": "%1$s", "at": "2026-11-24T07:59:59.970Z", "millis": 30}]""".formatted(events.addressHash().orElseThrow())));
    }

    @Test
    void recordsPermanentFailuresOnly() throws Exception {
        JsonNode attempts = recorded(
                sent(1, new ExecutionException(new TimeoutException("the broker is away"))),
                sent(2, new ExecutionException(new RecordTooLargeException("2000000 bytes"))),
                sent(3, new ExecutionException(new TopicAuthorizationException("tenpay.events"))),
                sent(4, null),
                sent(5, new ExecutionException(new InvalidTopicException("tenpay events"))));

        assertThat(attempts.findValuesAsText("event")).containsExactly("2", "4", "5");
        assertThat(attempts.findValuesAsText("outcome")).containsExactly("FAILED", "DELIVERED", "FAILED");
        assertThat(attempts.findValuesAsText("problem"))
                .containsExactly("RecordTooLargeException", "InvalidTopicException");
        // A topic may be put right; the record never is.
        assertThat(attempts.findValuesAsText("permanent")).containsExactly("true", "false");
    }

    /** Another instance may have sent it by then, and the next event of its payment. */
    @Test
    void anEventWhoseClaimMayEndWhileItIsBeingSentIsLeftToItsNextTurn() throws Exception {
        Exchange one = claimed(1);
        one.setVariable("claimedAt", CLOCK.instant());
        // 40 s of lease, of which sending may take 20 s.
        events.requireActiveClaim(Clock.offset(CLOCK, Duration.ofSeconds(20))).process(one);

        for (Duration late : List.of(Duration.ofMillis(20_001), Duration.ofMinutes(10), Duration.ofMillis(-1))) {
            assertThat(catchThrowable(() ->
                            events.requireActiveClaim(Clock.offset(CLOCK, late)).process(one)))
                    .as("%s after its claim", late)
                    .hasMessage("its claim is too old");
        }
        one.setException((Exception)
                catchThrowable(() -> events.requireActiveClaim(Clock.offset(CLOCK, Duration.ofMinutes(1)))
                        .process(one)));
        assertThat(recorded(one)).isEmpty();
    }

    @Test
    void headersOfARowDoNotLeaveWithItsMessage() throws Exception {
        Message message = claimed(1).getMessage();
        assertThat(message.getHeaders().keySet()).allMatch(name -> name.startsWith("Camel"));
    }
}
