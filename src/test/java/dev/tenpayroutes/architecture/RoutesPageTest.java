package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.architecture.RouteFile.Entry;
import dev.tenpayroutes.architecture.RouteFile.Route;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** docs/routes.md shows the routes as they are: their ways, what each reads, sets, raises and uses. */
class RoutesPageTest {

    private static final Path PAGE = Path.of("docs/routes.md");
    private static final Pattern INSIDE = Pattern.compile("(direct|seda|coalesce):([\\w-]+)");
    private static final Pattern VARIABLE = Pattern.compile("\\bvariable(?:\\.(\\w+)|\\(\"(\\w+)\"\\))");
    private static final Pattern RESOURCE = Pattern.compile("\\{\\{tenpay\\.routes}}/((?:sql|mappings)/[\\w.-]+)");
    private static final Pattern RAISED =
            Pattern.compile("(?:raise|refused)\\(\\$\\{exchange}, (?:'([^']+)'|\\$\\{(\\S+)})\\)");
    private static final Pattern USED_BEAN = Pattern.compile("\\bbean:(\\w+)");
    private static final Pattern BEAN = Pattern.compile(
            "(?:/\\*\\*((?:(?!\\*/).)*)\\*/\\s+)?@Bean\\b(?:\\([^)]*\\))?\\s+(?:@\\w+(?:\\([^)]*\\))?\\s+)*(?:[\\w<>.?, ]+\\s)(\\w+)\\((.*?)\\n    }\\n",
            Pattern.DOTALL);
    private static final Pattern COMPONENT = Pattern.compile(
            "/\\*\\*((?:(?!\\*/).)*)\\*/\\s+(?:@\\w+(?:\\([^)]*\\))?\\s+)*(?:public )?(?:final )?class (\\w+)",
            Pattern.DOTALL);
    private static final Pattern SETS = Pattern.compile("\\bsetVariable\\(\\s*\"(\\w+)\"");
    private static final Pattern READS = Pattern.compile("\\bgetVariable\\(\\s*\"(\\w+)\"");
    private static final Pattern PROBLEM =
            Pattern.compile("(?:Problem\\.of|new ProblemException)\\(\\s*\"([A-Z][A-Z_]+(?:\\.[a-z0-9-]+)?)\"");

    private static final Map<String, List<String>> WAYS = new LinkedHashMap<>();

    static {
        WAYS.put("Order in", List.of("createPayment"));
        WAYS.put("Refund in", List.of("createRefund"));
        WAYS.put("Notification in", List.of("webhook-receive", "webhook-retry"));
        WAYS.put("Poll tick", List.of("payment-poll", "refund-poll"));
        WAYS.put("Reconciliation", List.of("payment-reconcile", "refund-reconcile"));
        WAYS.put("Event out", List.of("erp-webhook", "kafka-events"));
        WAYS.put("Order by Kafka", List.of("kafka-orders"));
    }

    /** A bean as its source describes it. */
    private record Bean(String line, Set<String> reads, Set<String> sets, Set<String> raises) {}

    private final List<RouteFile> files = RouteFile.all();
    private final Map<String, Route> routes = files.stream()
            .flatMap(file -> file.routes().stream())
            .collect(Collectors.toMap(Route::id, route -> route, (a, b) -> a, LinkedHashMap::new));
    private final Map<String, Bean> beans = beans();

    /** {@code ./mvnw test -Dtest=RoutesPageTest -Ddocs.write=true} writes the page anew. */
    @Test
    void thePageIsGeneratedFromTheRoutes() throws IOException {
        String page = page();
        if (Boolean.getBoolean("docs.write")) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("run ./mvnw test -Dtest=RoutesPageTest -Ddocs.write=true")
                .isEqualTo(page);
    }

    @Test
    void everyBeanOfARouteIsDescribedInItsSource() {
        Set<String> used = new TreeSet<>();
        routes.values().forEach(route -> used.addAll(beansOf(route)));
        assertThat(used)
                .allSatisfy(name -> assertThat(beans.containsKey(name)
                                && !beans.get(name).line().isEmpty())
                        .as(name + " needs a sentence of Javadoc")
                        .isTrue());
    }

    private String page() {
        StringBuilder page = new StringBuilder("""
                # Routes

                Generated from `routes/` and the Javadoc of the beans that routes name. A route's steps are in its file; each has a
                description. Reads and sets are exchange variables, of the route, its statements, mappings and beans.

                ## The ways through

                """);
        WAYS.forEach((name, from) -> page.append("### ")
                .append(name)
                .append("\n\n")
                .append(diagram(from))
                .append('\n'));
        for (RouteFile file : files) {
            if (file.routes().isEmpty()) {
                continue;
            }
            page.append("## ").append(file.name()).append("\n\n");
            Architecture.read(file.path())
                    .lines()
                    .takeWhile(line -> line.startsWith("#"))
                    .forEach(line -> page.append(line.substring(2)).append('\n'));
            file.routes().forEach(route -> page.append('\n').append(section(route)));
            page.append('\n');
        }
        page.append("## Beans\n\n| bean | what it does | sets | raises |\n|---|---|---|---|\n");
        Set<String> used = new TreeSet<>();
        routes.values().forEach(route -> used.addAll(beansOf(route)));
        files.stream().flatMap(file -> file.policyEntries().stream()).forEach(entry -> used.addAll(beansOf(entry)));
        used.stream().filter(beans::containsKey).forEach(name -> {
            Bean bean = beans.get(name);
            page.append("| `%s` | %s | %s | %s |%n"
                    .formatted(name, bean.line().replace("|", "\\|"), code(bean.sets()), code(bean.raises())));
        });
        return page.toString().replace("\r", "");
    }

    private String section(Route route) {
        Set<String> reads = new TreeSet<>();
        Set<String> sets = new TreeSet<>();
        Set<String> raises = new TreeSet<>();
        Set<String> resources = new TreeSet<>();
        Set<String> calls = new LinkedHashSet<>();
        for (Entry entry : route.entries()) {
            Matcher resource = RESOURCE.matcher(entry.text());
            String text = entry.text();
            while (resource.find()) {
                resources.add(resource.group(1));
                text += "\n"
                        + Architecture.read(Architecture.ROUTES.resolve(resource.group(1)))
                                .replaceAll("(?m)^\\s*(--|# ).*$", "");
            }
            VARIABLE.matcher(text)
                    .results()
                    .forEach(found -> reads.add(found.group(1) == null ? found.group(2) : found.group(1)));
            RAISED.matcher(text)
                    .results()
                    .forEach(found -> raises.add(found.group(1) == null ? "by " + found.group(2) : found.group(1)));
            if (entry.path().endsWith("/variable/expression")) {
                reads.add(entry.text());
            }
            if (entry.path().matches(".*/(setVariable|setVariables/variables/\\d+)/name")
                    || entry.key().equals("variableReceive")) {
                sets.add(entry.text());
            }
            if (entry.key().equals("uri") && !entry.path().endsWith("route/from/uri") && !text.startsWith("sql:")) {
                calls.add(entry.text());
            }
            if (entry.path().matches(".*/parameters/(variables|binaryVariables)")) {
                reads.addAll(List.of(entry.text().split(",")));
            }
        }
        Set<String> names = beansOf(route);
        names.stream().filter(beans::containsKey).map(beans::get).forEach(bean -> {
            reads.addAll(bean.reads());
            sets.addAll(bean.sets());
            raises.addAll(bean.raises());
        });
        StringBuilder section = new StringBuilder("### %s\n\n%s\n\n".formatted(route.id(), route.get("description")));
        section.append("- from `%s`, policy `%s`\n".formatted(route.from(), route.get("routeConfigurationId")));
        line(section, "calls", calls);
        line(section, "files", resources);
        line(section, "reads", reads);
        line(section, "sets", sets);
        line(section, "raises", raises);
        line(section, "beans", names);
        return section.toString();
    }

    private static void line(StringBuilder section, String name, Set<String> values) {
        if (!values.isEmpty()) {
            section.append("- ").append(name).append(' ').append(code(values)).append('\n');
        }
    }

    private static String code(Set<String> values) {
        return values.stream().map(value -> "`" + value + "`").collect(Collectors.joining(", "));
    }

    private String diagram(List<String> from) {
        Set<String> lines = new LinkedHashSet<>();
        Set<String> seen = new LinkedHashSet<>(from);
        Deque<String> next = new ArrayDeque<>(from);
        while (!next.isEmpty()) {
            Route route = routes.get(next.remove());
            boolean store = false;
            for (Entry entry : route.entries()) {
                if (!entry.key().equals("uri") || entry.path().endsWith("route/from/uri")) {
                    continue;
                }
                Matcher inside = INSIDE.matcher(entry.text());
                if (inside.matches()) {
                    lines.add("  " + route.id()
                            + (inside.group(1).equals("direct") ? " --> " : " -- " + inside.group(1) + " --> ")
                            + inside.group(2));
                    if (seen.add(inside.group(2))) {
                        next.add(inside.group(2));
                    }
                } else if (entry.text().startsWith("sql:")) {
                    store = true;
                } else {
                    String outside = entry.text().replaceFirst(":.*", "");
                    String name = Map.of("http", "Tenpay", "kafka", "Kafka", "erp", "ERP")
                            .getOrDefault(outside, outside);
                    lines.add("  " + route.id() + " ==> " + name + "([" + name + "])");
                }
            }
            if (store) {
                lines.add("  " + route.id() + " -.-> store[(PostgreSQL)]");
            }
        }
        return "```mermaid\nflowchart LR\n" + String.join("\n", lines) + "\n```\n";
    }

    private static Set<String> beansOf(Route route) {
        Set<String> names = new TreeSet<>();
        route.entries().forEach(entry -> names.addAll(beansOf(entry)));
        return names;
    }

    private static Set<String> beansOf(Entry entry) {
        Set<String> names = new TreeSet<>(Architecture.all(USED_BEAN, entry.text()));
        if (entry.key().equals("ref")) {
            names.add(entry.text());
        } else if (entry.text().matches("#\\w+")) {
            names.add(entry.text().substring(1));
        }
        return names;
    }

    private static Map<String, Bean> beans() {
        Map<String, Bean> beans = new TreeMap<>();
        for (Path file : Architecture.files(Architecture.MAIN, ".java")) {
            String text = Architecture.read(file);
            Matcher component = COMPONENT.matcher(text);
            if (component.find()) {
                String name = component.group(2);
                beans.putIfAbsent(
                        Character.toLowerCase(name.charAt(0)) + name.substring(1),
                        new Bean(sentence(component.group(1)), Set.of(), Set.of(), Set.of()));
            }
        }
        for (Path file : Architecture.files(Architecture.MAIN, ".java")) {
            String text = Architecture.read(file);
            Matcher bean = BEAN.matcher(text);
            while (bean.find()) {
                String body = bean.group(3);
                String line = bean.group(1) == null ? "" : sentence(bean.group(1));
                Bean known = beans.get(bean.group(2));
                beans.put(
                        bean.group(2),
                        new Bean(
                                line.isEmpty() && known != null ? known.line() : line,
                                Architecture.all(READS, body),
                                Architecture.all(SETS, body),
                                Architecture.all(PROBLEM, body)));
            }
        }
        return beans;
    }

    /** The first sentence, without Javadoc's own signs. */
    private static String sentence(String javadoc) {
        String text = javadoc.replaceAll("(?m)^\\s*\\*\\s?", "")
                .replaceAll("(?s)\\n\\s*(<p>|@).*", "")
                .replaceAll("\\s+", " ")
                .replaceAll("\\{@(?:code|link) #?([^}]*)}", "`$1`")
                .strip();
        return text.replaceFirst("(?<=[a-z`)])\\. .*", ".");
    }
}
