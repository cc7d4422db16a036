package dev.tenpayroutes.config;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.CoreErrorCode;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.output.ValidateOutput;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.flyway.FlywayMigrationStrategy;
import org.springframework.stereotype.Component;

/**
 * Nothing is written to a database that can't hold what the program stores, or whose tables another version made: each is
 * refused with a remedy that keeps the data. Preflight reports the same problems.
 */
@Component
public final class DatabaseRequirements implements FlywayMigrationStrategy {

    static final String DATABASE = "spring.datasource.url";
    static final String OCCUPIED = "leads to a schema that holds tables of something else";
    static final String OCCUPIED_REMEDY =
            "give the program a database of its own, or a schema: create schema tenpay, and ?currentSchema=tenpay in"
                    + " spring.datasource.url";

    private static final int OLDEST_VERSION = 15;

    @Override
    public void migrate(Flyway flyway) {
        List<InvalidConfigurationException> problems = problems(flyway);
        if (!problems.isEmpty()) {
            throw problems.get(0);
        }
        flyway.migrate();
    }

    /** Reads only. */
    public static List<InvalidConfigurationException> problems(Flyway flyway) {
        List<InvalidConfigurationException> problems = new ArrayList<>();
        try (Connection connection = flyway.getConfiguration().getDataSource().getConnection()) {
            DatabaseMetaData server = connection.getMetaData();
            if (server.getDatabaseMajorVersion() < OLDEST_VERSION) {
                problems.add(new InvalidConfigurationException(
                        DATABASE,
                        "leads to PostgreSQL " + server.getDatabaseProductVersion() + ", which is too old",
                        "upgrade the server to PostgreSQL " + OLDEST_VERSION + " or newer"));
            }
            String encoding = text(connection, "show server_encoding");
            if (!"UTF8".equals(encoding)) {
                problems.add(new InvalidConfigurationException(
                        DATABASE,
                        "leads to a database with the encoding " + encoding + ", which can't hold every text",
                        "make another one beside it: create database tenpay encoding 'UTF8' template template0; tables"
                                + " that exist already move there by pg_dump and psql"));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        if (problems.isEmpty()) {
            problems.addAll(migrationProblems(flyway));
        }
        return problems;
    }

    private static @Nullable String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() ? rows.getString(1) : null;
        }
    }

    private static List<InvalidConfigurationException> migrationProblems(Flyway flyway) {
        List<ValidateOutput> invalid = flyway.validateWithResult().invalidMigrations.stream()
                .filter(migration ->
                        migration.errorDetails.errorCode != CoreErrorCode.RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED)
                .toList();
        if (invalid.isEmpty()) {
            return flyway.info().pending().length == 0 ? List.of() : rightProblems(flyway);
        }
        Map<String, MigrationInfo> known = Stream.of(flyway.info().all())
                .filter(migration -> migration.getVersion() != null)
                .collect(Collectors.toMap(
                        migration -> migration.getVersion().toString(), Function.identity(), (one, other) -> one));
        return invalid.stream()
                .map(migration -> problem(migration, known.get(migration.version)))
                .toList();
    }

    /** Whether tables may be made where there are none yet, and where none of something else are. */
    private static List<InvalidConfigurationException> rightProblems(Flyway flyway) {
        List<InvalidConfigurationException> problems = new ArrayList<>();
        try (Connection connection = flyway.getConfiguration().getDataSource().getConnection()) {
            String schema = text(connection, "select current_schema()");
            if (schema == null) {
                problems.add(new InvalidConfigurationException(
                        DATABASE,
                        "leads to a database whose search_path names no schema that "
                                + text(connection, "select current_user") + " may use",
                        text(connection, """
                                select format('as a superuser, in that database: grant usage, create on schema public to %I',
                                              current_user)""")));
            } else if (text(connection, "select 1 where has_schema_privilege(current_schema(), 'create')") == null) {
                problems.add(new InvalidConfigurationException(
                        DATABASE,
                        "leads to a database where " + text(connection, "select current_user")
                                + " may not make tables in the schema " + schema
                                + ": since PostgreSQL 15 a grant on the database doesn't include that",
                        text(connection, """
                                        select format('as a superuser, in that database: alter database %I owner to %I; or only:'
                                                      ' grant usage, create on schema %I to %2$I',
                                                      current_database(), current_user, current_schema())""")));
            }
            if (flyway.info().applied().length == 0
                    && !flyway.getConfiguration().isBaselineOnMigrate()
                    && text(connection, """
                            select 1 from pg_class where relnamespace = current_schema()::regnamespace
                            and relkind in ('r', 'p', 'v', 'm', 'S', 'f') limit 1""") != null) {
                problems.add(new InvalidConfigurationException(DATABASE, OCCUPIED, OCCUPIED_REMEDY));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return problems;
    }

    private static InvalidConfigurationException problem(ValidateOutput invalid, MigrationInfo migration) {
        String name = "migration V" + invalid.version + " (" + invalid.description + ")";
        if (invalid.errorDetails.errorCode == CoreErrorCode.CHECKSUM_MISMATCH) {
            return new InvalidConfigurationException(
                    name,
                    "was applied to this database with another text than this version's",
                    "start the version that applied it, whose data stays as it is. To go on with this one, compare the"
                            + " two texts of the file in db/migration, apply by hand what differs, and then: update"
                            + " flyway_schema_history set checksum = " + migration.getResolvedChecksum()
                            + " where version = '" + invalid.version + "'");
        }
        if (invalid.errorDetails.errorCode == CoreErrorCode.APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED) {
            return new InvalidConfigurationException(
                    name,
                    "was applied to this database and is not a part of this version",
                    "start the version that applied it, or a newer one");
        }
        return new InvalidConfigurationException(
                name,
                "doesn't fit this version (" + invalid.errorDetails.errorCode + ")",
                "start the version that applied it; restore a backup only if that one doesn't start either");
    }
}
