package dev.tenpayroutes.config;

import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.springframework.boot.context.properties.bind.Name;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;

/** The names that records of settings have, and the nearest of them to one that they don't. */
final class SettingNames {

    /** What stands for any name in a map. */
    private static final String ANY = "*";

    /** A setting, or a group of them. */
    private record Node(Map<String, Node> children, boolean list) {}

    private final Node root = new Node(new LinkedHashMap<>(), false);

    /** Adds those of a record; a prefix that is there already is filled up. */
    SettingNames add(String prefix, Class<?> settings) {
        Node at = root;
        for (String element : prefix.split("\\.")) {
            at = at.children().computeIfAbsent(element, name -> new Node(new LinkedHashMap<>(), false));
        }
        at.children().putAll(node(settings).children());
        return this;
    }

    private static Node node(Type type) {
        if (type instanceof ParameterizedType generic) {
            boolean map = generic.getRawType() == Map.class;
            return new Node(map ? Map.of(ANY, node(generic.getActualTypeArguments()[1])) : Map.of(), !map);
        }
        Map<String, Node> children = new LinkedHashMap<>();
        if (type instanceof Class<?> settings && settings.isRecord()) {
            for (Parameter setting : settings.getDeclaredConstructors()[0].getParameters()) {
                children.put(name(setting), node(setting.getParameterizedType()));
            }
        }
        return new Node(children, false);
    }

    /** A record's annotations are its constructor's. */
    static String name(Parameter setting) {
        Name other = setting.getAnnotation(Name.class);
        return other != null
                ? other.value()
                : setting.getName().replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
    }

    /** @param variable whether it is an environment variable's, which has a dot for each dash as well */
    boolean contains(ConfigurationPropertyName name, boolean variable) {
        return contains(root, name, 0, variable);
    }

    private static boolean contains(Node node, ConfigurationPropertyName name, int at, boolean variable) {
        int size = name.getNumberOfElements();
        if (at == size) {
            // A group without its settings is an empty one, or is told by its binding.
            return true;
        }
        if (node.list() && at == size - 1 && name.getElement(at, Form.UNIFORM).matches("[0-9]+")) {
            return true;
        }
        for (Map.Entry<String, Node> child : node.children().entrySet()) {
            if (child.getKey().equals(ANY)) {
                boolean values = child.getValue().children().isEmpty();
                // A map's name may hold dots where nothing follows it.
                if (values || contains(child.getValue(), name, at + 1, variable)) {
                    return true;
                }
                continue;
            }
            String wanted = uniform(child.getKey());
            StringBuilder read = new StringBuilder();
            for (int next = at; next < size && (variable || next == at); next++) {
                read.append(name.getElement(next, Form.UNIFORM));
                if (read.toString().equals(wanted) && contains(child.getValue(), name, next + 1, variable)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The known name that differs least from this one, if it is near enough to be what was meant. */
    Optional<String> nearest(ConfigurationPropertyName name) {
        String written = name.toString();
        String meant = null;
        int least = Math.max(3, written.length() / 4) + 1;
        for (String known : names(name)) {
            int difference = difference(uniform(written), uniform(known));
            if (difference < least) {
                least = difference;
                meant = known;
            }
        }
        return Optional.ofNullable(meant);
    }

    /** All of them, with this name's own elements where any may stand. */
    private List<String> names(ConfigurationPropertyName written) {
        List<String> names = new ArrayList<>();
        collect(root, "", written, 0, names);
        return names;
    }

    private static void collect(
            Node node, String prefix, ConfigurationPropertyName written, int at, List<String> names) {
        node.children().forEach((key, child) -> {
            String element = !key.equals(ANY)
                    ? key
                    : at < written.getNumberOfElements() ? written.getElement(at, Form.ORIGINAL) : "<name>";
            String name = prefix.isEmpty() ? element : prefix + "." + element;
            if (child.children().isEmpty()) {
                names.add(name);
            }
            collect(child, name, written, at + 1, names);
        });
    }

    /** All names, {@code *} for any. */
    List<String> all() {
        List<String> names = new ArrayList<>();
        collect(root, "", ConfigurationPropertyName.EMPTY, 0, names);
        return names;
    }

    private static String uniform(String name) {
        return name.replace("-", "").toLowerCase(Locale.ROOT);
    }

    /** Levenshtein's distance. */
    static int difference(String one, String other) {
        int[] before = new int[other.length() + 1];
        for (int j = 0; j <= other.length(); j++) {
            before[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int[] row = new int[other.length() + 1];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int changed = before[j - 1] + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(changed, 1 + Math.min(before[j], row[j - 1]));
            }
            before = row;
        }
        return before[other.length()];
    }
}
