package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("payment-create, tenpay-request")
class OrderStoryTest extends Story {

    @Test
    void anOrderIsPostedThenPaidAndTheWebhookSettlesIt() {
        String number = newNumber();

        Answer created = post("/v1/payments", order(number));

        assertThat(created.status()).isEqualTo(201);
        assertThat(created.text("status")).isEqualTo("PENDING");
        assertThat(created.text("paymentId")).isNotBlank();
        assertThat(created.text("prepayInfo")).isNotBlank();
        assertThat(created.text("account")).isEqualTo("main");
        assertThat(created.body().path("metadata").path("costCentre").asText()).isEqualTo("42");

        shopper(number, "SUCCESS");

        isSoon(number, "SUCCEEDED");
        assertThat(payment(number).text("paidAt")).isNotBlank();
        assertThat(history(number))
                .containsExactly(
                        "order STORED CREATED", "checkout-pay CHANGED PENDING", "notification CHANGED SUCCEEDED");
        assertThat(events(number)).containsExactly("payment.pending", "payment.succeeded");
        assertThat(count("select count(*) from payment where order_no = ? and next_poll_at is not null", number))
                .isZero();
    }

    @Test
    void theSameOrderAgainIsTheSamePayment() {
        String number = newNumber();
        Answer first = post("/v1/payments", order(number));

        Answer again = post("/v1/payments", order(number).replace("\"description\"", "\n  \"description\""));

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text("paymentId")).isEqualTo(first.text("paymentId"));
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
    }

    @Test
    void theSameNumberWithOtherContentIsAConflictAndChangesNothing() {
        String number = pendingPayment();

        Answer other = post("/v1/payments", order(number).replace("1050", "1051"));

        assertThat(other.status()).isEqualTo(409);
        assertThat(other.text("code")).isEqualTo("ORDER_CONFLICT");
        assertThat(other.type()).startsWith("application/problem+json");
        assertThat(payment(number).body().path("amount").path("total").asLong()).isEqualTo(1050);
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
    }

    @Test
    void repeatsStoredOrderAfterRulesChanged() {
        String number = pendingPayment();
        // Taken when a card could pay a single cent.
        db.sql("update payment set amount = 1, content = jsonb_set(content, '{amount,total}', '1') where order_no = ?")
                .param(number)
                .update();

        Answer again = post("/v1/payments", order(number).replace("1050", "1"));

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text("prepayInfo")).isNotBlank();
        assertThat(post("/v1/payments", order(number).replace("1050", "2")).text("code"))
                .isEqualTo("ORDER_CONFLICT");
        assertThat(post("/v1/payments", order(newNumber()).replace("1050", "1")).text("code"))
                .isEqualTo("AMOUNT_OUT_OF_RANGE");
    }

    @Test
    void tenIdenticalOrdersAtOnceAreOnePayment() throws Exception {
        String number = newNumber();
        assertThat(atOnce(Collections.nCopies(10, () -> post("/v1/payments", order(number)))))
                .extracting(Answer::status)
                .containsOnlyOnce(201)
                .allMatch(status -> status >= 200 && status <= 202);
        assertThat(count("select count(*) from payment where order_no = ?", number))
                .isEqualTo(1);
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UNSIGNED",
                "BAD_SIGNATURE",
                "STALE",
                "FUTURE",
                "UNKNOWN_SERIAL",
                "RUBBISH",
                "TRUNCATED",
                "BAD_GATEWAY",
                "SYSTEM_ERROR",
                "FREQUENCY_LIMITED",
                "LATE",
                "RESET_BEFORE",
                "RESET_AFTER",
                "WRONG_MERCHANT",
                "WRONG_ORDER"
            })
    void keepsOrderOpenWhenResponseIsUnverified(String fault) {
        String number = newNumber();
        fault(number, "checkout-pay", fault);

        Answer unknown = post("/v1/payments", order(number));

        assertThat(unknown.status()).isEqualTo(202);
        assertThat(unknown.text("status")).isEqualTo("CREATED");
        assertThat(unknown.text("prepayInfo")).isNull();

        // At once, but for the time that Tenpay asked us to wait.
        eventually().until(() -> post("/v1/payments", order(number)).status() == 200);
        Answer again = payment(number);
        assertThat(again.text("status")).isEqualTo("PENDING");
        assertThat(again.text("prepayInfo")).isNotBlank();
        assertThat(callsAtTenpay(number, "checkout-pay")).isLessThanOrEqualTo(2);
    }

    @Test
    void aRefusalOfASecondCallProvesNothingAboutTheFirst() {
        String number = newNumber();
        fault(number, "checkout-pay", "UNSIGNED");
        post("/v1/payments", order(number));
        fault(number, "checkout-pay", "PARAM_ERROR");

        Answer again = post("/v1/payments", order(number));

        // An inquiry finds the first one; without prepayInfo it can't be paid yet.
        assertThat(again.status()).isEqualTo(202);
        assertThat(again.text("status")).isEqualTo("PENDING");
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
    }

    @Test
    void credentialsThatTenpayDeniesLeaveTheOrderToBePostedAgain() {
        String number = newNumber();
        fault(number, "checkout-pay", "NO_AUTH");

        Answer denied = post("/v1/payments", order(number));

        assertThat(denied.status()).isEqualTo(502);
        assertThat(denied.text("tenpayCode")).isEqualTo("NO_AUTH");
        assertThat(payment(number).text("status")).isEqualTo("CREATED");
        assertThat(post("/v1/payments", order(number)).text("status")).isEqualTo("PENDING");
    }

    @Test
    void syncAsksTenpayNow() {
        String number = pendingPayment();
        assertThat(post("/v1/payments/" + number + "/sync", null).text("status"))
                .isEqualTo("PENDING");
        fault(number, "inquiry-payment", "BAD_SIGNATURE");
        Answer noAnswer = post("/v1/payments/" + number + "/sync", null);
        assertThat(noAnswer.status()).isEqualTo(502);
        assertThat(noAnswer.text("code")).isEqualTo("TENPAY_NO_ANSWER");
        assertThat(history(number))
                .containsExactly(
                        "order STORED CREATED",
                        "checkout-pay CHANGED PENDING",
                        "inquiry-payment CONFIRMED PENDING",
                        "inquiry-payment NO_RESPONSE PENDING");
    }

    @Test
    void anAnswerWithAnotherAmountChangesNothingAndIsReported() {
        String number = pendingPayment();
        fault(number, "inquiry-payment", "WRONG_AMOUNT");

        post("/v1/payments/" + number + "/sync", null);

        assertThat(payment(number).text("status")).isEqualTo("PENDING");
        assertThat(payment(number).text("review")).isEqualTo("AMOUNT_MISMATCH");
        assertThat(events(number)).containsExactly("payment.pending", "payment.review");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "1050;10.5",
                "\"SGD\";\"sgd\"",
                "\"region\":\"SG\",;''",
                "\"orderNo\";\"number\"",
                "2 x latte;a\\u0000b",
                "\"metadata\";\"payload\"",
                "{\"costCentre\":\"42\"}};{\"costCentre\":\"42\"}"
            })
    void aRequestThatBreaksTheContractIsA400AndIsNotStored(String what, String by) {
        String number = newNumber();
        Answer broken = post("/v1/payments", order(number).replace(what, by));
        assertThat(broken.status()).isEqualTo(400);
        assertThat(broken.type()).startsWith("application/problem+json");
        assertThat(broken.text("code")).isEqualTo("INVALID_REQUEST");
        assertThat(count("select count(*) from payment where order_no = ?", number))
                .isZero();
    }

    @Test
    void anotherAccountsPaymentIsNotThere() {
        String number = pendingPayment();
        assertThat(send("GET", "/v1/payments/" + number, NEIGHBOUR, null).status())
                .isEqualTo(404);
        assertThat(send("GET", "/v1/payments/" + number + "?account=main", NEIGHBOUR, null)
                        .text("code"))
                .isEqualTo("ACCOUNT_UNKNOWN");
        assertThat(send("POST", "/v1/payments/" + number + "/sync", NEIGHBOUR, null)
                        .status())
                .isEqualTo(404);
        Answer foreign = send(
                "POST",
                "/v1/payments",
                NEIGHBOUR,
                order(newNumber()).replace("{\"orderNo\"", "{\"account\":\"main\",\"orderNo\""));
        assertThat(foreign.status()).isEqualTo(422);
        assertThat(foreign.text("code")).isEqualTo("ACCOUNT_UNKNOWN");
    }

    @Test
    void headersOfACallerNeitherSteerTheRoutesNorComeBack() {
        String number = pendingPayment();
        Answer answer = send(
                "GET",
                "/v1/payments/" + number,
                KEY,
                null,
                "CamelSqlQuery",
                "select 'stolen'",
                "CamelHttpUri",
                "http://127.0.0.1:1/",
                "CamelHttpResponseCode",
                "299",
                "X-Echo",
                "me",
                "orderNo",
                "another");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.text("orderNo")).isEqualTo(number);
        assertThat(answer.headers().keySet()).doesNotContain("x-echo", "x-api-key", "camelsqlquery", "camelhttpuri");
    }

    @Test
    void reviewsOrderWhenTenpayReportsConflict() {
        String number = newNumber();
        String payment = pendingPayment();
        // The row is lost and the number is ordered again: Tenpay has a payment of it.
        db.sql("update payment set order_no = ? where order_no = ?")
                .params(number, payment)
                .update();
        Answer again = post("/v1/payments", order(payment).replace("latte", "mocha"));
        assertThat(again.status()).isEqualTo(202);
        assertThat(again.text("status")).isEqualTo("CREATED");
        assertThat(again.text("review")).isEqualTo("NUMBER_CONFLICT");
        assertThat(events(payment)).containsExactly("payment.review");
        // Of the same amount and currency: nothing that Tenpay says tells the two apart.
        shopper(payment, "SUCCESS");
        isSoon(payment, "SUCCEEDED");
        post("/v1/payments/" + payment + "/sync", null);
        assertThat(payment(payment).text("review")).isEqualTo("NUMBER_CONFLICT");
    }

    @Test
    void aPaymentThatFailedWithoutAReasonIsShownAndNotARefusal() {
        String number = newNumber();
        fault(number, "checkout-pay", "UNSIGNED");
        post("/v1/payments", order(number));
        shopper(number, "FAILED");
        isSoon(number, "FAILED");
        db.sql("update payment set fail_reason = null, tenpay_payment_id = null where order_no = ?")
                .param(number)
                .update();
        Answer again = post("/v1/payments", order(number));
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text("status")).isEqualTo("FAILED");
    }
}
