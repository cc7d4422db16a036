package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a finance clerk lives through who decides on what Tenpay and we hold differently, without SQL. */
@DisplayName("reviews")
class ReviewStoryTest extends Story {

    private static final String KEEP_IT = decision("KEEP", "the shopper paid 9.50 and the rest in cash");

    private static String decision(String outcome, String note) {
        return "{\"outcome\":\"%s\",\"note\":\"%s\"}".formatted(outcome, note);
    }

    /** A payment of which Tenpay names another amount. */
    private String mismatched() {
        String number = pendingPayment();
        fault(number, "inquiry-payment", "WRONG_AMOUNT");
        sync(number);
        assertThat(payment(number).text("review")).isEqualTo("AMOUNT_MISMATCH");
        return number;
    }

    private Answer sync(String number) {
        return post("/v1/payments/" + number + "/sync", null);
    }

    private Answer resolve(String number, String body) {
        return resolve(number, body, KEY);
    }

    private Answer resolve(String number, String body, String key) {
        String kind = number.startsWith("RF-") ? "refunds/" : "payments/";
        return send("POST", "/v1/" + kind + number + "/review/resolve", key, body);
    }

    private JsonNode open(String number) {
        return StreamSupport.stream(
                        get("/v1/reviews?limit=100").body().path("items").spliterator(), false)
                .filter(item -> item.path("refundNo")
                        .asText(item.path("orderNo").asText())
                        .equals(number))
                .findFirst()
                .orElse(JSON.missingNode());
    }

    private String lastDetail(String number) {
        JsonNode items =
                get("/v1/payments/" + number + "/events?limit=100").body().path("items");
        return items.get(items.size() - 1).path("detail").asText();
    }

    @Test
    void showsWhatTenpaySaidAgainstWhatWeHold() {
        String number = mismatched();

        JsonNode review = open(number);

        assertThat(review.path("kind").asText()).isEqualTo("payment");
        assertThat(review.at("/ours/amount/total").asLong()).isEqualTo(1050);
        assertThat(review.at("/theirs/amount/total").asLong()).isNotIn(0L, 1050L);
        assertThat(review.at("/theirs/amount/currency").asText()).isEqualTo("SGD");
        assertThat(review.at("/ours/status").asText()).isEqualTo("PENDING");
        assertThat(review.path("actions")).hasSize(2);
        assertThat(lastDetail(number))
                .contains("Tenpay names " + review.at("/theirs/amount/total").asLong()
                        + " SGD, but this payment is of 1050 SGD");
    }

    @Test
    void keepsItWithWhoAndWhyInHistoryAndEvent() {
        String number = mismatched();

        Answer resolved = resolve(number, KEEP_IT);

        assertThat(resolved.status()).isEqualTo(200);
        assertThat(resolved.text("review")).isNull();
        assertThat(resolved.body().at("/reviewResolution/client").asText()).isEqualTo("sandbox");
        assertThat(resolved.body().at("/reviewResolution/review").asText()).isEqualTo("AMOUNT_MISMATCH");
        assertThat(lastDetail(number))
                .isEqualTo("AMOUNT_MISMATCH: KEEP by client sandbox: the shopper paid 9.50 and the rest in cash");
        assertThat(history(number)).last().isEqualTo("review RESOLVED PENDING");
        assertThat(events(number)).containsExactly("payment.pending", "payment.review", "payment.review_resolved");
        assertThat(open(number).isMissingNode()).isTrue();
    }

    @Test
    void isRepeatedWithoutASecondDecision() {
        String number = mismatched();
        Answer first = resolve(number, KEEP_IT);

        Answer again = resolve(number, KEEP_IT);

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(events(number)).hasSize(3);
    }

    @Test
    void letsOneOfTwoPeopleDecideAndTellsTheOther() {
        String number = mismatched();
        List<CompletableFuture<Answer>> answers = new ArrayList<>();
        for (String key : List.of(KEY, GROUP)) {
            for (String outcome : List.of("KEEP", "ASK_AGAIN")) {
                answers.add(CompletableFuture.supplyAsync(
                        () -> resolve(number, decision(outcome, "decided"), key), task -> new Thread(task).start()));
            }
        }
        List<Answer> all = answers.stream().map(CompletableFuture::join).toList();

        assertThat(all).filteredOn(answer -> answer.status() == 200).hasSize(1);
        assertThat(all).filteredOn(answer -> answer.status() == 409).hasSize(3).allSatisfy(answer -> {
            assertThat(answer.text("code")).isEqualTo("REVIEW_RESOLVED");
            assertThat(answer.text("detail"))
                    .containsPattern("client (sandbox|group) resolved this review at .* with (KEEP|ASK_AGAIN)");
        });
        assertThat(events(number)).hasSize(3);
    }

    @Test
    void isNotReportedAgainWhileTenpaySaysTheSame() {
        String number = mismatched();
        resolve(number, KEEP_IT);

        fault(number, "inquiry-payment", "WRONG_AMOUNT");
        sync(number);
        assertThat(payment(number).text("review")).isNull();

        db.sql("update payment set amount = 2050 where order_no = ?")
                .param(number)
                .update();
        sync(number);
        assertThat(payment(number).text("review"))
                .as("another amount than was kept")
                .isEqualTo("AMOUNT_MISMATCH");
    }

    @Test
    void isReportedAgainWhereTenpayIsAskedAgainAndStandsByIt() {
        String number = mismatched();

        assertThat(resolve(number, decision("ASK_AGAIN", "the portal shows 10.50"))
                        .status())
                .isEqualTo(200);
        assertThat(db.sql("select next_poll_at <= now() from payment where order_no = ?")
                        .param(number)
                        .query(Boolean.class)
                        .single())
                .isTrue();

        fault(number, "inquiry-payment", "WRONG_AMOUNT");
        sync(number);
        assertThat(payment(number).text("review")).isEqualTo("AMOUNT_MISMATCH");
        assertThat(payment(number).body().has("reviewResolution")).isFalse();
    }

    @Test
    void refundsAllThatIsLeftOfAPaidOne() {
        String number = paidPayment();
        String earlier = newRefundNumber();
        refund(number, earlier, 250);
        bank(earlier, "SUCCESS");
        refundIsSoon(earlier, "SUCCEEDED");
        reviewed(number);
        assertThat(open(number).path("actions")).hasSize(3);

        Answer resolved = resolve(number, decision("REFUND", "ordered twice"));

        assertThat(resolved.status()).isEqualTo(200);
        JsonNode refunds = get("/v1/payments/" + number + "/refunds").body().path("items");
        assertThat(refunds).hasSize(2);
        assertThat(refunds.get(1).at("/amount/total").asLong()).isEqualTo(800);
        assertThat(refunds.get(1).path("reason").asText()).isEqualTo("ordered twice");
        assertThat(refunds.get(1).path("status").asText()).isEqualTo("PENDING");

        assertThat(resolve(number, decision("REFUND", "ordered twice")).status())
                .isEqualTo(200);
        assertThat(get("/v1/payments/" + number + "/refunds").body().path("items"))
                .hasSize(2);
    }

    @Test
    void refundsOnceWhereTwoPeopleRefundAtOnce() {
        String number = paidPayment();
        reviewed(number);
        List<CompletableFuture<Answer>> answers = IntStream.range(0, 4)
                .mapToObj(n -> CompletableFuture.supplyAsync(
                        () -> resolve(number, decision("REFUND", "reason " + n)), task -> new Thread(task).start()))
                .toList();
        List<Integer> statuses =
                answers.stream().map(answer -> answer.join().status()).sorted().toList();

        assertThat(statuses).containsExactly(200, 409, 409, 409);
        assertThat(get("/v1/payments/" + number + "/refunds").body().path("items"))
                .hasSize(1);
    }

    @Test
    void staysOpenWhereARuleRefusesItsRefund() {
        String number = pendingPayment();
        reviewed(number);

        Answer refused = resolve(number, decision("REFUND", "ordered twice"));

        assertThat(refused.text("code")).isEqualTo("PAYMENT_NOT_PAID");
        assertThat(payment(number).text("review")).isEqualTo("STUCK");
        assertThat(events(number)).containsExactly("payment.pending");
    }

    @Test
    void needsTheScopeForRefundsToRefund() {
        String number = paidPayment();
        reviewed(number);

        Answer refused = resolve(number, decision("REFUND", "ordered twice"), without("refunds:write"));

        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.text("detail")).contains("refunds:write");
        assertThat(payment(number).text("review")).isEqualTo("STUCK");
    }

    @Test
    void freesTheAmountOfAFailedRefundThatIsKept() {
        String number = paidPayment();
        String refund = newRefundNumber();
        refund(number, refund, 800);
        bank(refund, "FAILED");
        refundIsSoon(refund, "FAILED");
        db.sql("update refund set review = 'STATUS_MISMATCH', contradicted_at = now(), contradiction_upheld_at = now()"
                        + " where refund_no = ?")
                .param(refund)
                .update();
        assertThat(refund(number, newRefundNumber(), 800).text("code")).isEqualTo("REFUND_EXCEEDS_PAYMENT");

        Answer resolved = resolve(refund, KEEP_IT);

        assertThat(resolved.text("refundNo")).isEqualTo(refund);
        assertThat(refund(number, newRefundNumber(), 800).status()).isEqualTo(201);
        assertThat(events(number)).contains("refund.review_resolved");
    }

    @Test
    void isListedOldestFirstPageByPage() {
        List<String> made = List.of(mismatched(), mismatched(), mismatched());
        List<String> listed = new ArrayList<>();
        String cursor = "";
        do {
            Answer page = get("/v1/reviews?limit=1" + cursor);
            page.body()
                    .path("items")
                    .forEach(item -> listed.add(item.path("orderNo").asText()));
            cursor = page.text("nextCursor") == null ? null : "&cursor=" + page.text("nextCursor");
        } while (cursor != null);

        assertThat(listed).containsSubsequence(made).doesNotHaveDuplicates();
    }

    @Test
    void isNotThereForAnotherAccount() {
        String number = mismatched();
        assertThat(resolve(number, KEEP_IT, NEIGHBOUR).text("code")).isEqualTo("PAYMENT_NOT_FOUND");
        assertThat(send("GET", "/v1/reviews?limit=100", NEIGHBOUR, null).content())
                .doesNotContain(number);
    }
}
