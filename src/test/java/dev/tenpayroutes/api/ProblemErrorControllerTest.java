package dev.tenpayroutes.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * docs/errors.md and the program know the same codes. A code is found where it stands as a text right after its status:
 * {@code 409, "ORDER_CONFLICT"} in Java, {@code 409, 'ORDER_CONFLICT'} in a route or a statement.
 */
class ProblemErrorControllerTest {

    private static final Path PAGE = Path.of("docs/errors.md");
    private static final Pattern SECTION =
            Pattern.compile("^## ([A-Z_]+)\n\n(.*?)(?=^## |\\z)", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern EXAMPLE = Pattern.compile("^```json\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern RAISED = Pattern.compile("\\b([45][0-9]{2}),\\s*[\"']([A-Z][A-Z_]{3,})[\"']");
    /** The rules of the payment methods have one status. */
    private static final Pattern BROKEN = Pattern.compile("\\bbroken\\(\\s*\"([A-Z][A-Z_]{3,})\"");

    /** refund-insert.sql decides, and refund-create raises what it says. */
    private static final Pattern VERDICT = Pattern.compile("\\bthen '((?:REFUND|CURRENCY|AMOUNT)_[A-Z_]+)'\n");

    private static final Pattern REFUSED = Pattern.compile("\\brefused\\(\\$\\{exchange}, ([45][0-9]{2}),");

    private static final Map<String, String> SECTIONS = new TreeMap<>();
    private static final Map<String, Set<String>> STATUSES = new TreeMap<>();

    @BeforeAll
    static void read() throws IOException {
        Matcher section = SECTION.matcher(Files.readString(PAGE));
        while (section.find()) {
            assertThat(SECTIONS.put(section.group(1), section.group(2)))
                    .as(section.group(1) + " a second time")
                    .isNull();
        }
        for (Path folder : List.of(Path.of("src/main/java"), Path.of("routes"))) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.filter(Files::isRegularFile)
                        .filter(file -> !file.toString().contains("sandbox"))
                        .toList()) {
                    String text = Files.readString(file);
                    each(RAISED, text, found -> raised(found.group(2), found.group(1)));
                    each(BROKEN, text, found -> raised(found.group(1), "422"));
                    if (file.endsWith("refund-insert.sql")) {
                        each(VERDICT, text, found -> raised(found.group(1), "422"));
                    }
                    each(REFUSED, text, found -> raised("TENPAY_REFUSED", found.group(1)));
                }
            }
        }
    }

    private static void each(Pattern pattern, String text, java.util.function.Consumer<MatchResult> action) {
        pattern.matcher(text).results().forEach(action);
    }

    private static void raised(String code, String status) {
        STATUSES.computeIfAbsent(code, any -> new TreeSet<>()).add(status);
    }

    @Test
    void everyCodeThatTheProgramRaisesHasASection() {
        assertThat(STATUSES).hasSizeGreaterThan(25);
        assertThat(SECTIONS.keySet()).containsAll(STATUSES.keySet());
    }

    @Test
    void everySectionsCodeIsRaised() {
        assertThat(STATUSES.keySet()).containsAll(SECTIONS.keySet());
    }

    @Test
    void aSectionNamesEveryStatusOfItsCodeAndCauseAndRemedy() {
        SECTIONS.forEach((code, text) -> {
            String status = text.lines().findFirst().orElse("");
            assertThat(status).as(code).startsWith("- **Status:** ");
            STATUSES.getOrDefault(code, Set.of())
                    .forEach(its -> assertThat(status).as(code).contains(its));
            assertThat(text).as(code).contains("\n- **Cause:** ", "\n- **Remedy:** ");
        });
    }

    @Test
    void theListAtTheTopLeadsToEverySection() throws IOException {
        String top = Files.readString(PAGE).split("\n## ", 2)[0];
        SECTIONS.keySet().forEach(code -> assertThat(top).contains("[" + code + "](#" + code.toLowerCase() + ")"));
    }

    @Test
    void anExampleIsWhatTheProgramAnswers() {
        int examples = 0;
        for (Map.Entry<String, String> section : SECTIONS.entrySet()) {
            Matcher example = EXAMPLE.matcher(section.getValue());
            while (example.find()) {
                examples++;
                JsonNode shown = json(example.group(1));
                Map<String, String> more = new TreeMap<>();
                shown.properties().stream()
                        .filter(field -> field.getKey().startsWith("tenpay"))
                        .forEach(field ->
                                more.put(field.getKey(), field.getValue().asText()));
                Problem problem = new Problem(
                        shown.path("status").asInt(),
                        section.getKey(),
                        shown.path("detail").asText(),
                        more);
                assertThat(shown).isEqualTo(json(problem.json()));
            }
        }
        assertThat(examples).isPositive();
    }

    @Test
    void aHeadingsAnchorIsWhatAProblemsTypeNames() {
        String page = ApiDocs.html("# Errors\n\n## ORDER_CONFLICT\n\n<script>alert(1)</script>\n");
        assertThat(page).contains("<h2 id=\"order_conflict\">ORDER_CONFLICT</h2>");
        assertThat(json(new Problem(409, "ORDER_CONFLICT", "x").json())
                        .path("type")
                        .asText())
                .endsWith("#order_conflict");
    }

    @Test
    void theImageIsBuiltWithThePage() throws IOException {
        assertThat(Files.readAllLines(Path.of("Dockerfile"))).contains("COPY " + PAGE + " " + PAGE);
        assertThat(Files.readAllLines(Path.of(".dockerignore"))).contains("!" + PAGE);
    }

    private static JsonNode json(String text) {
        try {
            return new JsonMapper().readTree(text);
        } catch (IOException e) {
            throw new IllegalStateException(text, e);
        }
    }
}
