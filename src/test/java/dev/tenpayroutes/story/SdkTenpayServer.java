package dev.tenpayroutes.story;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import com.wechat.pay.java.core.cipher.RSAVerifier;
import com.wechat.pay.java.core.util.PemUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Tenpay that isn't ours: the JDK's HTTP server, and the official WeChat Pay SDK to verify our requests and to sign the
 * answers. It knows nothing of the sandbox.
 */
final class SdkTenpayServer implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern AUTHORIZATION = Pattern.compile(
            "(\\S+) mchid=\"(\\d+)\",nonce_str=\"([0-9a-f]{32})\",signature=\"([^\"]+)\",timestamp=\"(\\d+)\",serial_no=\"([0-9A-F]+)\"");

    private final HttpServer server;
    private final String url;
    private final Map<String, RSAVerifier> merchants = new ConcurrentHashMap<>();
    private volatile TenpaySigner signer;
    private volatile Duration delay = Duration.ZERO;
    private final String scheme;
    private final String headerPrefix;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, JsonNode> orders = new ConcurrentHashMap<>();
    private final Map<String, JsonNode> refunds = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
    private final Map<String, String> outcomes = new ConcurrentHashMap<>();
    private final Map<String, String> refused = new ConcurrentHashMap<>();
    private final List<String> conflicts = new CopyOnWriteArrayList<>();
    private final Set<String> stalled = ConcurrentHashMap.newKeySet();
    private final Map<String, Map<String, List<String>>> headers = new ConcurrentHashMap<>();
    private final List<String> refusals = new CopyOnWriteArrayList<>();

    SdkTenpayServer(TestAccount account, String scheme, String headerPrefix) throws IOException {
        this(account, scheme, headerPrefix, HttpServer.create(anyPort(), 0), "http://127.0.0.1:");
    }

    /** One that speaks TLS, as {@code localhost}. */
    SdkTenpayServer(TestAccount account, HttpsConfigurator tls) throws IOException {
        this(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay", https(tls), "https://localhost:");
    }

    private SdkTenpayServer(TestAccount account, String scheme, String headerPrefix, HttpServer server, String url)
            throws IOException {
        Path folder = account.folder();
        accept(folder.resolve("merchant-cert.pem"));
        this.signer = new TenpaySigner(folder.resolve("platform-key.pem"), folder.resolve("platform/platform.pem"));
        this.scheme = scheme;
        this.headerPrefix = headerPrefix;
        this.server = server;
        this.url = url + server.getAddress().getPort();
        server.setExecutor(threads);
        server.createContext("/api/payment/v1/", this::answer);
        server.start();
    }

    private static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private static HttpsServer https(HttpsConfigurator tls) throws IOException {
        HttpsServer server = HttpsServer.create(anyPort(), 0);
        server.setHttpsConfigurator(tls);
        return server;
    }

    /** The merchant uploads a certificate, and those before it go on counting. */
    void accept(Path certificateFile) {
        X509Certificate certificate = PemUtil.loadX509FromPath(certificateFile.toString());
        String hex = PemUtil.getSerialNumber(certificate);
        // As openssl prints it, which the SDK doesn't.
        String serial = hex.length() % 2 == 0 ? hex : "0" + hex;
        merchants.put(serial, new RSAVerifier(certificate.getPublicKey(), serial));
    }

    /** The answers are signed by another platform key from now on. */
    void signWith(TenpaySigner other) {
        signer = other;
    }

    String url() {
        return url;
    }

    /** What was wrong with requests: empty when the SDK accepted every one. */
    List<String> refusals() {
        return refusals;
    }

    JsonNode order(String number) {
        return orders.get(number);
    }

    /** The headers of the last call about an order. */
    Map<String, List<String>> headersOf(String number) {
        return headers.get(number);
    }

    /** Every order that came, by its number. */
    Map<String, JsonNode> orders() {
        return orders;
    }

    /** Every refund that came, by its number. */
    Map<String, JsonNode> refunds() {
        return refunds;
    }

    /** Numbers that came again with other content. */
    List<String> conflicts() {
        return conflicts;
    }

    /** From now on this order or refund has this status, and not PROCESSING. */
    void decide(String number, String status) {
        outcomes.put(number, status);
    }

    /** From now on this order or refund is refused with this code, and so never had. */
    void refuse(String number, String code) {
        refused.put(number, code);
    }

    TenpaySigner signer() {
        return signer;
    }

    /** How often a call came, for any payment. */
    int allCalls(String call) {
        return calls.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(call + " "))
                .mapToInt(entry -> entry.getValue().get())
                .sum();
    }

    /** How often a call came for an order, or for a refund, whose number it then is. */
    int calls(String call, String number) {
        return calls.computeIfAbsent(call + " " + number, key -> new AtomicInteger())
                .get();
    }

    /** Carries out what is asked about this number, and holds back the answer until {@link #letGo}. */
    void stall(String number) {
        stalled.add(number);
    }

    synchronized void letGo(String number) {
        stalled.remove(number);
        notifyAll();
    }

    synchronized void letGo() {
        stalled.clear();
        notifyAll();
    }

    /** Every answer is valid, and comes so much later. */
    void answerAfter(Duration delay) {
        this.delay = delay;
    }

    private synchronized void waitWhileStalled(String number) {
        while (stalled.contains(number)) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        byte[] bytes = exchange.getRequestBody().readAllBytes();
        String body = new String(bytes, StandardCharsets.UTF_8);
        String problem = problem(exchange, body);
        ObjectNode reply = JSON.createObjectNode();
        int status = 200;
        if (problem == null) {
            JsonNode request = JSON.readTree(body);
            String call = exchange.getRequestURI().getPath().replaceFirst(".*/", "");
            String number = request.path("out_trade_no").asText();
            String refund = request.path("out_refund_no").asText();
            String subject = refund.isEmpty() ? number : refund;
            switch (refused.containsKey(subject) ? "" : call) {
                case "checkout-pay" -> book(orders, number, request);
                case "refund" -> book(refunds, refund, request);
                default -> {}
            }
            headers.put(number, Map.copyOf(exchange.getRequestHeaders()));
            calls.computeIfAbsent(call + " " + subject, key -> new AtomicInteger())
                    .incrementAndGet();
            JsonNode booked = refund.isEmpty() ? orders.get(number) : refunds.get(refund);
            if (refused.containsKey(subject) && !call.startsWith("inquiry-")) {
                status = 409;
                reply.put("code", refused.get(subject)).put("message", "refused");
            } else if (booked == null) {
                status = 404;
                reply.put("code", refund.isEmpty() ? "ORDER_NOT_EXIST" : "REFUND_NOT_EXIST");
            } else {
                reply.put("merchant_id", booked.path("merchant_id").asText())
                        .put("out_trade_no", booked.path("out_trade_no").asText())
                        .put("status", outcomes.getOrDefault(subject, "PROCESSING"));
                if (refund.isEmpty()) {
                    reply.put("payment_id", "4200" + Math.abs(number.hashCode()));
                } else {
                    reply.put("out_refund_no", refund).put("refund_id", "5030" + Math.abs(refund.hashCode()));
                }
                if (call.equals("checkout-pay")) {
                    reply.put("prepay_info", "prepay-" + number);
                } else {
                    reply.set("amount", booked.path("amount"));
                }
            }
            waitWhileStalled(subject);
            pause();
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

    private void pause() {
        try {
            Thread.sleep(delay.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void book(Map<String, JsonNode> ledger, String number, JsonNode request) {
        JsonNode before = ledger.putIfAbsent(number, request);
        if (before != null && !before.equals(request)) {
            conflicts.add(number);
        }
    }

    private String problem(HttpExchange exchange, String body) {
        String header = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
        Matcher parts = AUTHORIZATION.matcher(header);
        if (!parts.matches()) {
            return "Authorization has another form";
        }
        RSAVerifier merchant = merchants.get(parts.group(6));
        if (!parts.group(1).equals(scheme) || merchant == null) {
            return "another scheme or serial";
        }
        String text = exchange.getRequestMethod() + "\n" + exchange.getRequestURI() + "\n" + parts.group(5) + "\n"
                + parts.group(3) + "\n" + body + "\n";
        return merchant.verify(parts.group(6), text, parts.group(4)) ? null : "the SDK refuses the signature";
    }

    @Override
    public void close() {
        letGo();
        server.stop(0);
        threads.shutdownNow();
    }
}
