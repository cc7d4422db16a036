package dev.tenpayroutes.story;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("request limits")
class RequestLimitsStoryTest extends Story {

    private static final String WEBHOOK = "/webhooks/tenpay/main/payments";

    /** What a server may take beyond its limit: what it throws away, and the buffers of both ends. */
    static final int MAX_TAKEN = 16 * 1024 * 1024;

    static Stream<String> targets() {
        return Stream.of(
                "/%77ebhooks/tenpay/main/payments",
                "/%57ebhooks/tenpay/main/payments",
                "/webhooks/tenpay/main/payment%73",
                "/v1/%70ayments",
                "/v%31/payments",
                "//webhooks/tenpay/main/payments",
                "/webhooks;x=1/tenpay/main/payments",
                "/v1/payments;jsessionid=1",
                "/webhooks/../v1/payments",
                "/webhooks/./tenpay/main/payments",
                "/%2577ebhooks/tenpay/main/payments",
                "/webhooks%2Ftenpay/main/payments",
                "/webhooks%5Ctenpay/main/payments",
                "/webhooks\\tenpay/main/payments",
                "/%c0%b7ebhooks/tenpay/main/payments",
                "/%ef%bc%b7ebhooks/tenpay/main/payments",
                "/webhooks/tenpay/main/payments.",
                "/webhooks/tenpay/main/payments/",
                "/WEBHOOKS/tenpay/main/payments",
                "/webhooks/tenpay/main/payments",
                "http://127.0.0.1/webhooks/tenpay/main/payments",
                "http://127.0.0.1/v1/payments",
                "*",
                "/",
                "/error",
                "/nowhere",
                "/v1/payments",
                "/v1/nowhere",
                "/actuator/health",
                "/actuator/metrics",
                "/docs/errors",
                "/sandbox/faults",
                "/sandbox/tenpay/v3/global/transactions/inquiry-payment");
    }

    @Test
    void takesBoundedBodyOnAnySpellingOfPath() {
        List<String> heads = targets()
                .flatMap(target -> Stream.of("POST ", "GET ", "PUT ").map(method -> method + target))
                .flatMap(line -> Stream.of("Transfer-Encoding: chunked", "Content-Length: 400000000")
                        .map(length -> line + " HTTP/1.1\r\nX-API-Key: " + KEY + "\r\n" + length))
                .toList();
        tryAtOnce(heads, head -> assertThat(taken(port(), head)).as(head).isLessThan(MAX_TAKEN));
    }

    /** Each of these connections is mostly waited for. */
    private static void tryAtOnce(List<String> heads, Consumer<String> check) {
        ExecutorService clients = Executors.newFixedThreadPool(40);
        try {
            CompletableFuture.allOf(heads.stream()
                            .map(head -> CompletableFuture.runAsync(() -> check.accept(head), clients))
                            .toArray(CompletableFuture[]::new))
                    .join();
        } finally {
            clients.shutdownNow();
        }
    }

    /** How many bytes of a body of 400 MB a server takes before it ends the connection. */
    static long taken(int port, String head) {
        long sent = 0;
        try (Socket socket = connect(port, head)) {
            OutputStream out = socket.getOutputStream();
            byte[] chunk = ("10000\r\n" + " ".repeat(0x10000) + "\r\n").getBytes(ISO_8859_1);
            for (; sent < 400_000_000; sent += 0x10000) {
                out.write(chunk);
            }
        } catch (IOException e) {
            // It has heard enough.
        }
        return sent;
    }

    private static Socket connect(int port, String head) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write((head + "\r\nHost: localhost\r\n\r\n").getBytes(ISO_8859_1));
        return socket;
    }

    /** What comes back, to the end of the connection. */
    private String heard(String head, byte[]... parts) {
        try (Socket socket = connect(port(), head)) {
            for (byte[] part : parts) {
                socket.getOutputStream().write(part);
            }
            ByteArrayOutputStream heard = new ByteArrayOutputStream();
            socket.getInputStream().transferTo(heard);
            return heard.toString(ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/%77ebhooks/tenpay/main/payments", "/v1/%70ayments", "/v1/payments/SO%2D000001", "/%7e"})
    void refusesAPathWithNeedlesslyEncodedCharacters(String target) {
        RawHttp.Request request = new RawHttp.Request("GET", target, List.of("X-API-Key: " + KEY), new byte[0]);
        assertThat(RawHttp.send(port(), request).text("code")).isEqualTo("BAD_REQUEST");
    }

    @Test
    void takesAnOrderNumberWhoseReservedCharacterIsEncoded() {
        String number = newNumber() + "|A";
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(201);
        assertThat(get("/v1/payments/" + number.replace("|", "%7C")).status()).isEqualTo(200);
    }

    private static List<String> refusedWithoutABody() {
        return List.of(
                "POST /v1/payments HTTP/1.1",
                "POST /v1/payments HTTP/1.1\r\nX-API-Key: wrong",
                "POST /v1/nowhere HTTP/1.1\r\nX-API-Key: " + KEY,
                "DELETE /v1/payments HTTP/1.1\r\nX-API-Key: " + KEY,
                "POST /v1/payments HTTP/1.1\r\nX-API-Key: " + READER,
                "POST /nowhere HTTP/1.1",
                "POST /%2F HTTP/1.1",
                "POST /%77 HTTP/1.1",
                "POST /v1/payments;x HTTP/1.1",
                "POST " + WEBHOOK + " HTTP/1.1",
                "POST " + WEBHOOK + " HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded");
    }

    @Test
    void refusesWithoutWaitingForTheBodyAndClosesSoon() {
        List<String> heads = new ArrayList<>(refusedWithoutABody());
        String[] signed = tenpay().headers("{}");
        heads.add(webhook(WEBHOOK, signed, 2, ""));
        heads.add(webhook(WEBHOOK, signed, 4, "0A"));
        heads.add(webhook(WEBHOOK, tenpay().headers("{}", Instant.now().minusSeconds(400)), 0, null));
        heads.add(webhook("/webhooks/tenpay/nowhere/payments", signed, 0, null));
        heads.add(webhook("/webhooks/tenpay/main/orders", signed, 0, null));
        tryAtOnce(heads, head -> {
            long before = System.nanoTime();
            String heard = heard(head + "\r\nContent-Length: 60000", new byte[] {' '});
            assertThat(heard).as(head).startsWith("HTTP/1.1 4").doesNotContain("BODY_TOO_SLOW");
            // The rest is thrown away for two seconds, and Tomcat checks once a second.
            assertThat(Duration.ofNanos(System.nanoTime() - before)).as(head).isLessThan(Duration.ofMillis(4500));
        });
    }

    private static String webhook(String path, String[] headers, int changed, String value) {
        StringBuilder head = new StringBuilder("POST " + path + " HTTP/1.1");
        for (int i = 0; i < headers.length; i += 2) {
            head.append("\r\n" + headers[i] + ": " + (value != null && i == changed ? value : headers[i + 1]));
        }
        return head.toString();
    }

    @Test
    void waitsFiveSecondsForTheBodyOfAWebhookWithGoodHeaders() {
        long before = System.nanoTime();
        String heard =
                heard(webhook(WEBHOOK, tenpay().headers("{}"), 0, null) + "\r\nContent-Length: 2", new byte[] {'{'});
        assertThat(heard).startsWith("HTTP/1.1 408").contains("BODY_TOO_SLOW");
        assertThat(Duration.ofNanos(System.nanoTime() - before))
                .isBetween(Duration.ofMillis(4900), Duration.ofMillis(8000));
    }

    @Test
    void takesAWebhookThatComesByteByByteInOddChunks() {
        String body = TenpaySigner.notification("EV-" + newNumber(), pendingPayment(), "SUCCESS", 1050, "SGD");
        byte[][] chunks = new byte[body.length() + 1][];
        for (int i = 0; i < body.length(); i++) {
            chunks[i] = ("1\r\n" + body.charAt(i) + "\r\n").getBytes(ISO_8859_1);
        }
        chunks[body.length()] = "0\r\n\r\n".getBytes(ISO_8859_1);
        assertThat(heard(
                        webhook(WEBHOOK, tenpay().headers(body), 0, null)
                                + "\r\nTransfer-Encoding: chunked\r\nConnection: close",
                        chunks))
                .startsWith("HTTP/1.1 200");
    }

    @Test
    void aRefusalOfALargeBodyCanBeRead() {
        byte[] large = " ".repeat(800_000).getBytes(ISO_8859_1);
        String length = "\r\nContent-Length: " + large.length;
        assertThat(heard("POST /v1/payments HTTP/1.1" + length, large)).startsWith("HTTP/1.1 401");
        assertThat(heard("POST /v1/payments HTTP/1.1\r\nX-API-Key: " + KEY + length, large))
                .startsWith("HTTP/1.1 413");
        byte[] chunked = ("c3500\r\n" + " ".repeat(800_000) + "\r\n0\r\n\r\n").getBytes(ISO_8859_1);
        assertThat(heard("POST /v1/payments HTTP/1.1\r\nX-API-Key: " + KEY + "\r\nTransfer-Encoding: chunked", chunked))
                .startsWith("HTTP/1.1 413");
    }

    @Test
    void announcesTheEndOfAConnectionWhoseBodyIsUnread() {
        String refused =
                "POST /v1/payments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n" + " ".repeat(9000);
        String next = "GET /actuator/health/liveness HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        String heard = heard(
                "GET /actuator/health/liveness HTTP/1.1", refused.getBytes(ISO_8859_1), next.getBytes(ISO_8859_1));
        assertThat(heard).containsSubsequence("HTTP/1.1 200", "HTTP/1.1 401", "Connection: close");
        assertThat(heard).containsOnlyOnce("HTTP/1.1 200");
    }

    @Test
    void invitesABodyOnlyOfARequestThatMayHaveOne() {
        String expect =
                "\r\nExpect: 100-continue\r\nContent-Length: 2\r\nContent-Type: application/json\r\nConnection: close";
        assertThat(heard("POST /v1/payments HTTP/1.1" + expect)).startsWith("HTTP/1.1 401");
        assertThat(heard("POST /v1/payments HTTP/1.1\r\nX-API-Key: " + KEY + expect, new byte[0]))
                .startsWith("HTTP/1.1 100");
    }
}
