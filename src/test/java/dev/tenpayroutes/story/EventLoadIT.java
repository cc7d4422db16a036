package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import dev.tenpayroutes.sandbox.FreePort;
import dev.tenpayroutes.story.ErpReceiver.Delivery;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Two instances of the packaged jar on one database, a receiver that fails at random, one instance killed in the middle;
 * with {@code -Plong} three, of which one is stopped as well: every event arrives, at least once, those of a payment in their order. {@code -Devents.count=10000} for the whole
 * of it; a failure prints its seed.
 */
class EventLoadIT {

    private static final Logger LOG = LoggerFactory.getLogger(EventLoadIT.class);
    private static final int EVENTS = Integer.getInteger("events.count", 300);
    private static final long SEED = Long.getLong("property.seed", System.nanoTime());
    private static final int INSTANCES = Boolean.getBoolean("long") ? 3 : 2;
    private static final int WRITERS = 4;
    private static final List<String> STATUSES = List.of("PENDING", "FAILED", "SUCCEEDED");
    private static final Pattern PARAMETER = Pattern.compile(":#\\$\\{(?:variable\\.(\\w+)|properties:([^}]+))}");

    @TempDir
    Path folder;

    private final Map<String, List<String>> taken = new ConcurrentHashMap<>();
    private final List<Long> lags = new CopyOnWriteArrayList<>();
    private final AtomicInteger again = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();

    @Test
    void deliversEventsInOrderDespiteFaultsAndKills() throws Exception {
        List<JarProcess> programs = new ArrayList<>();
        ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
        try (EmbeddedPostgres postgres =
                        EmbeddedPostgres.builder().setPort(FreePort.find()).start();
                ErpReceiver erp = new ErpReceiver()) {
            JdbcClient store = JdbcClient.create(postgres.getPostgresDatabase());
            erp.answers(this::atRandom);
            TestAccount account = TestAccount.create("main");
            for (int i = 0; i < INSTANCES; i++) {
                programs.add(program(i, account, postgres, erp));
            }
            // One makes the tables; then the others come.
            programs.get(0).startAndWait();
            List<JarProcess> others = programs.subList(1, INSTANCES);
            others.forEach(JarProcess::start);
            others.forEach(JarProcess::waitUntilReady);

            long start = System.nanoTime();
            List<Future<?>> writing = new ArrayList<>();
            for (int writer = 0; writer < WRITERS; writer++) {
                int number = writer;
                writing.add(writers.submit(() -> write(postgres, number)));
            }
            Awaitility.await().atMost(Duration.ofMinutes(5)).until(() -> lags.size() > EVENTS / 3);
            programs.get(1).kill();
            Awaitility.await().atMost(Duration.ofMinutes(5)).until(() -> lags.size() > EVENTS * 2 / 3);
            if (INSTANCES > 2) {
                programs.get(2).stop();
            }
            for (Future<?> writer : writing) {
                writer.get();
            }
            Duration written = Duration.ofNanos(System.nanoTime() - start);
            Awaitility.await("-Dproperty.seed=" + SEED)
                    .atMost(Duration.ofSeconds(60 + EVENTS / 20))
                    .pollInterval(Duration.ofMillis(100))
                    .until(() -> store.sql("select count(*) from event_delivery where state <> 'DELIVERED'")
                                    .query(Integer.class)
                                    .single()
                            == 0);
            Duration all = Duration.ofNanos(System.nanoTime() - start);

            assertThat(erp.complaints()).isEmpty();
            Map<String, List<String>> due = new LinkedHashMap<>();
            store.sql("""
                            select p.order_no, cast(e.event_id as text) as id
                            from erp_event e join payment p on p.id = e.payment_id order by e.id
                            """)
                    .query((row, n) -> due.computeIfAbsent(row.getString(1), any -> new ArrayList<>())
                            .add(row.getString(2)))
                    .list();
            assertThat(due.values().stream().mapToInt(List::size).sum()).isEqualTo(EVENTS / 4 * 4);
            // What came again came again; the first time that each was taken is in order, and none is missing.
            assertThat(taken).as("-Dproperty.seed=%d", SEED).isEqualTo(due);
            assertThat(store.sql("select count(*) from event_queue where pending <> 0 or in_flight")
                            .query(Integer.class)
                            .single())
                    .isZero();
            List<Long> sorted = lags.stream().sorted().toList();
            LOG.info(
                    "{} events of {} payments, written in {} ms, all taken after {} ms ({} a second), {} refused, {} taken twice;"
                            + " from written to taken: median {} ms, 95 of 100 within {} ms; one of {} instances killed; seed {}",
                    EVENTS / 4 * 4,
                    due.size(),
                    written.toMillis(),
                    all.toMillis(),
                    EVENTS * 1000L / all.toMillis(),
                    refused,
                    again,
                    sorted.get(sorted.size() / 2),
                    sorted.get(sorted.size() * 95 / 100),
                    INSTANCES,
                    SEED);
        } finally {
            writers.shutdownNow();
            for (JarProcess program : programs) {
                if (program.process() != null) {
                    program.kill();
                }
            }
        }
    }

    private JarProcess program(int number, TestAccount account, EmbeddedPostgres postgres, ErpReceiver erp)
            throws IOException {
        JarProcess program = new JarProcess(
                Files.createDirectory(folder.resolve("instance" + number)),
                account,
                postgres.getJdbcUrl("postgres", "postgres"));
        program.settings().put("tenpay.accounts.main.events.url", erp.url());
        program.settings().put("tenpay.accounts.main.events.secrets", ErpReceiver.SECRET);
        program.settings().put("tenpay.events.allowed-networks", "127.0.0.0/8");
        program.settings().put("tenpay.events.timeout", "2s");
        program.settings().put("tenpay.events.lease", "5s");
        program.settings().put("tenpay.events.retry-delays", "200ms" + ",500ms".repeat(30));
        return program;
    }

    /** One in five is refused, some are answered late or not at all; accepted ones are recorded. */
    private void atRandom(HttpExchange exchange, Delivery delivery) throws IOException {
        int dice = new Random(SEED ^ delivery.id().hashCode() ^ delivery.at()).nextInt(1000);
        if (dice < 150) {
            refused.incrementAndGet();
            ErpReceiver.status(dice < 50 ? 503 : 500).to(exchange, delivery);
            return;
        }
        if (dice < 200) {
            refused.incrementAndGet();
            exchange.close();
            return;
        }
        if (dice < 210) {
            LockSupport.parkNanos(Duration.ofMillis(300).toNanos());
        }
        List<String> known = taken.computeIfAbsent(delivery.number(), any -> new CopyOnWriteArrayList<>());
        if (known.contains(delivery.id())) {
            again.incrementAndGet();
        } else {
            known.add(delivery.id());
            Instant written = OffsetDateTime.parse(
                            delivery.json().path("timestamp").asText())
                    .toInstant();
            lags.add(Duration.between(written, Instant.now()).toMillis());
        }
        ErpReceiver.status(204).to(exchange, delivery);
    }

    /** Its share of the payments, each with four events: the success after the failure is a review as well. */
    private static Void write(EmbeddedPostgres postgres, int writer) throws Exception {
        PropertySource<?> settings = new YamlPropertySourceLoader()
                .load("settings", new FileSystemResource("src/main/resources/application.yaml"))
                .get(0);
        List<String> parameters = new ArrayList<>();
        StringBuilder sql = new StringBuilder();
        Matcher matcher = PARAMETER.matcher(
                Files.readString(Path.of("routes/sql/payment-status.sql")).replaceAll("(?m)^\\s*--.*$", ""));
        while (matcher.find()) {
            parameters.add(
                    matcher.group(1) == null
                            ? String.valueOf(settings.getProperty(matcher.group(2)))
                            : matcher.group(1));
            matcher.appendReplacement(sql, "?");
        }
        matcher.appendTail(sql);
        try (Connection connection = postgres.getPostgresDatabase().getConnection();
                PreparedStatement insert = connection.prepareStatement("""
                        insert into payment (account, order_no, payment_method, region, amount, currency, description,
                            content, merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                        values ('main', ?, 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u',
                            now() + interval '1 hour', now() + interval '1 day')""");
                PreparedStatement move = connection.prepareStatement(sql.toString())) {
            List<String> numbers = new ArrayList<>();
            for (int n = writer; n < EVENTS / 4; n += WRITERS) {
                numbers.add("LOAD-%08d".formatted(n));
            }
            for (String number : numbers) {
                insert.setString(1, number);
                insert.executeUpdate();
            }
            for (String status : STATUSES) {
                for (String number : numbers) {
                    move(move, parameters, number, status);
                }
            }
        }
        return null;
    }

    private static void move(PreparedStatement move, List<String> parameters, String number, String status)
            throws SQLException {
        String result = """
                {"source":"notification","resultCode":"STATUS","status":"%s","merchantId":"m","orderNo":"%s","total":"1050",\
                "currency":"SGD"}""".formatted(status, number);
        for (int i = 0; i < parameters.size(); i++) {
            String parameter = parameters.get(i);
            switch (parameter) {
                case "tenpayResult" -> move.setObject(i + 1, new String[] {result});
                case "account" -> move.setObject(i + 1, new String[] {"main"});
                case "number" -> move.setObject(i + 1, new String[] {number});
                case "notification" -> move.setObject(i + 1, new byte[][] {null});
                default -> move.setString(i + 1, parameter);
            }
        }
        move.execute();
    }
}
