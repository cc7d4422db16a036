package dev.tenpayroutes.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.delivery.EventDestinations.Destination;
import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Instances with other addresses and types on one database. A second of the clock passes in the database as well. */
class EventDestinationsTest {

    private static final String OLD = EventDestinations.hash("https://old.example.com/");
    private static final String NEW = EventDestinations.hash("https://new.example.com/");
    private static EmbeddedPostgres postgres;
    private static JdbcClient store;

    private final CamelContext camel = new DefaultCamelContext();
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-30T08:00:00Z"));
    private final Clock clock = new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now.get();
        }
    };

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
        Flyway.configure()
                .dataSource(postgres.getPostgresDatabase())
                .locations("classpath:db/migration")
                .load()
                .migrate();
        store = JdbcClient.create(postgres.getPostgresDatabase());
    }

    @AfterAll
    static void stop() throws Exception {
        postgres.close();
    }

    @BeforeEach
    void nothingIsRegistered() {
        store.sql("delete from event_destination").update();
    }

    private EventDestinations instance(String address, String types) throws Exception {
        return new EventDestinations(
                store,
                List.of(
                        new Destination("main", "http", address, types),
                        new Destination("main", "kafka", address, null)),
                new ObjectMapper(),
                Duration.ofSeconds(5),
                clock);
    }

    private boolean turn(EventDestinations instance) {
        Exchange exchange = new DefaultExchange(camel);
        instance.process(exchange);
        return exchange.getVariable("othersMayGo", Boolean.class);
    }

    private void pass(int seconds) {
        now.updateAndGet(before -> before.plusSeconds(seconds));
        store.sql("update event_destination set seen_at = seen_at - ? * interval '1 second'")
                .param(seconds)
                .update();
    }

    private String inForce() {
        return store.sql("select encode(address, 'hex') || coalesce(' ' || array_to_string(types, ','), '')"
                        + " || case when disabled_at is null and paused_until is null then '' else ' off' end"
                        + " from event_destination where destination = 'http'")
                .query(String.class)
                .single();
    }

    private void disable() {
        store.sql("update event_destination set disabled_at = now(), paused_until = now() + interval '1 hour'")
                .update();
    }

    @Test
    void lastStartedIsInForceInEitherOrderAsLongAsItRuns() throws Exception {
        for (List<String> order : List.of(List.of(OLD, NEW), List.of(NEW, OLD))) {
            EventDestinations first = instance(order.get(0), null);
            EventDestinations second = instance(order.get(1), null);
            first.beforeApplicationStart(camel);
            second.beforeApplicationStart(camel);
            for (int turns = 0; turns < 20; turns++) {
                turn(first);
                turn(second);
                pass(5);
                assertThat(inForce()).isEqualTo(order.get(1));
            }
            assertThat(store.sql("select count(*) from event_destination where address = decode(?, 'hex')")
                            .param(order.get(1))
                            .query(Integer.class)
                            .single())
                    .isEqualTo(2);
        }
    }

    @Test
    void oldInstanceThatRestartsLateIsInForceNoLongerThanItLives() throws Exception {
        EventDestinations updated = instance(NEW, null);
        updated.beforeApplicationStart(camel);
        EventDestinations late = instance(OLD, null);
        late.beforeApplicationStart(camel);
        for (int turns = 0; turns < 5; turns++) {
            turn(updated);
            turn(late);
            pass(5);
        }
        disable();
        assertThat(inForce()).isEqualTo(OLD + " off");
        // Now it is gone, and was heard of 5 s ago.
        for (int turns = 0; turns < 2; turns++) {
            turn(updated);
            assertThat(inForce()).isEqualTo(OLD + " off");
            pass(5);
        }
        turn(updated);
        assertThat(inForce()).isEqualTo(NEW);
    }

    @Test
    void startWithAnotherAddressEndsDisablingAndTheSameOneDoesNot() throws Exception {
        instance(OLD, null).beforeApplicationStart(camel);
        disable();
        instance(OLD, null).beforeApplicationStart(camel);
        assertThat(inForce()).isEqualTo(OLD + " off");
        instance(NEW, null).beforeApplicationStart(camel);
        assertThat(inForce()).isEqualTo(NEW);
    }

    @Test
    void turnsThatWaitSinceFormerAddressFailedAreDueForNewOne() throws Exception {
        instance(OLD, null).beforeApplicationStart(camel);
        store.sql("""
                        insert into event_queue (payment_id, destination, account, pending, next_attempt_at, in_flight)
                        values (1, 'http', 'main', 1, now() + interval '1 hour', false),
                               (2, 'http', 'main', 1, now() + interval '1 hour', true),
                               (3, 'http', 'other', 1, now() + interval '1 hour', false),
                               (4, 'http', 'main', 0, null, false)""").update();
        String due =
                "select coalesce(string_agg(cast(payment_id as text), ','), '') from event_queue where next_attempt_at <= now()";
        instance(OLD, null).beforeApplicationStart(camel);
        assertThat(store.sql(due).query(String.class).single()).isEmpty();
        instance(NEW, null).beforeApplicationStart(camel);
        assertThat(store.sql(due).query(String.class).single()).isEqualTo("1");
        store.sql("delete from event_queue").update();
    }

    @Test
    void typesOfLastStartedAreInForceAsLongAsItRuns() throws Exception {
        EventDestinations some = instance(OLD, "payment.succeeded");
        EventDestinations all = instance(OLD, null);
        some.beforeApplicationStart(camel);
        all.beforeApplicationStart(camel);
        for (int turns = 0; turns < 5; turns++) {
            turn(some);
            turn(all);
            pass(5);
        }
        assertThat(inForce()).isEqualTo(OLD);
        for (int turns = 0; turns < 5; turns++) {
            turn(some);
            pass(5);
        }
        assertThat(inForce()).isEqualTo(OLD + " payment.succeeded");
    }

    /** All have been silent: the first one that is back takes nothing over from those who confirm a moment later. */
    @Test
    void afterOutageNoneTakesOverBeforeOthersCouldConfirm() throws Exception {
        EventDestinations loser = instance(OLD, null);
        EventDestinations winner = instance(NEW, null);
        loser.beforeApplicationStart(camel);
        winner.beforeApplicationStart(camel);
        for (int turns = 0; turns < 5; turns++) {
            turn(loser);
            turn(winner);
            pass(5);
        }
        store.sql("alter table event_destination rename to away").update();
        assertThatThrownBy(() -> turn(loser)).isInstanceOf(DataAccessException.class);
        store.sql("alter table away rename to event_destination").update();
        pass(60);
        for (int turns = 0; turns < 2; turns++) {
            assertThat(turn(loser)).isFalse();
            pass(5);
        }
        turn(winner);
        for (int turns = 0; turns < 5; turns++) {
            turn(loser);
            turn(winner);
            pass(5);
        }
        assertThat(inForce()).isEqualTo(NEW);
    }
}
