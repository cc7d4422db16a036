package dev.tenpayroutes.camel;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * Logs failures that come in numbers: of each kind at most {@link #LINES} lines in {@link #PERIOD}; the next line of that
 * kind counts those left out. So an outage can't flood the log, and the first failures are there with their ids.
 *
 * <p>Safe for use by many threads.
 */
public final class FailureLog {

    static final int LINES = 5;
    static final Duration PERIOD = Duration.ofSeconds(10);

    /** More kinds than any outage has; then all begin anew. */
    private static final int MOST_KINDS = 1000;

    private static final class Kind {
        private long since;
        private int lines;
        private int omitted;
    }

    private final Logger log;
    private final LongSupplier nanos;
    private final Map<String, Kind> kinds = new HashMap<>();

    public FailureLog(Logger log) {
        this(log, System::nanoTime);
    }

    FailureLog(Logger log, LongSupplier nanos) {
        this.log = log;
        this.nanos = nanos;
    }

    /**
     * Writes a line, or counts it as left out.
     *
     * @param kind what the line has in common with others of the same cause; no ids
     */
    public void log(Level level, String kind, String line, Object... arguments) {
        int omitted = omittedBefore(kind);
        if (omitted == 0) {
            log.atLevel(level).log(line, arguments);
        } else if (omitted > 0) {
            log.atLevel(level).log(line + " (" + omitted + " more of this kind were left out)", arguments);
        }
    }

    /** How many were left out before this line; negative when it is left out itself. */
    private synchronized int omittedBefore(String kind) {
        long now = nanos.getAsLong();
        if (kinds.size() >= MOST_KINDS && !kinds.containsKey(kind)) {
            kinds.clear();
        }
        Kind one = kinds.computeIfAbsent(kind, name -> new Kind());
        if (one.lines == 0 || now - one.since >= PERIOD.toNanos()) {
            one.since = now;
            one.lines = 0;
        }
        if (one.lines == LINES) {
            one.omitted++;
            return -1;
        }
        one.lines++;
        int omitted = one.omitted;
        one.omitted = 0;
        return omitted;
    }
}
