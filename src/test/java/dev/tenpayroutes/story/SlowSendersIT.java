package dev.tenpayroutes.story;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The packaged jar with little memory, while outsiders send what they can. */
@DisplayName("slow and endless senders")
class SlowSendersIT {

    private static final Logger LOG = LoggerFactory.getLogger(SlowSendersIT.class);
    private static final int SOCKETS = 300;
    private static final int SECONDS = 25;
    private static final Duration MAX = Duration.ofSeconds(2);

    @TempDir
    static Path folder;

    private static EmbeddedPostgres postgres;
    private static SdkTenpayServer tenpay;
    private static JarProcess program;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.builder().start();
        TestAccount account = TestAccount.create("main");
        tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        program = new JarProcess(folder, account, postgres.getJdbcUrl("postgres", "postgres"));
        program.settings().put("tenpay.base-url", tenpay.url());
        program.settings().put("java.tool.options", "-Xmx256m -XX:+ExitOnOutOfMemoryError");
        program.startAndWait();
    }

    @AfterAll
    static void stop() throws Exception {
        program.stop();
        tenpay.close();
        postgres.close();
    }

    private static String signed(int socket) {
        String[] headers = tenpay.signer().headers("nonce " + socket);
        StringBuilder head = new StringBuilder();
        for (int i = 0; i < headers.length; i += 2) {
            head.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
        }
        return head.toString();
    }

    private static String opening(int socket) {
        String rest = "Host: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n";
        String key = "X-API-Key: " + JarProcess.KEY + "\r\n";
        return switch (socket % 10) {
            case 0 -> "POST /v1/pay";
            case 1 -> "GET /v1/payments HTTP/1.1\r\nHost: x\r\nX-Slow: ";
            case 2, 3 -> "POST /webhooks/tenpay/main/payments HTTP/1.1\r\n" + signed(socket) + rest;
            case 4 ->
                "POST /webhooks/tenpay/main/payments HTTP/1.1\r\n" + signed(socket)
                        + "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n";
            case 5 -> "POST /v1/payments HTTP/1.1\r\n" + rest;
            case 6 -> "POST /v1/payments HTTP/1.1\r\nX-API-Key: wrong\r\n" + rest;
            case 7 -> "POST /v1/payments HTTP/1.1\r\n" + key + rest;
            case 8 -> "POST /nowhere HTTP/1.1\r\n" + rest;
            default -> "POST /v1/payments HTTP/1.1\r\n" + key + rest.replace("60000", "60000000");
        };
    }

    /** Sends a byte on each socket, four times a second, and connects again where the program has closed. */
    private static void drip(List<SocketChannel> sockets) throws IOException {
        for (int i = 0; i < sockets.size(); i++) {
            try {
                SocketChannel socket = sockets.get(i);
                if (socket == null || socket.read(ByteBuffer.allocate(1000)) < 0) {
                    throw new IOException("closed");
                }
                socket.write(ByteBuffer.wrap(new byte[] {'a'}));
            } catch (IOException e) {
                if (sockets.get(i) != null) {
                    sockets.get(i).close();
                }
                SocketChannel socket = SocketChannel.open(new InetSocketAddress("127.0.0.1", program.port()));
                socket.write(ByteBuffer.wrap(opening(i).getBytes(ISO_8859_1)));
                socket.configureBlocking(false);
                sockets.set(i, socket);
            }
        }
    }

    @Test
    void threeHundredDrippingSocketsDelayNothing() throws Exception {
        Map<String, Duration> quiet = slowest(program, tenpay, "JAR-000100-", 5);
        List<SocketChannel> sockets = new ArrayList<>();
        for (int i = 0; i < SOCKETS; i++) {
            sockets.add(null);
        }
        Thread dripper = new Thread(() -> {
            try {
                while (!Thread.interrupted()) {
                    drip(sockets);
                    Thread.sleep(250);
                }
            } catch (IOException | InterruptedException e) {
                LOG.info("dripping ends: {}", e.toString());
            }
        });
        dripper.start();
        Thread.sleep(5000);
        Map<String, Duration> dripping = slowest(program, tenpay, "JAR-000200-", SECONDS);
        assertThat(dripper.isAlive()).isTrue();
        dripper.interrupt();
        LOG.info(
                "Java {}: slowest in quiet {}, beside {} dripping sockets {}",
                JarProcess.javaVersion(),
                quiet,
                SOCKETS,
                dripping);
        assertThat(dripping)
                .allSatisfy((what, time) -> assertThat(time).as(what).isLessThan(MAX));
    }

    /** The longest that an order, its webhook and the probes take. */
    static Map<String, Duration> slowest(JarProcess program, SdkTenpayServer tenpay, String prefix, int seconds)
            throws InterruptedException {
        Map<String, Duration> slowest = new TreeMap<>();
        long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        for (int i = 0; System.nanoTime() < end; i++) {
            String number = prefix + i;
            String body = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD")
                    .replace("2480000001", "2480000002");
            measure(
                    slowest,
                    "order",
                    201,
                    () -> program.send("POST", "/v1/payments", Story.order(number))
                            .statusCode());
            measure(
                    slowest,
                    "webhook",
                    200,
                    () -> program.send(
                                    "POST",
                                    "/webhooks/tenpay/main/payments",
                                    body,
                                    tenpay.signer().headers(body))
                            .statusCode());
            measure(slowest, "liveness", 200, () -> program.get("/actuator/health/liveness"));
            measure(slowest, "readiness", 200, () -> program.get("/actuator/health/readiness"));
            Thread.sleep(100);
        }
        return slowest;
    }

    private static void measure(Map<String, Duration> slowest, String what, int expected, IntSupplier call) {
        long before = System.nanoTime();
        assertThat(call.getAsInt()).as(what).isEqualTo(expected);
        Duration time = Duration.ofMillis((System.nanoTime() - before) / 1_000_000);
        slowest.merge(what, time, (a, b) -> a.compareTo(b) > 0 ? a : b);
    }

    @Test
    void endlessBodiesOnAnyPathTakeNoMemory() {
        RequestLimitsStoryTest.targets()
                .forEach(target -> assertThat(RequestLimitsStoryTest.taken(
                                program.port(), "POST " + target + " HTTP/1.1\r\nTransfer-Encoding: chunked"))
                        .as(target)
                        .isLessThan(RequestLimitsStoryTest.MAX_TAKEN));
        assertThat(program.process().isAlive()).isTrue();
        assertThat(program.get("/actuator/health/readiness")).isEqualTo(200);
    }
}
