package dev.tenpayroutes.console;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Locks a name after some failed logins in a row, for a while, whether it is a person's or not, so that no guess tells which
 * names there are. Each instance counts for itself, at most {@value #MAX_NAMES} names; the one that failed longest ago is forgotten.
 */
final class LoginAttempts {

    static final int MAX_NAMES = 10_000;

    private record Failures(int count, Instant last) {}

    private final int most;
    private final Duration lockout;
    private final Clock clock;
    private final Map<String, Failures> byName = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Failures> eldest) {
            return size() > MAX_NAMES;
        }
    };

    LoginAttempts(int most, Duration lockout, Clock clock) {
        this.most = most;
        this.lockout = lockout;
        this.clock = clock;
    }

    synchronized boolean isLocked(String name) {
        return recent(name).count() >= most;
    }

    synchronized void failed(String name) {
        Failures now = new Failures(recent(name).count() + 1, clock.instant());
        // To the end of the line.
        byName.remove(name);
        byName.put(name, now);
    }

    synchronized void succeeded(String name) {
        byName.remove(name);
    }

    private Failures recent(String name) {
        Failures known = byName.get(name);
        Instant now = clock.instant();
        return known == null || known.last().plus(lockout).isBefore(now) ? new Failures(0, now) : known;
    }

    synchronized int names() {
        return byName.size();
    }
}
