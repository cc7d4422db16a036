package dev.tenpayroutes.tenpay;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.account.AccountLabels;
import dev.tenpayroutes.signature.SignatureVerifier.Reason;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Counts calls to Tenpay, its notifications, and what both change. Each count is made once the change is committed; a crash
 * between the two loses the count. All series of known values exist from the start, so that a rate never begins with a gap.
 */
@Component
class TenpayMetrics {

    static final List<String> CALLS =
            List.of("checkout-pay", "inquiry-payment", "close-payment", "refund", "inquiry-refund");
    static final List<String> KINDS = List.of("payments", "refunds");

    private static final List<String> OUTCOMES =
            List.of("CHANGED", "CONFIRMED", "IGNORED", "MISMATCH", "REFUSED", "NOT_FOUND", "NO_RESPONSE", "REPEATED");
    private static final List<String> ANSWERS = List.of("2xx", "4xx", "5xx", "unverified", "none");
    private static final Map<String, List<String>> FINAL = Map.of(
            "payments", List.of("SUCCEEDED", "FAILED", "CLOSED", "EXPIRED"), "refunds", List.of("SUCCEEDED", "FAILED"));

    /** W4 to W8; every other one is {@code other}, since an answer names what it likes. */
    private static final Set<String> CODES = Set.of(
            "PARAM_ERROR",
            "ORDER_CONFLICT",
            "ORDER_NOT_EXIST",
            "ORDER_PAID",
            "CLOSE_NOT_SUPPORTED",
            "REFUND_EXCEEDED",
            "ORDER_NOT_PAID",
            "REFUND_NOT_EXIST",
            "SIGN_ERROR",
            "NO_AUTH",
            "FREQUENCY_LIMITED",
            "SYSTEM_ERROR",
            "other");

    private static final Duration[] CALL_TIMES = millis(100, 300, 1_000, 3_000, 9_000);
    private static final Duration[] LAGS = millis(1_000, 5_000, 30_000, 300_000, 3_600_000);
    private static final Duration[] PAYMENT_TIMES = millis(10_000, 60_000, 300_000, 900_000, 3_600_000, 86_400_000);
    private static final Duration[] REFUND_TIMES = millis(60_000, 3_600_000, 86_400_000, 604_800_000);

    private final MeterRegistry meters;
    private final AccountLabels accounts;
    private final Clock clock;

    TenpayMetrics(MeterRegistry meters, AccountLabels accounts, Clock clock) {
        this.meters = meters;
        this.accounts = accounts;
        this.clock = clock;
        Stream.concat(CALLS.stream(), Stream.of("notification"))
                .forEach(source -> OUTCOMES.forEach(outcome -> results(source, outcome)));
        for (String call : CALLS) {
            unsent(call, 0);
            CODES.forEach(code -> meters.counter("tenpay.calls.refused", "call", call, "code", code));
            for (String answer : ANSWERS) {
                time("tenpay.calls", CALL_TIMES, "call", call, "answer", answer);
                accounts.all().forEach(account -> accountCalls(account, call, answer));
            }
        }
        for (String kind : KINDS) {
            lag(kind);
            FINAL.get(kind).forEach(status -> timeToFinal(kind, status));
            accounts.all().forEach(account -> received(account, kind, 0));
        }
        for (Reason reason : Reason.values()) {
            accounts.all().forEach(account -> rejected(account, reason, 0));
        }
    }

    private static Duration[] millis(int... values) {
        return Arrays.stream(values).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
    }

    private Timer time(String name, Duration[] buckets, String... tags) {
        return Timer.builder(name).tags(tags).serviceLevelObjectives(buckets).register(meters);
    }

    private Counter results(String source, String outcome) {
        return meters.counter("tenpay.results", "source", source, "outcome", outcome);
    }

    private Timer accountCalls(String account, String call, String answer) {
        return meters.timer("tenpay.account.calls", "account", account, "call", call, "answer", answer);
    }

    private Timer timeToFinal(String kind, String status) {
        return time(
                "tenpay." + kind + ".final", kind.equals("payments") ? PAYMENT_TIMES : REFUND_TIMES, "status", status);
    }

    private Timer lag(String kind) {
        return time("tenpay.notifications.lag", LAGS, "kind", kind);
    }

    /** A result was applied to the payment or refund whose row, with the outcome, it is. */
    void result(String source, JsonNode row) {
        String outcome = row.path("outcome").asText();
        results(source, outcome).increment();
        if (!outcome.equals("CHANGED")) {
            return;
        }
        String kind = row.has("refund_no") ? "refunds" : "payments";
        String status = row.path("status").asText();
        meters.counter(
                        "tenpay." + kind,
                        "account",
                        accounts.of(row.path("account").asText()),
                        "method",
                        row.path("payment_method").asText("?"),
                        "status",
                        status)
                .increment();
        if (FINAL.get(kind).contains(status)) {
            timeToFinal(kind, status).record(Duration.ofMillis((long)
                    (1000 * Math.max(0, row.path("age").asDouble()))));
        }
    }

    /** A call was made; {@code answer} is the class of its verified answer's status, {@code unverified} or {@code none}. */
    void called(@Nullable String account, @Nullable String call, String answer, Duration took) {
        String source = call == null ? "?" : call;
        time("tenpay.calls", CALL_TIMES, "call", source, "answer", answer).record(took);
        accountCalls(accounts.of(account == null ? "" : account), source, answer)
                .record(took);
    }

    void unsent(String call) {
        unsent(call, 1);
    }

    private void unsent(String call, int more) {
        meters.counter("tenpay.calls.unsent", "call", call).increment(more);
    }

    /** A verified answer named this error code. */
    void refused(String call, String code) {
        meters.counter("tenpay.calls.refused", "call", call, "code", CODES.contains(code) ? code : "other")
                .increment();
    }

    void received(String account, String kind) {
        received(accounts.of(account), kind, 1);
    }

    private void received(String label, String kind, int more) {
        meters.counter("tenpay.notifications.received", "account", label, "kind", kind)
                .increment(more);
    }

    void rejected(String account, Reason reason) {
        rejected(accounts.of(account), reason, 1);
    }

    private void rejected(String label, Reason reason, int more) {
        meters.counter("tenpay.notifications.rejected", "account", label, "reason", reason.name())
                .increment(more);
    }

    /** A notification is committed; {@code createdAt} is its {@code create_time}, by Tenpay's clock. */
    void committed(String kind, @Nullable String createdAt) {
        try {
            Duration age = createdAt == null
                    ? null
                    : Duration.between(OffsetDateTime.parse(createdAt).toInstant(), clock.instant());
            if (age != null) {
                lag(kind).record(age.isNegative() ? Duration.ZERO : age);
            }
        } catch (DateTimeParseException e) {
            // Not a time: nothing to measure.
        }
    }
}
