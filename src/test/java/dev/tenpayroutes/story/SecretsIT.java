package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * No secret leaves the program: the packaged jar runs with secrets that can be told from everything else, logs all it can,
 * meets every error we can bring about, and is then searched.
 */
class SecretsIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String HOOK = "/webhooks/tenpay/main/payments";

    /** Everything that could talk, as loud as it can; the store's driver spells BEGIN when it is louder. */
    private static final Map<String, String> LOUD = Map.ofEntries(
            Map.entry("root", "DEBUG"),
            Map.entry("org.apache.camel", "DEBUG"),
            Map.entry("org.apache.camel.spring.spi", "TRACE"),
            Map.entry("org.apache.camel.processor", "TRACE"),
            Map.entry("org.apache.camel.component", "TRACE"),
            Map.entry("org.apache.hc", "TRACE"),
            Map.entry("org.apache.coyote", "TRACE"),
            Map.entry("org.apache.tomcat", "TRACE"),
            Map.entry("org.apache.catalina", "TRACE"),
            Map.entry("org.springframework", "DEBUG"),
            Map.entry("org.springframework.web", "TRACE"),
            Map.entry("org.springframework.security", "TRACE"),
            Map.entry("org.springframework.jdbc", "TRACE"),
            Map.entry("org.springframework.core.env", "TRACE"),
            Map.entry("org.springframework.boot.context", "TRACE"),
            Map.entry("org.springframework.boot.web.servlet.context", "TRACE"),
            Map.entry("com.zaxxer.hikari", "TRACE"),
            Map.entry("com.networknt", "DEBUG"),
            Map.entry("org.flywaydb", "DEBUG"));

    private static EmbeddedPostgres postgres;
    private static TestAccount account;

    @TempDir
    Path folder;

    private final Canaries canaries = new Canaries();
    private final StringBuilder answers = new StringBuilder();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final String key = canaries.make("client-key");
    private final String eventHeader = canaries.make("event-header");
    private final String hashedKey = canaries.make("hashed-client-key");
    private final String apiKey = canaries.watch("api-key", "Canary+api/key%3456789012345678+");

    private HttpServer tenpay;
    private StrictProxy proxy;
    /** Accepts connections and says nothing. An HTTP server would answer a handshake whose random bytes hold an end of line. */
    private ServerSocket silent;

    private TenpaySigner signer;
    private TcpFaultProxy cable;
    private JarProcess program;

    @BeforeAll
    static void databaseAndKeys() throws IOException {
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
        account = TestAccount.create("main");
    }

    @AfterAll
    static void stopDatabase() throws IOException {
        postgres.close();
    }

    @BeforeEach
    void aProgramFullOfSecretsAndAnIllTenpay() throws Exception {
        signer = new TenpaySigner(
                account.folder().resolve("platform-key.pem"), account.folder().resolve("platform/platform.pem"));
        tenpay = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        tenpay.setExecutor(threads);
        tenpay.createContext("/", this::answerIll);
        tenpay.start();
        cable = new TcpFaultProxy(postgres.getPort());
        program = new JarProcess(
                folder, account, "jdbc:postgresql://127.0.0.1:" + cable.port() + "/postgres?ApplicationName=canaries");
        Map<String, String> settings = program.settings();
        settings.put("spring.profiles.active", "production,dev");
        settings.put("tenpay.routes", "file:" + folder.resolve("routes"));
        settings.put(
                "tenpay.base-url", "http://127.0.0.1:" + tenpay.getAddress().getPort());
        settings.put("tenpay.call-timeout", "1s");
        settings.put("tenpay.poll.submit-lease", "3s");
        settings.put("tenpay.poll.first-delay", "1s");
        settings.put("tenpay.poll.interval", "1s");
        settings.put("tenpay.circuit-breaker.sliding-window-size", "1000");

        canaries.watchKey("private key", account.folder().resolve("merchant-key.pem"));
        Path passphrase = Files.writeString(folder.resolve("passphrase"), canaries.make("private-key-password"));
        Path encrypted = folder.resolve("merchant-key.pem");
        TestAccount.run(
                "openssl",
                "pkcs8",
                "-topk8",
                "-v2",
                "aes-256-cbc",
                "-passout",
                "file:" + passphrase,
                "-in",
                account.folder().resolve("merchant-key.pem").toString(),
                "-out",
                encrypted.toString());
        settings.put("tenpay.accounts.main.private-key", encrypted.toString());
        settings.put("tenpay.accounts.main.private-key-password", Files.readString(passphrase));
        settings.put("tenpay.accounts.main.api-key", apiKey);
        settings.put("tenpay.clients.erp.api-key", key);
        settings.put(
                "tenpay.clients.other.api-key-sha256",
                HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256")
                                .digest(hashedKey.getBytes(StandardCharsets.UTF_8))));
        settings.put("tenpay.clients.other.accounts", "main");
        settings.put("tenpay.clients.other.scopes", "payments:read");
        String password = canaries.make("proxy-password");
        proxy = new StrictProxy("merchant", password);
        settings.put("camel.component.http.proxy-host", "127.0.0.1");
        settings.put("camel.component.http.proxy-port", Integer.toString(proxy.port()));
        settings.put("camel.component.http.proxy-auth-method", "Basic");
        settings.put("camel.component.http.proxy-auth-username", "merchant");
        settings.put("camel.component.http.proxy-auth-password", password);
        settings.put("camel.component.http.non-proxy-hosts", "127.0.0.1");
        // Through the proxy there is a server that speaks no TLS.
        silent = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
        account.settings().forEach((name, value) -> settings.put(name.replace(".main.", ".behind."), value));
        settings.put("tenpay.accounts.behind.merchant-id", "2480000003");
        settings.put("tenpay.accounts.behind.base-url", "https://localhost:" + silent.getLocalPort());
        settings.put("tenpay.clients.erp.accounts", "main,behind");
        settings.put(
                "tenpay.accounts.main.events.url",
                "http://127.0.0.1:" + tenpay.getAddress().getPort() + "/erp");
        settings.put("tenpay.events.allowed-networks", "127.0.0.0/8");
        settings.put("tenpay.events.claim-interval", "200ms");
        byte[] eventSecret = canaries.watch("event-secret", "Canary/event+secret%of-32-bytes!")
                .getBytes(StandardCharsets.UTF_8);
        settings.put(
                "tenpay.accounts.main.events.secrets",
                canaries.watch("event-secret", "whsec_" + Base64.getEncoder().encodeToString(eventSecret)));
        settings.put("tenpay.accounts.main.events.headers.authorization", eventHeader);
        settings.put("spring.security.oauth2.resourceserver.jwt.issuer-uri", "http://127.0.0.1:1/issuer");
        settings.put("spring.datasource.username", "teller");
        settings.put("spring.datasource.password", databaseUser());
        LOUD.forEach((logger, level) -> settings.put("logging.level." + logger, level));
    }

    /** Also when a test has failed before it could search: a secret that was told is never hidden by what it has broken. */
    @AfterEach
    void stopAllAndSearch() throws Exception {
        program.stop();
        tenpay.stop(0);
        proxy.close();
        silent.close();
        threads.shutdownNow();
        cable.close();
        assertThat(canaries.heardIn(program.output())).isEmpty();
        assertThat(canaries.heardIn(answers.toString())).isEmpty();
    }

    /** A user whose password PostgreSQL asks for; the embedded one trusts everybody else. */
    private String databaseUser() throws IOException {
        String password = canaries.make("database-password");
        JdbcClient store = JdbcClient.create(postgres.getPostgresDatabase());
        store.sql("drop schema public cascade; create schema public; drop role if exists teller")
                .update();
        store.sql("create role teller superuser login password '" + password + "'")
                .update();
        Path rules = Path.of(store.sql("show hba_file").query(String.class).single());
        String asked = "host all teller 127.0.0.1/32 scram-sha-256\n";
        if (!Files.readString(rules).startsWith(asked)) {
            Files.writeString(rules, asked + Files.readString(rules));
        }
        store.sql("select pg_reload_conf()").query(Boolean.class).single();
        return password;
    }

    /** The order's number says what is wrong with the answer. */
    private void answerIll(HttpExchange exchange) throws IOException {
        if (exchange.getRequestURI().getPath().equals("/erp")) {
            // An ERP that repeats what it was sent.
            byte[] echo = exchange.getRequestHeaders().toString().getBytes(StandardCharsets.UTF_8);
            events.add(exchange.getRequestHeaders().getFirst("Authorization"));
            exchange.sendResponseHeaders(500, echo.length);
            exchange.getResponseBody().write(echo);
            exchange.close();
            return;
        }
        JsonNode asked = JSON.readTree(exchange.getRequestBody().readAllBytes());
        String number = asked.path("out_trade_no").asText();
        String authorization = exchange.getRequestHeaders().getFirst("Authorization");
        int status =
                switch (number.replaceFirst("-[0-9]+$", "")) {
                    case "SIGN-ERROR" -> 401;
                    case "PARAM-ERROR" -> 400;
                    case "UNSIGNED", "SYSTEM-ERROR" -> 500;
                    case "BUSY" -> 503;
                    case "CHANGED" -> 307;
                    default -> 200;
                };
        // A server may repeat its request in its answer.
        String text = number.startsWith("BROKEN")
                ? "{\"echo\":" + authorization
                : JSON.createObjectNode()
                        .put("code", number.replaceFirst("-[0-9]+$", "").replace('-', '_'))
                        .put("message", "you sent " + authorization)
                        .put("merchant_id", "2480000002")
                        .put("out_trade_no", number)
                        .put("status", "PROCESSING")
                        .put("payment_id", "4200" + Math.abs(number.hashCode()))
                        .put("prepay_info", "prepay")
                        .toString();
        String[] headers = number.startsWith("STALE")
                ? signer.headers(text, Instant.now().minusSeconds(900))
                : signer.headers(text);
        if (!number.startsWith("UNSIGNED") && !number.startsWith("BUSY")) {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
            }
        }
        if (number.startsWith("SILENT")) {
            Awaitility.await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
        }
        if (number.startsWith("GONE")) {
            exchange.close();
            return;
        }
        exchange.getResponseHeaders().add("Location", "http://127.0.0.1:1/elsewhere");
        byte[] bytes = (number.startsWith("CHANGED") ? text + " " : text).getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private int send(String method, String path, String body, String... headers) {
        HttpResponse<String> answer = program.send(method, path, body, headers);
        answers.append(method + " " + path + " " + answer.statusCode() + " "
                + answer.headers().map() + "\n" + answer.body() + "\n");
        return answer.statusCode();
    }

    private int post(String path, String body) {
        return send("POST", path, body, "X-API-Key", key);
    }

    private int get(String path) {
        return send("GET", path, null, "X-API-Key", key);
    }

    private String bearer(String name) {
        return "Bearer eyJhbGciOiJSUzI1NiJ9."
                + canaries.watch(name, "eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEvaXNzdWVyIiwic3ViIjoiQ2FuYXJ5In0") + ".c2ln";
    }

    @Test
    void noSecretIsInLogsAnswersOrOpenEndpointsWhateverGoesWrong() throws Exception {
        copyRoutes();
        program.startAndWait();

        everyOrderEndsInItsOwnWay();
        aProxyLeadsToSomebodyElse();
        theErpRefusesItsEvents();
        callersAreRefused();
        notificationsAreRefused();
        lookBehindTheCounter();
        aRouteIsBrokenLive();
        theDatabaseIsAway();
        assertThat(program.stop()).isLessThan(Duration.ofSeconds(20));

        String log = program.output();
        assertThat(log)
                .as("the log was as loud as it was meant to be")
                .contains("DEBUG", "TRACE", "InternalHttpClient", "FilterChainProxy", "HikariConfig");
    }

    private void everyOrderEndsInItsOwnWay() {
        for (String illness : List.of(
                "WELL",
                "SIGN-ERROR",
                "PARAM-ERROR",
                "UNSIGNED",
                "SYSTEM-ERROR",
                "BUSY",
                "CHANGED",
                "BROKEN",
                "STALE",
                "CHANGED",
                "SILENT",
                "GONE")) {
            String number = illness + "-000001";
            assertThat(post("/v1/payments", FaultStoryTest.order(number)))
                    .as(illness)
                    .isIn(201, 202, 422, 502);
            post("/v1/payments/" + number + "/sync", null);
            post("/v1/payments/" + number + "/close", null);
            post(
                    "/v1/payments/" + number + "/refunds",
                    "{\"refundNo\":\"RF-" + number + "\",\"amount\":{\"total\":1,\"currency\":\"SGD\"}}");
            get("/v1/payments/" + number);
            get("/v1/payments/" + number + "/events");
        }
    }

    private void aProxyLeadsToSomebodyElse() {
        String order =
                FaultStoryTest.order("BEHIND-000001").replace("{\"orderNo\"", "{\"account\":\"behind\",\"orderNo\"");
        assertThat(post("/v1/payments", order)).isEqualTo(202);
        assertThat(proxy.opened()).as("tunnels of a user with a password").isNotEmpty();
    }

    private void theErpRefusesItsEvents() {
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> events.contains(eventHeader));
    }

    private void callersAreRefused() {
        String wrong = canaries.make("wrong-key");
        assertThat(send("GET", "/v1/payments", null, "X-API-Key", wrong)).isEqualTo(401);
        assertThat(send("GET", "/v1/payments", null, "X-API-Key", hashedKey)).isEqualTo(200);
        assertThat(send("POST", "/v1/payments", FaultStoryTest.order("OTHER-000001"), "X-API-Key", hashedKey))
                .isEqualTo(403);
        assertThat(send("GET", "/v1/payments", null, "X-API-Key", key, "X-API-Key", wrong))
                .isEqualTo(401);
        assertThat(send("GET", "/v1/payments", null, "Authorization", "Basic " + wrong))
                .isEqualTo(401);
        assertThat(send("GET", "/v1/payments", null, "Authorization", bearer("token")))
                .isIn(401, 503);
        assertThat(send("GET", "/v1/payments", null, "X-API-Key", key, "Authorization", bearer("token")))
                .isEqualTo(401);
        assertThat(post("/v1/payments", "{\"orderNo\": ")).isEqualTo(400);
        assertThat(post("/v1/payments", "{\"orderNo\": \"X\", \"unknown\": 1}")).isEqualTo(400);
        assertThat(get("/v1/payments?limit=none")).isEqualTo(400);
        assertThat(get("/v1/payments/NOT-THERE")).isEqualTo(404);
        assertThat(get("/v1/nothing")).isEqualTo(404);
    }

    private void notificationsAreRefused() throws Exception {
        String news = TenpaySigner.notification("EV-1", "WELL-000001", "SUCCESS", 1050, "SGD")
                .replace("2480000001", "2480000002");
        assertThat(send("POST", HOOK, news, "Wechatpay-Serial", "0")).isEqualTo(401);
        assertThat(send("POST", HOOK, news + " ", signer.headers(news))).isEqualTo(401);
        assertThat(send("POST", HOOK, news, signer.headers(news, Instant.now().minusSeconds(900))))
                .isEqualTo(401);
        String nonsense = "{\"id\":";
        assertThat(send("POST", HOOK, nonsense, signer.headers(nonsense))).isEqualTo(200);
        String wellSealed = sealed(apiKey);
        assertThat(send("POST", HOOK, wellSealed, signer.headers(wellSealed))).isEqualTo(200);
        String otherwiseSealed = sealed("another api key of 32 characters");
        assertThat(send("POST", HOOK, otherwiseSealed, signer.headers(otherwiseSealed)))
                .isEqualTo(200);
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> program.send("GET", "/v1/payments/WELL-000001", null, "X-API-Key", key)
                        .body()
                        .contains("SUCCEEDED"));
    }

    private static String sealed(String apiKey) throws Exception {
        String news = TenpaySigner.notification("EV-2", "WELL-000001", "SUCCESS", 1050, "SGD")
                .replace("2480000001", "2480000002");
        JsonNode plain = JSON.readTree(news);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(
                Cipher.ENCRYPT_MODE,
                new SecretKeySpec(apiKey.getBytes(StandardCharsets.UTF_8), "AES"),
                new GCMParameterSpec(128, "twelve bytes".getBytes(StandardCharsets.UTF_8)));
        cipher.updateAAD("payment".getBytes(StandardCharsets.UTF_8));
        byte[] bytes = cipher.doFinal(plain.path("resource").toString().getBytes(StandardCharsets.UTF_8));
        return "{\"id\":\"EV-2-" + apiKey.hashCode() + "\",\"create_time\":\"2026-11-23T08:00:00+08:00\","
                + "\"event_type\":\"PAYMENT.SUCCESS\",\"resource_type\":\"encrypt-resource\",\"resource\":"
                + "{\"algorithm\":\"AEAD_AES_256_GCM\",\"ciphertext\":\""
                + Base64.getEncoder().encodeToString(bytes)
                + "\",\"nonce\":\"twelve bytes\",\"associated_data\":\"payment\"}}";
    }

    private void lookBehindTheCounter() {
        for (String open : List.of("/actuator/health", "/actuator/health/readiness", "/actuator/health/liveness")) {
            assertThat(send("GET", open, null, "Accept", "application/json")).isEqualTo(200);
        }
        assertThat(get("/actuator/metrics")).isEqualTo(200);
        for (String metric :
                List.of("tenpay.calls.unanswered", "tenpay.notifications.rejected", "hikaricp.connections")) {
            get("/actuator/metrics/" + metric);
        }
        for (String closed : List.of(
                "env",
                "configprops",
                "heapdump",
                "threaddump",
                "beans",
                "loggers",
                "mappings",
                "conditions",
                "flyway",
                "logfile",
                "camel",
                "camelroutes",
                "shutdown")) {
            assertThat(get("/actuator/" + closed)).as(closed).isEqualTo(404);
        }
        for (String page : List.of("/error", "/docs", "/docs/errors", "/v1/openapi.yaml", "/v1/payment-methods")) {
            get(page);
        }
    }

    private void aRouteIsBrokenLive() throws IOException {
        Path route = folder.resolve("routes/polling.camel.yaml");
        Files.writeString(route, Files.readString(route).replaceFirst("description:", "descriptoin:"));
        Path mapping = folder.resolve("routes/mappings/payment-to-api.jq");
        Files.writeString(mapping, "{ broken");
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> program.output().contains("polling.camel.yaml is broken")
                        && program.output().contains("payment-to-api.jq is broken"));
    }

    private void theDatabaseIsAway() {
        cable.pull();
        assertThat(post("/v1/payments", FaultStoryTest.order("WELL-000002"))).isEqualTo(503);
        assertThat(get("/v1/payments/WELL-000001")).isEqualTo(503);
        String news = TenpaySigner.notification("EV-3", "WELL-000001", "SUCCESS", 1050, "SGD");
        assertThat(send("POST", HOOK, news, signer.headers(news))).isEqualTo(503);
        assertThat(send("GET", "/actuator/health/readiness", null, "Accept", "application/json"))
                .isEqualTo(503);
        cable.repair();
    }

    private void copyRoutes() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("routes"))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.toString()));
            }
        }
    }

    @Test
    void noSecretIsInTheLogWhenTheDatabaseRefusesItsPassword() throws Exception {
        Map<String, String> settings = program.settings();
        settings.put("spring.datasource.password", canaries.make("wrong-database-password"));
        settings.compute(
                "spring.datasource.url",
                (name, url) ->
                        url + "&password=" + canaries.watch("password-in-the-url", "Canary-password-in-the-url"));

        assertThat(program.start().waitFor(120, TimeUnit.SECONDS)).isTrue();

        assertThat(program.output()).contains("Can't start: ", "DEBUG");
    }

    @Test
    void preflightLooksAtAllOfThemAndShowsNone() throws Exception {
        Process preflight = program.start("preflight", "--online");
        assertThat(preflight.waitFor(120, TimeUnit.SECONDS)).isTrue();

        // Who is behind the proxy waits for more, and says nothing.
        assertThat(program.output())
                .contains(
                        "ok    account main: signs as merchant",
                        "database: PostgreSQL 15",
                        "FAIL  https://localhost:" + silent.getLocalPort() + " does not answer in time");
        assertThat(proxy.opened()).as("tunnels of a user with a password").isNotEmpty();
        assertThat(preflight.exitValue()).isEqualTo(1);
        assertThat(program.output()).doesNotContain("DEBUG", "Exception");
    }
}
