package dev.tenpayroutes.tenpay;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/** The header {@code Retry-After} (RFC 9110, 10.2.3): seconds, or a date in the format that RFC 9110 requires. */
final class RetryAfter {

    private RetryAfter() {}

    /** The wait, at most {@code max}; zero when the header is missing, malformed or in the past. */
    static Duration parse(@Nullable String header, Duration max, Clock clock) {
        String text = header == null ? "" : header.strip();
        if (text.length() > 40) {
            return Duration.ZERO;
        }
        Duration wait = text.matches("[0-9]+") ? seconds(text) : until(text, clock.instant());
        return wait.isNegative() ? Duration.ZERO : wait.compareTo(max) < 0 ? wait : max;
    }

    private static Duration seconds(String digits) {
        String number = digits.replaceFirst("^0+(?=.)", "");
        // More digits than that are longer than any maximum.
        return Duration.ofSeconds(number.length() > 9 ? Integer.MAX_VALUE : Long.parseLong(number));
    }

    private static Duration until(String date, Instant now) {
        try {
            return Duration.between(now, Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date)));
        } catch (DateTimeParseException e) {
            return Duration.ZERO;
        }
    }
}
