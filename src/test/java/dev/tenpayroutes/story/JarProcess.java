package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.sandbox.FreePort;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * The packaged jar in a process of its own, in a folder with nothing else in it, as a user starts, stops and loses it.
 * Extracted, as in the image, where it starts in half of the time; {@link #asOneFile} starts the file itself.
 */
final class JarProcess {

    static final String KEY = "an-api-key-of-more-than-20-characters";

    private static final String JAVA = Path.of(
                    System.getProperty("program.java.home", System.getProperty("java.home")), "bin", "java")
            .toString();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static final Path PACKAGED = Path.of(System.getProperty("packaged.jar"));
    private static final Path EXTRACTED = extracted(Path.of(System.getProperty("extracted.jar")));

    private final Path folder;
    private Path jar = EXTRACTED;
    private List<String> options = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");
    private final int port = FreePort.find();
    private final Map<String, String> settings = new LinkedHashMap<>();
    private Path log;
    private Process program;

    /** Settings for production: what the README names, and nothing more. */
    JarProcess(Path folder, TestAccount account, String databaseUrl) {
        this.folder = folder;
        this.log = folder.resolve("out.log");
        settings.put("spring.profiles.active", "production");
        settings.put("server.port", Integer.toString(port));
        settings.put("server.address", "127.0.0.1");
        settings.put("spring.datasource.url", databaseUrl);
        settings.put("spring.datasource.username", "postgres");
        settings.put("tenpay.base-url", "http://127.0.0.1:1");
        settings.put("tenpay.notify-base-url", "http://127.0.0.1:" + port);
        settings.putAll(account.settings());
        settings.put("tenpay.clients.erp.api-key", KEY);
        settings.put("tenpay.clients.erp.accounts", account.name());
        settings.put("tenpay.clients.erp.scopes", "payments:read,payments:write,refunds:write,metrics:read");
    }

    private static Path extracted(Path to) {
        try {
            Process extract = new ProcessBuilder(
                            JAVA,
                            "-Djarmode=tools",
                            "-jar",
                            PACKAGED.toString(),
                            "extract",
                            "--force",
                            "--destination",
                            to.toString())
                    .inheritIO()
                    .start();
            assertThat(extract.waitFor()).isZero();
            return to.resolve(PACKAGED.getFileName());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Of the Java that runs the program, which needn't be the test's. */
    static String javaVersion() {
        Properties release = new Properties();
        try (Reader file =
                Files.newBufferedReader(Path.of(JAVA).resolve("../../release").normalize())) {
            release.load(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return release.getProperty("JAVA_VERSION").replace("\"", "");
    }

    void asOneFile() throws IOException {
        jar = Files.copy(PACKAGED, folder.resolve("tenpay-global-routes.jar"));
    }

    /** The JVM's, in place of those that make a short life short. */
    void options(List<String> given) {
        options = List.copyOf(given);
    }

    Map<String, String> settings() {
        return settings;
    }

    static Path packaged() {
        return PACKAGED;
    }

    int port() {
        return port;
    }

    Process process() {
        return program;
    }

    /** Where standard output and errors go, if not into the folder. */
    void logTo(Path file) {
        log = file;
    }

    Process start(String... arguments) {
        List<String> command = new ArrayList<>(List.of(JAVA));
        command.addAll(options);
        command.addAll(List.of("-jar", jar.toString()));
        command.addAll(List.of(arguments));
        try {
            ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
            // By environment variables, as the README and docker-compose.yml have it.
            settings.forEach((name, value) -> builder.environment()
                    .put(name.replace("-", "").replace('.', '_').toUpperCase(), value));
            program = builder.redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            return program;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void startAndWait() {
        start();
        waitUntilReady();
    }

    void waitUntilReady() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(240))
                .failFast(() -> assertThat(program.isAlive())
                        .as("it ended: %s", output())
                        .isTrue())
                .until(this::isReady);
    }

    private boolean isReady() {
        if (Files.isRegularFile(log)) {
            return output().contains("ready on port");
        }
        try {
            return get("/actuator/health/readiness") == 200;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    String output() {
        try {
            return Files.isRegularFile(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL: it doesn't get to say or store another word. */
    void kill() throws InterruptedException {
        program.destroyForcibly();
        assertThat(program.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    /** SIGTERM, and the time that it then takes. */
    Duration stop() throws InterruptedException {
        long before = System.nanoTime();
        if (program != null && program.isAlive()) {
            program.destroy();
            assertThat(program.waitFor(20, TimeUnit.SECONDS))
                    .as("stopped within 20 s: %s", output())
                    .isTrue();
        }
        return Duration.ofNanos(System.nanoTime() - before);
    }

    HttpResponse<String> send(String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(30))
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body))
                .header("Content-Type", "application/json")
                .headers(headers.length == 0 ? new String[] {"X-API-Key", KEY} : headers);
        try {
            return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    int get(String path) {
        return send("GET", path, null).statusCode();
    }

    JsonNode call(String method, String path, String body, int status, String... headers) {
        HttpResponse<String> response = send(method, path, body, headers);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return json(response);
    }

    static JsonNode json(HttpResponse<String> response) {
        try {
            return JSON.readTree(response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
