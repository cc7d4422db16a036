package dev.tenpayroutes.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.wechat.pay.java.core.auth.WechatPay2Credential;
import com.wechat.pay.java.core.cipher.RSASigner;
import com.wechat.pay.java.core.util.PemUtil;
import dev.tenpayroutes.account.KeyMaterialFixture;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.http.HttpMessageConvertersAutoConfiguration;
import org.springframework.boot.autoconfigure.jackson.JacksonAutoConfiguration;
import org.springframework.boot.autoconfigure.security.servlet.SecurityAutoConfiguration;
import org.springframework.boot.autoconfigure.security.servlet.SecurityFilterAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.DispatcherServletAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.ServletWebServerFactoryAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.WebMvcAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.FilterType;

class SandboxApplicationTest {

    @TempDir
    private static Path root;

    private static ServletWebServerApplicationContext context;
    private static HttpClient client;

    /** The stand-in with the web server around it and nothing of the program; found by scanning, as there. */
    @Configuration(proxyBeanMethods = false)
    @ComponentScan(
            basePackageClasses = SandboxConfiguration.class,
            excludeFilters = @ComponentScan.Filter(type = FilterType.REGEX, pattern = ".*Test\\$.*"))
    @ImportAutoConfiguration({
        ServletWebServerFactoryAutoConfiguration.class,
        DispatcherServletAutoConfiguration.class,
        WebMvcAutoConfiguration.class,
        HttpMessageConvertersAutoConfiguration.class,
        JacksonAutoConfiguration.class,
        SecurityAutoConfiguration.class,
        SecurityFilterAutoConfiguration.class
    })
    static class Application {}

    private static ServletWebServerApplicationContext run(String profile, String... more) {
        return (ServletWebServerApplicationContext) new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.SERVLET)
                .initializers(new SandboxInitializer())
                .profiles(profile)
                // As arguments: the program's own application.yaml would win over default properties.
                .run(Stream.concat(
                                Stream.of(
                                        "--server.port=0",
                                        "--spring.main.banner-mode=off",
                                        "--tenpay.sandbox.folder=" + root.resolve("sandbox"),
                                        "--tenpay.sandbox.pay-after=200ms",
                                        "--tenpay.sandbox.late-by=1200ms",
                                        "--tenpay.sandbox.retry-delays=50ms,50ms"),
                                Stream.of(more))
                        .toArray(String[]::new));
    }

    @BeforeAll
    static void start() {
        context = run("sandbox");
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    @AfterAll
    static void stop() {
        context.close();
    }

    private static URI uri(String path) {
        return URI.create("http://127.0.0.1:" + context.getWebServer().getPort() + path);
    }

    private static HttpResponse<String> post(String path, String body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).POST(HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpResponse<String> call(String call, ObjectNode json) throws Exception {
        SandboxFolder folder = context.getBean(SandboxFolder.class);
        String path = "/api/payment/v1/" + call;
        String authorization = new WechatPay2Credential(
                        "2480000001",
                        new RSASigner(
                                PemUtil.getSerialNumber(folder.merchantCertificate()),
                                PemUtil.loadPrivateKeyFromPath(
                                        folder.merchantKeyFile().toString())))
                .getAuthorization(uri(path), "POST", json.toString());
        return post(path, json.toString(), "Authorization", authorization, "Content-Type", "application/json");
    }

    private static ObjectNode order(String number) {
        ObjectNode order = SandboxStage.JSON
                .createObjectNode()
                .put("merchant_id", "2480000001")
                .put("app_id", "wx0123456789abcdef")
                .put("out_trade_no", number)
                .put("method_key", "PAYNOW")
                .put("description", "拿铁")
                .put("expire_time", Instant.now().plus(30, ChronoUnit.MINUTES).toString())
                .put("notify_url", "http://127.0.0.1:1/closed");
        order.putObject("amount").put("total", 1050).put("currency", "SGD");
        return order;
    }

    private static JsonNode view(String number) throws Exception {
        return SandboxStage.JSON.readTree(client.send(
                        HttpRequest.newBuilder(uri("/sandbox/payments/" + number))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body());
    }

    @Test
    void anOrderIsPaidAndItsNotificationAttempted() throws Exception {
        assertThat(call("checkout-pay", order("SO-0001")).statusCode()).isEqualTo(200);
        await().until(() -> view("SO-0001").at("/notifications/0/attempts").size() == 3);
        JsonNode view = view("SO-0001");
        assertThat(view.path("status").asText()).isEqualTo("SUCCESS");
        assertThat(view.at("/notifications/0/event_type").asText()).isEqualTo("PAYMENT.SUCCESS");
        assertThat(view.at("/notifications/0/delivered").asBoolean()).isFalse();
        assertThat(view.at("/notifications/0/attempts/0/failure").asText()).isEqualTo("ConnectException");
        assertThat(view.at("/calls/checkout-pay").asInt()).isEqualTo(1);
    }

    @Test
    void theShoppersCallsNeedNeitherLoginNorTokenNorContentType() throws Exception {
        call("checkout-pay", order("SO-0002"));
        HttpResponse<String> answer = post(
                "/sandbox/payments/SO-0002/outcome",
                "{\"outcome\":\"FAILED\"}",
                "Content-Type",
                "application/x-www-form-urlencoded");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("\"status\":\"FAILED\"");
        assertThat(answer.headers().map()).doesNotContainKey("set-cookie");
    }

    @Test
    void aTruncatedAnswerEndsAtOnceAfterTheCallWasCarriedOut() throws Exception {
        post("/sandbox/faults", "{\"call\":\"checkout-pay\",\"fault\":\"TRUNCATED\"}");
        Instant before = Instant.now();
        assertThatIOException().isThrownBy(() -> call("checkout-pay", order("SO-0004")));
        assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(10));
        assertThat(call("inquiry-payment", order("SO-0004")).statusCode()).isEqualTo(200);
    }

    @Test
    void aResetEndsTheConnectionBeforeOrAfterTheCallWasCarriedOut() throws Exception {
        post("/sandbox/faults", "{\"call\":\"checkout-pay\",\"fault\":\"RESET_BEFORE\"}");
        assertThatIOException().isThrownBy(() -> call("checkout-pay", order("SO-0005")));
        assertThat(call("inquiry-payment", order("SO-0005")).statusCode()).isEqualTo(404);
        post("/sandbox/faults", "{\"call\":\"checkout-pay\",\"fault\":\"RESET_AFTER\"}");
        assertThatIOException().isThrownBy(() -> call("checkout-pay", order("SO-0005")));
        assertThat(call("inquiry-payment", order("SO-0005")).statusCode()).isEqualTo(200);
    }

    @Test
    void aLateAnswerIsLateAndSignedWhenItLeaves() throws Exception {
        post("/sandbox/faults", "{\"call\":\"inquiry-payment\",\"fault\":\"LATE\"}");
        Instant before = Instant.now();
        HttpResponse<String> answer = call("inquiry-payment", order("SO-0003"));
        assertThat(Duration.between(before, Instant.now())).isGreaterThan(Duration.ofMillis(1200));
        long signedAt = Long.parseLong(
                answer.headers().firstValue("Wechatpay-Timestamp").orElseThrow());
        assertThat(signedAt).isGreaterThan(before.getEpochSecond());
    }

    @Test
    void withoutTheProfileThereIsNoBeanOfTheSandbox() throws Exception {
        Path files = Files.createDirectory(root.resolve("production"));
        KeyMaterialFixture keys = new KeyMaterialFixture(files);
        try (var production = run(
                "production",
                "--spring.datasource.url=jdbc:postgresql://127.0.0.1:1/tenpay",
                "--tenpay.base-url=https://uat.tenpayglobal.com",
                "--tenpay.notify-base-url=https://erp.example.com",
                "--tenpay.accounts.main.merchant-id=2480000001",
                "--tenpay.accounts.main.app-id=wx0123456789abcdef",
                "--tenpay.accounts.main.private-key=" + files.resolve("key.pem"),
                "--tenpay.accounts.main.certificate=" + files.resolve("certificate.pem"),
                "--tenpay.accounts.main.platform-certificates=" + keys.platformFolder(),
                "--tenpay.clients.erp.api-key=a-key-of-more-than-20-characters",
                "--tenpay.clients.erp.accounts=main",
                "--tenpay.clients.erp.scopes=payments:read")) {
            assertThat(production.getBeanDefinitionNames())
                    .filteredOn(name -> !name.equals("sandboxApplicationTest.Application"))
                    .noneMatch(name -> name.toLowerCase(Locale.ROOT).contains("sandbox"));
        }
    }
}
