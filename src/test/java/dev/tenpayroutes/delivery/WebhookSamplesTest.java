package dev.tenpayroutes.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "docs/samples/" + sample);
                    case "py" -> List.of("python3", "docs/samples/" + sample);
                    default -> List.of("node", compiled(sample).toString());
                });
        command.addAll(List.of(arguments).subList(0, 4));
        return output(command, arguments[4]);
    }

    /** What TypeScript's own compiler makes of a sample, so that any node runs it. */
    private static Path compiled(String sample) throws IOException, InterruptedException {
        Path folder = Files.createDirectories(Path.of("target/samples"));
        Path compiler = folder.resolve("typescript.js");
        try (var in = WebhookSamplesTest.class.getResourceAsStream(
                "/META-INF/resources/webjars/typescript/5.9.3/lib/typescript.js")) {
            Files.copy(in, compiler, StandardCopyOption.REPLACE_EXISTING);
        }
        Path compiled = folder.resolve(sample.replace(".ts", ".mjs"));
        Files.writeString(
                compiled,
                output(List.of("node", "-e", """
                const compilerOptions = {module: "ESNext", target: "ES2022"};
                const source = require("fs").readFileSync(process.argv[2], "utf8");
                console.log(require(process.argv[1]).transpileModule(source, {compilerOptions}).outputText);
                """, compiler.toAbsolutePath().toString(), "docs/samples/" + sample), ""));
        return compiled;
    }

    private static String output(List<String> command, String in) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            assumeTrue("true".equals(System.getenv("CI")), command.get(0) + " isn't installed");
            throw e;
        }
        try (var out = process.getOutputStream()) {
            out.write(in.getBytes(StandardCharsets.UTF_8));
        }
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return out;
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
