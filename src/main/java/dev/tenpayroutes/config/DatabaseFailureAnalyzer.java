package dev.tenpayroutes.config;

import java.sql.SQLException;
import java.util.List;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;

/** Why the database can't be used, by its SQL state, and the remedy; never the server's own words, which quote values. */
@Order(Ordered.HIGHEST_PRECEDENCE + 2)
final class DatabaseFailureAnalyzer implements FailureAnalyzer {

    /** @param states how a SQL state begins */
    private record Kind(String states, String problem, String remedy) {}

    private static final String ADDRESS = "spring.datasource.url, .username and .password";

    private static final List<Kind> KINDS = List.of(
            new Kind(
                    "28",
                    "refuses the username, the password or this machine",
                    "correct spring.datasource.username and .password, or let this machine in (pg_hba.conf)"),
            new Kind(
                    "3D",
                    "does not exist on this server",
                    "create it (create database tenpay owner tenpay encoding 'UTF8' template template0), or correct "
                            + ADDRESS),
            new Kind(
                    "3F",
                    "has no schema to make tables in",
                    "create the schema that search_path or the URL's currentSchema names"),
            new Kind(
                    "53100",
                    "has no space left on its disk",
                    "make room there and start again; nothing of its data needs to go"),
            new Kind(
                    "53[34]00",
                    "has no connection left for this instance",
                    "raise max_connections (or the limit of the user or database), or lower"
                            + " spring.datasource.hikari.maximum-pool-size: it counts once for each instance, one more"
                            + " during an update, and PostgreSQL keeps 3 for superusers"),
            new Kind("57P", "is starting, stopping or recovering", "wait until pg_isready accepts it, and start again"),
            new Kind(
                    "25006",
                    "is read-only: a standby, or default_transaction_read_only is on",
                    "name the primary, or all hosts (jdbc:postgresql://one,other/tenpay), in spring.datasource.url; or"
                            + " allow writing again"),
            new Kind(
                    "42501",
                    "denies the user a right that the tables need",
                    "as a superuser: grant usage, create on schema public to <spring.datasource.username>; tables that exist"
                            + " must be that user's own (alter table … owner to …)"),
            new Kind(
                    "55P03|40P01|57014|25P0[34]",
                    "was not migrated, since something else held its tables for too long",
                    "end the session that does (pg_stat_activity), and start again"),
            new Kind("08|null", "does not answer", "start it, or correct " + ADDRESS));

    private static final Kind OTHER = new Kind(
            "",
            "can't be migrated",
            "keep the data as it is, start the version that ran before, and look into the database's own log");

    private final String url;

    /** @param environment null where a start ended before it had one */
    public DatabaseFailureAnalyzer(@Nullable Environment environment) {
        this(environment == null ? "" : environment.getProperty("spring.datasource.url", ""));
    }

    DatabaseFailureAnalyzer(String url) {
        this.url = url.replaceFirst("\\?.*", "");
    }

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof FlywayException || cause instanceof SQLException) {
                return analysis(cause);
            }
        }
        return null;
    }

    private FailureAnalysis analysis(Throwable failure) {
        SQLException sql = innermost(failure);
        if (sql != null) {
            String state = state(sql);
            Kind kind = KINDS.stream()
                    .filter(one -> state.matches("(" + one.states() + ").*"))
                    .findFirst()
                    .orElse(OTHER);
            return new FailureAnalysis(
                    "spring.datasource.url " + url + ": the database " + kind.problem()
                            + (state.equals("null") ? "" : " (SQL state " + state + ")"),
                    kind.remedy(),
                    failure);
        }
        String words = OneLineReporter.oneLine(failure.getMessage());
        return words.contains("non-empty schema")
                ? new FailureAnalysis(
                        DatabaseRequirements.DATABASE + " " + DatabaseRequirements.OCCUPIED,
                        DatabaseRequirements.OCCUPIED_REMEDY,
                        failure)
                : new FailureAnalysis(
                        "spring.datasource.url: its tables don't fit this version: " + words,
                        "keep the data as it is, and start the version that ran before",
                        failure);
    }

    /** The pool's own failures carry no state; the driver's behind them do. */
    private static @Nullable SQLException innermost(Throwable failure) {
        SQLException found = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && (found == null || sql.getSQLState() != null)) {
                found = sql;
            }
        }
        return found;
    }

    private static String state(SQLException failure) {
        // The driver's only word for a server that isn't the primary: its state says no more than "no connection".
        return String.valueOf(failure.getMessage()).contains("targetServerType")
                ? "25006"
                : String.valueOf(failure.getSQLState());
    }
}
