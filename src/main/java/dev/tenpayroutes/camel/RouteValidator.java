package dev.tenpayroutes.camel;

import dev.tenpayroutes.config.InvalidConfigurationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import net.thisptr.jackson.jq.JsonQuery;
import net.thisptr.jackson.jq.Scope;
import net.thisptr.jackson.jq.Versions;
import net.thisptr.jackson.jq.exception.JsonQueryException;
import org.apache.camel.CamelContext;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.spi.Resource;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.springframework.stereotype.Component;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Reads the files of {@code routes/} in full before they count, at start and when one is edited live.
 *
 * <p>A mapping that doesn't compile, a statement that PostgreSQL can't prepare, or a route file that can't be read or
 * names a file, a bean or a route that isn't there, is a {@link InvalidConfigurationException} with its name, place and reason: not an
 * error at the first order.
 */
@Component
public class RouteValidator implements CamelContextConfiguration {

    private static final Pattern NAMED = Pattern.compile("\\{\\{tenpay\\.routes}}/([\\w/.-]+)");
    private static final Pattern BEAN = Pattern.compile("(?:ref: #?|\\w+: #|(?s:.*)\\bbean:)(\\w+)(?s:\\W.*)?");

    /** Endpoints of the routes' own: an exchange sent to one that no route reads from hangs or is lost. */
    private static final Pattern INSIDE = Pattern.compile("(?:direct|seda|coalesce):[^?$]+");

    private static final String REMEDY = "correct the file; nothing of it was loaded";

    private final String location;
    private final ObjectProvider<DataSource> store;
    private final Predicate<String> isBean;
    private final PathMatchingResourcePatternResolver files = new PathMatchingResourcePatternResolver();
    private @Nullable Scope jqFunctions;

    @Autowired
    RouteValidator(@Value("${tenpay.routes}") String location, ObjectProvider<DataSource> store, BeanFactory beans) {
        this(location, store, beans::containsBean);
    }

    /** @param isBean whether the whole program has a bean of this name */
    public RouteValidator(String location, ObjectProvider<DataSource> store, Predicate<String> isBean) {
        this.location = location;
        this.store = store;
        this.isBean = isBean;
    }

    @Override
    public void beforeApplicationStart(CamelContext camel) {
        for (Kind kind : Kind.values()) {
            List<InvalidConfigurationException> problems = problems(camel, kind);
            if (!problems.isEmpty()) {
                throw problems.get(0);
            }
        }
    }

    /** What a file of {@code routes/} holds. */
    public enum Kind {
        MAPPINGS("/mappings/*.jq"),
        STATEMENTS("/sql/*.sql"),
        ROUTES("/*.camel.yaml");

        private final String pattern;

        Kind(String pattern) {
            this.pattern = pattern;
        }
    }

    /** All files of a kind that can't work; statements are judged by the store, which must have its tables. */
    public List<InvalidConfigurationException> problems(CamelContext camel, Kind kind) {
        List<InvalidConfigurationException> problems = new ArrayList<>();
        Map<String, String> texts = texts(kind, problems);
        texts.forEach((name, text) -> collectProblem(problems, () -> check(camel, name, text)));
        if (kind == Kind.ROUTES && problems.isEmpty()) {
            Map<String, List<Map<?, ?>>> read = new LinkedHashMap<>();
            texts.forEach((name, text) -> read.put(name, maps(routes(text)).toList()));
            Set<String> sources = read.values().stream()
                    .flatMap(List::stream)
                    .filter(map -> map.get("from") instanceof Map)
                    .map(map -> uri((Map<?, ?>) map.get("from")))
                    .collect(Collectors.toSet());
            read.forEach((name, maps) -> maps.stream()
                    .map(RouteValidator::uri)
                    .filter(uri -> INSIDE.matcher(uri).matches()
                            && !sources.contains(uri.replaceFirst("^coalesce:", "direct:")))
                    .distinct()
                    .forEach(uri -> problems.add(new InvalidConfigurationException(
                            name, "names " + uri + ", which no route reads from", REMEDY))));
        }
        return problems;
    }

    /** All that Camel says against the endpoints that routes name; it says the same, of the first one, when it starts. */
    public List<InvalidConfigurationException> endpointProblems(CamelContext camel) {
        List<InvalidConfigurationException> problems = new ArrayList<>();
        Set<String> before = Set.copyOf(camel.getComponentNames());
        texts(Kind.ROUTES, problems)
                .forEach((name, text) -> maps(routes(text))
                        .filter(map -> map.get("uri") instanceof String)
                        .distinct()
                        .forEach(map -> collectProblem(problems, () -> endpoint(camel, name, map))));
        // Not kept: they would be started with Camel, and most of them are nothing without the whole program.
        List.copyOf(camel.getComponentNames()).stream()
                .filter(name -> !before.contains(name))
                .forEach(camel::removeComponent);
        return problems;
    }

    private static void endpoint(CamelContext camel, String name, Map<?, ?> endpoint) {
        Map<String, Object> parameters = new LinkedHashMap<>();
        if (endpoint.get("parameters") instanceof Map<?, ?> written) {
            written.forEach((option, value) ->
                    parameters.put(option.toString(), camel.resolvePropertyPlaceholders(String.valueOf(value))));
        }
        try {
            camel.removeEndpoint(camel.getEndpoint(endpoint.get("uri").toString(), parameters));
        } catch (Exception e) {
            throw broken(name, e);
        }
    }

    private Map<String, String> texts(Kind kind, List<InvalidConfigurationException> problems) {
        Map<String, String> texts = new LinkedHashMap<>();
        try {
            for (var file : files.getResources(location + kind.pattern)) {
                texts.put(file.getFilename(), file.getContentAsString(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            problems.add(new InvalidConfigurationException(
                    location, "can't be read: " + e.getMessage(), "make the folder readable"));
        }
        return texts;
    }

    private static void collectProblem(List<InvalidConfigurationException> problems, Runnable check) {
        try {
            check.run();
        } catch (InvalidConfigurationException e) {
            problems.add(e);
        }
    }

    /** A file's routes as YAML, templates written out. */
    private static @Nullable Object routes(String text) {
        return RouteTemplates.expand(new Yaml(new SafeConstructor(new LoaderOptions())).load(text));
    }

    /** Every map of a file, at whatever depth. */
    private static Stream<Map<?, ?>> maps(@Nullable Object node) {
        if (node instanceof Map<?, ?> map) {
            return Stream.concat(Stream.of(map), map.values().stream().flatMap(RouteValidator::maps));
        }
        return node instanceof List<?> list ? list.stream().flatMap(RouteValidator::maps) : Stream.empty();
    }

    private static String uri(Map<?, ?> map) {
        return map.get("uri") instanceof String uri ? uri : "";
    }

    @Override
    public void afterApplicationStart(CamelContext camel) {
        // All was checked before.
    }

    void check(CamelContext camel, String name, String text) {
        if (name.endsWith(".jq")) {
            mapping(camel, name, text);
        } else if (name.endsWith(".sql")) {
            statement(camel, name, text);
        } else {
            routes(camel, name, text);
        }
    }

    private void mapping(CamelContext camel, String name, String text) {
        if (jqFunctions == null) {
            jqFunctions = JqNames.functions(camel);
        }
        try {
            JqNames.unknown(JsonQuery.compile(text, Versions.JQ_1_7), jqFunctions)
                    .ifPresent(unknown -> {
                        throw new InvalidConfigurationException(
                                name, "uses " + unknown + ", which nothing defines", REMEDY);
                    });
        } catch (JsonQueryException e) {
            throw broken(name, e);
        }
    }

    private void statement(CamelContext camel, String name, String text) {
        // Line by line, so that a position in the statement is a line of the file.
        String sql = parameters(camel, name, text.replaceAll("(?m)^\\s*--.*$", ""));
        try (Connection connection = store.getObject().getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            // The driver asks the server to prepare a statement only when it needs to know something of it.
            statement.getParameterMetaData();
        } catch (PSQLException e) {
            int position = e.getServerErrorMessage() == null
                    ? 0
                    : e.getServerErrorMessage().getPosition();
            long line = 1
                    + sql.substring(0, Math.min(position, sql.length()))
                            .chars()
                            .filter(c -> c == '\n')
                            .count();
            throw broken(position > 0 ? name + ", line " + line + "," : name, e);
        } catch (SQLException e) {
            throw broken(name, e);
        }
    }

    private static String parameters(CamelContext camel, String name, String sql) {
        try {
            return SqlParameters.prepared(sql, camel);
        } catch (IllegalArgumentException e) {
            throw broken(name, e);
        }
    }

    private void routes(CamelContext camel, String name, String text) {
        List<Map<?, ?>> maps;
        try {
            Resource resource = ResourceHelper.fromString(name, text);
            for (RoutesBuilder builder : PluginHelper.getRoutesLoader(camel).findRoutesBuilders(resource)) {
                if (builder instanceof RouteBuilder dsl) {
                    dsl.setCamelContext(camel);
                    dsl.configure();
                }
            }
            maps = maps(routes(text)).toList();
        } catch (Exception e) {
            throw broken(name, e);
        }
        maps.stream()
                .flatMap(map -> map.values().stream())
                .filter(String.class::isInstance)
                .flatMap(value -> NAMED.matcher((String) value).results())
                .map(named -> named.group(1))
                .filter(file -> !files.getResource(location + "/" + file).exists())
                .findFirst()
                .ifPresent(file -> {
                    throw new InvalidConfigurationException(name, "names " + file + ", which is not there", REMEDY);
                });
        maps.stream()
                .map(map -> map.get("jq") instanceof Map<?, ?> jq ? jq.get("expression") : null)
                .filter(expression -> expression instanceof String written && !written.startsWith("resource:"))
                .forEach(expression -> mapping(camel, name, expression.toString()));
        maps.stream()
                .flatMap(RouteValidator::beans)
                .filter(isBean.negate())
                .findFirst()
                .ifPresent(bean -> {
                    throw new InvalidConfigurationException(
                            name, "names the bean " + bean + ", which is not there", REMEDY);
                });
    }

    /** The beans that a step names: {@code ref: x}, {@code strategy: "#x"}, or {@code bean:x} in an endpoint or expression. */
    private static Stream<String> beans(Map<?, ?> step) {
        return step.entrySet().stream()
                .filter(entry -> entry.getValue() instanceof String)
                .map(entry -> entry.getKey() + ": " + entry.getValue())
                .map(BEAN::matcher)
                .filter(Matcher::matches)
                .map(bean -> bean.group(1));
    }

    /** The innermost reason has the place; the outer ones only repeat the whole file. */
    private static InvalidConfigurationException broken(String name, Throwable failure) {
        Throwable reason = failure;
        while (reason.getCause() != null) {
            reason = reason.getCause();
        }
        String words = String.valueOf(reason.getMessage())
                .replaceAll("\\s+", " ")
                // jq's parser goes on to list every token there is.
                .replaceFirst(" ?Was expecting.*", "")
                .strip();
        return new InvalidConfigurationException(name, "is broken: " + words, REMEDY);
    }
}
