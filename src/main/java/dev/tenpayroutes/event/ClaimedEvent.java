package dev.tenpayroutes.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.Objects;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.Message;

/** A row of {@code event-claim.sql}, whichever destination it is claimed for. */
final class ClaimedEvent {

    private ClaimedEvent() {}

    /**
     * Takes it apart: its data becomes the body, {@code eventId}, {@code eventType}, {@code eventTime}, {@code account} and
     * {@code orderNo} become variables, and no header is left.
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
        message.removeHeaders("*");
        message.setBody(event.path("data"));
        return event;
    }
}
