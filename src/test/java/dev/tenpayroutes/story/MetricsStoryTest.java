package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.config.MetricDescriptions;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

@DisplayName("metrics: what is counted, from the start, and described")
class MetricsStoryTest extends Story {

    /** Only where Kafka is configured, or where a dead letter is lost. */
    private static final Set<String> RARE =
            Set.of("tenpay.orders.kafka.problems", "tenpay.orders.dropped", "tenpay.api.rate-limited");

    @Autowired
    private MeterRegistry meters;

    private double count(String name, String... tags) {
        return meters.find(name).tags(tags).counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    private long timed(String name, String... tags) {
        return meters.find(name).tags(tags).timers().stream()
                .mapToLong(timer -> timer.count())
                .sum();
    }

    @Test
    void listedMetricsAreTheRegisteredOnesWithTheirLabels() {
        eventually().until(() -> meters.find("tenpay.reviews.open").gauge() != null);
        Map<String, MetricDescriptions.Entry> listed = MetricDescriptions.all();
        Map<String, Set<String>> registered = meters.getMeters().stream()
                .map(Meter::getId)
                .filter(id ->
                        id.getName().startsWith("tenpay.") && !id.getName().endsWith(".histogram"))
                .collect(Collectors.toMap(
                        Meter.Id::getName,
                        id -> id.getTags().stream().map(Tag::getKey).collect(Collectors.toCollection(TreeSet::new)),
                        (one, same) -> one));

        assertThat(listed.keySet()).containsAll(registered.keySet());
        registered.forEach((name, labels) -> assertThat(
                        listed.get(name).labels().stream().map(label -> label.replace("*", "")))
                .as(name)
                .containsExactlyInAnyOrderElementsOf(labels));
        assertThat(registered.keySet())
                .containsAll(listed.keySet().stream()
                        .filter(name -> name.startsWith("tenpay.") && !RARE.contains(name))
                        .toList());
    }

    @Test
    void paymentAndRefundAreCountedAtEachStatus() {
        double before = count("tenpay.payments", "account", "main", "method", "CARD", "status", "SUCCEEDED");
        long timed = timed("tenpay.payments.final", "status", "SUCCEEDED");
        double refunds = count("tenpay.refunds", "status", "SUCCEEDED", "method", "CARD");
        double events = count("tenpay.notifications.received", "account", "main", "kind", "payments");

        String number = paidPayment();
        String refund = newRefundNumber();
        refund(number, refund, 100);
        bank(refund, "SUCCESS");
        refundIsSoon(refund, "SUCCEEDED");

        eventually().untilAsserted(() -> {
            assertThat(count("tenpay.payments", "account", "main", "method", "CARD", "status", "SUCCEEDED"))
                    .isGreaterThan(before);
            assertThat(timed("tenpay.payments.final", "status", "SUCCEEDED")).isGreaterThan(timed);
            assertThat(count("tenpay.refunds", "status", "SUCCEEDED", "method", "CARD"))
                    .isGreaterThan(refunds);
            assertThat(count("tenpay.notifications.received", "account", "main", "kind", "payments"))
                    .isGreaterThan(events);
        });
        assertThat(count("tenpay.payments", "status", "CREATED")).isPositive();
        assertThat(count("tenpay.refunds", "status", "CREATED")).isPositive();
        assertThat(timed("tenpay.notifications.lag", "kind", "payments")).isPositive();
        assertThat(timed("tenpay.calls", "call", "checkout-pay", "answer", "2xx"))
                .isEqualTo(timed("tenpay.account.calls", "call", "checkout-pay", "answer", "2xx"))
                .isPositive();
    }

    @Test
    void refusalsAreCountedByCodeAndCall() {
        double refused = count("tenpay.api.refusals", "operation", "getPayment", "code", "PAYMENT_NOT_FOUND");
        double code = count("tenpay.calls.refused", "call", "checkout-pay", "code", "PARAM_ERROR");
        get("/v1/payments/" + newNumber());
        String number = newNumber();
        fault(number, "checkout-pay", "PARAM_ERROR");
        post("/v1/payments", order(number));

        assertThat(count("tenpay.api.refusals", "operation", "getPayment", "code", "PAYMENT_NOT_FOUND"))
                .isEqualTo(refused + 1);
        assertThat(count("tenpay.calls.refused", "call", "checkout-pay", "code", "PARAM_ERROR"))
                .isEqualTo(code + 1);
    }

    @Test
    void infoNamesVersionCommitAndRoutes() {
        JsonNode info = get("/actuator/info").body();
        assertThat(info.path("version").asText()).isNotEmpty();
        assertThat(info.path("commit").asText()).isNotEmpty();
        assertThat(info.at("/routes/from").asText()).isEqualTo("folder");
        assertThat(info.at("/routes/digest").asText()).matches("[0-9a-f]{12}");
        assertThat(info.at("/routes/changed").isArray()).isTrue();
        assertThat(meters.get("application.info").gauge().getId().getTag("routes"))
                .isEqualTo("folder " + info.at("/routes/digest").asText());
    }

    @Test
    void healthSaysWhatToDo() {
        JsonNode main = get("/actuator/health/accounts").body().at("/components/merchantAccounts/details/main");
        assertThat(main.path("action").asText()).isEqualTo("none");
        send("PUT", "/v1/accounts/macau/refund-hold", NEIGHBOUR, null);
        assertThat(send("GET", "/actuator/health/accounts", NEIGHBOUR, null)
                        .body()
                        .at("/components/merchantAccounts/details/macau/action")
                        .asText())
                .contains("DELETE /v1/accounts/macau/refund-hold");
        send("DELETE", "/v1/accounts/macau/refund-hold", NEIGHBOUR, null);
    }

    @Test
    void queuesReviewsAndClockAreMeasured() {
        reviewed(paidPayment());
        eventually()
                .untilAsserted(() -> assertThat(meters.get("tenpay.reviews.open")
                                .tags("of", "payment", "kind", "STUCK")
                                .gauge()
                                .value())
                        .isPositive());
        assertThat(meters.get("tenpay.queue.size").gauges()).hasSize(5);
        assertThat(meters.get("tenpay.clock.offset").gauge().value()).isBetween(-1.0, 1.0);
        assertThat(meters.get("tenpay.database.replicas").gauge().value()).isZero();
    }
}
