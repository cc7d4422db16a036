package dev.tenpayroutes.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.hc.client5.http.async.methods.SimpleRequestBuilder;
import org.apache.hc.client5.http.async.methods.SimpleRequestProducer;
import org.apache.hc.core5.http.ContentType;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a receiver that says byte for byte what a test lets it say. */
class WebhookSenderTest {

    private interface Talk {
        void to(OutputStream out) throws IOException;
    }

    private static final String YES = "HTTP/1.1 204 No Content\r\n\r\n";

    private final InFlightDeliveries attempts = new InFlightDeliveries(10);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private ServerSocket server;
    private WebhookSender calls;
    private volatile int connections;

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        calls = calls("127.0.0.0/8");
    }

    @AfterEach
    void stop() throws IOException {
        calls.close();
        server.close();
        threads.shutdownNow();
    }

    private WebhookSender calls(String... networks) {
        return calls(InetAddress::getAllByName, networks);
    }

    private WebhookSender calls(WebhookSender.Lookup lookup, String... networks) {
        EgressPolicy allowed = new EgressPolicy(TenpayPropertiesFixture.events(null, List.of(networks)));
        return new WebhookSender(attempts, allowed, Clock.systemUTC(), Duration.ofSeconds(2), 10, lookup);
    }

    private void receiver(Talk talk) {
        threads.execute(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    connections++;
                    threads.execute(() -> {
                        try (socket) {
                            socket.getInputStream().read(new byte[8192]);
                            talk.to(socket.getOutputStream());
                        } catch (IOException e) {
                            // The other side has had enough.
                        }
                    });
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    private static Talk says(String text) {
        return out -> out.write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Sends one event there, and what came of it. */
    private JsonNode send(String url) throws Exception {
        WebhookEndpoint endpoint =
                new WebhookEndpoint("main", URI.create(url), List.of(new byte[32]), Map.of(), List.of());
        DeliveryAttempt attempt = new DeliveryAttempt(1, 1, "2026-11-23T08:00:00Z", "", System.nanoTime());
        attempts.begin(attempt);
        calls.send(
                attempt,
                endpoint,
                SimpleRequestProducer.create(SimpleRequestBuilder.post(endpoint.url())
                        .setBody("{}", ContentType.APPLICATION_JSON)
                        .build()));
        List<DeliveryAttempt> over = attempts.over(1, 10, TimeUnit.SECONDS);
        assertThat(over).as("an attempt ends").hasSize(1);
        attempts.recorded(1, Set.of());
        Awaitility.await().until(() -> attempts.open() == 0);
        return new ObjectMapper().valueToTree(over.get(0));
    }

    private String url() {
        return "http://127.0.0.1:" + server.getLocalPort() + "/events";
    }

    @Test
    void anAnswerOf2xxIsADelivery() throws Exception {
        receiver(says(YES));
        assertThat(send(url()).path("outcome").asText()).isEqualTo("DELIVERED");
    }

    /** Whatever else its head or body holds, and however it is labelled. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "200 OK\r\nContent-Type: text/html; charset=utf8mb4\r\nContent-Length: 2\r\n\r\nok",
                "200 OK\r\nContent-Type: application/json; charset=\r\nContent-Length: 2\r\n\r\nok",
                "200 OK\r\nContent-Type: ;;;,=\"\r\nContent-Length: 0\r\n\r\n",
                "200 OK\r\nContent-Type: \u00ff; charset=\u00e9\r\nContent-Length: 2\r\n\r\nok",
                "200 OK\r\nContent-Type: a/b\r\nContent-Type: c\r\nContent-Length: 2\r\n\r\nok",
                "200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
                "200 OK\r\nContent-Encoding: nonsense;q=\r\nContent-Length: 2\r\n\r\nok",
                "200 OK\r\nSet-Cookie: =;;; Expires=never\r\nDate: never\r\nContent-Length: 0\r\n\r\n",
                "200 OK\r\nX-\u00e9\u00ff: \u00e9\r\n : \r\nContent-Length: 0\r\n\r\n",
                "200 OK\r\nRetry-After: -1\r\nRetry-After: Wed, 99 Foo\r\nContent-Length: 0\r\n\r\n",
                "200 OK\r\nLocation: http://[::bad\r\nContent-Length: 0\r\n\r\n",
                "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;odd=\"x\"\r\nok\r\n0\r\nContent-Type: y; charset=z\r\n\r\n",
                "200\r\nContent-Length: 0\r\n\r\n",
                "200 \r\nContent-Length: 0\r\n\r\n",
                "299 \u00e9\r\nContent-Length: 0\r\n\r\n",
                "204 No Content\r\nContent-Length: 2\r\n\r\nok",
                "204 No Content\r\nContent-Type: x; charset=utf8mb4\r\n\r\n",
                "205 Reset Content\r\nContent-Length: 0\r\n\r\n",
                "200 OK\r\n\r\nuntil it closes",
                "103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                "102 Processing\r\nContent-Type: x; charset=y\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            })
    void deliversBy2xxWhateverTheRestOfTheAnswerHolds(String answer) throws Exception {
        receiver(out -> out.write(("HTTP/1.1 " + answer).getBytes(StandardCharsets.ISO_8859_1)));
        assertThat(send(url()).path("outcome").asText()).isEqualTo("DELIVERED");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "599 \r\nContent-Type: text/html; charset=utf8mb4\r\nContent-Length: 2\r\n\r\nno",
                "302 Found\r\nLocation: http://[::bad\r\nContent-Type: x; charset=y\r\nContent-Length: 0\r\n\r\n",
                "500\r\nRetry-After: Wed, 99 Foo 2026\r\nContent-Length: 0\r\n\r\n",
            })
    void failsByAnyOtherStatusWhichIsRecorded(String answer) throws Exception {
        receiver(out -> out.write(("HTTP/1.1 " + answer).getBytes(StandardCharsets.ISO_8859_1)));
        JsonNode attempt = send(url());
        assertThat(attempt.path("outcome").asText()).isEqualTo("FAILED");
        assertThat(attempt.path("status").asText()).isEqualTo(answer.substring(0, 3));
        assertThat(attempt.has("retryAfter")).isFalse();
    }

    @Test
    void hugeRetryAfterIsTheLongestPause() throws Exception {
        assertThat(retryAfter("99999999999999999999")).isEqualTo(999_999_999);
    }

    @ParameterizedTest
    @CsvSource({"1,3500,3600", "-1,0,0"})
    void retryAfterMayBeDateAndIsNeverNegative(int hours, int least, int most) throws Exception {
        ZonedDateTime until = ZonedDateTime.now(ZoneOffset.UTC).plusHours(hours);
        assertThat(retryAfter(DateTimeFormatter.RFC_1123_DATE_TIME.format(until)))
                .isBetween(least, most);
    }

    private int retryAfter(String value) throws Exception {
        receiver(says("HTTP/1.1 503 Busy\r\nRetry-After: " + value + "\r\nContent-Length: 0\r\n\r\n"));
        return send(url()).path("retryAfter").asInt(-1);
    }

    /** Its client's own timeouts would start anew with each byte. */
    @Test
    void anAnswerWhoseHeadDripsInIsCutOffWhenTheWholeTimeIsOver() throws Exception {
        CompletableFuture<Long> closed = new CompletableFuture<>();
        receiver(out -> {
            long asked = System.nanoTime();
            out.write("HTTP/1.1 200 OK\r\nX-Slow: ".getBytes(StandardCharsets.US_ASCII));
            try {
                for (int i = 0; i < 100; i++) {
                    LockSupport.parkNanos(100_000_000);
                    out.write('x');
                    out.flush();
                }
            } catch (IOException e) {
                closed.complete((System.nanoTime() - asked) / 1_000_000);
            }
        });
        JsonNode attempt = send(url());
        // It is the call that ends, and not only our waiting for it: a socket each would be held for as long as it
        // drips.
        assertThat(closed.get(5, TimeUnit.SECONDS)).isBetween(1900L, 5000L);
        assertThat(attempt.path("outcome").asText()).isEqualTo("FAILED");
        assertThat(attempt.path("problem").asText()).isEqualTo("no answer in time");
        assertThat(attempt.path("millis").asInt()).isBetween(1990, 5000);
    }

    @Test
    void aBodyThatNeverEndsIsReadOverAndCutOffAndItsStatusCounts() throws Exception {
        CompletableFuture<Integer> cutOff = new CompletableFuture<>();
        receiver(out -> {
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < 100_000; i++) {
                try {
                    out.write(new byte[8192]);
                } catch (IOException e) {
                    cutOff.complete(i * 8192);
                    return;
                }
            }
        });
        assertThat(send(url()).path("outcome").asText()).isEqualTo("DELIVERED");
        // Sent before it noticed; most of it was never read.
        assertThat(cutOff.get(5, TimeUnit.SECONDS)).isLessThan(50_000_000);
    }

    @Test
    void aReceiverThatGoesAwayHasFailed() throws Exception {
        receiver(out -> out.flush());
        assertThat(send(url()).path("outcome").asText()).isEqualTo("FAILED");
    }

    @Test
    void aRefusalIsNeitherRepeatedNorFollowed() throws Exception {
        receiver(says("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"));
        JsonNode attempt = send(url());
        assertThat(attempt.path("status").asInt()).isEqualTo(503);
        assertThat(attempt.path("retryAfter").asInt()).isEqualTo(7);
        assertThat(connections).isEqualTo(1);
    }

    @Test
    void aRedirectIsNotFollowed() throws Exception {
        receiver(says("HTTP/1.1 302 Found\r\nLocation: " + url() + "/other\r\nContent-Length: 0\r\n\r\n"));
        JsonNode attempt = send(url());
        assertThat(attempt.path("outcome").asText()).isEqualTo("FAILED");
        assertThat(attempt.path("problem").asText()).contains("redirect");
        assertThat(connections).isEqualTo(1);
    }

    @Test
    void anAddressInsideIsNeverConnectedTo() throws Exception {
        receiver(says(YES));
        calls.close();
        calls = calls("10.0.0.0/8");
        for (String host : List.of("127.0.0.1", "localhost")) {
            JsonNode attempt = send(url().replace("127.0.0.1", host));
            assertThat(attempt.path("problem").asText()).as(host).contains("tenpay.events.allowed-networks");
        }
        assertThat(connections).isZero();
    }

    @Test
    void usesNoProxyForWebhooks() throws Exception {
        receiver(says(YES));
        try (ServerSocket proxy = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            proxy.setSoTimeout(300);
            System.setProperty("http.proxyHost", "127.0.0.1");
            System.setProperty("http.proxyPort", Integer.toString(proxy.getLocalPort()));
            System.setProperty("http.nonProxyHosts", "");
            calls.close();
            calls = calls("127.0.0.0/8");
            assertThat(send(url()).path("outcome").asText()).isEqualTo("DELIVERED");
            assertThat(connections).isEqualTo(1);
        } finally {
            List.of("http.proxyHost", "http.proxyPort", "http.nonProxyHosts").forEach(System::clearProperty);
        }
    }

    @Test
    void sendsNothingToReceiverWithoutTls() throws Exception {
        receiver(says(YES));
        JsonNode attempt = send(url().replace("http:", "https:"));
        assertThat(attempt.path("outcome").asText()).isEqualTo("FAILED");
        assertThat(attempt.path("problem").asText()).doesNotContain("127.0.0.1");
    }

    @Test
    void aNameThatIsNotThereHasFailed() throws Exception {
        assertThat(send("http://no-such-name.invalid/events").path("problem").asText())
                .isEqualTo("unknown host");
    }

    /** Else whatever waits for the name, now and later, would wait for ever. */
    @Test
    void repeatsNameLookupAfterFailure() throws Exception {
        receiver(says(YES));
        AtomicInteger asked = new AtomicInteger();
        calls.close();
        calls = calls(
                host -> {
                    asked.incrementAndGet();
                    throw new IllegalStateException("a name service that breaks");
                },
                "127.0.0.0/8");
        // The thread that looked it up ends by it, as it is meant to here.
        Awaitility.doNotCatchUncaughtExceptionsByDefault();
        try {
            for (int turn = 1; turn <= 2; turn++) {
                assertThat(send(url()).path("outcome").asText()).isEqualTo("DELIVERED");
                assertThat(asked.get()).isEqualTo(turn);
            }
        } finally {
            Awaitility.reset();
        }
    }

    @Test
    void whatIsReleasedDoesNotCountAndFreesItsRoom() throws Exception {
        receiver(out -> LockSupport.parkNanos(5_000_000_000L));
        WebhookEndpoint endpoint =
                new WebhookEndpoint("main", URI.create(url()), List.of(new byte[32]), Map.of(), List.of());
        DeliveryAttempt attempt = new DeliveryAttempt(1, 1, "2026-11-23T08:00:00Z", "", System.nanoTime());
        attempts.begin(attempt);
        calls.send(
                attempt,
                endpoint,
                SimpleRequestProducer.create(
                        SimpleRequestBuilder.post(endpoint.url()).build()));
        assertThat(attempts.room()).isEqualTo(9);

        calls.release();

        List<DeliveryAttempt> over = attempts.over(5, 1, TimeUnit.SECONDS);
        assertThat(new ObjectMapper().valueToTree(over.get(0)).path("outcome").asText())
                .isEqualTo("RELEASED");
        attempts.recorded(1, Set.of());
        Awaitility.await().until(() -> attempts.room() == 10);
    }
}
