package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person at the desk lives through who holds one number, or wants a list for the books. */
@DisplayName("searches, exports and reports")
class SearchStoryTest extends Story {

    private static final int MANY = Boolean.getBoolean("long") ? 100_000 : 20_000;

    private List<String> found(String path, String field) {
        List<String> numbers = new ArrayList<>();
        String cursor = "";
        do {
            Answer page = get(path + cursor);
            assertThat(page.status()).as(page.content()).isEqualTo(200);
            page.body()
                    .path("items")
                    .forEach(item -> numbers.add(item.path(field).asText()));
            cursor = page.text("nextCursor") == null ? null : "&cursor=" + page.text("nextCursor");
        } while (cursor != null);
        return numbers;
    }

    private List<String> payments(String query) {
        return found("/v1/payments?" + query, "orderNo");
    }

    private List<String> refunds(String query) {
        return found("/v1/refunds?" + query, "refundNo");
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private String orderWith(String metadata) {
        String number = newNumber();
        post("/v1/payments", order(number).replace("{\"costCentre\":\"42\"}", metadata));
        return number;
    }

    private String refundOf(String number, long total) {
        String refund = newRefundNumber();
        refund(number, refund, total);
        bank(refund, "SUCCESS");
        refundIsSoon(refund, "SUCCEEDED");
        return refund;
    }

    /** Copies of a payment, of a day long ago. */
    private void copies(String number, String prefix, int count, String day) {
        db.sql(
                        "insert into payment (account, order_no, status, payment_method, region, amount, currency, description, content,"
                                + " merchant_id, app_id, method_key, notify_url, expires_at, paid_at, created_at)"
                                + " select account, ? || lpad(cast(n as text), 9, '0'), 'SUCCEEDED', payment_method, region, amount, currency,"
                                + " description, content, merchant_id, app_id, method_key, notify_url, expires_at,"
                                + " cast(? as timestamptz) + n * interval '1 millisecond', cast(? as timestamptz) + n * interval '1 millisecond'"
                                + " from payment cross join generate_series(1, ?) n where order_no = ?")
                .params(prefix, day, day, count, number)
                .update();
    }

    @Test
    void findsAPaymentByAnyNumberThatAPersonHolds() {
        String number = orderWith("{\"invoice\":\"I-%s\",\"costCentre\":\"7\"}".formatted(newNumber()));
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        String refund = refundOf(number, 250);
        JsonNode payment = payment(number).body();
        JsonNode back = refundOf(refund).body();
        String invoice = encoded(payment.at("/metadata/invoice").asText());

        for (String query : List.of(
                "paymentId=" + payment.path("paymentId").asText(),
                "refundId=" + back.path("refundId").asText(),
                "metadata.invoice=" + invoice,
                "metadata=" + encoded("invoice=") + invoice,
                "orderNoPrefix=" + number.substring(0, 14))) {
            assertThat(payments(query)).as(query).contains(number).allMatch(n -> n.startsWith(number.substring(0, 14)));
            assertThat(refunds(query)).as(query).contains(refund);
        }
        assertThat(payments("metadata.invoice=" + invoice + "&status=PENDING")).isEmpty();
        assertThat(payments("paymentId=nothing-of-ours")).isEmpty();
    }

    @Test
    void findsPaymentsByTimeMethodCurrencyAndAmountTogether() {
        String one = paidPayment();
        String two = paidPayment();
        db.sql("update payment set paid_at = timestamptz '2025-03-01 10:00:00+00', amount = 2500 where order_no = ?")
                .param(one)
                .update();
        db.sql("update payment set paid_at = timestamptz '2025-03-02 10:00:00+00', amount = 9900 where order_no = ?")
                .param(two)
                .update();
        String march = "paidFrom=2025-03-01T00:00:00Z&paidTo=2025-03-03T00:00:00Z";

        assertThat(payments(march)).as("last paid first").containsExactly(two, one);
        assertThat(payments(march + "&limit=1")).containsExactly(two, one);
        assertThat(payments(march + "&currency=SGD&amountFrom=2000&amountTo=3000&paymentMethod=CARD"))
                .containsExactly(one);
        assertThat(payments(march + "&currency=SGD&amountFrom=2501")).containsExactly(two);
        assertThat(payments(march + "&paymentMethod=PAYNOW")).isEmpty();
        assertThat(payments(march + "&currency=USD")).isEmpty();
    }

    @Test
    void findsWhatNeedsAPerson() {
        String payment = pendingPayment();
        reviewed(payment);
        String paid = paidPayment();
        String refund = refundOf(paid, 100);
        reviewed(refund);

        assertThat(payments("review=any")).contains(payment).doesNotContain(paid);
        assertThat(payments("review=any&status=SUCCEEDED")).doesNotContain(payment);
        assertThat(payments("review=STUCK")).contains(payment);
        assertThat(refunds("review=any")).contains(refund);
        assertThat(refunds("review=LATE_SUCCESS")).doesNotContain(refund);
        assertThat(refunds("status=SUCCEEDED&limit=1")).contains(refund);
        assertThat(refunds("status=FAILED")).doesNotContain(refund);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "amountFrom=1",
                "amountTo=5",
                "currency=SGD&amountFrom=6&amountTo=5",
                "metadata=1",
                "metadata.=",
                "metadata.a=1&metadata.b=2",
                "metadata.a=1&metadata=b%3D2",
                "metadata=%3D1",
                "paidFrom=2026-01-02T00:00:00Z&paidTo=2026-01-01T00:00:00Z",
                "review=none",
                "timeZone=Mars/Olympus",
                "paymentMethod=card"
            })
    void saysWhatIsWrongWithAFilter(String query) {
        for (String list : List.of("/v1/payments?", "/v1/refunds?")) {
            Answer refused = get(list + query);
            assertThat(refused.text("code")).as(query).isEqualTo("INVALID_REQUEST");
        }
    }

    @Test
    void streamsEveryRowAndRefusesTooWideAPrefix() throws Exception {
        String number = paidPayment();
        copies(number, "MANY-", MANY, "2021-05-01T00:00:00Z");
        assertThat(get("/v1/payments?orderNoPrefix=MANY-").text("detail")).contains("createdFrom and createdTo");
        String may = "createdFrom=2021-05-01T00:00:00Z&createdTo=2021-05-02T00:00:00Z";
        assertThat(get("/v1/payments?orderNoPrefix=MANY-&limit=100&" + may)
                        .body()
                        .path("items"))
                .hasSize(100);

        HttpURLConnection export =
                (HttpURLConnection) URI.create(url("/v1/payments?orderNoPrefix=MANY-&timeZone=Asia/Shanghai&" + may))
                        .toURL()
                        .openConnection();
        export.setRequestProperty("X-API-Key", KEY);
        export.setRequestProperty("Accept", "text/csv");
        Set<String> numbers = new HashSet<>();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(export.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(lines.readLine()).startsWith("\ufefforderNo,account,status,");
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                numbers.add(line.substring(0, line.indexOf(',')));
                assertThat(line).endsWith(",Asia/Shanghai").contains(",2021-05-01 08:0");
            }
        }
        assertThat(numbers).hasSize(MANY);
    }

    @Test
    void writesAmountsWithTheDecimalsOfTheirCurrencyAndNoFormula() {
        String number = newNumber();
        post("/v1/payments", order(number).replace("2 x latte", "=HYPERLINK(\\\"http://evil.example\\\"),x"));
        String yen = pendingPayment();
        String dinar = pendingPayment();
        db.sql("update payment set currency = 'JPY' where order_no = ?")
                .param(yen)
                .update();
        db.sql("update payment set currency = 'KWD' where order_no = ?")
                .param(dinar)
                .update();

        String csv = send(
                        "GET",
                        "/v1/payments?status=PENDING&createdFrom=2026-01-01T00:00:00Z",
                        KEY,
                        null,
                        "Accept",
                        "text/csv")
                .content();

        assertThat(csv)
                .contains(number
                        + ",main,PENDING,CARD,SG,10.50,0.00,SGD,\"'=HYPERLINK(\"\"http://evil.example\"\"),x\",");
        assertThat(csv)
                .contains(yen + ",main,PENDING,CARD,SG,1050,0,JPY,")
                .contains(dinar + ",main,PENDING,CARD,SG,1.050,0.000,KWD,");
        assertThat(csv.lines()).allMatch(line -> line.endsWith(",UTC") || line.startsWith("\ufeff"));
        assertThat(csv).contains("\r\n");
    }

    @Test
    void exportsRefunds() {
        String refund = refundOf(paidPayment(), 250);
        String csv = send("GET", "/v1/refunds?status=SUCCEEDED", KEY, null, "Accept", "text/csv")
                .content();
        assertThat(csv).contains(refund + ",").contains(",API,2.50,SGD,one latte was cold,");
    }

    @Test
    void showsNothingOfAnotherAccount() {
        String number = paidPayment();
        String id = payment(number).text("paymentId");
        String refund = refundOf(number, 250);
        for (String path : List.of(
                "/v1/payments?paymentId=" + id,
                "/v1/refunds?paymentId=" + id,
                "/v1/refunds",
                "/v1/payments?review=any")) {
            assertThat(send("GET", path, NEIGHBOUR, null).content())
                    .doesNotContain(number)
                    .doesNotContain(refund);
        }
        assertThat(send("GET", "/v1/payments", NEIGHBOUR, null, "Accept", "text/csv")
                        .content())
                .doesNotContain(number);
        String today = LocalDate.now(ZoneOffset.UTC).toString();
        assertThat(send("GET", "/v1/reports/daily?from=" + today + "&to=" + today, NEIGHBOUR, null)
                        .body()
                        .findValuesAsText("account"))
                .doesNotContain("main");
    }

    @Test
    void sumsUpADayOfATimeZoneAndLeadsToItsLists() {
        String one = paidPayment();
        String two = paidPayment();
        String next = paidPayment();
        String refund = refundOf(one, 250);
        // The 10th of April in Shanghai.
        db.sql(
                        "update payment set paid_at = timestamptz '2025-04-09 16:00:00+00', review = 'LATE_SUCCESS' where order_no = ?")
                .param(one)
                .update();
        db.sql("update payment set paid_at = timestamptz '2025-04-10 15:59:59+00' where order_no = ?")
                .param(two)
                .update();
        db.sql("update payment set paid_at = timestamptz '2025-04-10 16:00:00+00' where order_no = ?")
                .param(next)
                .update();
        db.sql("update refund set refunded_at = timestamptz '2025-04-10 01:00:00+00' where refund_no = ?")
                .param(refund)
                .update();

        JsonNode items = get("/v1/reports/daily?from=2025-04-10&to=2025-04-11&timeZone=Asia/Shanghai")
                .body()
                .path("items");

        assertThat(items).hasSize(2);
        JsonNode day = items.get(0);
        assertThat(day.path("date").asText()).isEqualTo("2025-04-10");
        assertThat(day.at("/payments/count").asInt()).isEqualTo(2);
        assertThat(day.at("/payments/total").asLong()).isEqualTo(2100);
        assertThat(day.at("/lateSuccesses/total").asLong()).isEqualTo(1050);
        assertThat(day.at("/refunds/total").asLong()).isEqualTo(250);
        assertThat(day.path("net").asLong()).isEqualTo(1850);
        assertThat(items.get(1).at("/payments/count").asInt()).isEqualTo(1);
        assertThat(found(day.at("/payments/list").asText(), "orderNo")).containsExactlyInAnyOrder(one, two);
        assertThat(found(day.at("/refunds/list").asText(), "refundNo")).containsExactly(refund);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "?from=2026-11-23",
                "?from=2026-11-23&to=2026-11-22",
                "?from=2026-01-01&to=2026-03-01",
                "?from=2026-02-30&to=2026-02-30"
            })
    void refusesDaysThatMakeNoReport(String query) {
        assertThat(get("/v1/reports/daily" + query).text("code")).isEqualTo("INVALID_REQUEST");
    }
}
