package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
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
class StatusStatementsTest extends OnAStore {

    /** A pending payment, and a pending refund of another one; nobody wants events. */
    @BeforeEach
    void aPendingPaymentAndAPendingRefund() throws SQLException {
        statement.execute("""
                delete from event_destination; delete from event_queue; delete from erp_event; delete from history;
                delete from notification;
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
                .put("answer", answer)
                .put("status", status)
                .put("merchantId", "m")
                .put("orderNo", refund ? "SO-000002" : "SO-000001")
                .put("call", get(table, "cast(to_jsonb(submitted_at) as text)").replace("\"", ""));
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
        variables.put("news", news.toString());
        variables.put("notification", notification == null ? null : notification.getBytes(StandardCharsets.UTF_8));
        return statements.all(table + "-status", variables);
    }

    @Test
    void aRefundThatALaterCallWasRefusedHasFailedOnceTenpayHasNoSuchRefund() throws SQLException {
        set("refund", "status = 'CREATED', submits = 2, refusal = 'REFUND_EXCEEDED'");
        says("refund", "ABSENT", null, "{}");
        assertThat(get("refund", "status || ' ' || fail_reason")).isEqualTo("FAILED REFUND_EXCEEDED");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "refusal = null                                     | ABSENT | {}",
                "submitting_until = now() + interval '1 minute'     | ABSENT | {}",
                "submitted_at = now() - interval '1 second'         | ABSENT | {}",
                "submits = 3                                        | NONE   | {}",
                "submits = 3                                        | ABSENT | {\"call\":\"2026-01-01T00:00:00Z\"}",
                "status = 'PENDING'                                 | ABSENT | {}"
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
        says("payment", "ABSENT", null, "{}");
        assertThat(get("payment", "status")).isEqualTo("CREATED");
        set("payment", "submitting_until = now() - interval '1 second'");
        says("payment", "ABSENT", null, "{}");
        assertThat(get("payment", "status")).isEqualTo("FAILED");
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
        says("refund", "ABSENT", null, "{\"reason\":\"third\"}");
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
        // The answer to the call itself comes last, behind the news of how it ended.
        set(table, column + " = null");
        String source = table.equals("payment") ? "checkout-pay" : "refund";
        says(table, "STATUS", "PENDING", "{\"source\":\"" + source + "\",\"" + field + "\":\"T-3\"}");
        assertThat(get(table, "status || ' ' || " + column)).isEqualTo("SUCCEEDED T-3");
    }

    /** Which destinations hear of it, and whether anybody does: those of its account that want its type. */
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
        assertThat(value("select addressed from erp_event")).isEqualTo(told == null ? "f" : "t");
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
                "2026-11-23T23:59:60Z",
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
        "2026-11-23T08:00:00.123456-10:30,2026-11-23 18:30:00.123456+00"
    })
    void aTimeOfTenpaysIsThatTime(String time, String inUtc) throws SQLException {
        statement.execute("set time zone 'UTC'");
        assertThat(value("select moment('" + time + "')")).isEqualTo(inUtc);
    }

    /** Who was slow to find that it can't be applied doesn't undo that another has applied it. */
    @Test
    void aNotificationThatIsDoneStaysDone() throws SQLException {
        notifications(1);
        statement.execute("update notification set state = 'DONE', next_attempt_at = null");
        assertThat(statements.all("notification-wait", waits())).isEmpty();
        assertThat(value("select state from notification")).isEqualTo("DONE");
        notifications(1);
        assertThat(statements.all("notification-wait", waits())).hasSize(1);
        assertThat(value("select count(*) from notification")).isEqualTo("1");
    }

    /** By a mapping that was put right meanwhile. */
    @Test
    void aNotificationWaitsForTheNumberThatWasReadLast() throws SQLException {
        notifications(1);
        statements.all("notification-wait", waits());
        Map<String, Object> again = waits();
        again.put("number", "SO-000002");
        again.put("problem", "later");
        statements.all("notification-wait", again);
        assertThat(value("select number || ' ' || problem from notification")).isEqualTo("SO-000002 later");
    }

    /** A longer {@code give-up-after} gives it its turns back, when Tenpay sends it again. */
    @Test
    void aNotificationThatWasGivenUpTooEarlyWaitsAgain() throws SQLException {
        notifications(1);
        statement.execute("update notification set state = 'GIVEN_UP', next_attempt_at = null");
        assertThat(statements.all("notification-wait", waits()).get(0)).containsEntry("state", "WAITING");
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
        return row;
    }
}
