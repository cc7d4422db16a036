package dev.tenpayroutes.route;

import dev.tenpayroutes.account.Accounts;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Stops calling Tenpay for an account while it doesn't answer, or as long as it asks us to wait: a call then fails at once,
 * the order is kept, and the poller leaves the account alone until a few calls have succeeded again.
 *
 * <p>Two breakers an account, for what is asked and for what is ordered: the limit of one account never holds up another,
 * and a limit on questions never holds up a sale. Each instance has its own; nothing needs a restart.
 */
@Configuration(proxyBeanMethods = false)
class Breakers {

    private static final Logger LOG = LoggerFactory.getLogger("tenpay-call");
    private static final String QUESTIONS = " questions";
    private static final String ORDERS = " orders";
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);

    @Bean
    CircuitBreakerRegistry callBreakers(
            Accounts accounts,
            MeterRegistry meters,
            @Value("${tenpay.breaker.calls}") int calls,
            @Value("${tenpay.breaker.open-for}") Duration openFor) {
        CircuitBreakerRegistry breakers = CircuitBreakerRegistry.of(CircuitBreakerConfig.custom()
                .slidingWindowSize(calls)
                .minimumNumberOfCalls(calls)
                .failureRateThreshold(50)
                .permittedNumberOfCallsInHalfOpenState(3)
                .waitDurationInOpenState(openFor)
                // Else an account that only the poller calls would stay open for ever.
                .automaticTransitionFromOpenToHalfOpenEnabled(true)
                .writableStackTraceEnabled(false)
                .build());
        for (String account : accounts.names()) {
            for (String kind : List.of(QUESTIONS, ORDERS)) {
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

    /** The name of the breaker of an exchange's call. */
    static String of(Exchange exchange) {
        String call = exchange.getVariable("source", "", String.class);
        return exchange.getVariable("account", "", String.class) + (call.startsWith("inquiry-") ? QUESTIONS : ORDERS);
    }

    /**
     * Sets {@code pausedAccounts}, those that are asked nothing for now, or can't work, and {@code ownAccounts}, those of the
     * settings, comma separated.
     */
    @Bean
    Processor pausedAccounts(CircuitBreakerRegistry breakers, Accounts accounts) {
        return exchange -> {
            Stream<String> paused = breakers.getAllCircuitBreakers().stream()
                    .filter(breaker -> breaker.getState() == State.OPEN)
                    .map(CircuitBreaker::getName)
                    .filter(name -> name.endsWith(QUESTIONS))
                    .map(name -> name.substring(0, name.length() - QUESTIONS.length()));
            exchange.setVariable(
                    "pausedAccounts",
                    Stream.concat(paused, accounts.unavailable().stream()).collect(Collectors.joining(",")));
            exchange.setVariable("ownAccounts", String.join(",", accounts.names()));
        };
    }

    /** A call that was permitted and has come back with a verified answer, or has not. */
    static void ended(CircuitBreaker breaker, boolean well, String retryAfter) {
        if (well) {
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
            return;
        }
        breaker.onError(0, TimeUnit.NANOSECONDS, new IllegalStateException("no answer"));
        // Asked to wait, we wait: for every call of the account, and not for ever.
        if (retryAfter.matches("[1-9][0-9]{0,5}")) {
            Duration wait = Duration.ofSeconds(Long.parseLong(retryAfter));
            breaker.transitionToOpenStateFor(wait.compareTo(LONGEST_WAIT) < 0 ? wait : LONGEST_WAIT);
        }
    }
}
