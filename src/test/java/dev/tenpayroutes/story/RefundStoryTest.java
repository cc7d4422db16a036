package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("refund-create, tenpay-result")
class RefundStoryTest extends Story {

    private Answer notify(String number, String refundNumber, String status, long total, String currency) {
        return notify(TenpaySigner.refundNotification(
                "EV-" + UUID.randomUUID(), number, refundNumber, status, total, currency));
    }

    private Answer notify(String body) {
        return send("POST", "/webhooks/tenpay/main/refunds", null, body, tenpay().headers(body));
    }

    private List<String> refundHistory(String refundNumber) {
        return db.sql("""
                        select h.source || ' ' || h.outcome || ' ' || h.status_after
                        from history h join refund r on r.id = h.refund_id
                        where r.refund_no = ? order by h.id
                        """).param(refundNumber).query(String.class).list();
    }

    @Test
    void aPartOfAPaymentIsRefundedAndTheBankTellsByNotification() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();

        Answer answer = refund(number, refundNumber, 250);

        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.text("status")).isEqualTo("PENDING");
        assertThat(answer.text("refundId")).isNotBlank();
        assertThat(answer.text("orderNo")).isEqualTo(number);
        assertThat(answer.text("reason")).isEqualTo("one latte was cold");
        assertThat(refunded(number)).isZero();
        bank(refundNumber, "SUCCESS");
        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refundOf(refundNumber).text("refundedAt")).isNotBlank();
        assertThat(refunded(number)).isEqualTo(250);
        assertThat(events(number))
                .containsExactly("payment.pending", "payment.succeeded", "refund.pending", "refund.succeeded");
        assertThat(refundHistory(refundNumber))
                .containsExactly(
                        "refund-request STORED CREATED", "refund CHANGED PENDING", "notification CHANGED SUCCEEDED");
    }

    @Test
    void aPaymentIsRefundedInPartsUpToTheLastCent() {
        String number = paidPayment();
        for (long total : new long[] {1, 1000, 49}) {
            String refundNumber = newRefundNumber();
            assertThat(refund(number, refundNumber, total).status()).isEqualTo(201);
            bank(refundNumber, "SUCCESS");
            refundIsSoon(refundNumber, "SUCCEEDED");
        }
        assertThat(refunded(number)).isEqualTo(1050);
        // A late success may have refunded more than was paid.
        db.sql("update payment set amount = 1000 where order_no = ?")
                .param(number)
                .update();

        Answer more = refund(number, newRefundNumber(), 1);

        assertThat(more.status()).isEqualTo(422);
        assertThat(more.text("code")).isEqualTo("REFUND_EXCEEDS_PAYMENT");
        assertThat(more.text("detail")).contains("at most 0 SGD");
    }

    @Test
    void theSameRefundAgainIsTheSameRefundAndIsCalledOnce() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);

        Answer again = refund(number, refundNumber, 250);

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text("status")).isEqualTo("PENDING");
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isEqualTo(1);
        // The money of the first one doesn't stand in the way of its own repetition.
        String all = newRefundNumber();
        assertThat(refund(number, all, 800).status()).isEqualTo(201);
        assertThat(refund(number, all, 800).status()).isEqualTo(200);
    }

    @Test
    void theSameNumberForAnotherRefundIsAConflict() {
        String number = paidPayment();
        String other = paidPayment();
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);
        String path = "/v1/payments/" + number + "/refunds";

        for (Answer answer : List.of(
                refund(number, refundNumber, 251),
                refund(other, refundNumber, 250),
                post(path, refund(refundNumber, 250).replace("cold", "old")),
                post(path, refund(refundNumber, 250).replace(",\"reason\":\"one latte was cold\"", "")))) {
            assertThat(answer.status()).isEqualTo(409);
            assertThat(answer.text("code")).isEqualTo("REFUND_CONFLICT");
        }
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isEqualTo(1);
        assertThat(get(path).body().path("items")).hasSize(1);
    }

    @Test
    void tenIdenticalRefundsAtOnceAreOneRefund() throws Exception {
        String number = paidPayment();
        String refundNumber = newRefundNumber();

        List<Answer> answers = atOnce(Collections.nCopies(10, () -> refund(number, refundNumber, 250)));

        assertThat(answers).extracting(Answer::status).containsOnlyOnce(201).isSubsetOf(200, 201, 202);
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isEqualTo(1);
        assertThat(count("select count(*) from refund where refund_no = ?", refundNumber))
                .isEqualTo(1);
    }

    @Test
    void tenCompetingRefundsNeverExceedWhatWasPaid() throws Exception {
        for (int round = 0; round < 5; round++) {
            String number = paidPayment();

            List<Answer> answers = atOnce(Collections.nCopies(10, () -> refund(number, newRefundNumber(), 300)));

            // Three times 300 of 1050, in any order.
            assertThat(answers).filteredOn(answer -> answer.status() == 201).hasSize(3);
            assertThat(answers)
                    .filteredOn(answer -> answer.status() != 201)
                    .hasSize(7)
                    .allMatch(answer -> "REFUND_EXCEEDS_PAYMENT".equals(answer.text("code")));
            // It was decided here: Tenpay never had to refuse one.
            assertThat(count(
                            "select count(*) from history h join payment p on p.id = h.payment_id"
                                    + " where p.order_no = ? and h.outcome = 'REFUSED'",
                            number))
                    .isZero();
        }
    }

    @Test
    void aRefundIsDecidedWhileItsPaymentIsHeldHoweverLongThatTakes() throws Exception {
        String number = paidPayment();
        // Between what a statement sees and what it writes there is time enough for the others to see the same.
        db.sql("""
                        create function slowly() returns trigger language plpgsql as
                        $$ begin perform pg_sleep(0.3); return new; end $$
                        """).update();
        db.sql("create trigger slowly before insert on refund for each row execute function slowly()")
                .update();
        try {
            List<Answer> answers = atOnce(Collections.nCopies(4, () -> refund(number, newRefundNumber(), 1050)));

            // By us: Tenpay never had to refuse one.
            assertThat(answers)
                    .extracting(answer -> answer.text("code"))
                    .containsExactlyInAnyOrder(
                            null, "REFUND_EXCEEDS_PAYMENT", "REFUND_EXCEEDS_PAYMENT", "REFUND_EXCEEDS_PAYMENT");
        } finally {
            db.sql("drop trigger slowly on refund").update();
            db.sql("drop function slowly()").update();
        }
    }

    @Test
    void aRefundThatTenpayRefusesGivesItsAmountFreeAgain() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        fault(refundNumber, "refund", "PARAM_ERROR");

        Answer refused = refund(number, refundNumber, 1050);

        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.text("code")).isEqualTo("TENPAY_REFUSED");
        assertThat(refused.text("tenpayCode")).isEqualTo("PARAM_ERROR");
        assertThat(refused.text("tenpayMessage")).isNotBlank();
        assertThat(refundOf(refundNumber).text("status")).isEqualTo("FAILED");
        assertThat(refundOf(refundNumber).text("failReason")).startsWith("PARAM_ERROR");
        // The same request again has the same answer, and is not sent again.
        assertThat(refund(number, refundNumber, 1050).text("code")).isEqualTo("TENPAY_REFUSED");
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isEqualTo(1);
        assertThat(refund(number, newRefundNumber(), 1050).status()).isEqualTo(201);
    }

    /** All calls share one request route, whose every fault OrderStoryTest tries. */
    @ParameterizedTest
    @ValueSource(strings = {"SYSTEM_ERROR", "UNSIGNED", "LATE", "RESET_AFTER", "WRONG_ORDER"})
    void aRefundWhoseOutcomeIsUnknownKeepsItsAmount(String fault) {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        fault(refundNumber, "refund", fault);

        Answer unknown = refund(number, refundNumber, 1050);

        assertThat(unknown.status()).isEqualTo(202);
        assertThat(unknown.text("status")).isEqualTo("CREATED");
        assertThat(refund(number, newRefundNumber(), 1).text("code")).isEqualTo("REFUND_EXCEEDS_PAYMENT");
        // Once its answer is known it is one refund, however often it is asked for.
        eventually()
                .untilAsserted(
                        () -> assertThat(refund(number, refundNumber, 1050).text("status"))
                                .isEqualTo("PENDING"));
        bank(refundNumber, "SUCCESS");
        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refunded(number)).isEqualTo(1050);
    }

    @Test
    void aRefusedRepetitionProvesNothingAboutTheFirstCall() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        fault(refundNumber, "refund", "UNSIGNED");
        assertThat(refund(number, refundNumber, 1050).status()).isEqualTo(202);
        fault(refundNumber, "refund", "PARAM_ERROR");

        Answer again = refund(number, refundNumber, 1050);

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text("status")).isEqualTo("PENDING");
        assertThat(refundHistory(refundNumber)).contains("refund REFUSED CREATED");
    }

    @Test
    void resendsRefundOnlyWhenNoCallCanArrive() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        fault(refundNumber, "refund", "BAD_GATEWAY");
        refund(number, refundNumber, 250);
        String due = "update refund set next_poll_at = now() where refund_no = ?";
        db.sql(due).param(refundNumber).update();
        eventually()
                .untilAsserted(
                        () -> assertThat(refundHistory(refundNumber)).contains("inquiry-refund NOT_FOUND CREATED"));
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isEqualTo(1);

        db.sql("update refund set submitted_at = now() - interval '61 seconds' where refund_no = ?")
                .param(refundNumber)
                .update();
        db.sql(due).param(refundNumber).update();

        refundIsSoon(refundNumber, "PENDING");
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isEqualTo(2);
    }

    @Test
    void refusedCredentialsKeepTheRefundForAnotherTry() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        fault(refundNumber, "refund", "NO_AUTH");

        Answer denied = refund(number, refundNumber, 250);

        assertThat(denied.status()).isEqualTo(502);
        assertThat(denied.text("code")).isEqualTo("TENPAY_REFUSED");
        assertThat(denied.text("tenpayCode")).isEqualTo("NO_AUTH");
        assertThat(refundOf(refundNumber).text("status")).isEqualTo("CREATED");
        assertThat(refund(number, refundNumber, 250).text("status")).isEqualTo("PENDING");
    }

    @ParameterizedTest
    @CsvSource({"PAYNOW,90,SGD", "BOC_MACAU,365,MOP"})
    void aRefundComesWithinTheWindowOfItsMethodOrNotAtAll(String method, int days, String currency) {
        String number = paidPayment();
        db.sql(
                        "update payment set payment_method = ?, currency = ?, paid_at = now() - ? * interval '1 day' where order_no = ?")
                .params(method, currency, days + 1, number)
                .update();
        String path = "/v1/payments/" + number + "/refunds";
        String body = refund(newRefundNumber(), 250).replace("SGD", currency);

        Answer late = post(path, body);

        assertThat(late.status()).isEqualTo(422);
        assertThat(late.text("code")).isEqualTo("REFUND_WINDOW_PASSED");
        assertThat(late.text("detail")).contains(method, days + " days");
        db.sql("update payment set paid_at = now() - ? * interval '1 day' + interval '1 minute' where order_no = ?")
                .params(days, number)
                .update();
        // Now it is Tenpay's to say: our currency isn't the one that it knows the payment by.
        assertThat(post(path, body).text("code")).isNotEqualTo("REFUND_WINDOW_PASSED");
    }

    @Test
    void checksRefundCurrencyAndLimits() {
        String number = paidPayment();
        db.sql("update payment set amount = 9000000 where order_no = ?")
                .param(number)
                .update();
        String path = "/v1/payments/" + number + "/refunds";

        Answer foreign = post(path, refund(newRefundNumber(), 250).replace("SGD", "USD"));
        Answer huge = refund(number, newRefundNumber(), 1500001);

        assertThat(foreign.status()).isEqualTo(422);
        assertThat(foreign.text("code")).isEqualTo("CURRENCY_NOT_SUPPORTED");
        assertThat(foreign.text("detail")).contains("SGD", "USD");
        assertThat(huge.status()).isEqualTo(422);
        assertThat(huge.text("code")).isEqualTo("AMOUNT_OUT_OF_RANGE");
        assertThat(huge.text("detail")).contains("CARD refunds 1 to 1500000 SGD", "1500001");
    }

    @Test
    void aRefundIsSeenByItsOwnAccountOnly() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);

        assertThat(send("GET", "/v1/refunds/" + refundNumber, NEIGHBOUR, null).text("code"))
                .isEqualTo("REFUND_NOT_FOUND");
        // Of a number that the account doesn't have Tenpay is asked, which doesn't know this account.
        assertThat(send("POST", "/v1/refunds/" + refundNumber + "/sync", NEIGHBOUR, null)
                        .text("code"))
                .isEqualTo("REFUND_NOT_FOUND");
        String path = "/v1/payments/" + number + "/refunds";
        assertThat(send("GET", path, NEIGHBOUR, null).text("code")).isEqualTo("PAYMENT_NOT_FOUND");
        assertThat(send("POST", path, NEIGHBOUR, refund(newRefundNumber(), 1)).status())
                .isEqualTo(404);
        assertThat(send("GET", path, READER, null).status()).isEqualTo(200);
        assertThat(send("POST", path, READER, refund(newRefundNumber(), 1)).status())
                .isEqualTo(403);
        assertThat(send("POST", "/v1/refunds/" + refundNumber + "/sync", READER, null)
                        .status())
                .isEqualTo(403);
        assertThat(get("/v1/refunds/" + newRefundNumber()).status()).isEqualTo(404);
    }

    @Test
    void thePaymentShowsItsRefundsAndItsHistoryHasTheirs() {
        String number = paidPayment();
        String first = newRefundNumber();
        String second = newRefundNumber();
        refund(number, first, 250);
        refund(number, second, 100);

        JsonNode refunds = get("/v1/payments/" + number + "/refunds").body().path("items");
        JsonNode history = get("/v1/payments/" + number + "/events").body().path("items");

        assertThat(refunds).hasSize(2);
        assertThat(refunds.path(0).path("refundNo").asText()).isEqualTo(first);
        assertThat(refunds.path(1).path("refundNo").asText()).isEqualTo(second);
        List<String> lines = new ArrayList<>();
        history.forEach(item -> lines.add(
                item.path("refundNo").asText("-") + " " + item.path("source").asText()));
        assertThat(lines)
                .containsExactly(
                        "- order",
                        "- checkout-pay",
                        "- notification",
                        first + " refund-request",
                        first + " refund",
                        second + " refund-request",
                        second + " refund");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UNSIGNED", "WRONG_ORDER", "NO_AUTH"})
    void aSyncWithoutAUsableAnswerIsA502AndChangesNothing(String fault) {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);
        fault(refundNumber, "inquiry-refund", fault);

        Answer answer = post("/v1/refunds/" + refundNumber + "/sync", null);

        assertThat(answer.status()).isEqualTo(502);
        assertThat(answer.text("code")).isEqualTo("TENPAY_NO_ANSWER");
        assertThat(refundOf(refundNumber).text("status")).isEqualTo("PENDING");
        assertThat(refundOf(refundNumber).text("review")).isNull();
    }

    @Test
    void aSyncAsksTenpayNow() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);
        assertThat(post("/v1/refunds/" + refundNumber + "/sync", null).text("status"))
                .isEqualTo("PENDING");
        fault(refundNumber, "inquiry-refund", "WRONG_AMOUNT");

        post("/v1/refunds/" + refundNumber + "/sync", null);

        assertThat(refundOf(refundNumber).text("review")).isEqualTo("AMOUNT_MISMATCH");
        assertThat(events(number)).endsWith("refund.pending", "refund.review");
    }

    @Test
    void appliesNotificationThatCameBeforeItsRefund() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        // Not by its next try: the refund itself wakes it.
        db.sql("insert into notification (account, kind, body, state, next_attempt_at, number)"
                        + " values ('main', 'refunds', ?, 'WAITING', now() + interval '1 hour', ?)")
                .params(
                        TenpaySigner.bytes(TenpaySigner.refundNotification(
                                "EV-" + UUID.randomUUID(), number, refundNumber, "SUCCESS", 250, "SGD")),
                        refundNumber)
                .update();

        assertThat(refund(number, refundNumber, 250).status()).isIn(200, 201);

        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(refunded(number)).isEqualTo(250);
    }
}
