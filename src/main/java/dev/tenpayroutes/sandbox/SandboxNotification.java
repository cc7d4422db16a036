package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A notification that Tenpay owes. {@code nextAt} is null once it was delivered or given up. */
record SandboxNotification(
        String id,
        boolean refund,
        String number,
        String eventType,
        String url,
        Instant createdAt,
        JsonNode resource,
        List<Attempt> attempts,
        boolean delivered,
        @Nullable Instant nextAt) {

    /** One attempt of delivery: the HTTP status of the response, or why there was none. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Attempt(
            Instant at, @Nullable Integer status, @Nullable String failure) {}

    /** The same after an attempt: over with a 2xx or when the delays are used up, else due again. */
    SandboxNotification attempted(Attempt attempt, List<Duration> retryDelays) {
        List<Attempt> all = new ArrayList<>(attempts);
        all.add(attempt);
        Integer status = attempt.status();
        boolean taken = status != null && status / 100 == 2;
        Instant next =
                taken || all.size() > retryDelays.size() ? null : attempt.at().plus(retryDelays.get(all.size() - 1));
        return new SandboxNotification(id, refund, number, eventType, url, createdAt, resource, all, taken, next);
    }

    Map<String, Object> view() {
        return Map.of("id", id, "event_type", eventType, "delivered", delivered, "attempts", attempts);
    }
}
