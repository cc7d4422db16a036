package dev.tenpayroutes.delivery;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The attempts of this instance: those under way, and those that are over and not yet in the database. Both together are
 * never more than there is room for, so that neither memory nor sockets run out when receivers are silent.
 *
 * <p>Attempts end on any thread; everything else is done by the one that records them.
 */
final class InFlightDeliveries {

    private final int most;
    private final Set<DeliveryAttempt> underWay = ConcurrentHashMap.newKeySet();
    private final LinkedBlockingQueue<DeliveryAttempt> ended = new LinkedBlockingQueue<>();
    private final Deque<DeliveryAttempt> unrecorded = new ArrayDeque<>();
    private final List<DeliveryAttempt> locked = new ArrayList<>();

    InFlightDeliveries(int most) {
        this.most = most;
    }

    void begin(DeliveryAttempt attempt) {
        underWay.add(attempt);
    }

    /** Called once for each attempt, by the callback that ended it. */
    void ended(DeliveryAttempt attempt) {
        ended.add(attempt);
        underWay.remove(attempt);
    }

    /** Some of those that are to be recorded; where there is none, waits a while for one that is under way. */
    synchronized List<DeliveryAttempt> over(int atMost, long patience, TimeUnit unit) throws InterruptedException {
        ended.drainTo(unrecorded);
        if (unrecorded.isEmpty() && !(underWay.isEmpty() && locked.isEmpty())) {
            DeliveryAttempt first = ended.poll(patience, unit);
            if (first != null) {
                unrecorded.add(first);
                ended.drainTo(unrecorded);
            }
        }
        unrecorded.addAll(locked);
        locked.clear();
        return unrecorded.stream().limit(atMost).toList();
    }

    /**
     * The first of those that are over are in the database, but for some.
     *
     * @param lockedEvents whose rows another statement had: they are to be recorded in a later turn
     */
    synchronized void recorded(int attempts, Set<Long> lockedEvents) {
        for (int i = 0; i < attempts; i++) {
            DeliveryAttempt attempt = unrecorded.remove();
            if (lockedEvents.contains(attempt.event())) {
                locked.add(attempt);
            }
        }
    }

    Queue<DeliveryAttempt> underWay() {
        return new ArrayDeque<>(underWay);
    }

    synchronized int open() {
        return underWay.size() + ended.size() + unrecorded.size() + locked.size();
    }

    int room() {
        return Math.max(0, most - open());
    }
}
