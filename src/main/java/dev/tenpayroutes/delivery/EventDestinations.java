package dev.tenpayroutes.delivery;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.account.Accounts;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Registers in the database where each account's events go: the statement that changes a status addresses its event by it, and
 * {@code event-claim.sql} gives events only to instances whose own address is the registered one.
 *
 * <p>Of instances with different addresses or types, as in a rolling update, the one that started last is in force. It confirms
 * its registration at every turn; an instance of other settings takes over once no confirmation has come for three turns, so
 * that an old instance that restarts late holds the registration no longer than it lives. A new address is neither disabled nor
 * paused. {@code event-destination-purge.sql} deletes what no instance has confirmed for a while.
 */
@Component
class EventDestinations implements CamelContextConfiguration, Processor {

    /**
     * In the order of the keys, so that no two instances wait for each other. What waits since a former address failed, or asked
     * for it, is due for the new one; a row that is being recorded is left to its own time.
     */
    private static final String REGISTER = """
            with former as (
                select account, destination, address from event_destination
            ), registered as (
                insert into event_destination as d (account, destination, address, types)
                select w.account, w.destination, decode(w.address, 'hex'), string_to_array(w.types, ',')
                from json_to_recordset(cast(:wanted as json)) as w (account text, destination text, address text, types text)
                order by w.account, w.destination
                on conflict (account, destination) do update
                set address = excluded.address,
                    types = excluded.types,
                    seen_at = now(),
                    disabled_at = case when d.address = excluded.address then d.disabled_at end,
                    paused_until = case when d.address = excluded.address then d.paused_until end
                where cast(:starting as boolean)
                   or (d.address = excluded.address and d.types is not distinct from excluded.types)
                   or (cast(:mayTakeOver as boolean) and d.seen_at < now() - :silence * interval '1 millisecond')
                returning account, destination, address
            ), waiting as (
                select q.payment_id, q.destination
                from registered r
                join former f on f.account = r.account and f.destination = r.destination and f.address <> r.address
                join event_queue q on q.account = r.account and q.destination = r.destination
                where q.next_attempt_at > now() and not q.in_flight
                order by q.next_attempt_at
                -- So many take a second; more than that are tried by their schedule.
                limit 20000
                for update of q skip locked
            ), due as (
                update event_queue q
                set next_attempt_at = now()
                from waiting w
                where q.payment_id = w.payment_id and q.destination = w.destination
            )
            select account || ' ' || destination from registered
            """;

    /** How many turns without a confirmation end a registration. */
    private static final int SILENT_TURNS = 3;

    private static final Logger LOG = LoggerFactory.getLogger("erp-webhook");

    /** One row of {@code event_destination}, as its statement reads it. */
    @JsonAutoDetect(fieldVisibility = JsonAutoDetect.Visibility.ANY)
    record Destination(
            String account,
            String destination,
            String address,
            @Nullable String types) {
        String key() {
            return account + " " + destination;
        }
    }

    private final JdbcClient store;
    private final List<Destination> wanted;
    private final String wantedJson;
    private final Duration silence;
    private final Clock clock;
    private Set<String> inForce;
    private @Nullable Instant connectedSince;
    private @Nullable Instant lastTurn;

    @Autowired
    EventDestinations(
            JdbcClient store,
            Accounts accounts,
            WebhookEndpoints endpoints,
            KafkaEvents kafka,
            ObjectMapper json,
            @Value("${tenpay.events.confirm-interval}") Duration interval,
            Clock clock)
            throws JsonProcessingException {
        this(store, wanted(accounts.names(), endpoints, kafka), json, interval, clock);
    }

    EventDestinations(JdbcClient store, List<Destination> wanted, ObjectMapper json, Duration interval, Clock clock)
            throws JsonProcessingException {
        this.store = store;
        this.wanted = wanted;
        this.wantedJson = json.writeValueAsString(wanted);
        this.silence = interval.multipliedBy(SILENT_TURNS);
        this.clock = clock;
        this.inForce = wanted.stream().map(Destination::key).collect(Collectors.toSet());
    }

    private static List<Destination> wanted(Set<String> accounts, WebhookEndpoints endpoints, KafkaEvents kafka) {
        return accounts.stream()
                .flatMap(account -> Stream.concat(
                        endpoints.find(account).stream()
                                .map(endpoint ->
                                        new Destination(account, "http", endpoint.addressHash(), types(endpoint))),
                        kafka.addressHash().stream().map(hash -> new Destination(account, "kafka", hash, null))))
                .toList();
    }

    @Override
    public void beforeApplicationStart(CamelContext camel) {
        register(true, false);
    }

    /**
     * Sets {@code othersMayGo}: only when all turns went well for as long as others are waited for. After an outage every
     * instance has been silent for a while, which must not be taken for a sign.
     */
    @Override
    public synchronized void process(Exchange exchange) {
        Instant now = clock.instant();
        if (lastTurn == null || lastTurn.isAfter(now) || lastTurn.isBefore(now.minus(silence))) {
            connectedSince = null;
        }
        boolean othersMayGo = connectedSince != null && !connectedSince.isAfter(now.minus(silence));
        lastTurn = null;
        register(false, othersMayGo);
        lastTurn = now;
        connectedSince = connectedSince == null ? now : connectedSince;
        exchange.setVariable("othersMayGo", othersMayGo);
    }

    private void register(boolean starting, boolean mayTakeOver) {
        Set<String> now = store.sql(REGISTER)
                .param("wanted", wantedJson)
                .param("starting", starting)
                .param("mayTakeOver", mayTakeOver)
                .param("silence", silence.toMillis())
                .query(String.class)
                .set();
        for (Destination destination : wanted) {
            boolean before = inForce.contains(destination.key());
            if (before && !now.contains(destination.key())) {
                LOG.warn(
                        "events of account {} to {}: an instance that started later has another address or other types; they are"
                                + " in force as long as it runs",
                        destination.account(),
                        destination.destination());
            } else if (!before && now.contains(destination.key())) {
                LOG.info(
                        "events of account {} to {}: the settings of this instance are in force",
                        destination.account(),
                        destination.destination());
            }
        }
        inForce = now;
    }

    @Override
    public void afterApplicationStart(CamelContext camel) {
        // All was registered before.
    }

    private static @Nullable String types(WebhookEndpoint endpoint) {
        return endpoint.types().isEmpty() ? null : String.join(",", endpoint.types());
    }

    /** What stands for an address, in hexadecimal: the address itself may hold a secret. */
    static String hash(String address) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(address.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
