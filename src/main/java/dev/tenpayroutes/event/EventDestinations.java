package dev.tenpayroutes.event;

import dev.tenpayroutes.account.Accounts;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Tells the database where each account's events go, before any route runs, and then that they still do: the statement that
 * changes a status addresses its event by it. An address that has changed is no longer disabled.
 *
 * <p>What an instance doesn't want it leaves alone, since others may be there with other settings, in a rolling update say.
 * {@code event-destination-forget.sql} takes away what nobody has wanted for a while.
 */
@Component
class EventDestinations implements CamelContextConfiguration, Processor {

    private static final String WANTED = """
            insert into event_destination as d (account, destination, address, types)
            values (:account, :destination, :address, string_to_array(cast(:types as text), ','))
            on conflict (account, destination) do update
            set address = excluded.address,
                types = excluded.types,
                seen_at = now(),
                disabled_at = case when d.address = excluded.address then d.disabled_at end,
                paused_until = case when d.address = excluded.address then d.paused_until end
            returning true
            """;
    /** Of two instances with other addresses or types, what the one that started last said holds. */
    private static final String STILL_WANTED = """
            insert into event_destination as d (account, destination, address, types)
            values (:account, :destination, :address, string_to_array(cast(:types as text), ','))
            on conflict (account, destination) do update set seen_at = now()
            returning d.types is not distinct from string_to_array(cast(:types as text), ',')
            """;

    private static final Logger LOG = LoggerFactory.getLogger("erp-notify");

    private final JdbcClient store;
    private final Accounts accounts;
    private final Endpoints endpoints;
    private final String brokers;
    private final String topic;
    private final Duration period;
    private final Clock clock;
    private volatile @Nullable Instant said;

    EventDestinations(
            JdbcClient store,
            Accounts accounts,
            Endpoints endpoints,
            @Value("${tenpay.events.kafka.brokers}") String brokers,
            @Value("${tenpay.events.kafka.topic}") String topic,
            @Value("${tenpay.housekeeping.period}") Duration period,
            Clock clock) {
        this.store = store;
        this.accounts = accounts;
        this.endpoints = endpoints;
        this.brokers = brokers;
        this.topic = topic;
        this.period = period;
        this.clock = clock;
    }

    @Override
    public void beforeApplicationStart(CamelContext camel) {
        say(WANTED);
    }

    /**
     * Sets {@code othersMayGo}: only when the turn before went well and not long ago. After an outage everybody has been
     * silent for a while, and whoever comes first must not take it for a sign.
     */
    @Override
    public void process(Exchange exchange) {
        Instant before = said;
        said = null;
        say(STILL_WANTED);
        said = clock.instant();
        exchange.setVariable("othersMayGo", before != null && before.isAfter(said.minus(period.multipliedBy(3))));
    }

    private void say(String sql) {
        for (String account : accounts.names()) {
            endpoints
                    .find(account)
                    .ifPresent(
                            endpoint -> say(sql, account, "http", endpoint.url().toString(), types(endpoint)));
            if (!brokers.isBlank()) {
                say(sql, account, "kafka", brokers + "/" + topic, null);
            }
        }
    }

    private void say(String sql, String account, String destination, String address, @Nullable String types) {
        boolean asWanted = store.sql(sql)
                .param("account", account)
                .param("destination", destination)
                .param("address", hash(address))
                .param("types", types)
                .query(Boolean.class)
                .single();
        if (!asWanted) {
            LOG.warn(
                    "events of account {}: an instance that started later wants other types told by {} than this one; its word holds"
                            + " until one starts again",
                    account,
                    destination);
        }
    }

    @Override
    public void afterApplicationStart(CamelContext camel) {
        // All was told before.
    }

    private static @Nullable String types(Endpoint endpoint) {
        return endpoint.types().isEmpty() ? null : String.join(",", endpoint.types());
    }

    private static byte[] hash(String address) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(address.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
