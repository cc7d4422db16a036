package dev.tenpayroutes.property;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Several connections, each doing its share of the steps between two moments at which the clock goes on. */
final class ConcurrentRunner implements AutoCloseable {

    private static final int HANDS = 3;

    private static int worlds;

    private final List<Connection> connections = new ArrayList<>();
    private final List<Statements> sql = new ArrayList<>();
    private final Map<String, PreparedStatement> prepared = new HashMap<>();
    private final ExecutorService threads = Executors.newFixedThreadPool(HANDS);

    /** @param mutated texts that stand for files of routes/sql, by name */
    ConcurrentRunner(Database database, Map<String, String> mutated) throws SQLException {
        for (int i = 0; i < HANDS; i++) {
            connections.add(database.connect());
            sql.add(new Statements(connections.get(i), mutated));
        }
        // Between what a statement sees and what it writes there is time enough for the others to see the same.
        try (Statement statement = connections.get(0).createStatement()) {
            statement.execute("""
                    create or replace function slowly() returns trigger language plpgsql as
                    $$ begin perform pg_sleep(random() * 0.002); return new; end $$;
                    create trigger slowly before insert or update on payment for each row execute function slowly();
                    create trigger slowly before insert or update on refund for each row execute function slowly()
                    """);
        }
    }

    Optional<String> play(List<Step> history) throws Exception {
        CallTracker world = new CallTracker("t" + ++worlds);
        List<StatementDriver> hands = new ArrayList<>();
        for (int i = 0; i < HANDS; i++) {
            hands.add(new StatementDriver(connections.get(i), sql.get(i), world));
        }
        LedgerInvariants books = new LedgerInvariants(connections.get(0), prepared, world.account(0), world.account(1));
        List<String> wrongs = new ArrayList<>();
        List<Step> round = new ArrayList<>();
        for (Step step : history) {
            if (step instanceof Step.Clock clock) {
                wrongs.addAll(atOnce(hands, round));
                round.clear();
                hands.get(0).pass(clock.seconds());
            } else {
                round.add(step);
            }
        }
        wrongs.addAll(atOnce(hands, round));
        wrongs.addAll(books.wrongs());
        wrongs.addAll(world.wrongs());
        if (!books.submits().equals(new TreeMap<>(world.rights()))) {
            wrongs.add("the right to call was given " + world.rights() + " times, but counted " + books.submits());
        }
        wrongs.addAll(SequentialRunner.lost(hands.get(0), books));
        forget();
        return wrongs.isEmpty() ? Optional.empty() : Optional.of(String.join("\n", wrongs));
    }

    private List<String> atOnce(List<StatementDriver> hands, List<Step> round) throws Exception {
        CyclicBarrier start = new CyclicBarrier(HANDS);
        List<Future<List<String>>> shares = new ArrayList<>();
        for (int hand = 0; hand < HANDS; hand++) {
            int mine = hand;
            shares.add(threads.submit(() -> {
                List<String> wrongs = new ArrayList<>();
                start.await();
                for (int i = mine; i < round.size(); i += HANDS) {
                    try {
                        hands.get(mine).play(round.get(i));
                    } catch (SQLException e) {
                        wrongs.add(round.get(i) + ": SQL state " + e.getSQLState() + ": " + e.getMessage());
                    }
                }
                return wrongs;
            }));
        }
        List<String> wrongs = new ArrayList<>();
        for (Future<List<String>> share : shares) {
            wrongs.addAll(share.get());
        }
        return wrongs;
    }

    private void forget() throws SQLException {
        try (Statement statement = connections.get(0).createStatement()) {
            statement.execute(
                    "delete from erp_event; delete from history; delete from notification; delete from used_signature;"
                            + " delete from refund; delete from payment");
        }
    }

    @Override
    public void close() throws SQLException {
        threads.shutdownNow();
        try (Statement statement = connections.get(0).createStatement()) {
            statement.execute("drop trigger slowly on payment; drop trigger slowly on refund");
        }
        for (Connection connection : connections) {
            connection.close();
        }
    }
}
