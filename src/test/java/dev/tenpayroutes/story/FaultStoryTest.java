package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.io.FileSystemResource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.context.bean.override.convention.TestBean;

/**
 * What goes wrong between the program and Tenpay, between the program and its database, and with its clock; docs/reliability.md
 * has the whole table. No webhook arrives here unless a story brings it, and the poller sleeps until a story says that a
 * turn has come.
 */
@DisplayName("faults of Tenpay, of the database and of the clock")
@TestPropertySource(
        properties = {
            "tenpay.notify-base-url=http://127.0.0.1:1",
            "tenpay.poll.claim-interval=100ms",
            "tenpay.poll.interval=400ms",
            "tenpay.poll.max-delay=800ms",
            "tenpay.poll.resend-after=1s",
            "tenpay.poll.submit-lease=4s",
            "spring.datasource.hikari.maximum-pool-size=5",
            "spring.datasource.hikari.connection-timeout=700",
            "spring.datasource.hikari.data-source-properties.socketTimeout=3"
        })
@DirtiesContext
class FaultStoryTest extends Story {

    private static final String HOOK = "/webhooks/tenpay/main/payments";
    private static final EmbeddedPostgres POSTGRES;
    private static final TcpFaultProxy TO_DATABASE;
    private static final TcpFaultProxy TO_TENPAY;
    private static final MovedClock CLOCK = new MovedClock();

    static {
        try {
            // A deadlock is noticed before a lock has been waited for too long.
            POSTGRES = EmbeddedPostgres.builder()
                    .setPort(FreePort.find())
                    .setServerConfig("deadlock_timeout", "600ms")
                    .setServerConfig("default_transaction_isolation", "serializable")
                    .start();
            TO_DATABASE = new TcpFaultProxy(POSTGRES.getPort());
            TO_TENPAY = new TcpFaultProxy(0);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** The machine's clock, set wrong by as much as a story says. */
    private static final class MovedClock extends Clock {
        private volatile Duration by = Duration.ZERO;

        @Override
        public Instant instant() {
            return Instant.now().plus(by);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }

    @Autowired
    DataSource pool;

    @TestBean
    Clock clock;

    static Clock clock() {
        return CLOCK;
    }

    @DynamicPropertySource
    static void cables(DynamicPropertyRegistry registry) throws IOException {
        String asShipped = new YamlPropertySourceLoader()
                .load("shipped", new FileSystemResource("src/main/resources/application.yaml"))
                .get(0)
                .getProperty("spring.datasource.hikari.connection-init-sql")
                .toString();
        assertThat(asShipped).contains("'3s'", "'15s'", "'10s'");
        registry.add(
                "spring.datasource.hikari.connection-init-sql",
                () -> asShipped.replace("'3s'", "'1s'").replace("'15s'", "'2s'").replace("'10s'", "'2500ms'"));
        registry.add(
                "tenpay.sandbox.server-url", () -> "jdbc:postgresql://127.0.0.1:" + TO_DATABASE.port() + "/postgres");
        registry.add("tenpay.base-url", () -> "http://127.0.0.1:" + TO_TENPAY.port());
    }

    @AfterAll
    static void close() throws IOException {
        TO_TENPAY.close();
        // The program's pool lives as long as its context: the database goes first, as in life.
        TO_DATABASE.close();
        POSTGRES.close();
    }

    private JdbcClient store;

    /** Past cable and pool, and not by the server's isolation: the program writes meanwhile. */
    private DataSource database() {
        return POSTGRES.getDatabase(
                "postgres", databaseName(), Map.of("options", "-c default_transaction_isolation=read\\ committed"));
    }

    @BeforeEach
    void tenpayIsThere() {
        store = JdbcClient.create(database());
        TO_TENPAY.to(Integer.parseInt(settings.getRequiredProperty("server.port")));
    }

    @AfterEach
    void everythingIsRightAgain() {
        CLOCK.by = Duration.ZERO;
        TO_TENPAY.repair();
        TO_DATABASE.repair();
        noTrouble();
        store.sql("update payment set next_poll_at = now() + interval '1 hour' where next_poll_at is not null")
                .update();
        store.sql("update refund set next_poll_at = now() + interval '1 hour' where next_poll_at is not null")
                .update();
        eventually().until(() -> get("/v1/payments?limit=1").status() == 200);
    }

    /** The poller's turn for a payment has come. */
    private void turn(String number) {
        assertThat(store.sql("update payment set next_poll_at = now() where order_no = ? and next_poll_at is not null")
                        .param(number)
                        .update())
                .isEqualTo(1);
    }

    private int stored(String sql, Object... params) {
        return store.sql(sql).params(List.of(params)).query(Integer.class).single();
    }

    private int payments(String number) {
        return stored("select count(*) from payment where order_no = ?", number);
    }

    private Answer notify(String body) {
        return send("POST", HOOK, null, body, tenpay().headers(body));
    }

    private static String success(String number) {
        return TenpaySigner.notification("EV-" + UUID.randomUUID(), number, "SUCCESS", 1050, "SGD");
    }

    private static <T> CompletableFuture<T> meanwhile(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, task -> new Thread(task, "meanwhile").start());
    }

    /** From now on the database does this at a write, until {@link #noTrouble}. */
    private void trouble(String at, String action) {
        store.sql("create function trouble() returns trigger language plpgsql as $$ begin " + action
                        + "; return new; end $$")
                .update();
        store.sql("create trigger trouble " + at + " execute function trouble()")
                .update();
    }

    /** A write has come to the {@link #trouble} that makes it sleep. */
    private void untilItSleeps() {
        eventually().until(() -> stored("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == 1);
    }

    private void noTrouble() {
        store.sql("drop function if exists trouble() cascade").update();
    }

    private static void isStoreUnavailable(Answer answer) {
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.text("code")).isEqualTo("STORE_UNAVAILABLE");
        assertThat(answer.headers()).containsKey("retry-after");
    }

    private static void isFail(Answer answer) {
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.text("code")).isEqualTo("FAIL");
    }

    private void isOnePaymentCalledFor(String number, int calls) {
        isSoon(number, "PENDING");
        assertThat(payments(number)).isEqualTo(1);
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(calls);
    }

    // Tenpay

    @Test
    void findsPaymentAfterResetBehindRequest() throws Exception {
        String number = newNumber();
        TO_TENPAY.kink();
        CompletableFuture<Answer> posted = meanwhile(() -> post("/v1/payments", order(number)));
        eventually().until(() -> callsAtTenpay(number, "checkout-pay") == 1);

        TO_TENPAY.pull();

        Answer unknown = posted.get(5, TimeUnit.SECONDS);
        assertThat(unknown.status()).isEqualTo(202);
        assertThat(unknown.text("status")).isEqualTo("CREATED");
        TO_TENPAY.repair();
        turn(number);
        isOnePaymentCalledFor(number, 1);
    }

    @Test
    void resendsUnderSameNumberAfterResetBeforeRequest() {
        String number = newNumber();
        TO_TENPAY.pull();

        Answer unknown = post("/v1/payments", order(number));

        assertThat(unknown.status()).isEqualTo(202);
        assertThat(unknown.text("status")).isEqualTo("CREATED");
        assertThat(callsAtTenpay(number, "checkout-pay")).isZero();
        TO_TENPAY.repair();
        turn(number);
        isOnePaymentCalledFor(number, 1);
    }

    /** All calls share one request route, whose every fault OrderStoryTest tries. */
    @ParameterizedTest
    @ValueSource(strings = {"FREQUENCY_LIMITED", "LATE", "BAD_SIGNATURE", "WRONG_ORDER"})
    void settlesByLaterPollAfterUnusableResponse(String fault) {
        String number = pendingPayment();
        fault(number, "inquiry-payment", fault);
        shopper(number, "SUCCESS");

        turn(number);

        isSoon(number, "SUCCEEDED");
        String outcome = "inquiry-payment " + (fault.startsWith("WRONG") ? "MISMATCH" : "NO_RESPONSE");
        eventually()
                .untilAsserted(() -> assertThat(history(number))
                        .anyMatch(line -> line.startsWith(outcome))
                        .containsOnlyOnce("inquiry-payment CHANGED SUCCEEDED"));
        assertThat(payment(number).text("review")).isNull();
    }

    // The database

    @ParameterizedTest
    @ValueSource(
            strings = {
                // Serialization failure, deadlock, lock timeout, statement timeout.
                "40001", "40P01", "55P03", "57014",
                // Disk full, too many connections, shut down by an administrator, read-only after a failover.
                "53100", "53300", "57P01", "25006"
            })
    void answers503WhenDatabaseRefusesToStore(String sqlState) {
        String number = newNumber();
        String paid = paidByNotification();
        String refundNumber = newRefundNumber();
        String notification = success(number);
        String raise = "raise exception 'no' using errcode = '" + sqlState + "'";

        trouble("before insert on payment for each row", raise);
        isStoreUnavailable(post("/v1/payments", order(number)));
        noTrouble();
        trouble("before insert on refund for each row", raise);
        isStoreUnavailable(refund(paid, refundNumber, 250));
        noTrouble();
        trouble("before insert on notification for each row", raise);
        isFail(notify(notification));
        noTrouble();

        assertThat(payments(number)).isZero();
        assertThat(callsAtTenpay(number, "checkout-pay")).isZero();
        assertThat(refundOf(refundNumber).status()).isEqualTo(404);
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isZero();
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(201);
        assertThat(refund(paid, refundNumber, 250).status()).isEqualTo(201);
        assertThat(notify(notification).status()).isEqualTo(200);
        isSoon(number, "SUCCEEDED");
    }

    private String paidByNotification() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        assertThat(notify(success(number)).status()).isEqualTo(200);
        isSoon(number, "SUCCEEDED");
        return number;
    }

    @Test
    void answersRetryLaterWhileDatabaseIsAway() {
        String number = newNumber();
        String open = pendingPayment();
        String notification = success(open);
        TO_DATABASE.pull();

        long before = System.nanoTime();
        isStoreUnavailable(post("/v1/payments", order(number)));
        isStoreUnavailable(refund(open, newRefundNumber(), 1));
        isStoreUnavailable(payment(open));
        isFail(notify(notification));
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(8));
        assertThat(callsAtTenpay(number, "checkout-pay")).isZero();

        TO_DATABASE.repair();

        eventually()
                .atMost(Duration.ofSeconds(8))
                .until(() -> post("/v1/payments", order(number)).status() == 201);
        eventually()
                .atMost(Duration.ofSeconds(8))
                .until(() -> notify(notification).status() == 200);
        isSoon(open, "SUCCEEDED");
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
    }

    @Test
    void boundsWaitForSilentDatabase() {
        String number = newNumber();
        TO_DATABASE.kink();
        long before = System.nanoTime();
        isStoreUnavailable(post("/v1/payments", order(number)));
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(8));
        TO_DATABASE.repair();
        eventually().until(() -> post("/v1/payments", order(number)).status() <= 201);
        isOnePaymentCalledFor(number, 1);
    }

    /** The first instance's right to call has ended, and another one has taken it. */
    private void anotherInstanceCalls(String table, String number) {
        store.sql("update " + table + " set submits = submits + 1, submitted_at = now(),"
                        + " submitting_until = now() + interval '1 minute' where ? in (order_no, "
                        + (table.equals("refund") ? "refund_no" : "order_no") + ")")
                .param(number)
                .update();
    }

    private boolean isBeingCalled(String table, String number) {
        return store.sql("select submitting_until > now() from " + table + " where ? in (order_no, "
                        + (table.equals("refund") ? "refund_no" : "order_no") + ")")
                .param(number)
                .query(Boolean.class)
                .single();
    }

    @Test
    void lateResponseKeepsLeaseOfNewerOrderCall() throws Exception {
        String number = newNumber();
        fault(number, "checkout-pay", "LATE");
        CompletableFuture<Answer> stalled = meanwhile(() -> post("/v1/payments", order(number)));
        eventually().until(() -> callsAtTenpay(number, "checkout-pay") == 1);
        anotherInstanceCalls("payment", number);

        assertThat(stalled.get(10, TimeUnit.SECONDS).status()).isEqualTo(202);

        assertThat(isBeingCalled("payment", number)).isTrue();
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(202);
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
    }

    @Test
    void lateResponseKeepsLeaseOfNewerRefundCall() throws Exception {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        post("/v1/payments/" + number + "/sync", null);
        String refund = newRefundNumber();
        fault(refund, "refund", "LATE");
        CompletableFuture<Answer> stalled = meanwhile(() -> refund(number, refund, 250));
        eventually().until(() -> refundCallsAtTenpay(refund, "refund") == 1);
        anotherInstanceCalls("refund", refund);

        assertThat(stalled.get(10, TimeUnit.SECONDS).status()).isEqualTo(202);

        assertThat(isBeingCalled("refund", refund)).isTrue();
        assertThat(refund(number, refund, 250).status()).isEqualTo(202);
        assertThat(refundCallsAtTenpay(refund, "refund")).isEqualTo(1);
    }

    @Test
    void refusesToClosePaymentThatTenpayHoldsPaid() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        fault(number, "inquiry-payment", "UNSIGNED");

        Answer close = post("/v1/payments/" + number + "/close", null);

        assertThat(close.status()).isEqualTo(409);
        assertThat(close.text("code")).isEqualTo("PAYMENT_FINAL");
        // Its next turn would be an hour away.
        isSoon(number, "SUCCEEDED");
    }

    @Test
    void anOrderWhoseCommitIsNotHeardOfIsStillSentOnceAndOnlyOnce() throws Exception {
        String number = newNumber();
        trouble("before insert on payment for each row", "perform pg_sleep(0.5)");
        CompletableFuture<Answer> posted = meanwhile(() -> post("/v1/payments", order(number)));
        untilItSleeps();
        TO_DATABASE.kink();
        eventually().until(() -> payments(number) == 1);

        TO_DATABASE.pull();

        isStoreUnavailable(posted.get(5, TimeUnit.SECONDS));
        assertThat(callsAtTenpay(number, "checkout-pay")).isZero();
        TO_DATABASE.repair();
        noTrouble();
        // The ERP does as it was told. The instance that stored the row may still be about to call: so no other does.
        eventually().until(() -> post("/v1/payments", order(number)).status() == 202);
        assertThat(callsAtTenpay(number, "checkout-pay")).isZero();
        turn(number);
        isOnePaymentCalledFor(number, 1);
    }

    /** By its clock, as if it had been suspended: by now another instance may have asked Tenpay, and taken the right to call. */
    @Test
    void callsNoOrderAfterLeaseEnded() throws Exception {
        String number = newNumber();
        trouble("before insert on payment for each row", "perform pg_sleep(0.5)");
        CompletableFuture<Answer> posted = meanwhile(() -> post("/v1/payments", order(number)));
        untilItSleeps();

        CLOCK.by = Duration.ofSeconds(4);

        assertThat(posted.get(5, TimeUnit.SECONDS).status()).isEqualTo(202);
        assertThat(callsAtTenpay(number, "checkout-pay")).isZero();
        assertThat(history(number)).containsExactly("order STORED CREATED", "checkout-pay NO_RESPONSE CREATED");
        noTrouble();
        CLOCK.by = Duration.ZERO;
        turn(number);
        isOnePaymentCalledFor(number, 1);
    }

    @Test
    void callsNoRefundAfterLeaseEnded() throws Exception {
        String number = paidByNotification();
        String refund = newRefundNumber();
        trouble("before insert on refund for each row", "perform pg_sleep(0.5)");
        CompletableFuture<Answer> posted = meanwhile(() -> refund(number, refund, 250));
        untilItSleeps();

        CLOCK.by = Duration.ofSeconds(4);

        assertThat(posted.get(5, TimeUnit.SECONDS).status()).isEqualTo(202);
        assertThat(refundCallsAtTenpay(refund, "refund")).isZero();
        noTrouble();
        CLOCK.by = Duration.ZERO;
        assertThat(refund(number, refund, 250).status()).isIn(200, 201, 202);
        assertThat(refundCallsAtTenpay(refund, "refund")).isEqualTo(1);
    }

    @Test
    void anAnswerOfTenpaysThatCannotBeStoredIsAskedForAgain() {
        String number = newNumber();
        trouble(
                "before update on payment for each row when (old.status = 'CREATED' and new.status = 'PENDING')",
                "perform pg_sleep(9)");

        isStoreUnavailable(post("/v1/payments", order(number)));

        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
        assertThat(payment(number).text("status")).isEqualTo("CREATED");
        noTrouble();
        turn(number);
        isOnePaymentCalledFor(number, 1);
        assertThat(history(number)).containsExactly("order STORED CREATED", "inquiry-payment CHANGED PENDING");
    }

    @Test
    void anAnswerToThePollerThatCannotBeStoredIsAskedForAgain() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        trouble("before update on payment for each row when (new.status = 'SUCCEEDED')", "perform pg_sleep(9)");
        turn(number);
        eventually().until(() -> callsAtTenpay(number, "inquiry-payment") == 2);
        assertThat(payment(number).text("status")).isEqualTo("PENDING");
        noTrouble();
        isSoon(number, "SUCCEEDED");
    }

    @Test
    void setsTimeoutsOnEveryConnection() throws SQLException {
        List<Connection> connections = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                connections.add(pool.getConnection());
                JdbcClient one = JdbcClient.create(new SingleConnectionDataSource(connections.get(i), true));
                assertThat(one.sql("show statement_timeout").query(String.class).single())
                        .isEqualTo("2s");
                assertThat(one.sql("show lock_timeout").query(String.class).single())
                        .isEqualTo("1s");
                assertThat(one.sql("show transaction_isolation")
                                .query(String.class)
                                .single())
                        .as("whatever the server's own is: a refund's decision is right by this one alone")
                        .isEqualTo("read committed");
            }
        } finally {
            for (Connection connection : connections) {
                connection.close();
            }
        }
    }

    /** As an instance that was suspended in the middle of a refund's decision, or whose machine is gone. */
    @Test
    void aTransactionThatStandsStillHoldsItsPaymentForSomeSecondsOnly() throws SQLException {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        Connection still = pool.getConnection();
        hold(still, "select 1 from payment where order_no = '" + number + "' for update");
        isStoreUnavailable(post("/v1/payments/" + number + "/sync", null));
        eventually().until(() -> post("/v1/payments/" + number + "/sync", null).status() == 200);
        assertThat(payment(number).text("status")).isEqualTo("SUCCEEDED");
        assertThatThrownBy(still::close).hasMessageContaining("idle-in-transaction timeout");
    }

    @Test
    void aSlowDatabaseMakesSlowAnswersAndNoOthers() {
        String number = newNumber();
        trouble("before insert or update on payment for each row", "perform pg_sleep(0.5)");
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(201);
        String notification = success(number);
        assertThat(notify(notification).status()).isEqualTo(200);
        isSoon(number, "SUCCEEDED");
    }

    @Test
    void answersInTimeWithMoreOrdersThanConnections() {
        List<String> numbers = IntStream.range(0, 15).mapToObj(i -> newNumber()).toList();
        trouble("before insert on payment for each row", "perform pg_sleep(1.2)");
        long before = System.nanoTime();
        List<CompletableFuture<Answer>> posted = numbers.stream()
                .map(number -> meanwhile(() -> post("/v1/payments", order(number))))
                .toList();
        List<Answer> answers = posted.stream().map(CompletableFuture::join).toList();

        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(8));
        assertThat(answers).extracting(Answer::status).contains(201, 503).isSubsetOf(201, 202, 503);
        answers.stream().filter(answer -> answer.status() == 503).forEach(FaultStoryTest::isStoreUnavailable);
        noTrouble();
        numbers.forEach(number ->
                assertThat(post("/v1/payments", order(number)).status()).isIn(200, 201, 202));
        for (String number : numbers) {
            turn(number);
            isOnePaymentCalledFor(number, 1);
        }
    }

    @Test
    void answers503AndKeepsNotificationOnLockTimeout() throws Exception {
        String open = pendingPayment();
        String paid = paidByNotification();
        String refundNumber = newRefundNumber();
        try (Connection other = database().getConnection()) {
            hold(other, "select 1 from payment where order_no in ('" + open + "', '" + paid + "') for update");

            isStoreUnavailable(post("/v1/payments", order(open)));
            isStoreUnavailable(refund(paid, refundNumber, 250));
            assertThat(notify(success(open)).status()).isEqualTo(200);
            // Tried, waited for too long as well, kept.
            eventually()
                    .until(() ->
                            stored("select count(*) from notification where number = ? and state = 'WAITING'", open)
                                    == 1);
            assertThat(payment(open).text("status")).isEqualTo("PENDING");
            assertThat(refundOf(refundNumber).status()).isEqualTo(404);
            assertThat(refundCallsAtTenpay(refundNumber, "refund")).isZero();

            other.rollback();
        }
        // By the retry of the notification.
        isSoon(open, "SUCCEEDED");
        assertThat(history(open)).endsWith("notification CHANGED SUCCEEDED");
        assertThat(refund(paid, refundNumber, 250).status()).isEqualTo(201);
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isEqualTo(1);
    }

    @Test
    void answers503AndStoresNothingOnDeadlock() throws Exception {
        String number = newNumber();
        // Its notification came first: storing the order wakes it.
        notify(success(number));
        eventually()
                .until(() -> stored("select count(*) from notification where number = ? and state = 'WAITING'", number)
                        == 1);
        store.sql("update notification set next_attempt_at = now() + interval '1 hour' where number = ?")
                .param(number)
                .update();
        try (Connection other = database().getConnection()) {
            hold(other, "select 1 from notification where number = '" + number + "' for update");
            CompletableFuture<Answer> posted = meanwhile(() -> post("/v1/payments", order(number)));
            eventually().until(this::somebodyWaitsForALock);
            // Held at both ends: the database ends the one that waited first, the program's.
            CompletableFuture<Void> crossed = meanwhile(() -> {
                insert(other, number);
                return null;
            });

            isStoreUnavailable(posted.get(10, TimeUnit.SECONDS));

            crossed.get(10, TimeUnit.SECONDS);
            other.rollback();
        }
        assertThat(payments(number)).isZero();
        assertThat(callsAtTenpay(number, "checkout-pay")).isZero();
        assertThat(post("/v1/payments", order(number)).status()).isIn(200, 201);
        isSoon(number, "SUCCEEDED");
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
    }

    private boolean somebodyWaitsForALock() {
        return stored("select count(*) from pg_locks where not granted") > 0;
    }

    private static void hold(Connection connection, String rows) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            // The first waiter's check finds the deadlock.
            statement.execute("set deadlock_timeout = '1min'");
            statement.executeQuery(rows);
        }
    }

    private static void insert(Connection connection, String number) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    insert into payment (account, order_no, payment_method, region, amount, currency, description,
                        content, merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                    values ('main', '%s', 'CARD', 'SG', 1, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u', now(), now())
                    """.formatted(number));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    // The ERP

    @Test
    void completesOrderAfterErpTimedOut() {
        String number = newNumber();
        trouble("before insert on payment for each row", "perform pg_sleep(0.8)");
        HttpRequest impatient = HttpRequest.newBuilder(URI.create(url("/v1/payments")))
                .timeout(Duration.ofMillis(300))
                .header("X-API-Key", KEY)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(order(number)))
                .build();

        assertThatExceptionOfType(HttpTimeoutException.class)
                .isThrownBy(() -> HttpClient.newHttpClient().send(impatient, HttpResponse.BodyHandlers.discarding()));

        eventually().until(() -> payment(number).text("prepayInfo") != null);
        Answer again = post("/v1/payments", order(number));
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text("prepayInfo")).isNotBlank();
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
    }

    // The clock

    @ParameterizedTest
    @ValueSource(longs = {-4, 4})
    void aClockThatIsFourMinutesWrongChangesNothing(long minutes) {
        CLOCK.by = Duration.ofMinutes(minutes);
        String number = pendingPayment();
        assertThat(notify(success(number)).status()).isEqualTo(200);
        isSoon(number, "SUCCEEDED");
    }

    @ParameterizedTest
    @ValueSource(longs = {-6, 6, 60 * 24})
    void settlesNothingWhileClockIsWrong(long minutes) {
        String open = pendingPayment();
        String notification = success(open);
        String number = newNumber();
        CLOCK.by = Duration.ofMinutes(minutes);

        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(202);
        assertThat(notify(notification).status()).isEqualTo(401);
        assertThat(post("/v1/payments/" + open + "/sync", null).status()).isEqualTo(502);
        assertThat(payment(number).text("status")).isEqualTo("CREATED");
        assertThat(payment(open).text("status")).isEqualTo("PENDING");
        // Expiry is the database's: the clock moved, the payment's time didn't.
        assertThat(stored(
                        "select count(*) from payment where order_no in (?, ?) and expires_at > now() + interval '50 min'"
                                + " and expires_at < now() + interval '61 min'",
                        number,
                        open))
                .isEqualTo(2);

        CLOCK.by = Duration.ZERO;
        turn(number);
        isSoon(number, "PENDING");
        assertThat(payments(number)).isEqualTo(1);
        assertThat(notify(notification).status()).isEqualTo(200);
        isSoon(open, "SUCCEEDED");
    }
}
