package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.builder.NotifyBuilder;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.TestPropertySource;

/** No webhook arrives here, and a day lasts a second. */
@DisplayName("polling of final rows, maintenance")
@TestPropertySource(
        properties = {
            "tenpay.notify-base-url=http://127.0.0.1:1",
            "tenpay.reconcile.claim-interval=200ms",
            "tenpay.reconcile.after=1s",
            "tenpay.reconcile.give-up-after=1h",
            "tenpay.maintenance.interval=300ms"
        })
@DirtiesContext
class ReconciliationStoryTest extends Story {

    @Autowired
    CamelContext camel;

    private Answer sync(String number) {
        return post("/v1/payments/" + number + "/sync", null);
    }

    private void agreed(String number) {
        eventually()
                .untilAsserted(() -> assertThat(count(
                                "select count(*) from payment where order_no = ? and reconcile_at is null", number))
                        .isEqualTo(1));
    }

    /** The stored status is final, and there was no inquiry since. */
    private void finished(String number, String status) {
        db.sql("""
                        update payment set status = ?, next_poll_at = null, reconcile_at = now(), updated_at = now() - interval '1 minute',
                            paid_at = case when ? = 'SUCCEEDED' then now() end where order_no = ?
                        """).params(status, status, number).update();
    }

    @Test
    void findsSuccessWhoseNotificationWasLost() {
        String number = pendingPayment();
        shopper(number, "FAILED");
        assertThat(sync(number).text("status")).isEqualTo("FAILED");

        shopper(number, "SUCCESS");

        isSoon(number, "SUCCEEDED");
        assertThat(payment(number).text("review")).isEqualTo("LATE_SUCCESS");
        agreed(number);
    }

    @Test
    void asksNoMoreAboutConfirmedSuccess() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        finished(number, "SUCCEEDED");

        agreed(number);

        assertThat(history(number)).endsWith("inquiry-payment CONFIRMED SUCCEEDED");
        assertThat(callsAtTenpay(number, "inquiry-payment")).isEqualTo(1);
        assertThat(payment(number).text("review")).isNull();
    }

    @Test
    void reviewsSuccessThatTenpayContradicts() {
        String open = pendingPayment();
        String failed = pendingPayment();
        shopper(failed, "FAILED");
        finished(open, "SUCCEEDED");
        finished(failed, "SUCCEEDED");
        String unknown = newNumber();
        db.sql("update payment set order_no = ? where order_no = ?")
                .params(unknown, pendingPayment())
                .update();
        finished(unknown, "SUCCEEDED");

        for (String number : List.of(open, failed, unknown)) {
            eventually()
                    .untilAsserted(
                            () -> assertThat(payment(number).text("review")).isEqualTo("STATUS_MISMATCH"));
            assertThat(payment(number).text("status")).isEqualTo("SUCCEEDED");
            assertThat(events(number)).endsWith("payment.review").doesNotContain("payment.succeeded");
        }
        // Told once, however often it is asked.
        eventually().until(() -> callsAtTenpay(failed, "inquiry-payment") >= 3);
        assertThat(events(failed)).containsOnlyOnce("payment.review");
    }

    @Test
    void showsAContradictedSuccessInASync() {
        String number = pendingPayment();
        // As late as it may be: nothing but this question finds it.
        db.sql("update payment set status = 'SUCCEEDED', paid_at = now(), next_poll_at = null, updated_at = now()"
                        + " where order_no = ?")
                .param(number)
                .update();

        Answer answer = sync(number);

        assertThat(answer.text("status")).isEqualTo("SUCCEEDED");
        assertThat(answer.text("review")).isEqualTo("STATUS_MISMATCH");
        assertThat(history(number)).endsWith("inquiry-payment IGNORED SUCCEEDED");
    }

    @Test
    void asksTenpayWhenANotificationContradictsASuccess() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        assertThat(sync(number).text("status")).isEqualTo("SUCCEEDED");
        String failed = TenpaySigner.notification("EV-" + number, number, "FAILED", 1050, "SGD");
        assertThat(send("POST", "/webhooks/tenpay/main/payments", null, failed, tenpay().headers(failed))
                        .status())
                .isEqualTo(200);

        // Tenpay holds it for paid, so nothing is wrong.
        eventually()
                .untilAsserted(() -> assertThat(history(number))
                        .endsWith("notification IGNORED SUCCEEDED", "inquiry-payment CONFIRMED SUCCEEDED"));
        agreed(number);
        assertThat(events(number)).doesNotContain("payment.review");
    }

    @Test
    void findsRefundThatSucceededLater() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        sync(number);
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);
        bank(refundNumber, "FAILED");
        assertThat(post("/v1/refunds/" + refundNumber + "/sync", null).text("status"))
                .isEqualTo("FAILED");

        bank(refundNumber, "SUCCESS");

        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refundOf(refundNumber).text("review")).isEqualTo("LATE_SUCCESS");
        assertThat(refunded(number)).isEqualTo(250);
    }

    @Test
    void oldHistoryAndOldNotificationsGoAndPaymentsStay() {
        String number = pendingPayment();
        db.sql("update history set at = now() - interval '800 days' where payment_id ="
                        + " (select id from payment where order_no = ?)")
                .param(number)
                .update();
        db.sql("""
                        insert into notification (account, kind, body, state, received_at) values
                        ('main', 'payments', 'old', 'DONE', now() - interval '100 days'),
                        ('main', 'payments', 'young', 'DONE', now() - interval '80 days')
                        """).update();

        eventually().untilAsserted(() -> assertThat(history(number)).isEmpty());

        eventually()
                .untilAsserted(() -> assertThat(count("select count(*) from notification where body = 'old'"))
                        .isZero());
        assertThat(count("select count(*) from notification where body = 'young'"))
                .isEqualTo(1);
        assertThat(payment(number).text("status")).isEqualTo("PENDING");
    }

    @Test
    void maintenancePurgesUntilNothingOldIsLeft() throws Exception {
        String number = pendingPayment();
        camel.getRouteController().stopRoute("maintenance");
        db.sql("insert into history (payment_id, source, outcome, status_after, at)"
                        + " select id, 'old', 'STORED', 'PENDING', now() - interval '800 days'"
                        + " from payment, generate_series(1, 25000) where order_no = ?")
                .param(number)
                .update();
        NotifyBuilder turn =
                new NotifyBuilder(camel).fromRoute("maintenance").whenDone(1).create();
        camel.getRouteController().startRoute("maintenance");

        assertThat(turn.matches(30, TimeUnit.SECONDS)).isTrue();
        assertThat(count("select count(*) from history where source = 'old'")).isZero();
        assertThat(history(number)).isNotEmpty();
    }

    @Test
    void purgesOldKeysOfClientsThatNoLongerCall() {
        db.sql("insert into idempotency_key (client, key, request, used_at)"
                        + " select 'gone', 'k' || i, 'x', now() - interval '8 days' from generate_series(1, 25000) i")
                .update();
        db.sql("insert into idempotency_key (client, key, request) values ('gone', 'young', 'x')")
                .update();

        eventually()
                .untilAsserted(() -> assertThat(db.sql("select key from idempotency_key where client = 'gone' limit 2")
                                .query(String.class)
                                .list())
                        .containsExactly("young"));
    }

    @Test
    void theAgeOfTheQueuesIsMeasured() {
        String number = pendingPayment();
        db.sql(
                        "update payment set next_poll_at = now() - interval '5 minutes', submitting_until = now() + interval '1 hour'"
                                + " where order_no = ?")
                .param(number)
                .update();
        eventually()
                .untilAsserted(() -> assertThat(get("/actuator/metrics/tenpay.queue.oldest?tag=queue:payments")
                                .body()
                                .path("measurements")
                                .path(0)
                                .path("value")
                                .asInt())
                        .isBetween(290, 400));
        db.sql("update payment set next_poll_at = now() + interval '1 hour' where order_no = ?")
                .param(number)
                .update();
    }
}
