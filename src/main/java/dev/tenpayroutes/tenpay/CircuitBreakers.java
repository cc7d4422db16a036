package dev.tenpayroutes.tenpay;

import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.config.TenpayProperties;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Stops calling Tenpay for an account while it doesn't answer, or as long as it asks us to wait: a call then fails at once,
 * the order is kept, and the poller leaves the account alone until a few calls have succeeded again.
 *
 * <p>Three circuit breakers for each account: submissions (checkout-pay), refunds (refund and close-payment) and inquiries.
 * The limit of one account never delays another, and neither inquiries nor refunds ever delay a sale. Each instance has its
 * own; nothing needs a restart.
 */
@Configuration(proxyBeanMethods = false)
class CircuitBreakers {

    private static final Logger LOG = LoggerFactory.getLogger("tenpay-request");
    private static final String SUBMISSIONS = " submissions";
    private static final String REFUNDS = " refunds";
    private static final String INQUIRIES = " inquiries";

    /** The longest wait that a verified answer may ask for; any device on the way can send an unverified one. */
    private static final Duration MAX_RETRY_AFTER = Duration.ofMinutes(5);

    private static final Duration MAX_RETRY_AFTER_UNVERIFIED = Duration.ofSeconds(10);

    /** Until when a {@code Retry-After} has paused each circuit breaker; guarded by itself. */
    private static final Map<CircuitBreaker, Instant> PAUSED_UNTIL = new WeakHashMap<>();

    @Bean
    CircuitBreakerRegistry callBreakers(Accounts accounts, MeterRegistry meters, TenpayProperties settings) {
        int calls = settings.circuitBreaker().slidingWindowSize();
        CircuitBreakerRegistry breakers = CircuitBreakerRegistry.of(CircuitBreakerConfig.custom()
                .slidingWindowSize(calls)
                .minimumNumberOfCalls(calls)
                .failureRateThreshold(50)
                .permittedNumberOfCallsInHalfOpenState(3)
                .waitDurationInOpenState(settings.circuitBreaker().waitDurationInOpenState())
                // Else an account that only the poller calls would stay open for ever.
                .automaticTransitionFromOpenToHalfOpenEnabled(true)
                .writableStackTraceEnabled(false)
                .build());
        for (String account : accounts.names()) {
            for (String kind : List.of(SUBMISSIONS, REFUNDS, INQUIRIES)) {
                CircuitBreaker breaker = breakers.circuitBreaker(account + kind);
                breaker.getEventPublisher()
                        .onStateTransition(
                                event -> LOG.warn("account {}: {}", breaker.getName(), event.getStateTransition()));
                meters.gauge(
                        "tenpay.calls.paused",
                        Tags.of("account", account, "calls", kind.strip()),
                        breaker,
                        b -> b.getState() == State.OPEN ? 1 : 0);
            }
        }
        return breakers;
    }

    /** The circuit breaker's name for the call of an exchange. */
    static String of(Exchange exchange) {
        String kind =
                switch (exchange.getVariable("source", "", String.class)) {
                    case "checkout-pay" -> SUBMISSIONS;
                    case "refund", "close-payment" -> REFUNDS;
                    default -> INQUIRIES;
                };
        return exchange.getVariable("account", "", String.class) + kind;
    }

    /**
     * Sets {@code pausedAccounts}, those that are asked nothing for now, or can't work, and {@code ownAccounts}, those of the
     * settings, comma separated.
     */
    @Bean
    Processor listPausedAccounts(CircuitBreakerRegistry breakers, Accounts accounts) {
        return exchange -> {
            Stream<String> paused = breakers.getAllCircuitBreakers().stream()
                    .filter(breaker -> breaker.getState() == State.OPEN)
                    .map(CircuitBreaker::getName)
                    .filter(name -> name.endsWith(INQUIRIES))
                    .map(name -> name.substring(0, name.length() - INQUIRIES.length()));
            exchange.setVariable(
                    "pausedAccounts",
                    Stream.concat(paused, accounts.unavailable().stream()).collect(Collectors.joining(",")));
            exchange.setVariable("ownAccounts", String.join(",", accounts.names()));
        };
    }

    /** A permitted call has ended with a verified answer of this status. */
    static void answered(CircuitBreaker breaker, int status, Message answer, Clock clock) {
        if (status < 500 && status != 429) {
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
        } else {
            failed(breaker, status, answer, MAX_RETRY_AFTER, clock);
        }
    }

    /** A permitted call has ended without a verified answer; {@code status} is 0 where there was none at all. */
    static void unanswered(CircuitBreaker breaker, int status, Message answer, Clock clock) {
        failed(breaker, status, answer, MAX_RETRY_AFTER_UNVERIFIED, clock);
    }

    private static void failed(CircuitBreaker breaker, int status, Message answer, Duration max, Clock clock) {
        breaker.onError(0, TimeUnit.NANOSECONDS, new IllegalStateException("no answer"));
        if (status == 429 || status == 503) {
            Duration wait = RetryAfter.parse(answer.getHeader("Retry-After", String.class), max, clock);
            if (!wait.isZero()) {
                pause(breaker, wait, max.equals(MAX_RETRY_AFTER), clock.instant());
            }
        }
    }

    /** Never shortens a pause that has begun; an unverified answer doesn't lengthen one either. */
    private static void pause(CircuitBreaker breaker, Duration wait, boolean verified, Instant now) {
        synchronized (PAUSED_UNTIL) {
            Instant end = now.plus(wait);
            if (breaker.getState() == State.OPEN) {
                Instant until = PAUSED_UNTIL.get(breaker);
                // Opened by failures, at a moment that isn't known, it may be open for all of its wait.
                Instant known = until != null && until.isAfter(now) ? until : now.plus(openFor(breaker));
                if (!verified || !end.isAfter(known)) {
                    return;
                }
            }
            PAUSED_UNTIL.put(breaker, end);
            breaker.transitionToOpenStateFor(wait);
        }
    }

    private static Duration openFor(CircuitBreaker breaker) {
        return Duration.ofMillis(breaker.getCircuitBreakerConfig()
                .getWaitIntervalFunctionInOpenState()
                .apply(1));
    }
}
