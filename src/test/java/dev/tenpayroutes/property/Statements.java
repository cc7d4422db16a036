package dev.tenpayroutes.property;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;

/** The files of routes/sql on one connection, bound as the routes bind them: variables by name, settings from application.yaml. */
final class Statements {

    static final ObjectMapper JSON = new ObjectMapper();

    private static final Pattern PARAMETER =
            Pattern.compile(":#\\$\\{(?:variable\\.(\\w+)|properties:([^}]+))}(?: as (text|bytea)\\[])?");
    private static final PropertySource<?> SETTINGS = settings();

    private final Connection connection;
    private final Map<String, String> mutated;
    private final Map<String, Prepared> prepared = new HashMap<>();

    /** @param arrays of which type the parameters are that are arrays, by their place */
    private record Prepared(PreparedStatement statement, List<String> parameters, Map<Integer, String> arrays) {}

    /** @param mutated texts that stand for files, by name */
    Statements(Connection connection, Map<String, String> mutated) {
        this.connection = connection;
        this.mutated = mutated;
    }

    static String setting(String name) {
        return String.valueOf(SETTINGS.getProperty(name));
    }

    /** In microseconds, as PostgreSQL counts. */
    static long micros(String name) {
        Duration duration = DurationStyle.detectAndParse(setting(name));
        return duration.toSeconds() * 1_000_000;
    }

    /** The JSON that a statement answers with; missing when it has no row. */
    JsonNode one(String name, Map<String, ?> variables) throws SQLException {
        List<Map<String, Object>> rows = all(name, variables);
        try {
            if (rows.isEmpty()) {
                return JSON.missingNode();
            }
            Map<String, Object> row = rows.get(0);
            return JSON.readTree(String.valueOf(
                    row.containsKey("result")
                            ? row.get("result")
                            : row.values().iterator().next()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    List<Map<String, Object>> all(String name, Map<String, ?> variables) throws SQLException {
        Prepared sql = prepared.get(name);
        if (sql == null) {
            sql = prepare(name);
            prepared.put(name, sql);
        }
        for (int i = 0; i < sql.parameters().size(); i++) {
            String parameter = sql.parameters().get(i);
            Object value = parameter.contains(".") ? setting(parameter) : required(name, parameter, variables);
            String type = sql.arrays().get(i);
            bind(sql.statement(), i + 1, type == null ? value : several(type, value));
        }
        List<Map<String, Object>> rows = new ArrayList<>();
        if (!sql.statement().execute()) {
            return rows;
        }
        try (ResultSet result = sql.statement().getResultSet()) {
            while (result.next()) {
                Map<String, Object> row = new LinkedHashMap<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.put(result.getMetaData().getColumnLabel(i), result.getObject(i));
                }
                rows.add(row);
            }
        }
        return rows;
    }

    /** Of a claim, with nothing in flight; of a refund, with nothing on hold. */
    private static final Map<String, String> CAPACITIES =
            Map.of("capacity", "20", "accountCapacity", "20", "accountCapacities", "{}", "refundsOnHold", "false");

    private static Object required(String name, String parameter, Map<String, ?> variables) {
        if (!variables.containsKey(parameter) && CAPACITIES.containsKey(parameter)) {
            return CAPACITIES.get(parameter);
        }
        if (!variables.containsKey(parameter)) {
            throw new IllegalArgumentException(name + " wants the variable " + parameter);
        }
        return variables.get(parameter);
    }

    /** A list is several exchanges' values; anything else is that of the only one. */
    private Array several(String type, Object value) throws SQLException {
        List<?> values = value instanceof List<?> list ? list : Collections.singletonList(value);
        return type.equals("bytea")
                ? connection.createArrayOf(type, values.toArray(byte[][]::new))
                : connection.createArrayOf(
                        type,
                        values.stream()
                                .map(one -> one == null ? null : one.toString())
                                .toArray());
    }

    private static void bind(PreparedStatement statement, int index, Object value) throws SQLException {
        if (value == null) {
            statement.setNull(index, Types.NULL);
        } else if (value instanceof Array array) {
            statement.setArray(index, array);
        } else if (value instanceof byte[] bytes) {
            statement.setBytes(index, bytes);
        } else {
            statement.setString(index, value.toString());
        }
    }

    private Prepared prepare(String name) throws SQLException {
        List<String> parameters = new ArrayList<>();
        Matcher matcher = PARAMETER.matcher(mutated.getOrDefault(name, text(name)));
        Map<Integer, String> arrays = new HashMap<>();
        StringBuilder sql = new StringBuilder();
        while (matcher.find()) {
            String array = matcher.group(3);
            if (array != null) {
                arrays.put(parameters.size(), array);
            }
            parameters.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
            matcher.appendReplacement(sql, array == null ? "?" : "? as " + array + "[]");
        }
        matcher.appendTail(sql);
        return new Prepared(connection.prepareStatement(sql.toString()), parameters, arrays);
    }

    /** The statement with something in each parameter's place; a setting's name has a dot in it, a variable's none. */
    static String parameter(String sql, UnaryOperator<String> place) {
        return PARAMETER
                .matcher(sql)
                .replaceAll(found ->
                        Matcher.quoteReplacement(place.apply(found.group(1) == null ? found.group(2) : found.group(1))
                                + (found.group(3) == null ? "" : " as " + found.group(3) + "[]")));
    }

    static String text(String name) {
        try {
            return Files.readString(Path.of("routes/sql", name + ".sql"))
                    .lines()
                    .filter(line -> !line.strip().startsWith("--"))
                    .collect(Collectors.joining("\n"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static PropertySource<?> settings() {
        try {
            // The first document: the later ones are of profiles.
            return new YamlPropertySourceLoader()
                    .load("settings", new FileSystemResource("src/main/resources/application.yaml"))
                    .get(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
