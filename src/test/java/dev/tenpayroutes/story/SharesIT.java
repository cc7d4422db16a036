package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The packaged jar while one account, or one client that only reads, takes whatever it gets. */
@EnabledIfSystemProperty(named = "long", matches = "true")
class SharesIT {

    private static final Logger LOG = LoggerFactory.getLogger(SharesIT.class);
    private static final String READER = "a-reader-s-key-of-more-than-20-characters";
    private static final int READERS = 40;
    private static final int PAYMENTS = 30_000;
    private static final int DUE = 700;
    private static final int SECONDS = 30;
    private static final Duration MOST = Duration.ofSeconds(3);

    @TempDir
    Path folder;

    private final TestAccount main = TestAccount.create("main");
    private final TestAccount slow = TestAccount.create("slow");
    private EmbeddedPostgres postgres;
    private SdkTenpayServer tenpay;
    private SdkTenpayServer slowTenpay;
    private JarProcess program;
    private JdbcClient store;

    @BeforeEach
    void start() throws Exception {
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
        store = JdbcClient.create(postgres.getPostgresDatabase());
        tenpay = new SdkTenpayServer(main, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        slowTenpay = new SdkTenpayServer(slow, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        program = new JarProcess(folder, main, postgres.getJdbcUrl("postgres", "postgres"));
        Map<String, String> settings = program.settings();
        settings.put("tenpay.base-url", tenpay.url());
        settings.putAll(slow.settings());
        settings.put("tenpay.accounts.slow.merchant-id", "2480099999");
        settings.put("tenpay.accounts.slow.base-url", slowTenpay.url());
        settings.put("tenpay.poll.first-delay", "1h");
        settings.put("tenpay.poll.interval", "1h");
        settings.put("tenpay.clients.reader.api-key", READER);
        settings.put("tenpay.clients.reader.accounts", "main");
        settings.put("tenpay.clients.reader.scopes", "payments:read");
        settings.put("tenpay.clients.reader.requests-per-second", "100000");
        program.startAndWait();
    }

    @AfterEach
    void stop() throws Exception {
        program.stop();
        tenpay.close();
        slowTenpay.close();
        postgres.close();
    }

    /** Copies of one payment. */
    private void copies(String of, String account, int howMany, String nextPoll) {
        store.sql(
                        "insert into payment overriding system value select (jsonb_populate_record(p, jsonb_build_object('id',"
                                + " 3000000000 + n, 'account', ?, 'order_no', 'COPY-' || n, 'submitting_until', null,"
                                + " 'next_poll_at', " + nextPoll + "))).* from payment p, generate_series(1, ?) n"
                                + " where p.order_no = ?")
                .params(account, howMany, of)
                .update();
    }

    @Test
    void slowAccountDelaysInquiriesOfNoOther() throws Exception {
        String number = "SHARE-000001";
        assertThat(program.send("POST", "/v1/payments", Story.order(number)).statusCode())
                .isEqualTo(201);
        slowTenpay.answerAfter(Duration.ofSeconds(6));
        copies(number, "slow", DUE, "now() - interval '1 minute'");
        long begun = System.nanoTime();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> slowCalls() > 8);
        Duration slowest = Duration.ZERO;
        int inquiries = 0;
        while (System.nanoTime() < begun + Duration.ofSeconds(SECONDS).toNanos()) {
            int before = tenpay.calls("inquiry-payment", number);
            store.sql("update payment set next_poll_at = now() where order_no = ?")
                    .param(number)
                    .update();
            long due = System.nanoTime();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> tenpay.calls("inquiry-payment", number) > before);
            Duration delay = Duration.ofNanos(System.nanoTime() - due);
            slowest = delay.compareTo(slowest) > 0 ? delay : slowest;
            inquiries++;
            Thread.sleep(200);
        }
        int asked = slowCalls();
        LOG.info(
                "Java {}: {} due payments of an account that answers in 6 s, {} of them asked in {} s; {} inquiries of another"
                        + " account beside them, the slowest {} ms after it was due",
                JarProcess.javaVersion(),
                DUE,
                asked,
                SECONDS,
                inquiries,
                slowest.toMillis());
        assertThat(slowest).isLessThan(MOST);
        // The slow account has what the other one leaves: the first half of all is begun in the time of five calls.
        assertThat(asked).isBetween(DUE / 10, DUE / 2);
    }

    private int slowCalls() {
        return slowTenpay.allCalls("inquiry-payment");
    }

    @Test
    void readsDelayNoOrdersAndWebhooks() throws Exception {
        String number = "SHARE-000002";
        assertThat(program.send("POST", "/v1/payments", Story.order(number)).statusCode())
                .isEqualTo(201);
        copies(number, "main", PAYMENTS, "now() + interval '1 day'");
        store.sql("analyze payment").update();
        beside(
                "lists",
                List.of(
                        "/v1/payments?limit=1",
                        "/v1/payments?limit=100&status=PENDING",
                        "/v1/payments?limit=1&createdFrom=2026-01-01T00:00:00Z",
                        "/v1/events?limit=100",
                        "/v1/payments/COPY-7/events"));
        // The worst that a reader can do: each read takes as long as it may.
        try (Connection lock = postgres.getPostgresDatabase().getConnection();
                Statement statement = lock.createStatement()) {
            lock.setAutoCommit(false);
            statement.execute("lock table event_attempt in access exclusive mode");
            beside("reads that wait for a lock", List.of("/v1/events/00000000-0000-4000-8000-000000000000"));
            lock.rollback();
        }
    }

    private void beside(String what, List<String> reads) throws Exception {
        Map<Integer, AtomicInteger> answers = new ConcurrentHashMap<>();
        ExecutorService readers = Executors.newFixedThreadPool(READERS);
        for (int i = 0; i < READERS; i++) {
            int reader = i;
            readers.submit(() -> {
                for (int n = reader; !Thread.currentThread().isInterrupted(); n++) {
                    int status = program.send("GET", reads.get(n % reads.size()), null, "X-API-Key", READER)
                            .statusCode();
                    answers.computeIfAbsent(status, key -> new AtomicInteger()).incrementAndGet();
                }
            });
        }
        Map<String, Duration> slowest;
        try {
            Thread.sleep(3000);
            slowest = SlowSendersIT.slowest(program, tenpay, "BESIDE-" + what.length() + "-", SECONDS / 2);
        } finally {
            readers.shutdownNow();
        }
        LOG.info(
                "Java {}: beside {} clients that read without end ({}; answers by status {}), slowest {}",
                JarProcess.javaVersion(),
                READERS,
                what,
                answers,
                slowest);
        assertThat(readers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        assertThat(answers.keySet()).isSubsetOf(200, 503);
        assertThat(slowest).allSatisfy((call, time) -> assertThat(time).as(call).isLessThan(MOST));
    }
}
