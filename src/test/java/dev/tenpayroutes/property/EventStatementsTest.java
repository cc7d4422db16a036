package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of events, by the statements themselves and the settings as they are delivered. */
class EventStatementsTest extends DatabaseTest {

    private static final List<Integer> SECONDS = List.of(5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400);

    private long event;

    @BeforeEach
    void anEventThatIsDue() throws SQLException {
        statement.execute("""
                insert into event_destination (account, destination, address)
                values ('main', 'http', decode('00', 'hex')) on conflict do nothing;
                update event_destination set paused_until = null, disabled_at = null, address = decode('00', 'hex');
                delete from event_destination where (account, destination) <> ('main', 'http');
                delete from event_queue; delete from erp_event; delete from payment;
                insert into payment (account, order_no, payment_method, region, amount, currency, description, content,
                    merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                values ('main', 'SO-000001', 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u', now(), now());
                insert into erp_event (account, payment_id, type, data)
                select 'main', id, 'payment.pending', '{}' from payment""");
        event = number("select id from erp_event");
    }

    private long number(String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** What an instance claims that sends to this address. */
    private static Map<String, String> claim(String address, int room, int perAccount) {
        return Map.of(
                "destination",
                "http",
                "eventAccounts",
                "main",
                "eventAddresses",
                address,
                "capacity",
                Integer.toString(room),
                "perAccount",
                Integer.toString(perAccount));
    }

    /** Takes the event and fails; the seconds until its next attempt, 0 when there is none. */
    private long fails(String more) throws SQLException {
        statement.execute("update event_queue set next_attempt_at = now() where next_attempt_at is not null;"
                + " update event_destination set paused_until = null");
        assertThat(statements.all("event-claim", claim("00", 10, 10))).hasSize(1);
        long claim = number("select claim from event_queue");
        String attempt =
                "[{\"event\":%d,\"claim\":%d,\"outcome\":\"FAILED\",\"address\":\"00\",\"at\":\"2026-11-23T08:00:00Z\",\"millis\":1%s}]";
        statements.all(
                "event-record", Map.of("destination", "http", "attempts", attempt.formatted(event, claim, more)));
        return number("select coalesce(extract(epoch from next_attempt_at - now()), 0) from event_queue");
    }

    @Test
    void retriesByConfiguredDelaysThenDies() throws SQLException {
        for (int seconds : SECONDS) {
            assertThat(fails(",\"status\":503")).isBetween(seconds * 9L / 10 - 1, seconds * 11L / 10 + 1);
        }
        assertThat(number("select count(*) from event_delivery where state = 'PENDING'"))
                .isEqualTo(1);
        assertThat(fails("")).isZero();
        assertThat(number("select count(*) from event_delivery where state = 'DEAD' and attempts = 11"))
                .isEqualTo(1);
        assertThat(number("select count(*) from event_destination where paused_until is not null"))
                .isZero();
    }

    @Test
    void permanentFailureIsDeadAtOnce() throws SQLException {
        assertThat(fails(",\"permanent\":true")).isZero();
        assertThat(number("select count(*) from event_delivery where state = 'DEAD' and attempts = 1"))
                .isEqualTo(1);
    }

    @Test
    void retryAfterMakesAWaitLongerUpToAnHourAndNeverShorter() throws SQLException {
        assertThat(fails(",\"status\":500,\"retryAfter\":60")).isBetween(59L, 60L);
        assertThat(number("select count(*) from event_destination where paused_until is not null"))
                .isZero();
        assertThat(fails(",\"status\":429,\"retryAfter\":1")).isBetween(26L, 33L);
        assertThat(number("select count(*) from event_destination where paused_until is not null"))
                .isEqualTo(1);
        assertThat(fails(",\"status\":503,\"retryAfter\":999999999")).isBetween(3599L, 3600L);
        assertThat(number("select extract(epoch from paused_until - now()) from event_destination"))
                .isBetween(3599L, 3600L);
    }

    /** An event of a payment of its own, with a delivery for each state that is given, {@code http:DEAD} say. */
    private long event(String account, String number, String type, String... deliveries) throws SQLException {
        statement.execute("""
                insert into payment (account, order_no, payment_method, region, amount, currency, description, content,
                    merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                values ('%1$s', '%2$s', 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u', now(), now())
                on conflict do nothing;
                set session_replication_role = replica;
                insert into erp_event (account, payment_id, type, data, status)
                select account, id, '%3$s', '{}', 'NO_DESTINATION' from payment where account = '%1$s' and order_no = '%2$s';
                set session_replication_role = origin""".formatted(account, number, type));
        long id = number("select max(id) from erp_event");
        for (String delivery : deliveries) {
            String[] words = delivery.split(":");
            statement.execute("""
                    insert into event_delivery (event_id, destination, payment_id, account, state, created_at, finished_at)
                    select id, '%1$s', payment_id, account, '%2$s', created_at, case when '%2$s' <> 'PENDING' then now() - interval '1 minute' end
                    from erp_event where id = %3$d;
                    insert into event_queue (payment_id, destination, account, pending, next_attempt_at)
                    select payment_id, '%1$s', account, case when '%2$s' = 'PENDING' then 1 else 0 end,
                        case when '%2$s' = 'PENDING' then now() end
                    from erp_event where id = %3$d
                    on conflict (payment_id, destination) do update
                    set pending = event_queue.pending + excluded.pending,
                        next_attempt_at = coalesce(event_queue.next_attempt_at, excluded.next_attempt_at)""".formatted(words[0], words[1], id));
        }
        return id;
    }

    private String text(String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        }
    }

    private static Map<String, Object> redelivery(String key, String status) {
        Map<String, Object> variables = new HashMap<>();
        variables.put("accounts", "main");
        variables.put("eventRowId", key);
        variables.put("createdFrom", key == null ? "2020-01-01T00:00:00Z" : null);
        variables.put("createdTo", key == null ? "2099-01-01T00:00:00Z" : null);
        variables.put("settledBefore", key == null ? "2099-01-01T00:00:00Z" : null);
        variables.put("status", status);
        variables.put("cursor", null);
        return variables;
    }

    @Test
    void redeliversRangeToRequestedDestinationOnly() throws SQLException {
        statement.execute(
                "insert into event_destination (account, destination, address, types, disabled_at, paused_until) values"
                        + " ('main', 'kafka', '', null, now(), now() + interval '1 hour'), ('other', 'http', '', null, now(), null);"
                        + " update event_destination set disabled_at = now(), paused_until = now() + interval '1 hour'");
        long dead = event("main", "SO-DEAD-1", "payment.pending", "http:DELIVERED", "kafka:DEAD");
        long deadElsewhere = event("main", "SO-DEAD-2", "payment.failed", "http:DEAD");
        long unwanted = event("main", "SO-DEAD-3", "payment.pending", "http:DELIVERED");
        String to = "select string_agg(destination || ' ' || state, ', ' order by destination) from event_delivery"
                + " where event_id = %d";
        statement.execute("update event_delivery set state = 'DELIVERED' where event_id = " + deadElsewhere);

        statements.one("event-redeliver", redelivery(null, "DEAD"));

        assertThat(text(to.formatted(dead))).isEqualTo("http DELIVERED, kafka PENDING");
        assertThat(text(to.formatted(deadElsewhere))).isEqualTo("http DELIVERED");
        assertThat(text("select string_agg(account || ' ' || destination, ', ') from event_destination"
                        + " where disabled_at is null and paused_until is null"))
                .isEqualTo("main kafka");

        statement.execute("update event_delivery set state = 'DEAD' where event_id = " + deadElsewhere
                + "; update event_destination set types = '{payment.failed}' where destination = 'kafka'");
        statements.one("event-redeliver", redelivery(null, "DEAD"));
        assertThat(text(to.formatted(deadElsewhere))).isEqualTo("http PENDING");
        statements.one("event-redeliver", redelivery(null, null));
        assertThat(text(to.formatted(unwanted))).isEqualTo("http PENDING");
    }

    /** It waits where its address is disabled: a person who wants this one sent wants it sent there. */
    @Test
    void oneEventThatIsSentAgainEnablesWhereItWaits() throws SQLException {
        statement.execute("update event_destination set disabled_at = now()");
        statements.one("event-redeliver", redelivery(text("select event_id from erp_event"), null));
        assertThat(number("select count(*) from event_destination where disabled_at is null"))
                .isEqualTo(1);
    }

    @Test
    void addressesEventRedeliveredToNewDestination() throws SQLException {
        long event = event("main", "SO-NEW-01", "payment.pending");
        statements.one("event-redeliver", redelivery(null, "NO_DESTINATION"));
        assertThat(text("select status from erp_event where id = " + event)).isEqualTo("PENDING");
    }

    @Test
    void ignoresPausedDestinationsInQueueAge() throws SQLException {
        statement.execute("update event_queue set next_attempt_at = now() - interval '1 hour'");
        assertThat(age()).isBetween(3599L, 3700L);
        for (String why : List.of("paused_until = now() + interval '1 minute'", "disabled_at = now()")) {
            statement.execute("update event_destination set " + why);
            assertThat(age()).as(why).isZero();
            statement.execute("update event_destination set paused_until = null, disabled_at = null");
        }
        statement.execute("update event_destination set paused_until = now() - interval '1 second'");
        assertThat(age()).isBetween(3599L, 3700L);
    }

    private long age() throws SQLException {
        return statements.all("store-state", Map.of()).stream()
                .filter(row -> row.get("metric").equals("tenpay.queue.oldest") && "events".equals(row.get("queue")))
                .mapToLong(row -> ((Number) row.get("value")).longValue())
                .sum();
    }

    @Test
    void theBacklogIsCountedUpToALimitAndItsAgeIsThatOfItsOldestEvent() throws SQLException {
        statement.execute("update event_delivery set created_at = now() - interval '1 hour'");
        event("main", "SO-DEAD-2", "payment.pending", "http:DEAD");
        statement.execute("insert into erp_event (account, payment_id, type, data)"
                + " select account, id, 'payment.pending', '{}' from payment, generate_series(1, 10500)"
                + " where order_no = 'SO-000001'");
        Map<Object, Long> backlog = statements.all("event-backlog", Map.of()).stream()
                .limit(4)
                .collect(Collectors.toMap(row -> row.get("metric"), row -> ((Number) row.get("value")).longValue()));
        assertThat(backlog)
                .containsEntry("tenpay.events.undelivered", 10_000L)
                .containsEntry("tenpay.events.dead", 1L)
                .containsEntry("tenpay.events.disabled", 0L);
        assertThat(backlog.get("tenpay.events.age")).isBetween(3599L, 3700L);
    }

    /** Whatever is asked for: every event that it is true of, newest first, none twice and none missing. */
    @Test
    void everyListIsWholeHoweverSmallItsPages() throws SQLException {
        List<String[]> kinds = List.of(
                new String[] {},
                new String[] {"http:PENDING"},
                new String[] {"http:DELIVERED"},
                new String[] {"http:DEAD"},
                new String[] {"http:DELIVERED", "kafka:PENDING"},
                new String[] {"http:PENDING", "kafka:DEAD"},
                new String[] {"http:PENDING", "kafka:PENDING"},
                new String[] {"http:DELIVERED", "kafka:DELIVERED"});
        for (int round = 0; round < 3; round++) {
            for (String account : List.of("main", "second", "foreign")) {
                for (String[] deliveries : kinds) {
                    event(account, "SO-LIST-" + round, "payment.pending", deliveries);
                }
            }
        }
        // Some of them at the same time.
        statement.execute("update erp_event set created_at = '2026-11-24T08:00:00.000001Z' where id % 5 = 0;"
                + " update event_delivery d set created_at = e.created_at from erp_event e where e.id = d.event_id");
        for (String status : new String[] {null, "PENDING", "DELIVERED", "DEAD", "NO_DESTINATION"}) {
            for (String order : new String[] {null, "SO-LIST-1", "SO-ABSENT"}) {
                List<Long> expected = new ArrayList<>();
                try (ResultSet rows = statement.executeQuery("""
                        select e.id from erp_event e join payment p on p.id = e.payment_id
                        where e.account in ('main', 'second')%s%s order by %s""".formatted(
                                status == null ? "" : " and e.status = '" + status + "'",
                                order == null ? "" : " and p.order_no = '" + order + "'",
                                // Of one order, as they happened, whatever the clock did.
                                order == null ? "e.created_at desc, e.id desc" : "e.id desc"))) {
                    while (rows.next()) {
                        expected.add(rows.getLong(1));
                    }
                }
                for (int limit : new int[] {2, 200}) {
                    assertThat(listed(status, order, limit))
                            .as("%s %s %d", status, order, limit)
                            .isEqualTo(expected);
                }
            }
        }
    }

    private List<Long> listed(String status, String order, int limit) throws SQLException {
        List<Long> ids = new ArrayList<>();
        Map<String, Object> variables = new HashMap<>();
        variables.put("accounts", "main,second");
        variables.put("status", status);
        variables.put("orderNo", order);
        variables.put("limit", limit);
        variables.put("cursor", null);
        while (true) {
            JsonNode events = statements.one("event-list", variables).path("events");
            int shown = Math.min(limit, events.size());
            for (int i = 0; i < shown; i++) {
                ids.add(events.get(i).path("id").asLong());
                assertThat(status == null
                                || events.get(i).path("status").asText().equals(status))
                        .isTrue();
            }
            if (events.size() <= limit) {
                return ids;
            }
            variables.put("cursor", events.get(shown - 1).path("cursor").asText());
        }
    }

    /** An old event that arrived, and would be forgotten. */
    private String old() throws SQLException {
        statement.execute("update event_delivery set state = 'DELIVERED', finished_at = now();"
                + " update event_queue set pending = 0, next_attempt_at = null;"
                + " update erp_event set created_at = now() - interval '91 days'");
        return text("select event_id from erp_event");
    }

    @Test
    void anEventThatIsBeingRedeliveredIsNotForgotten() throws SQLException {
        String key = old();
        try (Connection person = database.connect()) {
            person.setAutoCommit(false);
            new Statements(person, Map.of()).one("event-redeliver", redelivery(key, null));
            statements.all("event-purge", Map.of());
            person.commit();
        }
        assertThat(text("select state from event_delivery")).isEqualTo("PENDING");
        statements.all("event-purge", Map.of());
        assertThat(text("select state from event_delivery")).isEqualTo("PENDING");
    }

    /** What maintenance saw when it began is not what is true when it comes to delete. */
    @Test
    void anEventThatWasRedeliveredWhileItWasLookedAtIsNotForgotten() throws Exception {
        String key = old();
        // It stops between the one and the other for as long as this is held.
        String slow = Statements.text("event-purge")
                .replace("where e.created_at", "where pg_advisory_xact_lock(7) is not null and e.created_at");
        assertThat(slow).contains("pg_advisory_xact_lock");
        try (Connection other = database.connect();
                Connection person = database.connect()) {
            statement.execute("select pg_advisory_lock(7)");
            CompletableFuture<?> maintenance =
                    inBackground(other, Map.of("event-purge", slow), "event-purge", Map.of());
            waits();
            new Statements(person, Map.of()).one("event-redeliver", redelivery(key, null));
            statement.execute("select pg_advisory_unlock(7)");
            maintenance.get(10, TimeUnit.SECONDS);
        }
        assertThat(text("select state from event_delivery")).isEqualTo("PENDING");
    }

    private static CompletableFuture<?> inBackground(
            Connection other, Map<String, String> mutated, String name, Map<String, ?> variables) {
        return CompletableFuture.runAsync(() -> {
            try {
                new Statements(other, mutated).all(name, variables);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private void waits() {
        Awaitility.await()
                .pollInterval(Duration.ofMillis(10))
                .until(() -> number("select count(*) from pg_locks where not granted") > 0);
    }

    /** Two that record for the same accounts take their addresses in the same order, and so never wait for each other. */
    @Test
    void addressesAreTakenInTheOrderOfTheirKeys() throws Exception {
        List<String> accounts = List.of("zoe", "kim", "max", "ida", "tom", "eve", "pat", "abel");
        statement.execute("delete from event_destination");
        for (String account : accounts) {
            statement.execute("insert into event_destination (account, destination, address) values ('" + account
                    + "', 'http', decode('00', 'hex'))");
        }
        StringBuilder attempts = new StringBuilder();
        for (String account : accounts) {
            long id = event(account, "SO-LOCK-1", "payment.pending", "http:PENDING");
            attempts.append(attempts.isEmpty() ? "[" : ",")
                    .append("{\"event\":" + id + ",\"claim\":0,\"outcome\":\"GONE\",\"status\":410,"
                            + "\"address\":\"00\",\"at\":\"2026-11-24T08:00:00Z\",\"millis\":1}");
        }
        statement.execute("update event_queue set in_flight = true");
        try (Connection other = database.connect()) {
            connection.setAutoCommit(false);
            statement.execute("select from event_destination where account = 'abel' for update");
            CompletableFuture<?> recorded = inBackground(
                    other, Map.of(), "event-record", Map.of("destination", "http", "attempts", attempts + "]"));
            waits();
            // Were it held by the one that waits for us, the two of us would wait for ever.
            statement.execute("select from event_destination where account <> 'abel' for update nowait");
            connection.rollback();
            connection.setAutoCommit(true);
            recorded.get(10, TimeUnit.SECONDS);
        }
        assertThat(number("select count(*) from event_destination where disabled_at is not null"))
                .isEqualTo(accounts.size());
    }

    /** As by the statement that writes the payment's next event. */
    @Test
    void lockedEventIsToldAndRecordedInTheNextTurn() throws Exception {
        statement.execute("delete from event_queue; delete from erp_event");
        long id = event("main", "SO-LOCK-2", "payment.pending", "http:PENDING");
        statement.execute("update event_queue set in_flight = true");
        try (Connection other = database.connect();
                Statement locks = other.createStatement()) {
            other.setAutoCommit(false);
            locks.execute("select from event_queue for update");
            assertThat(statements.all("event-record", delivered("http", id)))
                    .singleElement()
                    .satisfies(row ->
                            assertThat(row).containsEntry("outcome", "LOCKED").containsEntry("event", id));
            other.rollback();
        }
        assertThat(statements.all("event-record", delivered("http", id)))
                .singleElement()
                .satisfies(row -> assertThat(row).containsEntry("outcome", "DELIVERED"));
        // Of a claim that is over, nothing is told.
        assertThat(statements.all("event-record", delivered("http", id))).isEmpty();
    }

    /** Neither sees what the other has not committed: the second waits for the event and then reads both. */
    @Test
    void eventOfTwoDestinationsRecordedAtOnceIsDelivered() throws Exception {
        statement.execute("delete from event_queue; delete from erp_event");
        long id = event("main", "SO-BOTH-1", "payment.pending", "http:PENDING", "kafka:PENDING");
        statement.execute("update event_queue set in_flight = true");
        try (Connection other = database.connect()) {
            connection.setAutoCommit(false);
            statements.all("event-record", delivered("http", id));
            CompletableFuture<?> second = inBackground(other, Map.of(), "event-record", delivered("kafka", id));
            waits();
            connection.commit();
            connection.setAutoCommit(true);
            second.get(10, TimeUnit.SECONDS);
        }
        assertThat(text("select status from erp_event")).isEqualTo("DELIVERED");
    }

    private static Map<String, String> delivered(String destination, long event) {
        return Map.of(
                "destination",
                destination,
                "attempts",
                "[{\"event\":" + event
                        + ",\"claim\":0,\"outcome\":\"DELIVERED\",\"at\":\"2026-11-24T08:00:00Z\",\"millis\":1}]");
    }

    /** Claims the one event for address 00, which another address, 01, then takes the place of; and records this. */
    private void answersTooLate(String answer) throws SQLException {
        assertThat(statements.all("event-claim", claim("00", 10, 10))).hasSize(1);
        statement.execute("update event_destination set address = decode('01', 'hex')");
        record(answer);
    }

    private List<Map<String, Object>> record(String answer) throws SQLException {
        long claim = number("select claim from event_queue");
        return statements.all(
                "event-record",
                Map.of(
                        "destination",
                        "http",
                        "attempts",
                        "[{\"event\":%d,\"claim\":%d,\"at\":\"2026-11-23T08:00:00Z\",\"millis\":1,%s}]"
                                .formatted(event, claim, answer)));
    }

    @Test
    void refusalOfFormerAddressCountsForNoOther() throws SQLException {
        for (String answer : List.of(
                "\"outcome\":\"GONE\",\"status\":410",
                "\"outcome\":\"GONE\",\"status\":410,\"retryAfter\":3600",
                "\"outcome\":\"FAILED\",\"status\":503,\"retryAfter\":3600",
                "\"outcome\":\"FAILED\",\"status\":500",
                "\"outcome\":\"FAILED\",\"problem\":\"no connection\"")) {
            statement.execute("update event_destination set address = decode('00', 'hex')");
            answersTooLate("\"address\":\"00\"," + answer);
            assertThat(text(
                            "select d.state || ' ' || d.attempts || ' ' || (q.next_attempt_at <= now()) || ' ' || q.in_flight"
                                    + " from event_delivery d join event_queue q using (payment_id)"))
                    .as(answer)
                    .isEqualTo("PENDING 0 true false");
            assertThat(text("select (disabled_at is null) || ' ' || (paused_until is null) from event_destination"))
                    .as(answer)
                    .isEqualTo("true true");
            // The present address has it at once.
            assertThat(statements.all("event-claim", claim("01", 10, 10))).hasSize(1);
            record("\"address\":\"01\",\"outcome\":\"RELEASED\"");
        }
        assertThat(number("select count(*) from event_attempt where event_id = " + event))
                .isEqualTo(5);
    }

    @Test
    void deliveryToFormerAddressIsDelivery() throws SQLException {
        answersTooLate("\"address\":\"00\",\"outcome\":\"DELIVERED\",\"status\":200");
        assertThat(text("select state from event_delivery")).isEqualTo("DELIVERED");
    }

    @Test
    void goneIsComparedWithAddressAgainUnderItsLock() throws Exception {
        assertThat(statements.all("event-claim", claim("00", 10, 10))).hasSize(1);
        try (Connection other = database.connect()) {
            connection.setAutoCommit(false);
            statement.execute("update event_destination set address = decode('01', 'hex')");
            CompletableFuture<?> recorded = inBackground(
                    other,
                    Map.of(),
                    "event-record",
                    Map.of(
                            "destination",
                            "http",
                            "attempts",
                            "[{\"event\":%d,\"claim\":1,\"address\":\"00\",\"outcome\":\"GONE\",\"at\":\"2026-11-23T08:00:00Z\",\"millis\":1}]"
                                    .formatted(event)));
            try (Connection watcher = database.connect();
                    java.sql.Statement watching = watcher.createStatement()) {
                Awaitility.await().pollInterval(Duration.ofMillis(10)).until(() -> {
                    try (ResultSet row = watching.executeQuery("select count(*) from pg_locks where not granted")) {
                        return row.next() && row.getInt(1) > 0;
                    }
                });
            }
            connection.commit();
            connection.setAutoCommit(true);
            recorded.get(10, TimeUnit.SECONDS);
        }
        assertThat(text("select disabled_at is null from event_destination")).isEqualTo("t");
    }

    @Test
    void instanceOfAnotherAddressClaimsNothing() throws SQLException {
        assertThat(statements.all("event-claim", claim("01", 10, 10))).isEmpty();
        assertThat(statements.all("event-claim", claim("0000", 10, 10))).isEmpty();
        assertThat(statements.all("event-claim", claim("00", 10, 10))).hasSize(1);
    }

    /** That many turns of the account, due for an hour. */
    private void backlog(int turns, boolean deferred) throws SQLException {
        statement.execute("""
                delete from event_queue;
                insert into payment (account, order_no, payment_method, region, amount, currency, description, content,
                    merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                select 'main', 'SO-BACKLOG-' || n, 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u', now(), now()
                from generate_series(1, %1$d) n;
                insert into erp_event (account, payment_id, type, data)
                select account, id, 'payment.pending', '{}' from payment where order_no like 'SO-BACKLOG-%%';
                update event_queue set next_attempt_at = now() - interval '1 hour', deferred = %2$s""".formatted(turns, deferred));
    }

    private List<String> claimed(int room, int perAccount) throws Exception {
        List<String> numbers = new ArrayList<>();
        for (Map<String, Object> row : statements.all("event-claim", claim("00", room, perAccount))) {
            String number = Statements.JSON
                    .readTree(row.get("event").toString())
                    .path("orderNo")
                    .asText();
            numbers.add(number.replaceAll("-\\d+$", ""));
        }
        return numbers;
    }

    /** As many as were due when it began, of which some are retried, and then some are as new as it. */
    @Test
    void newEventsAreClaimedBeforeBacklogWhichKeepsQuarter() throws Exception {
        for (boolean deferred : List.of(false, true)) {
            backlog(200, deferred);
            for (int n = 1; n <= 100; n++) {
                event("main", "SO-NEW-" + (deferred ? 1 : 2) + n, "payment.pending", "http:PENDING");
            }
            // Retries that come due after the new events are no newer news.
            statement.execute("update event_queue set next_attempt_at = now() where deferred and payment_id % 2 = 0");
            List<String> claimed = claimed(100, 32);
            assertThat(claimed).hasSize(32);
            assertThat(claimed.stream().filter("SO-BACKLOG"::equals).count()).isBetween(8L, 9L);
            statement.execute("delete from event_queue; delete from erp_event; delete from payment");
        }
    }

    @Test
    void singleFreeSlotIsForBacklogOnceInFourTurns() throws Exception {
        backlog(300, true);
        for (int n = 0; n < 300; n++) {
            event("main", "SO-NEW-" + n, "payment.pending", "http:PENDING");
        }
        long old = 0;
        for (int n = 0; n < 200; n++) {
            List<String> claimed = claimed(1, 1000);
            assertThat(claimed).hasSize(1);
            old += claimed.contains("SO-BACKLOG") ? 1 : 0;
        }
        assertThat(old).isBetween(20L, 90L);
    }

    @Test
    void slotsThatNewEventsLeaveAreForBacklog() throws Exception {
        backlog(100, true);
        event("main", "SO-NEW-1", "payment.pending", "http:PENDING");
        assertThat(claimed(100, 32)).hasSize(32).contains("SO-NEW");
        statement.execute("delete from event_queue");
        assertThat(claimed(100, 32)).isEmpty();
    }

    @Test
    void turnIsDeferredFromItsFirstFailureUntilNothingIsPending() throws SQLException {
        assertThat(text("select deferred from event_queue")).isEqualTo("f");
        fails(",\"status\":500");
        assertThat(text("select deferred from event_queue")).isEqualTo("t");
        statement.execute("update event_queue set next_attempt_at = now()");
        statements.all("event-claim", claim("00", 10, 10));
        record("\"address\":\"00\",\"outcome\":\"RELEASED\"");
        assertThat(text("select deferred from event_queue")).isEqualTo("t");
        statements.all("event-claim", claim("00", 10, 10));
        record("\"address\":\"00\",\"outcome\":\"DELIVERED\"");
        assertThat(text("select deferred || ' ' || pending from event_queue")).isEqualTo("false 0");
    }

    @Test
    void redeliveredRangeIsDeferredAndSingleEventIsNot() throws SQLException {
        String settled = "update event_delivery set state = 'DELIVERED', finished_at = now();"
                + " update event_queue set pending = 0, next_attempt_at = null";
        statement.execute(settled);
        statements.one("event-redeliver", redelivery(null, null));
        assertThat(text("select deferred || ' ' || pending from event_queue")).isEqualTo("true 1");
        statements.one("event-redeliver", redelivery(text("select event_id from erp_event"), null));
        assertThat(text("select deferred || ' ' || pending from event_queue")).isEqualTo("false 1");
    }
}
