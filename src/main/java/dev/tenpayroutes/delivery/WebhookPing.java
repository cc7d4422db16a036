package dev.tenpayroutes.delivery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.api.ProblemException;
import dev.tenpayroutes.config.TenpayProperties;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Processor;
import org.apache.hc.client5.http.async.methods.SimpleHttpRequest;
import org.apache.hc.client5.http.async.methods.SimpleRequestBuilder;
import org.apache.hc.client5.http.async.methods.SimpleRequestProducer;
import org.apache.hc.core5.http.ContentType;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The bean of {@code event-test}: one signed message that is no event, by the same client as events, recorded nowhere. */
@Configuration(proxyBeanMethods = false)
class WebhookPing {

    /** Each holds a thread for as long as an attempt may take. */
    private static final int MAX_AT_ONCE = 2;

    /**
     * Sends {@code {"type":"ping"}} to the first of the {@code accounts} and waits for the answer; the body becomes what came of
     * it. No address is a problem.
     */
    @Bean
    Processor sendPing(
            WebhookSender sender,
            WebhookEndpoints endpoints,
            ObjectMapper json,
            Clock clock,
            SecureRandom random,
            TenpayProperties settings) {
        Duration timeout = settings.events().timeout();
        Semaphore slots = new Semaphore(MAX_AT_ONCE);
        return exchange -> {
            String account = exchange.getVariable("accounts", String.class).split(",", 2)[0];
            WebhookEndpoint endpoint =
                    endpoints.find(account).orElseThrow(() -> new ProblemException("NO_DESTINATION"));
            if (!slots.tryAcquire()) {
                throw new ProblemException("NOT_READY.test-event");
            }
            try {
                byte[] bytes = new byte[16];
                random.nextBytes(bytes);
                String id = UUID.nameUUIDFromBytes(bytes).toString();
                Instant now = clock.instant();
                ObjectNode message = json.createObjectNode().put("type", "ping").put("timestamp", now.toString());
                message.putObject("data").put("account", account);
                CountDownLatch end = new CountDownLatch(1);
                DeliveryAttempt attempt =
                        DeliveryAttempt.unrecorded(endpoint.addressHash(), System.nanoTime(), end::countDown);
                sender.send(
                        attempt,
                        endpoint,
                        SimpleRequestProducer.create(signed(endpoint, id, now, json.writeValueAsBytes(message))));
                // The sender ends it itself by then.
                if (!end.await(timeout.toMillis() + 1000, TimeUnit.MILLISECONDS)) {
                    attempt.cancel();
                }
                exchange.getMessage()
                        .setBody(json.writeValueAsBytes(result(json.valueToTree(attempt), id, account, json)));
            } finally {
                slots.release();
            }
        };
    }

    private static ObjectNode result(JsonNode attempt, String id, String account, ObjectMapper json) {
        ObjectNode result = json.createObjectNode()
                .put("id", id)
                .put("account", account)
                .put("outcome", attempt.path("outcome").asText("FAILED"))
                .put("durationMillis", attempt.path("millis").asInt());
        if (attempt.hasNonNull("status")) {
            result.put("status", attempt.path("status").asInt());
        }
        if (attempt.hasNonNull("problem") && !attempt.path("problem").asText().isEmpty()) {
            result.put("problem", attempt.path("problem").asText());
        }
        return result;
    }

    private static SimpleHttpRequest signed(WebhookEndpoint endpoint, String id, Instant now, byte[] body) {
        SimpleHttpRequest request = SimpleRequestBuilder.post(endpoint.url()).build();
        endpoint.headers().forEach(request::setHeader);
        request.setHeader("webhook-id", id);
        request.setHeader("webhook-timestamp", Long.toString(now.getEpochSecond()));
        request.setHeader("webhook-signature", endpoint.signature(id, now, body));
        request.setBody(body, ContentType.APPLICATION_JSON);
        return request;
    }
}
