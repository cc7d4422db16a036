package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;

@DisplayName("refund-import, refund-recover")
class PortalRefundStoryTest extends Story {

    private static String notification(String number, String refundNumber, String status, long total) {
        return TenpaySigner.refundNotification("EV-" + UUID.randomUUID(), number, refundNumber, status, total, "SGD");
    }

    /** It names the refund by Tenpay's own number alone. */
    private static String notificationById(String number, String refundId, String status, long total) {
        return notification(number, "RF-XXXXXX", status, total)
                .replace("\"out_refund_no\":\"RF-XXXXXX\"", "\"refund_id\":\"" + refundId + "\"");
    }

    private static String notificationByBoth(
            String number, String refundNumber, String refundId, String status, long total) {
        return notificationById(number, refundId, status, total)
                .replace("\"refund_id\"", "\"out_refund_no\":\"" + refundNumber + "\",\"refund_id\"");
    }

    private Answer notify(String body) {
        Answer answer = send("POST", "/webhooks/tenpay/main/refunds", null, body, tenpay().headers(body));
        assertThat(answer.status()).isEqualTo(200);
        return answer;
    }

    /** A refund made in the merchant portal, as Tenpay's stand-in has it; its notification is on its way. */
    private String portalRefund(String number, String body) {
        Answer answer = send("POST", "/sandbox/payments/" + number + "/portal-refunds", null, body);
        assertThat(answer.status()).as(answer.content()).isEqualTo(200);
        return answer.text("out_refund_no");
    }

    private String notificationState(String refundNumber) {
        return db.sql("select state || coalesce(': ' || problem, '') from notification"
                        + " where convert_from(body, 'UTF8') like ? order by id desc limit 1")
                .param("%" + refundNumber + "%")
                .query(String.class)
                .single();
    }

    private List<String> refundHistory(String refundNumber) {
        return db.sql("""
                        select h.source || ' ' || h.outcome || ' ' || h.status_after
                        from history h join refund r on r.id = h.refund_id
                        where r.refund_no = ? order by h.id
                        """).param(refundNumber).query(String.class).list();
    }

    @Test
    void takesInAPortalRefundAndTellsTheErp() {
        String number = paidPayment();

        String refundNumber = portalRefund(number, "{\"total\":400,\"outcome\":\"SUCCESS\"}");

        assertThat(refundNumber).hasSizeGreaterThan(32);
        refundIsSoon(refundNumber, "SUCCEEDED");
        Answer refund = refundOf(refundNumber);
        assertThat(refund.text("origin")).isEqualTo("PORTAL");
        assertThat(refund.text("orderNo")).isEqualTo(number);
        assertThat(refund.text("refundId")).isNotBlank();
        assertThat(refund.body().has("review")).isFalse();
        assertThat(refund.body().has("reason")).isFalse();
        assertThat(refunded(number)).isEqualTo(400);
        assertThat(events(number)).containsExactly("payment.pending", "payment.succeeded", "refund.succeeded");
        assertThat(refundHistory(refundNumber))
                .containsExactly("notification STORED CREATED", "notification CHANGED SUCCEEDED");
        assertThat(get("/v1/payments/" + number + "/refunds")
                        .body()
                        .at("/items/0/origin")
                        .asText())
                .isEqualTo("PORTAL");
        assertThat(count(
                        "select count(*) from erp_event where type = 'refund.succeeded' and data ->> 'refund_no' = ?"
                                + " and data ->> 'origin' = 'PORTAL'",
                        refundNumber))
                .isOne();
    }

    @Test
    void pollsAPortalRefundThatIsStillOpen() {
        String number = paidPayment();
        String refundNumber = portalRefund(number, "{\"total\":400}");

        notify(notification(number, refundNumber, "PROCESSING", 400));

        assertThat(refundOf(refundNumber).text("status")).isEqualTo("PENDING");
        assertThat(refund(number, newRefundNumber(), 651).text("code")).isEqualTo("REFUND_EXCEEDS_PAYMENT");
        assertThat(post("/v1/refunds/" + refundNumber + "/sync", null).text("status"))
                .isEqualTo("PENDING");
        bank(refundNumber, "SUCCESS");
        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refunded(number)).isEqualTo(400);
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isZero();
    }

    @Test
    void reconcilesAPortalRefundAsAnyOther() {
        String number = paidPayment();
        String refundNumber = portalRefund(number, "{\"total\":400,\"outcome\":\"SUCCESS\"}");
        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(count("select count(*) from refund where refund_no = ? and reconcile_at > now()", refundNumber))
                .isOne();

        Answer again = post("/v1/refunds/" + refundNumber + "/sync", null);

        assertThat(again.text("status")).isEqualTo("SUCCEEDED");
        assertThat(refundHistory(refundNumber)).endsWith("inquiry-refund CONFIRMED SUCCEEDED");
        assertThat(count("select count(*) from refund where refund_no = ? and reconcile_at is null", refundNumber))
                .isOne();
    }

    @Test
    void answersTheErpsOwnPostOfAPortalRefundByContent() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        notify(notification(number, refundNumber, "SUCCESS", 250));

        Answer same = refund(number, refundNumber, 250);
        Answer other = refund(number, refundNumber, 251);

        assertThat(same.status()).isEqualTo(200);
        assertThat(same.text("status")).isEqualTo("SUCCEEDED");
        assertThat(same.text("origin")).isEqualTo("PORTAL");
        assertThat(other.status()).isEqualTo(409);
        assertThat(other.text("code")).isEqualTo("REFUND_CONFLICT");
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isZero();
    }

    @Test
    void neverSendsAPortalRefundToTenpay() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        notify(notification(number, refundNumber, "PROCESSING", 250));
        db.sql("update refund set status = 'CREATED' where refund_no = ?")
                .param(refundNumber)
                .update();

        assertThat(refund(number, refundNumber, 250).status()).isEqualTo(202);
        post("/v1/refunds/" + refundNumber + "/sync", null);

        assertThat(refundCallsAtTenpay(refundNumber, "inquiry-refund")).isOne();
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isZero();
    }

    @Test
    void recordsAPortalRefundBeyondTheRestForReview() {
        String number = paidPayment();
        assertThat(refund(number, newRefundNumber(), 700).status()).isEqualTo(201);
        String refundNumber = newRefundNumber();

        notify(notification(number, refundNumber, "SUCCESS", 400));

        assertThat(refundOf(refundNumber).text("status")).isEqualTo("SUCCEEDED");
        assertThat(refundOf(refundNumber).text("review")).isEqualTo("AMOUNT_MISMATCH");
        assertThat(refunded(number)).isEqualTo(400);
        assertThat(events(number)).endsWith("refund.succeeded", "refund.review");
        assertThat(refund(number, newRefundNumber(), 1).text("code")).isEqualTo("REFUND_EXCEEDS_PAYMENT");
    }

    @Test
    void recordsAPortalRefundInAnotherCurrencyForReview() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();

        notify(notification(number, refundNumber, "SUCCESS", 100).replace("SGD", "USD"));

        Answer refund = refundOf(refundNumber);
        assertThat(refund.text("status")).isEqualTo("SUCCEEDED");
        assertThat(refund.text("review")).isEqualTo("AMOUNT_MISMATCH");
        assertThat(refund.body().at("/amount/currency").asText()).isEqualTo("USD");
        assertThat(refunded(number)).isZero();
        assertThat(events(number)).endsWith("refund.succeeded", "refund.review");
        assertThat(refund(number, newRefundNumber(), 1).text("code")).isEqualTo("REFUND_EXCEEDS_PAYMENT");
    }

    @Test
    void asksAboutAnOrderThatIsRefundedBeforeItIsPaidHere() {
        String number = pendingPayment();
        fault(number, "inquiry-payment", "UNSIGNED");
        db.sql("update payment set next_poll_at = now() + interval '1 hour' where order_no = ?")
                .param(number)
                .update();
        String refundNumber = newRefundNumber();

        notify(notification(number, refundNumber, "SUCCESS", 250));

        assertThat(notificationState(refundNumber))
                .isEqualTo("WAITING: its order is PENDING here; Tenpay is asked about the order now");
        eventually()
                .untilAsserted(() ->
                        assertThat(callsAtTenpay(number, "inquiry-payment")).isPositive());
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refunded(number)).isEqualTo(250);
    }

    @Test
    void asksAboutAnExpiredOrderThatIsRefunded() {
        String number = pendingPayment();
        shopper(number, "EXPIRED");
        isSoon(number, "EXPIRED");
        String refundNumber = newRefundNumber();

        notify(notification(number, refundNumber, "SUCCESS", 250));

        // Due, or asked about: between the two it is neither for a moment.
        eventually()
                .untilAsserted(() -> assertThat(count(
                                        "select count(*) from payment where order_no = ? and reconcile_at <= now()",
                                        number)
                                + count(
                                        "select count(*) from history h join payment p on p.id = h.payment_id"
                                                + " where p.order_no = ? and h.source = 'inquiry-payment'",
                                        number))
                        .isPositive());
        assertThat(notificationState(refundNumber)).startsWith("WAITING: its order is EXPIRED here");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"R1", "portal.2026:11@30-1", "5000000038202611231234567890123456789012345678901234567890123456"})
    void takesInNumbersOfThePortalsOwn(String start) {
        String number = paidPayment();
        // Up to 64 characters of its own, and unused yet.
        String refundNumber = start.length() == 64 ? start : start + System.nanoTime();

        notify(notification(number, refundNumber, "SUCCESS", 100));

        Answer refund = get("/v1/refunds/" + refundNumber.replace(":", "%3A").replace("@", "%40"));
        assertThat(refund.text("refundNo")).isEqualTo(refundNumber);
        assertThat(refund.text("status")).isEqualTo("SUCCEEDED");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\"out_refund_no\":null,",
                "\"out_refund_no\":\"\",",
                "\"out_refund_no\":\"退款 1\",",
                "\"out_refund_no\":\"../x\",",
                "\"out_refund_no\":\"50000000382026112312345678901234567890123456789012345678901234567\","
            })
    void takesInByTenpaysOwnNumberWhereTheOtherIsUnusable(String field) {
        String number = paidPayment();
        String refundId = "5030" + System.nanoTime();
        String body =
                notificationById(number, refundId, "SUCCESS", 100).replace("\"refund_id\"", field + "\"refund_id\"");

        notify(body);

        assertThat(refundOf(refundId).text("status")).isEqualTo("SUCCEEDED");
        assertThat(refundOf(refundId).text("refundId")).isEqualTo(refundId);
        assertThat(refunded(number)).isEqualTo(100);
    }

    @Test
    void countsRefundOnceWhenNotificationNamesItsIdOnly() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        assertThat(refund(number, refundNumber, 400).status()).isEqualTo(201);
        String refundId = refundOf(refundNumber).text("refundId");
        bank(refundNumber, "SUCCESS");

        notify(notificationById(number, refundId, "SUCCESS", 400));
        post("/v1/refunds/" + refundNumber + "/sync", null);

        assertThat(refundOf(refundNumber).text("status")).isEqualTo("SUCCEEDED");
        assertThat(refundOf(refundId).status()).isEqualTo(404);
        assertThat(refunded(number)).isEqualTo(400);
    }

    @Test
    void waitsForTheIdOfOurRefund() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        fault(refundNumber, "refund", "BAD_GATEWAY");
        assertThat(refund(number, refundNumber, 400).status()).isEqualTo(202);
        db.sql(
                        "update refund set next_poll_at = now() + interval '1 hour', tenpay_refund_id = null where refund_no = ?")
                .param(refundNumber)
                .update();
        String refundId = "5031" + System.nanoTime();

        notify(notificationById(number, refundId, "SUCCESS", 400));

        assertThat(notificationState(refundId)).startsWith("WAITING: it lacks out_refund_no");
        assertThat(refundOf(refundId).status()).isEqualTo(404);
        db.sql("update refund set tenpay_refund_id = ? where refund_no = ?")
                .params(refundId, refundNumber)
                .update();
        db.sql("update notification set next_attempt_at = now() where number = ?")
                .param(refundId)
                .update();
        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refunded(number)).isEqualTo(400);
    }

    /** By its number and by Tenpay's own, at one moment. */
    @RepeatedTest(5)
    void countsPortalRefundOnceUnderBothItsNumbers() throws Exception {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        String refundId = "5032" + System.nanoTime();
        List<Callable<Answer>> calls = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            calls.add(() -> notify(notificationById(number, refundId, "SUCCESS", 250)));
            calls.add(() -> notify(notificationByBoth(number, refundNumber, refundId, "SUCCESS", 250)));
        }
        assertThat(atOnce(calls)).extracting(Answer::status).containsOnly(200);

        eventually().until(() -> notificationState(refundId).equals("DONE"));
        assertThat(refunded(number)).isEqualTo(250);
        assertThat(count("select count(*) from refund where order_no = ?", number))
                .isOne();
    }

    @Test
    void keepsWaitingForAnotherMerchantOrAnUnknownOrder() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        String lost = newRefundNumber();

        notify(notification(number, refundNumber, "SUCCESS", 250).replace("2480000001", "2480000002"));
        notify(notification(newNumber(), lost, "SUCCESS", 250));

        assertThat(notificationState(refundNumber))
                .isEqualTo("WAITING: it names another merchant id than its order has");
        assertThat(notificationState(lost)).startsWith("WAITING: nothing in the store has its number");
        assertThat(refundOf(refundNumber).status()).isEqualTo(404);
        assertThat(refunded(number)).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\"amount\":{\"total\":0,\"currency\":\"SGD\"},",
                "\"amount\":{\"total\":9.5,\"currency\":\"SGD\"},",
                "\"amount\":{\"total\":250,\"currency\":\"sgd\"},",
                "\"amount\":{\"total\":9999999999999999999,\"currency\":\"SGD\"},"
            })
    void asksForAmountThatNotificationLacks(String amount) {
        String number = paidPayment();
        String refundNumber = portalRefund(number, "{\"total\":250,\"refundNo\":\"" + newRefundNumber() + "\"}");
        notify(notification(number, refundNumber, "SUCCESS", 250)
                .replace("\"amount\":{\"total\":250,\"currency\":\"SGD\"},", amount));
        assertThat(notificationState(refundNumber)).startsWith("WAITING: it names no amount");
        assertThat(refundOf(refundNumber).status()).isEqualTo(404);

        Answer synced = post("/v1/refunds/" + refundNumber + "/sync", null);

        assertThat(synced.status()).isEqualTo(200);
        assertThat(synced.text("origin")).isEqualTo("PORTAL");
        assertThat(synced.text("status")).isEqualTo("PENDING");
    }

    @Test
    void syncOfAnUnknownNumberAsksTenpay() {
        String number = paidPayment();
        String unknown = newRefundNumber();
        String orphan = portalRefund(number, "{\"total\":250,\"refundNo\":\"" + newRefundNumber() + "\"}");
        db.sql("update payment set order_no = order_no || 'x' where order_no = ?")
                .param(number)
                .update();

        Answer absent = post("/v1/refunds/" + unknown + "/sync", null);
        Answer withoutOrder = post("/v1/refunds/" + orphan + "/sync", null);
        Answer ambiguous = send("POST", "/v1/refunds/" + orphan + "/sync", GROUP, null);
        Answer nonsense = post("/v1/refunds/" + "x".repeat(65) + "/sync", null);

        assertThat(absent.text("detail")).isEqualTo("neither the store nor Tenpay has a refund of this number");
        assertThat(withoutOrder.text("detail")).contains("no paid order of yours");
        assertThat(ambiguous.text("detail")).contains("with the parameter account");
        assertThat(List.of(absent.status(), withoutOrder.status(), ambiguous.status(), nonsense.status()))
                .containsOnly(404);
        assertThat(count("select count(*) from refund where refund_no in (?, ?)", unknown, orphan))
                .isZero();
    }

    @Test
    void takesItInLaterWhenThePaymentIsLocked(@Autowired DataSource store) throws Exception {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        try (Connection other = store.getConnection();
                PreparedStatement lock =
                        other.prepareStatement("select id from payment where order_no = ? for update")) {
            other.setAutoCommit(false);
            lock.setString(1, number);
            lock.execute();

            notify(notification(number, refundNumber, "SUCCESS", 250));

            assertThat(notificationState(refundNumber)).isEqualTo("WAITING: it can't be applied; the log has why");
            assertThat(count("select count(*) from refund where refund_no = ?", refundNumber))
                    .isZero();
            other.rollback();
            other.setAutoCommit(true);
        }

        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refunded(number)).isEqualTo(250);
    }

    /** Of one refund: several notifications, each of them more than once, and the ERP's own request, at one moment. */
    @RepeatedTest(5)
    void countsOnceWhateverComesAtOnce() throws Exception {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        List<Callable<Answer>> calls = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            String body = notification(number, refundNumber, "SUCCESS", 250);
            IntStream.range(0, 2).forEach(same -> calls.add(() -> notify(body)));
        }
        calls.add(() -> refund(number, refundNumber, 250));
        calls.add(() -> refund(number, newRefundNumber(), 801));
        assertThat(atOnce(calls)).extracting(Answer::status).isSubsetOf(200, 201, 202, 422);

        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refunded(number)).isEqualTo(250);
        assertThat(events(number).stream().filter("refund.succeeded"::equals)).hasSize(1);
        assertThat(count(
                        "select count(*) from notification where account = 'main' and state <> 'DONE'"
                                + " and convert_from(body, 'UTF8') like ?",
                        "%" + refundNumber + "%"))
                .isZero();
    }
}
