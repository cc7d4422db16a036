package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * What several exchanges share one statement for comes out as if each had come after the other: drawn news and orders go to
 * account {@code one} each by itself, and to {@code two} together.
 */
class BatchStatementsTest {

    private static Database database;
    private static Connection connection;
    private static Statement statement;
    private static Statements statements;

    @BeforeContainer
    static void start() throws Exception {
        database = new Database();
        connection = database.connect();
        statement = connection.createStatement();
        statements = new Statements(connection, Map.of());
    }

    @AfterContainer
    static void stop() throws SQLException {
        connection.close();
        database.close();
    }

    /** One exchange: its number, and its variables but for the account. */
    private record Exchange(String number, Map<String, Object> variables) {}

    /** Several at once, as {@code batch:} does it: who has no row comes again alone. */
    private static List<String> together(String file, String account, List<Exchange> exchanges) throws SQLException {
        Map<String, Object> arrays = new HashMap<>();
        for (String name : exchanges.get(0).variables().keySet()) {
            List<Object> values = new ArrayList<>();
            exchanges.forEach(exchange -> values.add(of(exchange, account).get(name)));
            arrays.put(name, values);
        }
        arrays.put("account", exchanges.stream().map(exchange -> account).toList());
        String[] answers = new String[exchanges.size()];
        for (Map<String, Object> row : statements.all(file, arrays)) {
            int ordinal = ((Number) row.get("ordinal")).intValue() - 1;
            assertThat(answers[ordinal]).as("two answers for one").isNull();
            answers[ordinal] = said(row.get("result"));
        }
        for (int i = 0; i < answers.length; i++) {
            answers[i] = answers[i] == null ? alone(file, account, exchanges.get(i)) : answers[i];
        }
        return List.of(answers);
    }

    private static String alone(String file, String account, Exchange exchange) throws SQLException {
        Map<String, Object> variables = of(exchange, account);
        variables.put("account", account);
        List<Map<String, Object>> rows = statements.all(file, variables);
        assertThat(rows).hasSizeLessThan(2);
        return rows.isEmpty() ? "nothing" : said(rows.get(0).get("result"));
    }

    private static Map<String, Object> of(Exchange exchange, String account) {
        Map<String, Object> variables = new HashMap<>(exchange.variables());
        variables.computeIfPresent("order", (name, order) -> order.toString().replace("ACCOUNT", account));
        // One namespace of signatures for all accounts.
        String digest = account.equals("one") ? "01" : "02";
        variables.computeIfPresent(
                "tenpayResult", (name, news) -> news.toString().replace("ACCOUNT", digest));
        variables.computeIfPresent("accounts", (name, accounts) -> account);
        return variables;
    }

    private static String said(Object answer) {
        try {
            var row = Statements.JSON.readTree(answer.toString());
            return row.path("order_no").asText() + " " + row.path("outcome").asText() + " "
                    + row.path("otherOrder").asText() + " "
                    + row.path("resultCode").asText() + " "
                    + row.path("detail").asText() + " " + row.path("status").asText() + " "
                    + row.path("amount").asText();
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void empty() throws SQLException {
        statement.execute("delete from event_delivery; delete from event_queue; delete from event_destination;"
                + " delete from erp_event; delete from history; delete from notification; delete from used_signature;"
                + " delete from payment");
        statement.execute("insert into event_destination (account, destination, address) select account, 'http', 'x'"
                + " from unnest(array['one', 'two']) as account");
    }

    /** All that is there of an account, without what can't be the same twice. */
    private static Map<String, List<String>> rows(String account) throws SQLException {
        Map<String, List<String>> tables = new TreeMap<>();
        for (String sql : List.of(
                "select order_no, status, review, amount, tenpay_payment_id, prepay_info, fail_reason, refused, submits, polls,"
                        + " refusal, absent_at is null, contradicted_at is null,"
                        + " next_poll_at is null, reconcile_at is null, submitting_until is null, paid_at is null, content"
                        + " from payment where account = ? order by 1",
                "select p.order_no, h.source, h.outcome, h.status_before, h.status_after, h.detail from history h"
                        + " join payment p on p.id = h.payment_id where p.account = ? order by p.order_no, h.id",
                "select p.order_no, e.type, e.data->>'status', d.state from erp_event e join payment p on p.id = e.payment_id"
                        + " left join event_delivery d on d.event_id = e.id where p.account = ? order by p.order_no, e.id",
                "select p.order_no, q.pending from event_queue q join payment p on p.id = q.payment_id where p.account = ?"
                        + " order by 1",
                "select convert_from(body, 'UTF8'), kind, state, next_attempt_at is null from notification"
                        + " where account = ? order by 1")) {
            try (var query = connection.prepareStatement(sql)) {
                query.setString(1, account);
                List<String> lines = new ArrayList<>();
                try (ResultSet row = query.executeQuery()) {
                    while (row.next()) {
                        StringBuilder line = new StringBuilder();
                        for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
                            line.append(row.getString(i)).append(' ');
                        }
                        lines.add(line.toString());
                    }
                }
                tables.put(sql, lines);
            }
        }
        return tables;
    }

    private static void same(String file, List<Exchange> exchanges) throws SQLException {
        List<String> one = new ArrayList<>();
        for (Exchange exchange : exchanges) {
            one.add(alone(file, "one", exchange));
        }
        List<String> two = together(file, "two", exchanges);
        assertThat(two).isEqualTo(one);
        assertThat(rows("two")).isEqualTo(rows("one"));
    }

    private static String any(Random random, String... words) {
        return words[random.nextInt(words.length)];
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void batchedResultsEqualSingleResults(@ForAll long seed) throws Exception {
        Random random = new Random(seed);
        empty();
        int payments = 1 + random.nextInt(5);
        for (int i = 0; i < payments; i++) {
            String status = any(random, "CREATED", "PENDING", "PENDING", "SUCCEEDED", "FAILED", "CLOSED", "EXPIRED");
            boolean open = status.equals("CREATED") || status.equals("PENDING");
            statement.execute(
                    "insert into payment (account, order_no, status, payment_method, region, amount, currency,"
                            + " description, content, merchant_id, app_id, method_key, notify_url, expires_at, next_poll_at, paid_at,"
                            + " submitted_at, submitting_until, submits, updated_at) select account, 'SO-00000" + i
                            + "', '"
                            + status
                            + "', 'CARD', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a', 'CARD', 'u', now() + interval '"
                            + any(random, "1 hour", "-1 minute", "-2 days") + "', "
                            + (open ? "now()" : "null") + ", " + (status.equals("SUCCEEDED") ? "now()" : "null")
                            + ", '2026-11-28T08:00:00Z', " + any(random, "null", "now() + interval '10 s'") + ", "
                            + (1 + random.nextInt(2)) + ", now() - interval '" + any(random, "1 second", "2 days")
                            + "' from unnest(array['one', 'two']) as account");
        }
        List<Exchange> news = new ArrayList<>();
        for (int i = 0; i < 2 + random.nextInt(8); i++) {
            String number = "SO-00000" + random.nextInt(payments + 1);
            String source =
                    any(random, "notification", "notification", "checkout-pay", "inquiry-payment", "close-payment");
            boolean notified = source.equals("notification");
            String answer = notified || random.nextBoolean()
                    ? "STATUS"
                    : any(random, "REFUSED", "NOT_FOUND", "NONE", "CONFLICT", "PAID", "DENIED", "NOT_CLOSABLE");
            ObjectNode one =
                    Statements.JSON.createObjectNode().put("source", source).put("resultCode", answer);
            if (answer.equals("STATUS")) {
                one.put("status", any(random, "PENDING", "SUCCEEDED", "SUCCEEDED", "FAILED", "CLOSED", "EXPIRED"))
                        .put("merchantId", any(random, "m", "m", "m", "another"))
                        .put("orderNo", number)
                        .put("paymentId", any(random, "P-1", "P-2"))
                        .put("prepayInfo", any(random, "prepay 1", "prepay 2"));
                if (random.nextInt(4) > 0) {
                    one.put("total", any(random, "1050", "1050", "1050", "1")).put("currency", "SGD");
                }
            } else {
                one.put("reason", any(random, "because", "why not"));
            }
            if (random.nextBoolean()) {
                one.put("submittedAt", "2026-11-28T08:00:00Z");
            }
            // Of one number each: of two numbers the one that comes first would use it, which in a batch may be
            // another.
            if (random.nextInt(4) > 0 && !one.path("unsent").asBoolean()) {
                one.put("signature", "ACCOUNT0" + number.charAt(number.length() - 1) + "0" + random.nextInt(4));
            }
            if (source.equals("inquiry-payment")) {
                one.put("statusBefore", any(random, "CREATED", "PENDING", "SUCCEEDED", "FAILED", "CLOSED", "EXPIRED"));
            }
            if (answer.equals("NONE") && random.nextBoolean()) {
                one.put("unsent", true);
            }
            Map<String, Object> variables = new HashMap<>();
            variables.put("number", number);
            variables.put("tenpayResult", one.toString());
            variables.put(
                    "notification", notified ? (number + random.nextInt(2)).getBytes(StandardCharsets.UTF_8) : null);
            news.add(new Exchange(number, variables));
        }
        same("payment-status", news);
    }

    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void batchedOrdersEqualSingleOrders(@ForAll long seed) throws Exception {
        Random random = new Random(seed);
        empty();
        List<Exchange> orders = new ArrayList<>();
        for (int i = 0; i < 2 + random.nextInt(8); i++) {
            orders.add(order("SO-00000" + random.nextInt(5), 1 + random.nextInt(3)));
        }
        same("payment-insert", orders.subList(0, 1));
        same("payment-insert", orders);
    }

    private static Exchange order(String number, int total) {
        ObjectNode order = Statements.JSON
                .createObjectNode()
                .put("account", "ACCOUNT")
                .put("orderNo", number)
                .put("paymentMethod", "CARD")
                .put("methodKey", "CARD")
                .put("region", "SG")
                .put("total", total)
                .put("currency", "SGD")
                .put("description", "latte")
                .put("validitySeconds", 1800)
                .put("merchantId", "m")
                .put("appId", "wx")
                .put("notifyUrl", "u");
        order.putObject("metadata");
        order.putObject("content").put("total", total);
        return new Exchange(number, Map.of("order", order.toString(), "accounts", "ACCOUNT"));
    }

    /** Else one person's lock would keep everybody waiting. */
    @Example
    void ofSeveralWhoIsHeldBySomebodyElseIsLeftOutAndTheOthersAreDone() throws Exception {
        empty();
        same("payment-insert", List.of(order("SO-000000", 1), order("SO-000001", 1)));
        try (Connection person = database.connect();
                Statement held = person.createStatement()) {
            person.setAutoCommit(false);
            held.execute("select * from payment where order_no = 'SO-000000' for update");
            List<Map<String, Object>> rows =
                    statements.all("payment-status", newsOfBoth("checkout-pay", "PENDING", List.of("one", "one")));
            assertThat(rows).hasSize(1);
            assertThat(said(rows.get(0).get("result"))).startsWith("SO-000001 CHANGED");
            person.rollback();
        }
    }

    @Example
    void ofTwoInABatchWithTheSameSignatureOneCounts() throws Exception {
        empty();
        same("payment-insert", List.of(order("SO-000000", 1), order("SO-000001", 1)));
        Map<String, Object> both = new HashMap<>(newsOfBoth("inquiry-payment", "CLOSED", List.of("one", "one")));
        both.computeIfPresent(
                "tenpayResult",
                (name, news) -> ((List<?>) news)
                        .stream()
                                .map(one -> ((ObjectNode) one).put("signature", "c0ffee"))
                                .toList());
        assertThat(statements.all("payment-status", both))
                .extracting(row -> said(row.get("result")).replaceFirst("(\\w+ \\w*).*", "$1"))
                .containsExactlyInAnyOrder("SO-000000 CHANGED", "SO-000001 NO_RESPONSE");
    }

    /** {@code event-redeliver} holds turns in the order of their payments: taking them otherwise may deadlock with it. */
    @Example
    void turnsOfEventsAreTakenInTheOrderOfTheirPayments() throws Exception {
        empty();
        alone("payment-insert", "one", order("SO-000000", 1));
        alone("payment-insert", "two", order("SO-000001", 1));
        statement.execute("update event_destination set destination = 'kafka' where account = 'one';"
                + " insert into event_queue (payment_id, destination, account, pending)"
                + " select id, case account when 'one' then 'kafka' else 'http' end, account, 0 from payment");
        try (Connection person = database.connect();
                Statement held = person.createStatement()) {
            person.setAutoCommit(false);
            held.execute("select * from event_queue where destination = 'kafka' for update");
            CompletableFuture<List<Map<String, Object>>> batch = CompletableFuture.supplyAsync(() -> {
                try {
                    return statements.all(
                            "payment-status", newsOfBoth("inquiry-payment", "CLOSED", List.of("one", "two")));
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            await().until(() -> {
                try (ResultSet waiting = held.executeQuery("select 1 from pg_locks where not granted")) {
                    return waiting.next();
                }
            });
            held.execute("select * from event_queue where destination = 'http' for update nowait");
            person.rollback();
            assertThat(batch.orTimeout(10, TimeUnit.SECONDS).join()).hasSize(2);
        }
    }

    /** The two orders of these accounts, in one batch. */
    private static Map<String, Object> newsOfBoth(String source, String status, List<String> accounts) {
        List<String> numbers = List.of("SO-000000", "SO-000001");
        return Map.of(
                "account",
                accounts,
                "number",
                numbers,
                "tenpayResult",
                numbers.stream()
                        .map(number -> Statements.JSON
                                .createObjectNode()
                                .put("source", source)
                                .put("resultCode", "STATUS")
                                .put("status", status)
                                .put("merchantId", "m")
                                .put("orderNo", number))
                        .toList(),
                "notification",
                Arrays.asList(null, null));
    }

    /** Two accounts may use one number each; who may use both finds the order that is there. */
    @Example
    void theSameNumberInTwoAccountsIsTwoOrders() throws Exception {
        empty();
        Exchange order = order("SO-000000", 1);
        String both = order.variables().get("order").toString();
        Map<String, Object> arrays = Map.of(
                "order", List.of(both.replace("ACCOUNT", "one"), both.replace("ACCOUNT", "two")),
                "accounts", List.of("one", "two"));
        List<Map<String, Object>> rows = statements.all("payment-insert", arrays);
        assertThat(rows).hasSize(1);
        assertThat(alone("payment-insert", "two", order)).startsWith("SO-000000 NEW");
        assertThat(alone("payment-insert", "one", order)).isEqualTo("nothing");
    }
}
