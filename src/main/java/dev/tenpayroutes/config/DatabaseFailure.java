package dev.tenpayroutes.config;

import java.sql.SQLException;
import java.util.List;

/** Why the database can't be used, by its SQL state, and the remedy; never the server's own words, which quote values. */
final class DatabaseFailure {

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
                    "create it (create database … encoding 'UTF8' template template0), or correct " + ADDRESS),
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
                    "grant create, usage on its schema to spring.datasource.username, and let that user own the tables"
                            + " that exist"),
            new Kind(
                    "55P03|40P01|57014|25P0[34]",
                    "was not migrated, since something else held its tables for too long",
                    "end the session that does (pg_stat_activity), and start again"),
            new Kind("08|null", "does not answer", "start it, or correct " + ADDRESS));

    private static final Kind OTHER = new Kind(
            "",
            "can't be migrated",
            "keep the data as it is, start the version that ran before, and look into the database's own log");

    private DatabaseFailure() {}

    static String line(Throwable failure, String url) {
        SQLException sql = innermost(failure);
        if (sql != null) {
            String state = state(sql);
            Kind kind = KINDS.stream()
                    .filter(one -> state.matches("(" + one.states() + ").*"))
                    .findFirst()
                    .orElse(OTHER);
            return "spring.datasource.url " + url.replaceFirst("\\?.*", "") + ": the database " + kind.problem()
                    + (state.equals("null") ? "" : " (SQL state " + state + ")") + ". Remedy: " + kind.remedy();
        }
        String words =
                String.valueOf(failure.getMessage()).replaceAll("\\s+", " ").strip();
        return words.contains("non-empty schema")
                ? "spring.datasource.url: the schema holds tables of something else. Remedy: give the program one of its"
                        + " own: create schema tenpay, and ?currentSchema=tenpay in spring.datasource.url"
                : "spring.datasource.url: its tables don't fit this version: " + words
                        + ". Remedy: keep the data as it is, and start the version that ran before";
    }

    /** The pool's own failures carry no state; the driver's behind them do. */
    private static SQLException innermost(Throwable failure) {
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
