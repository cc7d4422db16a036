package dev.tenpayroutes.property;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** One connection, in one transaction for each history: the database's clock stands still, and nothing stays behind. */
final class SequentialRunner implements AutoCloseable {

    private static int worlds;

    private final Connection connection;
    private final Statements sql;
    private final Map<String, PreparedStatement> prepared = new HashMap<>();
    final Set<String> seen = new TreeSet<>();
    int histories;

    /** @param mutated texts that stand for files of routes/sql, by name */
    SequentialRunner(Database database, Map<String, String> mutated) throws SQLException {
        connection = database.connect();
        sql = new Statements(connection, mutated);
        connection.setAutoCommit(false);
    }

    /** What went wrong, if anything. */
    Optional<String> play(List<Step> history) {
        histories++;
        try {
            return steps(history);
        } catch (SQLException e) {
            return Optional.of("SQL state " + e.getSQLState() + ": " + e.getMessage());
        } finally {
            rollback();
        }
    }

    private Optional<String> steps(List<Step> history) throws SQLException {
        CallTracker world = new CallTracker("w" + ++worlds);
        Model model = new Model(world, clock());
        StatementDriver hand = new StatementDriver(connection, sql, world);
        LedgerInvariants books = new LedgerInvariants(connection, prepared, world.account(0), world.account(1));
        for (Step step : history) {
            List<String> answered = hand.play(step);
            List<String> expected = model.play(step, answered);
            if (!answered.equals(expected)) {
                return Optional.of(step + "\nanswers " + answered + "\nand not " + expected);
            }
            answered.forEach(answer ->
                    seen.add(step.getClass().getSimpleName() + " " + answer.replaceFirst("w\\d+.*", "taken")));
        }
        if (!books.rows().equals(model.rows())) {
            return Optional.of("the rows are\n  " + String.join("\n  ", books.rows()) + "\nand not\n  "
                    + String.join("\n  ", model.rows()));
        }
        if (!books.past().equals(model.past())) {
            return Optional.of("history and events are\n  " + String.join("\n  ", books.past()) + "\nand not\n  "
                    + String.join("\n  ", model.past()));
        }
        List<String> wrongs = new ArrayList<>(books.wrongs());
        wrongs.addAll(world.wrongs());
        wrongs.addAll(lost(hand, books));
        return wrongs.isEmpty() ? Optional.empty() : Optional.of(String.join("\n", wrongs));
    }

    private long clock() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select micros(now())")) {
            result.next();
            return result.getLong(1);
        }
    }

    private void rollback() {
        try {
            connection.rollback();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }

    /** Whatever is open and left alone comes due within a day, to be asked about. */
    static List<String> lost(StatementDriver hand, LedgerInvariants books) throws SQLException {
        List<String> open = books.open();
        if (open.isEmpty()) {
            return List.of();
        }
        hand.pass(86400);
        List<String> taken = Stream.concat(
                        hand.play(new Step.Poll(false, false)).stream(),
                        hand.play(new Step.RefundPoll(false, false)).stream())
                .map(row -> row.split(" ")[0])
                .toList();
        return open.stream()
                .filter(key -> !taken.contains(key))
                .map(key -> key + ": open, and the poller never asks again")
                .toList();
    }
}
