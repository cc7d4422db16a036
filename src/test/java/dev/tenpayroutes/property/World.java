package dev.tenpayroutes.property;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** What the hands of one history share: its accounts, and who may call Tenpay at this moment. */
final class World {

    /** A call ends within call-timeout; what takes longer is no answer any more. */
    private static final long CALL = 10;

    private final String name;
    private final Map<String, Integer> calls = new ConcurrentHashMap<>();
    private final Map<String, Long> since = new ConcurrentHashMap<>();
    private final Map<String, Integer> rights = new ConcurrentHashMap<>();
    private final Set<String> taken = ConcurrentHashMap.newKeySet();
    private final Set<String> woken = ConcurrentHashMap.newKeySet();
    private final Map<String, Queue<String>> queues = new ConcurrentHashMap<>();
    private final Queue<String> wrongs = new ConcurrentLinkedQueue<>();
    private volatile long passed;

    World(String name) {
        this.name = name;
    }

    String account(int account) {
        return name + (account == 0 ? "a" : "b");
    }

    String payment(int account, int order) {
        return account(account) + "/" + Hand.ORDERS[order];
    }

    String refund(int account, int refund) {
        return account(account) + "/" + Hand.REFUNDS[refund];
    }

    /** Somebody took the right to call Tenpay: nobody else may have it while the call is under way. */
    void mayCall(String key) {
        since.put(key, passed);
        rights.merge(key, 1, Integer::sum);
        if (calls.merge(key, 1, Integer::sum) > 1) {
            wrongs.add("two may call Tenpay for " + key + " at once");
        }
    }

    /** Ends the call of this number; false when there is none. */
    boolean answers(String key) {
        return calls.remove(key) != null;
    }

    /** The poller took this number; until the clock goes on, no other may, unless it was given back or woken. */
    void taken(String key) {
        if (!taken.add(key) && !woken.contains(key)) {
            wrongs.add("two pollers took " + key);
        }
    }

    /** What this table's pollers took and have not asked about, as far as anybody knows. */
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
        since.forEach((key, at) -> {
            if (passed - at >= CALL) {
                calls.remove(key);
            }
        });
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
