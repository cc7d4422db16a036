package dev.tenpayroutes.account;

import java.time.Duration;
import java.time.Instant;

/**
 * A certificate of an account that is in use or would be if it were valid.
 *
 * @param serial upper-case hex
 */
public record AccountCertificate(Kind kind, String serial, Instant notBefore, Instant notAfter) {

    /** Whose certificate it is. */
    public enum Kind {
        MERCHANT,
        PLATFORM
    }

    /** With so many days left or fewer, its successor should be on its way: log, health and preflight warn. */
    public static final int DAYS_TO_WARN = 30;

    /** Whole days until it ends; negative when it has ended. */
    public long daysLeft(Instant now) {
        return Math.floorDiv(
                Duration.between(now, notAfter).toSeconds(), Duration.ofDays(1).toSeconds());
    }
}
