package dev.tenpayroutes.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tenpayroutes.config.ClientProperties;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import io.github.bucket4j.TimeMeter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateLimitsTest {

    private static final Client ERP = new Client("erp", List.of("main"), List.of("payments:read"));
    private static final Client DESK = new Client("desk", List.of("main"), List.of("payments:read"));

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private long nanos = -7_000_000_000L;

    private final TimeMeter time = new TimeMeter() {
        @Override
        public long currentTimeNanos() {
            return nanos;
        }

        @Override
        public boolean isWallClockBased() {
            return false;
        }
    };

    private void pass(Duration duration) {
        nanos += duration.toNanos();
    }

    private RateLimits limits(int erp, int desk) {
        return new RateLimits(
                TenpayPropertiesFixture.clients(Map.of("erp", client(erp), "desk", client(desk))), meters, time);
    }

    private static ClientProperties client(int requests) {
        return new ClientProperties(List.of("k"), List.of(), null, List.of("main"), List.of("payments:read"), requests);
    }

    private static int passing(RateLimits limits, Client client, int calls) {
        int passed = 0;
        for (int i = 0; i < calls; i++) {
            passed += limits.secondsToWait(client) == 0 ? 1 : 0;
        }
        return passed;
    }

    @Test
    void aClientMayCallTwiceItsRateAtOnceAndItsRateFromThenOn() {
        RateLimits limits = limits(10, 1);
        assertThat(passing(limits, ERP, 100)).isEqualTo(20);
        pass(Duration.ofSeconds(1));
        assertThat(passing(limits, ERP, 100)).isEqualTo(10);
        pass(Duration.ofMillis(500));
        assertThat(passing(limits, ERP, 100)).isEqualTo(5);
        pass(Duration.ofHours(1));
        assertThat(passing(limits, ERP, 100)).isEqualTo(20);
    }

    @Test
    void oneClientTakesNothingFromAnother() {
        RateLimits limits = limits(1, 5);
        passing(limits, ERP, 100);
        assertThat(passing(limits, DESK, 100)).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 200})
    void theWaitIsInWholeSecondsAndAtLeastOneAndEnough(int requests) {
        RateLimits limits = limits(requests, 1);
        passing(limits, ERP, 2 * requests);
        long wait = limits.secondsToWait(ERP);
        assertThat(wait).isEqualTo(1);
        pass(Duration.ofSeconds(wait));
        assertThat(limits.secondsToWait(ERP)).isZero();
    }

    @Test
    void whatIsHeldBackIsCounted() {
        RateLimits limits = limits(1, 1);
        passing(limits, ERP, 5);
        assertThat(meters.counter("tenpay.api.rate-limited", "client", "erp").count())
                .isEqualTo(3);
        assertThat(meters.find("tenpay.api.rate-limited").tag("client", "desk").counter())
                .isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 100_001, Integer.MAX_VALUE})
    void aRateThatCannotWorkIsRefused(int requests) {
        assertThat(catchThrowableOfType(InvalidConfigurationException.class, () -> limits(requests, 1))
                        .line())
                .isEqualTo("tenpay.clients.erp.requests-per-second must be from 1 to 100000, but is " + requests
                        + ". Remedy: give the calls that this client may make in a second, or leave it out for 200");
    }

    @Test
    void theHighestRateWorks() {
        assertThat(passing(limits(100_000, 1), ERP, 200_001)).isEqualTo(200_000);
    }
}
