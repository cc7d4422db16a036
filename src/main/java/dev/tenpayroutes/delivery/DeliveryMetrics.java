package dev.tenpayroutes.delivery;

import dev.tenpayroutes.account.AccountLabels;
import dev.tenpayroutes.account.Accounts;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Counts attempts to deliver events, and times deliveries; all series of the settings' destinations exist from the start. */
@Component
class DeliveryMetrics {

    private static final List<String> RESULTS = List.of("delivered", "failed", "gone", "dead", "released");
    private static final Duration[] LAGS = {
        Duration.ofSeconds(1),
        Duration.ofSeconds(5),
        Duration.ofMinutes(1),
        Duration.ofMinutes(10),
        Duration.ofHours(1),
        Duration.ofDays(1)
    };

    private final MeterRegistry meters;
    private final AccountLabels labels;

    DeliveryMetrics(
            MeterRegistry meters,
            AccountLabels labels,
            Accounts accounts,
            WebhookEndpoints endpoints,
            KafkaEvents kafka) {
        this.meters = meters;
        this.labels = labels;
        lag("http");
        endpoints.all().forEach(endpoint -> attempts(endpoint.account(), "http"));
        kafka.addressHash().ifPresent(topic -> {
            lag("kafka");
            accounts.names().forEach(account -> attempts(account, "kafka"));
        });
    }

    private void attempts(String account, String destination) {
        RESULTS.forEach(result -> attempts(account, destination, result));
    }

    private Counter attempts(String account, String destination, String result) {
        return meters.counter(
                "tenpay.events.attempts", "account", labels.of(account), "destination", destination, "result", result);
    }

    private Timer lag(String destination) {
        return Timer.builder("tenpay.events.lag")
                .tag("destination", destination)
                .serviceLevelObjectives(LAGS)
                .register(meters);
    }

    /** @param age how many seconds ago the event was made */
    void attempt(String account, String destination, String result, @Nullable Object age) {
        attempts(account, destination, result).increment();
        if (result.equals("delivered") && age instanceof Number seconds) {
            lag(destination).record(Duration.ofMillis((long) (1000 * Math.max(0, seconds.doubleValue()))));
        }
    }
}
