package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Two instances of the packaged jar are stopped and started again, one after the other, while ERPs order: no request fails.
 * With {@code -Plong}.
 */
@EnabledIfSystemProperty(named = "long", matches = "true")
class RollingUpdateIT {

    private static final Logger LOG = LoggerFactory.getLogger(RollingUpdateIT.class);
    private static final int ERPS = 4;

    @TempDir
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicInteger numbers = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicLong slowest = new AtomicLong();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean enough = new AtomicBoolean();
    private List<CompletableFuture<Void>> erps = List.of();

    private EmbeddedPostgres postgres;
    private SdkTenpayServer tenpay;
    private List<JarProcess> programs;

    @BeforeEach
    void twoInstancesOnOneDatabase() throws IOException {
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
        TestAccount account = TestAccount.create("main");
        tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        programs = Stream.of("one", "another")
                .map(name -> {
                    Path own = folder.resolve(name);
                    JarProcess program =
                            new JarProcess(made(own), account, postgres.getJdbcUrl("postgres", "postgres"));
                    program.settings().put("tenpay.base-url", tenpay.url());
                    return program;
                })
                .toList();
        // Both at once on an empty database: one of them makes the tables.
        programs.forEach(JarProcess::start);
        programs.forEach(JarProcess::waitUntilReady);
    }

    private static Path made(Path folder) {
        try {
            return Files.createDirectory(folder);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @AfterEach
    void stopAll() throws Exception {
        enough.set(true);
        LOG.info(
                "{} requests, {} failed: {}",
                answered,
                failures.size(),
                failures.stream().limit(3).toList());
        for (JarProcess program : programs) {
            if (program.process() != null) {
                program.kill();
            }
        }
        tenpay.close();
        postgres.close();
    }

    /** ERPs that never try twice: each posts an order and looks at it, wherever it is sent. */
    private void orders(java.util.function.IntSupplier port) {
        erps = IntStream.range(0, ERPS)
                .mapToObj(erp -> CompletableFuture.runAsync(
                        () -> {
                            while (!enough.get()) {
                                String number = "ROLL-" + numbers.incrementAndGet();
                                ask(port.getAsInt(), "/v1/payments", FaultStoryTest.order(number));
                                ask(port.getAsInt(), "/v1/payments/" + number, null);
                                // A pace, so that an instance that starts beside them gets there.
                                LockSupport.parkNanos(150_000_000);
                            }
                        },
                        task -> new Thread(task, "erp").start()))
                .toList();
    }

    private void ask(int port, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(30))
                .header("X-API-Key", JarProcess.KEY)
                .header("Content-Type", "application/json")
                .method(
                        body == null ? "GET" : "POST",
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body))
                .build();
        long before = System.nanoTime();
        try {
            int status =
                    http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
            answered.incrementAndGet();
            if (status / 100 != 2) {
                failures.add(path + " " + status);
            }
        } catch (IOException e) {
            failures.add(path + " " + e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        slowest.accumulateAndGet(System.nanoTime() - before, Math::max);
    }

    private void moreAnswers() {
        int before = answered.get();
        Story.eventually().atMost(Duration.ofSeconds(60)).until(() -> answered.get() > before + 10 * ERPS);
    }

    private void everyOrderIsOnePayment(String how) {
        enough.set(true);
        erps.forEach(CompletableFuture::join);
        LOG.info("{}: the slowest of {} requests {} ms", how, answered, slowest.get() / 1_000_000);
        assertThat(failures).isEmpty();
        assertThat(answered.get()).isGreaterThan(100);
        assertThat(JdbcClient.create(postgres.getPostgresDatabase())
                        .sql("select count(*) from payment where order_no like 'ROLL-%' and status = 'PENDING'")
                        .query(Integer.class)
                        .single())
                .isEqualTo(numbers.get());
        assertThat(tenpay.refusals()).isEmpty();
    }

    /** As in Kubernetes: an instance is taken from the endpoints, goes on for preStop's time, and is then told to stop. */
    @Test
    void withAPauseBeforeTheStopNoRequestFails() throws Exception {
        List<JarProcess> endpoints = new CopyOnWriteArrayList<>(programs);
        AtomicInteger turn = new AtomicInteger();
        orders(() -> {
            List<JarProcess> now = List.copyOf(endpoints);
            return now.get(turn.getAndIncrement() % now.size()).port();
        });
        for (JarProcess program : programs) {
            endpoints.remove(program);
            // Requests sent before its removal still arrive: preStop's time.
            moreAnswers();
            program.stop();
            program.startAndWait();
            endpoints.add(program);
        }
        everyOrderIsOnePayment("endpoints and preStop");
    }

    /** As in docker-compose.yml: the load balancer is told nothing. */
    @Test
    void failsNoRequestBehindLoadBalancer() throws Exception {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(bin -> Files.isExecutable(Path.of(bin, "nginx"))),
                "no nginx on this machine");
        int port = FreePort.find();
        // What it looks up for each request it doesn't hold against it from one request to the next.
        String upstream = ("upstream here { server 127.0.0.1:%d max_fails=0; server 127.0.0.1:%d max_fails=0; }"
                        + "\n    server {")
                .formatted(programs.get(0).port(), programs.get(1).port());
        // The file as it is, but for who `routes` are: Docker's DNS says that there.
        String conf = Files.readString(Path.of("src/deploy/nginx.conf"));
        assertThat(conf).contains("server {", "set $routes routes;", "http://$routes:8080", "listen 8080;");
        Files.writeString(
                folder.resolve("nginx.conf"),
                conf.replaceFirst("server \\{", upstream)
                        .replace("set $routes routes;", "set $routes here;")
                        .replace("http://$routes:8080", "http://$routes")
                        .replace("listen 8080;", "listen 127.0.0.1:" + port + ";")
                        .replace("/tmp/", folder + "/")
                        .replace("/dev/stderr", folder.resolve("nginx.log").toString()));
        Process nginx = new ProcessBuilder(
                        "nginx",
                        "-p",
                        folder.toString(),
                        "-c",
                        folder.resolve("nginx.conf").toString(),
                        "-g",
                        "daemon off;")
                .inheritIO()
                .start();
        try {
            Story.eventually().until(() -> {
                try (var socket = new java.net.Socket("127.0.0.1", port)) {
                    return socket.isConnected();
                } catch (IOException e) {
                    return false;
                }
            });
            orders(() -> port);
            for (JarProcess program : programs) {
                moreAnswers();
                program.stop();
                program.startAndWait();
            }
            moreAnswers();
            everyOrderIsOnePayment("nginx");
        } finally {
            enough.set(true);
            nginx.destroy();
        }
    }
}
