package dev.tenpayroutes.security;

import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayProperties;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * Lets a client call as often as its setting {@code requests-per-second} says, and twice as often at once: no client can
 * take this instance from the others. Each instance counts for itself; there are as many buckets as clients, and no more.
 *
 * <p>The time is the machine's monotonic one: a clock that is set back must not shut the door.
 */
@Component
class RateLimits {

    private static final int BURST = 2;
    private static final int MAX = 100_000;

    private final Map<String, Bucket> buckets = new HashMap<>();
    private final MeterRegistry meters;

    @Autowired
    RateLimits(TenpayProperties settings, MeterRegistry meters) {
        this(settings, meters, TimeMeter.SYSTEM_NANOTIME);
    }

    RateLimits(TenpayProperties settings, MeterRegistry meters, TimeMeter time) {
        this.meters = meters;
        settings.clients().forEach((name, client) -> buckets.put(name, bucket(name, client.requestsPerSecond(), time)));
    }

    /** Refuses a rate that a bucket can't have. */
    static void check(String name, int requests) {
        if (requests < 1 || requests > MAX) {
            throw new InvalidConfigurationException(
                    "tenpay.clients." + name + ".requests-per-second",
                    "must be from 1 to " + MAX + ", but is " + requests,
                    "give the calls that this client may make in a second, or leave it out for 200");
        }
    }

    private static Bucket bucket(String name, int requests, TimeMeter time) {
        check(name, requests);
        return Bucket.builder()
                .addLimit(
                        limit -> limit.capacity((long) BURST * requests).refillGreedy(requests, Duration.ofSeconds(1)))
                .withCustomTimePrecision(time)
                .build();
    }

    /** Counts a call: 0 when it may pass, else the whole seconds, at least 1, until one may. */
    long secondsToWait(Client client) {
        ConsumptionProbe probe = buckets.get(client.name()).tryConsumeAndReturnRemaining(1);
        if (probe.isConsumed()) {
            return 0;
        }
        meters.counter("tenpay.api.rate-limited", "client", client.name()).increment();
        return 1 + (probe.getNanosToWaitForRefill() - 1) / 1_000_000_000;
    }
}
