package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import java.time.Duration;
import java.util.List;
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
        for (int i = 0; stateOf("main orders") == State.CLOSED && i < 10; i++) {
            assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(202);
        }
        assertThat(stateOf("main orders")).isEqualTo(State.OPEN);
        String number = newNumber();

        long before = System.nanoTime();
        Answer kept = post("/v1/payments", order(number));
        Duration took = Duration.ofNanos(System.nanoTime() - before);

        assertThat(kept.status()).isEqualTo(202);
        assertThat(took).isLessThan(Duration.ofSeconds(1));
        assertThat(history(number)).containsExactly("order STORED CREATED", "checkout-pay NO_ANSWER CREATED");
        assertThat(stateOf("macau orders")).isEqualTo(State.CLOSED);
        noFaultOutlivesItsStory();
        isSoon(number, "PENDING");
        assertThat(stateOf("main orders")).isNotEqualTo(State.OPEN);
    }

    @Test
    void whenTenpayAsksUsToWaitNobodyCallsItUntilThen() {
        String waiting = newNumber();
        faults("checkout-pay", "FREQUENCY_LIMITED", 1);
        assertThat(post("/v1/payments", order(waiting)).status()).isEqualTo(202);
        assertThat(stateOf("main orders")).isEqualTo(State.OPEN);

        // Two seconds, says Tenpay's answer.
        String other = newNumber();
        assertThat(post("/v1/payments", order(other)).status()).isEqualTo(202);
        assertThat(callsAtTenpay(other, "checkout-pay")).isZero();

        isSoon(waiting, "PENDING");
        isSoon(other, "PENDING");
        assertThat(callsAtTenpay(other, "checkout-pay")).isEqualTo(1);
    }

    @Test
    void aLimitOnQuestionsHoldsUpNoSale() {
        String asked = pendingPayment();
        faults("inquiry-payment", "FREQUENCY_LIMITED", 1);
        assertThat(post("/v1/payments/" + asked + "/sync", null).status()).isEqualTo(502);
        assertThat(stateOf("main questions")).isEqualTo(State.OPEN);

        assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(201);
    }

    @Test
    void anOrderThatWasNeverSentIsSentAtOnceAndItsRefusalIsFinal() {
        String number = newNumber();
        breakers.circuitBreaker("main orders").transitionToOpenStateFor(Duration.ofMinutes(5));
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(202);
        assertThat(count("select submits from payment where order_no = ?", number))
                .isZero();
        breakers.circuitBreaker("main orders").reset();
        faults("checkout-pay", "PARAM_ERROR", 1);

        Answer refused = post("/v1/payments", order(number));

        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.text("code")).isEqualTo("TENPAY_REFUSED");
        assertThat(payment(number).text("status")).isEqualTo("FAILED");
    }

    @Test
    void whatIsTakenAndNotAskedLosesNeitherItsTurnNorALineOfItsHistory() {
        String number = pendingPayment();
        int polls = count("select polls from payment where order_no = ?", number);
        // Half open, as many calls as are let through are under way.
        breakers.circuitBreaker("main questions").transitionToOpenStateFor(Duration.ofMinutes(5));
        breakers.circuitBreaker("main questions").transitionToHalfOpenState();
        for (int i = 0; i < 3; i++) {
            breakers.circuitBreaker("main questions").acquirePermission();
        }
        List<String> before = history(number);

        assertThat(post("/v1/payments/" + number + "/sync", null).status()).isEqualTo(502);

        assertThat(history(number)).isEqualTo(before);
        assertThat(count("select polls from payment where order_no = ?", number))
                .isLessThanOrEqualTo(polls);
        breakers.circuitBreaker("main questions").reset();
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
    }

    @Test
    void whatIsDueWaitsUntouchedWhileItsAccountIsPaused() {
        String number = pendingPayment();
        breakers.circuitBreaker("main questions").transitionToOpenStateFor(Duration.ofSeconds(3));
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
