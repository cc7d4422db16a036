package dev.tenpayroutes.story;

import com.fasterxml.jackson.databind.JsonNode;
import com.standardwebhooks.Webhook;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An ERP that takes events, and believes only those that an independent Standard Webhooks library verifies. */
final class ErpReceiver implements AutoCloseable {

    static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

    /** One delivery as it came. */
    record Delivery(
            String id, long timestamp, String signature, String body, Map<String, List<String>> headers, long at) {

        JsonNode json() {
            try {
                return Story.JSON.readTree(body);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        String type() {
            return json().path("type").asText();
        }

        String number() {
            return json().path("data").path("orderNo").asText();
        }
    }

    /** What a story lets the receiver say to a delivery. */
    interface Answer {
        void to(HttpExchange exchange, Delivery delivery) throws IOException;
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Delivery> deliveries = new CopyOnWriteArrayList<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private volatile Answer answer = status(204);

    ErpReceiver() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::take);
        server.setExecutor(threads);
        server.start();
    }

    static Answer status(int status, String... headers) {
        return (exchange, delivery) -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        };
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/erp/events";
    }

    void answers(Answer with) {
        answer = with;
    }

    /** All that came, oldest first, taken or not. */
    List<Delivery> deliveries() {
        return deliveries;
    }

    List<Delivery> of(String number) {
        return deliveries.stream()
                .filter(delivery -> delivery.body().contains(number))
                .toList();
    }

    List<String> complaints() {
        return complaints;
    }

    private void take(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Map<String, List<String>> headers = Map.copyOf(exchange.getRequestHeaders());
        try {
            new Webhook(SECRET).verify(body, HttpHeaders.of(headers, (name, value) -> true));
        } catch (Exception e) {
            complaints.add(e.toString());
        }
        Delivery delivery = new Delivery(
                exchange.getRequestHeaders().getFirst("webhook-id"),
                Long.parseLong(exchange.getRequestHeaders().getFirst("webhook-timestamp")),
                exchange.getRequestHeaders().getFirst("webhook-signature"),
                body,
                headers,
                System.nanoTime());
        deliveries.add(delivery);
        answer.to(exchange, delivery);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
