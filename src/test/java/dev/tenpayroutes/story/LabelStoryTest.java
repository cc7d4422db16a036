package dev.tenpayroutes.story;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** A proxy or a server labels what it sends as it likes: the signed bytes count, and what they are called does not. */
@DisplayName("labels")
@DirtiesContext
class LabelStoryTest extends Story {

    private static final Relabelling PROXY = new Relabelling();

    @DynamicPropertySource
    static void proxy(DynamicPropertyRegistry registry) {
        registry.add("tenpay.base-url", () -> "http://127.0.0.1:" + PROXY.server.getLocalPort());
    }

    @AfterAll
    static void close() throws IOException {
        PROXY.server.close();
    }

    static Stream<String> heads() {
        return Stream.concat(
                RawHeads.LABELS.stream().map(label -> "HTTP/1.1 200 OK\r\n" + label), RawHeads.BEGINNINGS.stream());
    }

    @ParameterizedTest
    @MethodSource("heads")
    void signedAnswerCountsWhateverItsHeadHolds(String head) {
        PROXY.tenpay = Integer.parseInt(settings.getRequiredProperty("server.port"));
        PROXY.head = head;
        String number = newNumber();
        Answer answer = post("/v1/payments", order(number));
        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.text("status")).isEqualTo("PENDING");
    }

    @Test
    void signedAnswerInChunksWithTrailersCounts() {
        PROXY.tenpay = Integer.parseInt(settings.getRequiredProperty("server.port"));
        PROXY.head = "HTTP/1.1 200 OK\r\nContent-Type: x; charset=utf8mb4\r\nTransfer-Encoding: chunked";
        assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(201);
    }

    @Test
    void doubledSignatureHeadersCountOnlyWhenEqual() {
        PROXY.tenpay = Integer.parseInt(settings.getRequiredProperty("server.port"));
        PROXY.head = "HTTP/1.1 200 OK";
        PROXY.doubled = true;
        assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(201);
        PROXY.doubled = false;
        PROXY.head = "HTTP/1.1 200 OK\r\nWechatpay-Nonce: another";
        assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(202);
    }

    static Stream<String> labels() {
        return RawHeads.LABELS.stream();
    }

    @ParameterizedTest
    @MethodSource("labels")
    void signedNotificationCountsWhateverItsLabels(String label) {
        PROXY.tenpay = Integer.parseInt(settings.getRequiredProperty("server.port"));
        PROXY.head = "HTTP/1.1 200 OK";
        String number = pendingPayment();
        String body = TenpaySigner.notification("EV-" + UUID.randomUUID(), number, "SUCCESS", 1050, "SGD");
        List<String> lines = new ArrayList<>(List.of(label.split("\r\n")));
        String[] signed = tenpay().headers(body);
        for (int i = 0; i < signed.length; i += 2) {
            lines.add(signed[i] + ": " + signed[i + 1]);
        }
        Answer answer = RawHttp.send(
                Integer.parseInt(settings.getRequiredProperty("server.port")),
                new RawHttp.Request(
                        "POST", "/webhooks/tenpay/main/payments", lines, body.getBytes(StandardCharsets.UTF_8)));
        // Odd names and bytes are refused before anything is read; they are no label, and Tenpay's have none.
        if (label.chars().anyMatch(c -> c > 126)) {
            assertThat(answer.status()).isIn(200, 400);
            return;
        }
        assertThat(answer.status()).as(answer.content()).isEqualTo(200);
        isSoon(number, "SUCCEEDED");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "application/json; charset=utf8mb4 | 201",
                "application/json;charset=UTF-8 | 201",
                "application/json; charset=\"utf-8\" | 201",
                "application/json; charset=utf8; v=1 | 201",
                "APPLICATION/JSON; v=\"1;charset\" | 201",
                "application/json; charset=iso-8859-1 | 415",
                "application/json; charset= | 415",
                "application/json; charset=nonsense | 415",
                "application/jsonp | 415",
                "application/json, text/plain | 415",
                ";;; | 415",
                "text/plain; charset=utf8mb4 | 415",
                "multipart/form-data | 415",
                "application/x-www-form-urlencoded; charset=utf8mb4 | 415",
            })
    void orderIsTakenOrRefusedByItsContentType(String type, int status) {
        PROXY.tenpay = Integer.parseInt(settings.getRequiredProperty("server.port"));
        PROXY.head = "HTTP/1.1 200 OK";
        Answer answer = RawHttp.send(
                PROXY.tenpay,
                new RawHttp.Request(
                        "POST",
                        "/v1/payments",
                        List.of("X-API-Key: " + KEY, "Content-Type: " + type),
                        order(newNumber()).getBytes(StandardCharsets.UTF_8)));
        assertThat(answer.status()).as(answer.content()).isEqualTo(status);
        assertThat(answer.text("code")).isEqualTo(status == 415 ? "UNSUPPORTED_MEDIA_TYPE" : null);
    }

    /** Forwards to the stand-in, and puts a head of its own before the signed answer; only the signature's headers stay. */
    private static final class Relabelling {

        private final ServerSocket server;
        private final HttpClient http = HttpClient.newHttpClient();
        private volatile String head = "HTTP/1.1 200 OK";
        private volatile boolean doubled;
        private volatile int tenpay;

        Relabelling() {
            try {
                server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            daemon(() -> {
                while (!server.isClosed()) {
                    try {
                        Socket socket = server.accept();
                        daemon(() -> take(socket));
                    } catch (IOException e) {
                        return;
                    }
                }
            });
        }

        private static void daemon(Runnable task) {
            Thread thread = new Thread(task, "relabelling");
            thread.setDaemon(true);
            thread.start();
        }

        private void take(Socket socket) {
            try (socket) {
                InputStream in = socket.getInputStream();
                String[] request = line(in).split(" ");
                Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
                for (String line = line(in); !line.isEmpty(); line = line(in)) {
                    String[] parts = line.split(":\\s*", 2);
                    headers.put(parts[0], parts[1]);
                }
                byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
                HttpResponse<byte[]> answer = http.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + tenpay + request[1]))
                                .method(request[0], HttpRequest.BodyPublishers.ofByteArray(body))
                                .header("Authorization", headers.get("Authorization"))
                                .header("Content-Type", "application/json")
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray());
                boolean chunked = head.contains("chunked");
                StringBuilder lines = new StringBuilder(head);
                answer.headers().map().forEach((name, values) -> {
                    if (name.toLowerCase().startsWith("wechatpay-")) {
                        for (int i = doubled ? 2 : 1; i > 0; i--) {
                            lines.append("\r\n").append(name).append(": ").append(values.get(0));
                        }
                    }
                });
                lines.append(chunked ? "" : "\r\nContent-Length: " + answer.body().length)
                        .append("\r\nConnection: close\r\n\r\n");
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                out.writeBytes(lines.toString().getBytes(ISO_8859_1));
                if (chunked) {
                    out.writeBytes((Integer.toHexString(answer.body().length) + ";odd=\"x\"\r\n").getBytes(ISO_8859_1));
                }
                out.writeBytes(answer.body());
                if (chunked) {
                    out.writeBytes("\r\n0\r\nContent-Type: y; charset=z\r\nX: \r\n\r\n".getBytes(ISO_8859_1));
                }
                socket.getOutputStream().write(out.toByteArray());
            } catch (IOException e) {
                // The other side went away.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private static String line(InputStream in) throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
                line.write(c);
            }
            return line.toString(ISO_8859_1).strip();
        }
    }
}
