package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.DuplicateKeyException;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Route files are canonical YAML of this Camel version: Camel itself ignores some mistakes until the route runs.
 *
 * <p>Newer Camel ships the canonical schema. Until ours does, it is made here from the full one by taking the compact
 * forms away: text where a map is meant, and a language without {@code expression:} around it.
 */
class ArchitectureSchemaTest {

    private static final String CANONICAL = "/schema/camelYamlDsl-canonical.json";
    private static final String FULL = "/schema/camelYamlDsl.json";
    private static final String EXPRESSION = "#/items/definitions/org.apache.camel.model.language.ExpressionDefinition";
    /** These only say that one of several alternatives failed; the errors below them say what. */
    private static final Set<String> VAGUE = Set.of("oneOf", "anyOf", "not");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static Schema schema;

    @BeforeAll
    static void readTheSchema() throws IOException {
        boolean shipped = ArchitectureSchemaTest.class.getResource(CANONICAL) != null;
        try (InputStream in = ArchitectureSchemaTest.class.getResourceAsStream(shipped ? CANONICAL : FULL)) {
            JsonNode tree = JSON.readTree(in);
            if (!shipped) {
                takeCompactFormsAway(tree);
            }
            schema = SchemaRegistry.withDefaultDialect(
                            SpecificationVersion.DRAFT_4,
                            builder -> builder.schemaRegistryConfig(SchemaRegistryConfig.builder()
                                    .locale(Locale.ENGLISH)
                                    .build()))
                    .getSchema(tree);
        }
    }

    @Test
    void everyRouteFileIsCanonicalCamelYaml() {
        List<Violation> violations = new ArrayList<>();
        for (RouteFile file : RouteFile.all()) {
            violations.addAll(check(file.path(), Architecture.read(file.path())));
        }
        Violation.none(violations);
    }

    @Test
    void anUnknownKeyIsCaughtWithItsLine() {
        assertThat(check(Path.of("x"), """
                - route:
                    id: x
                    from:
                      uri: direct:x
                      steps:
                        - to:
                            uri: direct:y
                            paramters:
                              a: b
                """)).singleElement().satisfies(violation -> {
            assertThat(violation.place()).isEqualTo("x:8");
            assertThat(violation.rule()).contains("'paramters'");
        });
    }

    @Test
    void anUnknownStepIsCaught() {
        assertThat(check(Path.of("x"), """
                - route:
                    id: x
                    from:
                      uri: direct:x
                      steps:
                        - sendTo:
                            uri: direct:y
                """)).isNotEmpty();
    }

    @Test
    void theCompactFormOfAStepIsCaught() {
        assertThat(check(Path.of("x"), """
                - route:
                    id: x
                    from:
                      uri: direct:x
                      steps:
                        - to: direct:y
                """)).isNotEmpty();
    }

    @Test
    void theCompactFormsOfAnExpressionAreCaught() {
        String file = """
                - route:
                    id: x
                    from:
                      uri: direct:x
                      steps:
                        - setBody:
                            %s
                """;
        assertThat(check(Path.of("x"), file.formatted("simple: ${variable.y}"))).isNotEmpty();
        assertThat(check(Path.of("x"), file.formatted("expression: { simple: '${variable.y}' }")))
                .isNotEmpty();
        assertThat(check(Path.of("x"), file.formatted("expression: { simple: { expression: '${variable.y}' } }")))
                .isEmpty();
    }

    @Test
    void aKeyWrittenTwiceIsCaught() {
        assertThatThrownBy(() -> check(Path.of("x"), "- route:\n    id: x\n    id: y\n"))
                .isInstanceOf(DuplicateKeyException.class);
    }

    private static List<Violation> check(Path path, String yaml) {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        JsonNode tree = JSON.valueToTree(new Yaml(new SafeConstructor(options)).load(yaml));
        RouteFile file = new RouteFile(path, yaml);
        List<Error> errors = schema.validate(tree);
        List<Error> exact = errors.stream()
                .filter(error -> !VAGUE.contains(error.getKeyword()))
                .toList();
        return (exact.isEmpty() ? errors : exact)
                .stream()
                        .sorted(Comparator.comparing((Error error) ->
                                        error.getInstanceLocation().getNameCount())
                                .reversed())
                        .map(error -> file.violation(
                                file.line(place(error)),
                                error.getInstanceLocation() + " " + error.getMessage()
                                        + " (a route file is canonical YAML of this Camel version)",
                                "write it as the schema has it: a map for every step, and"
                                        + " `expression: {simple: {expression: …}}` for every expression"))
                        .distinct()
                        .toList();
    }

    private static String place(Error error) {
        String place = error.getInstanceLocation().toString().replaceFirst("^/", "");
        return error.getProperty() == null ? place : place + "/" + error.getProperty();
    }

    private static void takeCompactFormsAway(JsonNode node) {
        if (node.get("oneOf") instanceof ArrayNode alternatives) {
            boolean hasMap = false;
            for (JsonNode alternative : alternatives) {
                hasMap |= alternative.path("type").asText().equals("object");
            }
            for (int i = alternatives.size() - 1; i >= 0 && hasMap; i--) {
                JsonNode alternative = alternatives.get(i);
                if (alternative.path("type").asText().equals("string")
                        || alternative.path("$ref").asText().equals(EXPRESSION)) {
                    alternatives.remove(i);
                }
            }
        }
        node.forEach(ArchitectureSchemaTest::takeCompactFormsAway);
    }
}
