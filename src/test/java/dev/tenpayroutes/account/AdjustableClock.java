package dev.tenpayroutes.account;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** A clock that moves only when a test moves it. */
final class AdjustableClock extends Clock {

    private Instant now;

    AdjustableClock(String now) {
        this.now = Instant.parse(now);
    }

    void advance(String duration) {
        now = now.plus(Duration.parse(duration));
    }

    @Override
    public Instant instant() {
        return now;
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException();
    }
}
