package dev.tenpayroutes.camel;

import dev.tenpayroutes.config.TenpayProperties;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.SynchronizationAdapter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * How much each of the poller's routes may claim now, in all and for each account: only what can be asked at once, and of one
 * account only so much that an account which comes next finds something free.
 *
 * <p>An account may have {@link #SHARE} times as many rows in flight as stay free: 28 of 32 where it is alone, 15 where there
 * are two, and so on. So an account whose Tenpay answers slowly delays the others by one free place at most, and one that is
 * alone has nearly all places. Each instance counts for itself.
 */
@Configuration(proxyBeanMethods = false)
class ClaimCapacity {

    private static final int SHARE = 7;

    /** Between two claims of one tick, so that small ones are rare: less than any call takes. */
    private static final long PAUSE_MILLIS = 20;

    /** After a claim that found nothing while an account had all of its places. */
    private static final long IDLE_MILLIS = 250;

    /** Longer than any row is in flight: one that was lost, as by a reload of routes, counts no longer. */
    private static final long LOST_AFTER_NANOS = TimeUnit.MINUTES.toNanos(2);

    private final int concurrency;
    private final int batchSize;
    private final Map<String, Flights> queues = new ConcurrentHashMap<>();

    ClaimCapacity(TenpayProperties settings) {
        this.concurrency = settings.poll().concurrency();
        this.batchSize = settings.poll().batchSize();
    }

    /** A row that was claimed and isn't settled yet. Compared by identity. */
    private static final class Flight {
        private final String account;
        private final long since = System.nanoTime();

        Flight(String account) {
            this.account = account;
        }
    }

    /** The rows in flight of one route. */
    private static final class Flights {
        private final Set<Flight> flights = new LinkedHashSet<>();

        synchronized void add(Flight flight) {
            flights.add(flight);
        }

        synchronized void remove(Flight flight) {
            flights.remove(flight);
            notifyAll();
        }

        /**
         * How many there are by account, as soon as there are at most {@code enough}, or after {@code millis}; after a claim that
         * took nothing, not before one of them is settled.
         */
        synchronized Map<String, Long> byAccount(int most, long millis, boolean idle) throws InterruptedException {
            int enough = idle ? Math.min(most, flights.size() - 1) : most;
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
            for (long left = millis; flights.size() > enough && left > 0; ) {
                wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
            flights.removeIf(flight -> System.nanoTime() - flight.since > LOST_AFTER_NANOS);
            return flights.stream().collect(Collectors.groupingBy(flight -> flight.account, Collectors.counting()));
        }
    }

    private Flights flights(Exchange exchange) {
        return queues.computeIfAbsent(exchange.getFromRouteId(), name -> new Flights());
    }

    /**
     * Sets what the claim may take: {@code capacity} in all, {@code accountCapacity} of an account with nothing in flight, and
     * {@code accountCapacities}, JSON, of the others. Waits a moment where little is free.
     */
    @Bean
    Processor prepareClaim() {
        return exchange -> {
            Integer before = exchange.getVariable("claimed", Integer.class);
            long millis = before == null ? 0 : before == 0 ? IDLE_MILLIS : PAUSE_MILLIS;
            int wanted = Math.max(1, Math.min(batchSize, concurrency * 3 / 4));
            Map<String, Long> inFlight =
                    flights(exchange).byAccount(concurrency - wanted, millis, before != null && before == 0);
            int free = concurrency
                    - Math.toIntExact(
                            inFlight.values().stream().mapToLong(n -> n).sum());
            Map<String, Integer> shares = new HashMap<>();
            inFlight.forEach((account, n) -> shares.put(account, share(free, n)));
            exchange.setVariable("capacity", Math.max(0, Math.min(free, batchSize)));
            exchange.setVariable("accountCapacity", share(free, 0));
            exchange.setVariable("accountCapacities", json(shares));
            exchange.setVariable("atCapacity", free < wanted || shares.containsValue(0));
        };
    }

    /** How many more an account with {@code n} in flight may have, so that it keeps to its share of what then stays free. */
    static int share(int free, long n) {
        int more = (int) Math.max(0, (SHARE * (long) free - n) / (SHARE + 1));
        return n == 0 && free > 0 ? Math.max(1, more) : more;
    }

    /** Names of accounts need no escaping; one of a stored row that does is refused by the statement's own cast. */
    private static String json(Map<String, Integer> shares) {
        return shares.entrySet().stream()
                .map(share -> "\"" + share.getKey().replaceAll("[\"\\\\\\p{Cntrl}]", "") + "\":" + share.getValue())
                .collect(Collectors.joining(",", "{", "}"));
    }

    /** Sets {@code claimed}, and {@code claimAgain}: whether something may be left that this tick has yet to claim. */
    @Bean
    Processor claimedRows() {
        return exchange -> {
            int claimed = exchange.getMessage().getBody(Collection.class).size();
            exchange.setVariable("claimed", claimed);
            exchange.setVariable("claimAgain", claimed > 0 || exchange.getVariable("atCapacity", Boolean.class));
        };
    }

    /** Counts the row of the body as in flight until the route that it is sent to is done with it. */
    @Bean
    Processor countInFlight() {
        return exchange -> {
            Map<?, ?> row = exchange.getMessage().getBody(Map.class);
            Flights flights = flights(exchange);
            Flight flight = new Flight(String.valueOf(row.get("account")));
            flights.add(flight);
            exchange.getExchangeExtension().addOnCompletion(new SynchronizationAdapter() {
                @Override
                public void onDone(Exchange done) {
                    flights.remove(flight);
                }
            });
        };
    }
}
