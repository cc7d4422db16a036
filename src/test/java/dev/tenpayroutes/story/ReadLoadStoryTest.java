package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

@DisplayName("merchant-api, while a client reads without end")
class ReadLoadStoryTest extends Story {

    private static final String NO_EVENT = "/v1/events/00000000-0000-4000-8000-000000000000";

    @Autowired
    DataSource store;

    /** Each read takes as long as it may, since a table that nothing else waits for is locked: the worst that a reader can do. */
    @Test
    void readsNeverTakeConnectionsOfOrdersAndWebhooks() throws Exception {
        ExecutorService readers = Executors.newFixedThreadPool(40);
        try (Connection lock = store.getConnection();
                Statement statement = lock.createStatement()) {
            lock.setAutoCommit(false);
            statement.execute("set local idle_in_transaction_session_timeout = 0");
            statement.execute("lock table event_attempt in access exclusive mode");
            List<CompletableFuture<Answer>> reads = new ArrayList<>();
            for (int i = 0; i < 120; i++) {
                reads.add(CompletableFuture.supplyAsync(() -> send("GET", NO_EVENT, READER, null), readers));
            }
            for (int i = 0; i < 5; i++) {
                long start = System.nanoTime();
                String number = newNumber();
                assertThat(post("/v1/payments", order(number)).status()).isEqualTo(201);
                String paid = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD");
                assertThat(send("POST", "/webhooks/tenpay/main/payments", null, paid, tenpay().headers(paid))
                                .status())
                        .isEqualTo(200);
                assertThat(count("select count(*) from payment where order_no = ? and status = 'SUCCEEDED'", number))
                        .isEqualTo(1);
                assertThat(get("/actuator/health/readiness").status()).isEqualTo(200);
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
            }
            assertThat(reads).allSatisfy(read -> {
                Answer answer = read.join();
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.text("code")).isEqualTo("READS_BUSY");
                assertThat(answer.headers()).containsKey("retry-after");
            });
            lock.rollback();
        } finally {
            readers.shutdownNow();
        }
        assertThat(send("GET", NO_EVENT, READER, null).status()).isEqualTo(404);
    }

    @Test
    void followsAHistoryAndRefundsPageByPage() {
        String number = paidPayment();
        refund(number, newRefundNumber(), 100);
        refund(number, newRefundNumber(), 100);
        for (String list : List.of("/refunds", "/events")) {
            String path = "/v1/payments/" + number + list;
            List<String> all = new ArrayList<>();
            get(path).body().path("items").forEach(item -> all.add(item.toString()));
            assertThat(all).hasSizeGreaterThan(1);
            List<String> one = new ArrayList<>();
            String cursor = "";
            do {
                Answer page = get(path + "?limit=1" + cursor);
                page.body().path("items").forEach(item -> one.add(item.toString()));
                cursor = page.body().has("nextCursor") ? "&cursor=" + page.text("nextCursor") : null;
            } while (cursor != null);
            assertThat(one).isEqualTo(all);
            assertThat(get(path + "?limit=101").status()).isEqualTo(400);
        }
    }

    @Test
    void notesTheSameAnswerOnceHoweverOftenItIsAskedFor() {
        String number = pendingPayment();
        String refunded = paidPayment();
        String refund = newRefundNumber();
        refund(refunded, refund, 100);
        for (int i = 0; i < 5; i++) {
            assertThat(post("/v1/payments/" + number + "/sync", null).status()).isEqualTo(200);
            assertThat(post("/v1/refunds/" + refund + "/sync", null).status()).isEqualTo(200);
            assertThat(post("/v1/payments/" + refunded + "/close", null).status())
                    .isEqualTo(409);
        }
        assertThat(get("/v1/payments/" + number + "/events").body().findValuesAsText("source"))
                .containsOnlyOnce("inquiry-payment");
        assertThat(get("/v1/payments/" + refunded + "/events").body().findValuesAsText("source"))
                .containsOnlyOnce("inquiry-refund")
                .hasSizeLessThan(9);
        assertThat(payment(number).text("status")).isEqualTo("PENDING");
        shopper(number, "SUCCESS");
        eventually()
                .untilAsserted(() -> assertThat(payment(number).text("status")).isEqualTo("SUCCEEDED"));
    }
}
