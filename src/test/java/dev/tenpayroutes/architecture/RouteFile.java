package dev.tenpayroutes.architecture;

import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** One file of routes as it is written, every key with its line; what a template holds stands in each of its routes. */
final class RouteFile {

    /**
     * A key with its value, or an item of a list.
     *
     * @param path names from the top, {@code 0/route/from/uri}
     * @param key the name; of a list's item, the list's
     * @param text the value when it is one; empty for a map or a list
     * @param line counted from 1
     */
    record Entry(String path, String key, String text, int line) {
        /** Whether it is the route's endpoint; {@code coalesce:} leads to the {@code direct:} of the same name. */
        boolean names(Route route) {
            return text.replaceFirst("^coalesce:", "direct:").equals(route.from());
        }
    }

    /**
     * One route.
     *
     * @param path where it starts, {@code 0/route}
     * @param id its id; empty when it has none
     */
    record Route(RouteFile file, String path, String id, int line) {
        String get(String name) {
            return file.text(path + "/" + name);
        }

        String from() {
            return get("from/uri");
        }

        List<Entry> entries() {
            return file.entries().stream()
                    .filter(entry -> entry.path().startsWith(path + "/"))
                    .toList();
        }
    }

    private final Path path;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private String templateId = "";

    RouteFile(Path path) {
        this(path, Architecture.read(path));
    }

    RouteFile(Path path, String yaml) {
        this.path = path;
        Node root = new Yaml(new SafeConstructor(new LoaderOptions())).compose(new StringReader(yaml));
        if (root instanceof SequenceNode sequence) {
            Map<String, MappingNode> templates = new LinkedHashMap<>();
            for (int i = 0; i < sequence.getValue().size(); i++) {
                if (sequence.getValue().get(i) instanceof MappingNode item) {
                    child(item, "routeTemplate").ifPresent(template -> templates.put(scalar(template, "id"), template));
                    Optional<MappingNode> instance = child(item, "templatedRoute");
                    if (instance.isPresent()) {
                        templated(i + "/route", instance.get(), templates);
                    } else if (child(item, "routeTemplate").isEmpty()) {
                        add(Integer.toString(i), "", item, item, Map.of());
                    } else {
                        entries.put(
                                i + "/routeTemplate", new Entry(i + "/routeTemplate", "routeTemplate", "", line(item)));
                        templateId = templateId.isEmpty()
                                ? scalar(child(item, "routeTemplate").orElseThrow(), "id")
                                : templateId;
                    }
                }
            }
        } else if (root != null) {
            children(root, "", "", Map.of());
        }
    }

    /** A template's route with an instance's values, at the template's lines. */
    private void templated(String path, MappingNode instance, Map<String, MappingNode> templates) {
        MappingNode template = templates.get(scalar(instance, "routeTemplateRef"));
        Map<String, String> values = new LinkedHashMap<>();
        for (NodeTuple tuple : instance.getValue()) {
            if (tuple.getValueNode() instanceof SequenceNode parameters
                    && name(tuple).equals("parameters")) {
                for (Node parameter : parameters.getValue()) {
                    values.put(
                            "{{" + scalar((MappingNode) parameter, "name") + "}}",
                            scalar((MappingNode) parameter, "value"));
                }
            }
        }
        entries.put(path, new Entry(path, "route", "", line(instance)));
        entries.put(path + "/id", new Entry(path + "/id", "id", scalar(instance, "routeId"), line(instance)));
        children(child(template, "route").orElseThrow(), path + "/", "route", values);
        entries.replaceAll((place, entry) -> place.startsWith(path + "/") && place.matches(".*/\\d+/.*/id")
                ? new Entry(place, "id", scalar(instance, "prefixId") + "-" + entry.text(), entry.line())
                : entry);
    }

    private static Optional<MappingNode> child(MappingNode node, String key) {
        return node.getValue().stream()
                .filter(tuple -> name(tuple).equals(key))
                .map(NodeTuple::getValueNode)
                .filter(MappingNode.class::isInstance)
                .map(MappingNode.class::cast)
                .findFirst();
    }

    private static String scalar(MappingNode node, String key) {
        return node.getValue().stream()
                .filter(tuple -> name(tuple).equals(key) && tuple.getValueNode() instanceof ScalarNode)
                .map(tuple -> ((ScalarNode) tuple.getValueNode()).getValue())
                .findFirst()
                .orElse("");
    }

    private static String name(NodeTuple tuple) {
        return tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "?";
    }

    private static int line(Node node) {
        return node.getStartMark().getLine() + 1;
    }

    /** The id of the file's first template, else of its first route. */
    String firstId() {
        return !templateId.isEmpty()
                ? templateId
                : routes().isEmpty() ? "" : routes().get(0).id();
    }

    static List<RouteFile> all() {
        return Architecture.files(Architecture.ROUTES, ".camel.yaml").stream()
                .map(RouteFile::new)
                .toList();
    }

    /** {@code polling} of {@code polling.camel.yaml}. */
    String name() {
        return Architecture.name(path).replace(".camel.yaml", "");
    }

    Path path() {
        return path;
    }

    List<Entry> entries() {
        return List.copyOf(entries.values());
    }

    /** What the error policies do. */
    List<Entry> policyEntries() {
        return entries().stream()
                .filter(entry -> entry.path().matches("\\d+/routeConfiguration/.*"))
                .toList();
    }

    String text(String path) {
        Entry entry = entries.get(path);
        return entry == null ? "" : entry.text();
    }

    /** The line of the innermost part of a path that is there. */
    int line(String path) {
        for (String part = path; !part.isEmpty(); part = part.substring(0, Math.max(part.lastIndexOf('/'), 0))) {
            if (entries.containsKey(part)) {
                return entries.get(part).line();
            }
        }
        return 1;
    }

    List<Route> routes() {
        List<Route> routes = new ArrayList<>();
        for (Entry entry : entries()) {
            if (entry.path().matches("\\d+/route")) {
                routes.add(new Route(this, entry.path(), text(entry.path() + "/id"), entry.line()));
            }
        }
        return routes;
    }

    Violation violation(int line, String rule, String remedy) {
        return new Violation(Architecture.place(path, line), rule, remedy);
    }

    private void add(String path, String key, Node keyNode, Node value, Map<String, String> values) {
        String text = value instanceof ScalarNode scalar ? scalar.getValue() : "";
        for (Map.Entry<String, String> parameter : values.entrySet()) {
            text = text.replace(parameter.getKey(), parameter.getValue());
        }
        entries.put(path, new Entry(path, key, text, line(keyNode)));
        children(value, path + "/", key, values);
    }

    private void children(Node node, String prefix, String key, Map<String, String> values) {
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                add(prefix + name(tuple), name(tuple), tuple.getKeyNode(), tuple.getValueNode(), values);
            }
        } else if (node instanceof SequenceNode sequence) {
            int index = 0;
            for (Node item : sequence.getValue()) {
                add(prefix + index++, key, item, item, values);
            }
        }
    }
}
