package dev.tenpayroutes.camel;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The templates of a file of routes, written out: each templated route as the route that Camel makes of it. */
final class RouteTemplates {

    private RouteTemplates() {}

    /**
     * A file's content with a route for each templated route, and without the templates.
     *
     * @throws IllegalArgumentException for a template that the file doesn't hold, or a parameter that is missing or unknown
     */
    static @Nullable Object expand(@Nullable Object file) {
        if (!(file instanceof List<?> entries)) {
            return file;
        }
        Map<String, Map<?, ?>> templates = new LinkedHashMap<>();
        for (Object entry : entries) {
            if (entry instanceof Map<?, ?> map && map.get("routeTemplate") instanceof Map<?, ?> template) {
                templates.put(String.valueOf(template.get("id")), template);
            }
        }
        List<Object> expanded = new ArrayList<>();
        for (Object entry : entries) {
            if (entry instanceof Map<?, ?> map && map.get("templatedRoute") instanceof Map<?, ?> instance) {
                expanded.add(Map.of("route", route(instance, templates)));
            } else if (!(entry instanceof Map<?, ?> map && map.containsKey("routeTemplate"))) {
                expanded.add(entry);
            }
        }
        return expanded;
    }

    private static Object route(Map<?, ?> instance, Map<String, Map<?, ?>> templates) {
        Map<?, ?> template = templates.get(String.valueOf(instance.get("routeTemplateRef")));
        if (template == null) {
            throw new IllegalArgumentException("the file has no routeTemplate " + instance.get("routeTemplateRef"));
        }
        Map<String, String> values = new LinkedHashMap<>();
        List<String> missing = new ArrayList<>();
        for (Map<?, ?> parameter : parameters(template)) {
            String name = String.valueOf(parameter.get("name"));
            Object value = parameters(instance).stream()
                    .filter(given -> name.equals(given.get("name")))
                    .map(given -> (Object) given.get("value"))
                    .findFirst()
                    .orElse(parameter.get("defaultValue"));
            if (value == null) {
                missing.add(name);
            }
            values.put(name, String.valueOf(value));
        }
        List<String> unknown = parameters(instance).stream()
                .map(given -> String.valueOf(given.get("name")))
                .filter(name -> !values.containsKey(name))
                .toList();
        if (!missing.isEmpty() || !unknown.isEmpty()) {
            throw new IllegalArgumentException("templatedRoute " + instance.get("routeId") + " lacks the parameters "
                    + missing + ", and has these, which the template doesn't know: " + unknown);
        }
        Map<Object, Object> route = new LinkedHashMap<>();
        route.put("id", instance.get("routeId"));
        route.putAll((Map<?, ?>) Objects.requireNonNull(filled(template.get("route"), values)));
        return route;
    }

    private static List<Map<?, ?>> parameters(Map<?, ?> of) {
        List<Map<?, ?>> parameters = new ArrayList<>();
        if (of.get("parameters") instanceof List<?> written) {
            written.forEach(parameter -> {
                if (parameter instanceof Map<?, ?> map) {
                    parameters.add(map);
                }
            });
        }
        return parameters;
    }

    private static @Nullable Object filled(@Nullable Object node, Map<String, String> values) {
        if (node instanceof Map<?, ?> map) {
            Map<Object, Object> filled = new LinkedHashMap<>();
            map.forEach((key, value) -> filled.put(key, filled(value, values)));
            return filled;
        }
        if (node instanceof List<?> list) {
            List<Object> filled = new ArrayList<>();
            list.forEach(item -> filled.add(filled(item, values)));
            return filled;
        }
        if (node instanceof String text) {
            for (Map.Entry<String, String> value : values.entrySet()) {
                text = text.replace("{{" + value.getKey() + "}}", value.getValue());
            }
            return text;
        }
        return node;
    }
}
