package dev.tenpayroutes.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Each file of routes/mappings, run by Camel's jq with exchange variables, gives what the cases in
 * src/test/resources/mappings say.
 *
 * <p>A file's first case is whole. Another case says in which top-level fields it differs: {@code with} and
 * {@code without} of the body, {@code set} and {@code unset} of the variables, {@code gives} and {@code lacks} of the
 * result; or it has a {@code body}, {@code variables} or a {@code result} of its own.
 */
class MappingsTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();

    static {
        CAMEL.start();
    }

    @TestFactory
    Stream<DynamicContainer> mappingGivesWhatItsCasesSay() throws IOException {
        return Files.list(Path.of("src/test/resources/mappings")).sorted().map(file -> {
            String name = file.getFileName().toString().replace(".json", "");
            Expression mapping =
                    CAMEL.resolveLanguage("jq").createExpression("resource:file:routes/mappings/" + name + ".jq");
            mapping.init(CAMEL);
            JsonNode cases = json(file);
            return DynamicContainer.dynamicContainer(
                    name,
                    Stream.iterate(0, i -> i < cases.size(), i -> i + 1)
                            .map(i -> DynamicTest.dynamicTest(
                                    cases.get(i).path("case").asText(),
                                    () -> run(mapping, cases.get(0), cases.get(i)))));
        });
    }

    private static void run(Expression mapping, JsonNode first, JsonNode each) throws IOException {
        Exchange exchange = new DefaultExchange(CAMEL);
        exchange.getMessage().setBody(part(first, each, "body", "with", "without"));
        Map<String, Object> variables = JSON.convertValue(
                part(first, each, "variables", "set", "unset"), new TypeReference<Map<String, Object>>() {});
        variables.forEach(exchange::setVariable);
        JsonNode expected = part(first, each, "result", "gives", "lacks");
        String given = mapping.evaluate(exchange, String.class);
        if (expected.isNull() || expected.isTextual()) {
            // A mapping to one word and not to a document.
            assertThat(given).isEqualTo(expected.textValue());
        } else {
            assertThat(JSON.readTree(given)).isEqualTo(expected);
        }
    }

    private static JsonNode part(JsonNode first, JsonNode each, String whole, String changed, String removed) {
        if (each.has(whole)) {
            return each.get(whole);
        }
        JsonNode part = first.has(whole) ? first.get(whole).deepCopy() : JSON.createObjectNode();
        if (part instanceof ObjectNode object && each != first) {
            each.path(changed).properties().forEach(field -> object.set(field.getKey(), field.getValue()));
            each.path(removed).forEach(field -> object.remove(field.asText()));
        }
        return part;
    }

    private static JsonNode json(Path file) {
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
