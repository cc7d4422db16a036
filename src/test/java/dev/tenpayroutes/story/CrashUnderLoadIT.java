package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.property.LedgerInvariants;
import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Two instances of the packaged jar on one database, orders and refunds without a pause, and every few moments one of the
 * two is killed with -9: what an ERP was told is stored is, once, and as Tenpay has it. Twice in a build, {@code -Plong}
 * twenty times.
 */
class CrashUnderLoadIT {

    private static final int KILLS = Integer.getInteger("kills", 1);
    private static final int ERPS = 4;

    @TempDir
    Path folder;

    private final List<JarProcess> programs = new ArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    /** What was answered with 2xx, and its amount. */
    private final Map<String, Integer> orders = new ConcurrentHashMap<>();

    private final Map<String, Integer> refunds = new ConcurrentHashMap<>();
    private final Map<String, String> paymentIds = new ConcurrentHashMap<>();
    private final Queue<String> surprises = new ConcurrentLinkedQueue<>();
    private final AtomicInteger cut = new AtomicInteger();
    private volatile boolean enough;
    private EmbeddedPostgres postgres;
    private SdkTenpayServer tenpay;

    @BeforeEach
    void twoInstances() throws Exception {
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
        TestAccount account = TestAccount.create("main");
        tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        for (int i = 0; i < 2; i++) {
            JarProcess program = new JarProcess(
                    Files.createDirectory(folder.resolve("instance-" + i)),
                    account,
                    postgres.getJdbcUrl("postgres", "postgres"));
            Map<String, String> settings = program.settings();
            settings.put("tenpay.base-url", tenpay.url());
            settings.put("tenpay.call-timeout", "3s");
            settings.put("tenpay.poll.submit-lease", "6s");
            settings.put("tenpay.poll.claim-interval", "200ms");
            settings.put("tenpay.poll.first-delay", "2s");
            settings.put("tenpay.poll.interval", "1s");
            settings.put("tenpay.poll.max-delay", "2s");
            settings.put("tenpay.poll.resend-after", "7s");
            settings.put("tenpay.notifications.claim-interval", "200ms");
            settings.put("tenpay.notifications.lease", "2s");
            programs.add(program);
        }
    }

    @AfterEach
    void stopAll() throws Exception {
        enough = true;
        threads.shutdownNow();
        for (JarProcess program : programs) {
            program.stop();
        }
        tenpay.close();
        postgres.close();
    }

    /** Sends it to one of the two, to the other one, … until one takes it, as an ERP and as Tenpay do. */
    private HttpResponse<String> untilTaken(String path, String body, boolean signed) {
        for (int n = ThreadLocalRandom.current().nextInt(2); ; n++) {
            JarProcess program = programs.get(n % 2);
            try {
                HttpResponse<String> answer = signed
                        ? program.send("POST", path, body, tenpay.signer().headers(body))
                        : program.send("POST", path, body);
                if (answer.statusCode() < 300) {
                    return answer;
                }
                if (answer.statusCode() != 503) {
                    surprises.add(path + " " + answer.statusCode() + " " + answer.body());
                    return answer;
                }
            } catch (UncheckedIOException e) {
                cut.incrementAndGet();
            }
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        }
    }

    private void erp(int erp) {
        for (int n = 0; !enough; n++) {
            String number = "LOAD-%d-%05d".formatted(erp, n);
            HttpResponse<String> answer = untilTaken("/v1/payments", FaultStoryTest.order(number), false);
            orders.put(number, 1050);
            String paymentId = JarProcess.json(answer).path("paymentId").asText();
            if (!paymentId.isEmpty()) {
                paymentIds.put(number, paymentId);
            }
            // Of ten, the notifications of three get lost: the poller has to find out.
            if (n % 10 < 7) {
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> tenpay.order(number) != null);
            }
            tenpay.decide(number, "SUCCESS");
            if (n % 10 < 7) {
                untilTaken("/webhooks/tenpay/main/payments", notification(number, null, 1050), true);
            }
            if (n % 3 == 0) {
                refund(number, 0, 600);
                refund(number, 1, 450);
            }
        }
    }

    private void refund(String number, int which, int total) {
        String refund = number + "-R" + which;
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> isPaid(number));
        untilTaken("/v1/payments/" + number + "/refunds", FaultStoryTest.refund(refund, total), false);
        refunds.put(refund, total);
        tenpay.decide(refund, "SUCCESS");
        if (which == 0) {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> tenpay.refunds().containsKey(refund));
            untilTaken("/webhooks/tenpay/main/refunds", notification(number, refund, total), true);
        }
    }

    private boolean isPaid(String number) {
        for (JarProcess program : programs) {
            try {
                return JarProcess.json(program.send("GET", "/v1/payments/" + number, null))
                        .path("status")
                        .asText()
                        .equals("SUCCEEDED");
            } catch (UncheckedIOException e) {
                // This one is dead; ask the other.
            }
        }
        return false;
    }

    private static String paymentId(String number) {
        return "4200" + Math.abs(number.hashCode());
    }

    private static String notification(String number, String refund, int total) {
        String notification = refund == null
                ? TenpaySigner.notification("EV-" + number, number, "SUCCESS", total, "SGD")
                : TenpaySigner.refundNotification("EV-" + refund, number, refund, "SUCCESS", total, "SGD");
        return notification
                .replace("2480000001", "2480000002")
                .replace("\"status\"", "\"payment_id\":\"" + paymentId(number) + "\",\"status\"");
    }

    @Test
    void keepsAcceptedOrdersOnceUnderRepeatedKills() throws Exception {
        long seed = System.nanoTime();
        Random dice = new Random(seed);
        programs.forEach(JarProcess::startAndWait);
        List<Future<?>> erps = new ArrayList<>();
        for (int erp = 0; erp < ERPS; erp++) {
            int mine = erp;
            erps.add(threads.submit(() -> erp(mine)));
        }
        for (int kill = 0; kill < KILLS; kill++) {
            // At some moment of its work.
            int before = orders.size();
            Awaitility.await().atMost(Duration.ofSeconds(120)).until(() -> orders.size() >= before + 15);
            LockSupport.parkNanos(Duration.ofMillis(500 + dice.nextInt(1500)).toNanos());
            JarProcess program = programs.get(kill % 2);
            program.kill();
            program.start();
            if (dice.nextInt(4) > 0 || kill == KILLS - 1) {
                program.waitUntilReady();
            }
        }
        enough = true;
        for (Future<?> erp : erps) {
            erp.get(120, TimeUnit.SECONDS);
        }

        JdbcClient store = JdbcClient.create(postgres.getPostgresDatabase());
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(300))
                .untilAsserted(() -> assertThat(wrong(store)).isEmpty());
        List<String> lost = lost(store);
        List<String> doubled = doubled(store);
        System.out.printf(
                "killed %d times with -9, of two instances (seed %d): accepted %d orders and %d refunds, %d requests cut off"
                        + " and sent again; lost %d, doubled %d, wrong %d%n",
                KILLS,
                seed,
                orders.size(),
                refunds.size(),
                cut.get(),
                lost.size(),
                doubled.size(),
                wrong(store).size());
        assertThat(lost).isEmpty();
        assertThat(doubled).isEmpty();
        assertThat(surprises).isEmpty();
        assertThat(tenpay.refusals()).isEmpty();
        // Enough of it to have met the kills.
        assertThat(orders.size()).isGreaterThan(10 * KILLS);
        assertThat(cut.get()).isPositive();
        try (Connection connection = postgres.getPostgresDatabase().getConnection()) {
            connection
                    .createStatement()
                    .execute("create function micros(timestamptz) returns bigint language sql as"
                            + " $$ select cast(extract(epoch from $1) * 1000000 as bigint) $$");
            assertThat(new LedgerInvariants(connection, new HashMap<>(), "main").wrongs())
                    .isEmpty();
        }
    }

    /** What the ERP was told is taken, and one of the two sides doesn't have. */
    private List<String> lost(JdbcClient store) {
        List<String> here = store.sql("select order_no from payment union all select refund_no from refund")
                .query(String.class)
                .list();
        List<String> lost = new ArrayList<>();
        orders.keySet().stream()
                .filter(number -> !here.contains(number) || tenpay.order(number) == null)
                .forEach(lost::add);
        refunds.keySet().stream()
                .filter(number -> !here.contains(number) || !tenpay.refunds().containsKey(number))
                .forEach(lost::add);
        return lost;
    }

    /** Rows stored twice or without an order, calls repeated in different words, refunds made too often. */
    private List<String> doubled(JdbcClient store) {
        List<String> doubled = new ArrayList<>(tenpay.conflicts());
        doubled.addAll(store.sql("select order_no from payment group by order_no having count(*) > 1"
                        + " union all select refund_no from refund group by refund_no having count(*) > 1")
                .query(String.class)
                .list());
        tenpay.orders().keySet().stream()
                .filter(number -> !orders.containsKey(number))
                .forEach(doubled::add);
        Map<String, Integer> refunded = new HashMap<>();
        tenpay.refunds().forEach((number, refund) -> {
            if (!refunds.containsKey(number)) {
                doubled.add(number);
            }
            refunded.merge(
                    refund.path("out_trade_no").asText(),
                    refund.path("amount").path("total").asInt(),
                    Integer::sum);
        });
        refunded.forEach((number, sum) -> {
            if (sum > orders.getOrDefault(number, 0)) {
                doubled.add(number + " refunded " + sum);
            }
        });
        return doubled;
    }

    /** Where store and Tenpay's ledger differ in status, amount or number, or an answer to the ERP named another payment. */
    private List<String> wrong(JdbcClient store) {
        List<String> wrong = new ArrayList<>();
        for (Map<String, Object> row : store.sql(
                        "select order_no, status, amount, refunded, tenpay_payment_id, review from payment")
                .query()
                .listOfRows()) {
            String number = row.get("order_no").toString();
            JsonNode theirs = tenpay.order(number);
            int refunded = refunds.entrySet().stream()
                    .filter(refund -> refund.getKey().startsWith(number + "-R"))
                    .mapToInt(Map.Entry::getValue)
                    .sum();
            boolean right = theirs != null
                    && row.get("status").equals("SUCCEEDED")
                    && row.get("review") == null
                    && theirs.path("amount").path("total").asLong() == (Long) row.get("amount")
                    && (Long) row.get("refunded") == refunded
                    && paymentId(number).equals(row.get("tenpay_payment_id"))
                    && paymentIds
                            .getOrDefault(number, "4200" + Math.abs(number.hashCode()))
                            .equals(row.get("tenpay_payment_id"));
            if (!right) {
                wrong.add(row + ", there " + theirs);
            }
        }
        for (Map<String, Object> row : store.sql("select refund_no, status, amount, review from refund")
                .query()
                .listOfRows()) {
            JsonNode theirs = tenpay.refunds().get(row.get("refund_no").toString());
            if (theirs == null
                    || !row.get("status").equals("SUCCEEDED")
                    || row.get("review") != null
                    || theirs.path("amount").path("total").asLong() != (Long) row.get("amount")) {
                wrong.add(row + ", there " + theirs);
            }
        }
        return wrong;
    }
}
