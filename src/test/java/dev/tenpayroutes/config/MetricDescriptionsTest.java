package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

                | metric | unit | meaning |
                |---|---|---|
                """
                + MetricDescriptions.all().entrySet().stream()
                        .map(entry -> "| `" + entry.getKey() + "` | "
                                + (entry.getValue().unit() == null
                                        ? ""
                                        : entry.getValue().unit()) + " | "
                                + entry.getValue().description() + " |\n")
                        .collect(Collectors.joining());
        if (System.getProperty("update") != null) {
            Files.writeString(PAGE, page);
        }
        assertThat(PAGE).hasContent(page);
    }
}
