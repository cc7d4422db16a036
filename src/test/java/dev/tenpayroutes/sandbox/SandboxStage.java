package dev.tenpayroutes.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.wechat.pay.java.core.cipher.RSASigner;
import com.wechat.pay.java.core.util.PemUtil;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.test.web.servlet.MockMvc;
import org.springframework.test.web.servlet.setup.MockMvcBuilders;

/** The stand-in without an application around it, a merchant who signs with the official SDK, and a clock that obeys. */
final class SandboxStage implements AutoCloseable {

    static final JsonMapper JSON = new JsonMapper();

    final StageClock clock = new StageClock();
    final SandboxFolder folder;
    final SandboxProperties properties;
    final SandboxWire wire;
    final SandboxFaults faults = new SandboxFaults();
    final MockMvc mvc;
    final SandboxLedger ledger;

    /** Making RSA keys is the slowest thing a test does. */
    private static final Map<String, byte[]> KEYS = new ConcurrentHashMap<>();

    /** Starts at the real time, which the SDK's own freshness check needs, and moves only when told. */
    static final class StageClock extends Clock {
        private volatile Instant now = Instant.ofEpochSecond(Instant.now().getEpochSecond());

        void pass(Duration duration) {
            now = now.plus(duration);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    /** A request and its Authorization, in pieces: a test breaks one. */
    record Signed(String path, String scheme, Map<String, String> fields, byte[] body) {

        String authorization() {
            return scheme + " "
                    + fields.entrySet().stream()
                            .map(field -> field.getKey() + "=\"" + field.getValue() + "\"")
                            .collect(Collectors.joining(","));
        }

        String field(String name) {
            return fields.getOrDefault(name, "");
        }

        Signed with(String name, String value) {
            Map<String, String> changed = new LinkedHashMap<>(fields);
            changed.put(name, value);
            return new Signed(path, scheme, changed, body);
        }

        Signed withScheme(String value) {
            return new Signed(path, value, fields, body);
        }

        Signed withPath(String value) {
            return new Signed(value, scheme, fields, body);
        }

        Signed withBody(byte... value) {
            return new Signed(path, scheme, fields, value);
        }
    }

    SandboxStage(Path root) {
        this(root, true);
    }

    SandboxStage(Path root, boolean encrypt) {
        reuseKeys(root);
        folder = SandboxFolder.open(root, clock, new SecureRandom());
        KEYS.computeIfAbsent("merchant-key.pem", name -> read(root.resolve(name)));
        KEYS.computeIfAbsent("platform-key.pem", name -> read(root.resolve(name)));
        properties = new SandboxProperties(
                root.toString(),
                Duration.ofSeconds(3),
                Duration.ofSeconds(2),
                encrypt,
                List.of(Duration.ofSeconds(1), Duration.ofSeconds(5)),
                Duration.ZERO,
                null,
                "",
                "");
        wire = new SandboxWire(folder, clock, new SecureRandom());
        ledger = new SandboxLedger(folder.journal(), properties, clock, new SecureRandom());
        mvc = MockMvcBuilders.standaloneSetup(
                        new SandboxApi(wire, ledger, faults, properties, clock), new SandboxShopper(ledger, faults))
                .build();
    }

    private static void reuseKeys(Path root) {
        if (KEYS.keySet().stream().noneMatch(name -> Files.exists(root.resolve(name)))) {
            KEYS.forEach((name, bytes) -> write(root.resolve(name), bytes));
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, byte[] bytes) {
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        ledger.close();
        folder.close();
    }

    Signed signed(String call, String body) {
        return signed("/api/payment/v1/" + call, body.getBytes(StandardCharsets.UTF_8), clock.instant());
    }

    Signed signed(String path, byte[] body, Instant at) {
        String nonce = UUID.randomUUID().toString().replace("-", "");
        return signed(path, body, at, nonce);
    }

    Signed signed(String path, byte[] body, Instant at, String nonce) {
        String serial = PemUtil.getSerialNumber(folder.merchantCertificate());
        String timestamp = Long.toString(at.getEpochSecond());
        String message = "POST\n" + path + "\n" + timestamp + "\n" + nonce + "\n"
                + new String(body, StandardCharsets.UTF_8) + "\n";
        String signature = merchantSigner().sign(message).getSign();
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("mchid", "2480000001");
        fields.put("nonce_str", nonce);
        fields.put("signature", signature);
        fields.put("timestamp", timestamp);
        fields.put("serial_no", serial);
        return new Signed(path, "WECHATPAY2-SHA256-RSA2048", fields, body);
    }

    /** The SDK's, from the files the program would read. */
    RSASigner merchantSigner() {
        return new RSASigner(
                PemUtil.getSerialNumber(PemUtil.loadX509FromPath(
                        folder.merchantCertificateFile().toString())),
                PemUtil.loadPrivateKeyFromPath(folder.merchantKeyFile().toString()));
    }

    MockHttpServletResponse send(Signed request) throws Exception {
        return send(request, request.authorization());
    }

    MockHttpServletResponse send(Signed request, String authorization) throws Exception {
        return mvc.perform(post(URI.create(request.path()))
                        .header("Authorization", authorization)
                        .contentType("application/json")
                        .content(request.body()))
                .andReturn()
                .getResponse();
    }

    MockHttpServletResponse call(String call, ObjectNode body) throws Exception {
        return send(signed(call, body.toString()));
    }

    /** The answer's body, once its status is the expected one. */
    JsonNode call(String call, ObjectNode body, int status) throws Exception {
        MockHttpServletResponse answer = call(call, body);
        assertThat(answer.getStatus()).as(answer.getContentAsString()).isEqualTo(status);
        return JSON.readTree(answer.getContentAsByteArray());
    }

    ObjectNode checkout(String number) throws IOException {
        return (ObjectNode) JSON.readTree("""
                {"merchant_id":"2480000001","app_id":"wx0123456789abcdef","out_trade_no":"%s","method_key":"CARD",
                 "mch_region":"SG","amount":{"total":1050,"currency":"SGD"},"description":"2 x 拿铁","expire_time":"%s",
                 "notify_url":"http://127.0.0.1:9/webhooks/tenpay/main/payments","payer":{"openid":"oUser"},
                 "goods":[{"goods_id":"latte","goods_name":"Latte","goods_category":"drinks","goods_quantity":"2",
                           "goods_unit_price":{"total":525,"currency":"SGD"}}]}
                """.formatted(number, clock.instant().plus(Duration.ofMinutes(30))));
    }

    ObjectNode inquiry(String number) {
        return JSON.createObjectNode().put("merchant_id", "2480000001").put("out_trade_no", number);
    }

    ObjectNode refund(String number, String refundNumber, long total) {
        ObjectNode refund = inquiry(number)
                .put("out_refund_no", refundNumber)
                .put("notify_url", "http://127.0.0.1:9/webhooks/tenpay/main/refunds");
        refund.putObject("amount").put("total", total).put("currency", "SGD");
        return refund;
    }

    /** An order that the shopper has paid. */
    JsonNode paid(String number) throws Exception {
        JsonNode answer = call("checkout-pay", checkout(number), 200);
        clock.pass(properties.payAfter());
        ledger.settleDue();
        return answer;
    }
}
