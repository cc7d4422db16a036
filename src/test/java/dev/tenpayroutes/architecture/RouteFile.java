package dev.tenpayroutes.architecture;

import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** One file of routes as it is written: every key with its line. */
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
        /** Whether it is the route's endpoint; {@code batch:} leads to the {@code direct:} of the same name. */
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

    RouteFile(Path path) {
        this(path, Architecture.read(path));
    }

    RouteFile(Path path, String yaml) {
        this.path = path;
        Node root = new Yaml(new SafeConstructor(new LoaderOptions())).compose(new StringReader(yaml));
        if (root != null) {
            children(root, "", "");
        }
    }

    static List<RouteFile> all() {
        return Architecture.files(Architecture.ROUTES, ".camel.yaml").stream()
                .map(RouteFile::new)
                .toList();
    }

    /** {@code payment-poll} of {@code payment-poll.camel.yaml}. */
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

    private void add(String path, String key, Node keyNode, Node value) {
        String text = value instanceof ScalarNode scalar ? scalar.getValue() : "";
        entries.put(path, new Entry(path, key, text, keyNode.getStartMark().getLine() + 1));
        children(value, path + "/", key);
    }

    private void children(Node node, String prefix, String key) {
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                String name = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "?";
                add(prefix + name, name, tuple.getKeyNode(), tuple.getValueNode());
            }
        } else if (node instanceof SequenceNode sequence) {
            int index = 0;
            for (Node item : sequence.getValue()) {
                add(prefix + index++, key, item, item);
            }
        }
    }
}
