package dev.tenpayroutes.delivery;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.Message;

/** A row of {@code event-claim.sql}, whichever destination it is claimed for. */
final class ClaimedEvent {

    private static final String CLAIMED_AT = "claimedAt";

    private ClaimedEvent() {}

    /** Sets {@code claimedAt}, from which on {@link #isOld} counts: before the claim, since it begins in the database. */
    static void beforeClaim(Exchange exchange, Clock clock) {
        exchange.setVariable(CLAIMED_AT, clock.instant());
    }

    static Instant claimedAt(Exchange exchange) {
        return exchange.getVariable(CLAIMED_AT, Instant.class);
    }

    /**
     * Whether the claim may end while the event is being sent, since this instance stood still: another one could send it,
     * and the next one of its payment, and this one would come after them.
     *
     * @param lease for how long it is claimed
     * @param longest how long sending it may take
     */
    static boolean isOld(Exchange exchange, Clock clock, Duration lease, Duration longest) {
        Duration age = Duration.between(claimedAt(exchange), clock.instant());
        return age.isNegative() || age.compareTo(lease.minus(longest)) > 0;
    }

    /**
     * Takes it apart: its data becomes the body, {@code eventId}, {@code eventType}, {@code eventTime}, {@code
     * eventRequestId}, {@code eventTraceparent}, {@code account} and {@code orderNo} become variables, and no header is left.
     *
     * @return all of it, with the keys of its row and its claim
     */
    static JsonNode open(Exchange exchange, ObjectMapper json) throws InvalidPayloadException, JsonProcessingException {
        Message message = exchange.getMessage();
        JsonNode event = json.readTree(
                Objects.requireNonNull(message.getMandatoryBody(Map.class).get("event"))
                        .toString());
        exchange.setVariable("eventId", event.path("id").textValue());
        exchange.setVariable("eventType", event.path("type").textValue());
        exchange.setVariable("eventTime", event.path("at").textValue());
        exchange.setVariable("account", event.path("account").textValue());
        exchange.setVariable("orderNo", event.path("orderNo").textValue());
        exchange.setVariable("eventRequestId", event.path("requestId").textValue());
        exchange.setVariable("eventTraceparent", event.path("traceparent").textValue());
        message.removeHeaders("*");
        message.setBody(event.path("data"));
        return event;
    }
}
