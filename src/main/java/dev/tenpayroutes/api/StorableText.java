package dev.tenpayroutes.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What PostgreSQL can store as text: any character but NUL and half of a surrogate pair. */
final class StorableText {

    private StorableText() {}

    /** The place of the first text that can't be stored; null where all can. */
    static @Nullable String unstorable(JsonNode node, String place) {
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

    static boolean storable(String text) {
        return text.codePoints()
                .noneMatch(c -> c == 0 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE));
    }
}
