package dev.tenpayroutes.camel;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.component.sql.DefaultSqlEndpoint;
import org.apache.camel.component.sql.SqlPrepareStatementStrategy;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.springframework.jdbc.core.ArgumentPreparedStatementSetter;
import org.springframework.stereotype.Component;

/**
 * SQL takes its values from exchange variables and settings, and from nothing else: a statement that names anything else
 * is refused before the database sees it. Safe for use by many threads.
 *
 * <p>Camel's own way would look into bodies and headers as well, where a caller can put things. It also searches every
 * statement anew each time it runs, and asks the database how many parameters it has: docs/performance-log.md has the cost.
 */
@Component
public class SqlParameters implements CamelContextConfiguration, SqlPrepareStatementStrategy {

    /** As Camel hands them over: {@code #} has become {@code ?}. */
    private static final Pattern PARAMETER =
            Pattern.compile(":\\?\\$\\{(?:variable\\.([A-Za-z]\\w*)|properties:([a-z][a-z0-9.-]*))}");

    private record Statement(String text, List<Function<Exchange, Object>> values) {}

    private final Map<String, Statement> statements = new ConcurrentHashMap<>();

    @Override
    public void beforeApplicationStart(CamelContext camel) {
        camel.getCamelContextExtension().registerEndpointCallback((uri, endpoint) -> {
            if (endpoint instanceof DefaultSqlEndpoint sql) {
                sql.setPrepareStatementStrategy(this);
                // Any number keeps Camel from asking the database for the right one at each call.
                sql.setParametersCount(1);
            }
            return endpoint;
        });
    }

    @Override
    public void afterApplicationStart(CamelContext camel) {
        // Nothing to do by then.
    }

    @Override
    public String prepareQuery(String query, boolean allowNamedParameters, Exchange exchange) {
        return statement(query, exchange).text();
    }

    @Override
    public Iterator<?> createPopulateIterator(
            String query, String preparedQuery, int expectedParams, Exchange exchange, Object value) {
        return statement(query, exchange).values().stream()
                .map(one -> one.apply(exchange))
                .iterator();
    }

    @Override
    public void populateStatement(PreparedStatement statement, Iterator<?> values, int expectedParams)
            throws SQLException {
        List<Object> all = new ArrayList<>();
        values.forEachRemaining(all::add);
        new ArgumentPreparedStatementSetter(all.toArray()).setValues(statement);
    }

    /**
     * The statement of a file as the database sees it, on as many lines.
     *
     * @throws IllegalArgumentException it names something else, or a setting that there isn't
     */
    public static String prepared(String file, CamelContext camel) {
        return read(file.replace('#', '?'), camel).text();
    }

    private Statement statement(String query, Exchange exchange) {
        return statements.computeIfAbsent(query, text -> read(text, exchange.getContext()));
    }

    private static Statement read(String query, CamelContext camel) {
        Matcher parameter = PARAMETER.matcher(query);
        List<Function<Exchange, Object>> values = new ArrayList<>();
        String text = parameter.replaceAll(found -> {
            values.add(value(found, camel));
            return "?";
        });
        if (text.contains(":?") || text.contains("${")) {
            throw new IllegalArgumentException(
                    "a statement takes its values from :#${variable.x} and :#${properties:x} alone");
        }
        return new Statement(text, Collections.unmodifiableList(values));
    }

    private static Function<Exchange, Object> value(MatchResult found, CamelContext camel) {
        String variable = found.group(1);
        if (variable != null) {
            return exchange -> exchange.getVariable(variable);
        }
        String setting = camel.resolvePropertyPlaceholders("{{" + found.group(2) + "}}");
        return exchange -> setting;
    }
}
