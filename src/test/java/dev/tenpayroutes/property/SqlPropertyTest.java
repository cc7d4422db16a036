package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Thousands of drawn histories through the statements of routes/sql, on a real PostgreSQL: what a person would not think
 * of. A failure prints its seed and the shortest history that still fails; {@code -Dproperty.seed=…} draws the same
 * again, {@code -Dproperty.histories=…} draws more.
 */
class SqlPropertyTest {

    private static final long SEED = Long.getLong("property.seed", System.nanoTime());
    private static final int HISTORIES = Integer.getInteger("property.histories", 1500);
    private static final int AT_ONCE = Integer.getInteger("property.at-once", 500);
    private static final long PATIENCE =
            Duration.ofSeconds(Long.getLong("property.seconds", 9)).toNanos();
    private static final int LONGEST = 28;
    private static final int HANDS = 3;

    private static final Logger LOG = LoggerFactory.getLogger(SqlPropertyTest.class);

    /** Some of what a drawing must lead to. */
    private static final List<String> EVERYWHERE = List.of(
            "Order SUBMIT",
            "Order CONFLICT",
            "CheckoutAnswer MOVED STATUS PENDING",
            "CheckoutAnswer MOVED REFUSED FAILED",
            "CheckoutAnswer REFUSED REFUSED CREATED",
            "Inquiry MOVED STATUS SUCCEEDED",
            "Inquiry MOVED ABSENT FAILED",
            "Inquiry again",
            "Close MOVED STATUS CLOSED",
            "Webhook MOVED STATUS EXPIRED",
            "Webhook MISMATCH STATUS PENDING",
            "Webhook known",
            "WebhookRetry SO-000 MOVED STATUS SUCCEEDED",
            "Poll taken",
            "Reconcile taken",
            "Refund NEW",
            "Refund SUBMIT",
            "Refund REFUND_EXCEEDS_PAYMENT",
            "Refund REFUND_WINDOW_PASSED",
            "RefundAnswer MOVED REFUSED FAILED",
            "RefundAnswer REFUSED REFUSED CREATED",
            "RefundInquiry MOVED ABSENT FAILED",
            "RefundInquiry again",
            "RefundWebhook MOVED STATUS SUCCEEDED",
            "RefundPoll taken");

    private static Database database;
    private static int worlds;

    @BeforeAll
    static void start() throws Exception {
        database = new Database();
    }

    @AfterAll
    static void stop() {
        database.close();
    }

    /** One connection, in one transaction for each history: the database's clock stands still, and nothing stays behind. */
    private static final class Alone implements AutoCloseable {

        private final Connection connection = database.connect();
        private final Statements sql = new Statements(connection);
        private final Map<String, PreparedStatement> prepared = new HashMap<>();
        private final Map<String, Integer> seen = new TreeMap<>();

        Alone() throws SQLException {
            connection.setAutoCommit(false);
        }

        /** What went wrong, if anything. */
        Optional<String> play(List<Step> history) {
            try {
                return steps(history);
            } catch (SQLException e) {
                return Optional.of("SQL state " + e.getSQLState() + ": " + e.getMessage());
            } finally {
                rollback();
            }
        }

        private Optional<String> steps(List<Step> history) throws SQLException {
            World world = new World("w" + ++worlds);
            Model model = new Model(world, clock());
            Hand hand = new Hand(connection, sql, world);
            Books books = new Books(connection, prepared, world.account(0), world.account(1));
            for (Step step : history) {
                List<String> answered = hand.play(step);
                List<String> expected = model.play(step, answered);
                if (!answered.equals(expected)) {
                    return Optional.of(step + "\nanswers " + answered + "\nand not " + expected);
                }
                answered.forEach(answer -> seen.merge(
                        step.getClass().getSimpleName() + " " + answer.replaceFirst("w\\d+.*", "taken"),
                        1,
                        Integer::sum));
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
    }

    /** Whatever is open and left alone comes due within a day, to be asked about. */
    private static List<String> lost(Hand hand, Books books) throws SQLException {
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

    /** Several connections, each doing its share of the steps between two moments at which the clock goes on. */
    private static final class Together implements AutoCloseable {

        private final List<Connection> connections = new ArrayList<>();
        private final List<Statements> sql = new ArrayList<>();
        private final Map<String, PreparedStatement> prepared = new HashMap<>();
        private final ExecutorService threads = Executors.newFixedThreadPool(HANDS);

        Together() throws SQLException {
            for (int i = 0; i < HANDS; i++) {
                connections.add(database.connect());
                sql.add(new Statements(connections.get(i)));
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
            World world = new World("w" + ++worlds);
            List<Hand> hands = new ArrayList<>();
            for (int i = 0; i < HANDS; i++) {
                hands.add(new Hand(connections.get(i), sql.get(i), world));
            }
            Books books = new Books(connections.get(0), prepared, world.account(0), world.account(1));
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
            wrongs.addAll(lost(hands.get(0), books));
            forget();
            return wrongs.isEmpty() ? Optional.empty() : Optional.of(String.join("\n", wrongs));
        }

        boolean goesWrong(List<Step> history, int tries) {
            try {
                for (int i = 0; i < tries; i++) {
                    if (play(history).isPresent()) {
                        return true;
                    }
                }
                return false;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        private List<String> atOnce(List<Hand> hands, List<Step> round) throws Exception {
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
                statement.execute("delete from erp_event; delete from history; delete from notification;"
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

    @Test
    void whateverHappensEveryRowIsWhatTheRulesSay() throws Exception {
        try (Alone alone = new Alone()) {
            int played = 0;
            for (long end = System.nanoTime() + PATIENCE; played < HISTORIES && System.nanoTime() < end; played++) {
                List<Step> history = new Dice(SEED + played).history(LONGEST);
                if (alone.play(history).isPresent()) {
                    List<Step> shortest = Shrinking.shortest(
                            history, fewer -> alone.play(fewer).isPresent());
                    fail(
                            "-Dproperty.seed=%d goes wrong by%s%n%s",
                            SEED + played,
                            Shrinking.readable(shortest),
                            alone.play(shortest).orElse("(not again)"));
                }
            }
            LOG.info("{} histories from -Dproperty.seed={}", played, SEED);
            // A drawing that no longer leads everywhere proves nothing.
            if (played >= 1000) {
                assertThat(alone.seen.keySet()).containsAll(EVERYWHERE);
            }
        }
    }

    /** Found by a draw: news whose status word nobody knows was acknowledged, and so lost for a mapping put right later. */
    @Test
    void newsThatNobodyUnderstandsIsNotTakenForDone() throws Exception {
        Step.Said riddle = new Step.Said("200", "NEWS", 1000L, "SGD", true, true, null);
        Step.Said success = new Step.Said("200", "SUCCESS", 1000L, "SGD", true, true, null);
        try (Alone alone = new Alone()) {
            assertThat(alone.play(List.of(
                            new Step.Order(0, 0, 0, 1800),
                            new Step.Webhook(0, 0, 0, riddle),
                            new Step.Webhook(0, 0, 1, success),
                            new Step.Refund(0, 0, 2, 1000, "SGD", null, 2),
                            new Step.RefundWebhook(0, 0, 2, 0, riddle))))
                    .isEmpty();
            assertThat(alone.seen)
                    .containsKeys(
                            "Webhook NO_ANSWER NONE CREATED WAITING", "RefundWebhook NO_ANSWER NONE CREATED WAITING");
        }
    }

    /** Whenever time has passed, every instance's poller comes by. */
    private static Stream<Step> pollers(Step clock) {
        Step poll = new Step.Poll(false, false);
        Step refundPoll = new Step.RefundPoll(false, false);
        return Stream.of(clock, poll, poll, poll, refundPoll, refundPoll, refundPoll);
    }

    @Test
    void whateverHappensAtOnceTheBooksAreInOrder() throws Exception {
        try (Together together = new Together()) {
            int played = 0;
            for (long end = System.nanoTime() + PATIENCE; played < AT_ONCE && System.nanoTime() < end; played++) {
                Dice dice = new Dice(SEED + played);
                List<Step> history = dice.history(LONGEST * 2).stream()
                        .filter(step -> !(step instanceof Step.Clock) || dice.below(4) == 0)
                        .flatMap(step -> step instanceof Step.Clock ? pollers(step) : Stream.of(step))
                        .toList();
                Optional<String> wrong = together.play(history);
                if (wrong.isPresent()) {
                    // Who comes first is chance: a shorter history may need several tries, and has no more than a
                    // minute.
                    long last = System.nanoTime() + Duration.ofMinutes(1).toNanos();
                    List<Step> shortest = Shrinking.shortest(
                            history, fewer -> System.nanoTime() < last && together.goesWrong(fewer, 8));
                    fail(
                            "-Dproperty.seed=%d goes wrong by%s%n%s",
                            SEED + played, Shrinking.readable(shortest), wrong.get());
                }
            }
            LOG.info("{} histories at once from -Dproperty.seed={}", played, SEED);
        }
    }
}
