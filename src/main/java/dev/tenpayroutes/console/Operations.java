package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tenpayroutes.api.OpenApiRequestValidator;
import dev.tenpayroutes.api.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.component.platform.http.springboot.PlatformHttpMessage;
import org.apache.camel.spi.RestClientRequestValidator.ValidationError;
import org.apache.camel.support.DefaultExchange;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.util.UriUtils;

/**
 * Calls the merchant API's routes with a person as caller. A call passes what a request of a client passes: the scope of the
 * operation, the contract, the rules of the route; its refusals are the same problems.
 */
final class Operations {

    private static final Logger LOG = LoggerFactory.getLogger("console");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final CamelContext camel;
    private final ProducerTemplate routes;
    private final OpenApiRequestValidator validator;
    private final Contract contract;

    Operations(CamelContext camel, ProducerTemplate routes, OpenApiRequestValidator validator, Contract contract) {
        this.camel = camel;
        this.routes = routes;
        this.validator = validator;
        this.contract = contract;
    }

    /**
     * @param operation of the contract
     * @param values its parameters by name, in the path and in the query; an empty one is left out
     * @param body of the request, where it has one
     * @param key the idempotency key of the form
     */
    Answer call(
            Visit visit, String operation, Map<String, String> values, @Nullable JsonNode body, @Nullable String key) {
        Map<String, String> headers = new TreeMap<>();
        headers.put("accept", "application/json");
        if (key != null) {
            headers.put("idempotency-key", key);
        }
        return call(visit, operation, values, body, headers);
    }

    /** A list as CSV, in the person's time zone. */
    Answer csv(Visit visit, String operation, Map<String, String> values) {
        Map<String, String> inZone = new LinkedHashMap<>(values);
        inZone.put("timeZone", visit.zone().getId());
        return call(visit, operation, inZone, null, new TreeMap<>(Map.of("accept", "text/csv")));
    }

    private Answer call(
            Visit visit, String id, Map<String, String> values, @Nullable JsonNode body, Map<String, String> headers) {
        Contract.Operation operation = contract.operation(id);
        if (!visit.may(id)) {
            return refusal(Problem.of("FORBIDDEN"));
        }
        Map<String, String> query = new LinkedHashMap<>();
        Map<String, Object> path = new LinkedHashMap<>();
        String target = operation.path();
        for (Map.Entry<String, String> value : values.entrySet()) {
            String name = "{" + value.getKey() + "}";
            if (target.contains(name)) {
                String encoded = UriUtils.encode(value.getValue(), StandardCharsets.UTF_8);
                path.put(value.getKey(), encoded);
                target = target.replace(name, encoded);
            } else if (!value.getValue().isBlank()) {
                query.put(value.getKey(), value.getValue());
            }
        }
        headers.put("accept-language", visit.language());
        ApiRequest request =
                new ApiRequest(visit.request(), visit.user().client(), operation.method(), target, query, headers);
        Exchange exchange = new DefaultExchange(camel);
        PlatformHttpMessage message = new PlatformHttpMessage(request, visit.response(), exchange, null, true);
        exchange.setIn(message);
        headers.forEach(
                (name, value) -> message.setHeader(name.equals("idempotency-key") ? "Idempotency-Key" : name, value));
        path.forEach(message::setHeader);
        message.setHeader(Exchange.HTTP_METHOD, operation.method());
        message.setHeader(Exchange.HTTP_PATH, target);
        if (body != null) {
            message.setHeader(Exchange.CONTENT_TYPE, "application/json");
            message.setBody(body.toString().getBytes(StandardCharsets.UTF_8));
        }
        ValidationError error = validator.validate(exchange, null);
        if (error != null) {
            return answer(error.statusCode(), error.body());
        }
        // As the contract's own door hands it on.
        message.setHeader(Exchange.CONTENT_TYPE, "application/json");
        routes.send("direct:" + id, exchange);
        if (exchange.getException() != null) {
            LOG.error("{} failed: {}", id, exchange.getException().getClass().getName());
            return refusal(Problem.of("INTERNAL_ERROR"));
        }
        return answer(
                exchange.getMessage().getHeader(Exchange.HTTP_RESPONSE_CODE, 200, Integer.class),
                exchange.getMessage().getBody());
    }

    private static Answer refusal(Problem problem) {
        return answer(problem.status(), problem.json());
    }

    static Answer answer(int status, @Nullable Object body) {
        try {
            if (body instanceof InputStream stream) {
                return new Answer(status, MissingNode.getInstance(), stream);
            }
            JsonNode json = body instanceof byte[] bytes
                    ? JSON.readTree(bytes)
                    : body == null ? MissingNode.getInstance() : JSON.readTree(body.toString());
            return new Answer(status, json, null);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
