package dev.tenpayroutes.tenpay;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which circuit breaker a call belongs to, and how long an answer may pause it. */
class CircuitBreakersTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-30T08:00:00Z"), ZoneOffset.UTC);

    private final Exchange exchange = new DefaultExchange(new DefaultCamelContext());
    private final Message answer = exchange.getMessage();
    private final CircuitBreaker breaker = CircuitBreaker.ofDefaults("main submissions");

    @ParameterizedTest
    @CsvSource({
        "checkout-pay,main submissions",
        "refund,main refunds",
        "close-payment,main refunds",
        "inquiry-payment,main inquiries",
        "inquiry-refund,main inquiries"
    })
    void separatesSubmissionsRefundsAndInquiries(String call, String name) {
        exchange.setVariable("account", "main");
        exchange.setVariable("source", call);
        assertThat(CircuitBreakers.of(exchange)).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 503})
    void pausesWhenBusyAnswerAsksForIt(int status) {
        answer.setHeader("Retry-After", "60");
        CircuitBreakers.answered(breaker, status, answer, CLOCK);
        assertThat(breaker.getState()).isEqualTo(State.OPEN);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 200, 202, 301, 400, 401, 404, 409, 500, 502, 504})
    void ignoresRetryAfterOfAnyOtherStatus(int status) {
        answer.setHeader("Retry-After", "60");
        CircuitBreakers.answered(breaker, status, answer, CLOCK);
        CircuitBreakers.unanswered(breaker, status, answer, CLOCK);
        assertThat(breaker.getState()).isEqualTo(State.CLOSED);
    }

    @Test
    void pausesTenSecondsAtMostWhenUnverified() {
        answer.setHeader("Retry-After", "99999");
        CircuitBreaker verified = timed();
        CircuitBreakers.unanswered(breaker, 503, answer, CLOCK);
        CircuitBreakers.answered(verified, 503, answer, CLOCK);
        assertThat(breaker.getState()).isEqualTo(State.OPEN);
        now = now.plusSeconds(299);
        assertThat(verified.tryAcquirePermission()).isFalse();
        now = now.plusSeconds(2);
        assertThat(verified.tryAcquirePermission()).isTrue();

        CircuitBreaker unverified = timed();
        CircuitBreakers.unanswered(unverified, 503, answer, CLOCK);
        now = now.plusSeconds(9);
        assertThat(unverified.tryAcquirePermission()).isFalse();
        now = now.plusSeconds(2);
        assertThat(unverified.tryAcquirePermission()).isTrue();
    }

    @Test
    void unverifiedAnswerNeverShortensPause() {
        CircuitBreaker verified = timed();
        answer.setHeader("Retry-After", "60");
        CircuitBreakers.answered(verified, 429, answer, CLOCK);
        answer.setHeader("Retry-After", "1");
        CircuitBreakers.unanswered(verified, 503, answer, CLOCK);
        now = now.plusSeconds(30);
        assertThat(verified.tryAcquirePermission()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"60,1", "60,59", "1,60"})
    void keepsLongerOfTwoPauses(String first, String second) {
        CircuitBreaker verified = timed();
        for (String wait : List.of(first, second)) {
            answer.setHeader("Retry-After", wait);
            CircuitBreakers.answered(
                    verified, 429, answer, verified.getCircuitBreakerConfig().getClock());
        }
        now = now.plusSeconds(59);
        assertThat(verified.tryAcquirePermission()).isFalse();
        now = now.plusSeconds(2);
        assertThat(verified.tryAcquirePermission()).isTrue();
    }

    /** Opened by failures, it stays so for 60 seconds. */
    @Test
    void keepsPauseThatFailuresBegan() {
        CircuitBreaker failed = timed();
        failed.transitionToOpenState();
        answer.setHeader("Retry-After", "1");
        CircuitBreakers.answered(
                failed, 503, answer, failed.getCircuitBreakerConfig().getClock());
        now = now.plusSeconds(59);
        assertThat(failed.tryAcquirePermission()).isFalse();
        now = now.plusSeconds(2);
        assertThat(failed.tryAcquirePermission()).isTrue();
    }

    /** That of the pause before is over. */
    @Test
    void pausesAgainForAsLongAsItIsAsked() {
        CircuitBreaker verified = timed();
        for (String wait : List.of("60", "5")) {
            answer.setHeader("Retry-After", wait);
            CircuitBreakers.answered(
                    verified, 429, answer, verified.getCircuitBreakerConfig().getClock());
            now = now.plusSeconds(61);
            assertThat(verified.tryAcquirePermission()).isTrue();
        }
    }

    private Instant now = CLOCK.instant();

    private CircuitBreaker timed() {
        return CircuitBreaker.of(
                "timed",
                io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.custom()
                        .clock(new Clock() {
                            @Override
                            public java.time.ZoneId getZone() {
                                return ZoneOffset.UTC;
                            }

                            @Override
                            public Clock withZone(java.time.ZoneId zone) {
                                return this;
                            }

                            @Override
                            public Instant instant() {
                                return now;
                            }
                        })
                        .build());
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "-,0",
                "'',0",
                "0,0",
                "-5,0",
                "1.5,0",
                "1e3,0",
                "soon,0",
                "' 7 ',7",
                "007,7",
                "99999,300",
                "99999999999999999999999999,300",
                "'Mon, 30 Nov 2026 08:00:20 GMT',20",
                "'Mon, 30 Nov 2026 07:59:00 GMT',0",
                "'Fri, 31 Dec 9999 23:59:59 GMT',300",
                "'Sun, 31 Feb 2026 08:00:20 GMT',0",
                "2026-11-30T08:00:20Z,0"
            })
    void readsRetryAfterAsSecondsOrDate(String header, long seconds) {
        assertThat(RetryAfter.parse(header, Duration.ofMinutes(5), CLOCK)).hasSeconds(seconds);
    }
}
