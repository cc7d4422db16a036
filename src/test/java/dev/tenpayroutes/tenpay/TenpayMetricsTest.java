package dev.tenpayroutes.tenpay;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tenpayroutes.account.AccountLabels;
import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import dev.tenpayroutes.signature.SignatureVerifier.Reason;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TenpayMetricsTest {

    private static final int ACCOUNTS = 300;

    private final MeterRegistry meters = new SimpleMeterRegistry();
    private final AccountLabels accounts = labels();
    private final TenpayMetrics metrics =
            new TenpayMetrics(meters, accounts, Clock.fixed(Instant.parse("2026-12-01T08:00:10Z"), ZoneOffset.UTC));

    private static AccountLabels labels() {
        Map<String, AccountProperties> settings = new LinkedHashMap<>();
        IntStream.range(0, ACCOUNTS).forEach(i -> settings.put("shop-" + i, TenpayPropertiesFixture.account()));
        return new AccountLabels(TenpayPropertiesFixture.accounts(null, null, settings));
    }

    /** As each counts at Prometheus: a timer has three series and its buckets. */
    private long series() {
        return meters.getMeters().stream()
                .map(Meter::getId)
                .mapToInt(id -> id.getType() == Meter.Type.TIMER ? 3 : 1)
                .sum();
    }

    @Test
    void seriesAreBoundedWith300AccountsAndAllExistFromTheStart() {
        long atTheStart = series();
        assertThat(atTheStart).isLessThan(6000);

        for (int i = 0; i < ACCOUNTS; i++) {
            String account = "shop-" + i;
            metrics.received(account, "payments");
            metrics.rejected(account, Reason.WRONG);
            metrics.called(account, "checkout-pay", "2xx", Duration.ofMillis(70));
            metrics.refused("checkout-pay", "SOME_CODE_" + i);
        }

        assertThat(series()).isEqualTo(atTheStart);
        assertThat(meters.get("tenpay.notifications.received")
                        .tags("account", AccountLabels.OTHER, "kind", "payments")
                        .counter()
                        .count())
                .isEqualTo(250);
        assertThat(meters.get("tenpay.notifications.received")
                        .tags("account", "shop-49", "kind", "payments")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void gaugesOfAccountsThatShareALabelAreAddedUpAndEndAtZero() throws Exception {
        Processor report = new StoreGauges().reportGauges(meters, accounts);
        try (DefaultCamelContext camel = new DefaultCamelContext()) {
            Exchange exchange = new DefaultExchange(camel);
            exchange.getExchangeExtension().setFromRouteId("event-backlog");
            exchange.getMessage()
                    .setBody(List.of(
                            row("tenpay.events.undelivered", "shop-298", 3),
                            row("tenpay.events.undelivered", "shop-299", 4),
                            row("tenpay.events.age", "shop-298", 3),
                            row("tenpay.events.age", "shop-299", 4)));
            report.process(exchange);
            assertThat(gauge("tenpay.events.undelivered")).isEqualTo(7);
            assertThat(gauge("tenpay.events.age")).isEqualTo(4);

            exchange.getMessage().setBody(List.of());
            report.process(exchange);
            assertThat(gauge("tenpay.events.undelivered")).isZero();
        }
    }

    private static Map<String, Object> row(String metric, String account, int value) {
        return Map.of("metric", metric, "account", account, "value", value);
    }

    private double gauge(String name) {
        return meters.get(name).tags("account", AccountLabels.OTHER).gauge().value();
    }

    @ParameterizedTest
    @CsvSource({"2026-12-01T16:00:00+08:00, 10", "2026-12-01T08:00:20Z, 0", "yesterday, -1"})
    void lagIsTheAgeOfCreateTimeAndNeverNegative(String createdAt, int seconds) {
        metrics.committed("payments", createdAt);
        var lag =
                meters.get("tenpay.notifications.lag").tags("kind", "payments").timer();
        assertThat(lag.count()).isEqualTo(seconds < 0 ? 0 : 1);
        assertThat(lag.totalTime(TimeUnit.SECONDS)).isEqualTo(Math.max(0, seconds));
    }

    @Test
    void onlyAChangeCountsAsAStatusReached() {
        var row = JsonNodeFactory.instance
                .objectNode()
                .put("account", "shop-1")
                .put("status", "SUCCEEDED")
                .put("payment_method", "CARD")
                .put("age", 12.5);
        metrics.result("inquiry-payment", row.deepCopy().put("outcome", "CONFIRMED"));
        metrics.result("notification", row.deepCopy().put("outcome", "CHANGED"));
        assertThat(meters.get("tenpay.payments")
                        .tags("status", "SUCCEEDED")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(meters.get("tenpay.payments.final")
                        .tags("status", "SUCCEEDED")
                        .timer()
                        .totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(12_500);
    }
}
