package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.logging.logback.StructuredLogEncoder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.env.Environment;
import org.springframework.mock.env.MockEnvironment;

@DisplayName("request ids, access log, metrics of requests")
@ExtendWith(OutputCaptureExtension.class)
class RequestIdStoryTest extends Story {

    @Autowired
    private MeterRegistry meters;

    private Answer post(String id, String path, String body) {
        return send("POST", path, KEY, body, "X-Request-Id", id);
    }

    @Test
    void idOfTheCallerIsEchoedAndStandsInItsLogLines(CapturedOutput output) {
        String id = "erp-" + newNumber();

        Answer created = post(id, "/v1/payments", order(newNumber()));

        assertThat(created.headers().get("x-request-id")).isEqualTo(List.of(id));
        // The access log's comes after the answer.
        eventually()
                .untilAsserted(() -> assertThat(output.getOut().lines().filter(line -> line.contains(id)))
                        .anyMatch(line -> line.contains("checkout-pay"))
                        .anyMatch(line -> line.matches(".* access - POST createPayment 201 \\d+ ms client \\w+")));
    }

    @Test
    void problemCarriesTheId() {
        Answer refused = post("support-case-4711", "/v1/payments", "{}");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.text("requestId")).isEqualTo("support-case-4711");
    }

    @Test
    void idOfAnOrderIsInItsHistoryWithTenpaysOwnIdOfTheAnswer() {
        String id = "erp-" + newNumber();
        String number = newNumber();

        post(id, "/v1/payments", order(number));

        JsonNode history = get("/v1/payments/" + number + "/events").body().path("items");
        assertThat(history.findValuesAsText("requestId")).containsExactly(id, id);
        assertThat(history.path(1).path("tenpayRequestId").asText()).matches("SB-[0-9a-f]{16,}");
        assertThat(db.sql("select request_id from erp_event where type = 'payment.pending' and payment_id ="
                                + " (select id from payment where order_no = ?)")
                        .param(number)
                        .query(String.class)
                        .single())
                .isEqualTo(id);
    }

    @Test
    void notificationHasAnIdOfItsOwn() {
        String number = newNumber();
        post("order-of-" + number, "/v1/payments", order(number));
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");

        assertThat(db.sql("select request_id from history where source = 'notification' and payment_id ="
                                + " (select id from payment where order_no = ?)")
                        .param(number)
                        .query(String.class)
                        .single())
                .matches("[0-9a-f]{32}");
    }

    @Test
    void refusedCallIsOneLineWithItsCodeAndAFloodOfThemIsCut(CapturedOutput output) {
        String id = "refused-" + newNumber();
        send("GET", "/v1/payments/" + newNumber(), KEY, null, "X-Request-Id", id);

        eventually()
                .untilAsserted(() -> assertThat(output.getOut().lines().filter(line -> line.contains(id)))
                        .singleElement()
                        .asString()
                        .matches(".* INFO .* access - GET getPayment 404 \\d+ ms client sandbox PAYMENT_NOT_FOUND"));

        String flood = "flood-" + newNumber();
        for (int i = 0; i < 200; i++) {
            send("GET", "/v1/payments/" + newNumber(), READER, null, "X-Request-Id", flood);
        }
        // At most 20 a second, in the few seconds that 200 calls take.
        assertThat(output.getOut().lines().filter(line -> line.contains(flood))).hasSizeBetween(1, 199);
    }

    @Test
    void slowBodyHasItsLineAndItsTime(CapturedOutput output) throws Exception {
        String id = "slow-body-" + newNumber();
        long before = refused408();
        try (Socket socket = new Socket("127.0.0.1", port())) {
            socket.setSoTimeout(15_000);
            socket.getOutputStream()
                    .write(("POST /v1/payments HTTP/1.1\r\nHost: x\r\nX-API-Key: " + KEY + "\r\nX-Request-Id: " + id
                                    + "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 408");
        }
        eventually()
                .untilAsserted(() -> assertThat(output.getOut().lines().filter(line -> line.contains(id)))
                        .singleElement()
                        .asString()
                        .matches(".* access - POST createPayment 408 \\d+ ms client sandbox BODY_TOO_SLOW"));
        assertThat(refused408()).isEqualTo(before + 1);
    }

    private long refused408() {
        return (long) meters.get("tenpay.api.refusals")
                .tags("operation", "createPayment", "code", "BODY_TOO_SLOW")
                .counter()
                .count();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ecs", "gelf", "logstash"})
    void structuredLineIsJsonWithTheFieldsAndNoSecret(String format) throws Exception {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        context.getLogger("access").addAppender(lines);
        context.getLogger("payment-status").addAppender(lines);
        String number = newNumber();
        post("structured-" + number, "/v1/payments", order(number));
        context.getLogger("access").detachAppender(lines);
        context.getLogger("payment-status").detachAppender(lines);

        LoggerContext other = new LoggerContext();
        other.putObject(Environment.class.getName(), new MockEnvironment());
        StructuredLogEncoder encoder = new StructuredLogEncoder();
        encoder.setContext(other);
        encoder.setFormat(format);
        encoder.start();
        List<String> written = new ArrayList<>();
        for (ILoggingEvent line : lines.list) {
            written.add(new String(encoder.encode(line), StandardCharsets.UTF_8));
        }
        assertThat(written).anySatisfy(line -> {
            JsonNode fields = JSON.readTree(line);
            assertThat(fields.toString()).contains("structured-" + number, number);
            // GELF puts an underscore before each.
            String prefix = format.equals("gelf") ? "_" : "";
            assertThat(fields.path(prefix + "orderNo").asText()).isEqualTo(number);
            assertThat(fields.path(prefix + "account").asText()).isEqualTo("main");
            assertThat(fields.path(prefix + "call").asText()).isEqualTo("checkout-pay");
            assertThat(fields.path(prefix + "outcome").asText()).isEqualTo("CHANGED");
        });
        assertThat(String.join("", written)).doesNotContain(KEY, "latte", "costCentre", "prepay");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "short",
                "with space in it",
                "quote\"and-brace}",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            })
    void idOfUnsafeCharactersOrLengthIsReplaced(String id) {
        Answer answer = send("GET", "/v1/payment-methods", KEY, null, "X-Request-Id", id);

        assertThat(answer.headers().get("x-request-id"))
                .singleElement()
                .asString()
                .matches("[0-9a-f]{32}");
    }

    @Test
    void everyOperationHasItsSeriesFromTheStart() {
        assertThat(series()).hasSizeGreaterThan(80).anyMatch(id -> id.contains("createRefund"));
    }

    @Test
    void noRequestAddsASeries() {
        Set<String> before = series();
        get("/v1/no/such/path/" + newNumber());
        get("/v1/payments/" + newNumber());

        assertThat(series()).isEqualTo(before);
    }

    @Test
    void everyMetricOfTheProgramIsDescribed() {
        assertThat(meters.getMeters().stream()
                        .map(Meter::getId)
                        .filter(id -> id.getName().startsWith("tenpay."))
                        .filter(id -> !id.getName().endsWith(".histogram") && id.getDescription() == null)
                        .map(Meter.Id::getName))
                .isEmpty();
    }

    private Set<String> series() {
        return meters.find("tenpay.api.requests").meters().stream()
                .map(meter -> meter.getId().getTags().toString())
                .collect(Collectors.toSet());
    }
}
