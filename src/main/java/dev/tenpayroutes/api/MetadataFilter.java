package dev.tenpayroutes.api;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One entry of metadata in a query: {@code metadata.key=value}, which OpenAPI has no words for, or the contract's parameter
 * {@code metadata} with the value {@code key=value}.
 */
final class MetadataFilter {

    static final String NAME = "metadata";
    private static final String PREFIX = NAME + ".";
    private static final int MAX_LENGTH = 500;

    private MetadataFilter() {}

    static boolean isEntry(String parameter) {
        return parameter.startsWith(PREFIX);
    }

    /** What is wrong with an entry {@code metadata.key} of a request; null where nothing is. */
    static @Nullable Problem check(HttpServletRequest request, String parameter, String[] values) {
        List<String> given = Collections.list(request.getParameterNames()).stream()
                .filter(name -> name.equals(NAME) || isEntry(name))
                .toList();
        String key = parameter.substring(PREFIX.length());
        boolean good = given.size() == 1
                && values.length == 1
                && !key.isEmpty()
                && key.length() <= OpenApiRequestValidator.MAX_NAME_LENGTH
                && values[0].length() <= MAX_LENGTH
                && !(key + values[0]).contains(OpenApiRequestValidator.NO_CHARACTER)
                && StorableText.storable(key + values[0]);
        return good ? null : Problem.of("INVALID_REQUEST.metadata", "length", MAX_LENGTH);
    }

    /** The entry that is asked for, its key, a zero byte and its value; null where none is. */
    static @Nullable String value(HttpServletRequest request) {
        String entry = request.getParameter(NAME);
        if (entry != null) {
            return entry.replaceFirst("=", "\0");
        }
        return Collections.list(request.getParameterNames()).stream()
                .filter(MetadataFilter::isEntry)
                .findFirst()
                .map(name -> name.substring(PREFIX.length()) + "\0" + request.getParameter(name))
                .orElse(null);
    }
}
