package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.core.spi.FilterAttachable;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.tenpayroutes.cli.Commands;
import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A person looks, before the first start, whether all fits: everything that doesn't is told at once, with its remedy. */
class PreflightStoryTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static EmbeddedPostgres postgres;
    private static TestAccount account;

    @TempDir
    Path folder;

    private final Map<String, String> settings = new LinkedHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private HttpServer tenpay;
    private TenpaySigner signer;
    private JdbcClient store;
    private Clock clock = Clock.systemUTC();
    private String said;

    @BeforeAll
    static void databaseAndKeys() throws IOException {
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
        account = TestAccount.create("main");
    }

    @AfterAll
    static void stopDatabase() throws IOException {
        postgres.close();
    }

    /** A preflight silences the log of its JVM, in which other tests read theirs. */
    @AfterAll
    static void logAgain() {
        List.of("CONSOLE_LOG_THRESHOLD", "FILE_LOG_THRESHOLD").forEach(System::clearProperty);
        ((LoggerContext) LoggerFactory.getILoggerFactory())
                .getLogger(Logger.ROOT_LOGGER_NAME)
                .iteratorForAppenders()
                .forEachRemaining(FilterAttachable::clearAllFilters);
    }

    @BeforeEach
    void aSetUpThatIsRight() throws Exception {
        signer = new TenpaySigner(
                account.folder().resolve("platform-key.pem"), account.folder().resolve("platform/platform.pem"));
        tenpay = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        tenpay.createContext("/", this::answer);
        tenpay.start();
        store = JdbcClient.create(postgres.getPostgresDatabase());
        store.sql("drop schema public cascade; create schema public").update();
        settings.put("spring.profiles.active", "production");
        settings.put("spring.datasource.url", postgres.getJdbcUrl("postgres", "postgres"));
        settings.put("spring.datasource.username", "postgres");
        settings.put(
                "tenpay.base-url", "http://127.0.0.1:" + tenpay.getAddress().getPort());
        settings.put(
                "tenpay.notify-base-url",
                "http://127.0.0.1:" + tenpay.getAddress().getPort());
        settings.putAll(account.settings());
        settings.put("tenpay.clients.erp.api-key", JarProcess.KEY);
        settings.put("tenpay.clients.erp.accounts", "main");
        settings.put("tenpay.clients.erp.scopes", "payments:read");
        settings.put("tenpay.routes", "file:" + fewRoutes());
    }

    /** What the checks themselves need: to judge all of them takes most of the time of a preflight. */
    private Path fewRoutes() throws IOException {
        Path few = folder.resolve("few");
        Files.createDirectories(few.resolve("mappings"));
        Files.createDirectories(few.resolve("sql"));
        for (String file : List.of(
                "error-handling.camel.yaml",
                "idempotency-check.camel.yaml",
                "sql/idempotency-check.sql",
                "sql/idempotency-keep.sql",
                "sql/idempotency-release.sql",
                "tenpay-request.camel.yaml",
                "payment-methods.yaml",
                "mappings/payment-to-inquiry.jq")) {
            Files.copy(Path.of("routes", file), few.resolve(file));
        }
        return few;
    }

    @AfterEach
    void stopTenpay() {
        tenpay.stop(0);
    }

    /** Answers as the merchant id says: the last part of it is the case. */
    private void answer(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + body);
        int status = 404;
        String text = "nothing here";
        if (exchange.getRequestURI().getPath().startsWith("/webhooks/")) {
            status = 401;
            text = "{\"code\":\"FAIL\"}";
        } else if (exchange.getRequestURI().getPath().endsWith("/inquiry-payment")) {
            String merchant = JSON.readTree(body).path("merchant_id").asText();
            String code = merchant.endsWith("02") || merchant.endsWith("05") || merchant.endsWith("06")
                    ? "ORDER_NOT_EXIST"
                    : merchant.endsWith("03") ? "SIGN_ERROR" : merchant.endsWith("04") ? "NO_AUTH" : "SYSTEM_ERROR";
            status = Map.of("ORDER_NOT_EXIST", 404, "SIGN_ERROR", 401, "NO_AUTH", 403, "SYSTEM_ERROR", 500)
                    .get(code);
            text = "{\"code\":\"" + code + "\"}";
            String[] headers = merchant.endsWith("06")
                    ? signer.headers(text, Instant.now().minusSeconds(900))
                    : signer.headers(text);
            if (!merchant.endsWith("05")) {
                for (int i = 0; i < headers.length; i += 2) {
                    exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
                }
            }
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private int preflight(String... options) {
        List<String> arguments = new ArrayList<>(List.of("preflight"));
        settings.forEach((name, value) -> arguments.add("--" + name + "=" + value));
        arguments.addAll(List.of(options));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        int exit = new Commands(out, out, clock, new SecureRandom()).run(arguments.toArray(String[]::new));
        said = bytes.toString(StandardCharsets.UTF_8);
        assertThat(said).doesNotContain("BEGIN", TestAccount.API_KEY, JarProcess.KEY, "\tat ", "Exception");
        return exit;
    }

    private List<String> lines(String state) {
        return said.lines().filter(line -> line.startsWith(state + " ")).toList();
    }

    private void migrate() {
        Flyway.configure().dataSource(postgres.getPostgresDatabase()).load().migrate();
    }

    @Test
    void whereAllIsRightItSaysSoAndHasChangedNothing() {
        settings.remove("tenpay.routes");
        assertThat(preflight()).as(() -> said).isZero();

        assertThat(lines("FAIL")).isEmpty();
        assertThat(said)
                .contains("account main: signs as merchant 2480000002")
                .contains("platform certificate ", "29 days left")
                .contains("ok    settings: ", "routes of ", "mappings of ", "payment methods of ")
                .contains("PostgreSQL 15")
                .containsPattern("migrations: 0 applied, \\d+ to be applied when the program starts")
                .contains("warn  statements: not judged")
                .contains(settings.get("tenpay.base-url") + " answers", "clock: 0 s from")
                .contains("leads to this program")
                .containsPattern("Looked at \\d+ things: 3 warnings, 0 failures");
        assertThat(store.sql("select count(*) from pg_tables where schemaname = 'public'")
                        .query(Integer.class)
                        .single())
                .as("tables made")
                .isZero();
        assertThat(asked).noneMatch(request -> request.contains("inquiry-payment"));

        migrate();
        assertThat(preflight()).isZero();
        assertThat(said).containsPattern("migrations: \\d+ applied\n").contains("by the database's judgement");
    }

    @Test
    void everythingThatIsWrongIsToldAtOnce() throws Exception {
        migrate();
        Path routes = copyOfRoutes();
        edit(routes.resolve("polling.camel.yaml"), "description:", "descriptoin:");
        edit(routes.resolve("refund-create.camel.yaml"), "request-to-refund", "nowhere");
        Files.writeString(routes.resolve("mappings/payment-to-api.jq"), "{ broken");
        edit(routes.resolve("sql/payment-find.sql"), "from payment", "from paiment");
        edit(routes.resolve("payment-methods.yaml"), "methodKey:", "methodKye:");
        settings.put("tenpay.routes", "file:" + routes);
        settings.put(
                "tenpay.accounts.main.certificate",
                account.folder().resolve("platform/platform.pem").toString());
        settings.put("tenpay.accounts.other.merchant-id", "2480000009");
        settings.put("tenpay.accounts.other.app-id", "wx");
        settings.put("tenpay.accounts.other.private-key", "/nowhere.pem");
        settings.put("tenpay.accounts.other.certificate", "/nowhere.pem");
        settings.put("tenpay.accounts.other.platform-certificates", "/nowhere");
        settings.put("tenpay.clients.erp.accounts", "mian");
        settings.put("tenpay.clients.shop.api-key", "short-key");
        settings.put("tenpay.clients.shop.accounts", "main");
        settings.put("tenpay.clients.shop.scopes", "payments:everything");
        settings.put("tenpay.poll.interval", "soon");
        settings.put("tenpay.notify-base-url", "not a url");

        assertThat(preflight()).isEqualTo(1);

        assertThat(String.join("\n", lines("FAIL")))
                .contains("tenpay.poll.interval is not a duration")
                .contains("tenpay.notify-base-url is not an http or https URL")
                .contains("tenpay.accounts.main.private-key is not the key of tenpay.accounts.main.certificate")
                .contains("tenpay.accounts.other.private-key names a file that does not exist")
                .contains("tenpay.accounts.other.platform-certificates names a folder that does not exist")
                .contains("tenpay.clients.erp.accounts names the account mian")
                .contains("tenpay.clients.shop.scopes must be one or more of")
                .contains("polling.camel.yaml is broken", "refund-create.camel.yaml names mappings/nowhere.jq")
                .contains("payment-to-api.jq is broken", "payment-find.sql, line", "payment-methods.yaml]");
        assertThat(String.join("\n", lines("warn"))).contains("tenpay.clients.shop.api-key is short");
        assertThat(said.lines().filter(line -> line.strip().startsWith("Remedy: ")))
                .hasSize(lines("FAIL").size() + lines("warn").size());
    }

    @Test
    void aMisspeltBeanRouteEndpointOrFileOfARouteFails() throws IOException {
        Path routes = copyOfRoutes();
        settings.put("tenpay.routes", "file:" + routes);
        edit(routes.resolve("payment-close.camel.yaml"), "ref: requireClosable", "ref: closableOnyl");
        edit(routes.resolve("kafka-events.camel.yaml"), "#sentEvents", "#sentEvnets");
        edit(routes.resolve("erp-webhook.camel.yaml"), "bean:erpAttempts", "bean:erpAtempts");
        edit(routes.resolve("maintenance.camel.yaml"), "event-purge.sql", "event-forgte.sql");
        assertThat(preflight()).isEqualTo(1);
        assertThat(String.join("\n", lines("FAIL")))
                .contains("payment-close.camel.yaml names the bean closableOnyl, which is not there")
                .contains("kafka-events.camel.yaml names the bean sentEvnets", "names the bean erpAtempts")
                .contains("maintenance.camel.yaml names sql/event-forgte.sql, which is not there");

        edit(routes.resolve("payment-close.camel.yaml"), "closableOnyl", "requireClosable");
        edit(routes.resolve("kafka-events.camel.yaml"), "sentEvnets", "sentEvents");
        edit(routes.resolve("erp-webhook.camel.yaml"), "erpAtempts", "erpAttempts");
        edit(routes.resolve("maintenance.camel.yaml"), "event-forgte.sql", "event-purge.sql");
        edit(routes.resolve("payment-create.camel.yaml"), "uri: direct:tenpay-request", "uri: direct:tenpay-reqest");
        assertThat(preflight()).isEqualTo(1);
        assertThat(lines("FAIL"))
                .singleElement()
                .asString()
                .contains("payment-create.camel.yaml names direct:tenpay-reqest, which no route reads from");

        edit(routes.resolve("payment-create.camel.yaml"), "tenpay-reqest", "tenpay-request");
        edit(routes.resolve("idempotency-check.camel.yaml"), "outputType", "outputTpye");
        edit(routes.resolve("maintenance.camel.yaml"), "uri: scheduler:store-state", "uri: shceduler:store-state");
        edit(routes.resolve("kafka-events.camel.yaml"), "valueSerializer", "valueSerialiser");
        assertThat(preflight()).isEqualTo(1);
        assertThat(String.join("\n", lines("FAIL")))
                .contains("idempotency-check.camel.yaml is broken: ", "outputTpye")
                .contains("maintenance.camel.yaml is broken: No endpoint could be found for: shceduler://store-state")
                .contains("kafka-events.camel.yaml is broken: ", "valueSerialiser");
    }

    @Test
    void aBaseUrlThatIsLeftOutIsNamedAndHidesNothingElse() {
        settings.remove("tenpay.base-url");

        assertThat(preflight("--online")).isEqualTo(1);

        assertThat(lines("FAIL")).anyMatch(line -> line.contains("tenpay.base-url is not set"));
        assertThat(said)
                .contains("account main: signs as merchant", "mappings of ", "PostgreSQL 15")
                .contains("leads to this program", "Tenpay wasn't asked for any account");
    }

    @Test
    void aRouteOfTheCheckThatCannotBeLoadedHidesNothingElse() throws IOException {
        Path routes = copyOfRoutes();
        edit(routes.resolve("tenpay-request.camel.yaml"), "description:", "descriptoin:");
        settings.put("tenpay.routes", "file:" + routes);

        assertThat(preflight("--online")).isEqualTo(1);

        assertThat(said)
                .contains("FAIL  the way to Tenpay can't be checked", "tenpay-request.camel.yaml is broken")
                .contains("account main: signs as merchant", "PostgreSQL 15", "/webhooks/tenpay/main/payments leads");
    }

    @Test
    void settingsThatCannotEvenBeReadHideNothingElse() throws IOException {
        Path routes = copyOfRoutes();
        edit(routes.resolve("polling.camel.yaml"), "\\{\\{tenpay.poll.claim-interval}}", "{{tenpya.poll.tick}}");
        settings.put("tenpay.routes", "file:" + routes);
        settings.put("tenpay.clients.erp.requests-per-second", "many");
        settings.put("tenpay.accounts.main.events", "https://erp.example.com");

        assertThat(preflight()).isEqualTo(1);

        assertThat(lines("FAIL")).hasSize(3);
        assertThat(said)
                .contains("account main: signs as merchant", "PostgreSQL 15", "/webhooks/tenpay/main/payments leads");
    }

    @Test
    void skipsTenpayCheckWithoutAvailableAccount() {
        settings.put("tenpay.accounts.main.private-key", "/nowhere.pem");

        assertThat(preflight("--online")).isEqualTo(1);

        assertThat(lines("FAIL"))
                .hasSize(2)
                .anyMatch(line -> line.contains("private-key names a file that does not exist"))
                .anyMatch(line -> line.contains("Tenpay wasn't asked for any account"));
    }

    @Test
    void whatOnlyTheDoorsOfEventsAndOfKafkaNeedIsToldAsWell() {
        settings.put("tenpay.accounts.main.events.url", "http://erp.example.com/events");
        settings.put("tenpay.orders.kafka.brokers", "127.0.0.1:1");
        settings.put("tenpay.orders.kafka.client", "eprom");
        assertThat(preflight()).isEqualTo(1);
        assertThat(String.join("\n", lines("FAIL")))
                .contains("tenpay.accounts.main.events.url is not https")
                .contains("tenpay.accounts.main.events.secrets is not set")
                .contains("tenpay.orders.kafka.client names eprom");

        settings.put("tenpay.events.allowed-networks", "10.0.0.0");
        settings.put("tenpay.orders.kafka.client", "erp");
        assertThat(preflight()).isEqualTo(1);
        assertThat(String.join("\n", lines("FAIL")))
                .contains("tenpay.events.allowed-networks names what is no network")
                .contains("tenpay.orders.kafka.client names a client without the scope payments:write");
    }

    @Test
    void aPasswordInAUrlIsNeverPrinted() {
        for (String url : List.of("https://user:c4nary@uat.tenpayglobal.invalid", "user:c4nary@127.0.0.1")) {
            settings.put("tenpay.base-url", url);
            settings.put("tenpay.notify-base-url", url);
            settings.put("tenpay.accounts.main.events.url", url);
            assertThat(preflight("--online")).isEqualTo(1);
            assertThat(said)
                    .contains("FAIL  tenpay.base-url is not", "FAIL  tenpay.notify-base-url is not")
                    .contains("FAIL  tenpay.accounts.main.events.url")
                    .doesNotContain("c4nary");
        }
    }

    @Test
    void failsOnForeignParameterOrMissingSettingInSql() throws IOException {
        migrate();
        Path routes = copyOfRoutes();
        edit(routes.resolve("sql/payment-find.sql"), ":#\\$\\{variable.orderNo}", ":#\\${header.orderNo}");
        edit(routes.resolve("sql/payment-claim.sql"), ":#\\$\\{properties:tenpay.", ":#\\${properties:tenpya.");
        settings.put("tenpay.routes", "file:" + routes);

        assertThat(preflight()).isEqualTo(1);

        assertThat(String.join("\n", lines("FAIL")))
                .contains("payment-find.sql is broken: a statement takes its values from")
                .contains("payment-claim.sql is broken: ", "tenpya.");
    }

    private Path copyOfRoutes() throws IOException {
        Path source = Path.of("routes");
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve("routes").resolve(source.relativize(file)));
            }
        }
        return folder.resolve("routes");
    }

    private static void edit(Path file, String pattern, String replacement) throws IOException {
        String text = Files.readString(file);
        assertThat(text).as("%s", file).containsPattern(pattern);
        Files.writeString(file, text.replaceAll(pattern, replacement));
    }

    @Test
    void aPoolThatWouldStoreNothingIsRefused() {
        settings.put("spring.datasource.hikari.auto-commit", "false");
        assertThat(preflight()).isEqualTo(1);
        assertThat(lines("FAIL")).anyMatch(line -> line.contains("spring.datasource.hikari.auto-commit is false"));
    }

    @Test
    void hangingCheckDelaysNoOther() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String here = "127.0.0.1:" + silent.getLocalPort();
            settings.put("tenpay.base-url", "http://" + here);
            settings.put("tenpay.notify-base-url", "http://127.0.0.1:1");
            settings.put("spring.datasource.url", "jdbc:postgresql://" + here + "/postgres?password=s3cret");
            long before = System.nanoTime();

            assertThat(preflight("--online")).isEqualTo(1);

            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(40));
            assertThat(String.join("\n", lines("FAIL")))
                    .contains("http://" + here + " does not answer in time")
                    .contains("account main: Tenpay, asked about an order that doesn't exist, gave nothing usable")
                    .contains("spring.datasource.url");
            assertThat(lines("warn"))
                    .anyMatch(line -> line.contains("127.0.0.1:1/webhooks") && line.contains("refuses"));
            assertThat(said).contains("ok    account main", "ok    mappings of").doesNotContain("s3cret");
        }
    }

    @Test
    void aDatabaseThatCannotBeUsedIsNamedInTheWordsOfStartUp() {
        settings.put("spring.datasource.url", "jdbc:postgresql://127.0.0.1:1/none");
        assertThat(preflight()).isEqualTo(1);
        assertThat(said)
                .contains(
                        "FAIL  spring.datasource.url jdbc:postgresql://127.0.0.1:1/none: the database does not answer");

        settings.put("spring.datasource.url", postgres.getJdbcUrl("postgres", "nowhere"));
        assertThat(preflight()).isEqualTo(1);
        assertThat(said).contains("the database does not exist");

        settings.put("spring.datasource.url", "");
        assertThat(preflight()).isEqualTo(1);
        assertThat(said).contains("FAIL  spring.datasource.url is not set");
    }

    @Test
    void userWithoutAConnectionLeftFails() {
        store.sql("create role crowded login connection limit 0").update();
        settings.put("spring.datasource.url", postgres.getJdbcUrl("crowded", "postgres"));
        settings.put("spring.datasource.username", "crowded");
        assertThat(preflight()).isEqualTo(1);
        assertThat(said).contains("has no connection left for this instance (SQL state 53300)", "max_connections");
    }

    @Test
    void databaseThatRefusesToWriteFails() {
        store.sql("create role reading login").update();
        store.sql("alter role reading set default_transaction_read_only = on").update();
        settings.put("spring.datasource.url", postgres.getJdbcUrl("reading", "postgres"));
        settings.put("spring.datasource.username", "reading");
        assertThat(preflight()).isEqualTo(1);
        assertThat(said).contains("the database is read-only: a standby, or default_transaction_read_only is on");
    }

    @Test
    void migrationsThatDoNotFitAreTold() {
        migrate();
        settings.put("spring.datasource.url", postgres.getJdbcUrl("postgres", "postgres"));
        store.sql("update flyway_schema_history set checksum = 1 where version = '1'")
                .update();
        assertThat(preflight()).isEqualTo(1);
        assertThat(said).contains("FAIL  migration V1 (baseline) was applied to this database with another text");
        assertThat(said).doesNotContain("empty database");
    }

    @Test
    void aClockThatIsTooFarFromTenpaysFails() {
        clock = Clock.offset(clock, Duration.ofSeconds(400));
        assertThat(preflight()).isEqualTo(1);
        assertThat(lines("FAIL")).singleElement().asString().containsPattern("clock: (399|40\\d) s from");
        clock = Clock.offset(clock, Duration.ofSeconds(-340));
        assertThat(preflight()).isZero();
        assertThat(lines("warn")).anyMatch(line -> line.matches(".*clock: (59|60|61) s from.*"));
    }

    @Test
    void anAddressOfOursThatTenpayCannotReachFails() {
        settings.put("tenpay.base-url", "https://uat.tenpayglobal.invalid");
        settings.put("tenpay.notify-base-url", "http://localhost:8080");
        assertThat(preflight()).isEqualTo(1);
        assertThat(said)
                .contains("FAIL  https://uat.tenpayglobal.invalid has a name that is unknown")
                .contains("FAIL  tenpay.notify-base-url http://localhost:8080 is this machine");

        settings.put("tenpay.notify-base-url", "http://10.0.0.1:1/pay");
        preflight();
        assertThat(lines("warn"))
                .anyMatch(line -> line.contains("leads to a private address"))
                .anyMatch(line -> line.contains("is not https"))
                .anyMatch(line -> line.contains("has a path"));
    }

    @Test
    void askedOnlineTenpaysAnswerIsExplainedForEachAccount() {
        for (int merchant = 3; merchant <= 7; merchant++) {
            for (Map.Entry<String, String> setting : account.settings().entrySet()) {
                settings.put(setting.getKey().replace(".main.", ".a" + merchant + "."), setting.getValue());
            }
            settings.put("tenpay.accounts.a" + merchant + ".merchant-id", "248000000" + merchant);
        }
        settings.put(
                "tenpay.accounts.a7.platform-certificates",
                TestAccount.create("stranger").folder().resolve("platform").toString());

        assertThat(preflight("--online")).as(() -> said).isEqualTo(1);

        assertThat(said)
                .contains(
                        "ok    account main: Tenpay, asked about an order that doesn't exist, says ORDER_NOT_EXIST (HTTP 404)")
                .containsPattern(
                        "FAIL  account a3: .* says SIGN_ERROR \\(HTTP 401\\)\\n +Remedy: is the certificate [0-9A-F]+ uploaded")
                .containsPattern("FAIL  account a4: .* says NO_AUTH .*\\n +Remedy: is merchant-id 2480000004 right")
                .containsPattern("FAIL  account a5: .* missing or empty .*\\n +Remedy: was it Tenpay that answered")
                .containsPattern("FAIL  account a6: .* too far from our clock .*\\n +Remedy: set this machine's clock")
                .containsPattern(
                        "FAIL  account a7: .* no platform certificate has this serial number .*\\n +Remedy: download");
        assertThat(asked)
                .filteredOn(request -> request.contains("inquiry-payment"))
                .hasSize(6)
                .allMatch(request ->
                        request.matches(".*\\{\"merchant_id\":\"\\d+\",\"out_trade_no\":\"[0-9A-Za-z_|*-]{6,32}\"}"));
    }

    @Test
    void showsCertificatesAtBaseUrlAndFailsOnStranger() throws Exception {
        Path certificate = folder.resolve("tls.pem");
        HttpsServer secure = secureTenpay(certificate);
        try (StrictProxy proxy = new StrictProxy("merchant", "right")) {
            settings.put(
                    "tenpay.base-url",
                    "https://localhost:" + secure.getAddress().getPort());
            assertThat(preflight()).isEqualTo(1);
            assertThat(lines("FAIL")).singleElement().asString().contains("localhost", "can't prove who it is (TLS: ");
            assertThat(said)
                    .containsPattern("warn  localhost: shows certificate CN=localhost by CN=localhost, 29 days left\n"
                            + " +Remedy: if it is Tenpay's, .* spring.ssl.bundle.pem.tenpay.truststore.certificate");
            assertThat(asked).as("heard by a stranger").noneMatch(request -> request.startsWith("GET"));

            settings.put("spring.ssl.bundle.pem.tenpay.truststore.certificate", "file:" + certificate);
            settings.put("camel.component.http.proxy-host", "127.0.0.1");
            settings.put("camel.component.http.proxy-port", Integer.toString(proxy.port()));
            settings.put("camel.component.http.proxy-auth-method", "Basic");
            settings.put("camel.component.http.proxy-auth-username", "merchant");
            settings.put("camel.component.http.proxy-auth-password", "right");
            settings.put("camel.component.http.non-proxy-hosts", "127.0.0.1");
            assertThat(preflight()).as(() -> said).isZero();
            assertThat(said)
                    .contains("ok    localhost: TLSv1.3, certificate CN=localhost by CN=localhost, 29 days left");
            assertThat(proxy.opened()).isNotEmpty();

            settings.put("camel.component.http.proxy-auth-password", "wr0ng");
            assertThat(preflight()).isEqualTo(1);
            assertThat(lines("FAIL")).singleElement().asString().contains("the proxy refuses us");
            assertThat(said).doesNotContain("wr0ng");
        } finally {
            secure.stop(0);
        }
    }

    private HttpsServer secureTenpay(Path certificate) throws Exception {
        String key = folder.resolve("tls.key").toString();
        String store = folder.resolve("tls.p12").toString();
        TestAccount.run(
                ("openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
                                + " -keyout " + key + " -out " + certificate)
                        .split(" "));
        TestAccount.run(
                ("openssl pkcs12 -export -passout pass:x -inkey " + key + " -in " + certificate + " -out " + store)
                        .split(" "));
        KeyStore keys = KeyStore.getInstance(new File(store), "x".toCharArray());
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(keys, "x".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(factory.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", this::answer);
        server.start();
        return server;
    }
}
