package dev.tenpayroutes.property;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** What the hands of one history share: its accounts, and who has called Tenpay and waits for its answer. */
final class CallTracker {

    /** A call ends within call-timeout; who waits longer is stalled, and may not count on its right any more. */
    private static final long CALL = 10;

    /** @param at when the right to it was taken, by which its row knows it, in microseconds of a clock that goes on */
    private record Call(long at, long since) {}

    private final String name;
    private final Map<String, Deque<Call>> calls = new ConcurrentHashMap<>();
    private final Map<String, Long> first = new ConcurrentHashMap<>();
    private final Map<String, Long> answered = new ConcurrentHashMap<>();
    private final Map<String, Integer> rights = new ConcurrentHashMap<>();
    private final Set<String> taken = ConcurrentHashMap.newKeySet();
    private final Set<String> woken = ConcurrentHashMap.newKeySet();
    private final Map<String, Queue<String>> queues = new ConcurrentHashMap<>();
    private final Queue<String> wrongs = new ConcurrentLinkedQueue<>();
    private volatile String lastSignature;
    private volatile boolean replayed;
    private volatile long passed;

    CallTracker(String name) {
        this.name = name;
    }

    String account(int account) {
        return name + (account == 0 ? "a" : "b");
    }

    String payment(int account, int order) {
        return account(account) + "/" + StatementDriver.ORDERS[order];
    }

    String refund(int account, int refund) {
        return account(account) + "/" + StatementDriver.REFUNDS[refund];
    }

    /** The submission lease was taken: no other caller may have it while the call is under way. */
    void mayCall(String key, String submittedAt) {
        rights.merge(key, 1, Integer::sum);
        long at = micros(submittedAt) + passed * 1_000_000;
        first.putIfAbsent(key, at);
        calls.compute(key, (any, before) -> {
            Deque<Call> open = before == null ? new ArrayDeque<>() : before;
            if (open.stream().anyMatch(call -> passed - call.since() < CALL)) {
                wrongs.add("two may call Tenpay for " + key + " at once");
            }
            open.add(new Call(at, passed));
            return open;
        });
    }

    /** Ends a call of this number, the last one or that which has waited longest; false when there is none. */
    boolean answers(String key, boolean late) {
        answered.remove(key);
        calls.computeIfPresent(key, (any, open) -> {
            Call call = late ? open.pollFirst() : open.pollLast();
            if (call != null) {
                answered.put(key, call.at());
            }
            return open;
        });
        return answered.containsKey(key);
    }

    /** When the right was taken to the call that was answered just now. */
    long answered(String key) {
        return answered.get(key);
    }

    /** When the right to call for this number was taken first; null before that. */
    Long first(String key) {
        return first.get(key);
    }

    /** The signature of what Tenpay says: hex, of its own or the last one's; null where it says nothing. */
    String signature(Step.Said said) {
        boolean nothing = said.http().equals("none") || said.http().equals("unsent");
        replayed = !nothing && said.replayed() && lastSignature != null;
        if (nothing || replayed) {
            return nothing ? null : lastSignature;
        }
        lastSignature = UUID.randomUUID().toString().replace("-", "");
        return lastSignature;
    }

    void signatureUnused(String signature) {
        lastSignature = signature != null && signature.equals(lastSignature) ? null : lastSignature;
    }

    /** Whether that was said by the signature of something else. */
    boolean replayed() {
        return replayed;
    }

    /** A right that was given back unused. */
    void unsent(String key) {
        rights.merge(key, -1, Integer::sum);
    }

    /** As the rows have it by now: instead of the database's clock, what it has written down moves. */
    String asWritten(long at) {
        long micros = at - passed * 1_000_000;
        return Instant.ofEpochSecond(micros / 1_000_000, micros % 1_000_000 * 1000)
                .toString();
    }

    static long micros(String time) {
        Instant instant = OffsetDateTime.parse(time).toInstant();
        return instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1000;
    }

    /** The poller took this number; until the clock goes on, no other may, unless it was given back or woken. */
    void taken(String key) {
        if (!taken.add(key) && !woken.contains(key)) {
            wrongs.add("two pollers took " + key);
        }
    }

    /** What this table's pollers took and have not asked about, as far as is known. */
    Queue<String> queue(String table) {
        return queues.computeIfAbsent(table, any -> new ConcurrentLinkedQueue<>());
    }

    void givenBack(String key) {
        woken.add(key);
    }

    void pass(long seconds) {
        taken.clear();
        woken.clear();
        passed += seconds;
    }

    /** How often the right to call was taken, by number. */
    Map<String, Integer> rights() {
        return rights;
    }

    List<String> wrongs() {
        return List.copyOf(wrongs);
    }

    /** The number that a notification of ours is stored under, also when its words name another. */
    String number(byte[] body, String kind) {
        try {
            JsonNode json = Statements.JSON.readTree(body);
            return kind.equals("refunds")
                    ? json.path("refund_id").asText().substring(2)
                    : json.path("payment_id").asText().substring(2);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
