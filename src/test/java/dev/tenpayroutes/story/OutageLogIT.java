package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the packaged jar writes into its log while its database, Tenpay or Kafka is away: one line a failure, and no flood. */
class OutageLogIT {

    private static final Duration OUTAGE = Duration.ofSeconds(20);
    private static final String LINE = "20\\d\\d-\\d\\d-\\d\\dT[0-9:.]+(Z|[+-][0-9:]+) +[A-Z]+ +\\[.*";

    @TempDir
    Path folder;

    private EmbeddedPostgres postgres;
    private TcpFaultProxy toDatabase;
    private SdkTenpayServer tenpay;
    private TcpFaultProxy toTenpay;
    private JarProcess program;

    @BeforeEach
    void program() throws Exception {
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
        toDatabase = new TcpFaultProxy(postgres.getPort());
        TestAccount account = TestAccount.create("main");
        tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        toTenpay = new TcpFaultProxy(Integer.parseInt(tenpay.url().replaceFirst(".*:", "")));
        program = new JarProcess(folder, account, "jdbc:postgresql://127.0.0.1:" + toDatabase.port() + "/postgres");
        program.settings().put("tenpay.base-url", "http://127.0.0.1:" + toTenpay.port());
        program.settings().put("tenpay.poll.first-delay", "1s");
        program.settings().put("tenpay.poll.interval", "1s");
    }

    @AfterEach
    void stopAll() throws Exception {
        program.stop();
        tenpay.close();
        toTenpay.close();
        toDatabase.close();
        postgres.close();
    }

    private int post(String number) {
        return program.send("POST", "/v1/payments", FaultStoryTest.order(number))
                .statusCode();
    }

    private List<String> lines() {
        return program.output().lines().toList();
    }

    /** The lines since one of them, each by itself; how many of each logger is printed. */
    private Map<String, Long> written(String during, int since) {
        List<String> lines = lines().subList(since, lines().size());
        assertThat(lines).allMatch(line -> line.matches(LINE));
        Map<String, Long> counts = lines.stream()
                .collect(Collectors.groupingBy(
                        line -> line.replaceFirst("^\\S+ +(\\S+) +\\[.*?] \\S+ ([\\w-]+) - .*", "$1 $2"),
                        TreeMap::new,
                        Collectors.counting()));
        System.out.printf("log while %s: %s%n", during, counts);
        return counts;
    }

    private static long libraries(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .filter(count -> !count.getKey().matches("\\S+ [a-z-]+"))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    private static void outage() {
        LockSupport.parkNanos(OUTAGE.toNanos());
    }

    private void refundThatWaitsTooLongForLockIsOneLine() throws Exception {
        assertThat(post("LOCK-000001")).isEqualTo(201);
        String notification = TenpaySigner.notification("EV-1", "LOCK-000001", "SUCCESS", 1050, "SGD")
                .replace("2480000001", "2480000002");
        program.send(
                "POST",
                "/webhooks/tenpay/main/payments",
                notification,
                tenpay.signer().headers(notification));
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> program.send("GET", "/v1/payments/LOCK-000001", null)
                        .body()
                        .contains("SUCCEEDED"));
        int since = lines().size();
        try (Connection other = postgres.getPostgresDatabase().getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("select 1 from payment for update");
            assertThat(program.send("POST", "/v1/payments/LOCK-000001/refunds", FaultStoryTest.refund("LOCK-R00001", 1))
                            .statusCode())
                    .isEqualTo(503);
            other.rollback();
        }

        assertThat(written("a refund meets a lock", since)).containsEntry("ERROR api-errors", 1L);
        assertThat(lines().subList(since, lines().size()).stream().filter(line -> line.contains("55P03")))
                .hasSize(1);
    }

    @Test
    void lockIsOneLineAndDatabaseOutageNoFlood() throws Exception {
        program.startAndWait();
        refundThatWaitsTooLongForLockIsOneLine();
        ExecutorService erps = Executors.newFixedThreadPool(4);
        List<Integer> answers = new ArrayList<>();
        for (int n = 0; n < 40; n++) {
            assertThat(post("AWAY-0000%02d".formatted(n))).isLessThan(300);
        }
        int since = lines().size();
        toDatabase.pull();
        for (int erp = 0; erp < 4; erp++) {
            int mine = erp;
            erps.submit(() -> {
                for (int n = 0; n < 3; n++) {
                    answers.add(post("AWAY-%d-000%d".formatted(mine, n)));
                }
            });
        }
        outage();
        toDatabase.repair();
        erps.shutdown();
        assertThat(erps.awaitTermination(30, TimeUnit.SECONDS)).isTrue();

        Map<String, Long> counts = written("the database was away for 20 s", since);
        assertThat(libraries(counts)).isZero();
        assertThat(counts.values().stream().mapToLong(Long::longValue).sum()).isLessThan(200);
    }

    @Test
    void outagesOfTenpayAndKafkaAreNoFlood() throws Exception {
        program.settings().put("tenpay.orders.kafka.brokers", "127.0.0.1:1");
        program.settings().put("tenpay.orders.kafka.client", "erp");
        program.settings().put("tenpay.events.kafka.brokers", "127.0.0.1:1");
        program.startAndWait();
        int since = lines().size();
        toTenpay.pull();
        for (int n = 0; n < 10; n++) {
            assertThat(post("KAFKA-0000%02d".formatted(n))).isEqualTo(202);
        }
        outage();
        toTenpay.repair();

        Map<String, Long> counts = written("Tenpay and Kafka were away for 20 s", since);
        // Kafka's client alone tells that its broker is away, ever more seldom: every 10 s in the end.
        assertThat(libraries(counts)).isLessThan(25);
        assertThat(counts.values().stream().mapToLong(Long::longValue).sum()).isLessThan(100);
    }
}
