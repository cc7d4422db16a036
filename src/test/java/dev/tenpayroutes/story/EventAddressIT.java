package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Another {@code events.url} as a rolling update: two instances of the packaged jar on one database, of which the old one's
 * address answers 410 and 503 with {@code Retry-After: 3600}. Then the old one restarts late, and goes.
 */
class EventAddressIT {

    private static final Logger LOG = LoggerFactory.getLogger(EventAddressIT.class);

    @TempDir
    Path folder;

    private JdbcClient store;
    private int written;

    @Test
    void refusalsOfOldAddressReachNoEventOfNewOne() throws Exception {
        List<JarProcess> programs = new ArrayList<>();
        CountDownLatch updated = new CountDownLatch(1);
        try (EmbeddedPostgres postgres =
                        EmbeddedPostgres.builder().setPort(FreePort.find()).start();
                ErpReceiver former = new ErpReceiver();
                ErpReceiver present = new ErpReceiver()) {
            store = JdbcClient.create(postgres.getPostgresDatabase());
            TestAccount account = TestAccount.create("main");
            JarProcess old = program("old", account, postgres, former);
            JarProcess next = program("next", account, postgres, present);
            programs.addAll(List.of(old, next));
            former.answers((exchange, delivery) -> {
                try {
                    assertThat(updated.await(200, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                boolean gone = delivery.number().endsWith("1");
                ErpReceiver.status(gone ? 410 : 503, "Retry-After", "3600").to(exchange, delivery);
            });

            // Two events are under way to the old address while the new one comes.
            old.startAndWait();
            events(2);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> former.deliveries().size() == 2);
            next.startAndWait();
            updated.countDown();
            events(20);
            Duration first = delivered(Duration.ofSeconds(30));
            assertThat(enabled()).isTrue();
            assertThat(former.deliveries()).hasSize(2);
            assertThat(present.deliveries()).hasSize(22);

            // The old one is restarted, and with it its address is in force: 410.
            old.kill();
            old.startAndWait();
            events(21);
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> !enabled());
            assertThat(present.deliveries()).hasSize(22);
            old.stop();
            Duration healed = delivered(Duration.ofSeconds(60));
            assertThat(enabled()).isTrue();
            assertThat(present.complaints()).isEmpty();
            LOG.info(
                    "Java {}: 2 refusals of the old address under way and 20 new events, all at the new address after {} ms; after"
                            + " the late instance's 410 and its stop 21 events after {} ms",
                    JarProcess.javaVersion(),
                    first.toMillis(),
                    healed.toMillis());
        } finally {
            updated.countDown();
            for (JarProcess program : programs) {
                if (program.process() != null) {
                    program.kill();
                }
            }
        }
    }

    private JarProcess program(String name, TestAccount account, EmbeddedPostgres postgres, ErpReceiver erp)
            throws IOException {
        JarProcess program = new JarProcess(
                Files.createDirectory(folder.resolve(name)), account, postgres.getJdbcUrl("postgres", "postgres"));
        program.settings().put("tenpay.accounts.main.events.url", erp.url());
        program.settings().put("tenpay.accounts.main.events.secrets", ErpReceiver.SECRET);
        program.settings().put("tenpay.events.allowed-networks", "127.0.0.0/8");
        program.settings().put("tenpay.events.timeout", "240s");
        program.settings().put("tenpay.events.lease", "500s");
        return program;
    }

    private boolean enabled() {
        return store.sql("select disabled_at is null and paused_until is null from event_destination")
                .query(Boolean.class)
                .single();
    }

    private Duration delivered(Duration atMost) {
        long start = System.nanoTime();
        Awaitility.await()
                .atMost(atMost)
                .pollInterval(Duration.ofMillis(50))
                .untilAsserted(
                        () -> assertThat(store.sql("select count(*) from event_delivery where state <> 'DELIVERED'")
                                        .query(Integer.class)
                                        .single())
                                .isZero());
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** Events of as many payments, as a status statement writes them. */
    private void events(int payments) {
        store.sql("""
                        with p as (
                            insert into payment (account, order_no, payment_method, region, amount, currency, description,
                                content, merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                            select 'main', 'SO-MOVED-' || n, 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u',
                                now() + interval '1 hour', now() + interval '1 day'
                            from generate_series(cast(? as integer), cast(? as integer)) n
                            returning *
                        )
                        insert into erp_event (account, payment_id, type, data)
                        select account, id, 'payment.pending', to_jsonb(p) from p
                        """).params(written + 1, written + payments).update();
        written += payments;
    }
}
