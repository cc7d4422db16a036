package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Thousands of drawn histories through the statements of routes/sql, on a real PostgreSQL: what a person would not think
 * of. A failure prints its seed and the shortest history that still fails; {@code @Property(seed = "…")} draws the same
 * again, {@code -Djqwik.tries.default=…} draws more.
 */
class SqlPropertyTest {

    /** Some of what a drawing must lead to. */
    private static final List<String> EVERYWHERE = List.of(
            "Order SUBMIT",
            "Order CONFLICT",
            "CheckoutAnswer CHANGED STATUS PENDING",
            "CheckoutAnswer NO_RESPONSE NONE PENDING",
            "CheckoutAnswer MISMATCH STATUS PENDING",
            "CheckoutAnswer REFUSED REFUSED CREATED",
            "CheckoutAnswer REFUSED CONFLICT CREATED",
            "Close REFUSED PAID CREATED",
            "Inquiry CHANGED STATUS SUCCEEDED",
            "Inquiry CHANGED NOT_FOUND FAILED",
            "Inquiry again",
            "Close CHANGED STATUS CLOSED",
            "Close CHANGED NOT_FOUND CLOSED",
            "Inquiry IGNORED STATUS SUCCEEDED",
            "Webhook IGNORED STATUS SUCCEEDED",
            "Webhook REPEATED NONE SUCCEEDED done",
            "Webhook REPEATED NONE SUCCEEDED rejected",
            "Webhook CHANGED STATUS EXPIRED",
            "Webhook MISMATCH STATUS PENDING",
            "Webhook REPEATED STATUS SUCCEEDED",
            "WebhookRetry SO-000 CHANGED STATUS SUCCEEDED",
            "Poll taken",
            "Reconcile taken",
            "Refund NEW",
            "Refund SUBMIT",
            "Refund REFUND_EXCEEDS_PAYMENT",
            "Refund REFUND_WINDOW_PASSED",
            "RefundAnswer REFUSED REFUSED CREATED",
            "RefundInquiry CHANGED NOT_FOUND FAILED",
            "RefundInquiry again",
            "RefundWebhook CHANGED STATUS SUCCEEDED",
            "RefundPoll taken");

    private static Database database;

    /** One for all the tries of a property; its reports count them. */
    private SequentialRunner alone;

    private ConcurrentRunner together;
    private int tries = 1;

    @BeforeContainer
    static void start() throws Exception {
        database = new Database();
    }

    @AfterContainer
    static void stop() {
        database.close();
    }

    @AfterProperty
    void close() throws SQLException {
        if (alone != null) {
            alone.close();
        }
        if (together != null) {
            together.close();
        }
    }

    @Provide
    Arbitrary<List<Step>> histories() {
        return Histories.histories();
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void whateverHappensEveryRowIsWhatTheRulesSay(@ForAll("histories") List<Step> history) throws SQLException {
        alone = alone == null ? new SequentialRunner(database, Map.of()) : alone;
        assertThat(alone.play(history)).isEmpty();
    }

    /** A drawing that no longer leads everywhere proves nothing; rare cases are sure to be met by {@code -Plong} only. */
    @AfterProperty
    void theDrawingLedEverywhere() {
        if (alone != null && alone.histories >= 4000) {
            assertThat(alone.seen).containsAll(EVERYWHERE);
        }
    }

    /** Found by a draw: a notification with an unknown status word was acknowledged, and so lost for a mapping corrected later. */
    @Example
    void newsThatNobodyUnderstandsIsNotTakenForDone() throws Exception {
        Step.Said riddle = new Step.Said("200", "NEWS", 1000L, "SGD", true, true, null);
        Step.Said success = new Step.Said("200", "SUCCESS", 1000L, "SGD", true, true, null);
        alone = new SequentialRunner(database, Map.of());
        assertThat(alone.play(List.of(
                        new Step.Order(0, 0, 0, 1800),
                        new Step.Webhook(0, 0, 0, riddle),
                        new Step.Webhook(0, 0, 1, success),
                        new Step.Refund(0, 0, 2, 1000, "SGD", null, 2),
                        new Step.RefundWebhook(0, 0, 2, 0, riddle))))
                .isEmpty();
        assertThat(alone.seen)
                .contains("Webhook NO_RESPONSE NONE CREATED WAITING", "RefundWebhook NO_RESPONSE NONE CREATED WAITING");
    }

    @Provide
    Arbitrary<List<Step>> historiesAtOnce() {
        return Histories.atOnce();
    }

    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void whateverHappensAtOnceTheBooksAreInOrder(@ForAll("historiesAtOnce") List<Step> history) throws Exception {
        together = together == null ? new ConcurrentRunner(database, Map.of()) : together;
        for (int i = 0; i < tries; i++) {
            Optional<String> wrong = together.play(history);
            // Who comes first is chance: a shorter history may need several tries to go wrong again.
            tries = wrong.isPresent() ? 8 : tries;
            assertThat(wrong).isEmpty();
        }
    }
}
