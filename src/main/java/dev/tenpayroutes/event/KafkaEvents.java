package dev.tenpayroutes.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.SettingException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.AggregationStrategy;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultExchange;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The beans of {@code events-kafka}: an event is recorded as delivered only once the broker has it, and one that can't be
 * made holds up no other.
 */
@Configuration(proxyBeanMethods = false)
class KafkaEvents {

    private static final int MOST = 200;
    // Camel's own headers don't leave with a message.
    private static final String EVENT = "CamelTenpayEvent";
    private static final String CLAIM = "CamelTenpayClaim";

    /** Whether the broker took what it was sent last. */
    private final AtomicBoolean taken = new AtomicBoolean();

    KafkaEvents(
            @Value("${tenpay.events.kafka.brokers}") String brokers,
            @Value("${tenpay.events.lease}") Duration lease,
            @Value("${camel.component.kafka.max-block-ms}") long block,
            @Value("${camel.component.kafka.delivery-timeout-ms}") long delivery) {
        if (!brokers.isBlank() && lease.toMillis() <= block + delivery) {
            throw new SettingException(
                    "tenpay.events.lease",
                    "is not longer than camel.component.kafka.max-block-ms and .delivery-timeout-ms together",
                    "make it longer than one try to send may take: else an event may be overtaken by a later one");
        }
    }

    /**
     * Sets what may be claimed: {@code eventAccounts}, {@code room} and {@code perAccount}. One event, until the broker has
     * taken one: while it is away, each message of a batch would be waited for in turn, longer than the batch is claimed for.
     */
    @Bean
    Processor roomForKafka(Accounts accounts, Clock clock) {
        return exchange -> {
            int room = taken.getAndSet(false) ? MOST : 1;
            exchange.setVariable("eventAccounts", String.join(",", accounts.names()));
            exchange.setVariable("room", room);
            exchange.setVariable("perAccount", MOST);
            exchange.setVariable("claimedAt", clock.instant());
        };
    }

    /** Takes a claimed event apart, as {@link ClaimedEvent#open} says; its keys stay with the message, and don't leave with it. */
    @Bean
    Processor eventForKafka(ObjectMapper json) {
        return exchange -> {
            JsonNode event = ClaimedEvent.open(exchange, json);
            exchange.getMessage().setHeader(EVENT, event.path("event").longValue());
            exchange.getMessage().setHeader(CLAIM, event.path("claim").intValue());
        };
    }

    /** The messages of those that could be made; the others were reported, and come round again. */
    @Bean
    AggregationStrategy madeEvents() {
        return (all, one) -> {
            Exchange answer = all;
            if (answer == null) {
                answer = new DefaultExchange(one.getContext());
                answer.getMessage().setBody(new ArrayList<Message>());
            }
            if (one.getException() == null && one.getProperty(Exchange.EXCEPTION_CAUGHT) == null) {
                @SuppressWarnings("unchecked")
                List<Message> made = answer.getMessage().getBody(List.class);
                made.add(one.getMessage().copy());
            }
            return answer;
        };
    }

    /** Sets {@code attempts}, what {@code event-record.sql} reads: all that were sent have arrived. */
    @Bean
    Processor takenByKafka(ObjectMapper json, Clock clock) {
        return exchange -> {
            exchange.setVariable("attempts", delivered(exchange, json, clock.instant()));
            taken.set(true);
        };
    }

    private static String delivered(Exchange exchange, ObjectMapper json, Instant now) throws JsonProcessingException {
        Instant since = exchange.getVariable("claimedAt", Instant.class);
        ArrayNode attempts = json.createArrayNode();
        for (Object sent : exchange.getMessage().getBody(List.class)) {
            Message message = (Message) sent;
            attempts.addObject()
                    .put("event", message.getHeader(EVENT, Long.class))
                    .put("claim", message.getHeader(CLAIM, Integer.class))
                    .put("outcome", Attempt.Outcome.DELIVERED.name())
                    .put("at", since.toString())
                    .put("millis", now.toEpochMilli() - since.toEpochMilli());
        }
        return json.writeValueAsString(attempts);
    }
}
