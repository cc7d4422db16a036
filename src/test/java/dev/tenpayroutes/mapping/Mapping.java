package dev.tenpayroutes.mapping;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;

/** Runs one file of routes/mappings as a route would: by Camel's jq, with exchange variables. */
final class Mapping {

    static final ObjectMapper JSON = new ObjectMapper();
    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();

    private final Expression expression;

    static {
        CAMEL.start();
    }

    Mapping(String file) {
        expression = CAMEL.resolveLanguage("jq").createExpression("resource:file:routes/mappings/" + file);
        expression.init(CAMEL);
    }

    JsonNode apply(String body, Map<String, ?> variables) {
        // As the routes have it: text, which must be one JSON document.
        String text = text(body, variables);
        return text == null ? JSON.nullNode() : json(text);
    }

    /** For a mapping whose result is one word, not a document: the word, or null when it gives none. */
    String text(String body, Map<String, ?> variables) {
        Exchange exchange = new DefaultExchange(CAMEL);
        exchange.getMessage().setBody(json(body));
        variables.forEach(exchange::setVariable);
        return expression.evaluate(exchange, String.class);
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
