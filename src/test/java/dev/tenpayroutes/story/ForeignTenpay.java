package dev.tenpayroutes.story;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.wechat.pay.java.core.cipher.RSAVerifier;
import com.wechat.pay.java.core.util.PemUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Tenpay that isn't ours: the JDK's HTTP server, and the official WeChat Pay SDK to verify our requests and to sign the
 * answers. It knows nothing of the sandbox.
 */
final class ForeignTenpay implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern AUTHORIZATION = Pattern.compile(
            "(\\S+) mchid=\"(\\d+)\",nonce_str=\"([0-9a-f]{32})\",signature=\"([^\"]+)\",timestamp=\"(\\d+)\",serial_no=\"([0-9A-F]+)\"");

    private final HttpServer server;
    private final RSAVerifier merchant;
    private final String merchantSerial;
    private final TenpaySigner signer;
    private final String scheme;
    private final String headerPrefix;
    private final Map<String, JsonNode> orders = new ConcurrentHashMap<>();
    private final List<String> refusals = new CopyOnWriteArrayList<>();

    ForeignTenpay(TestAccount account, String scheme, String headerPrefix) throws IOException {
        Path folder = account.folder();
        X509Certificate certificate =
                PemUtil.loadX509FromPath(folder.resolve("merchant-cert.pem").toString());
        this.merchantSerial = PemUtil.getSerialNumber(certificate);
        this.merchant = new RSAVerifier(certificate.getPublicKey(), merchantSerial);
        this.signer = new TenpaySigner(folder.resolve("platform-key.pem"), folder.resolve("platform/platform.pem"));
        this.scheme = scheme;
        this.headerPrefix = headerPrefix;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/payment/v1/", this::answer);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** What was wrong with requests: empty when the SDK accepted every one. */
    List<String> refusals() {
        return refusals;
    }

    JsonNode order(String number) {
        return orders.get(number);
    }

    TenpaySigner signer() {
        return signer;
    }

    private void answer(HttpExchange exchange) throws IOException {
        byte[] bytes = exchange.getRequestBody().readAllBytes();
        String body = new String(bytes, StandardCharsets.UTF_8);
        String problem = problem(exchange, body);
        ObjectNode reply = JSON.createObjectNode();
        int status = 200;
        if (problem == null) {
            JsonNode request = JSON.readTree(body);
            String number = request.path("out_trade_no").asText();
            if (exchange.getRequestURI().getPath().endsWith("/checkout-pay")) {
                orders.putIfAbsent(number, request);
            }
            reply.put("merchant_id", request.path("merchant_id").asText())
                    .put("out_trade_no", number)
                    .put("payment_id", "4200" + Math.abs(number.hashCode()))
                    .put("prepay_info", "prepay-" + number)
                    .put("status", "PROCESSING");
        } else {
            refusals.add(problem);
            status = 401;
            reply.put("code", "SIGN_ERROR").put("message", problem);
        }
        String text = reply.toString();
        String[] headers = signer.headers(text);
        for (int i = 0; i < headers.length; i += 2) {
            exchange.getResponseHeaders().add(headers[i].replace("Wechatpay", headerPrefix), headers[i + 1]);
        }
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        byte[] answer = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }

    private String problem(HttpExchange exchange, String body) {
        String header = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
        Matcher parts = AUTHORIZATION.matcher(header);
        if (!parts.matches()) {
            return "Authorization has another form";
        }
        if (!parts.group(1).equals(scheme) || !parts.group(6).equals(merchantSerial)) {
            return "another scheme or serial";
        }
        String text = exchange.getRequestMethod() + "\n" + exchange.getRequestURI() + "\n" + parts.group(5) + "\n"
                + parts.group(3) + "\n" + body + "\n";
        return merchant.verify(parts.group(6), text, parts.group(4)) ? null : "the SDK refuses the signature";
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
