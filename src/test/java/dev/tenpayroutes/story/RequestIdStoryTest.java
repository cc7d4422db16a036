package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

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
        assertThat(output.getOut().lines().filter(line -> line.contains(id)))
                .anyMatch(line -> line.contains("checkout-pay"))
                .anyMatch(line -> line.matches(".* access - POST createPayment 201 \\d+ ms client \\w+"));
    }

    @Test
    void problemCarriesTheId() {
        Answer refused = post("support-case-4711", "/v1/payments", "{}");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.text("requestId")).isEqualTo("support-case-4711");
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
