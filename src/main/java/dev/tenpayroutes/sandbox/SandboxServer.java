package dev.tenpayroutes.sandbox;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A database that the sandbox makes for itself on a server that it is given, where it can't bring a server of its own. No other
 * database of that server is touched: its name is random and kept in the sandbox's folder, and one of that name that
 * doesn't carry the sandbox's mark is refused.
 */
final class SandboxServer {

    private static final Pattern URL = Pattern.compile("(jdbc:postgresql://[^/?]+/)[^/?]*(\\?.*)?");

    private SandboxServer() {}

    /** The settings that lead to the sandbox's database, which is made where it is missing. */
    static Map<String, Object> settings(SandboxProperties properties, String token) {
        Matcher url = URL.matcher(String.valueOf(properties.serverUrl()));
        if (!url.matches()) {
            throw new IllegalStateException(
                    "tenpay.sandbox.server-url is not of the form jdbc:postgresql://host:port/database: correct it.");
        }
        String name = "tenpay_sandbox_" + token;
        try (Connection connection = DriverManager.getConnection(
                properties.serverUrl(), properties.serverUsername(), properties.serverPassword())) {
            make(connection, name);
        } catch (SQLException e) {
            throw new IllegalStateException(
                    "tenpay.sandbox.server-url: the sandbox can't make its database there (SQL state " + e.getSQLState()
                            + "): start that server, correct tenpay.sandbox.server-username and .server-password, or"
                            + " let that user create databases.",
                    e);
        }
        return Map.of(
                "spring.datasource.url",
                url.group(1) + name + (url.group(2) == null ? "" : url.group(2)),
                "spring.datasource.username",
                properties.serverUsername(),
                "spring.datasource.password",
                properties.serverPassword());
    }

    private static void make(Connection connection, String name) throws SQLException {
        String mark = "made by the sandbox of Tenpay Global Routes as " + name;
        try (PreparedStatement find = connection.prepareStatement(
                        "select shobj_description(oid, 'pg_database') from pg_database where datname = ?");
                Statement statement = connection.createStatement()) {
            find.setString(1, name);
            try (ResultSet found = find.executeQuery()) {
                if (!found.next()) {
                    statement.execute("create database " + name + " encoding 'UTF8' template template0");
                    statement.execute("comment on database " + name + " is '" + mark + "'");
                } else if (!mark.equals(found.getString(1))) {
                    throw new IllegalStateException(
                            "The database " + name + " of tenpay.sandbox.server-url was not made"
                                    + " by the sandbox, which leaves it alone: set tenpay.sandbox.folder to a new folder.");
                }
            }
        }
    }
}
