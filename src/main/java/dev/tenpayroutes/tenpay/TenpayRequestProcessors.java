package dev.tenpayroutes.tenpay;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.AccountUnavailableException;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.camel.Correlation;
import dev.tenpayroutes.camel.FailureLog;
import dev.tenpayroutes.config.SignatureProperties;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.signature.RequestSigner;
import dev.tenpayroutes.signature.RequestSigner.Credential;
import dev.tenpayroutes.signature.Rsa;
import dev.tenpayroutes.signature.SignatureVerifier;
import dev.tenpayroutes.signature.SignatureVerifier.UnverifiedException;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.camel.component.http.HttpMethods;
import org.apache.camel.support.jsse.SSLContextParameters;
import org.apache.camel.support.jsse.SecureSocketProtocolsParameters;
import org.apache.camel.support.jsse.TrustManagersParameters;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of {@code tenpay-request}: sign what is sent, verify what comes back, and say when nothing did. */
@Configuration(proxyBeanMethods = false)
class TenpayRequestProcessors {

    private static final FailureLog LOG = new FailureLog(LoggerFactory.getLogger("tenpay-request"));
    /** As Camel's client has it: a name would be looked up among all converters at each call. */
    private static final HttpMethods METHOD = HttpMethods.POST;
    /** Set once a call may have been sent: who signed it. */
    private static final String SIGNED_BY = "tenpaySignedBy";

    /** Set while a call is under way: the circuit breaker that permitted it and waits for its result. */
    private static final String PERMITTED_BY = "tenpayPermittedBy";

    /** Set when Tenpay refused the signature and another pair signs now: tenpay-request sends the same bytes once more. */
    private static final String SIGN_AGAIN = "signAgain";

    /** Set while a call is under way: when it began, as {@link System#nanoTime()} has it. */
    private static final String BEGAN = "tenpayCallBegan";

    private static final int LARGEST_ANSWER = 1024 * 1024;

    @Bean
    Rsa rsa() {
        return Rsa.fastest();
    }

    @Bean
    SignatureVerifier signatureVerifier(SignatureProperties wire, Rsa rsa, Clock clock) {
        return new SignatureVerifier(wire, rsa, clock);
    }

    /** Signs the body's bytes for the account and path of the exchange, and addresses the call, if calls are made at all now. */
    @Bean
    Processor signRequest(
            Accounts accounts,
            SignatureProperties wire,
            Rsa rsa,
            Clock clock,
            SecureRandom random,
            CircuitBreakerRegistry breakers,
            TenpayProperties settings) {
        Duration lease = settings.poll().submitLease();
        Duration timeout = settings.callTimeout();
        RequestSigner signer = new RequestSigner(wire, rsa, clock, random);
        return exchange -> {
            CallFields.begin(exchange);
            Account account = accounts.get(exchange.getVariable("account", String.class));
            if (!"true".equals(exchange.getVariable(SIGN_AGAIN))) {
                exchange.removeProperty(SIGNED_BY);
                exchange.setProperty(CallDeadlines.SIGNED_AT, clock.instant());
            }
            Credential credential = account.credential();
            URI url = URI.create(account.baseUrl() + exchange.getVariable("tenpayPath", String.class));
            Message message = exchange.getMessage();
            byte[] body = message.getMandatoryBody(byte[].class);
            String path = url.getRawQuery() == null ? url.getRawPath() : url.getRawPath() + "?" + url.getRawQuery();
            CircuitBreaker breaker = breakers.circuitBreaker(CircuitBreakers.of(exchange));
            breaker.acquirePermission();
            try {
                message.setHeader("Authorization", signer.authorization(credential, METHOD.name(), path, body));
                CallDeadlines.require(exchange, clock, lease, timeout);
            } catch (Exception e) {
                // A token that is away, perhaps: nothing was sent, and it says nothing about Tenpay.
                breaker.releasePermission();
                throw e;
            }
            exchange.setProperty(PERMITTED_BY, breaker);
            exchange.setProperty(BEGAN, System.nanoTime());
            exchange.setProperty(SIGNED_BY, credential);
            message.setHeader(Exchange.HTTP_URI, url.toString());
            message.setHeader(Exchange.HTTP_METHOD, METHOD);
            message.setHeader(Exchange.CONTENT_TYPE, "application/json");
            message.setHeader("Accept", "application/json");
            message.setHeader("User-Agent", "tenpay-global-routes");
            // W1 signs method, path, time, nonce and body: a header more is no part of it.
            message.setHeader("X-Request-Id", exchange.getVariable(Correlation.REQUEST_ID));
        };
    }

    /** Lets an answer in only when its exact bytes are verified: 2xx or not. Then the body is the parsed answer. */
    @Bean
    Processor verifyResponse(
            Accounts accounts,
            SignatureProperties wire,
            SignatureVerifier verifier,
            ObjectMapper json,
            Clock clock,
            TenpayMetrics metrics,
            TenpayProperties settings) {
        Duration lease = settings.poll().submitLease();
        Duration timeout = settings.callTimeout();
        return exchange -> {
            Message message = exchange.getMessage();
            CallFields.keepTenpaysId(exchange, header(message, wire.requestIdHeader()));
            byte[] body = message.getBody(byte[].class);
            byte[] bytes = body == null ? new byte[0] : body;
            Account account = accounts.get(exchange.getVariable("account", String.class));
            String signature = verifier.verify(headers(message, wire), account::platformKey, bytes);
            JsonNode answer = json.readTree(bytes);
            int status = message.getHeader(Exchange.HTTP_RESPONSE_CODE, Integer.class);
            measure(exchange, metrics, status / 100 + "xx");
            if (status / 100 != 2) {
                metrics.refused(
                        exchange.getVariable("source", "", String.class),
                        answer.path("code").asText());
            }
            Credential by = exchange.getProperty(SIGNED_BY, Credential.class);
            tell(account, by, status);
            CircuitBreakers.answered(permittedBy(exchange), status, message, clock);
            boolean again = status == 401
                    && account.isAvailable()
                    && account.credential() != by
                    && CallDeadlines.isHeld(exchange, clock, lease.minus(timeout))
                    && !CallDeadlines.isResponseDue(exchange, clock, timeout);
            exchange.setVariable(SIGN_AGAIN, Boolean.toString(again));
            exchange.setVariable("tenpayStatus", Integer.toString(status));
            exchange.setVariable("signature", signature);
            message.removeHeaders("*");
            message.setBody(answer);
            CallFields.end();
        };
    }

    /** False where no call is under way. */
    private static boolean measure(Exchange exchange, TenpayMetrics metrics, String answer) {
        if (!(exchange.removeProperty(BEGAN) instanceof Long began)) {
            return false;
        }
        metrics.called(
                exchange.getVariable("account", String.class),
                exchange.getVariable("source", String.class),
                answer,
                Duration.ofNanos(System.nanoTime() - began));
        return true;
    }

    private static CircuitBreaker permittedBy(Exchange exchange) {
        return (CircuitBreaker) exchange.removeProperty(PERMITTED_BY);
    }

    /** Says that nothing usable came back, and why: in words fit for history and log. */
    @Bean
    Processor recordNoResponse(Accounts accounts, TenpayMetrics metrics, Clock clock) {
        return exchange -> {
            Throwable failure = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
            boolean asked = exchange.getProperty(SIGNED_BY) != null;
            // Removed from the settings: waiting doesn't mend that, so history shows it, ever less often.
            boolean gone =
                    accounts.find(exchange.getVariable("account", String.class)).isEmpty();
            CircuitBreaker breaker = permittedBy(exchange);
            String status = exchange.getMessage().getHeader(Exchange.HTTP_RESPONSE_CODE, "", String.class);
            if (breaker != null) {
                CircuitBreakers.unanswered(
                        breaker, status.isEmpty() ? 0 : Integer.parseInt(status), exchange.getMessage(), clock);
            }
            String problem = gone
                    ? "not asked: no such account is in the settings"
                    : words(failure, asked) + (status.isEmpty() ? "" : " (HTTP " + status + ")");
            String call = exchange.getVariable("source", String.class);
            // A paused account was reported when it was paused.
            if (asked || gone) {
                LOG.log(
                        Level.WARN,
                        call + " " + exchange.getVariable("account") + " " + problem,
                        "{} {} of account {}: {}",
                        call,
                        exchange.getVariable("number"),
                        exchange.getVariable("account"),
                        problem);
            }
            if (!measure(exchange, metrics, failure instanceof UnverifiedException ? "unverified" : "none") && !asked) {
                metrics.unsent(call);
            }
            exchange.setVariable("tenpayStatus", "none");
            exchange.setVariable("signature", null);
            exchange.setVariable("tenpayProblem", problem);
            exchange.setVariable("tenpayUnsent", asked || gone ? null : "true");
            CallFields.end();
            exchange.getMessage().removeHeaders("*");
            exchange.getMessage().setBody(JsonNodeFactory.instance.objectNode());
        };
    }

    /** Never the exception's own message: a parser's quotes what it read. */
    private static String words(Throwable failure, boolean asked) {
        if (failure instanceof UnverifiedException unverified) {
            return "unverified answer: " + unverified.getMessage();
        }
        if (failure instanceof CallNotPermittedException) {
            return "not asked: Tenpay did not answer lately, or asked us to wait";
        }
        if (failure instanceof CallDeadlines.LeaseExpiredException) {
            return "not asked: too much time went by before the call, which another instance may make by now";
        }
        if (failure instanceof CallDeadlines.ResponseDueException) {
            return "not asked: the calls before took too long for the request that waits; it is asked for by polling";
        }
        if (failure instanceof AccountUnavailableException) {
            return "not asked or not provable: the account can't work at present";
        }
        if (failure instanceof JacksonException) {
            return "the answer is not JSON";
        }
        if (failure instanceof ConnectException || failure instanceof java.net.UnknownHostException) {
            return "no connection";
        }
        if (failure instanceof InterruptedIOException) {
            return "no answer in time";
        }
        return (asked ? "no answer: " : "not asked: ") + failure.getClass().getSimpleName();
    }

    /** Lets the account know whether Tenpay accepts who signs: the first to hear it is a pair that was put there just now. */
    private static void tell(Account account, Credential by, int status) {
        if (status == 401) {
            account.refused(by);
        } else if (status < 500 && status != 403 && status != 429) {
            account.accepted(by);
        }
    }

    static SignatureProperties.SignatureHeaders headers(Message message, SignatureProperties wire) {
        return new SignatureProperties.SignatureHeaders(
                header(message, wire.timestampHeader()),
                header(message, wire.nonceHeader()),
                header(message, wire.serialHeader()),
                header(message, wire.signatureHeader()));
    }

    /** A header that a proxy has doubled is one; of several that differ none is. */
    private static @Nullable String header(Message message, String name) {
        Object value = message.getHeader(name);
        if (value instanceof Collection<?> values) {
            Set<?> different = Set.copyOf(values);
            return different.size() == 1 ? different.iterator().next().toString() : null;
        }
        return value == null ? null : value.toString();
    }

    /** TLS to Tenpay by the trust store and the versions of the SSL bundle {@code tenpay}; without one, the JVM's. */
    @Bean
    SSLContextParameters tenpayTls(SslBundles bundles) {
        SSLContextParameters tls = new SSLContextParameters();
        if (bundles.getBundleNames().contains("tenpay")) {
            SslBundle bundle = bundles.getBundle("tenpay");
            TrustManagersParameters trust = new TrustManagersParameters();
            trust.setTrustManager(bundle.getManagers().getTrustManagers()[0]);
            tls.setTrustManagers(trust);
            if (bundle.getOptions().getEnabledProtocols() != null) {
                SecureSocketProtocolsParameters versions = new SecureSocketProtocolsParameters();
                versions.setSecureSocketProtocol(List.of(bundle.getOptions().getEnabledProtocols()));
                tls.setSecureSocketProtocols(versions);
            }
        }
        return tls;
    }

    /**
     * One attempt, as it is: the client would by itself send a call again on 429 and 503, follow redirects with our
     * credentials, and unpack the bytes that the signature covers. Its own timeouts count from byte to byte; this one
     * counts the whole call, and an answer has a size that ends. Of its headers only those that are read are kept: Camel would parse the
     * content type, look up its charset and unpack what calls itself packed, and fail with bytes that verify.
     */
    @Bean
    HttpClientConfigurer singleAttemptClient(
            @Value("${tenpay.call-timeout}") Duration timeout, SignatureProperties wire) {
        Set<String> read = Set.of(
                wire.timestampHeader().toLowerCase(Locale.ROOT),
                wire.nonceHeader().toLowerCase(Locale.ROOT),
                wire.serialHeader().toLowerCase(Locale.ROOT),
                wire.signatureHeader().toLowerCase(Locale.ROOT),
                wire.requestIdHeader().toLowerCase(Locale.ROOT),
                "retry-after",
                "date");
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "tenpay-request-timeout");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        return client -> client.disableAutomaticRetries()
                .disableRedirectHandling()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .addExecInterceptorFirst("whole answer in time", (request, scope, chain) -> {
                    AtomicBoolean over = new AtomicBoolean();
                    ScheduledFuture<?> end = timer.schedule(
                            () -> {
                                over.set(true);
                                scope.execRuntime.discardEndpoint();
                            },
                            timeout.toMillis(),
                            TimeUnit.MILLISECONDS);
                    try {
                        return whole(chain.proceed(request, scope), read, scope.execRuntime::discardEndpoint);
                    } catch (IOException e) {
                        throw over.get() ? new InterruptedIOException("no answer in time") : e;
                    } finally {
                        end.cancel(false);
                    }
                });
    }

    private static ClassicHttpResponse whole(ClassicHttpResponse response, Set<String> read, Runnable cutOff)
            throws IOException {
        HttpEntity entity = response.getEntity();
        if (entity != null) {
            byte[] bytes;
            try (InputStream in = entity.getContent()) {
                bytes = in.readNBytes(LARGEST_ANSWER + 1);
                if (bytes.length > LARGEST_ANSWER) {
                    // First of all: closing the stream reads it to its end.
                    cutOff.run();
                    throw new IOException("the answer is larger than " + LARGEST_ANSWER + " bytes");
                }
            }
            response.setEntity(new ByteArrayEntity(bytes, null));
        }
        for (Header header : response.getHeaders()) {
            if (!read.contains(header.getName().toLowerCase(Locale.ROOT))) {
                response.removeHeaders(header.getName());
            }
        }
        return response;
    }
}
