package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("listing, history, closing")
class AccountReloadStoryTest extends Story {

    private static List<String> numbers(JsonNode page) {
        List<String> numbers = new ArrayList<>();
        page.path("items").forEach(item -> numbers.add(item.path("orderNo").asText()));
        return numbers;
    }

    @Test
    void pagesStayRightWhilePaymentsAreAdded() {
        String since = db.sql("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
                .query(String.class)
                .single();
        List<String> posted = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            posted.add(pendingPayment());
        }
        Collections.reverse(posted);

        List<String> seen = new ArrayList<>();
        String next = "/v1/payments?limit=3&createdFrom=" + since;
        for (String path = next; path != null; ) {
            Answer page = get(path);
            assertThat(page.status()).isEqualTo(200);
            seen.addAll(numbers(page.body()));
            // An order arrives while we page.
            pendingPayment();
            String cursor = page.text("nextCursor");
            path = cursor == null ? null : next + "&cursor=" + cursor;
        }

        assertThat(seen).isEqualTo(posted);
    }

    @Test
    void filtersChooseByStatusReviewTimeAndAccount() {
        String paid = pendingPayment();
        shopper(paid, "SUCCESS");
        isSoon(paid, "SUCCEEDED");
        String late = pendingPayment();
        shopper(late, "FAILED");
        isSoon(late, "FAILED");
        shopper(late, "SUCCESS");
        isSoon(late, "SUCCEEDED");
        String open = pendingPayment();

        assertThat(numbers(get("/v1/payments?status=SUCCEEDED&limit=100").body()))
                .contains(paid, late)
                .doesNotContain(open);
        assertThat(numbers(get("/v1/payments?review=LATE_SUCCESS&limit=100").body()))
                .contains(late)
                .doesNotContain(paid);
        assertThat(numbers(get("/v1/payments?createdTo=2020-01-01T00:00:00%2B08:00")
                        .body()))
                .isEmpty();
        assertThat(numbers(
                        send("GET", "/v1/payments?limit=100", NEIGHBOUR, null).body()))
                .doesNotContain(paid, late, open);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/payments", "/v1/events", "/v1/payments/SO-000001", "/v1/payments/SO-000001/events"})
    void refusesAnAccountThatTheCallerDoesNotHave(String path) {
        for (String account : List.of("main", "mian", "", "macau,main", "MACAU")) {
            Answer answer = send("GET", path + "?account=" + account, NEIGHBOUR, null);
            assertThat(answer.status()).isEqualTo(422);
            assertThat(answer.text("code")).isEqualTo("ACCOUNT_UNKNOWN");
            assertThat(answer.text("detail")).contains("[macau]").doesNotContain("main");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2020-01-01T00:00:00-00:00",
                "2020-01-01t00:00:00z",
                "2020-01-01T00:00:00.123456789012345678901234567890Z",
                "2019-12-31T23:59:60Z",
                "2020-01-01T00:00:00%2B08:00"
            })
    void takesEveryTimeOfRfc3339(String time) {
        assertThat(get("/v1/payments?createdTo=" + time).status()).isEqualTo(200);
        String range = LONG_AGO.replace(
                "2020-01-02T00:00:00Z", time.replace("%2B", "+").replace("2020", "2021"));
        assertThat(post("/v1/events/redeliver", range.replace("2020-01-01T00:00:00Z", "2018-01-01T00:00:00Z"))
                        .status())
                .isEqualTo(202);
    }

    @Test
    void saysHowToWriteAnOffsetWhosePlusArrivedAsASpace() {
        Answer answer = get("/v1/payments?createdFrom=2026-11-23T00:00:00+08:00");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.text("detail")).contains("createdFrom", "%2B");
    }

    @Test
    void refusesCursorOfAnotherList() {
        String number = paidPayment();
        pendingPayment();
        refund(number, newRefundNumber(), 100);
        refund(number, newRefundNumber(), 100);
        List<String> lists = List.of(
                "/v1/payments",
                "/v1/events",
                "/v1/payments/" + number + "/events",
                "/v1/payments/" + number + "/refunds");
        for (String from : lists) {
            String cursor = get(from + "?limit=1").text("nextCursor");
            assertThat(cursor).as(from).isNotNull();
            for (String to : lists) {
                Answer page = get(to + "?cursor=" + cursor);
                assertThat(page.status()).as("%s of %s", to, from).isEqualTo(from.equals(to) ? 200 : 400);
                if (!from.equals(to)) {
                    assertThat(page.text("detail"))
                            .isEqualTo("query parameter cursor must be the nextCursor of a page of this same list");
                }
            }
            assertThat(post("/v1/events/redeliver", LONG_AGO.replace("}", ",\"cursor\":\"" + cursor + "\"}"))
                            .status())
                    .isEqualTo(400);
        }
    }

    @Test
    void refusesARangeThatEndsBeforeItBegins() {
        Answer list = get("/v1/payments?createdFrom=2026-11-24T00:00:00Z&createdTo=2026-11-24T08:00:00%2B08:00");
        assertThat(list.status()).isEqualTo(400);
        assertThat(list.text("detail")).contains("createdTo must be after createdFrom");
        Answer redelivery = post("/v1/events/redeliver", LONG_AGO.replace("2020-01-01", "2020-01-03"));
        assertThat(redelivery.status()).isEqualTo(400);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "status=PAID",
                "status=",
                "limit=0",
                "limit=101",
                "limit=ten",
                "cursor=x",
                "cursor=1-2'",
                "createdFrom=yesterday",
                "createdFrom=2026-11-23",
                "createdTo=0000-01-01T00:00:00Z",
                "createdFrom=2026-11-23T00:00:00%2B18:00",
                "state=PENDING",
                "status=PENDING&status=FAILED",
                "account=%ff",
                "account=%ed%a0%80",
                "limit=99999999999"
            })
    void aFilterThatIsNotOneIsA400(String query) {
        Answer answer = get("/v1/payments?" + query);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.text("code")).isEqualTo("INVALID_REQUEST");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "limit: 1",
                "limit: abc",
                "limit: 2000000000",
                "cursor: x",
                "createdFrom: x",
                "status: FOO",
                "account: macau"
            })
    void aHeaderIsNoParameterOfAQuery(String header) {
        String number = pendingPayment();
        pendingPayment();
        String[] parts = header.split(": ");

        Answer page = send("GET", "/v1/payments?limit=2", KEY, null, parts);

        assertThat(page.status()).isEqualTo(200);
        assertThat(numbers(page.body())).hasSize(2).contains(number);
    }

    @Test
    void aNumberThatTwoAccountsUseIsNeverGuessed() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        assertThat(send("POST", "/v1/payments/" + number + "/refunds", GROUP, refund(refundNumber, 250))
                        .status())
                .isEqualTo(201);
        alsoInMacau(number);

        for (String path : List.of("/refunds", "/close", "/sync")) {
            String body = path.equals("/refunds") ? refund(refundNumber, 250) : null;
            assertThat(send("POST", "/v1/payments/" + number + path, GROUP, body)
                            .text("code"))
                    .isEqualTo("ACCOUNT_AMBIGUOUS");
        }

        Answer again =
                send("POST", "/v1/payments/" + number + "/refunds?account=main", GROUP, refund(refundNumber, 250));
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text("account")).isEqualTo("main");
        assertThat(send("GET", "/v1/refunds/" + refundNumber + "?account=main", GROUP, null)
                        .status())
                .isEqualTo(200);
    }

    @Test
    void resolvesOrderByNumberBeforeDefaultAccount() {
        // Taken when main was the default; by now the client's first account is the other one.
        String number = pendingPayment();

        Answer again = send("POST", "/v1/payments", GROUP, order(number));

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text("account")).isEqualTo("main");
        assertThat(count("select count(*) from payment where order_no = ?", number))
                .isEqualTo(1);
    }

    @Test
    void aFinalPaymentOfAMethodThatCannotBeClosedSaysWhatItIs() {
        String number = pendingPayment();
        db.sql("update payment set payment_method = 'PAYNOW' where order_no = ?")
                .param(number)
                .update();
        assertThat(post("/v1/payments/" + number + "/close", null).text("code")).isEqualTo("CLOSE_NOT_SUPPORTED");
        shopper(number, "CLOSED");
        isSoon(number, "CLOSED");
        assertThat(post("/v1/payments/" + number + "/close", null).status()).isEqualTo(200);
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        assertThat(post("/v1/payments/" + number + "/close", null).text("code")).isEqualTo("PAYMENT_FINAL");
    }

    @Test
    void theHistoryTellsEverythingInOrder() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");

        JsonNode items = get("/v1/payments/" + number + "/events").body().path("items");

        List<String> lines = new ArrayList<>();
        items.forEach(item -> lines.add(item.path("source").asText() + " "
                + item.path("outcome").asText() + " " + item.path("statusAfter").asText()));
        assertThat(lines)
                .containsExactly(
                        "order STORED CREATED", "checkout-pay CHANGED PENDING", "notification CHANGED SUCCEEDED");
        assertThat(send("GET", "/v1/payments/" + number + "/events", NEIGHBOUR, null)
                        .status())
                .isEqualTo(404);
    }

    @Test
    void anOpenCardPaymentIsClosedOnceAndForAll() {
        String number = pendingPayment();

        Answer closed = post("/v1/payments/" + number + "/close", null);

        assertThat(closed.status()).isEqualTo(200);
        assertThat(closed.text("status")).isEqualTo("CLOSED");
        Answer again = post("/v1/payments/" + number + "/close", null);
        assertThat(again.status()).isEqualTo(200);
        assertThat(callsAtTenpay(number, "close-payment")).isEqualTo(1);
        assertThat(events(number)).containsExactly("payment.pending", "payment.closed");
    }

    @Test
    void aMethodThatCannotBeClosedIsA409WithoutACall() {
        String number = newNumber();
        post("/v1/payments", order(number).replace("CARD", "PAYNOW"));
        Answer answer = post("/v1/payments/" + number + "/close", null);
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.text("code")).isEqualTo("CLOSE_NOT_SUPPORTED");
        assertThat(callsAtTenpay(number, "close-payment")).isZero();
    }

    @Test
    void aPaymentThatWasPaidMeanwhileIsA409AndSucceededAtOnce() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");

        Answer answer = post("/v1/payments/" + number + "/close", null);

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.text("code")).isEqualTo("PAYMENT_FINAL");
        assertThat(payment(number).text("status")).isEqualTo("SUCCEEDED");
    }

    @Test
    void aCloseWithoutAnAnswerChangesNothing() {
        String number = pendingPayment();
        fault(number, "close-payment", "BAD_GATEWAY");
        Answer answer = post("/v1/payments/" + number + "/close", null);
        assertThat(answer.status()).isEqualTo(502);
        assertThat(answer.text("code")).isEqualTo("TENPAY_NO_ANSWER");
        assertThat(payment(number).text("status")).isEqualTo("PENDING");
        assertThat(send("POST", "/v1/payments/" + number + "/close", READER, null)
                        .status())
                .isEqualTo(403);
    }
}
