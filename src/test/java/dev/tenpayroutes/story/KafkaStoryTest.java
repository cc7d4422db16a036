package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/** Orders by Kafka and events by Kafka, through a real broker that is away when the program starts, and is killed later. */
@DisplayName("Kafka")
@ExtendWith(OutputCaptureExtension.class)
@TestPropertySource(
        properties = {
            "tenpay.orders.kafka.client=sandbox",
            "tenpay.orders.kafka.retry-after=500ms",
            "spring.datasource.hikari.connection-timeout=700",
            "spring.datasource.hikari.maximum-pool-size=6",
            "tenpay.events.timeout=4s",
            "tenpay.events.lease=10s",
            "camel.component.kafka.session-timeout-ms=10000",
            "camel.component.kafka.max-block-ms=2000",
            "camel.component.kafka.reconnect-backoff-max-ms=500",
            "camel.component.kafka.request-timeout-ms=3000",
            "camel.component.kafka.delivery-timeout-ms=6000",
            "camel.component.kafka.ssl-truststore-password=a-password-that-must-stay-secret",
        })
@DirtiesContext
class KafkaStoryTest extends Story {

    private static final String ORDERS = "tenpay.orders";
    private static final String REFUSED = "tenpay.orders.refused";
    private static final String EVENTS = "tenpay.events";
    private static final String GROUP_ID = "tenpay-global-routes";

    private static final EmbeddedPostgres POSTGRES;
    private static final TcpFaultProxy TO_DATABASE;
    private static final Broker BROKER = new Broker();

    static {
        try {
            POSTGRES = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
            TO_DATABASE = new TcpFaultProxy(POSTGRES.getPort());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static KafkaProducer<String, byte[]> erp;

    @DynamicPropertySource
    static void brokerAndDatabase(DynamicPropertyRegistry registry) {
        registry.add("tenpay.orders.kafka.brokers", BROKER::address);
        registry.add("tenpay.events.kafka.brokers", BROKER::address);
        registry.add(
                "tenpay.sandbox.server-url", () -> "jdbc:postgresql://127.0.0.1:" + TO_DATABASE.port() + "/postgres");
    }

    /** The program is there before its broker: nothing of it waits for Kafka. */
    @BeforeEach
    void theBrokerComesAfterTheProgram() throws Exception {
        store = JdbcClient.create(POSTGRES.getDatabase("postgres", databaseName()));
        if (erp == null) {
            assertThat(get("/actuator/health/readiness").status()).isEqualTo(200);
            BROKER.start();
            BROKER.topics(Map.of(ORDERS, 2, REFUSED, 1, EVENTS, 3));
            erp = producer(Map.of());
        }
    }

    @AfterEach
    void everythingIsRightAgain() {
        TO_DATABASE.repair();
    }

    @AfterAll
    static void close() throws Exception {
        if (erp != null) {
            erp.close(Duration.ZERO);
        }
        BROKER.close();
        TO_DATABASE.close();
        POSTGRES.close();
    }

    @Autowired
    Accounts accounts;

    private JdbcClient store;

    private static Properties client(Map<String, String> more) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", BROKER.address());
        settings.putAll(more);
        return settings;
    }

    private static KafkaProducer<String, byte[]> producer(Map<String, String> more) {
        return new KafkaProducer<>(client(more), new StringSerializer(), new ByteArraySerializer());
    }

    private static ProducerRecord<String, byte[]> message(String number, String body) {
        return new ProducerRecord<>(
                ORDERS, "main/" + number, body == null ? null : body.getBytes(StandardCharsets.UTF_8));
    }

    private static void order(String number, String body) throws Exception {
        erp.send(message(number, body)).get();
    }

    private static ConditionFactory soon() {
        return eventually().atMost(Duration.ofSeconds(90));
    }

    private int payments(String number) {
        return store.sql("select count(*) from payment where order_no = ?")
                .param(number)
                .query(Integer.class)
                .single();
    }

    /** Everything on a topic, from its beginning. */
    private static List<ConsumerRecord<String, byte[]>> all(String topic) {
        List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
        // A fetch of a partition that has no more returns at once, and not with the next record of another.
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(
                client(Map.of("isolation.level", "read_committed", "fetch.max.wait.ms", "20")),
                new StringDeserializer(),
                new ByteArrayDeserializer())) {
            Set<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition()))
                    .collect(Collectors.toSet());
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
        }
        return records;
    }

    private static List<ConsumerRecord<String, byte[]>> of(String number, List<ConsumerRecord<String, byte[]>> all) {
        return all.stream()
                .filter(record -> ("main/" + number).equals(record.key()))
                .toList();
    }

    private static List<ConsumerRecord<String, byte[]>> refusals(String number) {
        return of(number, all(REFUSED));
    }

    private static String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    /** The next order of each partition, as far as is committed. */
    private static Map<Integer, Long> committed() throws Exception {
        try (Admin admin = Admin.create(client(Map.of()))) {
            return admin.listConsumerGroupOffsets(GROUP_ID).partitionsToOffsetAndMetadata().get().entrySet().stream()
                    .collect(Collectors.toMap(
                            offset -> offset.getKey().partition(),
                            offset -> offset.getValue().offset()));
        }
    }

    private static boolean everyOrderIsCommitted() throws Exception {
        Map<Integer, Long> committed = committed();
        return all(ORDERS).stream().allMatch(order -> order.offset() < committed.getOrDefault(order.partition(), 0L));
    }

    @Test
    void anOrderByKafkaIsAnOrderLikeAnyOther() throws Exception {
        String number = newNumber();
        ProducerRecord<String, byte[]> message = message(number, order(number));
        // A producer steers nothing else by its record.
        Map.of("CamelSqlQuery", "select 'stolen'", "CamelHttpUri", "http://127.0.0.1:1/", "account", "macau")
                .forEach((name, value) -> message.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
        erp.send(message).get();

        soon().until(() -> payment(number).status() == 200);
        isSoon(number, "PENDING");
        assertThat(payment(number).body().path("metadata").path("costCentre").asText())
                .isEqualTo("42");
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
    }

    @Test
    void theSameOrderTwiceIsOnePaymentWhicheverWayItCame() throws Exception {
        String number = newNumber();
        order(number, order(number));
        order(number, order(number));
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(200);
        assertThat(payments(number)).isEqualTo(1);
        assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
        assertThat(refusals(number)).isEmpty();
    }

    @Test
    void writesRefusedOrdersToDeadLetterTopic() throws Exception {
        String good = order("N");
        Map<String, String> wrong = new LinkedHashMap<>();
        wrong.put("INVALID_REQUEST", good.replace("{\"orderNo\"", "{\"more\":1,\"orderNo\""));
        wrong.put("CARD_NUMBER_NOT_ALLOWED", good.replace("2 x latte", "card 4111 1111 1111 1111"));
        wrong.put("BODY_TOO_LARGE", good + " ".repeat(64 * 1024));
        wrong.put("ACCOUNT_UNKNOWN", good.replace("{\"orderNo\"", "{\"account\":\"macau\",\"orderNo\""));
        wrong.put("REGION_NOT_SUPPORTED", good.replace("\"SG\"", "\"XX\""));
        Map<String, String> numbers = new LinkedHashMap<>();
        for (Map.Entry<String, String> one : wrong.entrySet()) {
            String number = newNumber();
            numbers.put(one.getKey(), number);
            order(number, one.getValue().replace("\"N\"", "\"" + number + "\""));
        }
        String conflict = pendingPayment();
        numbers.put("ORDER_CONFLICT", conflict);
        order(conflict, order(conflict).replace("1050", "1051"));
        String nothing = newNumber();
        order(nothing, null);
        String rubbish = newNumber();
        order(rubbish, "{\"orderNo\": 4111 1111 1111 1111");

        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        List<ConsumerRecord<String, byte[]>> refused = all(REFUSED);
        numbers.forEach((code, number) -> {
            List<ConsumerRecord<String, byte[]>> refusals = of(number, refused);
            assertThat(refusals).as(code).hasSize(1);
            ConsumerRecord<String, byte[]> refusal = refusals.get(0);
            assertThat(header(refusal, "code")).isEqualTo(code);
            JsonNode problem = json(header(refusal, "problem"));
            assertThat(problem.path("code").asText()).isEqualTo(code);
            assertThat(problem.path("status").asInt()).isBetween(400, 499);
            assertThat(problem.path("detail").asText()).isNotBlank().isEqualTo(header(refusal, "detail"));
            assertThat(header(refusal, "from")).matches("tenpay\\.orders-[01]@\\d+");
            String kept = new String(refusal.value(), StandardCharsets.UTF_8);
            if (Set.of("CARD_NUMBER_NOT_ALLOWED", "BODY_TOO_LARGE").contains(code)) {
                assertThat(kept).isEmpty();
            } else {
                assertThat(kept).contains(number).startsWith("{").endsWith("}");
            }
            if (!code.equals("ORDER_CONFLICT")) {
                assertThat(payments(number)).isZero();
            }
        });
        for (String number : List.of(nothing, rubbish)) {
            assertThat(of(number, refused)).hasSize(1);
            assertThat(header(of(number, refused).get(0), "code")).isEqualTo("INVALID_REQUEST");
            assertThat(of(number, refused).get(0).value()).isEmpty();
        }
        assertThat(payment(conflict).body().path("amount").path("total").asInt())
                .isEqualTo(1050);
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void sendToFirst(KafkaProducer<byte[], byte[]> producer, byte[] key, byte[] value, String... headers)
            throws Exception {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(ORDERS, 0, key, value);
        for (int i = 0; i < headers.length; i += 2) {
            record.headers()
                    .add(headers[i], headers[i + 1] == null ? null : headers[i + 1].getBytes(StandardCharsets.UTF_8));
        }
        producer.send(record).get();
    }

    private static KafkaProducer<byte[], byte[]> rawProducer() {
        return new KafkaProducer<>(
                client(Map.of("max.request.size", "5000000")), new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** A good order on the partition of the poison is taken, and everything before it is done with. */
    private void partitionGoesOn() throws Exception {
        String number = newNumber();
        erp.send(new ProducerRecord<>(ORDERS, 0, null, order(number).getBytes(StandardCharsets.UTF_8)))
                .get();
        soon().until(() -> payments(number) == 1);
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void noRecordBlocksItsPartition() throws Exception {
        BROKER.configure(ORDERS, "max.message.bytes", "4000000");
        BROKER.configure(REFUSED, "cleanup.policy", "compact");
        int before = all(REFUSED).size();
        String good = newNumber();
        try (KafkaProducer<byte[], byte[]> producer = rawProducer()) {
            sendToFirst(producer, null, bytes("{"));
            sendToFirst(producer, null, null);
            sendToFirst(producer, new byte[] {0, (byte) 0xff, (byte) 0xfe, '\n'}, bytes("[]"));
            // Larger than the dead-letter topic takes: by key, by headers, by value.
            sendToFirst(producer, new byte[2_000_000], bytes("{}"));
            sendToFirst(producer, new byte[1_040_000], new byte[60_000]);
            sendToFirst(producer, bytes("k"), bytes("{}"), "h", "x".repeat(2_000_000));
            sendToFirst(producer, bytes("k"), new byte[3_000_000]);
            sendToFirst(producer, bytes("k"), bytes("[".repeat(60_000)));
            sendToFirst(producer, bytes("k"), bytes("\ufeff{}"));
            sendToFirst(producer, bytes("k"), new byte[] {'{', '"', (byte) 0xff, '"', '}'});
            for (String text : List.of("\\u0000", "\\ud800", "\\udc00\\ud800", "\\u001b", "\u0001")) {
                sendToFirst(producer, bytes("k"), bytes(order(newNumber()).replace("2 x latte", "a" + text + "b")));
            }
            sendToFirst(
                    producer,
                    bytes("k"),
                    bytes(order(good)),
                    "",
                    "x",
                    "null",
                    null,
                    "KAFKA.manual_commit",
                    "x",
                    "kafka.offset",
                    "x",
                    "\u0000\uffff \n",
                    "x",
                    "Content-Type",
                    "text/html; charset=utf8mb4",
                    "CamelCharsetName",
                    "utf8mb4");
        }
        partitionGoesOn();
        assertThat(payments(good)).isEqualTo(1);
        List<ConsumerRecord<String, byte[]>> letters = all(REFUSED);
        letters = letters.subList(before, letters.size());
        assertThat(letters).hasSizeGreaterThanOrEqualTo(10);
        assertThat(letters).allSatisfy(letter -> {
            assertThat(header(letter, "code")).isNotBlank();
            assertThat(header(letter, "from")).startsWith(ORDERS + "-0@");
        });
        // Those too large, and those without a key, which a compacted topic has none of: without content.
        assertThat(letters.stream()
                        .filter(letter -> header(letter, "from").equals(letter.key()))
                        .count())
                .isGreaterThanOrEqualTo(4);
    }

    @Test
    void orderWhoseDeadLetterIsRefusedTwiceIsDroppedAndCounted(CapturedOutput output) throws Exception {
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        int from = output.getOut().length();
        BROKER.configure(REFUSED, "max.message.bytes", "20");
        try {
            order(newNumber(), "{}");
            partitionGoesOn();
            soon().until(() -> output.getOut().substring(from).contains("and dropped: the dead-letter topic takes no"));
            assertThat(get("/actuator/metrics/tenpay.orders.dropped?tag=reason:RecordTooLargeException")
                            .body()
                            .at("/measurements/0/value")
                            .asInt())
                    .isPositive();
        } finally {
            BROKER.configure(REFUSED, "max.message.bytes", "1048588");
        }
    }

    @Test
    void refusedOrderWaitsWhileItsDeadLetterMayNotBeWritten(CapturedOutput output) throws Exception {
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        Map<Integer, Long> before = committed();
        int from = output.getOut().length();
        BROKER.denyWriting(REFUSED);
        String number = newNumber();
        try {
            order(number, "{}");
            soon().until(() ->
                    output.getOut().substring(from).contains("kafka-orders failed and will come round again"));
            assertThat(committed()).isEqualTo(before);
        } finally {
            BROKER.allowReading();
        }
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        assertThat(refusals(number)).hasSize(1);
        assertThat(output.getOut().substring(from)).doesNotContain("and dropped");
    }

    @Test
    void anOrderWhoseOutcomeIsUnknownIsStoredAndNoRefusal() throws Exception {
        String unknown = newNumber();
        fault(unknown, "checkout-pay", "BAD_GATEWAY");
        order(unknown, order(unknown));
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        assertThat(payment(unknown).text("status")).isEqualTo("CREATED");
        String denied = newNumber();
        fault(denied, "checkout-pay", "NO_AUTH");
        order(denied, order(denied));
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        // Our credentials are wrong, the order isn't: the poller sends it once they are right.
        assertThat(payment(denied).text("status")).isEqualTo("CREATED");
        assertThat(refusals(unknown)).isEmpty();
        assertThat(refusals(denied)).isEmpty();
    }

    @Test
    void whileTheBrokerDeniesTheTopicOrdersWaitAndNoneIsSkipped(CapturedOutput output) throws Exception {
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        BROKER.denyReading(ORDERS);
        int from = output.getOut().length();
        String number = newNumber();
        String next = newNumber();
        order(number, order(number));
        order(next, order(next));
        soon().until(() -> output.getOut().substring(from).contains("orders can't be read"));
        BROKER.allowReading();
        soon().until(() -> payments(number) == 1 && payments(next) == 1);
        // One line a try, and not a try as fast as a loop can.
        assertThat(output.getOut().substring(from).split("orders can't be read"))
                .hasSizeLessThan(8);
    }

    @Test
    void anOrderThatItsProducerTookBackIsNone() throws Exception {
        String aborted = newNumber();
        String kept = newNumber();
        try (KafkaProducer<String, byte[]> careful = producer(Map.of("transactional.id", "an-erp"))) {
            careful.initTransactions();
            careful.beginTransaction();
            careful.send(new ProducerRecord<>(ORDERS, 0, aborted, order(aborted).getBytes(StandardCharsets.UTF_8)));
            careful.flush();
            careful.abortTransaction();
            careful.beginTransaction();
            careful.send(new ProducerRecord<>(ORDERS, 0, kept, order(kept).getBytes(StandardCharsets.UTF_8)));
            careful.commitTransaction();
        }
        soon().until(() -> payments(kept) == 1);
        assertThat(payments(aborted)).isZero();
    }

    @Test
    void commitsNothingWhileDatabaseIsAway(CapturedOutput output) throws Exception {
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        Map<Integer, Long> before = committed();
        int refusedBefore = all(REFUSED).size();
        TO_DATABASE.pull();
        List<String> numbers = IntStream.range(0, 12).mapToObj(n -> newNumber()).toList();
        for (String number : numbers) {
            erp.send(new ProducerRecord<>(ORDERS, 0, "same", order(number).getBytes(StandardCharsets.UTF_8)));
        }
        int from = output.getOut().length();
        soon().until(() -> output.getOut().substring(from).contains("kafka-orders failed and will come round again"));
        assertThat(committed()).isEqualTo(before);
        assertThat(all(REFUSED)).hasSize(refusedBefore);

        TO_DATABASE.repair();

        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        assertThat(store.sql("select order_no from payment where order_no = any (?) order by id")
                        .param(numbers.toArray(String[]::new))
                        .query(String.class)
                        .list())
                .isEqualTo(numbers);
        assertThat(all(REFUSED)).hasSize(refusedBefore);
    }

    @Test
    void commitsNoOrderWhileAccountIsUnavailable(CapturedOutput output) throws Exception {
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        Map<Integer, Long> before = committed();
        int refusedBefore = all(REFUSED).size();
        Account main = accounts.get("main");
        Path certificates = Path.of(settings.getProperty("tenpay.accounts.main.platform-certificates"));
        Path aside = certificates.resolveSibling("aside");
        String number = newNumber();
        Files.move(certificates, aside);
        Files.createDirectory(certificates);
        try {
            main.reload();
            assertThat(main.isAvailable()).isFalse();
            int from = output.getOut().length();
            order(number, order(number));
            soon().until(() ->
                    output.getOut().substring(from).contains("kafka-orders failed and will come round again"));
            assertThat(committed()).isEqualTo(before);
            assertThat(payments(number)).isZero();
        } finally {
            Files.delete(certificates);
            Files.move(aside, certificates);
            main.reload();
        }
        soon().until(() -> payments(number) == 1);
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        assertThat(all(REFUSED)).hasSize(refusedBefore);
    }

    /** What a consumer of events sees of a payment, in the order of its partition. */
    private static List<ConsumerRecord<String, byte[]>> eventsOf(String number) {
        return of(number, all(EVENTS));
    }

    private static List<String> types(List<ConsumerRecord<String, byte[]>> events) {
        return events.stream().map(event -> header(event, "ce_type")).toList();
    }

    @Test
    void everyEventIsACloudEventOfItsPaymentsPartitionInOrder() throws Exception {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);
        bank(refundNumber, "SUCCESS");
        refundIsSoon(refundNumber, "SUCCEEDED");

        soon().until(() -> eventsOf(number).size() >= 4);
        List<ConsumerRecord<String, byte[]>> events = eventsOf(number);
        assertThat(types(events))
                .containsExactly("payment.pending", "payment.succeeded", "refund.pending", "refund.succeeded");
        assertThat(events)
                .extracting(ConsumerRecord::partition)
                .containsOnly(events.get(0).partition());
        for (ConsumerRecord<String, byte[]> event : events) {
            assertThat(header(event, "ce_specversion")).isEqualTo("1.0");
            assertThat(header(event, "ce_source")).isEqualTo("/tenpay-global-routes/main");
            assertThat(header(event, "ce_subject")).isEqualTo(number);
            assertThat(header(event, "content-type")).isEqualTo("application/json");
            assertThat(java.time.OffsetDateTime.parse(header(event, "ce_time"))).isNotNull();
            assertThat(store.sql("select count(*) from erp_event where cast(event_id as text) = ? and type = ?")
                            .params(header(event, "ce_id"), header(event, "ce_type"))
                            .query(Integer.class)
                            .single())
                    .isEqualTo(1);
        }
        JsonNode paid = json(new String(events.get(1).value(), StandardCharsets.UTF_8));
        assertThat(paid.path("orderNo").asText()).isEqualTo(number);
        assertThat(paid.path("status").asText()).isEqualTo("SUCCEEDED");
        // As the API shows it: nothing of the row beside it.
        assertThat(paid.properties().stream().map(Map.Entry::getKey).toList())
                .doesNotContain("content", "merchant_id", "id");
        JsonNode refunded = json(new String(events.get(3).value(), StandardCharsets.UTF_8));
        assertThat(refunded.path("refundNo").asText()).isEqualTo(refundNumber);
    }

    /** Larger than a producer may send: no broker would ever take it. */
    @Test
    void eventRefusedForItsSizeIsDeadAtOnceAndBlocksNoOther() throws Exception {
        String name = "SO-LARGE-" + System.nanoTime() % 1_000_000;
        store.sql("""
                        with p as (
                            insert into payment (account, order_no, payment_method, region, amount, currency, description,
                                content, merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at, metadata)
                            select 'main', ? || '-' || n, 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u',
                                now() + interval '1 hour', now() + interval '1 day',
                                case when n = 7 then jsonb_build_object('much', repeat('x', 1200000)) else '{}' end
                            from generate_series(1, 20) n
                            returning *
                        )
                        insert into erp_event (account, payment_id, type, data)
                        select account, id, 'payment.pending', to_jsonb(p) from p
                        """).param(name).update();
        String states = "select string_agg(distinct d.state || ' ' || d.attempts, ', ') from event_delivery d"
                + " join payment p on p.id = d.payment_id where d.destination = 'kafka' and p.order_no %s";
        String large = name + "-7";

        soon().untilAsserted(() -> {
            assertThat(store.sql(states.formatted("= ?"))
                            .param(large)
                            .query(String.class)
                            .single())
                    .isEqualTo("DEAD 1");
            assertThat(store.sql(states.formatted("like ? and order_no <> ?"))
                            .params(name + "-%", large)
                            .query(String.class)
                            .single())
                    .isEqualTo("DELIVERED 1");
        });

        List<ConsumerRecord<String, byte[]>> events = all(EVENTS);
        for (int n = 1; n <= 20; n++) {
            assertThat(of(name + "-" + n, events)).as("%d", n).hasSize(n == 7 ? 0 : 1);
        }
        assertThat(store.sql(
                                "select outcome || ' ' || problem from event_attempt a join erp_event e on e.id = a.event_id"
                                        + " join payment p on p.id = e.payment_id where a.destination = 'kafka' and p.order_no = ?")
                        .param(large)
                        .query(String.class)
                        .single())
                .isEqualTo("FAILED RecordTooLargeException");
    }

    @Test
    void deliversEventsInOrderAfterBrokerReturns() throws Exception {
        BROKER.kill();
        List<String> numbers =
                IntStream.range(0, 12).mapToObj(n -> pendingPayment()).toList();
        for (String number : numbers) {
            shopper(number, "SUCCESS");
            isSoon(number, "SUCCEEDED");
        }
        String undelivered = "select count(*) from event_delivery where destination = 'kafka' and state = 'PENDING'";
        assertThat(store.sql(undelivered).query(Integer.class).single()).isGreaterThanOrEqualTo(24);
        // One is tried at a time, not all of them.
        assertThat(store.sql("select count(*) from event_queue where destination = 'kafka' and in_flight")
                        .query(Integer.class)
                        .single())
                .isLessThan(12);

        BROKER.start();

        soon().untilAsserted(() ->
                assertThat(store.sql(undelivered).query(Integer.class).single()).isZero());
        List<ConsumerRecord<String, byte[]>> events = all(EVENTS);
        for (String number : numbers) {
            // At least once: a consumer knows a repetition by its ce_id.
            assertThat(of(number, events).stream()
                            .collect(Collectors.toMap(
                                    event -> header(event, "ce_id"),
                                    event -> header(event, "ce_type"),
                                    (first, again) -> first,
                                    LinkedHashMap::new))
                            .values())
                    .containsExactly("payment.pending", "payment.succeeded");
        }
    }

    @Test
    void losesAndDoublesNoOrderWhenBrokerIsKilled(CapturedOutput output) throws Exception {
        List<String> numbers = IntStream.range(0, 60).mapToObj(n -> newNumber()).toList();
        for (String number : numbers) {
            order(number, order(number));
        }
        soon().until(() -> payments(numbers.get(5)) == 1);
        BROKER.kill();
        assertThat(get("/actuator/health/readiness").status()).isEqualTo(200);
        assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(201);
        BROKER.start();

        soon().untilAsserted(() -> assertThat(
                        store.sql("select count(*) from payment where order_no = any (?) and status = 'PENDING'")
                                .param(numbers.toArray(String[]::new))
                                .query(Integer.class)
                                .single())
                .isEqualTo(60));
        soon().until(KafkaStoryTest::everyOrderIsCommitted);
        for (String number : numbers) {
            assertThat(callsAtTenpay(number, "checkout-pay")).isEqualTo(1);
        }
        assertThat(output.getOut()).doesNotContain("a-password-that-must-stay-secret");
    }
}
