package dev.tenpayroutes.api;

import com.networknt.schema.ExecutionContext;
import com.networknt.schema.format.Format;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What RFC 3339 calls a date-time, in full: lower-case t and z, the offset -00:00, any fraction and leap seconds count. The
 * validator's own refuses some of these and takes a space for the T.
 *
 * <p>The database has no year 0, and no place an offset of more than 14 hours.
 */
final class DateTimeFormat implements Format {

    static final String FORM =
            "a time with seconds and offset (RFC 3339), such as 2026-11-23T08:00:00Z or 2026-11-23T16:00:00+08:00, of"
                    + " the years 1000 to 2999, its offset at most 14 hours";

    private static final Pattern SYNTAX = Pattern.compile("([12][0-9]{3}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}):"
            + "([0-5][0-9]|60)(\\.[0-9]{1,30})?(?:[Zz]|([+-](?:0[0-9]|1[0-4]):[0-5][0-9]))");

    @Override
    public String getName() {
        return "date-time";
    }

    @Override
    public boolean matches(ExecutionContext context, String value) {
        return instant(value).isPresent();
    }

    /** The moment, to the microsecond, which is what the database keeps; none where it isn't a date-time. */
    static Optional<Instant> instant(String value) {
        Matcher parts = SYNTAX.matcher(value);
        if (!parts.matches()) {
            return Optional.empty();
        }
        try {
            ZoneOffset offset = parts.group(5) == null ? ZoneOffset.UTC : ZoneOffset.of(parts.group(5));
            Instant minute =
                    LocalDateTime.parse(parts.group(1) + "T" + parts.group(2)).toInstant(offset);
            int second = Integer.parseInt(parts.group(3));
            boolean leap = second == 60;
            if (leap
                    && !minute.atOffset(ZoneOffset.UTC).toLocalTime().toString().equals("23:59")) {
                return Optional.empty();
            }
            String fraction = parts.group(4) == null ? "" : parts.group(4).substring(1);
            long micros = Long.parseLong((fraction + "000000").substring(0, 6));
            return Optional.of(minute.plusSeconds(second).plusNanos(micros * 1000));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** A range that ends before it begins would find nothing, and not say why. */
    static @Nullable Problem emptyRange(String time, @Nullable String first, @Nullable String end) {
        if (first == null || end == null) {
            return null;
        }
        Instant from = instant(first).orElseThrow();
        Instant to = instant(end).orElseThrow();
        return from.isBefore(to) ? null : Problem.of("INVALID_REQUEST.range", "time", time);
    }
}
