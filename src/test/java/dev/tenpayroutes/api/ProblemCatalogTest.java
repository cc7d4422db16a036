package dev.tenpayroutes.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.api.ProblemCatalog.Detail;
import dev.tenpayroutes.api.ProblemCatalog.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** The catalogue of problems, the places that raise them, docs/errors.md and the contract's examples agree. */
class ProblemCatalogTest {

    private static final Path PAGE = Path.of("docs/errors.md");
    private static final Pattern IN_JAVA =
            Pattern.compile("(?:Problem\\.of|new ProblemException)\\(\\s*\"([A-Z][A-Z_]+(?:\\.[a-z0-9-]+)?)\"");
    private static final Pattern IN_ROUTES = Pattern.compile("(?:raise|refused)\\(\\$\\{exchange}, '([^']+)'\\)");
    private static final JsonMapper JSON = new JsonMapper();

    private static final Set<String> NAMES = new TreeSet<>();
    private static final Map<Path, String> TEXTS = new LinkedHashMap<>();

    @BeforeAll
    static void read() throws IOException {
        ProblemCatalog.entries()
                .forEach((code, entry) ->
                        entry.details().keySet().forEach(name -> NAMES.add(name.isEmpty() ? code : code + "." + name)));
        for (Path folder : List.of(Path.of("src/main/java"), Path.of("routes"))) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    TEXTS.put(file, Files.readString(file));
                }
            }
        }
    }

    @Test
    void everyProblemThatIsRaisedIsInTheCatalog() {
        Map<String, Path> raised = new TreeMap<>();
        TEXTS.forEach((file, text) -> Stream.of(IN_JAVA, IN_ROUTES)
                .flatMap(pattern -> pattern.matcher(text).results())
                .forEach(found -> raised.put(found.group(1), file)));
        assertThat(raised).hasSizeGreaterThan(50);
        assertThat(NAMES).containsAll(raised.keySet());
    }

    /** A statement decides on some: {@code then 'REFUND_EXCEEDS_PAYMENT'}; a rule of a payment method hands on its detail. */
    @Test
    void everyProblemOfTheCatalogIsRaised() {
        String all = String.join("\n", TEXTS.values());
        List<String> handedOn = NAMES.stream()
                .filter(name -> !name.contains(".")
                        && detail(name).detail().equals("{detail}")
                        && NAMES.contains(name + ".order"))
                .toList();
        assertThat(NAMES)
                .allSatisfy(name -> assertThat(handedOn.contains(name)
                                || all.contains("\"" + name + "\"")
                                || all.contains("'" + name + "'"))
                        .as(name)
                        .isTrue());
    }

    @Test
    void fillsADetailOnceAndShowsNoPlaceholder() {
        assertThat(Problem.of("INVALID_REQUEST.value", "place", "{rule}", "rule", "$1 \\"))
                .isEqualTo(new Problem(400, "INVALID_REQUEST", "{rule} $1 \\"));
        assertThat(Problem.of("ACCOUNT_UNKNOWN").detail()).doesNotContain("{");
    }

    @Test
    void refusesANameThatTheCatalogLacks() {
        for (String name : List.of("NO_SUCH", "ORDER_CONFLICT.never", "INVALID_REQUEST", "")) {
            assertThatThrownBy(() -> Problem.of(name)).hasMessage("problems.yaml has no " + name);
        }
    }

    @Test
    void theContractsExamplesAreOfTheCatalog() throws IOException {
        assertThat(examples()).hasSizeGreaterThan(35).allSatisfy(example -> {
            String code = example.path("code").asText();
            Problem problem = new Problem(
                    example.path("status").asInt(), code, example.path("detail").asText(), extensions(example));
            assertThat(example).isEqualTo(JSON.readTree(problem.json()));
            assertThat(ProblemCatalog.entries().get(code).details().values())
                    .as(code)
                    .anyMatch(detail -> detail.status() == problem.status()
                            && problem.detail().matches(template(detail.detail())));
        });
    }

    /** {@code ./mvnw test -Dtest=ProblemCatalogTest -Ddocs.write=true} writes the page anew. */
    @Test
    void thePageIsGeneratedFromTheCatalog() throws IOException {
        String page = page();
        if (Boolean.getBoolean("docs.write")) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("run ./mvnw test -Dtest=ProblemCatalogTest -Ddocs.write=true")
                .isEqualTo(page);
    }

    @Test
    void aHeadingsAnchorIsWhatAProblemsTypeNames() throws IOException {
        String page = ApiDocs.html("# Errors\n\n## ORDER_CONFLICT\n\n<script>alert(1)</script>\n");
        assertThat(page).contains("<h2 id=\"order_conflict\">ORDER_CONFLICT</h2>");
        assertThat(JSON.readTree(Problem.of("ORDER_CONFLICT").json())
                        .path("type")
                        .asText())
                .endsWith("#order_conflict");
    }

    @Test
    void theImageIsBuiltWithThePage() throws IOException {
        assertThat(Files.readAllLines(Path.of("Dockerfile"))).contains("COPY " + PAGE + " " + PAGE);
        assertThat(Files.readAllLines(Path.of(".dockerignore"))).contains("!" + PAGE);
    }

    private static Detail detail(String name) {
        String[] parts = name.split("\\.", 2);
        return ProblemCatalog.entries().get(parts[0]).details().get(parts.length == 1 ? "" : parts[1]);
    }

    private static String template(String detail) {
        return Stream.of(detail.split("\\{\\w+}", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
    }

    private static Map<String, String> extensions(JsonNode example) {
        Map<String, String> extensions = new LinkedHashMap<>();
        example.properties().stream()
                .filter(field -> field.getKey().startsWith("tenpay"))
                .forEach(
                        field -> extensions.put(field.getKey(), field.getValue().asText()));
        return extensions;
    }

    private static List<JsonNode> examples() throws IOException {
        JsonNode contract = JSON.valueToTree(
                new Yaml().<Object>load(Files.readString(Path.of("src/main/resources/openapi/merchant-api.yaml"))));
        List<JsonNode> examples = new ArrayList<>();
        contract.at("/components/examples").forEach(example -> {
            if (example.path("value") instanceof ObjectNode value && value.has("code") && value.has("detail")) {
                examples.add(value);
            }
        });
        return examples;
    }

    private static String page() throws IOException {
        StringBuilder page = new StringBuilder("""
                # Errors

                Every error of the merchant API is an RFC 9457 problem (`application/problem+json`) with a stable `code`, and a `type`
                that leads to its section here. `detail` describes the occurrence. Webhooks answer `{"code":"FAIL","message":"…"}`:
                there the status counts. Generated from `src/main/resources/problems.yaml`, with the contract's examples.

                Which errors may be sent again as they are: those with status 408, 429, 500, 502 and 503. Nothing is doubled by it.

                """);
        Map<Integer, List<String>> byStatus = new TreeMap<>();
        ProblemCatalog.entries()
                .forEach((code, entry) -> entry.details().values().stream()
                        .map(Detail::status)
                        .distinct()
                        .forEach(status -> byStatus.computeIfAbsent(status, any -> new ArrayList<>())
                                .add("[" + code + "](#" + code.toLowerCase(Locale.ROOT) + ")")));
        byStatus.forEach((status, links) -> page.append("- ")
                .append(status)
                .append(": ")
                .append(String.join(", ", links))
                .append('\n'));
        for (Map.Entry<String, Entry> entry : ProblemCatalog.entries().entrySet()) {
            page.append("\n## ").append(entry.getKey()).append("\n\n");
            page.append("- **Status:** ").append(entry.getValue().status()).append('\n');
            page.append("- **Cause:** ").append(entry.getValue().cause()).append('\n');
            page.append("- **Remedy:** ").append(entry.getValue().remedy()).append('\n');
            for (JsonNode example : examples()) {
                if (example.path("code").asText().equals(entry.getKey())) {
                    List<String> members = new ArrayList<>();
                    example.properties()
                            .forEach(member -> members.add("  \"" + member.getKey() + "\": " + member.getValue()));
                    page.append("\n```json\n{\n")
                            .append(String.join(",\n", members))
                            .append("\n}\n```\n");
                    break;
                }
            }
        }
        return page.toString();
    }
}
