package dev.tenpayroutes.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Refuses at start-up the schedules that SQL or Camel would stumble over later.
 *
 * <p>SQL reads these settings as intervals and Camel as durations: a number with a unit means the same to both, a bare
 * number doesn't.
 */
@Component
public class ScheduleProperties {

    private static final List<String> DURATIONS = List.of(
            "tenpay.call-timeout",
            "tenpay.circuit-breaker.wait-duration-in-open-state",
            "tenpay.poll.claim-interval",
            "tenpay.poll.first-delay",
            "tenpay.poll.interval",
            "tenpay.poll.max-delay",
            "tenpay.poll.after-expiry",
            "tenpay.poll.submit-lease",
            "tenpay.poll.resend-after",
            "tenpay.poll.stuck-after",
            "tenpay.poll.stuck-interval",
            "tenpay.poll.refund-stuck-after",
            "tenpay.reconcile.claim-interval",
            "tenpay.reconcile.after",
            "tenpay.reconcile.give-up-after",
            "tenpay.maintenance.interval",
            "tenpay.retention.history",
            "tenpay.retention.notifications",
            "tenpay.reload-interval",
            "tenpay.retention.events",
            "tenpay.retention.event-attempts",
            "tenpay.retention.event-destinations",
            "tenpay.notifications.claim-interval",
            "tenpay.notifications.lease",
            "tenpay.notifications.max-delay",
            "tenpay.notifications.give-up-after",
            "tenpay.events.claim-interval",
            "tenpay.events.confirm-interval",
            "tenpay.events.timeout",
            "tenpay.events.lease",
            "tenpay.events.max-retry-after",
            "tenpay.orders.kafka.retry-after",
            "tenpay.retention.idempotency-keys");
    private static final List<String> NUMBERS = List.of(
            "tenpay.circuit-breaker.sliding-window-size",
            "tenpay.poll.batch-size",
            "tenpay.poll.concurrency",
            "tenpay.notifications.batch-size",
            "tenpay.events.in-flight",
            "tenpay.events.in-flight-per-account");

    ScheduleProperties(Environment settings) {
        List<InvalidConfigurationException> problems = problems(settings);
        if (!problems.isEmpty()) {
            throw problems.get(0);
        }
    }

    /** All that can't work. */
    public static List<InvalidConfigurationException> problems(Environment settings) {
        List<InvalidConfigurationException> problems = new ArrayList<>();
        for (String name : DURATIONS) {
            if (!settings.getProperty(name, "").matches("[1-9][0-9]{0,8}(ms|s|m|h|d)")) {
                problems.add(new InvalidConfigurationException(
                        name,
                        "is not a duration: " + settings.getProperty(name),
                        "give a whole number with its unit, such as 500ms, 30s, 10m, 6h or 1d"));
            }
        }
        for (String name : NUMBERS) {
            if (!settings.getProperty(name, "").matches("[1-9][0-9]{0,5}")) {
                problems.add(new InvalidConfigurationException(
                        name, "is not a positive number: " + settings.getProperty(name), "give a number from 1 up"));
            }
        }
        String delays = settings.getProperty("tenpay.events.retry-delays", "");
        if (!delays.matches("[1-9][0-9]{0,8}(ms|s|m|h|d)(,[1-9][0-9]{0,8}(ms|s|m|h|d))*")) {
            problems.add(new InvalidConfigurationException(
                    "tenpay.events.retry-delays",
                    "is not a list of durations: " + delays,
                    "give whole numbers with their units and commas between, such as 5s,30s,5m"));
        }
        if (problems.isEmpty()) {
            compare(settings, problems);
        }
        return problems;
    }

    private static void compare(Environment settings, List<InvalidConfigurationException> problems) {
        Duration call = duration(settings, "tenpay.call-timeout");
        if (duration(settings, "tenpay.poll.submit-lease").compareTo(call.plusSeconds(2)) < 0) {
            problems.add(new InvalidConfigurationException(
                    "tenpay.poll.submit-lease",
                    "is not 2 s longer than tenpay.call-timeout",
                    "make it a few seconds longer than one call may take: else one order may be under way twice"));
        }
        if (!settings.getProperty("spring.datasource.hikari.auto-commit", Boolean.class, true)) {
            problems.add(new InvalidConfigurationException(
                    "spring.datasource.hikari.auto-commit",
                    "is false, so that nothing would be stored",
                    "take it out: each statement is a transaction of its own"));
        }
        Duration confirmation = duration(settings, "tenpay.events.confirm-interval");
        if (duration(settings, "tenpay.retention.event-destinations").compareTo(confirmation.multipliedBy(3)) < 0) {
            problems.add(new InvalidConfigurationException(
                    "tenpay.retention.event-destinations",
                    "is not three times tenpay.events.confirm-interval",
                    "make it longer: else a destination is deleted before its instance confirms it again"));
        }
        Duration attempt = duration(settings, "tenpay.events.timeout");
        if (duration(settings, "tenpay.events.lease").compareTo(attempt.multipliedBy(2)) < 0) {
            problems.add(
                    new InvalidConfigurationException(
                            "tenpay.events.lease",
                            "is not twice tenpay.events.timeout",
                            "make it longer than an attempt and its record may take: else another instance sends the same event"));
        }
    }

    private static Duration duration(Environment settings, String name) {
        return DurationStyle.detectAndParse(settings.getRequiredProperty(name));
    }
}
