package dev.tenpayroutes.tenpay;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.AccountUnavailableException;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.camel.FailureLog;
import dev.tenpayroutes.camel.SafeFailureText;
import dev.tenpayroutes.config.SignatureProperties;
import dev.tenpayroutes.signature.ResourceCipher;
import dev.tenpayroutes.signature.SignatureVerifier;
import dev.tenpayroutes.signature.SignatureVerifier.Reason;
import dev.tenpayroutes.signature.SignatureVerifier.UnverifiedException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DataAccessResourceFailureException;

/** The beans of {@code webhook-receive} and {@code webhook-process}: verify the raw bytes, open what is encrypted. */
@Configuration(proxyBeanMethods = false)
class NotificationProcessors {

    private static final Logger LOG = LoggerFactory.getLogger("webhook-receive");
    private static final FailureLog UNSTORED = new FailureLog(LOG);
    private static final Set<String> KINDS = Set.of("payments", "refunds");

    /** No such path: an account or a kind that isn't ours. */
    private static final class UnknownPathException extends Exception {
        private static final long serialVersionUID = 1L;

        UnknownPathException() {
            super("there is no such webhook", null, false, false);
        }
    }

    /** A verified notification that can't be read; its message is fit for a log. */
    private static final class UnreadableException extends Exception {
        private static final long serialVersionUID = 1L;

        UnreadableException(String problem) {
            super(problem, null, false, false);
        }
    }

    /**
     * Lets a notification in only when its exact bytes are verified by the account's own platform certificates. Sets
     * {@code account}, {@code kind}, {@code notification} (the bytes) and {@code signature}, which counts once.
     */
    @Bean
    Processor verifyNotification(
            Accounts accounts,
            SignatureProperties wire,
            SignatureVerifier verifier,
            Rejections rejections,
            TenpayMetrics metrics) {
        return exchange -> {
            Message message = exchange.getMessage();
            Optional<Account> account = accounts.find(message.getHeader("account", String.class));
            String kind = message.getHeader("kind", String.class);
            if (account.isEmpty() || !KINDS.contains(kind)) {
                throw new UnknownPathException();
            }
            byte[] received = message.getBody(byte[].class);
            byte[] body = received == null ? new byte[0] : received;
            String name = account.get().name();
            try {
                exchange.setVariable(
                        "signature",
                        verifier.verify(
                                TenpayRequestProcessors.headers(message, wire), account.get()::platformKey, body));
            } catch (UnverifiedException e) {
                rejections.rejected(name, e);
                throw e;
            }
            metrics.received(name, kind);
            exchange.setVariable("account", name);
            exchange.setVariable("kind", kind);
            exchange.setVariable("notification", body);
        };
    }

    /** Measures how long after Tenpay made it, {@code notifiedAt}, a notification is committed. */
    @Bean
    Processor reportLag(TenpayMetrics metrics) {
        return exchange -> metrics.committed(
                exchange.getVariable("kind", String.class), exchange.getVariable("notifiedAt", String.class));
    }

    /** Ends a notification whose signature was used before, for an answer or for another notification. */
    @Bean
    Processor rejectReplay(Rejections rejections) {
        return exchange -> {
            UnverifiedException replay = new UnverifiedException(Reason.REPLAYED);
            rejections.rejected(exchange.getVariable("account", String.class), replay);
            throw replay;
        };
    }

    /** Which failures a notification is kept for, to be applied later: {@code park}. */
    @Bean
    NotificationFailures notificationFailures() {
        return new NotificationFailures();
    }

    /** Called from YAML. */
    static final class NotificationFailures {
        /** Without the database it can't be kept, and Tenpay sends it again; a replayed signature proves nothing to keep. */
        public boolean park(Exchange exchange) {
            Exception failure = exchange.getException();
            return !(failure instanceof DataAccessResourceFailureException)
                    && !(failure instanceof UnverifiedException);
        }
    }

    @Bean
    Rejections rejections(TenpayMetrics metrics, Clock clock) {
        return new Rejections(metrics, clock);
    }

    /** Notifications that don't count: a counter has them all, the log one a second, since any client may post here. */
    static final class Rejections {
        private final TenpayMetrics metrics;
        private final Clock clock;
        private final AtomicLong lastLogged = new AtomicLong();

        Rejections(TenpayMetrics metrics, Clock clock) {
            this.metrics = metrics;
            this.clock = clock;
        }

        void rejected(String account, UnverifiedException why) {
            metrics.rejected(account, why.reason());
            long second = clock.instant().getEpochSecond();
            if (lastLogged.getAndSet(second) != second) {
                LOG.warn("account {}: notification rejected: {}", account, why.getMessage());
            }
        }
    }

    /** Says FAIL: 401 when it isn't proven to be Tenpay's, 404 for a path that isn't ours, else 503 so that it comes again. */
    @Bean
    Processor writeFail() {
        return exchange -> {
            Throwable failure = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
            int status = 503;
            String text = "not stored, send it again";
            if (failure instanceof UnverifiedException || failure instanceof UnknownPathException) {
                status = failure instanceof UnverifiedException ? 401 : 404;
                text = failure.getMessage();
            } else if (!(failure instanceof AccountUnavailableException)) {
                // What an account lacks was logged when it was found.
                UNSTORED.log(
                        Level.ERROR,
                        SafeFailureText.kind(exchange),
                        "notification not stored: {}",
                        SafeFailureText.of(exchange));
            }
            exchange.getMessage().removeHeaders("*");
            exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, status);
            exchange.getMessage().setHeader(Exchange.CONTENT_TYPE, "application/json");
            exchange.getMessage().setBody("{\"code\":\"FAIL\",\"message\":\"" + text + "\"}");
        };
    }

    /** The envelope's resource, decrypted where it is sealed, becomes the body; {@code eventStatus} what was announced. */
    @Bean
    Processor readNotification(Accounts accounts, ObjectMapper json) {
        return exchange -> {
            JsonNode envelope = exchange.getMessage().getMandatoryBody(JsonNode.class);
            String kind = exchange.getVariable("kind", String.class);
            if (!envelope.path("about").asText().equals(kind)) {
                throw new UnreadableException("its event type is not about " + kind);
            }
            JsonNode resource = envelope.path("plain");
            if (envelope.has("sealed")) {
                Account account = accounts.get(exchange.getVariable("account", String.class));
                resource = json.readTree(open(account.cipher(), envelope.get("sealed")));
            }
            if (!resource.isObject()) {
                throw new UnreadableException("it has no resource of a known form");
            }
            exchange.setVariable("eventStatus", envelope.path("status").asText());
            exchange.setVariable("notifiedAt", envelope.path("createdAt").textValue());
            exchange.getMessage().setBody(resource);
        };
    }

    private static byte[] open(@Nullable ResourceCipher cipher, JsonNode sealed) throws UnreadableException {
        if (cipher == null) {
            throw new UnreadableException("it is encrypted, and the account has no usable api-key");
        }
        try {
            return cipher.open(
                    sealed.path("ciphertext").asText(),
                    sealed.path("nonce").asText(),
                    sealed.path("associatedData").asText());
        } catch (GeneralSecurityException e) {
            throw new UnreadableException("it can't be decrypted with the account's api-key setting");
        }
    }

    /** Sets {@code problem} to why a notification can't be read, and takes its body away. */
    @Bean
    Processor recordUnreadable() {
        return exchange -> {
            Throwable failure = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
            boolean known = failure instanceof UnreadableException;
            exchange.setVariable("problem", known ? failure.getMessage() : "it is not JSON of the known form");
            exchange.getMessage().setBody(null);
        };
    }
}
