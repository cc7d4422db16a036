package dev.tenpayroutes.property;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.flywaydb.core.Flyway;

/** An empty PostgreSQL with our tables, gone with the JVM. Nothing here needs to survive a crash, so it writes as fast as it can. */
final class Database implements AutoCloseable {

    private final EmbeddedPostgres postgres;

    Database() throws IOException, SQLException {
        postgres = EmbeddedPostgres.builder()
                .setPort(FreePort.find())
                .setServerConfig("fsync", "off")
                .setServerConfig("full_page_writes", "off")
                .setServerConfig("jit", "off")
                // Thousands of runs of the same few statements.
                .setServerConfig("plan_cache_mode", "force_generic_plan")
                .setOutputRedirector(Redirect.DISCARD)
                .setErrorRedirector(Redirect.DISCARD)
                .start();
        Flyway.configure()
                .dataSource(postgres.getPostgresDatabase())
                .locations("classpath:db/migration")
                .load()
                .migrate();
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    create function micros(timestamptz) returns bigint language sql immutable as
                    $$ select cast(extract(epoch from $1) * 1000000 as bigint) $$
                    """);
        }
    }

    /** As the program's own connections are. */
    Connection connect() throws SQLException {
        Connection connection =
                DriverManager.getConnection(postgres.getJdbcUrl("postgres", "postgres") + "&prepareThreshold=1");
        try (Statement statement = connection.createStatement()) {
            statement.execute(Statements.setting("spring.datasource.hikari.connection-init-sql"));
        }
        return connection;
    }

    @Override
    public void close() {
        try {
            postgres.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
