package dev.tenpayroutes.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DateTimeFormatTest {

    @ParameterizedTest
    @CsvSource({
        "2026-11-23T08:00:00Z,2026-11-23T08:00:00Z",
        "2026-11-23t08:00:00z,2026-11-23T08:00:00Z",
        "2026-11-23T08:00:00-00:00,2026-11-23T08:00:00Z",
        "2026-11-23T08:00:00+08:00,2026-11-23T00:00:00Z",
        "2026-11-23T08:00:00-14:00,2026-11-23T22:00:00Z",
        "2026-11-23T08:00:00.1Z,2026-11-23T08:00:00.1Z",
        "2026-11-23T08:00:00.123456789012345678901234567890Z,2026-11-23T08:00:00.123456Z",
        "2026-12-31T23:59:60Z,2027-01-01T00:00:00Z",
        "2027-01-01T07:59:60+08:00,2027-01-01T00:00:00Z",
        "2024-02-29T23:59:59Z,2024-02-29T23:59:59Z",
    })
    void takesWhatRfc3339Allows(String text, Instant moment) {
        assertThat(DateTimeFormat.instant(text)).contains(moment);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "2026-11-23",
                "2026-11-23T08:00:00",
                "2026-11-23T08:00Z",
                "2026-11-23T08:00:00.Z",
                "2026-11-23T08:00:00,5Z",
                "2026-11-23T08:00:60Z",
                "2026-11-23T08:00:61Z",
                "2026-11-23T24:00:00Z",
                "2026-02-29T08:00:00Z",
                "2026-13-01T08:00:00Z",
                "2026-11-23T08:00:00+0800",
                "2026-11-23T08:00:00+08",
                "2026-11-23T08:00:00+08:60",
                "2026-11-23T08:00:00+15:00",
                "2026-11-23T08:00:00 08:00",
                "2026-11-23 08:00:00Z",
                "2026-11-23T08:00:00Z ",
                "0000-01-01T00:00:00Z",
                "\uff12026-11-23T08:00:00Z",
                "now",
                "infinity"
            })
    void refusesEverythingElse(String text) {
        assertThat(DateTimeFormat.instant(text)).isEmpty();
    }
}
