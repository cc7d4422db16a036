package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.TenpayGlobalRoutes;
import dev.tenpayroutes.account.KeyMaterialFixture;
import dev.tenpayroutes.sandbox.FreePort;
import dev.tenpayroutes.signature.KeyFixture;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.test.spring.junit5.CamelSpringBootTest;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/**
 * What a user lives through: the whole program over real HTTP, on a real PostgreSQL, against the Tenpay stand-in.
 *
 * <p>The shopper waits until a story says what he does; the poller sleeps unless a story is about it.
 */
@SpringBootTest(classes = TenpayGlobalRoutes.class, webEnvironment = SpringBootTest.WebEnvironment.DEFINED_PORT)
@CamelSpringBootTest
@ActiveProfiles("sandbox")
@TestPropertySource(
        properties = {
            "tenpay.poll.first-delay=1h",
            "tenpay.circuit-breaker.sliding-window-size=1000",
            "tenpay.call-timeout=1500ms",
            "tenpay.sandbox.server-url=${stories.server}",
            // When the stories are over, a dozen of programs stop one after the other.
            "server.shutdown=immediate",
            "camel.main.shutdown-timeout=1"
        })
abstract class Story implements Callers {

    static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    @Autowired
    JdbcClient db;

    @Autowired
    org.springframework.core.env.Environment settings;

    /** The one that the sandbox has made. */
    final String databaseName() {
        return settings.getRequiredProperty("spring.datasource.url").replaceFirst(".*/([^/?]+).*", "$1");
    }

    private static EmbeddedPostgres server;

    /**
     * One server for the programs of this JVM, each of which has a database of its own there. Its locale is Turkish, where
     * the small I has no dot, and its defaults for dates, times, intervals, bytes, texts, arrays and transactions are all
     * others than PostgreSQL's.
     */
    private static synchronized String server() {
        if (server == null) {
            try {
                server = EmbeddedPostgres.builder()
                        .setPort(FreePort.find())
                        .setServerConfig("max_connections", "300")
                        .setLocaleConfig("locale-provider", "icu")
                        .setLocaleConfig("icu-locale", "tr-TR")
                        .setServerConfig("datestyle", "SQL,DMY")
                        .setServerConfig("timezone", "Asia/Kathmandu")
                        .setServerConfig("intervalstyle", "sql_standard")
                        .setServerConfig("bytea_output", "escape")
                        .setServerConfig("standard_conforming_strings", "off")
                        .setServerConfig("array_nulls", "off")
                        .setServerConfig("extra_float_digits", "-15")
                        .setServerConfig("default_transaction_isolation", "serializable")
                        .start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return server.getJdbcUrl("postgres", "postgres");
    }

    /** Making RSA keys is a large part of a sandbox's first start. */
    private static String withKeys(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("merchant-key.pem"), KeyMaterialFixture.key(KeyFixture.MERCHANT));
            Files.writeString(folder.resolve("platform-key.pem"), KeyMaterialFixture.key(KeyFixture.TENPAY));
            return folder.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private TenpaySigner tenpay;

    /** Signs by the official SDK and the stand-in's key. */
    final TenpaySigner tenpay() {
        if (tenpay == null) {
            Path folder = Path.of(settings.getRequiredProperty("tenpay.sandbox.folder"));
            tenpay = new TenpaySigner(
                    folder.resolve("platform-key.pem"), folder.resolve("platform-certificates/platform.pem"));
        }
        return tenpay;
    }

    /** The answers to calls that are made at one moment, each by a thread of its own. */
    static List<Answer> atOnce(List<Callable<Answer>> calls) throws Exception {
        List<Callable<Answer>> shuffled = new ArrayList<>(calls);
        Collections.shuffle(shuffled);
        ExecutorService threads = Executors.newFixedThreadPool(calls.size());
        try {
            List<Answer> answers = new ArrayList<>();
            for (Future<Answer> answer : threads.invokeAll(shuffled)) {
                answers.add(answer.get());
            }
            return answers;
        } finally {
            threads.shutdownNow();
        }
    }

    @DynamicPropertySource
    static void program(DynamicPropertyRegistry registry) {
        int port = FreePort.find();
        registry.add("server.port", () -> port);
        registry.add("stories.server", Story::server);
        String folder = withKeys(Path.of("target/stories/" + port));
        registry.add("tenpay.sandbox.folder", () -> folder);
        registry.add("tenpay.sandbox.pay-after", () -> "1h");
        registry.add("tenpay.sandbox.refund-after", () -> "1h");
        registry.add("tenpay.sandbox.late-by", () -> "3s");
        registry.add("tenpay.sandbox.retry-delays", () -> "300ms,300ms,1s,1s,1s,1s");
        registry.add("tenpay.notifications.claim-interval", () -> "200ms");
        registry.add("tenpay.notifications.lease", () -> "1s");
        TestAccount macau = TestAccount.create("macau");
        macau.settings().forEach((name, value) -> registry.add(name, () -> value));
        Callers.register(registry);
        for (String role : List.of("viewer", "support", "finance", "operator")) {
            person(registry, role, role, "main");
        }
        person(registry, "neighbour", "operator", "macau");
        person(registry, "forgetful", "viewer", "main");
        // The sandbox shows the contract to everybody; an operator who doesn't is the harder case.
        registry.add("tenpay.docs.public", () -> false);
    }

    /** The password of the people whom the console knows. */
    static final String PASSWORD = "a password of people";

    /** bcrypt with few rounds: the stories log in often. */
    private static final String HASH = new BCryptPasswordEncoder(8).encode(PASSWORD);

    private static void person(DynamicPropertyRegistry registry, String name, String role, String accounts) {
        String user = "tenpay.console.users." + name + ".";
        registry.add(user + "password-hash", () -> HASH);
        registry.add(user + "role", () -> role);
        registry.add(user + "accounts", () -> accounts);
    }

    static String without(String scope) {
        return Callers.without(scope);
    }

    @Autowired
    CircuitBreakerRegistry breakers;

    @AfterEach
    void noFaultOutlivesItsStory() {
        breakers.getAllCircuitBreakers().forEach(CircuitBreaker::reset);
        send("DELETE", "/sandbox/faults", null, null);
    }

    record Answer(int status, String type, JsonNode body, String content, Map<String, List<String>> headers) {

        static Answer of(int status, Map<String, List<String>> headers, byte[] content) {
            String type = String.join(",", headers.getOrDefault("content-type", List.of()));
            String text = new String(content, StandardCharsets.UTF_8);
            try {
                JsonNode body = type.contains("json") ? JSON.readTree(text) : JSON.missingNode();
                return new Answer(status, type, body, text, headers);
            } catch (JsonProcessingException e) {
                throw new AssertionError("an answer that calls itself " + type + " is no JSON: " + text, e);
            }
        }

        String text(String field) {
            return body.path(field).asText(null);
        }
    }

    static String newNumber() {
        // Without a zero: who changes an amount in a body changes nothing else.
        return "SO-%012d-%d"
                .formatted(System.nanoTime() % 1_000_000_000_000L, NUMBERS.incrementAndGet())
                .replace('0', 'O');
    }

    static String order(String number) {
        return """
                {"orderNo":"%s","paymentMethod":"CARD","region":"SG","amount":{"total":1050,"currency":"SGD"},\
                "description":"2 x latte","metadata":{"costCentre":"42"}}""".formatted(number);
    }

    record Call(String method, String path, String body) {}

    /** A call of every operation of the contract that is answered by 2xx, and may be sent again. */
    Map<String, Call> goodCalls() {
        String open = "/v1/payments/" + pendingPayment();
        String number = paidPayment();
        String paid = "/v1/payments/" + number;
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);
        String refund = "/v1/refunds/" + refundNumber;
        Map<String, Call> good = new HashMap<>();
        good.put("createPayment", new Call("POST", "/v1/payments", order(newNumber())));
        good.put("listPayments", new Call("GET", "/v1/payments", null));
        good.put("getPayment", new Call("GET", open, null));
        good.put("syncPayment", new Call("POST", open + "/sync", null));
        good.put("closePayment", new Call("POST", open + "/close", null));
        good.put("listPaymentEvents", new Call("GET", paid + "/events", null));
        good.put("createRefund", new Call("POST", paid + "/refunds", refund(refundNumber, 250)));
        good.put("listRefunds", new Call("GET", paid + "/refunds", null));
        good.put("getRefund", new Call("GET", refund, null));
        good.put("syncRefund", new Call("POST", refund + "/sync", null));
        String event = "/v1/events/" + eventId(number, "payment.succeeded");
        good.put("listEvents", new Call("GET", "/v1/events", null));
        good.put("getEvent", new Call("GET", event, null));
        good.put("redeliverEvent", new Call("POST", event + "/redeliver", null));
        good.put("redeliverEvents", new Call("POST", "/v1/events/redeliver", LONG_AGO));
        good.put("searchRefunds", new Call("GET", "/v1/refunds", null));
        good.put("testEvents", new Call("POST", "/v1/events/test", null));
        good.put("getDailyReport", new Call("GET", "/v1/reports/daily?from=2026-11-23&to=2026-11-23", null));
        good.put("listReviews", new Call("GET", "/v1/reviews", null));
        String reviewed = paidPayment();
        String reviewedRefund = newRefundNumber();
        refund(reviewed, reviewedRefund, 250);
        good.put("resolvePaymentReview", new Call("POST", reviewed(reviewed) + "/review/resolve", KEEP));
        good.put("resolveRefundReview", new Call("POST", reviewed(reviewedRefund) + "/review/resolve", KEEP));
        // Before another client does.
        post(good.get("resolvePaymentReview").path(), KEEP);
        post(good.get("resolveRefundReview").path(), KEEP);
        String hold = "/v1/accounts/main/refund-hold";
        good.put("getRefundHold", new Call("GET", hold, null));
        good.put("holdRefunds", new Call("PUT", hold, null));
        good.put("releaseRefunds", new Call("DELETE", hold, null));
        good.put("listPaymentMethods", new Call("GET", "/v1/payment-methods", null));
        good.put("getContract", new Call("GET", "/v1/openapi.yaml", null));
        return good;
    }

    static final String KEEP = """
            {"outcome":"KEEP","note":"compared with the portal"}""";

    /** A payment or refund that needs a person, since it is stuck; its path. */
    String reviewed(String number) {
        boolean refund = number.startsWith("RF-");
        db.sql("update " + (refund ? "refund" : "payment") + " set review = 'STUCK' where "
                        + (refund ? "refund_no" : "order_no") + " = ? and account = 'main'")
                .param(number)
                .update();
        return "/v1/" + (refund ? "refunds/" : "payments/") + number;
    }

    /** Asks for events to be sent again, of a time when there were none. */
    static final String LONG_AGO = """
            {"createdFrom":"2020-01-01T00:00:00Z","createdTo":"2020-01-02T00:00:00Z",\
            "settledBefore":"2020-01-02T00:00:00Z"}""";

    /** The id of a payment's event of a type, or of its refund's. */
    String eventId(String number, String type) {
        return db.sql("select cast(e.event_id as text) from erp_event e join payment p on p.id = e.payment_id"
                        + " where p.order_no = ? and e.type = ? order by e.id limit 1")
                .params(List.of(number, type))
                .query(String.class)
                .single();
    }

    Answer post(String path, String body) {
        return send("POST", path, KEY, body);
    }

    Answer get(String path) {
        return send("GET", path, KEY, null);
    }

    Answer payment(String number) {
        return get("/v1/payments/" + number);
    }

    /** A payment that waits for its shopper. */
    String pendingPayment() {
        String number = newNumber();
        assertThat(post("/v1/payments", order(number)).status()).isEqualTo(201);
        return number;
    }

    /** A payment that its shopper has paid: 1050 SGD by card. */
    String paidPayment() {
        String number = pendingPayment();
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        return number;
    }

    void shopper(String number, String outcome) {
        Answer answer = send("POST", "/sandbox/payments/" + number + "/outcome", null, "\"" + outcome + "\"");
        assertThat(answer.status()).isEqualTo(200);
    }

    /** The other account uses this payment's number, and its refunds' numbers, too. */
    void alsoInMacau(String number) {
        for (String table : List.of("payment", "refund")) {
            db.sql("insert into " + table + " overriding system value select (jsonb_populate_record(x,"
                            + " jsonb_build_object('account', 'macau', 'id', x.id + 1000000000))).* from " + table
                            + " x where order_no = ? and account = 'main' on conflict do nothing")
                    .param(number)
                    .update();
        }
    }

    static String newRefundNumber() {
        return newNumber().replace("SO-", "RF-");
    }

    static String refund(String refundNumber, long total) {
        return """
                {"refundNo":"%s","amount":{"total":%d,"currency":"SGD"},"reason":"one latte was cold"}""".formatted(refundNumber, total);
    }

    /** Asks for a refund of a payment. */
    Answer refund(String number, String refundNumber, long total) {
        return post("/v1/payments/" + number + "/refunds", refund(refundNumber, total));
    }

    Answer refundOf(String refundNumber) {
        return get("/v1/refunds/" + refundNumber);
    }

    /** What was refunded of a payment, as the API shows it. */
    long refunded(String number) {
        return payment(number).body().path("refunded").path("total").asLong();
    }

    /** The bank decides a refund. */
    void bank(String refundNumber, String outcome) {
        Answer answer = send("POST", "/sandbox/refunds/" + refundNumber + "/outcome", null, "\"" + outcome + "\"");
        assertThat(answer.status()).isEqualTo(200);
    }

    void refundIsSoon(String refundNumber, String status) {
        eventually()
                .untilAsserted(
                        () -> assertThat(refundOf(refundNumber).text("status")).isEqualTo(status));
    }

    int refundCallsAtTenpay(String refundNumber, String call) {
        return get("/sandbox/refunds/" + refundNumber)
                .body()
                .path("calls")
                .path(call)
                .asInt();
    }

    /**
     * Spoils Tenpay's next answer to a call about this payment or refund; the poller may ask about another story's
     * meanwhile.
     */
    void fault(String number, String call, String fault) {
        faults(number, call, fault, 1);
    }

    void faults(String number, String call, String fault, int times) {
        Answer answer = send(
                "POST",
                "/sandbox/faults",
                null,
                "{\"call\":\"%s\",\"number\":\"%s\",\"fault\":\"%s\",\"times\":%d}"
                        .formatted(call, number, fault, times));
        assertThat(answer.status()).isEqualTo(200);
    }

    /** How often the stand-in received a call for an order. */
    int callsAtTenpay(String number, String call) {
        return get("/sandbox/payments/" + number)
                .body()
                .path("calls")
                .path(call)
                .asInt();
    }

    void isSoon(String number, String status) {
        eventually()
                .untilAsserted(() -> assertThat(payment(number).text("status")).isEqualTo(status));
    }

    static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(50));
    }

    List<String> history(String number) {
        return db.sql("""
                        select h.source || ' ' || h.outcome || ' ' || h.status_after
                        from history h join payment p on p.id = h.payment_id
                        where p.order_no = ? order by h.id
                        """).param(number).query(String.class).list();
    }

    List<String> events(String number) {
        return db.sql("""
                        select e.type from erp_event e join payment p on p.id = e.payment_id
                        where p.order_no = ? order by e.id
                        """).param(number).query(String.class).list();
    }

    int count(String sql, Object... params) {
        return db.sql(sql).params(List.of(params)).query(Integer.class).single();
    }

    int port() {
        return settings.getRequiredProperty("server.port", Integer.class);
    }

    String url(String path) {
        return "http://127.0.0.1:" + port() + path;
    }

    Answer send(String method, String path, String key, String body, String... headers) {
        byte[] bytes = body == null ? null : body.getBytes(StandardCharsets.UTF_8);
        return sendBytes(method, path, key, bytes, "application/json", headers);
    }

    Answer sendBytes(String method, String path, String key, byte[] body, String type, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url(path)))
                .timeout(Duration.ofSeconds(20))
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        if (key != null) {
            request.header("X-API-Key", key);
        }
        if (body != null) {
            request.header("Content-Type", type);
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            HttpResponse<byte[]> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            return kept(
                    method,
                    path,
                    Answer.of(response.statusCode(), response.headers().map(), response.body()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** No story passes in which the merchant API answers what its contract doesn't say. */
    private static Answer kept(String method, String path, Answer answer) {
        if (path.startsWith("/v1/")) {
            PublishedContract.THE.complaint(method, path, answer).ifPresent(complaint -> {
                throw new AssertionError(complaint);
            });
        }
        return answer;
    }
}
