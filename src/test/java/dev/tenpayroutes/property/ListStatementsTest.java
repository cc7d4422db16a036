package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Lists read what they show, by an index in its order, and show what is there; whatever plan PostgreSQL keeps. */
class ListStatementsTest extends DatabaseTest {

    private static final int PAYMENTS = 60_000;
    private static final String FAR_PAST = "2001-01-01T00:00:00Z";
    private static final String FAR_FUTURE = "2099-01-01T00:00:00Z";
    private static final List<String> STATUSES =
            Arrays.asList(null, "CREATED", "PENDING", "SUCCEEDED", "FAILED", "CLOSED", "EXPIRED");
    private static final List<String> REVIEWS =
            Arrays.asList(null, "LATE_SUCCESS", "AMOUNT_MISMATCH", "STATUS_MISMATCH", "NUMBER_CONFLICT", "STUCK");
    private static final List<String> EVENT_STATUSES =
            Arrays.asList(null, "PENDING", "DELIVERED", "DEAD", "NO_DESTINATION");
    private static final String ALL = Stream.concat(
                    Stream.of("main"), IntStream.rangeClosed(1, 99).mapToObj(n -> "a" + n))
            .collect(Collectors.joining(","));
    private static final Set<String> LARGE = Set.of(
            "payment",
            "refund",
            "history",
            "erp_event",
            "event_delivery",
            "event_queue",
            "event_attempt",
            "notification");

    @BeforeAll
    static void fill() throws Exception {
        String rows = Files.readString(Path.of("src/bench/resources/lists.sql"))
                .replace(":payments", String.valueOf(PAYMENTS));
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0");
            statement.execute(rows);
            // Kept rows, so that there is something to pass over.
            statement.execute("insert into notification (account, kind, body, state) select 'main', 'payments',"
                    + " convert_to(cast(n as text), 'UTF8'), 'DONE' from generate_series(1, 150000) n");
            statement.execute("insert into event_attempt (event_id, destination, at, millis, outcome)"
                    + " select id, 'http', now(), 1, 'DELIVERED' from erp_event");
            statement.execute("vacuum analyze");
        }
    }

    private static Map<String, String> variables(String... namesAndValues) {
        Map<String, String> variables = new HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            variables.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return variables;
    }

    /** How many rows a statement reads from tables and sorts, with the plan for any values and with that for these. */
    private void reads(int atMost, String name, Map<String, String> variables) throws SQLException {
        for (String mode : List.of("force_generic_plan", "force_custom_plan")) {
            JsonNode plan = plan(mode, name, variables);
            List<String> wrong = new ArrayList<>();
            long rows = cost(plan, wrong, atMost);
            assertThat(wrong).as("%s %s %s", name, variables, mode).isEmpty();
            assertThat(rows).as("rows read by %s %s %s", name, variables, mode).isLessThanOrEqualTo(atMost);
            assertThat(plan.path("Shared Hit Blocks").asLong()
                            + plan.path("Shared Read Blocks").asLong())
                    .as("blocks read by %s %s %s", name, variables, mode)
                    .isLessThanOrEqualTo(8L * atMost);
        }
    }

    private static long cost(JsonNode node, List<String> wrong, int atMost) {
        long loops = node.path("Actual Loops").asLong();
        String table = node.path("Relation Name").asText();
        long rows = 0;
        if (LARGE.contains(table)) {
            rows = loops
                    * (node.path("Actual Rows").asLong()
                            + node.path("Rows Removed by Filter").asLong()
                            + node.path("Rows Removed by Index Recheck").asLong());
            if (node.path("Node Type").asText().equals("Seq Scan") && loops > 0) {
                wrong.add("reads all of " + table);
            }
        }
        if (node.path("Node Type").asText().contains("Sort")
                && node.path("Actual Rows").asLong() * loops > atMost) {
            wrong.add("sorts " + node.path("Actual Rows").asLong() * loops);
        }
        for (JsonNode part : node.path("Plans")) {
            rows += cost(part, wrong, atMost);
        }
        return rows;
    }

    private JsonNode plan(String mode, String name, Map<String, String> variables) throws SQLException {
        connection.setAutoCommit(false);
        try {
            List<String> values = new ArrayList<>();
            String text = Statements.parameter(Statements.text(name), parameter -> {
                String value = parameter.contains(".") ? Statements.setting(parameter) : variables.get(parameter);
                values.add(value == null ? "null" : "'" + value + "'");
                return "$" + values.size();
            });
            String types = values.stream().map(value -> "text").collect(Collectors.joining(", "));
            String arguments = String.join(", ", values);
            statement.execute("set local plan_cache_mode = " + mode);
            statement.execute("prepare list" + (values.isEmpty() ? "" : "(" + types + ")") + " as " + text);
            try (ResultSet row =
                    statement.executeQuery("explain (analyze, buffers, timing off, format json) execute list"
                            + (values.isEmpty() ? "" : "(" + arguments + ")"))) {
                row.next();
                return Statements.JSON.readTree(row.getString(1)).get(0).get("Plan");
            } catch (java.io.IOException e) {
                throw new IllegalStateException(e);
            } finally {
                statement.execute("deallocate list");
            }
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    private String cursorInTheMiddle(String table) throws SQLException {
        return value("select cast(extract(epoch from created_at) * 1000000 as bigint) || '-' || id from " + table
                + " where account = 'main' order by created_at offset " + PAYMENTS / 4 + " limit 1");
    }

    @Test
    void readsPaymentsByAnIndexForEachFilter() throws SQLException {
        for (String accounts : List.of("main", ALL)) {
            for (String cursor : Arrays.asList(null, cursorInTheMiddle("payment"))) {
                for (String status : STATUSES) {
                    for (String review : REVIEWS) {
                        reads(
                                3000,
                                "payment-list",
                                variables("accounts", accounts, "status", status, "review", review, "cursor", cursor));
                    }
                    for (String[] range :
                            new String[][] {{FAR_PAST, FAR_FUTURE}, {FAR_FUTURE, null}, {null, FAR_PAST}}) {
                        reads(
                                3000,
                                "payment-list",
                                variables(
                                        "accounts",
                                        accounts,
                                        "status",
                                        status,
                                        "createdFrom",
                                        range[0],
                                        "createdTo",
                                        range[1],
                                        "cursor",
                                        cursor));
                    }
                }
                reads(6000, "payment-list", variables("accounts", accounts, "limit", "200", "cursor", cursor));
            }
        }
    }

    /** Each with a filter that no row meets, so that a page reads all that it may. */
    @Test
    void readsSearchesByAnIndexForEachPath() throws SQLException {
        String[][] searches = {
            {"created", "paymentMethod", "NONE"},
            {"created", "orderNoPrefix", "NONE"},
            {"status", "status", "EXPIRED"},
            {"review", "review", "any"},
            {"paid", "paidFrom", FAR_PAST},
            {"term", "paymentId", "4200"},
            {"term", "metadataKey", "costCentre"},
            {"prefix", "orderNoPrefix", "SO-2026-00000"},
            {"refund", "refundId", "5030"}
        };
        for (String accounts : List.of("main", ALL)) {
            for (String[] search : searches) {
                for (String list : List.of("payment", "refund")) {
                    String middle = cursorInTheMiddle(list);
                    for (String cursor : Arrays.asList(null, middle)) {
                        Map<String, String> variables = variables(
                                "accounts", accounts, "searchPath", search[0], search[1], search[2], "cursor", cursor);
                        variables.putIfAbsent("currency", "XXX");
                        variables.put("metadataValue", "42");
                        reads(12_000, list + "-search", variables);
                    }
                }
            }
            reads(12_000, "review-list", variables("accounts", accounts));
        }
    }

    @Test
    void readsEventsByAnIndexForEachFilter() throws SQLException {
        for (String accounts : List.of("main", "a7", ALL)) {
            for (String cursor : Arrays.asList(null, cursorInTheMiddle("erp_event"))) {
                for (String status : EVENT_STATUSES) {
                    reads(4500, "event-list", variables("accounts", accounts, "status", status, "cursor", cursor));
                    reads(
                            1000,
                            "event-list",
                            variables(
                                    "accounts",
                                    accounts,
                                    "status",
                                    status,
                                    "cursor",
                                    cursor,
                                    "orderNo",
                                    value("select order_no from payment where account = 'a7' limit 1")));
                }
                reads(8000, "event-list", variables("accounts", accounts, "limit", "200", "cursor", cursor));
            }
        }
    }

    @Test
    void readsOneOrdersRowsByAnIndex() throws SQLException {
        String key = value("select min(payment_id) from history");
        for (String deep : Arrays.asList(null, value("select max(id) - 75000 from history"))) {
            reads(200, "payment-history", variables("paymentRowId", key, "cursor", deep));
        }
        for (String deep : Arrays.asList(null, value("select max(id) - 10000 from refund"))) {
            reads(200, "refund-list", variables("paymentRowId", key, "cursor", deep));
        }
        String id = value(
                "select event_id from erp_event where id = (select event_id from event_attempt group by 1 order by count(*) desc limit 1)");
        reads(200, "event-find", variables("accounts", ALL, "eventId", id));
        reads(
                200,
                "payment-find",
                variables("accounts", ALL, "orderNo", value("select order_no from payment where id = " + key)));
        reads(200, "refund-find", variables("accounts", ALL, "refundNo", "RF-2026-1"));
    }

    @Test
    void readsTheDeadByTheirIndexForRedelivery() throws SQLException {
        reads(
                1000,
                "event-redeliver",
                variables(
                        "accounts",
                        ALL,
                        "createdFrom",
                        FAR_PAST,
                        "createdTo",
                        FAR_FUTURE,
                        "settledBefore",
                        FAR_FUTURE,
                        "status",
                        "DEAD"));
    }

    @Test
    void readsOnlyDueRowsForItsOwnWork() throws SQLException {
        Map<String, String> own = variables(
                "accounts",
                ALL,
                "ownAccounts",
                ALL,
                "pausedAccounts",
                "",
                "destination",
                "http",
                "eventAccounts",
                ALL,
                "capacity",
                "10",
                "perAccount",
                "10");
        for (String name : List.of(
                "refund-claim",
                "payment-reconcile",
                "refund-reconcile",
                "notification-claim",
                "event-claim",
                "store-state",
                "notification-purge",
                "history-purge",
                "event-attempt-purge")) {
            reads(1000, name, own);
        }
    }

    /** As a plain query would answer, page by page, whatever the filter and the size of the page. */
    @Test
    void showsEachPaymentOnceInOrder() throws SQLException {
        statement.execute("""
                insert into payment (account, order_no, status, review, payment_method, region, amount, currency, description,
                    content, merchant_id, app_id, method_key, notify_url, expires_at, paid_at, next_poll_at, created_at)
                select 'z' || n % 5, 'SO-Z-' || lpad(cast(n as text), 6, '0'), s.status,
                    case n % 3 when 0 then 'LATE_SUCCESS' when 1 then 'STUCK' end, 'CARD', 'SG', 1, 'SGD', 'x',
                    '{}', 'm', 'a', 'CARD', 'u', now(), now(), case when s.status in ('CREATED', 'PENDING') then now() end,
                    -- Many at one moment, and one account far older than the others.
                    now() - n / 7 * interval '1 s' - case when n % 5 = 4 then interval '1 d' else '0' end
                from generate_series(1, 400) n
                cross join lateral (select (array['CREATED', 'PENDING', 'SUCCEEDED', 'EXPIRED'])[1 + n % 4] as status) s""");
        Random random = new Random(18);
        for (int time = 0; time < 60; time++) {
            String status = random.nextBoolean() ? null : STATUSES.get(random.nextInt(STATUSES.size()));
            String review = random.nextBoolean() ? null : REVIEWS.get(random.nextInt(REVIEWS.size()));
            String accounts = random.nextBoolean() ? "z0,z1,z2,z3,z4,none" : "z" + random.nextInt(5);
            String from = random.nextBoolean() ? null : value("select cast(now() - interval '30 s' as text)");
            String to = random.nextBoolean() ? null : value("select cast(now() - interval '5 s' as text)");
            List<String> seen = new ArrayList<>();
            String cursor = null;
            do {
                JsonNode page = statements.one(
                        "payment-list",
                        variables(
                                "accounts",
                                accounts,
                                "status",
                                status,
                                "review",
                                review,
                                "createdFrom",
                                from,
                                "createdTo",
                                to,
                                "cursor",
                                cursor,
                                "limit",
                                String.valueOf(1 + random.nextInt(40))));
                cursor = shown(page, "payments", "order_no", seen);
            } while (cursor != null);
            assertThat(seen)
                    .isEqualTo(all("select order_no from payment where account = any (string_to_array('" + accounts
                            + "', ','))"
                            + (status == null ? "" : " and status = '" + status + "'")
                            + (review == null ? "" : " and review = '" + review + "'")
                            + (from == null ? "" : " and created_at >= '" + from + "'")
                            + (to == null ? "" : " and created_at < '" + to + "'")
                            + " order by created_at desc, id desc"));
        }
    }

    /** Adds what the API would show of a page, and gives its next cursor. */
    private static String shown(JsonNode page, String items, String name, List<String> seen) {
        int limit = page.path("limit").asInt();
        String cursor = null;
        for (int i = 0; i < Math.min(limit, page.path(items).size()); i++) {
            seen.add(page.path(items).get(i).path(name).asText());
            cursor = page.path(items).get(i).path("cursor").asText();
        }
        return page.path(items).size() > limit ? cursor : null;
    }

    private List<String> all(String sql) throws SQLException {
        List<String> all = new ArrayList<>();
        try (ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                all.add(row.getString(1));
            }
        }
        return all;
    }

    /** Also where most must be passed over, since another destination has them in another state. */
    @Test
    void showsEachEventOnceInOrder() throws SQLException {
        statement.execute("""
                insert into payment (account, order_no, payment_method, region, amount, currency, description, content,
                    merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at)
                select 'y' || n, 'SO-Y-00' || n, 'CARD', 'SG', 1, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u', now(), now()
                from generate_series(0, 2) n;
                insert into erp_event (account, payment_id, type, data, status, created_at)
                select p.account, p.id, 'payment.pending', '{}', case when n % 9 = 0 then 'NO_DESTINATION' else 'PENDING' end, now() - n / 3 * interval '1 s'
                from generate_series(1, 3000) n join payment p on p.account = 'y' || n % 3;
                insert into event_delivery (event_id, destination, payment_id, account, state, created_at, finished_at)
                select e.id, d.destination, e.payment_id, e.account, d.state, e.created_at,
                    case when d.state <> 'PENDING' then now() end
                from erp_event e
                cross join lateral (values
                    ('http', case when e.id % 701 = 0 or e.account = 'y2' then 'DELIVERED' else 'PENDING' end),
                    ('kafka', case when e.id % 5 = 0 and e.account = 'y1' then 'DEAD' else 'DELIVERED' end)) d (destination, state)
                where e.account like 'y%' and e.status = 'PENDING';
                vacuum analyze""".replace("vacuum analyze", "analyze"));
        Random random = new Random(18);
        for (String accounts : List.of("y0,y1,y2", "y0", "y1")) {
            for (String status : EVENT_STATUSES) {
                for (String order : Arrays.asList(null, "SO-Y-001")) {
                    List<String> seen = new ArrayList<>();
                    String cursor = null;
                    do {
                        JsonNode page = statements.one(
                                "event-list",
                                variables(
                                        "accounts",
                                        accounts,
                                        "status",
                                        status,
                                        "orderNo",
                                        order,
                                        "cursor",
                                        cursor,
                                        "limit",
                                        String.valueOf(1 + random.nextInt(200))));
                        cursor = shown(page, "events", "event_id", seen);
                    } while (cursor != null);
                    assertThat(seen)
                            .as("%s %s %s", accounts, status, order)
                            .isEqualTo(all(
                                    "select event_id from erp_event e where account = any (string_to_array('" + accounts
                                            + "', ','))"
                                            + (status == null ? "" : " and status = '" + status + "'")
                                            + (order == null
                                                    ? ""
                                                    : " and payment_id = (select id from payment where account = 'y1')")
                                            + " order by " + (order == null ? "created_at desc, id desc" : "id desc")));
                }
            }
        }
    }

    @Test
    void pagesHistoryRefundsAndAttempts() throws SQLException {
        String key = value("select min(payment_id) from history");
        for (String[] list : new String[][] {{"payment-history", "history"}, {"refund-list", "refunds"}}) {
            JsonNode first = statements.one(list[0], variables("paymentRowId", key, "cursor", null, "limit", null));
            assertThat(first.path(list[1])).hasSize(51);
            JsonNode second = statements.one(
                    list[0],
                    variables(
                            "paymentRowId",
                            key,
                            "cursor",
                            first.path(list[1]).get(49).path("cursor").asText(),
                            "limit",
                            "2"));
            assertThat(second.path(list[1]).get(0))
                    .isEqualTo(first.path(list[1]).get(50));
            assertThat(second.path(list[1])).hasSize(3);
        }
        String id = value(
                "select event_id from erp_event where id = (select event_id from event_attempt group by 1 order by count(*) desc limit 1)");
        assertThat(statements
                        .one("event-find", variables("accounts", "main", "eventId", id))
                        .path("attempts"))
                .hasSize(100);
    }

    @Test
    void keepsOneOfTheSameHistoryRowsInAnHour() throws SQLException {
        String key = value("select max(id) from payment where account = 'a9'");
        String row =
                "insert into history (payment_id, source, outcome, status_before, status_after, detail, at) values ("
                        + key + ", 'inquiry-payment', '%s', 'PENDING', '%s', %s, now() - interval '%s')";
        for (int i = 0; i < 3; i++) {
            statement.execute(row.formatted("CONFIRMED", "PENDING", "null", "90 minutes"));
            statement.execute(row.formatted("NO_RESPONSE", "PENDING", "'a'", "0"));
            statement.execute(row.formatted("CONFIRMED", "PENDING", "null", "0"));
            statement.execute(row.formatted("NO_RESPONSE", "PENDING", "'b'", "0"));
            statement.execute(row.formatted("CHANGED", "SUCCEEDED", "null", "0"));
        }
        assertThat(all("select outcome || coalesce(detail, '') from history where payment_id = " + key
                        + " order by id"))
                .containsExactly(
                        "CONFIRMED", "NO_RESPONSEa", "CONFIRMED", "NO_RESPONSEb", "CHANGED", "CHANGED", "CHANGED");
    }

    @Test
    void endsAPortionOfARedeliveryWhereItHasReadEnough() throws SQLException {
        String few = Statements.text("event-redeliver").replace("50000", "60").replace("greatest(100,", "greatest(30,");
        Statements small = new Statements(connection, Map.of("event-redeliver", few));
        statement.execute("update event_destination set types = '{payment.succeeded}' where account = 'a11'");
        String range = value("select count(*) from event_delivery where account = 'a11' and state = 'DELIVERED'");
        int redelivered = 0;
        String cursor = null;
        int portions = 0;
        do {
            JsonNode portion = small.one(
                    "event-redeliver",
                    variables(
                            "accounts",
                            "a11",
                            "createdFrom",
                            FAR_PAST,
                            "createdTo",
                            FAR_FUTURE,
                            "settledBefore",
                            FAR_FUTURE,
                            "status",
                            "DELIVERED",
                            "eventRowId",
                            null,
                            "cursor",
                            cursor));
            assertThat(portion.path("redelivered").asInt()).isLessThanOrEqualTo(30);
            redelivered += portion.path("redelivered").asInt();
            cursor = portion.path("nextCursor").asText(null);
            assertThat(portion.path("more").asBoolean()).isEqualTo(cursor != null);
            portions++;
        } while (cursor != null);
        assertThat(redelivered).isEqualTo(Integer.parseInt(range));
        assertThat(portions).isGreaterThan(5);
    }
}
