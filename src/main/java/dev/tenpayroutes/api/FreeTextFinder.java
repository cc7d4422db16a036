package dev.tenpayroutes.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The places of a body where a person may write anything: every text and every name, except the texts whose own
 * {@code pattern} in the contract leaves no room for words (an order number, a currency).
 *
 * <p>What the contract doesn't know is free text.
 */
final class FreeTextFinder {

    /** Whatever fits one of these has room for words. */
    private static final String[] WORDS = {"4 4", "4111 1111 1111 1111", "card 4111-1111-1111-1111 of the shopper"};

    /** Compared with a list of names, and not kept when it isn't one of them. */
    private static final String LISTED = "paymentMethod";

    private final Map<String, JsonNode> schemas = new HashMap<>();
    private final Set<JsonNode> identifiers = Collections.newSetFromMap(new IdentityHashMap<>());

    FreeTextFinder(JsonNode contract) {
        contract.at("/components/schemas")
                .properties()
                .forEach(schema -> schemas.put("#/components/schemas/" + schema.getKey(), schema.getValue()));
        for (JsonNode schema : contract.findParents("pattern")) {
            Pattern pattern = Pattern.compile(schema.get("pattern").asText());
            if (Arrays.stream(WORDS).noneMatch(words -> pattern.matcher(words).find())) {
                identifiers.add(schema);
            }
        }
    }

    /** Where a body, held against its schema, has free text of a kind: a path, empty for the body itself; null when nowhere. */
    @Nullable String where(JsonNode body, JsonNode schema, Predicate<String> kind) {
        JsonNode rule = schema.has("$ref") ? schemas.get(schema.get("$ref").asText()) : schema;
        if (body.isTextual()) {
            return !identifiers.contains(rule) && kind.test(body.textValue()) ? "" : null;
        }
        for (Map.Entry<String, JsonNode> field : body.properties()) {
            String name = field.getKey();
            if (kind.test(name)) {
                return "";
            }
            JsonNode known = rule.path("properties").path(name);
            if (!known.isMissingNode() && name.equals(LISTED)) {
                continue;
            }
            JsonNode its = known.isMissingNode() ? rule.path("additionalProperties") : known;
            String place = where(field.getValue(), its, kind);
            if (place != null) {
                return "/" + name + place;
            }
        }
        for (int i = 0; body.isArray() && i < body.size(); i++) {
            String place = where(body.get(i), rule.path("items"), kind);
            if (place != null) {
                return "/" + i + place;
            }
        }
        return null;
    }
}
