package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

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

    @Test
    void oldKeysAreForgotten() {
        String key = newKey();
        post("/v1/payments", order(newNumber()), key);
        db.sql("update idempotency_key set used_at = now() - interval '8 days' where key = ?")
                .param(key)
                .update();

        post("/v1/payments", order(newNumber()), newKey());

        assertThat(count("select count(*) from idempotency_key where key = ?", key))
                .isZero();
    }
}
