package dev.tenpayroutes.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The samples of docs/samples accept what is signed here, and nothing else. */
class WebhookSamplesTest {

    private static final String SECRET = "whsec_c2FtcGxlLXNlY3JldC1vZi1tb3JlLXRoYW4tMjQtYnl0ZXM=";
    private static final WebhookEndpoint ENDPOINT = new WebhookEndpoint(
            "main",
            URI.create("https://erp.example.com/events"),
            List.of(
                    "another secret of more than 24 bytes".getBytes(StandardCharsets.UTF_8),
                    Base64.getDecoder().decode(SECRET.substring("whsec_".length()))),
            Map.of(),
            List.of());

    private static String run(String sample, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                switch (sample.replaceFirst(".*\\.", "")) {
                    case "java" ->
                        List.of(Path.of(System.getProperty("java.home"), "bin", "java")
                                .toString());
                    case "py" -> List.of("python3");
                    default -> List.of("node", "--no-warnings", "--experimental-strip-types");
                });
        command.add("docs/samples/" + sample);
        assumeTrue(
                !sample.endsWith(".ts") || stripsTypes() || "true".equals(System.getenv("CI")),
                "node 22.6 or newer isn't installed");
        String body = arguments[4];
        command.addAll(List.of(arguments).subList(0, 4));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (var in = process.getOutputStream()) {
                in.write(body.getBytes(StandardCharsets.UTF_8));
            }
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            return out;
        } catch (IOException e) {
            assumeTrue("true".equals(System.getenv("CI")), command.get(0) + " isn't installed");
            throw e;
        }
    }

    private static boolean stripsTypes() throws InterruptedException {
        try {
            return new ProcessBuilder("node", "--experimental-strip-types", "--version")
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"VerifyWebhook.java", "verify_webhook.py", "verify-webhook.ts"})
    void acceptsWhatIsSignedAndNothingElse(String sample) throws Exception {
        Instant now = Instant.now();
        String time = Long.toString(now.getEpochSecond());
        String body = "{\"type\":\"ping\",\"data\":{\"name\":\"拿铁\"}}";
        String signature = ENDPOINT.signature("id-1", now, body.getBytes(StandardCharsets.UTF_8));
        Instant before = now.minusSeconds(600);
        String old = ENDPOINT.signature("id-1", before, body.getBytes(StandardCharsets.UTF_8));

        assertThat(run(sample, SECRET, "id-1", time, signature, body)).isEqualTo("true");
        assertThat(run(sample, SECRET, "id-1", time, signature, body + " ")).isEqualTo("false");
        assertThat(run(sample, SECRET, "id-2", time, signature, body)).isEqualTo("false");
        assertThat(run(sample, SECRET, "id-1", Long.toString(before.getEpochSecond()), old, body))
                .isEqualTo("false");
    }
}
