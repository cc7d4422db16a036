package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.config.SignatureProperties;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What payment-status and refund-status make of news in situations that drawn histories seldom reach. */
class StatusStatementsTest extends DatabaseTest {

    /** A pending payment, and a pending refund of another one; no destination wants events. */
    @BeforeEach
    void aPendingPaymentAndAPendingRefund() throws SQLException {
        statement.execute("""
                delete from event_destination; delete from event_queue; delete from erp_event; delete from history;
                delete from notification; delete from used_signature;
                delete from refund; delete from payment;
                insert into payment (account, order_no, status, payment_method, region, amount, currency, description, content,
                    merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at, paid_at, submitted_at)
                select 'main', number, status, 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u', now() + interval '1 hour',
                    due, paid, now() - interval '1 day'
                from (values ('SO-000001', 'PENDING', now(), null), ('SO-000002', 'SUCCEEDED', null, now()))
                    as row (number, status, due, paid);
                insert into refund (payment_id, account, refund_no, order_no, merchant_id, amount, currency, notify_url, status,
                    next_poll_at, submitted_at)
                select id, account, 'RF-000001', order_no, 'm', 300, 'SGD', 'u', 'PENDING', now(), now() - interval '1 day'
                from payment where order_no = 'SO-000002'""");
    }

    private void set(String table, String values) throws SQLException {
        statement.execute("update " + table + " set " + values + where(table));
    }

    private String get(String table, String what) throws SQLException {
        return value("select " + what + " from " + table + where(table));
    }

    private static String where(String table) {
        return table.equals("refund") ? " where refund_no = 'RF-000001'" : " where order_no = 'SO-000001'";
    }

    /** Says it of the payment or the refund, by an inquiry about its last call. */
    private void says(String table, String answer, String status, String more) throws SQLException {
        says(table, answer, status, more, null);
    }

    private List<Map<String, Object>> says(
            String table, String answer, String status, String more, @Nullable String notification)
            throws SQLException {
        boolean refund = table.equals("refund");
        ObjectNode news = Statements.JSON
                .createObjectNode()
                .put("source", "inquiry-" + table)
                .put("resultCode", answer)
                .put("status", status)
                .put("merchantId", "m")
                .put("orderNo", refund ? "SO-000002" : "SO-000001")
                .put(
                        "submittedAt",
                        get(table, "cast(to_jsonb(submitted_at) as text)").replace("\"", ""));
        if (refund) {
            news.put("refundNo", "RF-000001");
        }
        if ("SUCCEEDED".equals(status)) {
            news.put("total", refund ? "300" : "1050").put("currency", "SGD");
        }
        try {
            news.setAll((ObjectNode) Statements.JSON.readTree(more));
        } catch (java.io.IOException e) {
            throw new IllegalArgumentException(e);
        }
        Map<String, Object> variables =
                new HashMap<>(Map.of("account", "main", "number", refund ? "RF-000001" : "SO-000001"));
        variables.put("tenpayResult", news.toString());
        variables.put("notification", notification == null ? null : notification.getBytes(StandardCharsets.UTF_8));
        return statements.all(table + "-status", variables);
    }

    @Test
    void failsRefusedRefundThatTenpayDoesNotHave() throws SQLException {
        set("refund", "status = 'CREATED', submits = 2, refusal = 'REFUND_EXCEEDED'");
        says("refund", "NOT_FOUND", null, "{}");
        assertThat(get("refund", "status || ' ' || fail_reason")).isEqualTo("FAILED REFUND_EXCEEDED");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "refusal = null                                     | NOT_FOUND | {}",
                "submitting_until = now() + interval '1 minute'     | NOT_FOUND | {}",
                "submitted_at = now() - interval '1 second'         | NOT_FOUND | {}",
                "submits = 3                                        | NONE   | {}",
                "submits = 3                                        | NOT_FOUND | {\"submittedAt\":\"2026-01-01T00:00:00Z\"}",
                "status = 'PENDING'                                 | NOT_FOUND | {}"
            })
    void whileACallOfItsMayStillArriveItHasNot(String but, String answer, String more) throws SQLException {
        set("refund", "status = 'CREATED', submits = 2, refusal = 'REFUND_EXCEEDED'");
        set("refund", but);
        says("refund", answer, null, more);
        assertThat(get("refund", "status")).isIn("CREATED", "PENDING");
    }

    @Test
    void anOrderThatTenpayNeverHadHasFailedOnceNoCallCanStillArrive() throws SQLException {
        set("payment", "status = 'CREATED', expires_at = now() - interval '1 hour'");
        set("payment", "submitting_until = now() + interval '1 minute'");
        says("payment", "NOT_FOUND", null, "{}");
        assertThat(get("payment", "status")).isEqualTo("CREATED");
        set("payment", "submitting_until = now() - interval '1 second'");
        says("payment", "NOT_FOUND", null, "{}");
        assertThat(get("payment", "status || ' ' || (next_poll_at > now())")).isEqualTo("CREATED true");
        says("payment", "NOT_FOUND", null, "{}");
        assertThat(get("payment", "status || ' ' || refused")).isEqualTo("FAILED false");
    }

    private static String source(String table) {
        return "{\"source\":\"" + (table.equals("payment") ? "checkout-pay" : "refund")
                + "\",\"reason\":\"PARAM_ERROR: no\"}";
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void failsNothingByARefusalAlone(String table) throws SQLException {
        set(table, "status = 'CREATED', submitted_at = now(), next_poll_at = now() + interval '1 hour'");
        says(table, "REFUSED", null, source(table));
        assertThat(get(table, "status || ' ' || refusal || ' ' || (next_poll_at <= now())"))
                .isEqualTo("CREATED PARAM_ERROR: no true");

        says(table, "NOT_FOUND", null, "{}");

        assertThat(get(table, "status || ' ' || fail_reason")).isEqualTo("FAILED PARAM_ERROR: no");
        // A call that was held back on the way is found soon, and once more a day later.
        assertThat(get(table, "reconcile_at between now() + interval '9 minutes' and now() + interval '11 minutes'"))
                .isEqualTo("t");
        says(table, "NOT_FOUND", null, "{}");
        assertThat(get(table, "reconcile_at is null")).isEqualTo("f");
        says(table, "STATUS", "SUCCEEDED", "{}");
        assertThat(get(table, "status || ' ' || review")).isEqualTo("SUCCEEDED LATE_SUCCESS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void forgetsARefusalOfWhatTenpayHas(String table) throws SQLException {
        set(table, "status = 'CREATED', submits = 1, refusal = 'PARAM_ERROR: no'");
        says(table, "STATUS", "PENDING", "{}");
        assertThat(get(table, "status || ' ' || (refusal is null)")).isEqualTo("PENDING true");
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void takesNothingFromASignatureThatWasUsed(String table) throws SQLException {
        set(table, "status = 'CREATED'");
        statement.execute("insert into used_signature (digest) values (decode('c0ffee', 'hex'))");
        for (String answer : new String[] {"STATUS", "REFUSED", "NOT_FOUND"}) {
            says(table, answer, answer.equals("STATUS") ? "SUCCEEDED" : null, "{\"signature\":\"c0ffee\"}");
        }
        assertThat(get(table, "status || ' ' || (review is null)")).isEqualTo("CREATED true");
        assertThat(value("select string_agg(distinct outcome || ' ' || detail, ',') from history"))
                .isEqualTo("NO_RESPONSE unverified answer: its signature was used before");
        says(table, "STATUS", "SUCCEEDED", "{\"signature\":\"c0ffee01\"}");
        assertThat(get(table, "status")).isEqualTo("SUCCEEDED");
        assertThat(value("select count(*) from used_signature")).isEqualTo("2");
    }

    /** As a database restored to an earlier time would have it. */
    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void usesTheSignatureOfAnAnswerWithoutARow(String table) throws SQLException {
        Map<String, Object> variables = new HashMap<>(Map.of("account", "main", "number", "NO-SUCH-1"));
        variables.put(
                "tenpayResult",
                "{\"source\":\"inquiry-" + table + "\",\"resultCode\":\"NOT_FOUND\",\"signature\":\"c0ffee\"}");
        variables.put("notification", null);
        assertThat(statements.all(table + "-status", variables)).isEmpty();
        assertThat(value("select count(*) from used_signature")).isEqualTo("1");
        // A notification that can't be applied yet uses nothing.
        variables.put("notification", "bytes".getBytes(StandardCharsets.UTF_8));
        variables.put("tenpayResult", variables.get("tenpayResult").toString().replace("c0ffee", "c0ffee01"));
        assertThat(statements.all(table + "-status", variables)).isEmpty();
        assertThat(value("select count(*) from used_signature")).isEqualTo("1");
    }

    /** Tenpay's news of a refund that the store may not have, by its own number {@code 5030X}. */
    private static Map<String, Object> newsOf5030X(String source, String number, String more) {
        try {
            ObjectNode news = Statements.JSON
                    .createObjectNode()
                    .put("source", source)
                    .put("resultCode", "STATUS")
                    .put("status", "SUCCEEDED")
                    .put("merchantId", "m")
                    .put("orderNo", "SO-000002")
                    .put("refundNo", number)
                    .put("refundId", "5030X")
                    .put("total", "300")
                    .put("currency", "SGD");
            news.setAll((ObjectNode) Statements.JSON.readTree(more));
            Map<String, Object> variables = new HashMap<>(Map.of("account", "main", "number", number));
            variables.put("tenpayResult", news.toString());
            variables.put(
                    "notification",
                    source.equals("notification") ? (number + more).getBytes(StandardCharsets.UTF_8) : null);
            return variables;
        } catch (java.io.IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** As the routes refund-status and refund-import do it. */
    private String refundNews(String source, String number, String more) throws SQLException {
        Map<String, Object> variables = newsOf5030X(source, number, more);
        if (!statements.all("refund-status", variables).isEmpty()) {
            return "APPLIED";
        }
        List<Map<String, Object>> verdict = statements.all("refund-import", variables);
        if (verdict.isEmpty()) {
            return "NOTHING";
        }
        if (List.of("IMPORTED", "KNOWN").contains(verdict.get(0).get("outcome"))) {
            assertThat(statements.all("refund-status", variables)).hasSize(1);
        }
        return verdict.get(0).get("outcome").toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}                            | IMPORTED",
                "{\"orderNo\":\"SO-000009\"}   | NOTHING",
                "{\"refundNo\":\"RF-000008\"}  | NOTHING",
                "{\"orderNo\":\"SO-000001\"}   | its order is PENDING here; Tenpay is asked about the order now",
                "{\"merchantId\":\"another\"}  | it names another merchant id than its order has"
            })
    void usesSignatureOfAnswerAboutUnknownRefundOnce(String more, String verdict) throws SQLException {
        String signed = more.equals("{}") ? more : more.replace("}", ",");
        signed = signed.replace("{}", "{") + "\"signature\":\"c0ffee\"}";
        assertThat(refundNews("inquiry-refund", "RF-000009", signed)).isEqualTo(verdict);
        if (verdict.equals("IMPORTED")) {
            assertThat(value("select status from refund where refund_no = 'RF-000009'"))
                    .isEqualTo("SUCCEEDED");
        }
        assertThat(value("select count(*) from used_signature")).isEqualTo("1");
        says("refund", "NOT_FOUND", null, "{\"signature\":\"c0ffee\"}");
        assertThat(value("select string_agg(outcome, ' ') from history where refund_id = " + get("refund", "id")))
                .isEqualTo("NO_RESPONSE");
    }

    @Test
    void leavesSignatureOfNotificationThatCannotBeTakenIn() throws SQLException {
        String signed = "{\"signature\":\"c0ffee\",\"merchantId\":\"another\"}";
        assertThat(refundNews("notification", "RF-000009", signed)).startsWith("it names another merchant");
        assertThat(value("select count(*) from used_signature")).isEqualTo("0");
    }

    @Test
    void takesInNoRefundByASignatureThatWasUsed() throws SQLException {
        statement.execute("insert into used_signature (digest) values (decode('c0ffee', 'hex'))");
        assertThat(refundNews("inquiry-refund", "RF-000009", "{\"signature\":\"c0ffee\"}"))
                .isEqualTo("its signature was used before");
        assertThat(value("select count(*) from refund")).isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"notification", "inquiry-refund"})
    void appliesNewsWithoutRefundNumberToRefundOfItsId(String source) throws SQLException {
        set("refund", "tenpay_refund_id = '5030X'");
        assertThat(refundNews(source, "5030X", "{}")).isEqualTo("APPLIED");
        assertThat(get("refund", "status || ' ' || (review is null)")).isEqualTo("SUCCEEDED true");
        assertThat(value("select count(*) from refund")).isEqualTo("1");
        assertThat(value("select refunded from payment where order_no = 'SO-000002'"))
                .isEqualTo("300");
    }

    /** Its id became known between the two statements. */
    @Test
    void importsNoRefundWhoseRefundIdIsKnown() throws SQLException {
        set("refund", "tenpay_refund_id = '5030X'");
        assertThat(statements.all("refund-import", newsOf5030X("notification", "5030X", "{}")))
                .containsExactly(Map.of("outcome", "KNOWN"));
        assertThat(value("select count(*) from refund")).isEqualTo("1");
    }

    @Test
    void appliesNoResultOfAnotherNumberByRefundId() throws SQLException {
        set("refund", "tenpay_refund_id = '5030X'");
        Map<String, Object> another = newsOf5030X("notification", "RF-000009", "{}");
        assertThat(statements.one("refund-status", another).path("otherOrder").asBoolean())
                .isTrue();
        assertThat(get("refund", "status")).isEqualTo("PENDING");
    }

    @ParameterizedTest
    @ValueSource(strings = {"5030X PORTAL-77", "PORTAL-77 5030X"})
    void takesInPortalRefundOnceUnderBothItsNumbers(String numbers) throws SQLException {
        set("refund", "tenpay_refund_id = '4711'");
        String[] number = numbers.split(" ");
        assertThat(refundNews("notification", number[0], "{\"status\":\"PENDING\"}"))
                .isEqualTo("IMPORTED");
        assertThat(refundNews("notification", number[1], "{}")).isEqualTo("APPLIED");
        assertThat(value("select refund_no || ' ' || status || ' ' || (review is null) from refund"
                        + " where origin = 'PORTAL'"))
                .isEqualTo(number[0] + " SUCCEEDED true");
        assertThat(value("select refunded from payment where order_no = 'SO-000002'"))
                .isEqualTo("300");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "status = 'PENDING'                                                                 | it lacks",
                "status = 'SUCCEEDED', refunded_at = now(), next_poll_at = null                     | it lacks",
                "status = 'FAILED', next_poll_at = null, reconcile_at = now()                       | it lacks",
                "status = 'FAILED', next_poll_at = null                                             | IMPORTED",
                "tenpay_refund_id = '4711'                                                          | IMPORTED"
            })
    void newsWithoutRefundNumberWaitsForIdsOfItsOrder(String known, String verdict) throws SQLException {
        set("refund", known);
        assertThat(refundNews("notification", "5030X", "{}")).startsWith(verdict);
        assertThat(value("select count(*) from refund")).isEqualTo(verdict.equals("IMPORTED") ? "2" : "1");
    }

    @Test
    void parksNotificationWithoutRefundIdBesideUnnumberedRefund() throws SQLException {
        set("refund", "tenpay_refund_id = '5030X', refund_no = '5030X', origin = 'PORTAL'");
        assertThat(refundNews("notification", "PORTAL-77", "{\"refundId\":null}"))
                .startsWith("it lacks");
        assertThat(refundNews("notification", "PORTAL-78", "{\"refundId\":\"5030Y\"}"))
                .isEqualTo("IMPORTED");
    }

    @Test
    void reviewsRefundThatTakesTheIdOfAnother() throws SQLException {
        set("refund", "tenpay_refund_id = '5030X'");
        assertThat(refundNews("notification", "RF-000009", "{\"refundId\":\"5030Y\",\"status\":\"PENDING\"}"))
                .isEqualTo("IMPORTED");
        statement.execute("update refund set tenpay_refund_id = null where refund_no = 'RF-000009'");
        assertThat(refundNews("inquiry-refund", "RF-000009", "{}")).isEqualTo("APPLIED");
        assertThat(value("select status || ' ' || review from refund where refund_no = 'RF-000009'"))
                .isEqualTo("SUCCEEDED PAYMENT_ID_MISMATCH");
        assertThat(value("select detail from history where source = 'inquiry-refund'"))
                .isEqualTo("refund_id 5030X, but this refund is another");
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void storesNoNotificationByASignatureThatWasUsed(String table) throws SQLException {
        statement.execute("insert into used_signature (digest) values (decode('c0ffee', 'hex'))");
        String replay = "{\"source\":\"notification\",\"signature\":\"c0ffee\"}";
        assertThat(says(table, "STATUS", "SUCCEEDED", replay, "bytes").toString())
                .contains("NONE");
        assertThat(get(table, "status")).isEqualTo("PENDING");
        // Nor when it would wait.
        says(table, "NONE", null, replay, "bytes");
        notifications(1);
        Map<String, Object> waits = waits();
        statement.execute("delete from notification");
        waits.put("signature", "c0ffee");
        assertThat(statements.all("notification-park", waits)).isEmpty();
        assertThat(statements.all("notification-known", waits)).isEmpty();
        assertThat(value("select count(*) from notification")).isEqualTo("0");
        assertThat(value("select count(*) from history")).isEqualTo("0");
        waits.put("signature", "c0ffee01");
        assertThat(statements.all("notification-park", waits)).hasSize(1);
        assertThat(statements.all("notification-known", waits)).hasSize(1);
    }

    @Test
    void keepsSignaturesForTwiceTheLongestFreshness() throws SQLException {
        // Of an instance that is set to the longest, while this one has the shipped 300 s.
        long seconds = SignatureProperties.LONGEST_FRESHNESS.multipliedBy(2).toSeconds();
        statement.execute("insert into used_signature (digest, used_at) values"
                + " ('old', now() - interval '%d seconds'), ('fresh', now() - interval '%d seconds')"
                        .formatted(seconds + 660, seconds + 540));
        statements.all("signature-purge", Map.of());
        assertThat(value("select string_agg(convert_from(digest, 'UTF8'), ' ') from used_signature"))
                .isEqualTo("fresh");
    }

    private void setSucceeded(String table) throws SQLException {
        String paid = table.equals("payment") ? "paid_at" : "refunded_at";
        set(table, "status = 'SUCCEEDED', next_poll_at = null, reconcile_at = null, " + paid + " = now()");
    }

    /** The inquiry finds the row as it is, as the route that asks does. */
    private void asked(String table, String answer, String status) throws SQLException {
        ObjectNode asked = Statements.JSON.createObjectNode().put("statusBefore", get(table, "status"));
        String contradicted = get(table, "to_jsonb(contradicted_at) #>> '{}'");
        says(table, answer, status, asked.put("contradictedAt", contradicted).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void asksAtOnceWhenASuccessIsContradicted(String table) throws SQLException {
        setSucceeded(table);
        says(table, "STATUS", "FAILED", "{\"source\":\"notification\"}", "bytes");
        assertThat(get(table, "status || ' ' || (review is null) || ' ' || (reconcile_at <= now())"))
                .isEqualTo("SUCCEEDED true true");
        // What was asked before the contradiction neither confirms nor clears it.
        says(table, "STATUS", "SUCCEEDED", "{\"statusBefore\":\"SUCCEEDED\"}");
        assertThat(get(table, "reconcile_at is null")).isEqualTo("f");
        says(table, "STATUS", "FAILED", "{\"statusBefore\":\"SUCCEEDED\"}");
        assertThat(get(table, "review")).isNull();

        asked(table, "STATUS", "FAILED");

        assertThat(get(table, "status || ' ' || review")).isEqualTo("SUCCEEDED STATUS_MISMATCH");
        assertThat(value("select string_agg(type, ' ') from erp_event")).isEqualTo(table + ".review");
        asked(table, "STATUS", "SUCCEEDED");
        assertThat(get(table, "(review is null) || ' ' || (contradicted_at is null)"))
                .isEqualTo("true true");
    }

    @ParameterizedTest
    @CsvSource({
        "payment,AMOUNT_MISMATCH,AMOUNT_MISMATCH",
        "payment,PAYMENT_ID_MISMATCH,PAYMENT_ID_MISMATCH",
        "payment,NUMBER_CONFLICT,NUMBER_CONFLICT",
        "payment,LATE_SUCCESS,STATUS_MISMATCH",
        "refund,AMOUNT_MISMATCH,AMOUNT_MISMATCH",
        "refund,PAYMENT_ID_MISMATCH,PAYMENT_ID_MISMATCH",
        "refund,LATE_SUCCESS,STATUS_MISMATCH"
    })
    void reportsUpheldContradictionOnceUnderAnyReview(String table, String before, String after) throws SQLException {
        setSucceeded(table);
        set(table, "review = '" + before + "', updated_at = now() - interval '1 hour'");
        says(table, "STATUS", "FAILED", "{\"source\":\"notification\"}", "bytes");
        assertThat(value("select count(*) from erp_event")).isEqualTo("0");

        asked(table, "STATUS", "FAILED");

        assertThat(get(table, "status || ' ' || review")).isEqualTo("SUCCEEDED " + after);
        assertThat(get(
                        table,
                        "updated_at > now() - interval '1 minute' and reconcile_at > now() + interval '23 hours'"))
                .isEqualTo("t");
        assertThat(value("select string_agg(type || ' ' || (data ->> 'review'), ' ') from erp_event"))
                .isEqualTo(table + ".review " + after);
        assertThat(value("select detail from history order by id desc limit 1"))
                .isEqualTo("asked again, Tenpay upholds its contradiction");
        asked(table, "NOT_FOUND", null);
        assertThat(value("select count(*) from erp_event")).isEqualTo("1");
        assertThat(value("select detail from history order by id desc limit 1")).isNull();

        // Taken back, it is news when it comes again.
        asked(table, "STATUS", "SUCCEEDED");
        assertThat(get(table, "coalesce(review, '') || (contradiction_upheld_at is null)"))
                .isEqualTo((after.equals("STATUS_MISMATCH") ? "" : after) + "true");
        says(table, "STATUS", "FAILED", "{\"source\":\"notification\"}", "again");
        asked(table, "STATUS", "FAILED");
        assertThat(value("select count(*) from erp_event")).isEqualTo("2");
    }

    /** A line at ERROR follows it: Reports. */
    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void namesUpheldContradictionInTheAnswerOnce(String table) throws SQLException {
        setSucceeded(table);
        set(table, "review = 'AMOUNT_MISMATCH', contradicted_at = now() - interval '1 minute'");
        String contradicted = get(table, "to_jsonb(contradicted_at) #>> '{}'");
        String inquiry = "{\"statusBefore\":\"SUCCEEDED\",\"contradictedAt\":\"" + contradicted + "\"}";
        assertThat(says(table, "STATUS", "FAILED", inquiry, null).toString()).contains("\"upheld\": true");
        assertThat(says(table, "STATUS", "FAILED", inquiry, null).toString()).contains("\"upheld\": false");
    }

    @ParameterizedTest
    @CsvSource({
        "payment,null,1 minute,1 minute",
        "payment,null,8 hours,2 hours",
        "payment,null,40 days,24 hours",
        "payment,now(),40 days,-",
        "refund,null,1 minute,1 minute",
        "refund,null,8 hours,2 hours",
        "refund,null,40 days,24 hours",
        "refund,now(),40 days,-"
    })
    void asksUntilAContradictionIsSettled(String table, String upheld, String age, String wait) throws SQLException {
        setSucceeded(table);
        set(
                table,
                "reconcile_at = now(), contradicted_at = now() - interval '" + age
                        + "', updated_at = now() - interval '40 days', contradiction_upheld_at = " + upheld);
        assertThat(statements.all(table + "-reconcile", Map.of("pausedAccounts", "", "ownAccounts", "main")))
                .hasSize(1);
        assertThat(get(table, "reconcile_at is null")).isEqualTo(wait.equals("-") ? "t" : "f");
        if (!wait.equals("-")) {
            assertThat(get(table, "reconcile_at - now() < interval '" + wait + "' + interval '1 second'"))
                    .isEqualTo("t");
            assertThat(get(table, "reconcile_at - now() > interval '" + wait + "' / 4"))
                    .isEqualTo("t");
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1 second,FAILED", "2,1 second,CREATED", "2,1 day,FAILED"})
    void failsRefusedOrderWhenNoEarlierCallCanArrive(int submits, String age, String status) throws SQLException {
        set(
                "payment",
                "status = 'CREATED', refusal = 'PARAM_ERROR: no', submits = " + submits
                        + ", submitted_at = now() - interval '" + age + "'");
        says("payment", "NOT_FOUND", null, "{}");
        assertThat(get("payment", "status")).isEqualTo(status);
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void staysQuietWhenAnInquiryIsOvertakenByTheSuccess(String table) throws SQLException {
        setSucceeded(table);
        List<Map<String, Object>> row = says(table, "STATUS", "PENDING", "{\"statusBefore\":\"PENDING\"}", null);
        assertThat(row.toString()).contains("\"contradicts\": false");
        assertThat(get(table, "(reconcile_at is null) || ' ' || (contradicted_at is null)"))
                .isEqualTo("true true");
        asked(table, "STATUS", "PENDING");
        assertThat(get(table, "reconcile_at <= now()")).isEqualTo("t");
        asked(table, "NOT_FOUND", null);
        assertThat(get(table, "review")).isEqualTo("STATUS_MISMATCH");
    }

    /** Two words for unpaid are no difference. */
    @Test
    void staysQuietWhenWhatIsClosedExpires() throws SQLException {
        set("payment", "status = 'CLOSED', next_poll_at = null");
        for (String status : new String[] {"EXPIRED", "FAILED"}) {
            says("payment", "STATUS", status, "{\"source\":\"notification\"}", status);
            asked("payment", "STATUS", status);
        }
        assertThat(get("payment", "status || (contradicted_at is null) || (review is null)"))
                .isEqualTo("CLOSEDtruetrue");
    }

    @Test
    void holdsTheAmountOfAFailedRefundThatTenpayCallsOpen() throws SQLException {
        set("refund", "status = 'FAILED', next_poll_at = null");
        asked("refund", "STATUS", "PENDING");
        Map<String, Object> request = Map.of("refund", """
                {"payment":%s,"refundNo":"RF-000009","total":1050,"currency":"SGD","notifyUrl":"u","rules":{}}""".formatted(get("refund", "payment_id")));
        assertThat(statements.one("refund-insert", request).path("outcome").asText())
                .isEqualTo("REFUND_EXCEEDS_PAYMENT");
    }

    @Test
    void takesPaymentIdAndPrepayInfoFromOneAnswer() throws SQLException {
        String pair = "tenpay_payment_id || ' ' || coalesce(prepay_info, '-') || ' ' || coalesce(review, '-')";
        says("payment", "STATUS", "PENDING", "{\"prepayInfo\":\"of nothing\"}");
        says("payment", "STATUS", "PENDING", "{\"paymentId\":\"AAAA\"}");
        assertThat(get("payment", pair)).isEqualTo("AAAA - -");
        says("payment", "STATUS", "PENDING", "{\"paymentId\":\"BBBB\",\"prepayInfo\":\"of B\"}");
        assertThat(get("payment", pair)).isEqualTo("AAAA - PAYMENT_ID_MISMATCH");
        assertThat(value("select string_agg(type, ' ') from erp_event")).isEqualTo("payment.review");
        assertThat(value("select detail from history where outcome = 'MISMATCH'"))
                .contains("AAAA", "BBBB");
        says("payment", "STATUS", "PENDING", "{\"paymentId\":\"AAAA\",\"prepayInfo\":\"of A\"}");
        assertThat(get("payment", pair)).isEqualTo("AAAA of A PAYMENT_ID_MISMATCH");
    }

    @ParameterizedTest
    @CsvSource({"payment,tenpay_payment_id,paymentId", "refund,tenpay_refund_id,refundId"})
    void countsOnlySuccessUnderAnotherId(String table, String column, String field) throws SQLException {
        set(table, column + " = 'AAAA'");
        List<String> unpaid = table.equals("payment")
                ? List.of("FAILED", "CLOSED", "EXPIRED", "PENDING")
                : List.of("FAILED", "PENDING");
        for (String status : unpaid) {
            set(table, "status = '" + (status.equals("PENDING") ? "CREATED" : "PENDING") + "'");
            says(table, "STATUS", status, "{\"" + field + "\":\"BBBB\"}");
            assertThat(get(table, "status || ' ' || review || ' ' || " + column + " || (next_poll_at is not null)"))
                    .isEqualTo((status.equals("PENDING") ? "CREATED" : "PENDING") + " PAYMENT_ID_MISMATCH AAAAtrue");
        }
        assertThat(value("select string_agg(distinct outcome, ' ') from history"))
                .isEqualTo("MISMATCH");
        says(table, "STATUS", "SUCCEEDED", "{\"" + field + "\":\"BBBB\"}");
        assertThat(get(table, "status || ' ' || review || ' ' || " + column))
                .isEqualTo("SUCCEEDED PAYMENT_ID_MISMATCH AAAA");
        assertThat(value("select string_agg(type, ' ' order by id) from erp_event"))
                .isEqualTo(table + ".review " + table + ".succeeded");
    }

    @ParameterizedTest
    @CsvSource({"payment,tenpay_payment_id,paymentId", "refund,tenpay_refund_id,refundId"})
    void confirmsNoSuccessUnderAnotherId(String table, String column, String field) throws SQLException {
        setSucceeded(table);
        set(table, column + " = 'AAAA'");
        says(table, "STATUS", "SUCCEEDED", "{\"" + field + "\":\"BBBB\"}");
        assertThat(get(table, "review || ' ' || " + column)).isEqualTo("PAYMENT_ID_MISMATCH AAAA");
        assertThat(value("select outcome from history")).isEqualTo("MISMATCH");
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void believesOnlyATimeThatCanBe(String table) throws SQLException {
        String done = table.equals("payment") ? "paid_at" : "refunded_at";
        for (String offset : new String[] {"-25 hours", "25 hours", "-26 years", "73 years", "no time"}) {
            set(table, "status = 'PENDING', next_poll_at = now(), " + done + " = null");
            String time = offset.equals("no time")
                    ? offset
                    : value("select to_jsonb(now() + interval '" + offset + "') #>> '{}'");
            says(table, "STATUS", "SUCCEEDED", "{\"succeededAt\":\"" + time + "\"}");
            assertThat(get(table, done + " > now() - interval '1 minute' and " + done + " <= now()"))
                    .as(offset)
                    .isEqualTo("t");
            assertThat(value("select detail from history order by id desc limit 1"))
                    .contains("time of receipt");
        }
        set(table, "status = 'PENDING', next_poll_at = now(), " + done + " = null");
        String time = value("select to_jsonb(now() - interval '23 hours') #>> '{}'");
        says(table, "STATUS", "SUCCEEDED", "{\"succeededAt\":\"" + time + "\"}");
        assertThat(get(table, done + " < now() - interval '22 hours'")).isEqualTo("t");
        assertThat(value("select detail from history order by id desc limit 1")).isNull();
    }

    /** So old, and still open, that it counts as stuck. */
    private void setOldUnderReview(String table, String review) throws SQLException {
        set(table, "review = '" + review + "', created_at = now() - interval '9 days'");
        if (table.equals("payment")) {
            set(table, "expires_at = now() - interval '8 days'");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void whatWasStuckIsNoMoreOnceItIsFinal(String table) throws SQLException {
        setOldUnderReview(table, "STUCK");
        says(table, "STATUS", "PENDING", "{}");
        assertThat(get(table, "review")).isEqualTo("STUCK");
        says(table, "STATUS", "SUCCEEDED", "{}");
        assertThat(get(table, "review")).isNull();
    }

    /** What a person must look at first stays, or a refund that keeps its amount for it would give it free. */
    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void whatIsUnderReviewDoesNotBecomeStuckInstead(String table) throws SQLException {
        setOldUnderReview(table, "AMOUNT_MISMATCH");
        says(table, "STATUS", "PENDING", "{}");
        assertThat(get(table, "review")).isEqualTo("AMOUNT_MISMATCH");
    }

    @Test
    void theFirstRefusalIsTheReasonOfAFailedRefund() throws SQLException {
        set("refund", "status = 'CREATED', submits = 2");
        says("refund", "REFUSED", null, "{\"source\":\"refund\",\"reason\":\"first\"}");
        says("refund", "REFUSED", null, "{\"source\":\"refund\",\"reason\":\"second\"}");
        assertThat(get("refund", "refusal")).isEqualTo("first");
        says("refund", "NOT_FOUND", null, "{\"reason\":\"third\"}");
        assertThat(get("refund", "fail_reason")).isEqualTo("first");
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void bothSidesSayingTheSameAgainEndsAMismatchAndNoOtherReview(String table) throws SQLException {
        String paid = table.equals("payment") ? "paid_at" : "refunded_at";
        for (String review : new String[] {"STATUS_MISMATCH", "AMOUNT_MISMATCH"}) {
            set(table, "status = 'SUCCEEDED', next_poll_at = null, " + paid + " = now(), review = '" + review + "'");
            set(table, "reconcile_at = now()");
            says(table, "STATUS", "SUCCEEDED", "{}");
            assertThat(get(table, "review")).isEqualTo(review.equals("STATUS_MISMATCH") ? null : review);
            assertThat(get(table, "reconcile_at")).isNull();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "payment | {\"total\":\"1050\"}",
                "payment | {\"currency\":\"SGD\"}",
                "refund | {\"total\":\"300\"}",
                "refund | {\"currency\":\"SGD\"}"
            })
    void anAmountWithHalfOfItMissingIsNotThisAmount(String table, String half) throws SQLException {
        says(table, "STATUS", "FAILED", half);
        assertThat(get(table, "status || ' ' || review")).isEqualTo("PENDING AMOUNT_MISMATCH");
    }

    @ParameterizedTest
    @CsvSource({"payment,tenpay_payment_id,paymentId", "refund,tenpay_refund_id,refundId"})
    void theFirstIdThatTenpayGaveItStays(String table, String column, String field) throws SQLException {
        says(table, "STATUS", "PENDING", "{\"" + field + "\":\"T-1\"}");
        assertThat(get(table, column)).isEqualTo("T-1");
        says(table, "STATUS", "SUCCEEDED", "{\"" + field + "\":\"T-2\"}");
        assertThat(get(table, column)).isEqualTo("T-1");
        set(table, "review = null");
        // The answer to the call itself comes last, behind the news of how it ended.
        set(table, column + " = null");
        String source = table.equals("payment") ? "checkout-pay" : "refund";
        says(table, "STATUS", "PENDING", "{\"source\":\"" + source + "\",\"" + field + "\":\"T-3\"}");
        assertThat(get(table, "status || ' ' || " + column)).isEqualTo("SUCCEEDED T-3");
    }

    /** The destinations of its account that want its type, and no other. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "payment | main,http,null;main,kafka,{payment.failed}                            | http",
                "payment | main,http,null;other,kafka,null                                       | http",
                "payment | main,http,{payment.failed,payment.succeeded};other,kafka,null         | http",
                "payment | main,http,null;main,kafka,{payment.succeeded}                         | http kafka",
                "payment | main,http,{payment.failed};other,kafka,{payment.succeeded}            | -",
                "payment | other,http,null                                                       | -",
                "refund  | main,http,null;main,kafka,{refund.failed}                             | http",
                "refund  | main,http,null;other,kafka,null                                       | http",
                "refund  | main,http,{refund.failed,refund.succeeded};other,kafka,null           | http",
                "refund  | main,http,null;main,kafka,{refund.succeeded}                          | http kafka",
                "refund  | main,http,{refund.failed};other,kafka,{refund.succeeded}              | -",
                "refund  | other,http,null                                                       | -"
            })
    void anEventGoesWhereItsAccountWantsItsType(String table, String destinations, String told) throws SQLException {
        for (String destination : destinations.split(";")) {
            String[] words = destination.split(",", 3);
            statement.execute(
                    "insert into event_destination (account, destination, address, types) values ('%s', '%s', '', %s)"
                            .formatted(words[0], words[1], words[2].equals("null") ? "null" : "'" + words[2] + "'"));
        }
        says(table, "STATUS", "SUCCEEDED", "{}");
        assertThat(value("select type from erp_event")).isEqualTo(table + ".succeeded");
        assertThat(value("select string_agg(destination, ' ' order by destination) from event_delivery"))
                .isEqualTo(told);
        assertThat(value("select string_agg(destination, ' ' order by destination) from event_queue where pending = 1"))
                .isEqualTo(told);
        assertThat(value("select status from erp_event")).isEqualTo(told == null ? "NO_DESTINATION" : "PENDING");
    }

    /** A receiver that was down isn't asked sooner for the sake of what comes behind; an empty queue begins at once. */
    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void anEventQueuesBehindThoseThatWait(String table) throws SQLException {
        statement.execute("insert into event_destination (account, destination, address) values ('main', 'http', '')");
        String queue =
                "insert into event_queue (payment_id, destination, account, pending, next_attempt_at) select %s, 'http', 'main', %s from "
                        + table + where(table);
        String id = table.equals("payment") ? "id" : "payment_id";
        statement.execute(queue.formatted(id, "3, now() + interval '1 hour'"));
        says(table, "STATUS", "SUCCEEDED", "{}");
        assertThat(value("select pending || ' ' || (next_attempt_at > now()) from event_queue"))
                .isEqualTo("4 true");

        statement.execute("update event_queue set pending = 0, next_attempt_at = null");
        says(table, "STATUS", "FAILED", "{\"total\":\"1\",\"currency\":\"SGD\"}");
        assertThat(value("select pending || ' ' || (next_attempt_at <= now()) from event_queue"))
                .isEqualTo("1 true");
    }

    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void aLateSuccessIsToldBeforeItsReview(String table) throws SQLException {
        set(table, "status = 'FAILED', next_poll_at = null");
        says(table, "STATUS", "SUCCEEDED", "{}");
        assertThat(value("select string_agg(type, ' ' order by id) from erp_event"))
                .isEqualTo(table + ".succeeded " + table + ".review");
    }

    private void notifications(int count) throws SQLException {
        statement.execute("""
                delete from notification;
                insert into notification (account, kind, body, next_attempt_at)
                select 'main', 'payments', cast(cast(n as text) as bytea), now() - n * interval '1 second'
                from generate_series(1, %d) n""".formatted(count));
    }

    /** The batch is of 100; what one instance is taking no other takes or waits for. */
    @Test
    void theNotificationThatWaitsLongestIsTakenFirstAndByOneInstance() throws SQLException {
        notifications(101);
        try (Connection another = database.connect()) {
            connection.setAutoCommit(false);
            Map<String, String> own = Map.of("ownAccounts", "main");
            assertThat(statements.all("notification-claim", own))
                    .hasSize(100)
                    .noneMatch(row -> new String((byte[]) row.get("body")).equals("1"));
            assertThat(new Statements(another, Map.of()).all("notification-claim", own))
                    .singleElement()
                    .matches(row -> new String((byte[]) row.get("body")).equals("1"));
            connection.commit();
        }
    }

    /** Else a replay would ask for the person again who has looked at it. */
    @ParameterizedTest
    @ValueSource(strings = {"payment", "refund"})
    void aNotificationThatIsRepeatedSaysNothingMore(String table) throws SQLException {
        String another = "{\"source\":\"notification\",\"total\":\"1\"}";
        says(table, "STATUS", "SUCCEEDED", another, "bytes");
        assertThat(get(table, "review")).isEqualTo("AMOUNT_MISMATCH");
        set(table, "review = null");
        assertThat(says(table, "STATUS", "SUCCEEDED", another, "bytes").toString())
                .contains("REPEATED");
        assertThat(get(table, "review")).isNull();
        assertThat(value("select count(*) from history")).isEqualTo("1");
        assertThat(value("select count(*) from erp_event")).isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "yesterday",
                "infinity",
                "",
                "2026-11-23",
                "2026-11-23T16:00:00",
                "2026-11-23 16:00:00+08:00",
                "2026-11-23T16:00:00 Asia/Shanghai",
                "2026-11-23T16:00:00+08:00 BC",
                "2026-13-01T00:00:00Z",
                "2026-02-30T00:00:00Z",
                "2026-11-23T24:00:00Z",
                "2026-11-23T23:60:00Z",
                "2026-11-23T23:59:61Z",
                "2026-11-23T16:00:00+080",
                "2026-11-23T16:00:00+8",
                "2026-11-23T16:00:00+24:00",
                "2026-11-23T16:00:00+08:60",
                "2026-11-23T16:00Z",
                "26-11-23T16:00:00Z",
                "0000-11-23T16:00:00Z",
                "J2451187",
                "now",
                "epoch",
                "tomorrow",
                "2026-11-23T23:59:59Z\n",
                "2026-11-23T25:00:00Z"
            })
    void aTimeThatIsNoTimeIsNone(String time) throws SQLException {
        assertThat(value("select moment('" + time + "')")).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-23T16:00:00+08:00,2026-11-23 08:00:00+00",
        "2026-11-23T08:00:00Z,2026-11-23 08:00:00+00",
        "2026-11-23T08:00:00.123456-10:30,2026-11-23 18:30:00.123456+00",
        "2026-11-23T16:00:00+0800,2026-11-23 08:00:00+00",
        "2026-11-23T16:00:00+08,2026-11-23 08:00:00+00",
        "2026-11-23t08:00:00z,2026-11-23 08:00:00+00",
        "2026-11-23T08:00:00-00:00,2026-11-23 08:00:00+00",
        "2026-06-30T23:59:60Z,2026-07-01 00:00:00+00",
        "2026-07-01T07:59:60.5+08:00,2026-07-01 00:00:00+00",
        "'2026-11-23T08:00:00,25Z',2026-11-23 08:00:00.25+00",
        "2024-02-29T23:30:00-0130,2024-03-01 01:00:00+00",
        "0001-01-01T00:00:00Z,0001-01-01 00:00:00+00"
    })
    void aTimeOfTenpaysIsThatTime(String time, String inUtc) throws SQLException {
        for (String style : new String[] {"ISO, DMY", "ISO, MDY", "ISO, YMD"}) {
            statement.execute("set time zone 'America/New_York'; set datestyle = '" + style + "'");
            assertThat(value("select to_char(moment('" + time + "') at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"))
                    .startsWith(inUtc.replace("+00", ""));
        }
    }

    /** Who was slow to find that it can't be applied doesn't undo that another has applied it. */
    @Test
    void aNotificationThatIsDoneStaysDone() throws SQLException {
        notifications(1);
        statement.execute("update notification set state = 'DONE', next_attempt_at = null");
        assertThat(statements.all("notification-park", waits())).isEmpty();
        assertThat(value("select state from notification")).isEqualTo("DONE");
        notifications(1);
        assertThat(statements.all("notification-park", waits())).hasSize(1);
        assertThat(value("select count(*) from notification")).isEqualTo("1");
    }

    /** By a mapping that was put right meanwhile. */
    @Test
    void aNotificationWaitsForTheNumberThatWasReadLast() throws SQLException {
        notifications(1);
        statements.all("notification-park", waits());
        Map<String, Object> again = waits();
        again.put("number", "SO-000002");
        again.put("problem", "later");
        statements.all("notification-park", again);
        assertThat(value("select number || ' ' || problem from notification")).isEqualTo("SO-000002 later");
    }

    /** A longer {@code give-up-after} gives it its turns back, when Tenpay sends it again. */
    @Test
    void aNotificationThatWasGivenUpTooEarlyWaitsAgain() throws SQLException {
        notifications(1);
        statement.execute("update notification set state = 'GIVEN_UP', next_attempt_at = null");
        assertThat(statements.all("notification-park", waits()).get(0)).containsEntry("state", "WAITING");
        assertThat(value("select next_attempt_at > now() from notification")).isEqualTo("t");
    }

    /** What the only stored notification is told that can't be applied. */
    private Map<String, Object> waits() throws SQLException {
        Map<String, Object> row = new HashMap<>();
        try (ResultSet stored = statement.executeQuery("select account, kind, body from notification")) {
            stored.next();
            row.put("account", stored.getString(1));
            row.put("kind", stored.getString(2));
            row.put("notification", stored.getBytes(3));
        }
        row.put("number", "SO-000001");
        row.put("problem", "late");
        row.put("signature", null);
        return row;
    }
}
