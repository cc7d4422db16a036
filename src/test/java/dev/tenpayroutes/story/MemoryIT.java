package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The packaged jar with the image's flags, in the memory that the manifests ask for at least. */
class MemoryIT {

    private static final Pattern REQUEST = Pattern.compile("requests:[^}]*?memory: (\\d+)Mi");
    private static final int CALLERS = 64;
    private static final Duration LOAD = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    /** The whole heap is touched at the start: what the JVM may use one day counts from the beginning. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void leastMemoryHoldsFullHeapUnderLoad() throws Exception {
        Matcher request = REQUEST.matcher(Files.readString(Path.of("src/deploy/kubernetes/deployment.yaml")));
        assertThat(request.find()).isTrue();
        int least = Integer.parseInt(request.group(1));
        String dockerfile = Files.readString(Path.of("Dockerfile"));
        List<String> flags = new ArrayList<>();
        Matcher flag = Pattern.compile("\"(-XX:[^\"]+)\"").matcher(dockerfile.replaceFirst("(?s).*ENTRYPOINT", ""));
        while (flag.find()) {
            flags.add(flag.group(1));
        }
        String share = flags.stream()
                .filter(one -> one.startsWith("-XX:MaxRAMPercentage="))
                .findFirst()
                .orElseThrow();
        // The image's own knowledge of the classes isn't here; a JVM in so little memory takes this collector by
        // itself.
        flags.removeIf(one -> one.startsWith("-XX:AOTCache"));
        flags.addAll(List.of(
                "-XX:+UseSerialGC",
                "-XX:MaxRAM=" + least + "m",
                share.replace("Max", "Initial"),
                "-XX:+AlwaysPreTouch"));
        TestAccount account = TestAccount.create("main");
        try (EmbeddedPostgres postgres =
                        EmbeddedPostgres.builder().setPort(FreePort.find()).start();
                SdkTenpayServer tenpay = new SdkTenpayServer(account, "WECHATPAY2-SHA256-RSA2048", "Wechatpay")) {
            JarProcess program = new JarProcess(folder, account, postgres.getJdbcUrl("postgres", "postgres"));
            program.options(flags);
            program.settings().put("tenpay.base-url", tenpay.url());
            assertThat(dockerfile).contains("MALLOC_ARENA_MAX=2");
            program.settings().put("MALLOC_ARENA_MAX", "2");
            program.startAndWait();
            try {
                int orders = load(program);
                long peak = peakMegabytes(program);
                System.out.printf(
                        "memory: peak %d MB of %d with %s, full heap, %d orders by %d callers in %d s (Java %s)%n",
                        peak, least, share, orders, CALLERS, LOAD.toSeconds(), JarProcess.javaVersion());
                assertThat(orders).isGreaterThan(100);
                assertThat(program.output()).doesNotContain("OutOfMemoryError");
                assertThat(peak).isLessThan(least);
            } finally {
                program.stop();
            }
        }
    }

    private static int load(JarProcess program) throws Exception {
        AtomicInteger orders = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
        long end = System.nanoTime() + LOAD.toNanos();
        List<Future<?>> callers = new ArrayList<>();
        for (int caller = 0; caller < CALLERS; caller++) {
            int mine = caller;
            callers.add(threads.submit(() -> {
                for (int n = 0; System.nanoTime() < end || orders.get() <= 100; n++) {
                    String number = "MEM-%d-%05d".formatted(mine, n);
                    int status = program.send("POST", "/v1/payments", FaultStoryTest.order(number))
                            .statusCode();
                    assertThat(status).isIn(201, 202, 503);
                    orders.addAndGet(status == 503 ? 0 : 1);
                }
            }));
        }
        for (Future<?> caller : callers) {
            caller.get(60, TimeUnit.SECONDS);
        }
        threads.shutdown();
        return orders.get();
    }

    private static long peakMegabytes(JarProcess program) throws Exception {
        return Files.readAllLines(Path.of("/proc/" + program.process().pid() + "/status")).stream()
                        .filter(line -> line.startsWith("VmHWM:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                        .findFirst()
                        .orElseThrow()
                / 1024;
    }
}
