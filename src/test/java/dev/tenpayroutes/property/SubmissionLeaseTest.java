package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may call Tenpay, in the moments between two statements that drawn histories seldom hit. */
class SubmissionLeaseTest extends DatabaseTest {

    private static final Map<String, String> ORDER = Map.of("account", "main", "number", "SO-000001");
    private static final Map<String, String> REFUND = Map.of("account", "main", "number", "RF-000001");

    private Connection another;
    private Statements two;

    /** An order and a refund of another one, both sent long ago, both unknown to Tenpay. */
    @BeforeEach
    void anUnknownOrderAndAnUnknownRefund() throws SQLException {
        another = database.connect();
        two = new Statements(another, Map.of());
        statement.execute("delete from history; delete from refund; delete from payment");
        payment("main", "SO-000001", "CREATED");
        payment("main", "SO-000002", "SUCCEEDED");
        payment("main", "SO-000003", "SUCCEEDED");
        statement.execute("""
                insert into refund (payment_id, account, refund_no, order_no, merchant_id, amount, currency, notify_url,
                    next_poll_at, submits, submitted_at)
                select id, account, 'RF-000001', order_no, merchant_id, 300, 'SGD', 'u', now(), 1, now() - interval '1 hour'
                from payment where order_no = 'SO-000002'""");
    }

    private void payment(String account, String number, String status) throws SQLException {
        statement.execute(
                """
                insert into payment (account, order_no, status, payment_method, region, amount, currency, description,
                    content, merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at, paid_at, submits, submitted_at)
                values ('%s', '%s', '%s', 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u', now() + interval '1 hour',
                    %s, 1, now() - interval '1 hour')""".formatted(account, number, status, status.equals("CREATED") ? "now(), null" : "null, now()"));
    }

    @AfterEach
    void disconnectTheOther() throws SQLException {
        another.close();
    }

    private void set(String table, String number, String values) throws SQLException {
        statement.execute("update %s set %s where %s = '%s'"
                .formatted(table, values, table.equals("refund") ? "refund_no" : "order_no", number));
    }

    @Test
    void whatTenpayNeverHadMayBeSentAgainOnceItCannotArriveAnyMore() throws SQLException {
        assertThat(statements.one("payment-resubmit", ORDER).path("submits").asInt())
                .isEqualTo(2);
        assertThat(statements.one("refund-resubmit", REFUND).path("submits").asInt())
                .isEqualTo(2);
        assertThat(statements.one("payment-resubmit", ORDER).isMissingNode()).isTrue();
        assertThat(statements.one("refund-resubmit", REFUND).isMissingNode()).isTrue();
    }

    /** Between Tenpay's "I have no such order" and this statement, its notification, a close, or another instance may come. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "payment | SO-000001 | status = 'PENDING'",
                "payment | SO-000001 | status = 'SUCCEEDED', paid_at = now(), next_poll_at = null",
                "payment | SO-000001 | status = 'CLOSED', next_poll_at = null",
                "payment | SO-000001 | submitting_until = now() + interval '1 second'",
                "payment | SO-000001 | submitted_at = now()",
                "payment | SO-000001 | expires_at = now()",
                "refund  | RF-000001 | status = 'PENDING'",
                "refund  | RF-000001 | status = 'SUCCEEDED', refunded_at = now(), next_poll_at = null",
                "refund  | RF-000001 | status = 'FAILED', next_poll_at = null",
                "refund  | RF-000001 | submitting_until = now() + interval '1 second'",
                "refund  | RF-000001 | submitted_at = now()"
            },
            quoteCharacter = '"')
    void whatMovedSinceItWasAskedAboutIsNotSentAgain(String table, String number, String since) throws SQLException {
        set(table, number, since);
        assertThat(statements
                        .one(table + "-resubmit", Map.of("account", "main", "number", number))
                        .isMissingNode())
                .isTrue();
    }

    /** What an ERP posts twice at once on two instances is sent once: the second one waits, and sees what the first one did. */
    @ParameterizedTest
    @CsvSource({"payment-retry", "refund-retry"})
    void ofTwoWhoRepeatAtOnceOneMayCall(String repeat) throws Exception {
        Map<String, String> variables = Map.of(
                "accounts", "main",
                "account", "main",
                "order", "{\"orderNo\":\"SO-000001\",\"content\":{}}",
                "refund", refund("SO-000002", "RF-000001", 300, "{}"));
        JsonNode[] both = atOnce(repeat, variables, variables);
        assertThat(both[0].path("outcome").asText()).isEqualTo("SUBMIT");
        assertThat(both[1].path("outcome").asText()).isEqualTo("SAME");
    }

    @Test
    void ofTwoPaymentsRefundsUnderOneNumberOneIsTaken() throws Exception {
        JsonNode[] both = atOnce(
                "refund-insert",
                Map.of("refund", refund("SO-000002", "RF-000002", 300, "{}")),
                Map.of("refund", refund("SO-000003", "RF-000002", 300, "{}")));
        assertThat(both[0].path("outcome").asText()).isEqualTo("NEW");
        assertThat(both[1].path("outcome").asText()).isEqualTo("KNOWN");
    }

    private String refund(String order, String number, long total, String rules) throws SQLException {
        return "{\"payment\":%s,\"refundNo\":\"%s\",\"total\":%d,\"currency\":\"SGD\",\"notifyUrl\":\"u\",\"rules\":%s}"
                .formatted(row("payment", order, "id"), number, total, rules);
    }

    /** The second one begins while the first one has not committed, and waits for it. */
    private JsonNode[] atOnce(String name, Map<String, ?> first, Map<String, ?> second) throws Exception {
        connection.setAutoCommit(false);
        JsonNode taken = statements.one(name, first);
        int waiting = pid(another);
        CompletableFuture<JsonNode> later = CompletableFuture.supplyAsync(() -> {
            try {
                return two.one(name, second);
            } catch (SQLException e) {
                throw new CompletionException(e);
            }
        });
        Awaitility.await().until(() -> blocked(waiting) || later.isDone());
        connection.commit();
        return new JsonNode[] {taken, later.join()};
    }

    private static int pid(Connection connection) throws SQLException {
        return connection.unwrap(org.postgresql.PGConnection.class).getBackendPID();
    }

    private boolean blocked(int pid) throws SQLException {
        return value("select cardinality(pg_blocking_pids(%d)) > 0".formatted(pid))
                .equals("t");
    }

    /** One of the ERP's numbers may be in two of its accounts; without an account it means the first one's. */
    @ParameterizedTest
    @CsvSource({"'main,second',main", "'second,main',second"})
    void aNumberInTwoAccountsIsThatOfTheFirst(String accounts, String first) throws SQLException {
        payment("second", "SO-000001", "CREATED");
        JsonNode repeated = statements.one(
                "payment-retry", Map.of("accounts", accounts, "order", "{\"orderNo\":\"SO-000001\",\"content\":{}}"));
        assertThat(repeated.path("account").asText()).isEqualTo(first);
    }

    /** checkout-pay's answer, and with it what the mini program needs, was lost: it is asked for again, not made again. */
    @Test
    void aPendingOrderIsAskedForAgainUntilItsPrepayInfoIsHere() throws SQLException {
        Map<String, String> order = Map.of("accounts", "main", "order", "{\"orderNo\":\"SO-000001\",\"content\":{}}");
        set("payment", "SO-000001", "status = 'PENDING'");
        assertThat(statements.one("payment-retry", order).path("outcome").asText())
                .isEqualTo("SUBMIT");
        set("payment", "SO-000001", "submitting_until = null, prepay_info = 'p'");
        assertThat(statements.one("payment-retry", order).path("outcome").asText())
                .isEqualTo("SAME");
    }

    @ParameterizedTest
    @CsvSource({"99,AMOUNT_OUT_OF_RANGE", "100,NEW", "200,NEW", "201,AMOUNT_OUT_OF_RANGE"})
    void aRefundHasAtLeastAndAtMostWhatItsMethodAllows(long total, String verdict) throws SQLException {
        JsonNode decided = statements.one(
                "refund-insert",
                Map.of("refund", refund("SO-000002", "RF-000002", total, "{\"min\":100,\"max\":200}")));
        assertThat(decided.path("outcome").asText()).isEqualTo(verdict);
    }

    /** Tenpay said once that it failed, and once something else: until a person knows, it isn't given out again. */
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {"AMOUNT_MISMATCH,750", "STATUS_MISMATCH,750", "STUCK,1050", "-,1050"})
    void aFailedRefundThatTenpayContradictsKeepsItsAmount(String review, long rest) throws SQLException {
        set(
                "refund",
                "RF-000001",
                "status = 'FAILED', next_poll_at = null, review = " + (review == null ? "null" : "'" + review + "'"));
        String tooMuch = refund("SO-000002", "RF-000002", rest + 1, "{}");
        assertThat(statements
                        .one("refund-insert", Map.of("refund", tooMuch))
                        .path("outcome")
                        .asText())
                .isEqualTo("REFUND_EXCEEDS_PAYMENT");
        String all = refund("SO-000002", "RF-000003", rest, "{}");
        assertThat(statements
                        .one("refund-insert", Map.of("refund", all))
                        .path("outcome")
                        .asText())
                .isEqualTo("NEW");
    }

    @Test
    void namesRemainingAmountWhenRefundExceedsIt() throws SQLException {
        JsonNode decided =
                statements.one("refund-insert", Map.of("refund", refund("SO-000002", "RF-000002", 751, "{}")));
        assertThat(decided.path("detail").asText()).startsWith("at most 750 SGD in minor units");
    }

    /** What is taken to be asked about: the statement, its table, a row of it, and the column that says since when. */
    @ParameterizedTest
    @CsvSource({
        "payment-claim,payment,SO-000001,next_poll_at",
        "refund-claim,refund,RF-000001,next_poll_at",
        "payment-reconcile,payment,SO-000002,reconcile_at",
        "refund-reconcile,refund,RF-000001,reconcile_at"
    })
    @Retention(RetentionPolicy.RUNTIME)
    private @interface OfEveryClaim {}

    private int taken(String claim, String accounts) throws SQLException {
        return statements
                .all(claim, Map.of("pausedAccounts", "", "ownAccounts", accounts))
                .size();
    }

    private void due(String table, String number, String column, String time) throws SQLException {
        boolean reconciled = column.equals("reconcile_at");
        set(
                table,
                number,
                (reconciled && table.equals("refund")
                                ? "status = 'SUCCEEDED', refunded_at = now(), next_poll_at = null, "
                                : "")
                        + column + " = " + time);
    }

    /** In a rolling update that brings an account, say: an instance that doesn't know it would only use up its turns. */
    @OfEveryClaim
    void whatOnlyAnotherInstanceKnowsIsLeftToItForTenMinutes(String claim, String table, String number, String column)
            throws SQLException {
        due(table, number, column, "now() - interval '9 minutes'");
        assertThat(taken(claim, "others,more")).isZero();
        due(table, number, column, "now() - interval '11 minutes'");
        assertThat(taken(claim, "others,more")).isOne();
    }

    @OfEveryClaim
    void nothingOfAPausedAccountIsTaken(String claim, String table, String number, String column) throws SQLException {
        due(table, number, column, "now() - interval '1 hour'");
        assertThat(statements.all(claim, Map.of("pausedAccounts", "other,main", "ownAccounts", "main")))
                .isEmpty();
        assertThat(statements.all(claim, Map.of("pausedAccounts", "other", "ownAccounts", "main")))
                .hasSize(1);
    }

    /** The batch is of 20: the other's turn comes, however much falls due meanwhile. */
    @OfEveryClaim
    void whatIsDueLongestIsTakenFirst(String claim, String table, String number, String column) throws SQLException {
        due(table, number, column, "now()");
        String columns = columns(table);
        for (int minutes = 1; minutes <= 21; minutes++) {
            String another = "N-00000" + minutes;
            statement.execute("insert into %s (%s) select %s from %s where %s = '%s'"
                    .formatted(
                            table,
                            columns,
                            columns.replace(numberOf(table), "'" + another + "'")
                                    .replace(column, "now() - interval '" + minutes + " minutes'"),
                            table,
                            numberOf(table),
                            number));
        }
        assertThat(statements
                        .all(claim, Map.of("pausedAccounts", "", "ownAccounts", "main"))
                        .toString())
                .contains("N-0000021", "N-000002\"", "N-0000010")
                .doesNotContain("N-000001\"", number);
    }

    private static String numberOf(String table) {
        return table.equals("refund") ? "refund_no" : "order_no";
    }

    private String columns(String table) throws SQLException {
        return value(
                "select string_agg(column_name, ', ') from information_schema.columns where table_name = '%s' and column_name <> 'id'"
                        .formatted(table));
    }

    @ParameterizedTest
    @CsvSource({"payment-claim,payment,SO-000001", "refund-claim,refund,RF-000001"})
    void whatIsBeingSentIsNotAskedAbout(String claim, String table, String number) throws SQLException {
        set(table, number, "submitting_until = now() + interval '1 second'");
        assertThat(taken(claim, "main")).isZero();
        set(table, number, "submitting_until = now() - interval '1 second'");
        assertThat(taken(claim, "main")).isOne();
    }

    @OfEveryClaim
    void whatOneInstanceIsTakingNoOtherTakesOrWaitsFor(String claim, String table, String number, String column)
            throws SQLException {
        due(table, number, column, "now()");
        connection.setAutoCommit(false);
        assertThat(taken(claim, "main")).isOne();
        assertThat(two.all(claim, Map.of("pausedAccounts", "", "ownAccounts", "main")))
                .isEmpty();
        connection.commit();
    }

    @ParameterizedTest
    @CsvSource({"payment-reconcile,payment,SO-000002", "refund-reconcile,refund,RF-000001"})
    void whatIsReconciledIsDueAgainAfterAWhileUntilItIsGivenUp(String claim, String table, String number)
            throws SQLException {
        String after = Statements.setting("tenpay.reconcile.after");
        String giveUp = Statements.setting("tenpay.reconcile.give-up-after");
        due(table, number, "reconcile_at", "now()");
        set(table, number, "updated_at = now() - interval '%s' + interval '1 minute'".formatted(giveUp));
        assertThat(taken(claim, "main")).isOne();
        assertThat(row(
                        table,
                        number,
                        "abs(extract(epoch from reconcile_at - now() - interval '%s')) < 60".formatted(after)))
                .isEqualTo("t");

        due(table, number, "reconcile_at", "now()");
        set(table, number, "updated_at = now() - interval '%s' - interval '1 minute'".formatted(giveUp));
        assertThat(taken(claim, "main")).isOne();
        assertThat(row(table, number, "reconcile_at")).isNull();
    }

    /** A stop is no turn: the next question comes as soon as it would have. */
    @ParameterizedTest
    @CsvSource({"payment,SO-000001", "refund,RF-000001"})
    void whatIsGivenBackHasLostNoTurn(String table, String number) throws SQLException {
        set(table, number, "polls = 5, next_poll_at = now() + interval '1 hour'");
        statements.all(table + "-release", Map.of(table + "RowId", row(table, number, "id")));
        assertThat(row(table, number, "polls")).isEqualTo("4");
        assertThat(row(table, number, "next_poll_at <= now()")).isEqualTo("t");
    }

    private String row(String table, String number, String what) throws SQLException {
        return value("select %s from %s where %s = '%s'".formatted(what, table, numberOf(table), number));
    }

    /** However far the doubling has gone: a payment of the last minute is known soon. */
    @Test
    void theLastQuestionIsDueRightAfterExpiry() throws SQLException {
        set("payment", "SO-000001", "polls = 10, expires_at = now() + interval '1 minute'");
        assertThat(taken("payment-claim", "main")).isOne();
        String wait =
                "next_poll_at - expires_at = interval '%s'".formatted(Statements.setting("tenpay.poll.after-expiry"));
        assertThat(row("payment", "SO-000001", wait)).isEqualTo("t");
    }
}
