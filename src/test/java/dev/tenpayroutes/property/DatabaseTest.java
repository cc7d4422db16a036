package dev.tenpayroutes.property;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** Tests of the statements themselves: a store for each class, which sees to its own rows, and a connection for each test. */
abstract class DatabaseTest {

    static Database database;

    Connection connection;
    Statement statement;
    Statements statements;

    @BeforeAll
    static void makeTheStore() throws Exception {
        database = new Database();
    }

    @AfterAll
    static void takeTheStoreAway() {
        database.close();
    }

    @BeforeEach
    void connect() throws SQLException {
        connection = database.connect();
        statement = connection.createStatement();
        statements = new Statements(connection, Map.of());
    }

    @AfterEach
    void disconnect() throws SQLException {
        connection.close();
    }

    String value(String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
