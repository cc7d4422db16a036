package dev.tenpayroutes.delivery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.camel.FailureLog;
import dev.tenpayroutes.config.InvalidConfigurationException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.apache.camel.AggregationStrategy;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultExchange;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The beans of {@code kafka-events}: an event is recorded as delivered only once the broker has it, and one that can't be
 * made or taken holds up no other.
 */
@Configuration(proxyBeanMethods = false)
class KafkaEvents {

    private static final int MAX = 200;
    // Camel's own headers don't leave with a message.
    private static final String EVENT = "CamelTenpayEvent";
    private static final String CLAIM = "CamelTenpayClaim";
    private static final String MADE = "made";

    private static final Logger LOG = LoggerFactory.getLogger("kafka-events");
    private static final FailureLog UNTAKEN = new FailureLog(LOG);

    /** Another instance may have it by now. */
    private static final class OldClaimException extends Exception {
        private static final long serialVersionUID = 1L;

        OldClaimException() {
            super("its claim is too old", null, false, false);
        }
    }

    /** Whether the broker took what it was sent last. */
    private final AtomicBoolean taken = new AtomicBoolean();

    private final @Nullable String addressHash;
    private final Duration lease;
    private final Duration longest;

    KafkaEvents(
            @Value("${tenpay.events.kafka.brokers}") String brokers,
            @Value("${tenpay.events.kafka.topic}") String topic,
            @Value("${tenpay.events.lease}") Duration lease,
            @Value("${camel.component.kafka.max-block-ms}") long block,
            @Value("${camel.component.kafka.delivery-timeout-ms}") long delivery) {
        this.addressHash = brokers.isBlank() ? null : EventDestinations.hash(brokers + "/" + topic);
        this.lease = lease;
        this.longest = Duration.ofMillis(block + delivery);
        if (!brokers.isBlank() && lease.toMillis() <= block + delivery) {
            throw new InvalidConfigurationException(
                    "tenpay.events.lease",
                    "is not longer than camel.component.kafka.max-block-ms and .delivery-timeout-ms together",
                    "make it longer than one try to send may take: else an event may be overtaken by a later one");
        }
    }

    /** What stands for the topic in the database; none where no broker is named. */
    Optional<String> addressHash() {
        return Optional.ofNullable(addressHash);
    }

    /**
     * Sets what may be claimed: {@code eventAccounts}, {@code eventAddresses}, {@code capacity} and {@code perAccount}. One event, until the broker has
     * taken one: while it is away, many would be waited for in turn, longer than they are claimed for.
     */
    @Bean
    Processor prepareKafkaClaim(Accounts accounts, Clock clock) {
        return exchange -> {
            int room = taken.getAndSet(false) ? MAX : 1;
            exchange.setVariable("eventAccounts", String.join(",", accounts.names()));
            exchange.setVariable(
                    "eventAddresses",
                    accounts.names().stream().map(account -> addressHash).collect(Collectors.joining(",")));
            exchange.setVariable("capacity", room);
            exchange.setVariable("perAccount", MAX);
            ClaimedEvent.beforeClaim(exchange, clock);
        };
    }

    /** Takes a claimed event apart, as {@link ClaimedEvent#open} says; its keys stay with the message, and don't leave with it. */
    @Bean
    Processor prepareKafkaEvent(ObjectMapper json) {
        return exchange -> {
            JsonNode event = ClaimedEvent.open(exchange, json);
            exchange.getMessage().setHeader(EVENT, event.path("event").longValue());
            exchange.getMessage().setHeader(CLAIM, event.path("claim").intValue());
        };
    }

    /** Lets an event be sent only while this instance holds its lease. */
    @Bean
    Processor requireActiveClaim(Clock clock) {
        return exchange -> {
            exchange.setProperty(MADE, true);
            if (ClaimedEvent.isOld(exchange, clock, lease, longest)) {
                throw new OldClaimException();
            }
        };
    }

    /** What became of each, in one list. */
    @Bean
    AggregationStrategy sentEvents() {
        return (all, one) -> {
            Exchange answer = all;
            if (answer == null) {
                answer = new DefaultExchange(one.getContext());
                answer.getMessage().setBody(new ArrayList<Exchange>());
            }
            @SuppressWarnings("unchecked")
            List<Exchange> sent = answer.getMessage().getBody(List.class);
            sent.add(one);
            return answer;
        };
    }

    /**
     * Sets {@code attempts}, what {@code event-record.sql} reads, and {@code finishedCount}, how many: those that the broker has,
     * and those that can't be made or that it will never take. The last are dead at once where their own size or bytes are
     * why. Of all others nothing is recorded: they come round again when their claims end, however long the broker is away.
     */
    @Bean
    Processor recordKafkaResults(ObjectMapper json, Clock clock) {
        return exchange -> {
            List<?> sent = exchange.getMessage().getMandatoryBody(List.class);
            Instant since = ClaimedEvent.claimedAt(exchange);
            long millis = clock.instant().toEpochMilli() - since.toEpochMilli();
            ArrayNode attempts = json.createArrayNode();
            Map<String, Integer> left = new TreeMap<>();
            for (Object each : sent) {
                Exchange one = (Exchange) each;
                Exception failure = one.getException();
                String problem = problem(one, failure);
                if (failure != null && problem == null) {
                    left.merge(KafkaFailure.reason(failure), 1, Integer::sum);
                    continue;
                }
                ObjectNode attempt = attempts.addObject()
                        .put("event", one.getMessage().getHeader(EVENT, Long.class))
                        .put("claim", one.getMessage().getHeader(CLAIM, Integer.class))
                        .put(
                                "outcome",
                                (failure == null ? DeliveryAttempt.Outcome.DELIVERED : DeliveryAttempt.Outcome.FAILED)
                                        .name())
                        .put("address", addressHash)
                        .put("at", since.toString())
                        .put("millis", millis);
                if (problem != null) {
                    attempt.put("problem", problem).put("permanent", KafkaFailure.isOfRecord(failure));
                } else {
                    taken.set(true);
                }
            }
            if (!left.isEmpty()) {
                UNTAKEN.log(
                        Level.WARN,
                        left.keySet().toString(),
                        "of {} events some were not taken and will come round again: {}",
                        sent.size(),
                        left);
            }
            exchange.setVariable("attempts", json.writeValueAsString(attempts));
            exchange.setVariable("finishedCount", attempts.size());
        };
    }

    /** Why this event will not be taken as it is; null where that is no matter of the event's. */
    private static @Nullable String problem(Exchange one, @Nullable Exception failure) {
        if (failure == null || one.getMessage().getHeader(EVENT) == null) {
            return null;
        }
        if (one.getProperty(MADE) == null) {
            LOG.error(
                    "event {} of account {} can't be made: {}",
                    one.getVariable("eventId"),
                    one.getVariable("account"),
                    KafkaFailure.reason(failure));
            return "it can't be made: the log has why";
        }
        return KafkaFailure.isPermanent(failure) ? KafkaFailure.reason(failure) : null;
    }
}
