package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The packaged jar is killed with -9 once, at every point at which it could lose something, and started again. Each test
 * looks at one of these points.
 */
class CrashRecoveryIT {

    private static final String UNSTORED = "KILL-UNSTORED";
    private static final String UNDECIDED = "KILL-UNDECIDED";
    private static final String STORED = "KILL-STORED";
    private static final String CALLING = "KILL-CALLING";
    private static final String ANSWERED = "KILL-ANSWERED";
    private static final String ASKED = "KILL-ASKED";
    private static final String NOTIFIED = "KILL-NOTIFIED";
    private static final String REFUNDED = "KILL-REFUNDED";
    private static final String REFUND = "KILL-REFUND-1";
    private static final String HOOK = "/webhooks/tenpay/main/payments";

    @TempDir
    static Path folder;

    private static EmbeddedPostgres postgres;
    private static TcpFaultProxy toDatabase;
    private static SdkTenpayServer tenpay;
    private static JarProcess program;
    private static JdbcClient store;
    private static List<String> atDeath;
    private static List<CompletableFuture<HttpResponse<String>>> unanswered;

    @BeforeAll
    static void killAtEveryPointAndStartAgain() throws Exception {
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
        store = JdbcClient.create(postgres.getPostgresDatabase());
        toDatabase = new TcpFaultProxy(postgres.getPort());
        TestAccount account = TestAccount.create("main");
        tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        program = new JarProcess(folder, account, "jdbc:postgresql://127.0.0.1:" + toDatabase.port() + "/postgres");
        program.settings().put("tenpay.base-url", tenpay.url());
        program.settings().put("tenpay.call-timeout", "5s");
        program.settings().put("tenpay.poll.submit-lease", "8s");
        program.settings().put("tenpay.poll.claim-interval", "200ms");
        program.settings().put("tenpay.poll.first-delay", "1s");
        program.settings().put("tenpay.poll.interval", "1s");
        program.settings().put("tenpay.poll.max-delay", "1s");
        program.settings().put("tenpay.poll.resend-after", "9s");
        program.settings().put("tenpay.notifications.claim-interval", "200ms");
        program.settings().put("tenpay.notifications.lease", "2s");
        program.settings()
                .put("spring.datasource.hikari.connection-init-sql", "set time zone 'UTC'; set lock_timeout = '30s'");
        program.startAndWait();

        program.call("POST", "/v1/payments", order(NOTIFIED), 201);
        program.call("POST", "/v1/payments", order(ASKED), 201);
        program.call("POST", "/v1/payments", order(REFUNDED), 201);
        assertThat(bring(success(REFUNDED)).statusCode()).isEqualTo(200);
        eventually().until(() -> status(REFUNDED).equals("SUCCEEDED"));

        // The poller has taken a payment and asks about it.
        int asked = tenpay.calls("inquiry-payment", ASKED);
        tenpay.stall(ASKED);
        eventually().until(() -> tenpay.calls("inquiry-payment", ASKED) > asked);
        // checkout-pay and refund are under way: Tenpay has carried them out.
        tenpay.stall(CALLING);
        CompletableFuture<HttpResponse<String>> calling = meanwhile(() -> post(CALLING));
        tenpay.stall(REFUND);
        CompletableFuture<HttpResponse<String>> refunding = meanwhile(() ->
                program.send("POST", "/v1/payments/" + REFUNDED + "/refunds", FaultStoryTest.refund(REFUND, 250)));
        tenpay.stall(ANSWERED);
        CompletableFuture<HttpResponse<String>> answered = meanwhile(() -> post(ANSWERED));
        eventually()
                .until(() -> tenpay.calls("checkout-pay", CALLING) == 1
                        && tenpay.calls("refund", REFUND) == 1
                        && tenpay.calls("checkout-pay", ANSWERED) == 1);
        slowInserts();
        // An order is about to be stored, a refund to be decided: each waits for another one of its number.
        Connection rival = postgres.getPostgresDatabase().getConnection();
        rival.setAutoCommit(false);
        rival(rival, "payment", "order_no", UNSTORED, NOTIFIED);
        rival(rival, "refund", "refund_no", UNDECIDED, REFUND);
        CompletableFuture<HttpResponse<String>> unstored = meanwhile(() -> post(UNSTORED));
        CompletableFuture<HttpResponse<String>> undecided = meanwhile(() ->
                program.send("POST", "/v1/payments/" + REFUNDED + "/refunds", FaultStoryTest.refund(UNDECIDED, 300)));
        eventually().until(() -> count("select count(*) from pg_locks where not granted") == 2);
        // An order and a notification are committed, and their answer is on its way.
        CompletableFuture<HttpResponse<String>> storing = meanwhile(() -> post(STORED));
        CompletableFuture<HttpResponse<String>> notifying = meanwhile(() -> bring(success(NOTIFIED)));
        eventually().until(() -> count("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == 2);
        try (Connection other = postgres.getPostgresDatabase().getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.executeQuery("select 1 from payment where order_no = '" + ANSWERED + "' for update");
            // Answered, but not yet recorded: its statement waits for the row.
            tenpay.letGo(ANSWERED);
            eventually().until(() -> count("select count(*) from pg_locks where not granted") > 2);
            toDatabase.kink();
            eventually()
                    .until(() -> count("select count(*) from payment where order_no = '" + STORED + "'") == 1
                            && count("select count(*) from notification where position('" + NOTIFIED
                                            + "' in convert_from(body, 'UTF8')) > 0")
                                    == 1);

            program.kill();

            // The server would still carry out what it was sent: it goes down with the program, as a machine would.
            store.sql("select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'")
                    .query(Boolean.class)
                    .list();
            other.rollback();
        }
        rival.rollback();
        rival.close();
        unanswered = List.of(unstored, undecided, calling, refunding, answered, storing, notifying);
        atDeath = store.sql("""
                        select order_no || ' ' || status from payment
                        union all select refund_no || ' ' || status from refund
                        union all select 'notification ' || state from notification where state <> 'DONE'
                        """).query(String.class).list();
        toDatabase.pull();
        toDatabase.repair();
        store.sql("drop function slowly() cascade").update();
        tenpay.letGo();
        program.startAndWait();
    }

    @AfterAll
    static void stop() throws Exception {
        program.stop();
        tenpay.close();
        toDatabase.close();
        postgres.close();
    }

    /** Takes a number, for another payment, in a transaction that never ends well: a second taker has to wait. */
    private static void rival(Connection connection, String table, String column, String number, String like)
            throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("insert into " + table + " overriding system value select (jsonb_populate_record(x,"
                    + " jsonb_build_object('id', 1000000000, '" + column + "', '" + number + "', 'payment_id',"
                    + " (select id from payment where order_no = '" + ASKED + "')))).* from " + table + " x where "
                    + column + " = '" + like + "'");
        }
    }

    private static void slowInserts() {
        store.sql("""
                        create function slowly() returns trigger language plpgsql as
                        $$ begin perform pg_sleep(0.7); return new; end $$
                        """).update();
        store.sql("create trigger slowly before insert on payment for each row when (new.order_no = '" + STORED
                        + "') execute function slowly()")
                .update();
        store.sql("create trigger slowly before insert on notification for each row execute function slowly()")
                .update();
    }

    private static String order(String number) {
        return FaultStoryTest.order(number);
    }

    private static HttpResponse<String> post(String number) {
        return program.send("POST", "/v1/payments", order(number));
    }

    private static String success(String number) {
        return TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD")
                .replace("2480000001", "2480000002");
    }

    private static HttpResponse<String> bring(String notification) {
        return program.send("POST", HOOK, notification, tenpay.signer().headers(notification));
    }

    private static JsonNode payment(String number) {
        return program.call("GET", "/v1/payments/" + number, null, 200);
    }

    private static String status(String number) {
        return payment(number).path("status").asText();
    }

    private static int count(String sql) {
        return store.sql(sql).query(Integer.class).single();
    }

    private static <T> CompletableFuture<T> meanwhile(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, task -> new Thread(task, "meanwhile").start());
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
    }

    /** The ERP does as it would: it posts the same order again, and has its payment. */
    private static void isOnePaymentOfTenpays(String number, int calls) {
        eventually().until(() -> status(number).equals("PENDING"));
        assertThat(tenpay.calls("checkout-pay", number)).isEqualTo(calls);
        JsonNode again = program.call("POST", "/v1/payments", order(number), 200);
        assertThat(again.path("paymentId").asText()).isEqualTo("4200" + Math.abs(number.hashCode()));
        assertThat(again.path("prepayInfo").asText()).isEqualTo("prepay-" + number);
        assertThat(count("select count(*) from payment where order_no = '" + number + "'"))
                .isEqualTo(1);
        assertThat(tenpay.refusals()).isEmpty();
    }

    @Test
    void atItsDeathTheStoreHeldEverythingAndNobodyHadHeardOfAnyOfIt() {
        assertThat(atDeath)
                .containsExactlyInAnyOrder(
                        STORED + " CREATED",
                        CALLING + " CREATED",
                        ANSWERED + " CREATED",
                        ASKED + " PENDING",
                        NOTIFIED + " SUCCEEDED",
                        REFUNDED + " SUCCEEDED",
                        REFUND + " CREATED");
        assertThat(unanswered)
                .allSatisfy(answer -> assertThat(answer)
                        .failsWithin(Duration.ofSeconds(5))
                        .withThrowableThat()
                        .havingCause()
                        .isInstanceOf(UncheckedIOException.class));
    }

    @Test
    void leavesNothingWhenKilledBeforeStoringOrder() {
        assertThat(atDeath).noneMatch(row -> row.startsWith(UNSTORED));
        assertThat(tenpay.calls("checkout-pay", UNSTORED)).isZero();
        program.call("POST", "/v1/payments", order(UNSTORED), 201);
        isOnePaymentOfTenpays(UNSTORED, 1);
    }

    @Test
    void leavesNothingWhenKilledWhileDecidingRefund() {
        assertThat(atDeath).noneMatch(row -> row.startsWith(UNDECIDED));
        assertThat(tenpay.calls("refund", UNDECIDED)).isZero();
        program.call("POST", "/v1/payments/" + REFUNDED + "/refunds", FaultStoryTest.refund(UNDECIDED, 300), 201);
        assertThat(tenpay.calls("refund", UNDECIDED)).isEqualTo(1);
    }

    @Test
    void callsOnceWhenKilledBetweenStoringAndCalling() {
        isOnePaymentOfTenpays(STORED, 1);
    }

    @Test
    void killedDuringTheCallTheNextInstanceFindsThePaymentByItsNumber() {
        isOnePaymentOfTenpays(CALLING, 1);
    }

    @Test
    void killedBetweenTheAnswerAndItsRecordTheNextInstanceAsksForIt() {
        isOnePaymentOfTenpays(ANSWERED, 1);
    }

    @Test
    void appliesNotificationOnceWhenKilledBeforeAcknowledging() {
        eventually().until(() -> status(NOTIFIED).equals("SUCCEEDED"));
        // Tenpay, which heard nothing, sends it again.
        assertThat(bring(success(NOTIFIED)).statusCode()).isEqualTo(200);
        assertThat(count("select count(*) from notification where position('" + NOTIFIED
                        + "' in convert_from(body, 'UTF8')) > 0"))
                .isEqualTo(1);
        assertThat(count("select count(*) from erp_event e join payment p on p.id = e.payment_id where p.order_no = '"
                        + NOTIFIED + "' and e.type = 'payment.succeeded'"))
                .isEqualTo(1);
    }

    @Test
    void asksAgainWhenKilledAfterClaim() {
        int asked = tenpay.calls("inquiry-payment", ASKED);
        eventually().until(() -> tenpay.calls("inquiry-payment", ASKED) > asked);
        assertThat(status(ASKED)).isEqualTo("PENDING");
        assertThat(tenpay.calls("checkout-pay", ASKED)).isEqualTo(1);
    }

    @Test
    void refundsOnceWhenKilledDuringRefund() {
        eventually()
                .until(() -> program.call("GET", "/v1/refunds/" + REFUND, null, 200)
                        .path("status")
                        .asText()
                        .equals("PENDING"));
        assertThat(tenpay.calls("refund", REFUND)).isEqualTo(1);
        JsonNode more = program.call(
                "POST", "/v1/payments/" + REFUNDED + "/refunds", FaultStoryTest.refund("KILL-REFUND-2", 801), 422);
        assertThat(more.path("code").asText()).isEqualTo("REFUND_EXCEEDS_PAYMENT");
    }
}
