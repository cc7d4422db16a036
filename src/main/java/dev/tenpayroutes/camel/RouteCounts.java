package dev.tenpayroutes.camel;

import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Route;
import org.apache.camel.spi.RoutePolicy;
import org.apache.camel.spi.RoutePolicyFactory;
import org.apache.camel.support.RoutePolicySupport;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Counts what passes each route of this instance since it started, and knows its last failure: by kind and time, never by its
 * words. Two additions for each exchange, and no lock.
 */
@Component
public final class RouteCounts implements RoutePolicyFactory {

    /**
     * @param total exchanges that ended
     * @param failed of them, refusals among them
     * @param failure the kind of the last one
     * @param failedAt its time
     */
    public record Count(
            long total,
            long failed,
            @Nullable String failure,
            @Nullable Instant failedAt) {}

    private record Failure(String kind, Instant at) {}

    private static final class Counter {
        private final LongAdder total = new LongAdder();
        private final LongAdder failed = new LongAdder();
        private volatile @Nullable Failure last;
    }

    private final Map<String, Counter> byRoute = new ConcurrentHashMap<>();
    private final Clock clock;

    RouteCounts(Clock clock) {
        this.clock = clock;
    }

    @Override
    public RoutePolicy createRoutePolicy(CamelContext context, String routeId, NamedNode route) {
        Counter counter = byRoute.computeIfAbsent(routeId, id -> new Counter());
        return new RoutePolicySupport() {
            @Override
            public void onExchangeDone(Route done, Exchange exchange) {
                counter.total.increment();
                Throwable failure = exchange.getException() != null
                        ? exchange.getException()
                        : exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
                if (failure != null) {
                    counter.failed.increment();
                    counter.last = new Failure(failure.getClass().getSimpleName(), clock.instant());
                }
            }
        };
    }

    /** Of a route that is there; zero for one that nothing has passed. */
    public Count of(String routeId) {
        Counter counter = byRoute.get(routeId);
        Failure last = counter == null ? null : counter.last;
        return counter == null
                ? new Count(0, 0, null, null)
                : new Count(
                        counter.total.sum(),
                        counter.failed.sum(),
                        last == null ? null : last.kind(),
                        last == null ? null : last.at());
    }
}
