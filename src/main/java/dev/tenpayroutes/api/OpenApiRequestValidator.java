package dev.tenpayroutes.api;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.component.platform.http.springboot.PlatformHttpMessage;
import org.apache.camel.spi.RestClientRequestValidator;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
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
public class OpenApiRequestValidator implements RestClientRequestValidator {

    private static final int MAX_ERRORS = 5;
    private static final int MAX_DEPTH = 20;
    static final int MAX_NAME_LENGTH = 256;
    private static final int MAX_NUMBER_LENGTH = 30;
    /** A hundred goods and fifty entries of metadata are some 1600. */
    private static final int MAX_TOKENS = 10_000;

    static final Problem NOT_UTF_8 = Problem.of("INVALID_REQUEST.not-utf-8");

    /** What the server reads for percent-encoded bytes that are no UTF-8. */
    static final String NO_CHARACTER = "\ufffd";

    private static final String BYTE_ORDER_MARK = "\ufeff";

    static final Problem NOT_THERE = Problem.of("NOT_FOUND");

    private record Body(Schema schema, JsonNode written) {}

    private record Operation(
            String id,
            JsonNode responses,
            String method,
            Pattern path,
            @Nullable Body body,
            Map<String, Schema> query,
            Map<String, Schema> headers) {}

    private final JsonMapper json = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxNumberLength(MAX_NUMBER_LENGTH)
                            .maxNameLength(MAX_NAME_LENGTH)
                            .maxStringLength(RequestLimitFilter.API_BYTES)
                            .maxTokenCount(MAX_TOKENS)
                            .build())
                    // Two readers of one document must not see two different orders.
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private final List<Operation> operations = new ArrayList<>();
    private final FreeTextFinder freeText;

    public OpenApiRequestValidator() throws IOException {
        this(new ClassPathResource("openapi/merchant-api.yaml"));
    }

    OpenApiRequestValidator(Resource document) throws IOException {
        try (InputStream in = document.getInputStream()) {
            JsonNode contract = json.valueToTree(new Yaml(new SafeConstructor(new LoaderOptions())).load(in));
            freeText = new FreeTextFinder(contract);
            SchemaRegistry registry = SchemaRegistry.withDialect(
                    Dialect.builder(Dialects.getOpenApi30())
                            .format(new DateTimeFormat())
                            .build(),
                    builder -> builder.schemaRegistryConfig(SchemaRegistryConfig.builder()
                                    .locale(Locale.ENGLISH)
                                    .build())
                            .schemas(Map.of("contract:api", contract.toString())));
            contract.get("paths").properties().stream()
                    // As OpenAPI has it: of two paths the one without a parameter is meant.
                    .sorted(Comparator.comparing(path -> path.getKey().contains("{")))
                    .forEach(path -> {
                        Pattern pattern = Pattern.compile(
                                "\\Q" + path.getKey().replaceAll("\\{[^}]+}", "\\\\E[^/]+\\\\Q") + "\\E");
                        path.getValue().properties().forEach(operation -> {
                            JsonPointer place = JsonPointer.empty()
                                    .appendProperty("paths")
                                    .appendProperty(path.getKey())
                                    .appendProperty(operation.getKey());
                            JsonNode schema = operation.getValue().at("/requestBody/content/application~1json/schema");
                            operations.add(new Operation(
                                    operation.getValue().path("operationId").asText(),
                                    operation.getValue().path("responses"),
                                    operation.getKey().toUpperCase(Locale.ROOT),
                                    pattern,
                                    schema.has("$ref")
                                            ? new Body(
                                                    registry.getSchema(SchemaLocation.of("contract:api"
                                                            + schema.get("$ref").asText())),
                                                    schema)
                                            : null,
                                    parameters("query", contract, place, registry),
                                    parameters("header", contract, place, registry)));
                        });
                    });
        }
    }

    @Override
    public @Nullable ValidationError validate(Exchange exchange, ValidationContext context) {
        String method = exchange.getMessage().getHeader(Exchange.HTTP_METHOD, String.class);
        String path = exchange.getMessage().getHeader(Exchange.HTTP_PATH, String.class);
        for (Operation operation : operations) {
            if (operation.method().equals(method)
                    && operation.path().matcher(path).matches()) {
                PlatformHttpMessage message = exchange.getIn(PlatformHttpMessage.class);
                Problem problem = message == null ? null : check(message.getRequest(), operation);
                if (problem == null && operation.body() != null) {
                    problem = check(exchange, operation.body());
                }
                if (problem == null && message != null) {
                    // Only what was checked: a header of the request must not pass for a parameter of the query.
                    operation
                            .query()
                            .keySet()
                            .forEach(name -> exchange.getMessage()
                                    .setHeader(name, message.getRequest().getParameter(name)));
                    if (operation.query().containsKey(MetadataFilter.NAME)) {
                        exchange.getMessage()
                                .setHeader(MetadataFilter.NAME, MetadataFilter.value(message.getRequest()));
                    }
                }
                return refusal(exchange, problem);
            }
        }
        // Camel is more generous with paths than the contract: what the contract doesn't name isn't there.
        return refusal(exchange, NOT_THERE);
    }

    private static Map<String, Schema> parameters(
            String where, JsonNode contract, JsonPointer operation, SchemaRegistry registry) {
        Map<String, Schema> found = new HashMap<>();
        JsonPointer parameters = operation.appendProperty("parameters");
        for (int i = 0; i < contract.at(parameters).size(); i++) {
            JsonPointer place = parameters.appendIndex(i);
            if (contract.at(place).has("$ref")) {
                place = JsonPointer.compile(
                        contract.at(place).get("$ref").asText().substring(1));
            }
            if (contract.at(place).path("in").asText().equals(where)) {
                found.put(
                        contract.at(place).get("name").asText(),
                        registry.getSchema(SchemaLocation.of("contract:api#" + place.appendProperty("schema"))));
            }
        }
        return Map.copyOf(found);
    }

    private static @Nullable Problem check(HttpServletRequest request, Operation operation) {
        // Ignoring a misspelt filter would show more payments than asked for.
        for (Map.Entry<String, String[]> parameter : request.getParameterMap().entrySet()) {
            if (operation.query().containsKey(MetadataFilter.NAME) && MetadataFilter.isEntry(parameter.getKey())) {
                Problem problem = MetadataFilter.check(request, parameter.getKey(), parameter.getValue());
                if (problem != null) {
                    return problem;
                }
                continue;
            }
            Schema schema = operation.query().get(parameter.getKey());
            if (schema == null || parameter.getValue().length != 1) {
                return Problem.of(
                        "INVALID_REQUEST.parameters",
                        "parameters",
                        operation.query().keySet().stream().sorted().toList());
            }
            String place = "query parameter " + parameter.getKey();
            if (parameter.getValue()[0].contains(NO_CHARACTER)) {
                return Problem.of("INVALID_REQUEST.place-not-utf-8", "place", place);
            }
            Problem problem = check(place, parameter.getValue()[0], schema);
            if (problem != null) {
                return problem;
            }
        }
        for (String time : List.of("created", "paid")) {
            Problem range = DateTimeFormat.emptyRange(
                    time, request.getParameter(time + "From"), request.getParameter(time + "To"));
            if (range != null) {
                return range;
            }
        }
        for (Map.Entry<String, Schema> header : operation.headers().entrySet()) {
            List<String> values = Collections.list(request.getHeaders(header.getKey()));
            if (values.size() > 1) {
                return Problem.of("INVALID_REQUEST.header", "header", header.getKey());
            }
            Problem problem =
                    values.isEmpty() ? null : check("header " + header.getKey(), values.get(0), header.getValue());
            if (problem != null) {
                return problem;
            }
        }
        return null;
    }

    private static @Nullable Problem check(String place, String value, Schema schema) {
        boolean whole =
                schema.getSchemaNode().path("type").asText().equals("integer") && value.matches("-?[0-9]{1,18}");
        JsonNode node = whole ? LongNode.valueOf(Long.parseLong(value)) : TextNode.valueOf(value);
        List<Error> errors = schema.validate(node);
        if (errors.isEmpty()) {
            return null;
        }
        String rule = errors.get(0).getMessage();
        if (schema.getSchemaNode().path("format").asText().equals("date-time")) {
            rule = "must be " + DateTimeFormat.FORM
                    + (value.contains(" ") ? "; write the + of an offset as %2B, in a query it is a space" : "");
        }
        if (place.equals("query parameter cursor")) {
            rule = "must be the nextCursor of a page of this same list";
        }
        return Problem.of("INVALID_REQUEST.value", "place", place, "rule", rule);
    }

    /** The methods that the contract has for this path; none where it doesn't have the path. */
    Set<String> methods(String path) {
        List<Operation> here = operations.stream()
                .filter(operation -> operation.path().matcher(path).matches())
                .toList();
        return here.stream()
                .filter(operation -> operation.path() == here.get(0).path())
                .map(Operation::method)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** What each operation answers with, by its id: an object with a member for each status. */
    Map<String, JsonNode> responses() {
        return operations.stream().collect(Collectors.toMap(Operation::id, Operation::responses));
    }

    /** The id of the operation that a request is for; null where the contract has none. */
    @Nullable String operationId(String method, String path) {
        return operations.stream()
                .filter(operation -> operation.method().equals(method)
                        && operation.path().matcher(path).matches())
                .map(Operation::id)
                .findFirst()
                .orElse(null);
    }

    private static @Nullable ValidationError refusal(Exchange exchange, @Nullable Problem problem) {
        if (problem == null) {
            return null;
        }
        exchange.getMessage().removeHeaders("*");
        exchange.getMessage().setHeader(Exchange.CONTENT_TYPE, Problem.MEDIA_TYPE);
        return new ValidationError(problem.status(), problem.json());
    }

    private @Nullable Problem check(Exchange exchange, Body expected) {
        String type = exchange.getMessage().getHeader(Exchange.CONTENT_TYPE, "", String.class);
        if (!type.toLowerCase(Locale.ROOT).matches("application/json(\\s*;.*)?")) {
            return Problem.of("UNSUPPORTED_MEDIA_TYPE");
        }
        try {
            exchange.getMessage().setBody(parsed(exchange.getMessage().getBody(byte[].class), expected));
            return null;
        } catch (ProblemException e) {
            return e.problem();
        }
    }

    /** The body of {@code POST /v1/payments} that came another way, held to the same contract; else a {@link ProblemException}. */
    public JsonNode order(byte @Nullable [] bytes) {
        if (bytes != null && bytes.length > RequestLimitFilter.API_BYTES) {
            throw new ProblemException(RequestLimitFilter.tooLarge(RequestLimitFilter.API_BYTES));
        }
        return operations.stream()
                .filter(operation -> operation.method().equals("POST")
                        && operation.path().matcher("/v1/payments").matches())
                .map(operation -> parsed(bytes, Objects.requireNonNull(operation.body())))
                .findFirst()
                .orElseThrow();
    }

    /** A parser of bytes would guess other encodings, and a lenient decoder would store a character that was never sent. */
    static String text(byte[] body) throws CharacterCodingException {
        String text = StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(body))
                .toString();
        return text.startsWith(BYTE_ORDER_MARK) ? text.substring(BYTE_ORDER_MARK.length()) : text;
    }

    private JsonNode parsed(byte @Nullable [] bytes, Body expected) {
        JsonNode body;
        try {
            body = json.readTree(text(bytes == null ? new byte[0] : bytes));
        } catch (CharacterCodingException e) {
            throw new ProblemException(NOT_UTF_8);
        } catch (StreamConstraintsException e) {
            throw new ProblemException(
                    "INVALID_REQUEST.limits",
                    "depth",
                    MAX_DEPTH,
                    "tokens",
                    MAX_TOKENS,
                    "nameLength",
                    MAX_NAME_LENGTH,
                    "numberLength",
                    MAX_NUMBER_LENGTH);
        } catch (JacksonException e) {
            throw new ProblemException(
                    "INVALID_REQUEST.not-json",
                    "position",
                    e.getLocation() == null
                            ? ""
                            : ", line " + e.getLocation().getLineNr() + ", column "
                                    + e.getLocation().getColumnNr());
        }
        // First of all, since the other refusals quote names.
        String card = freeText.where(body, expected.written(), PanDetector::in);
        if (card != null) {
            throw new ProblemException("CARD_NUMBER_NOT_ALLOWED", "place", card.isEmpty() ? "the body" : card);
        }
        List<Error> errors;
        try {
            errors = expected.schema().validate(body);
        } catch (NumberFormatException e) {
            // The validator can't compare what is beyond a double.
            throw new ProblemException("INVALID_REQUEST.number");
        }
        if (!errors.isEmpty()) {
            throw new ProblemException(
                    "INVALID_REQUEST.contract",
                    "errors",
                    errors.stream()
                            .limit(MAX_ERRORS)
                            .map(OpenApiRequestValidator::words)
                            .collect(Collectors.joining("; ")));
        }
        Problem range = DateTimeFormat.emptyRange(
                "created",
                body.path("createdFrom").textValue(),
                body.path("createdTo").textValue());
        if (range != null) {
            throw new ProblemException(range);
        }
        String place = StorableText.unstorable(body, "");
        if (place != null) {
            throw new ProblemException("INVALID_REQUEST.unstorable", "place", place);
        }
        return body;
    }

    private static String words(Error error) {
        String place = error.getInstanceLocation().toString();
        return (place.isEmpty() || place.equals("$") ? "the body" : place) + " " + error.getMessage();
    }
}
