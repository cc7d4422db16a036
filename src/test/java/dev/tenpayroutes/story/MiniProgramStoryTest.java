package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.yaml.snakeyaml.Yaml;

/** The sample in src/miniprogram, checked against Weixin's typings and run against this program. */
@DisplayName("the mini program sample")
class MiniProgramStoryTest extends Story {

    private static final Path SAMPLE = Path.of("src/miniprogram");
    /** Where it is built, so that nothing of npm's lies among the sources. */
    private static final Path COPY = Path.of("target/miniprogram");

    private static final Path LOCK = COPY.resolve("package-lock.json");
    /** Written last: it is there only after an installation that went well. */
    private static final Path INSTALLED = COPY.resolve("node_modules/installed-lock.json");

    private static final String NPM = System.getProperty("os.name").startsWith("Windows") ? "npm.cmd" : "npm";

    @Test
    void theSampleFitsWeixinsTypingsAndItsStoriesEndWell() throws Exception {
        boolean node = answers("node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)")
                && answers(NPM, "--version");
        String remedy = "The mini program sample isn't tested here: install Node.js 20 or newer, with npm";
        // The build server must not leave it out.
        assertThat(node || !"true".equals(System.getenv("CI"))).as(remedy).isTrue();
        if (!node) {
            LoggerFactory.getLogger(getClass()).warn(remedy);
            assumeTrue(false, remedy);
        }

        copySample();
        if (!Files.exists(INSTALLED) || Files.mismatch(LOCK, INSTALLED) >= 0) {
            run(300, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline");
            Files.copy(LOCK, INSTALLED, StandardCopyOption.REPLACE_EXISTING);
        }
        run(120, "node", "node_modules/typescript/bin/tsc", "--build", "tsconfig.node.json");
        run(120, "node", "--test", "--test-reporter=spec", "build/stories.test.js");
    }

    @Test
    void thePaymentMethodsOfTheSampleAreThoseOfTheRoutes() throws IOException {
        Map<String, String> ofTheRoutes = new TreeMap<>();
        Map<String, Map<String, Object>> methods =
                new Yaml().load(Files.readString(Path.of("routes/payment-methods.yaml")));
        methods.forEach((name, rules) -> ofTheRoutes.put((String) rules.get("methodKey"), name));

        Map<String, String> ofTheSample = new TreeMap<>();
        Matcher pair =
                Pattern.compile("\\['(\\w+)', '(\\w+)'\\]").matcher(Files.readString(SAMPLE.resolve("server.ts")));
        while (pair.find()) {
            ofTheSample.put(pair.group(1), pair.group(2));
        }

        assertThat(ofTheSample).isEqualTo(ofTheRoutes);
    }

    @Test
    void timeoutsGrowTowardsShopperWithinThirtySeconds() throws IOException {
        assertThat(List.of(
                        1000 * number("src/main/resources/application.yaml", "call-timeout: (\\d+)s"),
                        number("src/miniprogram/server.ts", "AbortSignal.timeout\\((\\d+)\\)"),
                        number("src/miniprogram/pay.ts", "request: (\\d+),"),
                        number("src/miniprogram/pay.ts", "start: (\\d+),"),
                        25_000))
                .isSorted()
                .doesNotHaveDuplicates();
    }

    private static int number(String file, String pattern) throws IOException {
        Matcher found =
                Pattern.compile(pattern).matcher(Files.readString(Path.of(file)).replaceAll("(?<=\\d)_(?=\\d)", ""));
        assertThat(found.find()).as("%s in %s", pattern, file).isTrue();
        return Integer.parseInt(found.group(1));
    }

    private static void copySample() throws IOException {
        Files.createDirectories(COPY);
        try (Stream<Path> files = Files.list(SAMPLE)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, COPY.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static boolean answers(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private void run(int seconds, String... command) throws IOException, InterruptedException {
        // A file and no pipe: an unread pipe would fill while we wait, and stop the command.
        Path log = COPY.resolve("out.log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(COPY.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("TENPAY_ROUTES_URL", url(""));
        builder.environment().put("TENPAY_ROUTES_KEY", KEY);
        Process process = builder.start();
        boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
        if (!ended) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        String what = String.join(" ", command) + "\n" + Files.readString(log);
        assertThat(ended).as("ended within %d s: %s", seconds, what).isTrue();
        assertThat(process.exitValue()).as(what).isZero();
    }
}
