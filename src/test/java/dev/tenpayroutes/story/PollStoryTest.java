package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.TestPropertySource;

/** No webhook arrives here: Tenpay is told a closed port. */
@DisplayName("polling")
@TestPropertySource(
        properties = {
            "tenpay.notify-base-url=http://127.0.0.1:1",
            "tenpay.poll.claim-interval=100ms",
            "tenpay.poll.first-delay=500ms",
            "tenpay.poll.interval=300ms",
            "tenpay.poll.max-delay=1s",
            "tenpay.poll.after-expiry=1s",
            "tenpay.poll.resend-after=1s",
            "tenpay.poll.submit-lease=6s",
            "tenpay.poll.batch-size=5"
        })
@DirtiesContext
class PollStoryTest extends Story {

    /** Its history without inquiries that were under way when another one settled it. */
    private List<String> changes(String number) {
        return history(number).stream()
                .filter(line -> !line.contains(" CONFIRMED "))
                .toList();
    }

    @Test
    void aTimerSettlesWhatNoWebhookSettled() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        assertThat(changes(number)).endsWith("inquiry-payment CHANGED SUCCEEDED");
    }

    @Test
    void anOrderWhoseAnswerWasLostIsFoundByItsNumberAndNeverMadeTwice() {
        String number = newNumber();
        fault(number, "checkout-pay", "UNSIGNED");
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(202);

        isSoon(number, "PENDING");

        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
        assertThat(payment(number).text("prepayInfo")).isNull();
        // The ERP asks again and gets what the mini program needs, for the same payment.
        String paymentId = payment(number).text("paymentId");
        Answer again = post("/v1/payments", order(number));
        assertThat(again.text("paymentId")).isEqualTo(paymentId);
        assertThat(again.text("prepayInfo")).isNotBlank();
    }

    @Test
    void anOrderThatTenpayNeverGotIsSentAgainUnderTheSameNumber() {
        String number = newNumber();
        fault(number, "checkout-pay", "BAD_GATEWAY");
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(202);

        isSoon(number, "PENDING");

        assertThat(payment(number).text("prepayInfo")).isNotBlank();
        assertThat(history(number)).contains("inquiry-payment NOT_FOUND CREATED", "checkout-pay CHANGED PENDING");
    }

    @Test
    void expiresUnpaidOrder() {
        String number = newNumber();
        post("/v1/payments", order(number).replace("\"metadata\"", "\"validitySeconds\":2,\"metadata\""));
        isSoon(number, "EXPIRED");
        assertThat(events(number)).containsExactly("payment.pending", "payment.expired");
    }

    /** In a rolling update, say, which brings the account: an instance that doesn't know it would only use up its turns. */
    @Test
    void whatAnotherInstancesAccountHasDueIsLeftToItForAWhile() {
        String anothers = pendingPayment();
        db.sql(
                        "update payment set account = 'anothers', next_poll_at = now() - interval '9 minutes' where order_no = ?")
                .param(anothers)
                .update();
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        assertThat(db.sql("select polls from payment where order_no = ?")
                        .param(anothers)
                        .query(Integer.class)
                        .single())
                .isZero();
        db.sql("update payment set account = 'main' where order_no = ?")
                .param(anothers)
                .update();
    }

    @Test
    void oneRowsTroubleNeverStopsTheOthers() {
        String lost = pendingPayment();
        // An account that was taken out of the settings while a payment of it was open.
        db.sql("update payment set account = 'gone', next_poll_at = now() - interval '11 minutes' where order_no = ?")
                .param(lost)
                .update();
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        eventually().untilAsserted(() -> assertThat(history(lost)).contains("inquiry-payment NO_RESPONSE PENDING"));
        db.sql("update payment set account = 'main' where order_no = ?")
                .param(lost)
                .update();
    }

    @Test
    void whatIsSilentLongAfterExpiryIsStuckAndAskedOnlyNowAndThen() {
        String number = pendingPayment();
        db.sql("update payment set expires_at = now() - interval '2 hours' where order_no = ?")
                .param(number)
                .update();

        eventually()
                .untilAsserted(() -> assertThat(payment(number).text("review")).isEqualTo("STUCK"));

        assertThat(payment(number).text("status")).isEqualTo("PENDING");
        assertThat(events(number)).containsExactly("payment.pending", "payment.review");
        eventually()
                .untilAsserted(() -> assertThat(count(
                                "select count(*) from payment where order_no = ? and next_poll_at > now() + interval '5 hours'",
                                number))
                        .isEqualTo(1));
        // Never forgotten: when Tenpay speaks at last, it is settled and no longer stuck.
        shopper(number, "SUCCESS");
        post("/v1/payments/" + number + "/sync", null);
        assertThat(payment(number).text("status")).isEqualTo("SUCCEEDED");
        assertThat(payment(number).text("review")).isNull();
    }

    /** A payment that was paid, by the poller's word: no webhook arrives here. */
    private String settledPayment() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        return number;
    }

    @Test
    void aTimerSettlesTheRefundThatNoWebhookSettled() {
        String number = settledPayment();
        String refundNumber = newRefundNumber();
        assertThat(refund(number, refundNumber, 250).status()).isEqualTo(201);
        bank(refundNumber, "SUCCESS");
        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refunded(number)).isEqualTo(250);
        assertThat(changes(number)).endsWith("inquiry-refund CHANGED SUCCEEDED");
    }

    @Test
    void aRefundWhoseAnswerWasLostIsFoundByItsNumberAndNeverMadeTwice() {
        String number = settledPayment();
        String refundNumber = newRefundNumber();
        fault(refundNumber, "refund", "UNSIGNED");
        assertThat(refund(number, refundNumber, 250).status()).isEqualTo(202);

        refundIsSoon(refundNumber, "PENDING");

        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isEqualTo(1);
        assertThat(refundOf(refundNumber).text("refundId")).isNotBlank();
    }

    @Test
    void aRefundThatTenpayNeverGotIsSentAgainUnderTheSameNumber() {
        String number = settledPayment();
        String refundNumber = newRefundNumber();
        fault(refundNumber, "refund", "BAD_GATEWAY");
        assertThat(refund(number, refundNumber, 250).status()).isEqualTo(202);

        refundIsSoon(refundNumber, "PENDING");

        assertThat(history(number)).contains("inquiry-refund NOT_FOUND CREATED", "refund CHANGED PENDING");
    }

    @Test
    void twentyPollersNeverTakeTheSamePayment() throws Exception {
        List<String> numbers = java.util.stream.IntStream.range(0, 40)
                .mapToObj(i -> newNumber())
                .toList();
        for (String number : numbers) {
            db.sql("""
                            insert into payment (account, order_no, payment_method, region, amount, currency, description,
                                content, merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                            values ('claimed', ?, 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u',
                                now() + interval '1 hour', now() + interval '1 hour')
                            """).param(number).update();
        }
        String claim = java.nio.file.Files.readString(java.nio.file.Path.of("routes/sql/payment-claim.sql"))
                .replaceAll("--.*", "")
                .replace(":#${variable.capacity}", "'3'")
                .replace(":#${variable.accountCapacity}", "'0'")
                .replace(":#${variable.accountCapacities}", "'{\"claimed\": 3}'")
                .replaceAll(":#\\$\\{properties:[^}]*}", "'1 hour'")
                .replace(":#${variable.pausedAccounts}", "''")
                .replace(":#${variable.ownAccounts}", "'claimed'")
                .replace("next_poll_at <= a.due_by", "polls = 0");
        ExecutorService threads = Executors.newFixedThreadPool(20);
        try {
            Callable<List<String>> claimer = () ->
                    db.sql(claim).query((row, n) -> row.getString("payment")).list();
            List<String> claimed = new java.util.ArrayList<>();
            for (int round = 0; claimed.size() < 40 && round < 20; round++) {
                for (var taken : threads.invokeAll(java.util.Collections.nCopies(20, claimer))) {
                    taken.get().forEach(row -> claimed.add(row.replaceFirst(".*\"order_no\": \"([^\"]+)\".*", "$1")));
                }
            }
            assertThat(claimed).containsExactlyInAnyOrderElementsOf(numbers);
        } finally {
            threads.shutdownNow();
            db.sql("delete from payment where account = 'claimed'").update();
        }
    }
}
