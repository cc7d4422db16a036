package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusNamingConvention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MetricDescriptionsTest {

    private static final Path PAGE = Path.of("docs/metrics.md");

    @Test
    void registeredMetricHasItsDescriptionAndUnit() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        meters.config().meterFilter(MetricDescriptions.describeMetrics());

        assertThat(meters.counter("tenpay.results", "source", "refund").getId().getDescription())
                .startsWith("Results of Tenpay");
        assertThat(meters.counter("other").getId().getDescription()).isNull();
    }

    /** With {@code -Dupdate} the page is written anew. */
    @Test
    void pageOfMetricsIsUpToDate() throws IOException {
        String page = """
                # Metrics

                Written from `src/main/resources/metrics.yaml` by `./mvnw test -Dtest=MetricDescriptionsTest -Dupdate`; read at
                `/actuator/prometheus` with the scope `metrics:read`. Micrometer's own (`http_server_requests`, `jvm_*`, `hikaricp_*`,
                `resilience4j_*`, Camel's) come with it.

                A label `account` with a star is one of the first `tenpay.metrics.accounts` (50) accounts of the settings, or `_other`;
                every other value comes from the settings, the contract or a list of the program, so the number of series is bounded,
                and all of them exist from the start. Timers have `_count`, `_sum` and `_max`; those with a `le` also `_bucket`.

                | name | kind | labels | meaning |
                |---|---|---|---|
                """
                + MetricDescriptions.all().entrySet().stream()
                        .map(entry -> row(entry.getKey(), entry.getValue()))
                        .collect(Collectors.joining());
        if (System.getProperty("update") != null) {
            Files.writeString(PAGE, page);
        }
        assertThat(PAGE).hasContent(page);
    }

    private static String row(String name, MetricDescriptions.Entry entry) {
        Meter.Type type = Meter.Type.valueOf(
                entry.type().equals("summary")
                        ? "DISTRIBUTION_SUMMARY"
                        : entry.type().toUpperCase(Locale.ROOT));
        String shown = new PrometheusNamingConvention().name(name, type, entry.unit());
        // These two endings are added when it is shown.
        String ending = type == Meter.Type.COUNTER ? "_total" : name.endsWith(".info") ? "_info" : "";
        return "| `" + shown + ending + "` | " + entry.type() + " | " + String.join(", ", entry.labels()) + " | "
                + entry.description() + " |\n";
    }
}
