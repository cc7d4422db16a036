package dev.tenpayroutes.story;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The packaged jar and a broker, with records that are no orders in front of one that is. */
@EnabledIfSystemProperty(named = "long", matches = "true")
class KafkaPoisonIT {

    private static final Logger LOG = LoggerFactory.getLogger(KafkaPoisonIT.class);
    private static final String ORDERS = "tenpay.orders";
    private static final String REFUSED = "tenpay.orders.refused";

    @TempDir
    Path folder;

    private JdbcClient store;

    @Test
    void poisonHoldsUpNoPartition() throws Exception {
        TestAccount account = TestAccount.create("main");
        try (EmbeddedPostgres postgres =
                        EmbeddedPostgres.builder().setPort(FreePort.find()).start();
                SdkTenpayServer tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
                Broker broker = new Broker()) {
            store = JdbcClient.create(postgres.getPostgresDatabase());
            broker.start();
            broker.topics(Map.of(ORDERS, 1, REFUSED, 1));
            broker.configure(ORDERS, "max.message.bytes", "4000000");
            JarProcess program = new JarProcess(folder, account, postgres.getJdbcUrl("postgres", "postgres"));
            program.settings().put("tenpay.base-url", tenpay.url());
            program.settings().put("tenpay.orders.kafka.client", "erp");
            program.settings().put("tenpay.orders.kafka.brokers", broker.address());
            program.startAndWait();
            try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                    Map.<String, Object>of("bootstrap.servers", broker.address(), "max.request.size", 8_000_000),
                    new ByteArraySerializer(),
                    new ByteArraySerializer())) {
                order(producer, "POISON-000001");
                stored("POISON-000001");

                send(producer, null, null);
                send(producer, new byte[] {0, (byte) 0xff}, bytes("["));
                send(producer, new byte[2_000_000], bytes("{}"));
                send(producer, bytes("k"), new byte[3_000_000]);
                order(producer, "POISON-000002");
                Duration shortened = stored("POISON-000002");

                broker.configure(REFUSED, "max.message.bytes", "20");
                send(producer, bytes("k"), bytes("{}"));
                order(producer, "POISON-000003");
                Duration dropped = stored("POISON-000003");

                assertThat(program.output()).contains("goes without its content", "and dropped: the dead-letter topic");
                LOG.info(
                        "Java {}: an order behind records without content, binary, with a key of 2 MB and a value of 3 MB stored"
                                + " after {} ms; behind one whose dead letter the broker never takes after {} ms",
                        JarProcess.javaVersion(),
                        shortened.toMillis(),
                        dropped.toMillis());
            } finally {
                program.stop();
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static void order(KafkaProducer<byte[], byte[]> producer, String number) throws Exception {
        send(producer, bytes(number), bytes(Story.order(number)));
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, byte @Nullable [] key, byte @Nullable [] value)
            throws Exception {
        producer.send(new ProducerRecord<>(ORDERS, key, value)).get();
    }

    private Duration stored(String number) {
        long start = System.nanoTime();
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> store.sql("select count(*) from payment where order_no = ?")
                        .param(number)
                        .query(Integer.class)
                        .single()
                        .equals(1));
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
