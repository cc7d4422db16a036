package dev.tenpayroutes.story;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.dialect.Dialects;
import dev.tenpayroutes.story.Story.Answer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The contract as an integrator reads it, and what of an answer goes against it. It asks no class of the program what the
 * contract says.
 */
final class PublishedContract {

    /**
     * What the contract promises and the program doesn't do yet: regular expressions of the complaints that tests raise.
     * It must be empty in the end.
     */
    static final List<String> NOT_YET = List.of();

    static final PublishedContract THE = new PublishedContract(Path.of("src/main/resources/openapi/merchant-api.yaml"));

    private static final String PROBLEM = "application/problem+json";

    /** Answers of any path, given before the path is resolved. */
    private static final Set<String> ANYWHERE = Set.of(
            "401 UNAUTHENTICATED",
            "403 FORBIDDEN",
            "408 BODY_TOO_SLOW",
            "413 BODY_TOO_LARGE",
            "429 RATE_LIMITED",
            "503 NOT_READY");

    /**
     * One call.
     *
     * @param scope what it needs; empty where any client may call it
     * @param otherScope what does as well; empty where nothing does
     * @param query its query parameters
     * @param headers its header parameters
     * @param request the schema of its body; null where it takes none
     * @param requests the examples of its body, by the contract's names of them
     */
    record Operation(
            String id,
            String method,
            String path,
            String scope,
            String otherScope,
            Map<String, Schema> query,
            Map<String, Schema> headers,
            Schema request,
            Map<String, JsonNode> requests,
            Map<Integer, Response> responses) {

        boolean promises(int status, String example) {
            return responses.containsKey(status)
                    && responses.get(status).examples().containsKey(example);
        }

        boolean isAt(String target) {
            return Pattern.matches(path.replaceAll("\\{[^}]+}", "[^/]+"), target);
        }
    }

    /**
     * What one status of an operation looks like.
     *
     * @param type the first of its media types, of which the others say the same
     * @param headers those that must come with it
     * @param examples by the contract's names of them
     */
    record Response(
            String type,
            Set<String> types,
            Schema schema,
            Map<String, Schema> headers,
            Map<String, JsonNode> examples) {

        boolean isProblem() {
            return type.equals(PROBLEM);
        }

        Set<String> codes() {
            return examples.values().stream()
                    .map(example -> example.path("code").asText())
                    .collect(Collectors.toSet());
        }
    }

    private final JsonNode contract;
    private final SchemaRegistry schemas;
    private final Schema problem;
    private final List<Operation> operations = new ArrayList<>();

    private PublishedContract(Path file) {
        try {
            contract = Story.JSON.valueToTree(
                    new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        schemas = SchemaRegistry.withDialect(
                Dialects.getOpenApi30(),
                builder -> builder.schemaRegistryConfig(SchemaRegistryConfig.builder()
                                .locale(Locale.ENGLISH)
                                .build())
                        .schemas(Map.of("contract:published", contract.toString())));
        problem = schema(JsonPointer.compile("/components/schemas/Problem"));
        JsonPointer paths = JsonPointer.compile("/paths");
        contract.at(paths)
                .properties()
                .forEach(path -> path.getValue()
                        .properties()
                        .forEach(method -> operations.add(operation(
                                path.getKey(),
                                method.getKey(),
                                paths.appendProperty(path.getKey()).appendProperty(method.getKey())))));
    }

    private Operation operation(String path, String method, JsonPointer place) {
        JsonNode written = contract.at(place);
        JsonPointer responses = place.appendProperty("responses");
        Map<Integer, Response> byStatus = new LinkedHashMap<>();
        contract.at(responses)
                .fieldNames()
                .forEachRemaining(status ->
                        byStatus.put(Integer.valueOf(status), response(follow(responses.appendProperty(status)))));
        JsonPointer body = place.append(JsonPointer.compile("/requestBody/content/application~1json"));
        return new Operation(
                written.path("operationId").asText(),
                method.toUpperCase(Locale.ROOT),
                path,
                written.path("x-scope").asText(),
                written.path("x-scope-or").asText(),
                parameters("query", place),
                parameters("header", place),
                contract.at(body).isMissingNode() ? null : schema(body.appendProperty("schema")),
                examples(body),
                byStatus);
    }

    private Map<String, Schema> parameters(String where, JsonPointer operation) {
        JsonPointer list = operation.appendProperty("parameters");
        Map<String, Schema> parameters = new LinkedHashMap<>();
        for (int i = 0; i < contract.at(list).size(); i++) {
            JsonPointer place = follow(list.appendIndex(i));
            if (contract.at(place).path("in").asText().equals(where)) {
                parameters.put(contract.at(place).path("name").asText(), schema(place.appendProperty("schema")));
            }
        }
        return parameters;
    }

    private Response response(JsonPointer place) {
        JsonPointer content = place.appendProperty("content");
        Set<String> types = new java.util.LinkedHashSet<>();
        contract.at(content).fieldNames().forEachRemaining(types::add);
        String type = types.iterator().next();
        JsonPointer body = content.appendProperty(type);
        Map<String, Schema> headers = new LinkedHashMap<>();
        JsonPointer of = place.appendProperty("headers");
        contract.at(of)
                .fieldNames()
                .forEachRemaining(
                        name -> headers.put(name, schema(of.appendProperty(name).appendProperty("schema"))));
        return new Response(type, types, schema(body.appendProperty("schema")), headers, examples(body));
    }

    private Map<String, JsonNode> examples(JsonPointer body) {
        Map<String, JsonNode> examples = new LinkedHashMap<>();
        JsonPointer named = body.appendProperty("examples");
        contract.at(named)
                .fieldNames()
                .forEachRemaining(name -> examples.put(
                        name, contract.at(follow(named.appendProperty(name))).path("value")));
        return examples;
    }

    /** The examples that stand beside a schema, or in it, below a place; by the place of their schema. */
    Map<JsonPointer, JsonNode> examplesWithin(JsonPointer place) {
        Map<JsonPointer, JsonNode> examples = new LinkedHashMap<>();
        contract.at(place).properties().forEach(field -> {
            JsonPointer inner = place.appendProperty(field.getKey());
            JsonNode example = field.getValue().path("example");
            if (!example.isMissingNode()) {
                examples.put(field.getValue().has("schema") ? inner.appendProperty("schema") : inner, example);
            }
            examples.putAll(examplesWithin(inner));
        });
        return examples;
    }

    /** Where a reference leads; itself when it is none. */
    private JsonPointer follow(JsonPointer place) {
        JsonNode reference = contract.at(place).path("$ref");
        return reference.isTextual() ? JsonPointer.compile(reference.asText().substring(1)) : place;
    }

    Schema schema(JsonPointer place) {
        return schemas.getSchema(SchemaLocation.of("contract:published#" + place));
    }

    /** What the contract says of a place in a body of a schema; missing where it says nothing. */
    JsonNode rule(Schema schema, JsonPointer place) {
        JsonPointer at =
                JsonPointer.compile(schema.getSchemaLocation().getFragment().toString());
        for (JsonPointer step = place; !step.matches(); step = step.tail()) {
            JsonPointer properties = follow(at).appendProperty("properties").appendProperty(step.getMatchingProperty());
            String other = step.getMatchingIndex() >= 0 ? "items" : "additionalProperties";
            at = contract.at(properties).isMissingNode() ? follow(at).appendProperty(other) : properties;
        }
        return contract.at(follow(at));
    }

    List<Operation> operations() {
        return operations;
    }

    private Optional<Operation> operation(String method, String path) {
        // As OpenAPI has it: of two paths the one without a parameter is meant.
        Optional<String> meant = operations.stream()
                .filter(operation -> operation.isAt(path))
                .map(Operation::path)
                .min(Comparator.comparing(name -> name.contains("{")));
        return operations.stream()
                .filter(operation -> operation.method().equals(method)
                        && meant.filter(operation.path()::equals).isPresent())
                .findFirst();
    }

    /** What is against the contract in an answer of the merchant API; empty when nothing is. */
    Optional<String> complaint(String method, String target, Answer answer) {
        String path = target.replaceFirst("\\?.*", "");
        Optional<Operation> operation = operation(method, path);
        String wrong = operation.isPresent() ? wrong(operation.get(), answer) : wrongOutside(method, path, answer);
        return Optional.ofNullable(wrong)
                .map(what -> told(method, target, what, answer))
                .filter(complaint -> !isNotYet(complaint));
    }

    static String told(String method, String target, String what, Answer answer) {
        return "%s %s: %s; answered %d %s %s"
                .formatted(method, target, what, answer.status(), answer.type(), answer.content());
    }

    /** Whether a complaint is about what {@link #NOT_YET} excuses. */
    boolean isNotYet(String complaint) {
        return NOT_YET.stream()
                .anyMatch(pattern -> Pattern.compile(pattern, Pattern.DOTALL)
                        .matcher(complaint)
                        .matches());
    }

    private String wrong(Operation operation, Answer answer) {
        if (isRefusedHttp(answer)) {
            return wrong(problem, answer);
        }
        Response response = operation.responses().get(answer.status());
        if (response == null) {
            return "status not in the contract of " + operation.id();
        }
        if (!response.types().contains(answer.type().replaceFirst(";.*", ""))) {
            return "media type not in the contract of " + operation.id();
        }
        if (response.isProblem() && !response.codes().contains(answer.text("code"))) {
            return "code not in the contract of " + operation.id();
        }
        for (Map.Entry<String, Schema> header : response.headers().entrySet()) {
            List<String> values = answer.headers().getOrDefault(header.getKey().toLowerCase(Locale.ROOT), List.of());
            if (values.size() != 1 || !isInteger(header.getValue(), values.get(0))) {
                return "no good header " + header.getKey();
            }
        }
        return answer.type().contains("json") ? wrong(response.schema(), answer) : null;
    }

    /** Of headers the contract has numbers only. */
    private static boolean isInteger(Schema schema, String value) {
        return value.matches("[0-9]{1,9}")
                && schema.validate(Story.JSON.getNodeFactory().numberNode(Integer.parseInt(value)))
                        .isEmpty();
    }

    private String wrongOutside(String method, String path, Answer answer) {
        boolean known = operations.stream().anyMatch(operation -> operation.isAt(path));
        String due = known ? "405 METHOD_NOT_ALLOWED" : "404 NOT_FOUND";
        String said = answer.status() + " " + answer.text("code");
        // An answer to HEAD has no body.
        boolean good = method.equals("HEAD")
                ? Stream.concat(Stream.of(due, "400 BAD_REQUEST", "417 BAD_REQUEST"), ANYWHERE.stream())
                        .anyMatch(problem -> problem.startsWith(answer.status() + " "))
                : said.equals(due) || ANYWHERE.contains(said) || isRefusedHttp(answer);
        if (!good) {
            return method + " is no operation of the contract here";
        }
        if (answer.status() == 405 && !answer.headers().containsKey("allow")) {
            return "no Allow header";
        }
        if (!answer.type().equals(PROBLEM)) {
            return "no problem";
        }
        return method.equals("HEAD") ? null : wrong(problem, answer);
    }

    /** The server below us has more than one status for what isn't well-formed HTTP. */
    private static boolean isRefusedHttp(Answer answer) {
        return answer.status() / 100 == 4 && answer.type().equals(PROBLEM) && "BAD_REQUEST".equals(answer.text("code"));
    }

    private static String wrong(Schema schema, Answer answer) {
        List<Error> errors = schema.validate(answer.body());
        return errors.isEmpty() ? null : "not of the contract's schema: " + errors;
    }
}
