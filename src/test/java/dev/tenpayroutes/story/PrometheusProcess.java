package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.sandbox.FreePort;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Debian's Prometheus with the shipped rules, scraping every other second. Windows and waits of the rules are shortened, one
 * for one, so that minutes pass in seconds; thresholds are shortened only where they are an age.
 */
final class PrometheusProcess implements AutoCloseable {

    static final Path RULES = Path.of("src/deploy/prometheus/tenpay.rules.yml");

    /** At least four samples of two seconds each, in the order of the shipped ones. */
    private static final Map<String, String> WINDOWS = Map.of(
            "1m", "8s", "5m", "10s", "15m", "16s", "30m", "24s", "1h", "50s", "6h", "80s", "3d", "120s", "2d", "60s",
            "1w", "10m");

    private static final Map<String, String> WAITS =
            Map.of("1m", "3s", "2m", "12s", "5m", "6s", "10m", "6s", "1h", "25s");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final int port = FreePort.find();
    private final Process process;

    PrometheusProcess(Path folder, int program, String key) throws IOException {
        Files.writeString(folder.resolve("rules.yml"), shortened(Files.readString(RULES)));
        Files.writeString(folder.resolve("prometheus.yml"), """
                global: { scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s }
                rule_files: [rules.yml]
                scrape_configs:
                  - job_name: tenpay-global-routes
                    metrics_path: /actuator/prometheus
                    authorization: { type: ApiKey, credentials: "%s" }
                    static_configs: [{ targets: ["127.0.0.1:%d"] }]
                """.formatted(key, program));
        process = new ProcessBuilder(
                        "prometheus",
                        "--config.file=" + folder.resolve("prometheus.yml"),
                        "--storage.tsdb.path=" + folder.resolve("prometheus"),
                        "--web.listen-address=127.0.0.1:" + port)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("prometheus.log").toFile())
                .start();
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> {
            try {
                return !query("up").isEmpty();
            } catch (UncheckedIOException e) {
                assertThat(process.isAlive()).isTrue();
                assertThat(e.getCause()).isInstanceOf(ConnectException.class);
                return false;
            }
        });
    }

    static boolean isInstalled() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(bin -> Files.isExecutable(Path.of(bin, "prometheus")));
    }

    /** An hour of Prometheus in 50 s. */
    static String shortened(String rules) {
        String windows =
                Pattern.compile("\\[(\\w+)]").matcher(rules).replaceAll(window -> "[" + of(WINDOWS, window) + "]");
        return Pattern.compile("for: (\\w+)")
                .matcher(windows)
                .replaceAll(wait -> "for: " + of(WAITS, wait))
                .replace("offset 1w", "offset 55s")
                .replace("offset 1h", "offset 50s")
                .replace("tenpay_queue_oldest_seconds) > 300", "tenpay_queue_oldest_seconds) > 5")
                .replace("tenpay_events_age_seconds) > 900", "tenpay_events_age_seconds) > 25");
    }

    private static String of(Map<String, String> shorter, MatchResult found) {
        assertThat(shorter).containsKey(found.group(1));
        return shorter.get(found.group(1));
    }

    /** The result of an instant query: an error is one here. */
    JsonNode query(String expression) {
        try {
            HttpResponse<String> response = HTTP.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/query?query="
                                    + URLEncoder.encode(expression, StandardCharsets.UTF_8)))
                            .timeout(Duration.ofSeconds(10))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            JsonNode answer = JSON.readTree(response.body());
            assertThat(answer.path("status").asText())
                    .as(expression + ": " + answer.path("error").asText())
                    .isEqualTo("success");
            return answer.at("/data/result");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The names of the alarms that fire now. */
    Set<String> firing() {
        Set<String> names = new TreeSet<>();
        query("count by (alertname) (ALERTS{alertstate=\"firing\"})")
                .forEach(alarm -> names.add(alarm.at("/metric/alertname").asText()));
        return names;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().orTimeout(20, TimeUnit.SECONDS).join();
    }
}
