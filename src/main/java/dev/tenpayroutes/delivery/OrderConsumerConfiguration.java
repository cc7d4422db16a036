package dev.tenpayroutes.delivery;

import dev.tenpayroutes.api.OpenApiRequestValidator;
import dev.tenpayroutes.api.PanDetector;
import dev.tenpayroutes.api.Problem;
import dev.tenpayroutes.api.ProblemException;
import dev.tenpayroutes.api.RequestLimitFilter;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.security.Client;
import dev.tenpayroutes.security.Clients;
import dev.tenpayroutes.security.SecurityConfiguration;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.component.kafka.KafkaConstants;
import org.apache.camel.component.kafka.PollExceptionStrategy;
import org.apache.camel.component.kafka.consumer.KafkaManualCommit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Orders that come by Kafka are held to what holds for HTTP: the same contract, and the accounts and scopes of one client
 * of the settings, regardless of who may write to the topic.
 *
 * <p>The beans of {@code kafka-orders}. An offset is committed once its order is stored or its refusal is on the
 * dead-letter topic, and never before: what is in between comes again.
 */
@Configuration(proxyBeanMethods = false)
public class OrderConsumerConfiguration {

    private static final Logger LOG = LoggerFactory.getLogger("kafka-orders");

    /** The one status from 500 up that an order has only after its insert. */
    private static final int STORED = 502;

    private static final String SHORTENED = "deadLetterShortened";

    private final @Nullable Client client;

    public OrderConsumerConfiguration(
            @Value("${tenpay.orders.kafka.brokers}") String brokers,
            @Value("${" + Clients.KAFKA_CLIENT + "}") String name,
            Clients clients) {
        this.client = brokers.isBlank() ? null : clients.ofKafkaOrders(name);
    }

    /**
     * Lets an order in: the body becomes the order, no header stays. Keeps {@code received}, {@code receivedKey},
     * {@code receivedFrom} and {@code offset}.
     */
    @Bean
    Processor parseOrder(OpenApiRequestValidator contract) {
        return exchange -> {
            Message message = exchange.getMessage();
            byte[] received = message.getBody(byte[].class);
            exchange.setVariable("received", received);
            exchange.setVariable("receivedKey", message.getHeader(KafkaConstants.KEY));
            exchange.setVariable(
                    "receivedFrom",
                    message.getHeader(KafkaConstants.TOPIC) + "-" + message.getHeader(KafkaConstants.PARTITION) + "@"
                            + message.getHeader(KafkaConstants.OFFSET));
            exchange.setVariable("offset", message.getHeader(KafkaConstants.MANUAL_COMMIT));
            exchange.setProperty(SecurityConfiguration.CLIENT, client);
            message.removeHeaders("*");
            message.setBody(contract.order(received));
        };
    }

    /**
     * Turns a refusal into a message for the dead-letter topic: what came, with the problem in its headers. Sets
     * {@code refused} to {@code true} when HTTP would have answered with 4xx; a problem with Tenpay ({@link #STORED})
     * leaves the order stored and open, and is no refusal. Any other problem goes on as it is: nothing was stored, so the
     * order must come again.
     */
    @Bean
    Processor toDeadLetter(MeterRegistry meters) {
        return exchange -> {
            Exception failure = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Exception.class);
            Problem problem = problem(failure);
            boolean refused = problem != null && problem.status() < 500;
            if (problem == null || (!refused && problem.status() != STORED)) {
                throw failure;
            }
            String from = exchange.getVariable("receivedFrom", String.class);
            LOG.warn("order {} {}: {}", from, refused ? "refused" : "is kept open", problem.code());
            meters.counter("tenpay.orders.kafka.problems", "code", problem.code())
                    .increment();
            byte[] received = exchange.getVariable("received", byte[].class);
            Message message = exchange.getMessage();
            message.removeHeaders("*");
            message.setHeader(KafkaConstants.KEY, exchange.getVariable("receivedKey"));
            message.setHeader("problem", problem.json());
            message.setHeader("code", problem.code());
            message.setHeader("detail", problem.detail());
            message.setHeader("from", from);
            message.setBody(mayBeKept(received, problem) ? received : new byte[0]);
            exchange.setVariable("refused", Boolean.toString(refused));
        };
    }

    /** The problem that HTTP would answer with; null where the failure isn't the order's. */
    private static @Nullable Problem problem(Exception failure) {
        if (failure instanceof ProblemException refusal) {
            return refusal.problem();
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            // Class 22: what the order holds is no value for the database, now and at any other time.
            if (cause instanceof SQLException sql
                    && String.valueOf(sql.getSQLState()).startsWith("22")) {
                return Problem.of("INVALID_REQUEST.order-unstorable");
            }
        }
        return null;
    }

    /**
     * Makes a dead letter smaller that the broker refuses as it is: first one without value, whose key is where the order came
     * from; where that is refused as well, none, but a line in the log and a count. Any other failure goes on as it is: the broker
     * may be away, and the order must come again.
     */
    @Bean
    Processor smallerDeadLetter(MeterRegistry meters) {
        return exchange -> {
            Exception failure = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Exception.class);
            if (!KafkaFailure.isPermanent(failure)) {
                throw failure;
            }
            String reason = KafkaFailure.reason(failure);
            String from = exchange.getVariable("receivedFrom", String.class);
            Message message = exchange.getMessage();
            String code = message.getHeader("code", String.class);
            if (exchange.getProperty(SHORTENED) == null) {
                LOG.warn("the dead letter of order {}, {}, goes without its content: {}", from, code, reason);
                exchange.setProperty(SHORTENED, true);
                message.removeHeaders("*");
                message.setHeader(KafkaConstants.KEY, from.getBytes(StandardCharsets.UTF_8));
                message.setHeader("code", code);
                message.setHeader("from", from);
                message.setBody(new byte[0]);
                return;
            }
            LOG.error(
                    "order {} refused, {}, and dropped: the dead-letter topic takes no letter of it: {}",
                    from,
                    code,
                    reason);
            Counter.builder("tenpay.orders.dropped")
                    .description("Refused orders by Kafka whose dead letter the broker refused as well")
                    .tag("reason", reason)
                    .register(meters)
                    .increment();
            exchange.setVariable("refused", "false");
        };
    }

    /** Neither a second copy of a card number, nor what the headers could make too large for the topic. */
    private static boolean mayBeKept(byte @Nullable [] received, Problem problem) {
        return received != null
                && received.length <= RequestLimitFilter.API_BYTES
                && !problem.code().equals("CARD_NUMBER_NOT_ALLOWED")
                && !PanDetector.in(new String(received, StandardCharsets.UTF_8));
    }

    /** The pause between two tries, of an order or of the topic. */
    @Bean
    Duration ordersRetryAfter(TenpayProperties settings) {
        return settings.orders().kafka().retryAfter();
    }

    /**
     * A poll that failed is repeated after a while, whatever the reason. Camel's own strategies skip
     * unseen records, or end the consumer for good where the broker denies access for a moment.
     */
    @Bean
    PollExceptionStrategy retryPollLater(Duration ordersRetryAfter) {
        return new PollExceptionStrategy() {
            @Override
            public boolean canContinue() {
                return true;
            }

            @Override
            public void handle(long partitionLastOffset, Exception failure) {
                LOG.error("orders can't be read and will be asked for again: {}", failure.toString());
                try {
                    Thread.sleep(ordersRetryAfter.toMillis());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
    }

    /** Commits the offset of the record that the exchange came with. */
    @Bean
    Processor commitOffset() {
        return exchange -> Objects.requireNonNull(exchange.getVariable("offset", KafkaManualCommit.class))
                .commit();
    }
}
