package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The packaged jar in operation: its database stops, it is told to stop, its log can't be written. */
class ShutdownIT {

    private static final String HOOK = "/webhooks/tenpay/main/payments";

    @TempDir
    Path folder;

    private EmbeddedPostgres postgres;
    private JdbcClient store;
    private SdkTenpayServer tenpay;
    private JarProcess program;

    @BeforeEach
    void aProgramWithItsDatabase() throws IOException {
        postgres = startPostgres(0);
        store = JdbcClient.create(postgres.getPostgresDatabase());
        TestAccount account = TestAccount.create("main");
        tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        program = new JarProcess(folder, account, postgres.getJdbcUrl("postgres", "postgres"));
        program.settings().put("tenpay.base-url", tenpay.url());
        program.settings().put("tenpay.call-timeout", "5s");
        program.settings().put("tenpay.poll.submit-lease", "8s");
        program.settings().put("tenpay.poll.claim-interval", "200ms");
        program.settings().put("tenpay.poll.interval", "1s");
        program.settings().put("tenpay.poll.first-delay", "9s");
        program.settings().put("tenpay.notifications.lease", "2s");
    }

    @AfterEach
    void stopAll() throws Exception {
        tenpay.letGo();
        program.stop();
        tenpay.close();
        postgres.close();
    }

    private EmbeddedPostgres startPostgres(int port) throws IOException {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(folder.resolve("postgres"))
                .setCleanDataDirectory(false);
        return builder.setPort(port == 0 ? FreePort.find() : port).start();
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
    }

    private HttpResponse<String> post(String number) {
        return program.send("POST", "/v1/payments", FaultStoryTest.order(number));
    }

    private HttpResponse<String> bring(String number) {
        String notification = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD")
                .replace("2480000001", "2480000002");
        return program.send("POST", HOOK, notification, tenpay.signer().headers(notification));
    }

    private String status(String number) {
        return JarProcess.json(program.send("GET", "/v1/payments/" + number, null))
                .path("status")
                .asText();
    }

    private int count(String sql) {
        return store.sql(sql).query(Integer.class).single();
    }

    @Test
    void recoversWhenPostgresReturns() throws Exception {
        program.startAndWait();
        assertThat(post("STOP-000000").statusCode()).isEqualTo(201);
        AtomicBoolean enough = new AtomicBoolean();
        // Orders keep coming, each until it is taken, as an ERP sends them.
        List<CompletableFuture<List<String>>> erps = IntStream.range(0, 4)
                .mapToObj(erp -> CompletableFuture.supplyAsync(
                        () -> orders(erp, enough), task -> new Thread(task, "erp").start()))
                .toList();
        eventually().until(() -> count("select count(*) from payment") > 20);

        int port = postgres.getPort();
        postgres.close();

        HttpResponse<String> order = post("STOP-000001");
        assertThat(order.statusCode()).isEqualTo(503);
        assertThat(order.headers().firstValue("Retry-After")).isPresent();
        assertThat(order.body()).contains("STORE_UNAVAILABLE");
        HttpResponse<String> notification = bring("STOP-000000");
        assertThat(notification.statusCode()).isEqualTo(503);
        assertThat(notification.body()).contains("FAIL");
        assertThat(program.get("/actuator/health/readiness")).isEqualTo(503);
        assertThat(program.get("/actuator/health/liveness")).isEqualTo(200);

        postgres = startPostgres(port);
        store = JdbcClient.create(postgres.getPostgresDatabase());

        eventually()
                .atMost(Duration.ofSeconds(10))
                .until(() -> post("STOP-000001").statusCode() == 201);
        eventually()
                .atMost(Duration.ofSeconds(10))
                .until(() -> bring("STOP-000000").statusCode() == 200);
        eventually().until(() -> status("STOP-000000").equals("SUCCEEDED"));
        eventually().until(() -> program.get("/actuator/health/readiness") == 200);
        enough.set(true);
        for (CompletableFuture<List<String>> erp : erps) {
            for (String number : erp.get(30, TimeUnit.SECONDS)) {
                // Also where Tenpay's answer could not be stored: the poller asks.
                eventually().until(() -> status(number).equals("PENDING"));
                // Called once more at most, and under its own number: where the outage outlasted the lease.
                assertThat(tenpay.calls("checkout-pay", number)).isBetween(1, 2);
                assertThat(count("select count(*) from payment where order_no = '" + number + "'"))
                        .isEqualTo(1);
            }
        }
        assertThat(tenpay.refusals()).isEmpty();
    }

    private List<String> orders(int erp, AtomicBoolean enough) {
        List<String> numbers = new java.util.ArrayList<>();
        while (!enough.get()) {
            String number = "STOP-" + erp + "-" + numbers.size();
            numbers.add(number);
            HttpResponse<String> answer = post(number);
            assertThat(answer.statusCode()).isIn(201, 202, 503);
            if (answer.statusCode() == 503) {
                eventually().until(() -> post(number).statusCode() < 300);
            }
        }
        return numbers;
    }

    @Test
    void finishesRequestsAndReleasesClaimsOnShutdown() throws Exception {
        program.settings().put("tenpay.poll.concurrency", "8");
        program.settings().put("tenpay.poll.first-delay", "1h");
        program.settings().put("tenpay.poll.interval", "10m");
        program.settings().put("tenpay.call-timeout", "15s");
        program.settings().put("tenpay.poll.submit-lease", "20s");
        program.startAndWait();
        assertThat(post("TERM-000000").statusCode()).isEqualTo(201);
        store.sql("""
                        insert into payment (account, order_no, status, payment_method, region, amount, currency, description,
                            content, merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                        select account, 'TERM-DUE-' || n, status, payment_method, region, amount, currency, description,
                            content, merchant_id, app_id, method_key, notify_url, expires_at, now() + interval '1 hour'
                        from payment, generate_series(1, 60) n where order_no = 'TERM-000000'
                        """).update();
        List<String> due =
                IntStream.rangeClosed(1, 60).mapToObj(n -> "TERM-DUE-" + n).toList();
        store.sql("""
                        insert into refund (payment_id, account, refund_no, order_no, merchant_id, status, amount, currency,
                            notify_url, next_poll_at)
                        select id, account, 'TERM-REFUND-' || n, order_no, merchant_id, 'PENDING', 1, currency,
                            notify_url, now() + interval '1 hour'
                        from payment, generate_series(1, 60) n where order_no = 'TERM-000000'
                        """).update();
        List<String> dueRefunds =
                IntStream.rangeClosed(1, 60).mapToObj(n -> "TERM-REFUND-" + n).toList();
        due.forEach(tenpay::stall);
        dueRefunds.forEach(tenpay::stall);
        List<String> orders =
                IntStream.rangeClosed(1, 6).mapToObj(n -> "TERM-00000" + n).toList();
        orders.forEach(tenpay::stall);
        store.sql("update payment set next_poll_at = now() where order_no like 'TERM-DUE-%'")
                .update();
        store.sql("update refund set next_poll_at = now()").update();
        // One account has seven of eight places, and no more is claimed than is asked.
        eventually().until(() -> asked("inquiry-payment", due) == 7 && count(CLAIMED) == 7);
        eventually()
                .until(() -> asked("inquiry-refund", dueRefunds) == 7
                        && count("select count(*) from refund where polls > 0") == 7);
        List<CompletableFuture<HttpResponse<String>>> posted = orders.stream()
                .map(number ->
                        CompletableFuture.supplyAsync(() -> post(number), task -> new Thread(task, "erp").start()))
                .toList();
        eventually().until(() -> orders.stream().allMatch(number -> tenpay.calls("checkout-pay", number) == 1));

        CompletableFuture<Duration> stopped = CompletableFuture.supplyAsync(this::stop);
        eventually().until(this::takesNoMore);
        tenpay.letGo();

        assertThat(stopped.get(30, TimeUnit.SECONDS)).isLessThan(Duration.ofSeconds(20));
        assertThat(program.output()).doesNotContain("forc");
        for (CompletableFuture<HttpResponse<String>> answer : posted) {
            assertThat(answer.get(1, TimeUnit.SECONDS).statusCode()).isEqualTo(201);
        }
        assertThat(count("select count(*) from payment where order_no in ('" + String.join("', '", orders)
                        + "') and status = 'PENDING' and prepay_info is not null"))
                .isEqualTo(6);
        List<String> notAsked = due.stream()
                .filter(number -> tenpay.calls("inquiry-payment", number) == 0)
                .toList();
        assertThat(notAsked).hasSizeGreaterThan(30);
        assertThat(store.sql("select order_no from payment where order_no like 'TERM-DUE-%' and next_poll_at <= now()")
                        .query(String.class)
                        .list())
                .containsAll(notAsked);
        List<String> refundsNotAsked = dueRefunds.stream()
                .filter(number -> tenpay.calls("inquiry-refund", number) == 0)
                .toList();
        assertThat(refundsNotAsked).hasSizeGreaterThan(30);
        assertThat(store.sql("select refund_no from refund where next_poll_at <= now()")
                        .query(String.class)
                        .list())
                .containsAll(refundsNotAsked);
        // The inquiries were recorded.
        assertThat(count("select count(distinct payment_id) from history where source = 'inquiry-payment'"))
                .isEqualTo(60 - notAsked.size());
    }

    @Test
    @EnabledIfSystemProperty(named = "long", matches = "true")
    void shutdownWaitsAtMostTwentySecondsForHangingCall() throws Exception {
        program.settings().put("tenpay.call-timeout", "60s");
        program.settings().put("tenpay.poll.submit-lease", "63s");
        program.startAndWait();
        tenpay.stall("HANG-000001");
        CompletableFuture.runAsync(() -> post("HANG-000001"), task -> new Thread(task, "erp").start());
        eventually().until(() -> tenpay.calls("checkout-pay", "HANG-000001") == 1);

        assertThat(program.stop()).isLessThan(Duration.ofSeconds(20));

        assertThat(count("select count(*) from payment where order_no = 'HANG-000001' and status = 'CREATED'"))
                .isEqualTo(1);
    }

    private static final String CLAIMED = "select count(*) from payment where order_no like 'TERM-DUE-%' and polls > 0";

    private int asked(String call, List<String> numbers) {
        return numbers.stream().mapToInt(number -> tenpay.calls(call, number)).sum();
    }

    private Duration stop() {
        try {
            return program.stop();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean takesNoMore() {
        try {
            return program.get("/v1/payment-methods") == 503;
        } catch (UncheckedIOException e) {
            return true;
        }
    }

    @Test
    void whenTheLogCannotBeWrittenPaymentsGoOn() throws IOException {
        // A disk that is always full.
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "this system has no full disk at hand");
        if (Files.getOwner(full).getName().equals(System.getProperty("user.name"))) {
            // Yesterday's log would be moved away: by root, the device itself.
            Files.setLastModifiedTime(full, FileTime.from(Instant.now()));
        }
        program.logTo(full);
        program.settings().putAll(Map.of("logging.file.name", full.toString()));
        program.startAndWait();

        assertThat(post("FULL-000001").statusCode()).isEqualTo(201);
        assertThat(bring("FULL-000001").statusCode()).isEqualTo(200);
        eventually().until(() -> status("FULL-000001").equals("SUCCEEDED"));
    }
}
