package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The alarms: each has a severity and a section of the runbook, fires on one side of its threshold and not on the other. */
class ArchitectureAlarmsTest {

    private static final Path FOLDER = Path.of("src/deploy/prometheus");
    private static final Path RULES = FOLDER.resolve("tenpay.rules.yml");
    private static final Path RUNBOOK = Path.of("docs/runbook.md");
    private static final Path RESOURCE = Path.of("src/deploy/kubernetes-monitoring/prometheusrule.yaml");

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> rules() {
        List<Map<String, Object>> groups =
                (List<Map<String, Object>>) Architecture.yaml(RULES).get(0).get("groups");
        return groups.stream()
                .flatMap(group -> ((List<Map<String, Object>>) group.get("rules")).stream())
                .toList();
    }

    /** Each alarm by its name. */
    private static Map<String, Map<String, Object>> alarms() {
        Map<String, Map<String, Object>> alarms = new LinkedHashMap<>();
        rules().stream()
                .filter(rule -> rule.containsKey("alert"))
                .forEach(rule ->
                        assertThat(alarms.put((String) rule.get("alert"), rule)).isNull());
        return alarms;
    }

    @Test
    void everyAlarmHasItsSectionOfTheRunbook() {
        Map<String, String> sections = new LinkedHashMap<>();
        for (String section : Architecture.read(RUNBOOK).split("\n### |\n## ")) {
            if (section.startsWith("Tenpay")) {
                sections.put(section.split("\n", 2)[0], section);
            }
        }
        assertThat(sections).containsOnlyKeys(alarms().keySet());
        alarms().forEach((name, alarm) -> {
            String severity = ((Map<?, ?>) alarm.get("labels")).get("severity").toString();
            Map<?, ?> annotations = (Map<?, ?>) alarm.get("annotations");
            assertThat(severity).as(name).isIn("critical", "warning");
            assertThat(annotations.get("summary").toString()).as(name).hasSizeBetween(20, 140);
            assertThat(annotations.get("runbook_url"))
                    .isEqualTo("https://runbooks.example.com/runbook.md#" + name.toLowerCase(Locale.ROOT));
            assertThat(sections.get(name))
                    .as(name)
                    .contains("\n" + severity + ". ", "\n- **Look:** ", "\n- **Act:** ", "\n- **Verify:** ")
                    .containsPattern("(?i)console")
                    .containsPattern("`[^`]{8,}`");
        });
    }

    @Test
    void everyAlarmIsTriedOnBothSidesOfItsThreshold() {
        String tests = String.join(
                "\n",
                Architecture.files(FOLDER, ".test.yml").stream()
                        .map(Architecture::read)
                        .toList());
        alarms().keySet().forEach(alarm -> assertThat(tests).as(alarm).contains("alertname=\"" + alarm + "\""));
        assertThat(tests.split("exp_samples: \\[]")).hasSizeGreaterThan(alarms().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tenpay.rules.test.yml", "tenpay.hours.test.yml", "tenpay.week.test.yml"})
    void alarmsFireOnOneSideOfTheThresholdOnly(String file) throws Exception {
        run("promtool", "test", "rules", FOLDER.resolve(file).toString());
    }

    @Test
    void prometheusAndAlertmanagerAcceptTheirFiles(@TempDir Path folder) throws Exception {
        Path config = folder.resolve("prometheus.yml");
        Files.writeString(
                config,
                Architecture.read(FOLDER.resolve("prometheus.yml"))
                        .replace("/etc/prometheus/", FOLDER.toAbsolutePath() + "/")
                        .replace(
                                "/run/secrets/metrics-api-key",
                                RULES.toAbsolutePath().toString()));
        run("promtool", "check", "config", config.toString());
        run("amtool", "check-config", FOLDER.resolve("alertmanager.yml").toString());
    }

    /** With {@code -Ddocs.write=true} it is written anew. */
    @Test
    void kubernetesResourceHasTheSameRules() throws IOException {
        String groups = Architecture.read(RULES).replaceFirst("(?s).*?\ngroups:\n", "");
        String resource = """
                # Generated from src/deploy/prometheus/tenpay.rules.yml by ArchitectureAlarmsTest; for Prometheus' operator.
                apiVersion: monitoring.coreos.com/v1
                kind: PrometheusRule
                metadata:
                  name: tenpay-global-routes
                spec:
                  groups:
                """
                + groups.lines().map(line -> line.isEmpty() ? "" : "  " + line).collect(Collectors.joining("\n"))
                + "\n";
        if (Boolean.getBoolean("docs.write")) {
            Files.writeString(RESOURCE, resource);
        }
        assertThat(RESOURCE).hasContent(resource);
        assertThat(((Map<?, ?>) Architecture.yaml(RESOURCE).get(0).get("spec")).get("groups"))
                .isEqualTo(Architecture.yaml(RULES).get(0).get("groups"));
    }

    /** One host name is to be replaced by the place where docs/ is kept. */
    @Test
    void namesNoOtherHostThanTheRunbooks() {
        Pattern url = Pattern.compile("https?://([^/\"\\s]+)");
        assertThat(Architecture.all(url, Architecture.read(RULES))).containsExactly("runbooks.example.com");
    }

    private static void run(String... command) throws Exception {
        boolean there = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(bin -> Files.isExecutable(Path.of(bin, command[0])));
        if (!there) {
            assumeTrue(
                    "true".equals(System.getenv("CI")),
                    command[0] + " isn't installed: Debian's prometheus and prometheus-alertmanager have it");
        }
        Process process = new ProcessBuilder(new ArrayList<>(List.of(command)))
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }
}
