package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("idempotency-check")
class IdempotencyStoryTest extends Story {

    private Answer post(String path, String body, String idempotencyKey) {
        return send("POST", path, KEY, body, "Idempotency-Key", idempotencyKey);
    }

    private static String newKey() {
        return UUID.randomUUID().toString();
    }

    private static void isReused(Answer answer) {
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.text("code")).isEqualTo("IDEMPOTENCY_KEY_REUSED");
    }

    @Test
    void aKeyMayComeAgainWithTheSameRequestHoweverItIsSpelt() {
        String number = newNumber();
        String key = newKey();
        assertThat(post("/v1/payments", order(number), key).status()).isEqualTo(201);

        assertThat(post("/v1/payments", order(number), key).status()).isEqualTo(200);
        String spelt = "{ \"description\" : \"2 x latte\", "
                + order(number).substring(1).replace("\"description\":\"2 x latte\",", "");
        assertThat(post("/v1/payments", spelt, key).status()).isEqualTo(200);
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
    }

    @Test
    void aKeyThatCameWithAnotherRequestIsRefusedAndNothingIsDone() {
        String key = newKey();
        String number = newNumber();
        String second = newNumber();
        post("/v1/payments", order(number), key);

        isReused(post("/v1/payments", order(second), key));
        isReused(post("/v1/payments/" + number + "/close", null, key));
        isReused(post("/v1/payments/" + number + "/sync", null, key));
        isReused(post("/v1/payments/" + number + "/refunds", refund(newRefundNumber(), 1), key));

        assertThat(payment(second).status()).isEqualTo(404);
        assertThat(payment(number).text("status")).isEqualTo("PENDING");
    }

    @Test
    void aKeyForARefundIsHeldToThatRefund() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        String key = newKey();
        String path = "/v1/payments/" + number + "/refunds";
        assertThat(post(path, refund(refundNumber, 100), key).status()).isEqualTo(201);
        assertThat(post(path, refund(refundNumber, 100), key).status()).isEqualTo(200);

        isReused(post(path, refund(newRefundNumber(), 100), key));
        isReused(post("/v1/refunds/" + refundNumber + "/sync", null, key));

        assertThat(get(path).body().path("items")).hasSize(1);
    }

    @Test
    void clientsDoNotShareTheirKeys() {
        String key = newKey();
        post("/v1/payments", order(newNumber()), key);
        String order = order(newNumber())
                .replace("CARD", "BOC_MACAU")
                .replace("\"SG\"", "\"MO\"")
                .replace("SGD", "MOP");
        assertThat(send("POST", "/v1/payments", NEIGHBOUR, order, "Idempotency-Key", key)
                        .status())
                .isLessThan(300);
    }

    @Test
    void anotherKeyForTheSameOrderIsTheSameOrder() {
        String number = newNumber();
        assertThat(post("/v1/payments", order(number), newKey()).status()).isEqualTo(201);
        assertThat(post("/v1/payments", order(number), newKey()).status()).isEqualTo(200);
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(200);
    }

    @Test
    void aKeyOlderThanItIsKeptMayComeWithAnotherRequest() {
        String key = newKey();
        post("/v1/payments", order(newNumber()), key);
        db.sql("update idempotency_key set used_at = now() - interval '8 days' where key = ?")
                .param(key)
                .update();
        String number = newNumber();
        assertThat(post("/v1/payments", order(number), key).status()).isEqualTo(201);
        isReused(post("/v1/payments", order(newNumber()), key));
        assertThat(post("/v1/payments", order(number), key).status()).isEqualTo(200);
    }

    private void isFree(String key) {
        String number = newNumber();
        assertThat(post("/v1/payments", order(number), key).status()).isEqualTo(201);
        isReused(post("/v1/payments", order(newNumber()), key));
    }

    @Test
    void aRefusalThatStoredNothingLeavesTheKeyFree() {
        String open = "/v1/payments/" + pendingPayment();
        String taken = pendingPayment();
        String paid = "/v1/payments/" + paidPayment();
        Map<Integer, List<Call>> refused = Map.of(
                404,
                        List.of(
                                new Call(
                                        "POST",
                                        "/v1/payments/" + newNumber() + "/refunds",
                                        refund(newRefundNumber(), 1)),
                                new Call("POST", "/v1/payments/" + newNumber() + "/close", null),
                                new Call("POST", "/v1/payments/" + newNumber() + "/sync", null),
                                new Call("POST", "/v1/refunds/" + newRefundNumber() + "/sync", null),
                                new Call("POST", "/v1/events/" + UUID.randomUUID() + "/redeliver", null)),
                409,
                        List.of(
                                new Call("POST", "/v1/payments", order(taken).replace("1050", "1051")),
                                new Call("POST", open + "/refunds", refund(newRefundNumber(), 1)),
                                new Call("POST", paid + "/close", null)),
                422,
                        List.of(
                                new Call(
                                        "POST",
                                        "/v1/payments",
                                        order(newNumber()).replace("CARD", "CASH")),
                                new Call(
                                        "POST",
                                        "/v1/payments",
                                        order(newNumber()).replace("1050", "99999999")),
                                new Call("POST", paid + "/refunds", refund(newRefundNumber(), 1051))),
                400, List.of(new Call("POST", "/v1/payments", order(newNumber()).replace("1050", "0"))));
        refused.forEach((status, calls) -> calls.forEach(call -> {
            String key = newKey();
            assertThat(post(call.path(), call.body(), key).status())
                    .as(call.path())
                    .isEqualTo(status);
            isFree(key);
        }));
    }

    @Test
    void aRefusalOfTenpaysKeepsTheKeyToItsStoredOrder() {
        String number = newNumber();
        fault(number, "checkout-pay", "PARAM_ERROR");
        String key = newKey();
        assertThat(post("/v1/payments", order(number), key).text("code")).isEqualTo("TENPAY_REFUSED");
        isReused(post("/v1/payments", order(newNumber()), key));
    }

    @Test
    void anUnknownOutcomeKeepsTheKeyToItsStoredOrder() {
        String number = newNumber();
        fault(number, "checkout-pay", "UNSIGNED");
        String key = newKey();
        assertThat(post("/v1/payments", order(number), key).status()).isEqualTo(202);
        isReused(post("/v1/payments", order(newNumber()), key));
    }

    @Test
    void aRefusedRepetitionDoesNotFreeTheKeyOfAStoredRequest() {
        String number = pendingPayment();
        String key = newKey();
        String path = "/v1/payments/" + number + "/close";
        assertThat(post(path, null, key).status()).isEqualTo(200);
        db.sql("update payment set status = 'SUCCEEDED', paid_at = now() where order_no = ?")
                .param(number)
                .update();
        assertThat(post(path, null, key).status()).isEqualTo(409);
        isReused(post("/v1/payments", order(newNumber()), key));
    }

    @Test
    void ofTwoRequestsWithOneKeyAtOnceOneIsStored() {
        for (int i = 0; i < 10; i++) {
            String key = newKey();
            List<String> numbers = List.of(newNumber(), newNumber(), newNumber(), newNumber());
            List<Integer> stati = numbers.parallelStream()
                    .map(number -> post("/v1/payments", order(number), key).status())
                    .toList();
            assertThat(stati).containsOnlyOnce(201).containsOnly(201, 422);
        }
    }

    @Test
    void aRefusedRequestSentTwiceAtOnceLeavesTheKeyFree() {
        String key = newKey();
        String wrong = order(newNumber()).replace("CARD", "CASH");
        List.of(1, 2, 3, 4).parallelStream()
                .forEach(i -> assertThat(post("/v1/payments", wrong, key).text("code"))
                        .isEqualTo("PAYMENT_METHOD_UNKNOWN"));
        isFree(key);
    }
}
