package dev.tenpayroutes.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import com.wechat.pay.java.core.certificate.InMemoryCertificateProvider;
import com.wechat.pay.java.core.cipher.AeadAesCipher;
import com.wechat.pay.java.core.cipher.RSAVerifier;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RequestParam;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxNotifierTest {

    @TempDir
    private Path root;

    private SandboxStage stage;
    private SandboxNotifier notifier;
    private HttpServer webhook;
    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final Queue<Integer> answers = new ConcurrentLinkedQueue<>();

    private record Received(Map<String, List<String>> headers, String body) {

        String header(String name) {
            return headers.get(name).get(0);
        }

        JsonNode json() throws Exception {
            return SandboxStage.JSON.readTree(body);
        }
    }

    @BeforeEach
    void setUp() throws Exception {
        webhook = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        webhook.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            received.add(new Received(Map.copyOf(exchange.getRequestHeaders()), body));
            Integer status = answers.poll();
            exchange.getResponseHeaders().add("Location", "/elsewhere");
            exchange.sendResponseHeaders(status == null ? 200 : status, -1);
            exchange.close();
        });
        webhook.start();
        open(true);
    }

    @AfterEach
    void tearDown() throws Exception {
        webhook.stop(0);
        stage.close();
    }

    private void open(boolean encrypt) {
        stage = new SandboxStage(root, encrypt);
        notifier = new SandboxNotifier(stage.ledger, stage.wire, encrypt);
    }

    private ObjectNode withUrl(ObjectNode request) {
        return request.put(
                "notify_url", "http://127.0.0.1:" + webhook.getAddress().getPort() + "/webhooks/x");
    }

    private void pay(String number) throws Exception {
        stage.call("checkout-pay", withUrl(stage.checkout(number)), 200);
        stage.clock.pass(Duration.ofSeconds(3));
    }

    private JsonNode notice(String number) throws Exception {
        return SandboxStage.JSON
                .readTree(SandboxWire.JSON.writeValueAsBytes(
                        stage.ledger.payment(number).get("notifications")))
                .path(0);
    }

    private void tickUntilAttempts(String number, int attempts) {
        notifier.tick();
        await().until(() -> notice(number).path("attempts").size() == attempts);
    }

    private <T> T parsedBySdk(Received notification, Class<T> type) {
        var certificates = new InMemoryCertificateProvider(List.of(stage.folder.platformCertificate()));
        return new NotificationParser(
                        Map.of("WECHATPAY2-SHA256-RSA2048", new RSAVerifier(certificates)),
                        Map.of(
                                "AEAD_AES_256_GCM",
                                new AeadAesCipher(stage.folder.apiKey().getBytes(StandardCharsets.US_ASCII))))
                .parse(
                        new RequestParam.Builder()
                                .serialNumber(notification.header("Wechatpay-serial"))
                                .nonce(notification.header("Wechatpay-nonce"))
                                .timestamp(notification.header("Wechatpay-timestamp"))
                                .signature(notification.header("Wechatpay-signature"))
                                .body(notification.body())
                                .build(),
                        type);
    }

    @Test
    void theOfficialSdkVerifiesAndDecryptsANotification() throws Exception {
        pay("SO-0001");
        tickUntilAttempts("SO-0001", 1);

        Map<?, ?> resource = parsedBySdk(received.get(0), Map.class);
        assertThat(resource.get("out_trade_no")).isEqualTo("SO-0001");
        assertThat(resource.get("status")).isEqualTo("SUCCESS");
        JsonNode body = received.get(0).json();
        assertThat(body.path("event_type").asText()).isEqualTo("PAYMENT.SUCCESS");
        assertThat(body.path("id").asText()).startsWith("EV-");
        assertThat(body.path("create_time").asText()).endsWith("+08:00");
        assertThat(body.path("resource_type").asText()).isEqualTo("encrypt-resource");
        assertThat(body.at("/resource/nonce").asText()).hasSize(12);
        assertThat(body.at("/resource/associated_data").asText()).isEqualTo("payment");
        assertThat(received.get(0).header("Content-type")).isEqualTo("application/json");
    }

    @Test
    void aPlainNotificationCarriesTheInquirysAnswer() throws Exception {
        stage.close();
        open(false);
        pay("SO-0001");
        tickUntilAttempts("SO-0001", 1);
        JsonNode body = received.get(0).json();
        assertThat(body.path("resource_type").asText()).isEqualTo("plain");
        assertThat(body.path("resource")).isEqualTo(stage.call("inquiry-payment", stage.inquiry("SO-0001"), 200));
    }

    @Test
    void aRefundIsNotifiedWithItsOwnName() throws Exception {
        stage.paid("SO-0001");
        stage.call("refund", withUrl(stage.refund("SO-0001", "RF-0001", 1050)), 200);
        stage.clock.pass(Duration.ofSeconds(2));
        notifier.tick();
        await().until(() -> received.size() == 1);
        assertThat(received.get(0).json().path("event_type").asText()).isEqualTo("REFUND.SUCCESS");
        assertThat(received.get(0).json().at("/resource/associated_data").asText())
                .isEqualTo("refund");
        assertThat(parsedBySdk(received.get(0), Map.class).get("out_refund_no")).isEqualTo("RF-0001");
    }

    @Test
    void aNotificationIsRepeatedUntilItIsTakenEachTimeSignedAnew() throws Exception {
        answers.addAll(List.of(500, 302));
        pay("SO-0001");
        tickUntilAttempts("SO-0001", 1);
        notifier.tick();
        assertThat(notice("SO-0001").path("delivered").asBoolean()).isFalse();

        stage.clock.pass(Duration.ofSeconds(1));
        tickUntilAttempts("SO-0001", 2);
        stage.clock.pass(Duration.ofSeconds(5));
        tickUntilAttempts("SO-0001", 3);
        stage.clock.pass(Duration.ofHours(1));
        notifier.tick();

        assertThat(notice("SO-0001").path("delivered").asBoolean()).isTrue();
        assertThat(notice("SO-0001").path("attempts").findValuesAsText("status"))
                .containsExactly("500", "302", "200");
        assertThat(received).hasSize(3);
        for (Received each : received) {
            parsedBySdk(each, Map.class);
        }
        assertThat(received.stream().map(each -> each.header("Wechatpay-nonce")))
                .doesNotHaveDuplicates();
        assertThat(received.stream().map(each -> each.header("Wechatpay-timestamp")))
                .doesNotHaveDuplicates();
        assertThat(received.get(2).json().path("id"))
                .isEqualTo(received.get(0).json().path("id"));
    }

    @Test
    void givesUpNotificationAfterItsLastDelay() throws Exception {
        webhook.stop(0);
        pay("SO-0001");
        tickUntilAttempts("SO-0001", 1);
        stage.clock.pass(Duration.ofSeconds(1));
        tickUntilAttempts("SO-0001", 2);
        stage.clock.pass(Duration.ofSeconds(5));
        tickUntilAttempts("SO-0001", 3);
        assertThat(stage.ledger.takeDeliveries(9)).isEmpty();
        stage.clock.pass(Duration.ofDays(1));
        assertThat(stage.ledger.takeDeliveries(9)).isEmpty();
        assertThat(notice("SO-0001").path("attempts").findValuesAsText("failure"))
                .containsOnly("ConnectException");
    }

    @Test
    void keepsOrdersAndPendingNotificationsOverRestart() throws Exception {
        answers.add(503);
        pay("SO-0001");
        tickUntilAttempts("SO-0001", 1);
        ObjectNode open = withUrl(stage.checkout("SO-0002"));
        JsonNode before = stage.call("checkout-pay", open, 200);
        Duration elapsed = Duration.ofSeconds(10);

        stage.close();
        open(true);
        stage.clock.pass(elapsed);
        assertThat(notice("SO-0001").path("attempts").size()).isEqualTo(1);
        assertThat(stage.call("checkout-pay", open, 200).path("payment_id")).isEqualTo(before.path("payment_id"));
        notifier.tick();
        await().until(() -> notice("SO-0001").path("delivered").asBoolean()
                && notice("SO-0002").path("delivered").asBoolean());
        assertThat(received).hasSize(3);
        assertThat(received.get(0).json().path("id"))
                .isIn(received.get(1).json().path("id"), received.get(2).json().path("id"));
    }
}
