package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The packaged jar on a primary and a streaming standby behind one address, with orders and webhooks all the time: the
 * address leads to the standby and back, the standby is promoted, the primary refuses to write.
 */
class FailoverIT {

    private static final int ERPS = 4;
    /** Names the program's sessions, so that those of the test don't count. */
    private static final String SESSIONS = "select count(*) from pg_stat_activity where application_name = 'routes'";

    @TempDir
    Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Future<?>> erps = new ArrayList<>();
    /** Each order and webhook that was answered with 2xx, and when. */
    private final Map<String, Long> accepted = new ConcurrentHashMap<>();

    private final Map<String, String> surprises = new ConcurrentHashMap<>();
    private volatile boolean enough;
    private EmbeddedPostgres primary;
    private EmbeddedPostgres standby;
    private TcpFaultProxy address;
    private SdkTenpayServer tenpay;
    private JarProcess program;

    @BeforeEach
    void programBeforePrimaryAndStandby() throws Exception {
        int port = FreePort.find();
        // The bundled PostgreSQL has no pg_basebackup: a copy of the stopped server is as good a beginning.
        start("primary", port).close();
        copy(folder.resolve("primary"), folder.resolve("standby"));
        Files.createFile(folder.resolve("standby/standby.signal"));
        Files.writeString(
                folder.resolve("standby/postgresql.auto.conf"),
                "primary_conninfo = 'host=127.0.0.1 port=" + port + " user=postgres'\n");
        primary = start("primary", port);
        standby = start("standby", FreePort.find());
        // A commit is acknowledged once the standby has it as well.
        on(primary).sql("alter system set synchronous_standby_names = '*'").update();
        on(primary).sql("select pg_reload_conf()").query().singleValue();
        eventually()
                .until(() -> on(primary)
                        .sql("select count(*) from pg_stat_replication where sync_state = 'sync'")
                        .query(Integer.class)
                        .single()
                        .equals(1));
        address = new TcpFaultProxy(port);
        TestAccount account = TestAccount.create("main");
        tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        program = new JarProcess(
                Files.createDirectory(folder.resolve("program")),
                account,
                "jdbc:postgresql://127.0.0.1:" + address.port() + "/postgres?ApplicationName=routes");
        program.settings().put("tenpay.base-url", tenpay.url());
        program.settings().put("tenpay.poll.first-delay", "1h");
        program.startAndWait();
        for (int erp = 0; erp < ERPS; erp++) {
            int mine = erp;
            erps.add(threads.submit(() -> erp(mine)));
        }
        eventually().until(() -> accepted.size() > 20);
    }

    @AfterEach
    void stopAll() throws Exception {
        enough = true;
        threads.shutdownNow();
        program.stop();
        tenpay.close();
        address.close();
        standby.close();
        primary.close();
    }

    private EmbeddedPostgres start(String name, int port) throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(folder.resolve(name))
                .setCleanDataDirectory(false)
                .setServerConfig("synchronous_commit", "on")
                .setPort(port)
                .start();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    private static JdbcClient on(EmbeddedPostgres server) {
        return JdbcClient.create(server.getPostgresDatabase());
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
    }

    /** Orders and their webhooks, each sent until it is accepted. */
    private void erp(int erp) {
        for (int n = 0; !enough; n++) {
            String number = "OVER-%d-%05d".formatted(erp, n);
            untilAccepted("/v1/payments", FaultStoryTest.order(number), number);
            String notification = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD")
                    .replace("2480000001", "2480000002")
                    .replace("4200123", "4200" + Math.abs(number.hashCode()));
            untilAccepted("/webhooks/tenpay/main/payments", notification, "EV-" + number);
        }
    }

    private void untilAccepted(String path, String body, String name) {
        while (!Thread.currentThread().isInterrupted()) {
            HttpResponse<String> answer = path.startsWith("/webhooks")
                    ? program.send("POST", path, body, tenpay.signer().headers(body))
                    : program.send("POST", path, body);
            if (answer.statusCode() < 300) {
                accepted.put(name, System.nanoTime());
                return;
            }
            if (answer.statusCode() != 503) {
                surprises.put(name, answer.statusCode() + " " + answer.body());
                return;
            }
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        }
    }

    /** How long after a moment the first order that isn't there yet is accepted. */
    private double secondsUntilAccepted(long since) {
        eventually()
                .until(() -> accepted.values().stream().filter(at -> at > since).count() > 20);
        return accepted.values().stream()
                        .filter(at -> at > since)
                        .mapToLong(at -> at - since)
                        .min()
                        .orElseThrow()
                / 1e9;
    }

    /** Each is accepted once, and the store that leads now has it once. */
    private void nothingIsLostOrDoubled(EmbeddedPostgres leader) throws Exception {
        enough = true;
        for (Future<?> erp : erps) {
            erp.get(60, TimeUnit.SECONDS);
        }
        // A webhook is stored before it is acknowledged; where a session that is cut off still locks the payment, it is
        // applied later.
        eventually().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            List<String> stored = on(leader)
                    .sql("select order_no from payment union all"
                            + " select 'EV-' || order_no from payment where status = 'SUCCEEDED'")
                    .query(String.class)
                    .list();
            assertThat(stored).doesNotHaveDuplicates().containsAll(accepted.keySet());
        });
        assertThat(tenpay.conflicts()).isEmpty();
        assertThat(tenpay.refusals()).isEmpty();
        assertThat(surprises).isEmpty();
        List<String> lines = program.output().lines().toList();
        assertThat(lines).as("one line a failure").allMatch(line -> line.matches("20\\d\\d-.*"));
        System.out.printf(
                "failover: %d orders and webhooks accepted, %d lines of log%n", accepted.size(), lines.size());
    }

    private void leadTo(EmbeddedPostgres server) {
        address.to(server.getPort());
        address.pull();
        address.repair();
    }

    /** One program through all of them, the last of which leaves it with the promoted standby alone. */
    @Test
    void acceptsOrdersAgainAfterEachKindOfFailover() throws Exception {
        primaryRefusesToWriteForAWhile();
        addressLeadsToStandbyForAWhile();
        standbyIsPromoted();
        nothingIsLostOrDoubled(standby);
    }

    private void addressLeadsToStandbyForAWhile() {
        leadTo(standby);
        eventually().until(() -> program.get("/actuator/health/readiness") == 503);
        LockSupport.parkNanos(Duration.ofSeconds(6).toNanos());
        assertThat(program.get("/actuator/health/readiness")).isEqualTo(503);
        assertThat(program.get("/actuator/health/liveness")).isEqualTo(200);
        assertThat(accepted.values()).allMatch(at -> at < System.nanoTime() - 4_000_000_000L);

        // Connections that the standby has taken stay open.
        address.to(primary.getPort());
        long back = System.nanoTime();

        double seconds = secondsUntilAccepted(back);
        eventually().until(() -> program.get("/actuator/health/readiness") == 200);
        assertThat(on(standby).sql(SESSIONS).query(Integer.class).single()).isZero();
        System.out.printf(
                "address led to the standby for 6 s and back: accepted again after %.1f s (Java %s)%n",
                seconds, JarProcess.javaVersion());
        assertThat(seconds).isLessThan(8);
    }

    private void standbyIsPromoted() {
        long died = System.nanoTime();
        kill(folder.resolve("primary/postmaster.pid"));
        leadTo(standby);
        LockSupport.parkNanos(Duration.ofSeconds(3).toNanos());
        long promoted = System.nanoTime();
        assertThat(on(standby).sql("select pg_promote()").query(Boolean.class).single())
                .isTrue();

        double seconds = secondsUntilAccepted(promoted);
        System.out.printf(
                "primary killed, standby promoted 3 s later: accepted again %.1f s after that (Java %s)%n",
                seconds, JarProcess.javaVersion());
        assertThat(accepted.values())
                .noneMatch(at -> at > died + Duration.ofSeconds(1).toNanos() && at < promoted);
        eventually().until(() -> program.get("/actuator/health/readiness") == 200);
        assertThat(seconds).isLessThan(8);
    }

    private void primaryRefusesToWriteForAWhile() {
        on(primary).sql("alter system set default_transaction_read_only = on").update();
        on(primary).sql("select pg_reload_conf()").query().singleValue();
        eventually().until(() -> program.get("/actuator/health/readiness") == 503);
        eventually()
                .until(() ->
                        on(primary).sql(SESSIONS).query(Integer.class).single().equals(0));

        on(primary).sql("alter system reset default_transaction_read_only").update();
        on(primary).sql("select pg_reload_conf()").query().singleValue();
        long writable = System.nanoTime();

        double seconds = secondsUntilAccepted(writable);
        System.out.printf(
                "read-only and writable again: accepted again after %.1f s (Java %s)%n",
                seconds, JarProcess.javaVersion());
        assertThat(seconds).isLessThan(8);
        eventually().until(() -> program.get("/actuator/health/readiness") == 200);
    }

    private static void kill(Path pidFile) {
        try {
            ProcessHandle.of(Long.parseLong(Files.readAllLines(pidFile).get(0).strip()))
                    .orElseThrow()
                    .destroyForcibly();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
