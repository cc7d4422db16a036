package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.story.TerminatingProxy.Recorded;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/** A proxy ends TLS between us and Tenpay, and gives one signed answer in place of another. */
@DisplayName("a proxy that replays")
@TestPropertySource(properties = "tenpay.call-timeout=9s")
@DirtiesContext
class ReplayStoryTest extends Story {

    private static final String PROXIED = "proxied-key-of-20-characters";
    private static final TestAccount ACCOUNT = TestAccount.create("proxied");
    private static SdkTenpayServer tenpay;
    private static TerminatingProxy proxy;

    @DynamicPropertySource
    static void aProxyThatEndsTls(DynamicPropertyRegistry registry) throws IOException {
        tenpay = new SdkTenpayServer(ACCOUNT, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        proxy = new TerminatingProxy(ACCOUNT.folder(), tenpay.url());
        ACCOUNT.settings().forEach((name, value) -> registry.add(name, () -> value));
        registry.add("tenpay.accounts.proxied.merchant-id", () -> "2480000003");
        registry.add("tenpay.accounts.proxied.base-url", proxy::url);
        registry.add(
                "spring.ssl.bundle.pem.tenpay.truststore.certificate",
                () -> ACCOUNT.folder().resolve("proxy.pem").toUri().toString());
        registry.add("tenpay.clients.proxied.api-key", () -> PROXIED);
        registry.add("tenpay.clients.proxied.accounts", () -> "proxied");
        registry.add("tenpay.clients.proxied.scopes", () -> String.join(",", SCOPES));
        registry.add("tenpay.clients.proxied.requests-per-second", () -> 1000);
    }

    @AfterAll
    static void close() {
        proxy.close();
        tenpay.close();
    }

    private Answer call(String path, String body) {
        return send("POST", "/v1/" + path, PROXIED, body);
    }

    private Answer sync(String number) {
        return call("payments/" + number + "/sync", null);
    }

    private String pending() {
        String number = newNumber();
        Answer answer = call("payments", order(number));
        assertThat(answer.status()).as(answer.content()).isEqualTo(201);
        return number;
    }

    private String paid() {
        String number = pending();
        tenpay.decide(number, "SUCCESS");
        assertThat(sync(number).text("status")).isEqualTo("SUCCEEDED");
        return number;
    }

    private Answer refundIt(String number, String refundNumber, long total) {
        return call("payments/" + number + "/refunds", refund(refundNumber, total));
    }

    private Answer notify(String kind, String body, String... signature) {
        return send("POST", "/webhooks/tenpay/proxied/" + kind, null, body, signature);
    }

    @Test
    void freesNoAmountByAReplayedRefusal() {
        String number = paid();
        String refused = newRefundNumber();
        tenpay.refuse(refused, "REFUND_EXCEEDED");
        Answer refusal = refundIt(number, refused, 1050);
        assertThat(refusal.text("code")).isEqualTo("TENPAY_REFUSED");
        assertThat(refusal.text("detail")).contains("its amount is free again");

        String replayed = newRefundNumber();
        proxy.answer("refund", replayed, proxy.recorded("refund", refused));
        assertThat(refundIt(number, replayed, 1050).status()).isEqualTo(202);

        assertThat(tenpay.refunds()).containsKey(replayed);
        assertThat(refundIt(number, newRefundNumber(), 1050).text("code")).isEqualTo("REFUND_EXCEEDS_PAYMENT");
        assertThat(call("refunds/" + replayed + "/sync", null).text("status")).isEqualTo("PENDING");
    }

    @Test
    void freesNoAmountByAnAnswerAboutAnUnknownRefund() {
        String number = paid();
        String unknown = newRefundNumber();
        assertThat(call("refunds/" + unknown + "/sync", null).text("detail"))
                .isEqualTo("neither the store nor Tenpay has a refund of this number");

        String refunded = newRefundNumber();
        proxy.answer("refund", refunded, new Recorded(502, java.util.Map.of(), new byte[0]));
        assertThat(refundIt(number, refunded, 1050).status()).isEqualTo(202);
        db.sql("update refund set refusal = 'REFUND_EXCEEDED' where refund_no = ?")
                .param(refunded)
                .update();
        proxy.answer("inquiry-refund", refunded, proxy.recorded("inquiry-refund", unknown));
        call("refunds/" + refunded + "/sync", null);

        assertThat(count("select count(*) from refund where refund_no = ? and status = 'FAILED'", refunded))
                .isZero();
        assertThat(tenpay.refunds()).containsKey(refunded);
    }

    @Test
    void freesNoAmountByAWithheldRefusal() {
        String number = paid();
        String refused = newRefundNumber();
        tenpay.refuse(refused, "REFUND_EXCEEDED");
        proxy.withhold("refund", refused);
        assertThat(refundIt(number, refused, 50).status()).isEqualTo(202);

        String covered = newRefundNumber();
        proxy.answer("refund", covered, proxy.recorded("refund", refused));
        Answer answer = refundIt(number, covered, 1000);

        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.text("status")).isEqualTo("PENDING");
        assertThat(refundIt(number, newRefundNumber(), 1000).text("code")).isEqualTo("REFUND_EXCEEDS_PAYMENT");
        assertThat(history(number)).contains("refund REFUSED CREATED", "inquiry-refund CHANGED PENDING");
    }

    @Test
    void failsNoOrderByAReplayedRefusal() {
        String refused = newNumber();
        tenpay.refuse(refused, "PARAM_ERROR");
        assertThat(call("payments", order(refused)).text("code")).isEqualTo("TENPAY_REFUSED");

        String number = newNumber();
        proxy.answer("checkout-pay", number, proxy.recorded("checkout-pay", refused));
        assertThat(call("payments", order(number)).status()).isEqualTo(202);

        assertThat(history(number)).endsWith("checkout-pay NO_RESPONSE CREATED");
        assertThat(call("payments", order(number)).text("prepayInfo")).isEqualTo("prepay-" + number);
    }

    @Test
    void letsTheErpPostARefusedOrderAgain() {
        String number = newNumber();
        tenpay.refuse(number, "PARAM_ERROR");
        proxy.withhold("inquiry-payment", number);
        assertThat(call("payments", order(number)).status()).isEqualTo(202);

        // It is asked about, and not sent again.
        assertThat(call("payments", order(number)).text("code")).isEqualTo("TENPAY_REFUSED");
        assertThat(tenpay.calls("checkout-pay", number)).isEqualTo(1);
        assertThat(count(
                        "select count(*) from payment where order_no = ? and reconcile_at < now() + interval '11 minutes'",
                        number))
                .isEqualTo(1);
    }

    @Test
    void contradictsNoSuccessByAnOldAnswer() {
        String number = pending();
        assertThat(sync(number).text("status")).isEqualTo("PENDING");
        Recorded old = proxy.recorded("inquiry-payment", number);
        tenpay.decide(number, "SUCCESS");
        assertThat(sync(number).text("status")).isEqualTo("SUCCEEDED");

        proxy.answer("inquiry-payment", number, old);
        assertThat(sync(number).text("code")).isEqualTo("TENPAY_NO_ANSWER");

        assertThat(count(
                        "select count(*) from payment where order_no = ? and contradicted_at is null and review is null",
                        number))
                .isEqualTo(1);
        assertThat(events(number)).doesNotContain("payment.review");
    }

    /** The ordinary race: asked while open, answered behind the notification of the success. */
    @Test
    void staysQuietWhenANotificationOvertakesAnAnswer() {
        String number = pending();
        tenpay.stall(number);
        CompletableFuture<Answer> asked = CompletableFuture.supplyAsync(() -> sync(number));
        eventually().until(() -> tenpay.calls("inquiry-payment", number) == 1);
        String body = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD")
                .replace("2480000001", "2480000003");
        assertThat(notify("payments", body, tenpay.signer().headers(body)).status())
                .isEqualTo(200);
        tenpay.letGo(number);

        assertThat(asked.join().text("status")).isEqualTo("SUCCEEDED");

        assertThat(history(number)).endsWith("inquiry-payment IGNORED SUCCEEDED");
        assertThat(count(
                        "select count(*) from payment where order_no = ? and contradicted_at is null and review is null"
                                + " and reconcile_at > now() + interval '1 hour'",
                        number))
                .isEqualTo(1);
    }

    @Test
    void takesEachNotificationOnce() {
        String number = pending();
        String body = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD")
                .replace("2480000001", "2480000003");
        String[] signature = tenpay.signer().headers(body);
        assertThat(notify("payments", body, signature).status()).isEqualTo(200);
        List<String> history = history(number);

        assertThat(notify("payments", body, signature).status()).isEqualTo(200);
        Answer elsewhere = notify("refunds", body, signature);

        assertThat(history(number)).isEqualTo(history).endsWith("notification CHANGED SUCCEEDED");
        assertThat(elsewhere.status()).isEqualTo(401);
        assertThat(elsewhere.content()).contains("the signature was used before");
        assertThat(count("select count(*) from notification where account = 'proxied' and kind = 'refunds'"))
                .isZero();
    }

    @Test
    void takesNoAnswerForANotification() {
        String number = pending();
        Recorded answer = proxy.recorded("checkout-pay", number);
        String body = new String(answer.body(), StandardCharsets.UTF_8);
        assertThat(notify("payments", body, answer.signature()).status()).isEqualTo(401);
    }

    /** A fault of the store leaves nothing used, so that Tenpay can send the same again. */
    @Test
    void takesANotificationAgainThatCouldNotBeStored() {
        String number = newNumber();
        String body = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD")
                .replace("2480000001", "2480000003");
        String[] signature = tenpay.signer().headers(body);
        db.sql("alter table notification rename to notification_away").update();
        assertThat(notify("payments", body, signature).status()).isEqualTo(503);
        db.sql("alter table notification_away rename to notification").update();

        assertThat(notify("payments", body, signature).status()).isEqualTo(200);
        assertThat(call("payments", order(number)).status()).isIn(200, 201, 202);
        eventually()
                .untilAsserted(() -> assertThat(send("GET", "/v1/payments/" + number, PROXIED, null)
                                .text("status"))
                        .isEqualTo("SUCCEEDED"));
    }

    @Test
    void closesAnOrderThatTenpayNeverHad() {
        String number = newNumber();
        tenpay.refuse(number, "SYSTEM_ERROR");
        assertThat(call("payments", order(number)).status()).isEqualTo(202);
        tenpay.refuse(number, "ORDER_NOT_EXIST");
        Answer early = call("payments/" + number + "/close", null);
        assertThat(early.status()).isEqualTo(409);
        assertThat(early.text("code")).isEqualTo("PAYMENT_NOT_AT_TENPAY");
        db.sql("update payment set submitted_at = submitted_at - interval '61 seconds' where order_no = ?")
                .param(number)
                .update();

        Answer closed = call("payments/" + number + "/close", null);

        assertThat(closed.status()).as(closed.content()).isEqualTo(200);
        assertThat(closed.text("status")).isEqualTo("CLOSED");
    }
}
