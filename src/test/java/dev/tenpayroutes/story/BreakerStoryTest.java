package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

@DisplayName("tenpay-request, while Tenpay does not answer")
@TestPropertySource(
        properties = {
            "tenpay.circuit-breaker.sliding-window-size=4",
            "tenpay.circuit-breaker.wait-duration-in-open-state=2s",
            "tenpay.notify-base-url=http://127.0.0.1:1",
            "tenpay.poll.claim-interval=100ms",
            "tenpay.poll.concurrency=8",
            "tenpay.poll.first-delay=200ms",
            "tenpay.poll.interval=200ms",
            "tenpay.poll.max-delay=1s",
            "tenpay.poll.resend-after=1s",
            "tenpay.poll.submit-lease=4s"
        })
@DirtiesContext
class BreakerStoryTest extends Story {

    private static final TcpFaultProxy TO_TENPAY;

    static {
        try {
            TO_TENPAY = new TcpFaultProxy(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @DynamicPropertySource
    static void cable(DynamicPropertyRegistry registry) {
        registry.add("tenpay.base-url", () -> "http://127.0.0.1:" + TO_TENPAY.port());
    }

    @BeforeEach
    void tenpayIsThere() {
        TO_TENPAY.to(port());
        TO_TENPAY.repair();
    }

    private State stateOf(String account) {
        return breakers.circuitBreaker(account).getState();
    }

    @Test
    void keepsOrdersWhileBreakerIsOpen() {
        faults("*", "*", "LATE", 1000);
        for (int i = 0; stateOf("main submissions") == State.CLOSED && i < 10; i++) {
            assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(202);
        }
        assertThat(stateOf("main submissions")).isEqualTo(State.OPEN);
        String number = newNumber();

        long before = System.nanoTime();
        Answer kept = post("/v1/payments", order(number));
        Duration took = Duration.ofNanos(System.nanoTime() - before);

        assertThat(kept.status()).isEqualTo(202);
        assertThat(took).isLessThan(Duration.ofSeconds(1));
        assertThat(history(number)).containsExactly("order STORED CREATED", "checkout-pay NO_RESPONSE CREATED");
        assertThat(stateOf("macau submissions")).isEqualTo(State.CLOSED);
        noFaultOutlivesItsStory();
        isSoon(number, "PENDING");
        assertThat(stateOf("main submissions")).isNotEqualTo(State.OPEN);
    }

    @Test
    void pausesCallsForRetryAfter() {
        String waiting = newNumber();
        fault(waiting, "checkout-pay", "FREQUENCY_LIMITED");
        assertThat(post("/v1/payments", order(waiting)).status()).isEqualTo(202);
        assertThat(stateOf("main submissions")).isEqualTo(State.OPEN);

        // Two seconds, says Tenpay's answer.
        String other = newNumber();
        assertThat(post("/v1/payments", order(other)).status()).isEqualTo(202);
        assertThat(callsAtTenpay(other, "checkout-pay")).isZero();

        isSoon(waiting, "PENDING");
        isSoon(other, "PENDING");
        assertThat(callsAtTenpay(other, "checkout-pay")).isEqualTo(1);
    }

    @Test
    void keepsSellingWhileInquiriesAreLimited() {
        String asked = pendingPayment();
        faults("*", "inquiry-payment", "FREQUENCY_LIMITED", 100);
        assertThat(post("/v1/payments/" + asked + "/sync", null).status()).isEqualTo(502);
        assertThat(stateOf("main inquiries")).isEqualTo(State.OPEN);

        assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(201);
    }

    @Test
    void takesOrdersWhileRefundsArePaused() {
        String paid = paidPayment();
        String first = newRefundNumber();
        fault(first, "refund", "FREQUENCY_LIMITED");
        assertThat(refund(paid, first, 100).status()).isEqualTo(202);
        assertThat(stateOf("main refunds")).isEqualTo(State.OPEN);

        assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(201);
        assertThat(post("/v1/payments/" + paid + "/sync", null).status()).isEqualTo(200);
        // Kept at once, and sent when the pause is over.
        String second = newRefundNumber();
        breakers.circuitBreaker("main refunds").transitionToOpenStateFor(Duration.ofMinutes(5));
        assertThat(refund(paid, second, 100).status()).isEqualTo(202);
        assertThat(callsAtTenpay(second, "refund")).isZero();
        breakers.circuitBreaker("main refunds").reset();
        eventually().until(() -> !get("/v1/refunds/" + second).text("status").equals("CREATED"));
    }

    @Test
    void pausesRefundsOnlyAfterCloseGotNoAnswer() {
        for (int i = 0; stateOf("main refunds") == State.CLOSED && i < 10; i++) {
            String open = pendingPayment();
            fault(open, "close-payment", "BAD_GATEWAY");
            assertThat(post("/v1/payments/" + open + "/close", null).status()).isEqualTo(502);
        }
        assertThat(stateOf("main refunds")).isEqualTo(State.OPEN);
        assertThat(stateOf("main submissions")).isEqualTo(State.CLOSED);
        assertThat(stateOf("main inquiries")).isEqualTo(State.CLOSED);
    }

    @Test
    void anOrderThatWasNeverSentIsSentAtOnceAndItsRefusalIsFinal() {
        String number = newNumber();
        breakers.circuitBreaker("main submissions").transitionToOpenStateFor(Duration.ofMinutes(5));
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(202);
        assertThat(count("select submits from payment where order_no = ?", number))
                .isZero();
        breakers.circuitBreaker("main submissions").reset();
        fault(number, "checkout-pay", "PARAM_ERROR");

        Answer refused = post("/v1/payments", order(number));

        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.text("code")).isEqualTo("TENPAY_REFUSED");
        assertThat(payment(number).text("status")).isEqualTo("FAILED");
    }

    @Test
    void returnsClaimedRowsThatWereNotAsked() {
        String number = pendingPayment();
        int polls = count("select polls from payment where order_no = ?", number);
        // Half open, as many calls as are let through are under way.
        breakers.circuitBreaker("main inquiries").transitionToOpenStateFor(Duration.ofMinutes(5));
        breakers.circuitBreaker("main inquiries").transitionToHalfOpenState();
        for (int i = 0; i < 3; i++) {
            breakers.circuitBreaker("main inquiries").acquirePermission();
        }
        List<String> before = history(number);

        assertThat(post("/v1/payments/" + number + "/sync", null).status()).isEqualTo(502);

        assertThat(history(number)).isEqualTo(before);
        assertThat(count("select polls from payment where order_no = ?", number))
                .isLessThanOrEqualTo(polls);
        breakers.circuitBreaker("main inquiries").reset();
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
    }

    @Test
    void afterAnHourWithoutTenpayEverythingIsAskedAboutByAFewAtATime() {
        String first = pendingPayment();
        TO_TENPAY.pull();
        // So long past their time that each of them is asked about once, and then not for hours.
        db.sql("insert into payment overriding system value select (jsonb_populate_record(p, jsonb_build_object('id',"
                        + " 2000000000 + n, 'order_no', 'OUTAGE-' || n, 'submitting_until', null,"
                        + " 'expires_at', now() - interval '3 hours', 'next_poll_at',"
                        + " now() - n * interval '18 seconds'))).* from payment p, generate_series(1, 200) n"
                        + " where p.order_no = ?")
                .param(first)
                .update();
        // Who asks finds out, and then leaves it alone.
        eventually().until(() -> stateOf("main inquiries") == State.OPEN);
        String kept = newNumber();
        for (int i = 0; stateOf("main submissions") == State.CLOSED && i < 10; i++) {
            assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(202);
        }
        long before = System.nanoTime();
        assertThat(post("/v1/payments", order(kept)).status()).isEqualTo(202);
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(1));
        eventually().until(() -> metric("tenpay.calls.paused?tag=account:main&tag=calls:inquiries") == 1);
        assertThat(count(UNANSWERED)).isLessThan(60);

        TO_TENPAY.repair();

        eventually()
                .atMost(Duration.ofMinutes(3))
                .until(() -> count("select count(distinct payment_id) from history"
                                + " where source = 'inquiry-payment' and payment_id > 2000000000")
                        == 200);
        isSoon(kept, "PENDING");
        // As many as the poller's threads, an order, and no more: of the 200 that were due.
        assertThat(TO_TENPAY.most()).isBetween(2, 12);
        eventually().until(() -> metric("tenpay.queue.oldest?tag=queue:payments") < 60);
    }

    private static final String UNANSWERED = "select count(*) from history where source = 'inquiry-payment'"
            + " and outcome = 'NO_RESPONSE' and payment_id > 2000000000";

    private long metric(String name) {
        return get("/actuator/metrics/" + name)
                .body()
                .path("measurements")
                .path(0)
                .path("value")
                .asLong();
    }

    @Test
    void whatIsDueWaitsUntouchedWhileItsAccountIsPaused() {
        String number = pendingPayment();
        breakers.circuitBreaker("main inquiries").transitionToOpenStateFor(Duration.ofMinutes(1));
        int polls = count("select polls from payment where order_no = ?", number);
        eventually()
                .until(() -> count(
                                "select count(*) from payment where order_no = ? and next_poll_at < now() - interval '1 second'",
                                number)
                        == 1);
        assertThat(count("select polls from payment where order_no = ?", number))
                .isLessThanOrEqualTo(polls + 1);
        breakers.circuitBreaker("main inquiries").reset();
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
    }
}
