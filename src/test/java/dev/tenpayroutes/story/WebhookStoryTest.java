package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@DisplayName("webhook-receive, webhook-process, tenpay-result")
class WebhookStoryTest extends Story {

    private static final String HOOK = "/webhooks/tenpay/main/payments";

    private static String success(String number) {
        return TenpaySigner.notification(newId(), number, "SUCCESS", 1050, "SGD");
    }

    private static String newId() {
        return "EV-" + UUID.randomUUID();
    }

    private Answer notify(String body, String... headers) {
        return send("POST", HOOK, null, body, headers);
    }

    private int stored(String number) {
        return count("select count(*) from notification where position(? in convert_from(body, 'UTF8')) > 0", number);
    }

    @Test
    void aPlainNotificationSignedByTheOfficialSdkSettlesThePayment() {
        String number = pendingPayment();
        String body = success(number);

        Answer answer = notify(body, tenpay().headers(body));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body().toString()).isEqualTo("{\"code\":\"SUCCESS\",\"message\":\"OK\"}");
        isSoon(number, "SUCCEEDED");
        assertThat(OffsetDateTime.parse(payment(number).text("paidAt")))
                .isAtSameInstantAs(OffsetDateTime.parse(TenpaySigner.MOVED_AT));
    }

    @Test
    void theVerifiedBytesAreTheStoredBytes() {
        String number = pendingPayment();
        String body = "  " + success(number).replace("\"CARD\"", "\"\\u0043ARD \u00e9\u4e2d\"") + "\r\n";

        assertThat(notify(body, tenpay().headers(body)).status()).isEqualTo(200);

        assertThat(count("select count(*) from notification where body = ?", (Object)
                        body.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(1);
        isSoon(number, "SUCCEEDED");
    }

    @Test
    void theContentTypeOfANotificationDoesNotMatter() {
        for (String type :
                new String[] {"application/x-www-form-urlencoded", "text/plain; charset=latin1", "multipart/form-data"
                }) {
            String number = pendingPayment();
            String body = success(number);
            assertThat(sendBytes("POST", HOOK, null, TenpaySigner.bytes(body), type, tenpay().headers(body))
                            .status())
                    .isEqualTo(200);
            isSoon(number, "SUCCEEDED");
        }
    }

    @Test
    void theSameNotificationSignedAnewIsStoredOnce() {
        String number = pendingPayment();
        String body = success(number);
        notify(body, tenpay().headers(body));

        assertThat(notify(body, tenpay().headers(body)).status()).isEqualTo(200);

        assertThat(stored(number)).isEqualTo(1);
        isSoon(number, "SUCCEEDED");
        assertThat(events(number)).containsExactly("payment.pending", "payment.succeeded");
    }

    @Test
    void aChangedByteIsA401() {
        String number = pendingPayment();
        String body = success(number);
        String[] headers = tenpay().headers(body);
        assertThat(notify(body.replace("1050", "1051"), headers).status()).isEqualTo(401);
        assertThat(notify(body + " ", headers).status()).isEqualTo(401);
        assertThat(stored(number)).isZero();
        assertThat(payment(number).text("status")).isEqualTo("PENDING");
    }

    @Test
    void oneAccountsCertificateDoesNotSignForAnother() {
        String number = pendingPayment();
        String body = success(number);
        assertThat(send("POST", "/webhooks/tenpay/macau/payments", null, body, tenpay().headers(body))
                        .status())
                .isEqualTo(401);
        assertThat(send("POST", "/webhooks/tenpay/absent/payments", null, body, tenpay().headers(body))
                        .status())
                .isEqualTo(404);
        assertThat(stored(number)).isZero();
    }

    @Test
    void rejectionsAreCounted() {
        double before = rejected();
        notify("{}", "Wechatpay-Nonce", "n");
        assertThat(rejected()).isEqualTo(before + 1);
    }

    private double rejected() {
        return get("/actuator/metrics/tenpay.notifications.rejected")
                .body()
                .path("measurements")
                .path(0)
                .path("value")
                .asDouble(0);
    }

    @Test
    void appliesNotificationThatCameBeforeItsOrder() {
        String number = newNumber();
        String body = success(number);
        assertThat(notify(body, tenpay().headers(body)).status()).isEqualTo(200);
        eventually()
                .untilAsserted(() -> assertThat(count(
                                "select count(*) from notification where number = ? and state = 'WAITING'", number))
                        .isEqualTo(1));

        // Not by its next try: the order itself wakes it.
        db.sql("update notification set next_attempt_at = now() + interval '1 hour' where number = ?")
                .param(number)
                .update();

        assertThat(post("/v1/payments", order(number)).status()).isIn(200, 201);

        isSoon(number, "SUCCEEDED");
        assertThat(count("select count(*) from notification where number = ? and state = 'DONE'", number))
                .isEqualTo(1);
    }

    @Test
    void anInstanceThatDiedAfterStoringLeavesItsNotificationToAnother() {
        String number = pendingPayment();
        String body = success(number);
        // What a dead instance leaves behind: stored and acknowledged, not processed.
        db.sql("""
                        insert into notification (account, kind, body, next_attempt_at)
                        values ('main', 'payments', ?, now() + interval '1 second')
                        """).param(body.getBytes(StandardCharsets.UTF_8)).update();

        isSoon(number, "SUCCEEDED");
    }

    /** In a rolling update, say, which brings the account: an instance that doesn't know it would only use up its turns. */
    @Test
    void leavesNotificationOfForeignAccountToItsInstance() {
        leftBehind("others", "9 minutes");
        leftBehind("gone", "11 minutes");
        eventually()
                .until(() -> count("select count(*) from notification where account = 'gone' and attempts = 2") == 1);
        assertThat(count("select count(*) from notification where account = 'others' and attempts = 1"))
                .isOne();
        db.sql("delete from notification where account in ('others', 'gone')").update();
    }

    private void leftBehind(String account, String dueFor) {
        db.sql("""
                        insert into notification (account, kind, body, next_attempt_at)
                        values (?, 'payments', '{}', now() - cast(? as interval))
                        """).params(account, dueFor).update();
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void whatANotificationDidIsInTheLogByIdsAndStates(CapturedOutput log) {
        String number = pendingPayment();
        String wrong = TenpaySigner.notification(newId(), number, "SUCCESS", 1051, "SGD");
        String right = success(number);

        assertThat(notify(wrong, tenpay().headers(wrong)).status()).isEqualTo(200);
        assertThat(notify(right, tenpay().headers(right)).status()).isEqualTo(200);

        String line = "notification " + number + " of account main: ";
        eventually()
                .untilAsserted(() -> assertThat(log.getAll())
                        .contains(line + "MISMATCH, status PENDING AMOUNT_MISMATCH")
                        .contains(line + "CHANGED, status SUCCEEDED"));
    }

    @Test
    void aNotificationOfAnotherMerchantChangesNothing() {
        String number = pendingPayment();
        String body = success(number).replace("2480000001", "2480000002");
        notify(body, tenpay().headers(body));
        eventually().untilAsserted(() -> assertThat(history(number)).contains("notification MISMATCH PENDING"));
        assertThat(payment(number).text("status")).isEqualTo("PENDING");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "\"event_type\":\"PAYMENT.SUCCESS\";\"event_type\":\"PAYMENT.FAILED\"",
                "\"event_type\":\"PAYMENT.SUCCESS\";\"event_type\":\"REFUND.SUCCESS\"",
                "\"resource_type\":\"plain\";\"resource_type\":\"riddle\"",
                "{\"id\";[\"id\"",
                "merchant_id;mchid",
                "SUCCESS;PAID",
            })
    void keepsUnreadableNotificationAndChangesNothing(String what, String by) {
        String number = pendingPayment();
        String body = success(number).replace(what, by);

        assertThat(notify(body, tenpay().headers(body)).status()).isEqualTo(200);

        eventually()
                .untilAsserted(() -> assertThat(count(
                                "select count(*) from notification where state = 'WAITING' and problem is not null"
                                        + " and position(? in convert_from(body, 'UTF8')) > 0",
                                number))
                        .isEqualTo(1));
        assertThat(payment(number).text("status")).isEqualTo("PENDING");
    }

    @ParameterizedTest
    @CsvSource({"SUCCESS,1050", "SUCCESS,50", "FAILED,1050"})
    void keepsRefundNotificationsApartFromPayments(String status, long total) {
        String number = pendingPayment();
        String body = """
                {"id":"%s","event_type":"REFUND.%s","resource_type":"plain","resource":{"merchant_id":"2480000001",\
                "out_trade_no":"%s","out_refund_no":"RF-000001","refund_id":"5030","status":"%s",\
                "amount":{"total":%d,"currency":"SGD"}}}""".formatted(newId(), status, number, status, total);
        assertThat(send("POST", "/webhooks/tenpay/main/refunds", null, body, tenpay().headers(body))
                        .status())
                .isEqualTo(200);
        eventually().untilAsserted(() -> assertThat(waiting(number)).isEqualTo(1));
        assertThat(payment(number).text("status")).isEqualTo("PENDING");
        assertThat(payment(number).text("review")).isNull();
    }

    private int waiting(String number) {
        return count(
                "select count(*) from notification where state = 'WAITING' and position(? in convert_from(body, 'UTF8')) > 0",
                number);
    }

    @Test
    void appliesTwoNotificationsOfOneId() {
        String number = pendingPayment();
        String id = newId();
        String failed = TenpaySigner.notification(id, number, "FAILED", 1050, "SGD");
        notify(failed, tenpay().headers(failed));
        isSoon(number, "FAILED");

        String paid = TenpaySigner.notification(id, number, "SUCCESS", 1050, "SGD");
        notify(paid, tenpay().headers(paid));

        isSoon(number, "SUCCEEDED");
    }

    @Test
    void acceptsNotificationAfterWrongPath() {
        String number = pendingPayment();
        String body = success(number);
        String[] headers = tenpay().headers(body);
        send("POST", "/webhooks/tenpay/main/refunds", null, body, headers);
        assertThat(notify(body, headers).status()).isEqualTo(200);
        isSoon(number, "SUCCEEDED");
    }

    @Test
    void aTimeThatIsNoTimeLosesNoSuccess() {
        String number = pendingPayment();
        String body = success(number).replace("2026-11-23T16:00:00", "2026-02-30T16:00:00");
        notify(body, tenpay().headers(body));
        isSoon(number, "SUCCEEDED");
        assertThat(payment(number).text("paidAt")).isNotBlank();
    }

    @Test
    void tooLargeANotificationIsA413AndASmallerOneIsNot() {
        String large = "x".repeat(257 * 1024);
        assertThat(notify(large, tenpay().headers(large)).status()).isEqualTo(413);
        String small = "x".repeat(255 * 1024);
        assertThat(notify(small, tenpay().headers(small)).status()).isEqualTo(200);
        // Unsigned, too little of it is read to know.
        assertThat(notify(small).status()).isEqualTo(401);
    }
}
