package dev.tenpayroutes.delivery;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to send one event: it ends exactly once, however many hear of its end.
 *
 * <p>Its JSON is what {@code event-record.sql} reads.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
final class DeliveryAttempt {

    /** How an attempt ends. Released: nothing is known of it, and it doesn't count. */
    enum Outcome {
        DELIVERED,
        FAILED,
        GONE,
        RELEASED
    }

    @JsonProperty
    private final long event;

    @JsonProperty
    private final int claim;

    @JsonProperty
    private final String at;

    /** The hash of the address that it is sent to: what is answered there counts for no other. */
    @JsonProperty
    private final String address;

    private final long started;

    @JsonProperty
    private volatile @Nullable Integer status;

    @JsonProperty
    private volatile @Nullable Integer retryAfter;

    @JsonProperty
    private @Nullable String problem;

    @JsonProperty
    private int millis;

    @JsonProperty
    private @Nullable Outcome outcome;

    private volatile @Nullable Future<?> call;

    @JsonIgnore
    private final @Nullable Runnable listener;

    DeliveryAttempt(long event, int claim, String at, String address, long started) {
        this(event, claim, at, address, started, null);
    }

    /** @param listener runs once it has ended, and nothing records it; null for an attempt that is recorded */
    private DeliveryAttempt(
            long event, int claim, String at, String address, long started, @Nullable Runnable listener) {
        this.listener = listener;
        this.event = event;
        this.claim = claim;
        this.at = at;
        this.address = address;
        this.started = started;
    }

    /** An attempt that no claim stands behind, and that is recorded nowhere. */
    static DeliveryAttempt unrecorded(String address, long started, Runnable listener) {
        return new DeliveryAttempt(0, 0, "", address, started, listener);
    }

    /** The number of the event, as the store has it. */
    long event() {
        return event;
    }

    /** Tells the listener of its end; false where there is none. */
    boolean tell() {
        if (listener == null) {
            return false;
        }
        listener.run();
        return true;
    }

    /** The head of an answer is there; what comes after it doesn't count. */
    void answered(int code, @Nullable Integer pause) {
        status = code;
        retryAfter = pause;
    }

    /** What can be cancelled; an attempt that has ended meanwhile cancels it at once. */
    void under(Future<?> future) {
        call = future;
        if (isOver()) {
            future.cancel(true);
        }
    }

    /** Frees what it holds; not under any lock, since others are called. */
    void cancel() {
        Future<?> future = call;
        if (future != null) {
            future.cancel(true);
        }
    }

    /** Ends it by its status, or, without one, as failed for this reason; false when it had ended before. */
    boolean end(String reason, long now) {
        Integer code = status;
        if (code == null) {
            return end(Outcome.FAILED, reason, now);
        }
        if (code / 100 == 2) {
            return end(Outcome.DELIVERED, null, now);
        }
        String redirect = code / 100 == 3 ? "a redirect, which is not followed" : null;
        return end(code == 410 ? Outcome.GONE : Outcome.FAILED, redirect, now);
    }

    /** Ends it unsent, or with nothing known of it. */
    boolean release(long now) {
        return end(Outcome.RELEASED, null, now);
    }

    private synchronized boolean end(Outcome how, @Nullable String reason, long now) {
        if (outcome != null) {
            return false;
        }
        outcome = how;
        problem = reason;
        millis = (int) Math.min((now - started) / 1_000_000, Integer.MAX_VALUE);
        return true;
    }

    @JsonIgnore
    synchronized boolean isOver() {
        return outcome != null;
    }
}
