package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.test.context.TestPropertySource;

@DisplayName("tenpay-call, while Tenpay does not answer")
@TestPropertySource(
        properties = {
            "tenpay.breaker.calls=4",
            "tenpay.breaker.open-for=2s",
            "tenpay.notify-base-url=http://127.0.0.1:1",
            "tenpay.poll.tick=100ms",
            "tenpay.poll.first-delay=200ms",
            "tenpay.poll.interval=200ms",
            "tenpay.poll.max-delay=1s",
            "tenpay.poll.resend-after=1s",
            "tenpay.poll.submit-lease=4s"
        })
class BreakerStoryTest extends Story {

    private void faults(String call, String fault, int times) {
        assertThat(send(
                                "POST",
                                "/sandbox/faults",
                                null,
                                "{\"call\":\"%s\",\"fault\":\"%s\",\"times\":%d}".formatted(call, fault, times))
                        .status())
                .isEqualTo(200);
    }

    private State stateOf(String account) {
        return breakers.circuitBreaker(account).getState();
    }

    @Test
    void afterSomeCallsWithoutAnAnswerOrdersAreKeptAtOnceAndSettledWhenTenpayIsBack() {
        faults("*", "LATE", 1000);
        for (int i = 0; stateOf("main") == State.CLOSED && i < 10; i++) {
            assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(202);
        }
        assertThat(stateOf("main")).isEqualTo(State.OPEN);
        String number = newNumber();

        long before = System.nanoTime();
        Answer kept = post("/v1/payments", order(number));
        Duration took = Duration.ofNanos(System.nanoTime() - before);

        assertThat(kept.status()).isEqualTo(202);
        assertThat(took).isLessThan(Duration.ofSeconds(1));
        assertThat(history(number)).containsExactly("order STORED CREATED", "checkout-pay NO_ANSWER CREATED");
        assertThat(stateOf("macau")).isEqualTo(State.CLOSED);
        noFaultOutlivesItsStory();
        isSoon(number, "PENDING");
        assertThat(stateOf("main")).isNotEqualTo(State.OPEN);
    }

    @Test
    void whenTenpayAsksUsToWaitNobodyCallsItUntilThen() {
        String waiting = newNumber();
        faults("checkout-pay", "FREQUENCY_LIMITED", 1);
        assertThat(post("/v1/payments", order(waiting)).status()).isEqualTo(202);
        assertThat(stateOf("main")).isEqualTo(State.OPEN);

        // Two seconds, says Tenpay's answer; the poller would have asked after 0.2.
        String other = newNumber();
        assertThat(post("/v1/payments", order(other)).status()).isEqualTo(202);
        assertThat(callsAtTenpay(other, "checkout-pay")).isZero();
        assertThat(callsAtTenpay(waiting, "inquiry-payment")).isZero();

        isSoon(waiting, "PENDING");
        isSoon(other, "PENDING");
        assertThat(callsAtTenpay(other, "checkout-pay")).isEqualTo(1);
    }

    @Test
    void whatIsDueWaitsUntouchedWhileItsAccountIsPaused() {
        String number = pendingPayment();
        breakers.circuitBreaker("main").transitionToOpenStateFor(Duration.ofSeconds(3));
        int polls = count("select polls from payment where order_no = ?", number);
        eventually()
                .until(() -> count(
                                "select count(*) from payment where order_no = ? and next_poll_at < now() - interval '1 second'",
                                number)
                        == 1);
        assertThat(count("select polls from payment where order_no = ?", number))
                .isLessThanOrEqualTo(polls + 1);
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
    }
}
