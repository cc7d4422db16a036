package dev.tenpayroutes.architecture;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The files of the project as they lie in its folder, from where Maven runs the tests. */
final class Architecture {

    static final Path ROUTES = Path.of("routes");
    static final Path MAPPINGS = ROUTES.resolve("mappings");
    static final Path SQL = ROUTES.resolve("sql");
    static final Path MAIN = Path.of("src/main/java");
    static final Path TESTS = Path.of("src/test/java");
    static final Path CONTRACT = Path.of("src/main/resources/openapi/merchant-api.yaml");
    static final Path SETTINGS = Path.of("src/main/resources/application.yaml");

    private static final Pattern SET_IN_JAVA = Pattern.compile("\\bsetVariable\\(\\s*\"(\\w+)\"");

    private Architecture() {}

    /** Every file below a folder, sorted, that is of one kind ({@code .jq}); none when there is no such folder. */
    static List<Path> files(Path folder, String end) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(Files::isRegularFile)
                    .filter(file -> file.toString().endsWith(end))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String name(Path file) {
        return file.getFileName().toString();
    }

    static String place(Path file, int line) {
        return file.toString().replace('\\', '/') + ":" + line;
    }

    /** The line, counted from 1, of a position in a text. */
    static int lineOf(CharSequence text, int position) {
        return 1
                + (int) text.subSequence(0, position)
                        .chars()
                        .filter(c -> c == '\n')
                        .count();
    }

    /** The first groups of all matches. */
    static Set<String> all(Pattern pattern, CharSequence text) {
        return pattern.matcher(text)
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Documents of a YAML file as maps; a key that is written twice is an error. */
    static List<Map<String, Object>> yaml(Path file) {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        List<Map<String, Object>> documents = new ArrayList<>();
        try (InputStream in = Files.newInputStream(file)) {
            for (Object document : new Yaml(new SafeConstructor(options)).loadAll(in)) {
                documents.add(map(document));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return documents;
    }

    private static final Pattern CONSOLES_DOOR = Pattern.compile("\"direct:([\\w-]+)\"");

    /** The routes that the console calls beside the contract's operations. */
    static Set<String> calledByConsole() {
        return files(MAIN, ".java").stream()
                .filter(file -> file.getParent().endsWith("console"))
                .flatMap(file -> CONSOLES_DOOR.matcher(read(file)).results())
                .map(found -> found.group(1))
                .collect(Collectors.toSet());
    }

    /** The contract's operations, in the order they are written. */
    static Set<String> operations() {
        Set<String> operations = new LinkedHashSet<>();
        map(yaml(CONTRACT).get(0).get("paths"))
                .values()
                .forEach(path -> map(path).values().stream()
                        .filter(Map.class::isInstance)
                        .map(operation -> map(operation).get("operationId"))
                        .filter(String.class::isInstance)
                        .forEach(id -> operations.add((String) id)));
        return operations;
    }

    /** The settings that application.yaml gives a value, by their full names. */
    static Set<String> settings() {
        Map<String, Object> settings = new TreeMap<>();
        yaml(SETTINGS).forEach(document -> flatten("", document, settings));
        return settings.keySet();
    }

    /** The exchange variables that a route or a Java processor sets. */
    static Set<String> variablesSet(Collection<RouteFile> routes) {
        Set<String> names = new TreeSet<>();
        for (RouteFile file : routes) {
            for (RouteFile.Entry entry : file.entries()) {
                boolean setter = entry.path().matches(".*/(setVariable|setVariables/variables/\\d+)/name");
                if (setter || entry.key().equals("variableReceive")) {
                    names.add(entry.text());
                }
            }
        }
        files(MAIN, ".java").forEach(file -> names.addAll(all(SET_IN_JAVA, read(file))));
        return names;
    }

    /** What stands between quotes becomes blanks, so that positions and lines stay. */
    static String withoutLiterals(String text, Pattern literal) {
        return literal.matcher(text).replaceAll(Architecture::blank);
    }

    private static String blank(MatchResult found) {
        String text = found.group();
        return text.length() < 2
                ? text
                : text.charAt(0)
                        + text.substring(1, text.length() - 1).replaceAll("[^\n]", " ")
                        + text.charAt(text.length() - 1);
    }

    private static void flatten(String prefix, Map<String, Object> from, Map<String, Object> to) {
        from.forEach((key, value) -> {
            if (value instanceof Map) {
                flatten(prefix + key + ".", map(value), to);
            } else {
                to.put(prefix + key, value);
            }
        });
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return value instanceof Map ? (Map<String, Object>) value : Map.of();
    }
}
