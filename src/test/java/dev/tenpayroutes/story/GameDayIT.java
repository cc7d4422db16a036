package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * A game day: the packaged jar under a light load of orders, webhooks and events, each fault made for real, and Debian's Prometheus
 * with the shipped rules. Exactly the alarms of the fault fire, and they clear once it is over. All faults with {@code -Plong}.
 */
class GameDayIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TO_FIRE = Duration.ofSeconds(90);
    private static final Duration TO_CLEAR = Duration.ofSeconds(180);

    @TempDir
    static Path folder;

    private static EmbeddedPostgres postgres;
    private static TcpFaultProxy toDatabase;
    private static TestAccount account;
    private static SdkTenpayServer tenpay;
    private static TenpaySigner signer;
    private static TcpFaultProxy toTenpay;
    private static ErpReceiver erp;
    private static JarProcess program;
    private static PrometheusProcess prometheus;
    private static final ScheduledExecutorService SHOP = Executors.newScheduledThreadPool(12);
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static volatile String outcome = "SUCCESS";

    private final List<String> failures = new ArrayList<>();

    private interface Step {
        void run() throws Exception;
    }

    @BeforeAll
    static void start() throws Exception {
        if (!PrometheusProcess.isInstalled()) {
            assumeTrue("true".equals(System.getenv("CI")), "no prometheus on this machine: Debian's package has it");
        }
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
        toDatabase = new TcpFaultProxy(postgres.getPort());
        account = account("main");
        tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        signer = tenpay.signer();
        toTenpay = new TcpFaultProxy(Integer.parseInt(tenpay.url().replaceFirst(".*:", "")));
        erp = new ErpReceiver();
        program = new JarProcess(folder, account, "jdbc:postgresql://127.0.0.1:" + toDatabase.port() + "/postgres");
        program.settings().put("tenpay.base-url", "http://127.0.0.1:" + toTenpay.port());
        program.settings()
                .put(
                        "tenpay.clients.erp.scopes",
                        "payments:read,payments:write,refunds:write,reviews:write,accounts:write,metrics:read");
        program.settings().put("tenpay.poll.first-delay", "10s");
        program.settings().put("tenpay.poll.interval", "5s");
        program.settings().put("tenpay.events.allowed-networks", "127.0.0.0/8");
        program.settings().put("tenpay.events.retry-delays", String.join(",", Collections.nCopies(20, "2s")));
        program.settings().put("tenpay.accounts.main.events.url", erp.url());
        program.settings().put("tenpay.accounts.main.events.secrets", ErpReceiver.SECRET);
        program.startAndWait();
        prometheus = new PrometheusProcess(folder, program.port(), JarProcess.KEY);
        SHOP.scheduleAtFixedRate(() -> SHOP.execute(GameDayIT::sell), 0, 400, TimeUnit.MILLISECONDS);
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> NUMBER.get() > 60);
    }

    /** Its certificates are good for longer than the alarm asks. */
    private static TestAccount account(String name) throws IOException {
        TestAccount made = TestAccount.create(name);
        for (String pair : List.of("merchant-key.pem merchant-cert.pem", "platform-key.pem platform/platform.pem")) {
            certificate(made.folder().resolve(pair.split(" ")[0]), made.folder().resolve(pair.split(" ")[1]), 90);
        }
        return made;
    }

    private static void certificate(Path key, Path certificate, int days) throws IOException {
        TestAccount.run(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                Integer.toString(days),
                "-subj",
                "/CN=test",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString());
    }

    @AfterAll
    static void stop() throws Exception {
        SHOP.shutdownNow();
        for (AutoCloseable part : Stream.of(
                        prometheus,
                        program == null ? null : (AutoCloseable) program::stop,
                        tenpay,
                        toTenpay,
                        erp,
                        toDatabase,
                        postgres)
                .filter(part -> part != null)
                .toList()) {
            part.close();
        }
    }

    /** One order, and the webhook that tells how it ended. Its failures are the alarms' business. */
    private static void sell() {
        try {
            String number = "GD-%06d".formatted(NUMBER.incrementAndGet());
            tenpay.decide(number, outcome);
            program.send("POST", "/v1/payments", FaultStoryTest.order(number));
            webhook(TenpaySigner.notification("EV-" + number, number, outcome, 1050, "SGD"));
        } catch (UncheckedIOException e) {
            assertThat(e.getCause()).isInstanceOf(IOException.class);
        }
    }

    private static int webhook(String notification) {
        String body = notification
                .replace("2480000001", "2480000002")
                .replace("2026-11-23T08:00:00+08:00", Instant.now().toString());
        return program.send("POST", "/webhooks/tenpay/main/payments", body, signer.headers(body))
                .statusCode();
    }

    /** Makes the fault, waits until its alarms fire, and no other; ends it, and waits until all is quiet. */
    private void fault(String what, Step begin, Step end, String... alarms) throws Exception {
        quiet();
        Set<String> expected = new TreeSet<>(List.of(alarms));
        long began = System.nanoTime();
        begin.run();
        List<String> seconds = new ArrayList<>();
        try {
            Awaitility.await()
                    .atMost(TO_FIRE)
                    .pollInterval(Duration.ofMillis(250))
                    .until(() -> {
                        Set<String> firing = prometheus.firing();
                        assertThat(expected).as(what).containsAll(firing);
                        firing.stream()
                                .filter(alarm -> seconds.stream().noneMatch(entry -> entry.startsWith(alarm)))
                                .forEach(alarm -> seconds.add(alarm + " " + since(began)));
                        return firing.equals(expected);
                    });
        } catch (ConditionTimeoutException | AssertionError e) {
            failures.add(what + ": expected " + expected + ", fired " + seconds + ", now " + prometheus.firing());
        } finally {
            end.run();
        }
        long ended = System.nanoTime();
        Awaitility.await()
                .atMost(TO_CLEAR)
                .pollInterval(Duration.ofMillis(250))
                .untilAsserted(() ->
                        assertThat(prometheus.firing()).as("after " + what).isEmpty());
        System.out.println("| " + what + " | " + String.join(", ", seconds) + " | " + since(ended) + " |" + failures);
    }

    private static long since(long nanos) {
        return (System.nanoTime() - nanos) / 1_000_000_000;
    }

    /** Every query of the dashboards has data, and every metric of the rules exists, on this real run. */
    @Test
    void everyQueryOfDashboardsAndRulesHasData() throws IOException {
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> !prometheus
                                .query("tenpay:payments_succeeded:ratio_increase1h")
                                .isEmpty()
                        && !prometheus.query("tenpay_events_attempts_total").isEmpty());
        List<String> empty = new ArrayList<>();
        int queries = 0;
        try (Stream<Path> boards = Files.list(Path.of("src/deploy/grafana/dashboards"))) {
            for (Path board : boards.toList()) {
                for (JsonNode expression :
                        JSON.readTree(Files.readString(board)).findValues("expr")) {
                    queries++;
                    // A dashboard's shortest window is five minutes; here there is one of seconds.
                    String query = expression.asText().replace("$account", "main");
                    if (prometheus.query(query).isEmpty()) {
                        empty.add(board.getFileName() + ": " + query);
                    }
                }
            }
        }
        for (String selector : selectors(Files.readString(PrometheusProcess.RULES))) {
            queries++;
            // It needs Kafka, and begins with the first order that is lost.
            if (prometheus.query(selector).isEmpty() && !selector.equals("tenpay_orders_dropped_total")) {
                empty.add("rules: " + selector);
            }
        }
        assertThat(empty).isEmpty();
        assertThat(queries).isGreaterThan(60);
    }

    /** Each metric with its labels; what a rule excludes or records is left to its own evaluation. */
    private static Set<String> selectors(String rules) {
        Set<String> found = new TreeSet<>();
        Matcher metric = Pattern.compile("\\btenpay_\\w+(?:\\{[^}]*})?|\\bup\\{[^}]*}")
                .matcher(rules.replaceAll("(?m)^ *(#|summary|runbook_url).*$", ""));
        while (metric.find()) {
            found.add(metric.group());
        }
        return found;
    }

    @Test
    void faultsRaiseExactlyTheirAlarmsAndClear() throws Exception {
        quiet();
        fault("bad signatures of webhooks", () -> SHOP.execute(() -> forge(40)), () -> {}, "TenpayWebhooksRejected");
        fault(
                "Tenpay takes 4 s for each call",
                () -> tenpay.answerAfter(Duration.ofSeconds(4)),
                () -> tenpay.answerAfter(Duration.ZERO),
                "TenpaySlow");
        assertThat(failures).isEmpty();
    }

    /** Longer ones; its table is in docs/reliability.md. */
    @Test
    @EnabledIfSystemProperty(named = "long", matches = "true")
    void wholeGameDayRaisesExactlyItsAlarms() throws Exception {
        quiet();
        refunds("INVALID");
        fault("payments fail", () -> outcome = "FAILED", () -> outcome = "SUCCESS", "TenpaySuccessRateFalls");
        assertThat(failures).isEmpty();
    }

    /** Every refund is refused; orders go on. */
    private void refunds(String code) throws Exception {
        AtomicInteger asked = new AtomicInteger();
        fault(
                "Tenpay refuses refunds",
                () -> {
                    for (int n = 1; n <= 12; n++) {
                        String refund = "GR-%06d".formatted(asked.incrementAndGet());
                        tenpay.refuse(refund, code);
                        program.send(
                                "POST",
                                "/v1/payments/GD-%06d/refunds".formatted(n + 5),
                                FaultStoryTest.refund(refund, 1));
                    }
                },
                () -> {},
                "TenpayRefuses");
    }

    private void quiet() {
        Awaitility.await()
                .atMost(TO_CLEAR)
                .untilAsserted(() -> assertThat(prometheus.firing()).isEmpty());
    }

    /** A valid webhook whose body was changed on the way. */
    private static void forge(int times) {
        for (int n = 0; n < times; n++) {
            String body = TenpaySigner.notification("EV-F" + n, "GD-000001", "SUCCESS", 1050, "SGD");
            program.send("POST", "/webhooks/tenpay/main/payments", body.replace("1050", "9999"), signer.headers(body));
        }
    }
}
