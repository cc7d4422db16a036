package dev.tenpayroutes.delivery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.camel.FailureLog;
import dev.tenpayroutes.config.TenpayProperties;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.hc.client5.http.async.methods.SimpleHttpRequest;
import org.apache.hc.client5.http.async.methods.SimpleRequestBuilder;
import org.apache.hc.client5.http.async.methods.SimpleRequestProducer;
import org.apache.hc.core5.http.ContentType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of {@code erp-webhook}: collecting finished attempts, the capacity for claims, and sending one event. */
@Configuration(proxyBeanMethods = false)
class WebhookDelivery {

    private static final Logger LOG = LoggerFactory.getLogger("erp-webhook");
    private static final FailureLog FAILED = new FailureLog(LOG);
    private static final int RECORDED_AT_ONCE = 500;
    private static final String ATTEMPT = "attempt";
    /** Not recorded: another statement had the row. */
    private static final String LOCKED = "LOCKED";

    private static final long SHUTDOWN_GRACE = TimeUnit.SECONDS.toNanos(4);

    /** The deliveries under way, at most {@code tenpay.events.in-flight}. */
    @Bean
    InFlightDeliveries erpAttempts(TenpayProperties settings) {
        return new InFlightDeliveries(settings.events().inFlight());
    }

    @Bean
    WebhookSender erpCalls(InFlightDeliveries attempts, EgressPolicy networks, Clock clock, TenpayProperties settings) {
        TenpayProperties.Events events = settings.events();
        return new WebhookSender(
                attempts, networks, clock, events.timeout(), events.inFlight(), InetAddress::getAllByName);
    }

    /**
     * Sets what is to be recorded, {@code attempts} (JSON, none as {@code []}), and what may be claimed: {@code eventAccounts}
     * with their {@code eventAddresses}, {@code capacity} and {@code perAccount}. Where nothing is over yet, it waits for that, but not longer than for a tick.
     */
    @Bean
    Processor collectFinishedAttempts(
            InFlightDeliveries attempts,
            WebhookSender calls,
            WebhookEndpoints endpoints,
            ObjectMapper json,
            Clock clock,
            TenpayProperties settings) {
        Duration tick = settings.events().claimInterval();
        int perAccount = settings.events().inFlightPerAccount();
        String accounts = endpoints.all().stream().map(WebhookEndpoint::account).collect(Collectors.joining(","));
        String addresses =
                endpoints.all().stream().map(WebhookEndpoint::addressHash).collect(Collectors.joining(","));
        long[] stoppingSince = new long[1];
        return exchange -> {
            boolean stopping = exchange.getContext().isStopping();
            if (stopping) {
                stoppingSince[0] = stoppingSince[0] == 0 ? System.nanoTime() : stoppingSince[0];
                if (System.nanoTime() - stoppingSince[0] > SHUTDOWN_GRACE) {
                    calls.release();
                }
            }
            boolean claimedNone = exchange.getVariable("claimed", 0, Integer.class) == 0;
            List<DeliveryAttempt> over =
                    attempts.over(RECORDED_AT_ONCE, claimedNone ? tick.toMillis() : 1, TimeUnit.MILLISECONDS);
            int room = stopping || accounts.isEmpty() ? 0 : attempts.room();
            exchange.setVariable("attempts", json.writeValueAsString(over));
            exchange.setVariable("finishedCount", over.size());
            exchange.setVariable("eventAccounts", accounts);
            exchange.setVariable("eventAddresses", addresses);
            exchange.setVariable("capacity", room);
            // The less room there is, the less of it one account gets: silent receivers never take all of it.
            exchange.setVariable("perAccount", Math.max(2, Math.min(perAccount, room / 16)));
            ClaimedEvent.beforeClaim(exchange, clock);
        };
    }

    /** Releases the slots of recorded attempts; what was locked is tried again, unless the program stops. */
    @Bean
    Processor releaseFinishedAttempts(InFlightDeliveries attempts) {
        return exchange -> {
            List<?> rows = exchange.getMessage().getMandatoryBody(List.class);
            Set<Long> locked = exchange.getContext().isStopping()
                    ? Set.of()
                    : rows.stream()
                            .map(row -> (Map<?, ?>) row)
                            .filter(row -> LOCKED.equals(row.get("outcome")))
                            .map(row -> ((Number) row.get("event")).longValue())
                            .collect(Collectors.toSet());
            attempts.recorded(exchange.getVariable("finishedCount", Integer.class), locked);
        };
    }

    /** A line for each attempt that was recorded and did not arrive, whatever the destination. */
    @Bean
    Processor reportAttempts(DeliveryMetrics metrics) {
        return exchange -> {
            String destination = exchange.getVariable("destination", String.class);
            for (Object row : exchange.getMessage().getMandatoryBody(List.class)) {
                report((Map<?, ?>) row, destination, metrics);
            }
        };
    }

    private static void report(Map<?, ?> row, String destination, DeliveryMetrics metrics) {
        String outcome = String.valueOf(row.get("outcome"));
        if (outcome.equals(LOCKED)) {
            return;
        }
        boolean dead = "DEAD".equals(row.get("state"));
        String account = String.valueOf(row.get("account"));
        metrics.attempt(account, destination, dead ? "dead" : outcome.toLowerCase(Locale.ROOT), row.get("age"));
        Object why = row.get("problem") == null ? "HTTP " + row.get("status") : row.get("problem");
        if (Boolean.FALSE.equals(row.get("counts")) && !outcome.equals("RELEASED")) {
            LOG.info(
                    "event {} {} of account {}: the address that it was sent to is not in force any more, and its answer does"
                            + " not count: {}",
                    row.get("event_id"),
                    row.get("type"),
                    account,
                    why);
        } else if (outcome.equals("GONE")) {
            LOG.error(
                    "account {}: its events.url answered 410 Gone; nothing is sent there until the setting is another, or"
                            + " an event is redelivered",
                    account);
        } else if (dead) {
            LOG.error(
                    "event {} {} of account {} is dead after {} attempts: {}",
                    row.get("event_id"),
                    row.get("type"),
                    account,
                    row.get("attempts"),
                    why);
        } else if (outcome.equals("FAILED")) {
            FAILED.log(
                    Level.WARN,
                    account + " " + why,
                    "event {} {} of account {} failed, attempt {}: {}",
                    row.get("event_id"),
                    row.get("type"),
                    account,
                    row.get("attempts"),
                    why);
        }
    }

    /** Takes a claimed event apart, as {@link ClaimedEvent#open} says, and begins an attempt to send it. */
    @Bean
    Processor prepareDelivery(InFlightDeliveries attempts, WebhookEndpoints endpoints, ObjectMapper json, Clock clock) {
        return exchange -> {
            JsonNode event = ClaimedEvent.open(exchange, json);
            WebhookEndpoint endpoint = endpoints
                    .find(exchange.getVariable("account", String.class))
                    .orElseThrow();
            DeliveryAttempt attempt = new DeliveryAttempt(
                    event.path("event").longValue(),
                    event.path("claim").intValue(),
                    clock.instant().toString(),
                    endpoint.addressHash(),
                    System.nanoTime());
            attempts.begin(attempt);
            exchange.setProperty(ATTEMPT, attempt);
        };
    }

    /**
     * Signs the body's bytes and starts to send them; the message's headers go along. A program that stops sends no more, and
     * an event whose claim may end meanwhile isn't sent: it is given back.
     */
    @Bean
    Processor sendEvent(WebhookSender calls, WebhookEndpoints endpoints, Clock clock, TenpayProperties settings) {
        Duration lease = settings.events().lease();
        Duration patience = settings.events().timeout();
        return exchange -> {
            DeliveryAttempt attempt = exchange.getProperty(ATTEMPT, DeliveryAttempt.class);
            if (exchange.getContext().isStopping() || ClaimedEvent.isOld(exchange, clock, lease, patience)) {
                calls.release(attempt);
                return;
            }
            WebhookEndpoint endpoint = endpoints
                    .find(exchange.getVariable("account", String.class))
                    .orElseThrow();
            byte[] body = exchange.getMessage().getMandatoryBody(byte[].class);
            String id = exchange.getVariable("eventId", String.class);
            Instant now = clock.instant();
            SimpleHttpRequest request =
                    SimpleRequestBuilder.post(endpoint.url()).build();
            String type = exchange.getMessage().getHeader(Exchange.CONTENT_TYPE, "application/json", String.class);
            exchange.getMessage().getHeaders().forEach((name, value) -> {
                if (!name.startsWith("Camel") && !name.equalsIgnoreCase(Exchange.CONTENT_TYPE)) {
                    request.setHeader(name, value);
                }
            });
            follow(exchange, request);
            endpoint.headers().forEach(request::setHeader);
            request.setHeader("webhook-id", id);
            request.setHeader("webhook-timestamp", Long.toString(now.getEpochSecond()));
            request.setHeader("webhook-signature", endpoint.signature(id, now, body));
            request.setBody(body, ContentType.parse(type));
            calls.send(attempt, endpoint, SimpleRequestProducer.create(request));
        };
    }

    /** What made the event can be followed to its receiver. */
    private static void follow(Exchange exchange, SimpleHttpRequest request) {
        Map.of("X-Request-Id", "eventRequestId", "traceparent", "eventTraceparent")
                .forEach((header, variable) -> {
                    String value = exchange.getVariable(variable, String.class);
                    if (value != null) {
                        request.setHeader(header, value);
                    }
                });
    }

    /** An event that can't be made into a message counts as a failed attempt and is retried. */
    @Bean
    Processor recordUnsentEvent(InFlightDeliveries attempts) {
        return exchange -> {
            Throwable failure = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
            DeliveryAttempt attempt = exchange.getProperty(ATTEMPT, DeliveryAttempt.class);
            LOG.error(
                    "event {} of account {} can't be made: {}",
                    exchange.getVariable("eventId"),
                    exchange.getVariable("account"),
                    failure == null ? "" : failure.getClass().getSimpleName());
            if (attempt != null && attempt.end("it can't be made: the log has why", System.nanoTime())) {
                attempts.ended(attempt);
            }
        };
    }
}
