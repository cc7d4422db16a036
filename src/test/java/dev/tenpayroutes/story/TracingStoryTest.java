package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.autoconfigure.actuate.observability.AutoConfigureObservability;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

@DisplayName("traces: from the ERP through Tenpay and the database to the event")
@AutoConfigureObservability(metrics = false)
class TracingStoryTest extends Story {

    private static final Queue<String> RECEIVED = new ConcurrentLinkedQueue<>();
    private static final HttpServer RECEIVER = receiver();

    /** As OTLP over HTTP is received: protobuf, in which names stand as they are, and ids as bytes. */
    private static HttpServer receiver() {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/v1/traces", call -> {
                RECEIVED.add(new String(call.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
                call.sendResponseHeaders(200, -1);
                call.close();
            });
            server.start();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @DynamicPropertySource
    static void tracing(DynamicPropertyRegistry registry) {
        registry.add(
                "management.otlp.tracing.endpoint",
                () -> "http://127.0.0.1:" + RECEIVER.getAddress().getPort() + "/v1/traces");
        registry.add("management.tracing.sampling.probability", () -> "0");
    }

    @AfterAll
    static void stop() {
        RECEIVER.stop(0);
    }

    private static String bytes(String hex) {
        return new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
    }

    @Test
    void orderIsOneTraceThroughStatementsCallsAndEvents() {
        String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        String number = newNumber();
        Answer created =
                send("POST", "/v1/payments", KEY, order(number), "traceparent", "00-" + trace + "-00f067aa0ba902b7-01");
        assertThat(created.status()).isEqualTo(201);

        String stored = db.sql("select traceparent from payment where order_no = ?")
                .param(number)
                .query(String.class)
                .single();
        assertThat(stored).startsWith("00-" + trace + "-").endsWith("-01");
        assertThat(db.sql("select traceparent from erp_event where payment_id ="
                                + " (select id from payment where order_no = ?)")
                        .param(number)
                        .query(String.class)
                        .single())
                .startsWith("00-" + trace);

        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        eventually().untilAsserted(() -> {
            List<String> spans = RECEIVED.stream()
                    .filter(part -> part.contains(bytes(trace)))
                    .toList();
            assertThat(String.join("", spans))
                    .contains("payment-create-insert", "tenpay-send-call", "payment-status-apply");
        });
        assertThat(String.join("", RECEIVED)).doesNotContain(KEY, "latte");
    }

    @Test
    void notificationOfItsOwnTraceIsLinkedToTheOrders() {
        String trace = "5cf92f3577b34da6a3ce929d0e0e4737";
        String number = newNumber();
        send("POST", "/v1/payments", KEY, order(number), "traceparent", "00-" + trace + "-00f067aa0ba902b7-01");

        String body = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD");
        List<String> headers = new ArrayList<>(List.of(tenpay().headers(body)));
        headers.addAll(List.of("traceparent", "00-6df92f3577b34da6a3ce929d0e0e4738-00f067aa0ba902b7-01"));
        assertThat(send("POST", "/webhooks/tenpay/main/payments", null, body, headers.toArray(String[]::new))
                        .status())
                .isEqualTo(200);

        // A span's field 13 is a link, whose field 1 has the 16 bytes of the other trace's id.
        Pattern link = Pattern.compile("\\x6a.\\x0a\\x10" + Pattern.quote(bytes(trace)), Pattern.DOTALL);
        eventually().untilAsserted(() -> assertThat(String.join("", RECEIVED)).containsPattern(link));
    }
}
