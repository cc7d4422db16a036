package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.story.ErpReceiver.Delivery;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/** The ERP is told, and takes it or doesn't. */
@DisplayName("erp-webhook")
@ExtendWith(OutputCaptureExtension.class)
@TestPropertySource(
        properties = {
            "tenpay.events.claim-interval=50ms",
            "tenpay.events.timeout=3s",
            "tenpay.events.lease=6s",
            "tenpay.events.retry-delays=300ms,600ms,900ms",
            "tenpay.events.max-retry-after=1500ms"
        })
@DirtiesContext
class EventStoryTest extends Story {

    private static final ErpReceiver ERP = new ErpReceiver();
    private static final ErpReceiver MACAU_ERP = new ErpReceiver();

    @Autowired
    DataSource store;

    @Autowired
    CamelContext camel;

    @DynamicPropertySource
    static void receivers(DynamicPropertyRegistry registry) {
        String main = "tenpay.accounts.main.events.";
        registry.add(main + "url", ERP::url);
        registry.add(main + "secrets", () -> ErpReceiver.SECRET);
        registry.add(main + "headers.X-Erp-Key", () -> "an erp's own key");
        String macau = "tenpay.accounts.macau.events.";
        registry.add(macau + "url", MACAU_ERP::url);
        registry.add(macau + "secrets", () -> ErpReceiver.SECRET);
        registry.add(macau + "types", () -> "payment.succeeded,refund.succeeded");
    }

    @AfterEach
    void everySignatureWasGoodAndTheReceiversAreWellAgain() {
        assertThat(ERP.complaints()).isEmpty();
        assertThat(MACAU_ERP.complaints()).isEmpty();
        ERP.answers(ErpReceiver.status(204));
        MACAU_ERP.answers(ErpReceiver.status(204));
    }

    private static List<String> types(String number) {
        return ERP.of(number).stream().map(Delivery::type).toList();
    }

    @Test
    void theErpHearsEveryResultOnceInOrderAndSigned() {
        String number = pendingPayment();
        Answer pending = payment(number);
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        Answer paid = payment(number);
        String refund = newRefundNumber();
        refund(number, refund, 250);
        bank(refund, "SUCCESS");
        refundIsSoon(refund, "SUCCEEDED");

        eventually()
                .untilAsserted(() -> assertThat(types(number))
                        .containsExactly("payment.pending", "payment.succeeded", "refund.pending", "refund.succeeded"));

        List<Delivery> heard = ERP.of(number);
        assertThat(heard.get(0).json().path("data")).isEqualTo(withoutExplanation(pending));
        assertThat(heard.get(1).json().path("data")).isEqualTo(withoutExplanation(paid));
        assertThat(heard.get(3).json().path("data")).isEqualTo(refundOf(refund).body());
        assertThat(heard).extracting(Delivery::id).doesNotHaveDuplicates();
        assertThat(heard.get(0).json().path("timestamp").asText()).matches("20[0-9-]+T[0-9:.]+\\+00:00");
        assertThat(heard.get(0).headers().get("X-erp-key")).containsExactly("an erp's own key");
        assertThat(heard.get(0).headers().get("Content-type")).containsExactly("application/json");
    }

    /** What explains a payment to a person is no part of an event. */
    private static JsonNode withoutExplanation(Answer payment) {
        ObjectNode body = payment.body().deepCopy();
        return body.without("explanation");
    }

    @Test
    void retriesFailedEventAndBlocksOwnPaymentOnly() {
        String failing = newNumber();
        ERP.answers((exchange, delivery) -> ErpReceiver.status(delivery.body().contains(failing) ? 500 : 204)
                .to(exchange, delivery));
        post("/v1/payments", order(failing));
        shopper(failing, "SUCCESS");
        isSoon(failing, "SUCCEEDED");
        String other = paidPayment();
        eventually()
                .untilAsserted(() -> assertThat(types(other)).containsExactly("payment.pending", "payment.succeeded"));
        eventually().untilAsserted(() -> assertThat(ERP.of(failing)).hasSizeGreaterThanOrEqualTo(2));
        ERP.answers(ErpReceiver.status(204));

        eventually().untilAsserted(() -> assertThat(types(failing)).endsWith("payment.succeeded"));

        List<Delivery> heard = ERP.of(failing);
        List<Delivery> first = heard.subList(0, heard.size() - 1);
        assertThat(first).extracting(Delivery::type).containsOnly("payment.pending");
        assertThat(first).extracting(Delivery::id).containsOnly(first.get(0).id());
        assertThat(first).extracting(Delivery::body).containsOnly(first.get(0).body());
        assertThat(heard.get(1).at() - heard.get(0).at()).isGreaterThan(270_000_000L);
    }

    private Answer event(String number, String type) {
        return get("/v1/events/" + eventId(number, type));
    }

    private void eventIsSoon(String number, String type, String status) {
        eventually()
                .untilAsserted(
                        () -> assertThat(event(number, type).text("status")).isEqualTo(status));
    }

    /** What this receiver says to the events of one payment; to all others, yes. */
    private static ErpReceiver.Answer only(String number, ErpReceiver.Answer answer) {
        return (exchange, delivery) ->
                (delivery.body().contains(number) ? answer : ErpReceiver.status(204)).to(exchange, delivery);
    }

    @Test
    void hearsAnEventOnceWhoseRowWasLockedAsItsAnswerCame() throws Exception {
        String number = newNumber();
        BlockingQueue<Connection> locks = new LinkedBlockingQueue<>();
        ERP.answers((exchange, delivery) -> {
            if (delivery.body().contains(number)) {
                locks.add(locked(number));
            }
            ErpReceiver.status(204).to(exchange, delivery);
        });
        post("/v1/payments", order(number));
        try (Connection lock = locks.poll(20, TimeUnit.SECONDS)) {
            String other = pendingPayment();
            eventIsSoon(other, "payment.pending", "DELIVERED");
            assertThat(event(number, "payment.pending").text("status")).isEqualTo("PENDING");
            lock.rollback();
        }
        eventIsSoon(number, "payment.pending", "DELIVERED");
        assertThat(types(number)).containsExactly("payment.pending");
    }

    /** A session that has the row of this payment's events, as the statement that writes the next one has it. */
    private Connection locked(String number) {
        try {
            Connection session = store.getConnection();
            session.setAutoCommit(false);
            try (PreparedStatement select = session.prepareStatement("select from event_queue q"
                    + " join payment p on p.id = q.payment_id where p.order_no = ? for update of q")) {
                select.setString(1, number);
                select.execute();
            }
            return session;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void keepsDeadEventAndDeliversNextOnes() {
        String number = newNumber();
        ERP.answers((exchange, delivery) -> ErpReceiver.status(
                        delivery.body().contains(number) && delivery.type().equals("payment.pending") ? 500 : 204)
                .to(exchange, delivery));
        post("/v1/payments", order(number));
        shopper(number, "SUCCESS");
        eventIsSoon(number, "payment.pending", "DEAD");
        eventIsSoon(number, "payment.succeeded", "DELIVERED");

        assertThat(types(number))
                .containsExactly(
                        "payment.pending",
                        "payment.pending",
                        "payment.pending",
                        "payment.pending",
                        "payment.succeeded");
        Answer dead = event(number, "payment.pending");
        assertThat(dead.body().path("attempts")).hasSize(4);
        assertThat(dead.body().at("/attempts/0/status").asInt()).isEqualTo(500);
        assertThat(dead.body().at("/deliveries/0/attempts").asInt()).isEqualTo(4);
        Answer list = get("/v1/events?status=DEAD&orderNo=" + number);
        assertThat(list.body().path("items")).hasSize(1);
        assertThat(list.body().at("/items/0/id")).isEqualTo(dead.body().path("id"));
        assertThat(dead.content()).doesNotContain("latte");

        ERP.answers(ErpReceiver.status(204));
        assertThat(post("/v1/events/" + dead.text("id") + "/redeliver", null)
                        .body()
                        .path("redelivered")
                        .asInt())
                .isEqualTo(1);
        eventIsSoon(number, "payment.pending", "DELIVERED");
        assertThat(types(number)).endsWith("payment.succeeded", "payment.pending");
    }

    @Test
    void aHangingReceiverOfOneAccountDelaysNoOther() {
        ERP.answers((exchange, delivery) -> LockSupport.parkNanos(2_000_000_000));
        for (int i = 0; i < 40; i++) {
            post("/v1/payments", order(newNumber()));
        }
        eventually()
                .untilAsserted(
                        () -> assertThat(count("select count(*) from event_queue where in_flight and account = 'main'"))
                                .isGreaterThan(10));
        String number = "SO-MACAU-" + System.nanoTime() % 1_000_000;
        long before = System.nanoTime();

        toldInMacau(number);

        eventually().untilAsserted(() -> assertThat(MACAU_ERP.of(number)).hasSize(1));
        assertThat(MACAU_ERP.of(number).get(0).at() - before).isLessThan(1_500_000_000L);
        ERP.answers(ErpReceiver.status(204));
    }

    /** The other account's payment has succeeded, as its statement writes it: the sandbox is no Tenpay for that account. */
    private void toldInMacau(String number) {
        db.sql("""
                        with p as (
                            insert into payment (account, order_no, payment_method, region, amount, currency, description,
                                content, merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                            values ('macau', ?, 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u',
                                now() + interval '1 hour', now() + interval '1 day')
                            returning *
                        )
                        insert into erp_event (account, payment_id, type, data)
                        select account, id, 'payment.succeeded', to_jsonb(p) from p
                        """).param(number).update();
    }

    @Test
    void retryAfterIsHonouredForTheWholeAddressUpToItsLimit() {
        String number = newNumber();
        ERP.answers(only(number, ErpReceiver.status(503, "Retry-After", "100000")));
        post("/v1/payments", order(number));
        eventually()
                .untilAsserted(
                        () -> assertThat(event(number, "payment.pending").body().path("attempts"))
                                .isNotEmpty());
        ERP.answers(ErpReceiver.status(204));
        String other = pendingPayment();
        eventIsSoon(number, "payment.pending", "DELIVERED");
        eventIsSoon(other, "payment.pending", "DELIVERED");
        List<Delivery> heard = ERP.of(number);
        assertThat(ERP.of(other).get(0).at() - heard.get(0).at()).isGreaterThan(1_200_000_000L);
        // As long as it may ask for, 1.5 s here; of itself the second attempt is after 300 ms.
        assertThat(heard.get(1).at() - heard.get(0).at()).isGreaterThan(1_400_000_000L);
    }

    @Test
    void goneDisablesTheAddressUntilAPersonActsAndNothingIsLost() {
        String number = newNumber();
        ERP.answers(only(number, ErpReceiver.status(410)));
        post("/v1/payments", order(number));
        eventually()
                .untilAsserted(() -> assertThat(event(number, "payment.pending")
                                .body()
                                .at("/deliveries/0")
                                .has("disabledAt"))
                        .isTrue());
        assertThat(event(number, "payment.pending")
                        .body()
                        .at("/attempts/0/outcome")
                        .asText())
                .isEqualTo("GONE");
        ERP.answers(ErpReceiver.status(204));
        String other = paidPayment();
        assertThat(event(other, "payment.pending").text("status")).isEqualTo("PENDING");
        assertThat(ERP.of(number)).hasSize(1);
        assertThat(ERP.of(other)).isEmpty();

        post("/v1/events/" + eventId(number, "payment.pending") + "/redeliver", null);

        eventIsSoon(number, "payment.pending", "DELIVERED");
        eventually()
                .untilAsserted(() -> assertThat(types(other)).containsExactly("payment.pending", "payment.succeeded"));
    }

    @Test
    void aLateAnswerChangesNothingThatAnotherInstanceHasRecorded() {
        String number = newNumber();
        ERP.answers(only(number, (exchange, delivery) -> {
            // While this attempt is under way, another instance takes the event over, delivers and records it.
            db.sql(
                            "update event_queue set claim = claim + 1 where payment_id = (select id from payment where order_no = ?)")
                    .param(number)
                    .update();
            ErpReceiver.status(500).to(exchange, delivery);
        }));
        post("/v1/payments", order(number));
        eventually().untilAsserted(() -> assertThat(ERP.of(number)).isNotEmpty());
        // Its failure isn't counted, and the turn is still the other's until the lease ends.
        eventually()
                .untilAsserted(() -> assertThat(count(
                                "select count(*) from event_queue where in_flight and payment_id = (select id from payment where order_no = ?)",
                                number))
                        .isEqualTo(1));
        assertThat(event(number, "payment.pending").body().path("attempts")).isEmpty();
        ERP.answers(ErpReceiver.status(204));
        eventIsSoon(number, "payment.pending", "DELIVERED");
        assertThat(event(number, "payment.pending")
                        .body()
                        .at("/deliveries/0/attempts")
                        .asInt())
                .isEqualTo(1);
    }

    @Test
    void aRangeIsSentAgainOnceHoweverOftenItIsAskedFor() {
        String number = paidPayment();
        eventIsSoon(number, "payment.succeeded", "DELIVERED");
        String created = event(number, "payment.pending").text("createdAt");
        String now =
                db.sql("select to_json(now()) #>> '{}'").query(String.class).single();
        String range =
                "{\"createdFrom\":\"%s\",\"createdTo\":\"%s\",\"settledBefore\":\"%s\"}".formatted(created, now, now);

        assertThat(post("/v1/events/redeliver", range)
                        .body()
                        .path("redelivered")
                        .asInt())
                .isGreaterThanOrEqualTo(2);
        eventually().untilAsserted(() -> assertThat(types(number)).hasSize(4));
        Answer again = post("/v1/events/redeliver", range);
        assertThat(again.status()).isEqualTo(202);
        assertThat(again.body().path("redelivered").asInt()).isZero();
        assertThat(again.body().path("more").asBoolean()).isFalse();
        assertThat(types(number))
                .containsExactly("payment.pending", "payment.succeeded", "payment.pending", "payment.succeeded");
    }

    @Test
    void anotherAccountsEventsAreNotThere() {
        String number = paidPayment();
        eventIsSoon(number, "payment.pending", "DELIVERED");
        String before = event(number, "payment.pending").content();
        String id = eventId(number, "payment.pending");
        assertThat(send("GET", "/v1/events/" + id, NEIGHBOUR, null).status()).isEqualTo(404);
        assertThat(send("POST", "/v1/events/" + id + "/redeliver", NEIGHBOUR, null)
                        .status())
                .isEqualTo(404);
        assertThat(send("GET", "/v1/events?limit=100", NEIGHBOUR, null).content())
                .doesNotContain(id);
        String all = LONG_AGO.replace("2020-01-02", "2099-01-02");
        assertThat(send("POST", "/v1/events/redeliver", NEIGHBOUR, all).status())
                .isEqualTo(202);
        assertThat(event(number, "payment.pending").content()).isEqualTo(before);
        assertThat(get("/v1/events/no-uuid").status()).isEqualTo(404);
    }

    /** What a statement sees may be older than the lock it waited for: an earlier event that it doesn't see still comes first. */
    @Test
    void ordersEventsByLockOfPayment() throws SQLException {
        String number = pendingPayment();
        eventIsSoon(number, "payment.pending", "DELIVERED");
        try (Connection other = store.getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("select from payment where order_no = '" + number + "' for update");
            shopper(number, "SUCCESS");
            eventually().until(() -> count("select count(*) from pg_locks where not granted") > 0);
            statement.execute("""
                    insert into erp_event (account, payment_id, type, data)
                    select account, id, 'payment.review', to_jsonb(payment) from payment where order_no = '%s'
                    """.formatted(number));
            other.commit();
        }
        eventIsSoon(number, "payment.succeeded", "DELIVERED");
        assertThat(types(number)).containsExactly("payment.pending", "payment.review", "payment.succeeded");
    }

    @Test
    void lockedRowDelaysNoOtherPaymentsEvents() throws Exception {
        String held = newNumber();
        CompletableFuture<Connection> holder = new CompletableFuture<>();
        // Held while its event is being sent: the result can't be recorded.
        ERP.answers((exchange, delivery) -> {
            if (delivery.body().toString().contains(held) && !holder.isDone()) {
                holder.complete(holding(held));
            }
            ErpReceiver.status(204).to(exchange, delivery);
        });
        post("/v1/payments", order(held));
        try (Connection other = holder.get(20, TimeUnit.SECONDS)) {
            String number = pendingPayment();
            eventIsSoon(number, "payment.pending", "DELIVERED");
            other.rollback();
        }
        eventIsSoon(held, "payment.pending", "DELIVERED");
    }

    private Connection holding(String number) {
        try {
            Connection other = store.getConnection();
            other.setAutoCommit(false);
            other.createStatement()
                    .execute(
                            "select 1 from event_queue q join payment p on p.id = q.payment_id where p.order_no = '%s' for update of q"
                                    .formatted(number));
            return other;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatArrivedLongAgoIsForgottenAndWhatDiedIsNot() {
        String number = paidPayment();
        eventIsSoon(number, "payment.succeeded", "DELIVERED");
        db.sql("update erp_event set created_at = now() - interval '91 days' where data ->> 'order_no' = ?")
                .param(number)
                .update();
        db.sql("update event_delivery set state = 'DEAD' where event_id = (select id from erp_event"
                        + " where data ->> 'order_no' = ? and type = 'payment.pending')")
                .param(number)
                .update();
        camel.createProducerTemplate()
                .sendBody("sql:" + settings.getProperty("tenpay.routes") + "/sql/event-purge.sql", "");
        assertThat(events(number)).containsExactly("payment.pending");
        assertThat(count("select count(*) from event_attempt where event_id not in (select id from erp_event)"))
                .isZero();
    }

    /** In a rolling update an instance that still wants them there, or doesn't yet, is there as well. */
    @Test
    void whereEventsGoIsKeptAsLongAsAnInstanceWantsItAndAWhileLonger() throws Exception {
        db.sql("insert into event_destination (account, destination, address, seen_at) values"
                        + " ('another', 'http', '', now() - interval '14 minutes'),"
                        + " ('another', 'kafka', '', now() - interval '16 minutes')")
                .update();
        db.sql(
                        "update event_destination set seen_at = now() - interval '1 day', disabled_at = now() where account = 'main'")
                .update();

        Exchange exchange = new DefaultExchange(camel);
        Processor turn = camel.getRegistry().lookupByNameAndType("eventDestinations", Processor.class);
        // Not before others had the time to confirm.
        eventually().atMost(Duration.ofSeconds(60)).until(() -> {
            turn.process(exchange);
            return exchange.getVariable("othersMayGo", Boolean.class);
        });
        camel.createProducerTemplate()
                .sendBody("sql:" + settings.getProperty("tenpay.routes") + "/sql/event-destination-purge.sql", "");

        assertThat(db.sql(
                                "select account || ' ' || destination || ' ' || (disabled_at is not null) from event_destination"
                                        + " order by account, destination")
                        .query(String.class)
                        .list())
                .containsExactly("another http false", "macau http false", "main http true");
        db.sql("delete from event_destination where account = 'another'").update();
        db.sql("update event_destination set disabled_at = null").update();
    }

    /** Of two instances the one that started last decides; the other says that it would have it otherwise. */
    @Test
    void anInstanceWhoseTypesOfEventsAreNotThoseInForceSaysSo(CapturedOutput log) throws Exception {
        Processor turn = camel.getRegistry().lookupByNameAndType("eventDestinations", Processor.class);
        turn.process(new DefaultExchange(camel));
        db.sql(
                        "update event_destination set types = '{payment.failed}', seen_at = now() + interval '1 hour' where account = 'main' and destination = 'http'")
                .update();
        try {
            turn.process(new DefaultExchange(camel));
            assertThat(log.getAll()).contains("events of account main to http: an instance that started later");
        } finally {
            db.sql("update event_destination set types = null where account = 'main' and destination = 'http'")
                    .update();
        }
    }

    @Test
    void eventCarriesTheIdOfWhatLedToIt() {
        String number = newNumber();
        send("POST", "/v1/payments", KEY, order(number), "X-Request-Id", "erp-of-" + number);
        eventually().untilAsserted(() -> assertThat(ERP.of(number)).isNotEmpty());
        assertThat(ERP.of(number).get(0).headers().get("X-request-id")).containsExactly("erp-of-" + number);
    }

    @Test
    void theBacklogOfEachAccountIsMeasured() throws Exception {
        db.sql("update event_destination set paused_until = now() + interval '1 hour' where account = 'main'")
                .update();
        String number = pendingPayment();
        Exchange measured = camel.createProducerTemplate()
                .request("sql:" + settings.getProperty("tenpay.routes") + "/sql/event-backlog.sql", exchange -> {});
        camel.getRegistry().lookupByNameAndType("reportGauges", Processor.class).process(measured);
        assertThat(get("/actuator/metrics/tenpay.events.undelivered?tag=account:main")
                        .body()
                        .at("/measurements/0/value")
                        .asDouble())
                .isGreaterThanOrEqualTo(1);
        assertThat(get("/actuator/metrics/tenpay.events.disabled").status()).isEqualTo(200);

        ERP.answers(ErpReceiver.status(500));
        db.sql("update event_destination set paused_until = null").update();
        eventually().untilAsserted(() -> assertThat(ERP.of(number)).isNotEmpty());
        eventually()
                .untilAsserted(() -> assertThat(get("/actuator/metrics/tenpay.events.attempts?tag=result:failed")
                                .status())
                        .isEqualTo(200));
    }
}
