package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When an event is tried again, by the statements themselves and the settings as they are delivered. */
class EventScheduleTest {

    private static final List<Integer> SECONDS = List.of(5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400);

    private static Database database;

    private Connection connection;
    private Statement statement;
    private Statements statements;
    private long event;

    @BeforeAll
    static void start() throws Exception {
        database = new Database();
    }

    @AfterAll
    static void stop() {
        database.close();
    }

    @BeforeEach
    void anEventThatIsDue() throws SQLException {
        connection = database.connect();
        statement = connection.createStatement();
        statements = new Statements(connection, Map.of());
        statement.execute("""
                insert into event_destination (account, destination, address) values ('main', 'http', '')
                    on conflict do nothing;
                update event_destination set paused_until = null, disabled_at = null;
                delete from event_queue; delete from erp_event; delete from payment;
                insert into payment (account, order_no, payment_method, region, amount, currency, description, content,
                    merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                values ('main', 'SO-000001', 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u', now(), now());
                insert into erp_event (account, payment_id, type, data)
                select 'main', id, 'payment.pending', '{}' from payment;
                insert into event_delivery (event_id, destination, payment_id, account)
                select id, 'http', payment_id, account from erp_event;
                insert into event_queue (payment_id, destination, account, pending, next_attempt_at)
                select payment_id, 'http', account, 1, now() from erp_event""");
        event = number("select id from erp_event");
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    private long number(String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** Takes the event and fails; the seconds until its next attempt, 0 when there is none. */
    private long fails(String more) throws SQLException {
        statement.execute("update event_queue set next_attempt_at = now() where next_attempt_at is not null;"
                + " update event_destination set paused_until = null");
        assertThat(statements.all(
                        "event-claim",
                        Map.of("destination", "http", "eventAccounts", "main", "room", "10", "perAccount", "10")))
                .hasSize(1);
        long claim = number("select claim from event_queue");
        String attempt =
                "[{\"event\":%d,\"claim\":%d,\"outcome\":\"FAILED\",\"at\":\"2026-11-23T08:00:00Z\",\"millis\":1%s}]";
        statements.all(
                "event-record", Map.of("destination", "http", "attempts", attempt.formatted(event, claim, more)));
        return number("select coalesce(extract(epoch from next_attempt_at - now()), 0) from event_queue");
    }

    @Test
    void theWaitsAreThoseOfTheSettingGiveOrTakeATenthAndThenTheEventIsDead() throws SQLException {
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
}
