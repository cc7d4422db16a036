package dev.tenpayroutes.tenpay;

import dev.tenpayroutes.account.AccountLabels;
import dev.tenpayroutes.config.MetricDescriptions;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.camel.Processor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What statements measure in the store, as gauges: read every few seconds by {@code maintenance}, and never for a scrape. */
@Configuration(proxyBeanMethods = false)
class StoreGauges {

    private record Series(String metric, List<Tag> tags) {}

    /** Longer than that, and the time of the answer says nothing about the clocks. */
    private static final Duration MAX_ROUND_TRIP = Duration.ofSeconds(1);

    /**
     * Each row of the body is a gauge: {@code metric} its name, {@code value}, and every other column that isn't null a label.
     * A series that a later run doesn't have is 0. Accounts that share a label become one: of seconds the most, else the sum.
     */
    @Bean
    Processor reportGauges(MeterRegistry meters, AccountLabels accounts) {
        Map<String, MetricDescriptions.Entry> described = MetricDescriptions.all();
        Map<Series, AtomicReference<Double>> gauges = new ConcurrentHashMap<>();
        Map<String, Set<String>> metricsOfRoute = new ConcurrentHashMap<>();
        return exchange -> {
            Map<Series, Double> measured = new HashMap<>();
            for (Object row : exchange.getMessage().getMandatoryBody(List.class)) {
                Map<?, ?> columns = (Map<?, ?>) row;
                Series series = series(columns, accounts);
                boolean age = "seconds".equals(described.get(series.metric()).unit());
                double value = columns.get("value") == null ? 0 : ((Number) columns.get("value")).doubleValue();
                measured.merge(series, value, age ? Math::max : Double::sum);
            }
            Set<String> metrics = metricsOfRoute.computeIfAbsent(
                    String.valueOf(exchange.getFromRouteId()), route -> ConcurrentHashMap.newKeySet());
            measured.keySet().forEach(series -> metrics.add(series.metric()));
            Set<Series> all = new HashSet<>(measured.keySet());
            gauges.keySet().stream()
                    .filter(series -> metrics.contains(series.metric()))
                    .forEach(all::add);
            all.forEach(series -> gauges.computeIfAbsent(series, missing -> register(meters, missing))
                    .set(measured.getOrDefault(series, 0.0)));
        };
    }

    private static Series series(Map<?, ?> columns, AccountLabels accounts) {
        List<Tag> tags = new ArrayList<>();
        columns.forEach((name, value) -> {
            if (value != null && !"metric".equals(name) && !"value".equals(name)) {
                tags.add(Tag.of(
                        name.toString(), "account".equals(name) ? accounts.of(value.toString()) : value.toString()));
            }
        });
        return new Series(columns.get("metric").toString(), tags);
    }

    private static AtomicReference<Double> register(MeterRegistry meters, Series series) {
        AtomicReference<Double> value = new AtomicReference<>(0.0);
        meters.gauge(series.metric(), series.tags(), value, AtomicReference::get);
        return value;
    }

    /** How far this machine's clock is before the database's, in seconds: {@code tenpay.clock.offset}. */
    @Bean
    Processor measureClock(MeterRegistry meters, JdbcClient store, Clock clock) {
        AtomicReference<Double> offset = register(meters, new Series("tenpay.clock.offset", List.of()));
        return exchange -> {
            Instant asked = clock.instant();
            Instant there = store.sql("select clock_timestamp()")
                    .query(OffsetDateTime.class)
                    .single()
                    .toInstant();
            Duration roundTrip = Duration.between(asked, clock.instant());
            if (!roundTrip.isNegative() && roundTrip.compareTo(MAX_ROUND_TRIP) < 0) {
                offset.set(Duration.between(there, asked.plus(roundTrip.dividedBy(2)))
                                .toNanos()
                        / 1e9);
            }
        };
    }
}
