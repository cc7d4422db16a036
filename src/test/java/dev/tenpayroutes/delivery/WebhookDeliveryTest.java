package dev.tenpayroutes.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WebhookDeliveryTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-24T08:00:00Z"), ZoneOffset.UTC);
    private static final Duration LEASE = Duration.ofSeconds(40);
    private static final Duration TIMEOUT = Duration.ofSeconds(15);

    private final ObjectMapper json = new ObjectMapper();
    private final WebhookDelivery notify = new WebhookDelivery();
    private final InFlightDeliveries attempts = new InFlightDeliveries(10);
    // No server listens there: a sent event has failed, and so differs from one that isn't.
    private final TenpayProperties settings = TenpayPropertiesFixture.events(
            new AccountProperties.Events(
                    "http://127.0.0.1:1/events",
                    List.of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="),
                    Map.of(),
                    List.of()),
            List.of("127.0.0.0/8"));
    private final EgressPolicy networks = new EgressPolicy(settings);
    private final WebhookEndpoints endpoints = new WebhookEndpoints(settings, Set.of("main"), networks);
    private final WebhookSender calls =
            new WebhookSender(attempts, networks, Clock.systemUTC(), TIMEOUT, 10, InetAddress::getAllByName);

    @AfterEach
    void close() {
        calls.close();
    }

    /** How the attempt ends that would begin so long after its claim. */
    private String sent(Duration after) throws Exception {
        Exchange one = new DefaultExchange(new DefaultCamelContext());
        ClaimedEvent.beforeClaim(one, CLOCK);
        one.getMessage().setBody(Map.of("event", """
                {"event": 1, "claim": 3, "id": "00000000-0000-0000-0000-000000000001", "type": "payment.pending",
                 "at": "2026-11-24T07:59:59+00:00", "account": "main", "orderNo": "SO-1", "data": {}}"""));
        notify.prepareDelivery(attempts, endpoints, json, CLOCK).process(one);
        one.getMessage().setBody(new byte[0]);
        notify.sendEvent(calls, endpoints, Clock.offset(CLOCK, after), settings).process(one);
        DeliveryAttempt attempt = attempts.over(1, 10, TimeUnit.SECONDS).get(0);
        attempts.recorded(1, Set.of());
        return json.valueToTree(attempt).path("outcome").asText();
    }

    /** A machine that stood still: another instance may have sent the event by then, and the next one of its payment. */
    @Test
    void anEventWhoseClaimMayEndWhileItIsBeingSentIsGivenBackUnsent() throws Exception {
        assertThat(sent(Duration.ofSeconds(25))).isEqualTo("FAILED");
        assertThat(sent(Duration.ofMillis(25_001))).isEqualTo("RELEASED");
        assertThat(sent(Duration.ofHours(1))).isEqualTo("RELEASED");
        assertThat(sent(Duration.ofMillis(-1))).isEqualTo("RELEASED");
    }

    @Test
    void anAttemptWhoseRowWasLockedIsRecordedInALaterTurn() throws Exception {
        DeliveryAttempt attempt = new DeliveryAttempt(7, 1, "2026-11-24T08:00:00Z", "00", 0);
        attempts.begin(attempt);
        attempts.ended(attempt);
        assertThat(attempts.over(10, 1, TimeUnit.SECONDS)).containsExactly(attempt);
        attempts.recorded(1, Set.of(7L));
        assertThat(attempts.open()).isEqualTo(1);
        assertThat(attempts.over(10, 1, TimeUnit.MILLISECONDS)).containsExactly(attempt);
        attempts.recorded(1, Set.of());
        assertThat(attempts.open()).isZero();
        assertThat(attempts.over(10, 1, TimeUnit.MILLISECONDS)).isEmpty();
    }
}
