package dev.tenpayroutes.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class LoginAttemptsTest {

    private Instant now = Instant.parse("2026-12-01T08:00:00Z");
    private final LoginAttempts attempts = new LoginAttempts(3, Duration.ofMinutes(15), new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    });

    private void fail(String name, int times) {
        for (int i = 0; i < times; i++) {
            attempts.failed(name);
        }
    }

    @Test
    void locksAfterSomeFailuresForAWhile() {
        fail("anna", 2);
        assertThat(attempts.isLocked("anna")).isFalse();
        fail("anna", 1);
        assertThat(attempts.isLocked("anna")).isTrue();
        assertThat(attempts.isLocked("ben")).isFalse();
        now = now.plus(Duration.ofMinutes(16));
        assertThat(attempts.isLocked("anna")).isFalse();
    }

    @Test
    void beginsAnewAfterALogin() {
        fail("anna", 2);
        attempts.succeeded("anna");
        fail("anna", 2);
        assertThat(attempts.isLocked("anna")).isFalse();
    }

    @Test
    void remembersNoMoreNamesThanItsBound() {
        for (int i = 0; i < LoginAttempts.MAX_NAMES + 100; i++) {
            attempts.failed("name" + i);
        }
        assertThat(attempts.names()).isEqualTo(LoginAttempts.MAX_NAMES);
    }
}
