package dev.tenpayroutes.api;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.dialect.Dialects;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.component.platform.http.springboot.PlatformHttpMessage;
import org.apache.camel.spi.RestClientRequestValidator;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Holds requests to the contract before a route runs: what passes has the body that the OpenAPI file describes, and the
 * exchange then carries it as the parsed {@link JsonNode}.
 *
 * <p>Camel's own validator builds itself anew for every request (13 ms of CPU); here the schemas are made once and a
 * check takes microseconds. The detail of a refusal names the place and the rule, never the value.
 */
@Component
public class Contract implements RestClientRequestValidator {

    private static final String DOCUMENT = "openapi/merchant-api.yaml";
    private static final int MOST_ERRORS = 5;
    static final Problem NOT_THERE = new Problem(404, "NOT_FOUND", "there is nothing at this path");

    private record Operation(
            String method, Pattern path, @Nullable Schema body, Map<String, Schema> query) {}

    private final JsonMapper json = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(20)
                            .maxNumberLength(30)
                            .build())
                    // Two readers of one document must not see two different orders.
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private final List<Operation> operations = new ArrayList<>();

    public Contract() throws IOException {
        try (InputStream in = Contract.class.getClassLoader().getResourceAsStream(DOCUMENT)) {
            Object document = new Yaml(new SafeConstructor(new LoaderOptions())).load(in);
            JsonNode contract = json.valueToTree(document);
            SchemaRegistry registry = SchemaRegistry.withDialect(
                    Dialects.getOpenApi30(),
                    builder -> builder.schemaRegistryConfig(SchemaRegistryConfig.builder()
                                    .locale(Locale.ENGLISH)
                                    .build())
                            .schemas(Map.of("contract:api", contract.toString())));
            contract.get("paths")
                    .properties()
                    .forEach(path -> path.getValue().properties().forEach(operation -> {
                        JsonNode schema = operation.getValue().at("/requestBody/content/application~1json/schema/$ref");
                        operations.add(new Operation(
                                operation.getKey().toUpperCase(Locale.ROOT),
                                Pattern.compile(path.getKey().replaceAll("\\{[^}]+}", "[^/]+")),
                                schema.isTextual()
                                        ? registry.getSchema(SchemaLocation.of("contract:api" + schema.asText()))
                                        : null,
                                query(
                                        contract,
                                        JsonPointer.empty()
                                                .appendProperty("paths")
                                                .appendProperty(path.getKey())
                                                .appendProperty(operation.getKey()),
                                        registry)));
                    }));
        }
    }

    @Override
    public @Nullable ValidationError validate(Exchange exchange, ValidationContext context) {
        String method = exchange.getMessage().getHeader(Exchange.HTTP_METHOD, String.class);
        String path = exchange.getMessage().getHeader(Exchange.HTTP_PATH, String.class);
        for (Operation operation : operations) {
            if (operation.method().equals(method)
                    && operation.path().matcher(path).matches()) {
                Problem problem = check(exchange, operation.query());
                if (problem == null && operation.body() != null) {
                    problem = check(exchange, operation.body());
                }
                return refusal(exchange, problem);
            }
        }
        // Camel is more generous with paths than the contract: what the contract doesn't name isn't there.
        return refusal(exchange, NOT_THERE);
    }

    private static Map<String, Schema> query(JsonNode contract, JsonPointer operation, SchemaRegistry registry) {
        Map<String, Schema> query = new HashMap<>();
        JsonPointer parameters = operation.appendProperty("parameters");
        for (int i = 0; i < contract.at(parameters).size(); i++) {
            JsonPointer place = parameters.appendIndex(i);
            if (contract.at(place).has("$ref")) {
                place = JsonPointer.compile(
                        contract.at(place).get("$ref").asText().substring(1));
            }
            if (contract.at(place).path("in").asText().equals("query")) {
                query.put(
                        contract.at(place).get("name").asText(),
                        registry.getSchema(SchemaLocation.of("contract:api#" + place.appendProperty("schema"))));
            }
        }
        return Map.copyOf(query);
    }

    /** A misspelt filter that were ignored would show payments that nobody asked for. */
    private static @Nullable Problem check(Exchange exchange, Map<String, Schema> query) {
        PlatformHttpMessage message = exchange.getIn(PlatformHttpMessage.class);
        if (message == null) {
            return null;
        }
        for (Map.Entry<String, String[]> parameter :
                message.getRequest().getParameterMap().entrySet()) {
            String name = parameter.getKey();
            Schema schema = query.get(name);
            if (schema == null || parameter.getValue().length != 1) {
                return new Problem(
                        400,
                        "INVALID_REQUEST",
                        "each query parameter may be given once, and is one of "
                                + query.keySet().stream().sorted().toList());
            }
            String value = parameter.getValue()[0];
            boolean whole =
                    schema.getSchemaNode().path("type").asText().equals("integer") && value.matches("-?[0-9]{1,9}");
            JsonNode node = whole ? IntNode.valueOf(Integer.parseInt(value)) : TextNode.valueOf(value);
            List<Error> errors = schema.validate(node);
            if (!errors.isEmpty()) {
                return new Problem(
                        400,
                        "INVALID_REQUEST",
                        "query parameter " + name + " " + errors.get(0).getMessage());
            }
        }
        return null;
    }

    /** Whether the contract has this path, for any method. */
    boolean names(String path) {
        return operations.stream()
                .anyMatch(operation -> operation.path().matcher(path).matches());
    }

    private static @Nullable ValidationError refusal(Exchange exchange, @Nullable Problem problem) {
        if (problem == null) {
            return null;
        }
        exchange.getMessage().removeHeaders("*");
        exchange.getMessage().setHeader(Exchange.CONTENT_TYPE, Problem.MEDIA_TYPE);
        return new ValidationError(problem.status(), problem.json());
    }

    private @Nullable Problem check(Exchange exchange, Schema schema) {
        String type = exchange.getMessage().getHeader(Exchange.CONTENT_TYPE, "", String.class);
        if (!type.toLowerCase(Locale.ROOT).matches("application/json(\\s*;.*)?")) {
            return new Problem(415, "UNSUPPORTED_MEDIA_TYPE", "send the body as Content-Type: application/json");
        }
        JsonNode body;
        try {
            byte[] bytes = exchange.getMessage().getBody(byte[].class);
            body = json.readTree(bytes == null ? new byte[0] : bytes);
        } catch (JacksonException e) {
            return new Problem(
                    400,
                    "INVALID_REQUEST",
                    "the body is not well-formed JSON"
                            + (e.getLocation() == null
                                    ? ""
                                    : ", line " + e.getLocation().getLineNr() + ", column "
                                            + e.getLocation().getColumnNr()));
        } catch (IOException e) {
            return new Problem(400, "INVALID_REQUEST", "the body could not be read");
        }
        List<Error> errors = schema.validate(body);
        if (!errors.isEmpty()) {
            return new Problem(
                    400,
                    "INVALID_REQUEST",
                    errors.stream().limit(MOST_ERRORS).map(Contract::words).collect(Collectors.joining("; ")));
        }
        String place = unstorable(body, "");
        if (place != null) {
            return new Problem(400, "INVALID_REQUEST", place + " has a zero or half a character in its name or text");
        }
        exchange.getMessage().setBody(body);
        return null;
    }

    /** Where something is that JSON can spell and the store can't keep: U+0000 or a lone surrogate. */
    private static @Nullable String unstorable(JsonNode node, String place) {
        if (node.isTextual() && !storable(node.textValue())) {
            return place;
        }
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            String found =
                    storable(field.getKey()) ? unstorable(field.getValue(), place + "/" + field.getKey()) : place;
            if (found != null) {
                return found;
            }
        }
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            String found = unstorable(node.get(i), place + "/" + i);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private static boolean storable(String text) {
        return text.codePoints()
                .noneMatch(c -> c == 0 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE));
    }

    private static String words(Error error) {
        String place = error.getInstanceLocation().toString();
        return (place.isEmpty() || place.equals("$") ? "the body" : place) + " " + error.getMessage();
    }
}
