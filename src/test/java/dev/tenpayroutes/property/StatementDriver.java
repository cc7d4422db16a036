package dev.tenpayroutes.property;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.property.Step.Said;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Does what a step says, statement by statement as the routes do, on a connection of its own. What it answers is what a
 * route would go on with.
 */
final class StatementDriver {

    static final String[] ORDERS = {"SO-000", "SO-001"};
    static final String[] REFUNDS = {"RF-000", "RF-001", "RF-002", "RF-003"};
    static final String[] MERCHANTS = {"2480000000", "2480000001"};
    /** Of the payment's method, for refunds. */
    static final String[] RULES = {
        "{\"method\":\"CARD\",\"min\":1,\"max\":900}",
        "{\"method\":\"PAYNOW\",\"windowDays\":90}",
        "{\"method\":\"OTHER\"}"
    };

    private static final JsonNode NOT_ASKED = Statements.JSON.missingNode();

    private final Connection connection;
    private final Statements sql;
    private final CallTracker world;

    StatementDriver(Connection connection, Statements sql, CallTracker world) {
        this.connection = connection;
        this.sql = sql;
        this.world = world;
    }

    List<String> play(Step step) throws SQLException {
        if (step instanceof Step.Order s) {
            return List.of(order(s));
        } else if (step instanceof Step.CheckoutAnswer s) {
            String key = world.payment(s.account(), s.order());
            return world.answers(key, s.late())
                    ? List.of(payment("checkout-pay", s.account(), s.order(), s.said(), called(key), NOT_ASKED))
                    : List.of("no call");
        } else if (step instanceof Step.Inquiry s) {
            return inquiry(s);
        } else if (step instanceof Step.Close s) {
            return close(s);
        } else if (step instanceof Step.Webhook s) {
            ObjectNode body = TenpayResult.body(s.said(), MERCHANTS[s.account()], ORDERS[s.order()], null);
            return List.of(webhook(s.account(), "payments", ORDERS[s.order()], body.put("id", s.id()), s.said()));
        } else if (step instanceof Step.Poll s) {
            return poll("payment", s.released(), s.paused());
        } else if (step instanceof Step.Refund s) {
            return List.of(refund(s));
        } else if (step instanceof Step.RefundAnswer s) {
            String key = world.refund(s.account(), s.refund());
            return world.answers(key, s.late())
                    ? List.of(refund("refund", s.account(), s.order(), s.refund(), s.said(), called(key), NOT_ASKED))
                    : List.of("no call");
        } else if (step instanceof Step.RefundInquiry s) {
            return refundInquiry(s);
        } else if (step instanceof Step.RefundWebhook s) {
            ObjectNode body =
                    TenpayResult.body(s.said(), MERCHANTS[s.account()], ORDERS[s.order()], REFUNDS[s.refund()]);
            return List.of(webhook(s.account(), "refunds", REFUNDS[s.refund()], body.put("id", s.id()), s.said()));
        } else if (step instanceof Step.RefundPoll s) {
            return poll("refund", s.released(), s.paused());
        } else if (step instanceof Step.Reconcile) {
            List<String> taken = new ArrayList<>(claimed("payment", "payment-reconcile", "reconcile_at", ""));
            taken.addAll(claimed("refund", "refund-reconcile", "reconcile_at", ""));
            return taken;
        } else if (step instanceof Step.WebhookRetry) {
            return retry();
        } else if (step instanceof Step.Clock s) {
            pass(s.seconds());
            return List.of();
        }
        throw new IllegalArgumentException(step.toString());
    }

    private String order(Step.Order s) throws SQLException {
        ObjectNode order = Statements.JSON.createObjectNode();
        order.put("account", world.account(s.account()))
                .put("orderNo", ORDERS[s.order()])
                .put("paymentMethod", "CARD")
                .put("methodKey", "CARD")
                .put("region", "SG")
                .put("total", Histories.TOTALS[s.content()])
                .put("currency", "SGD")
                .put("description", "latte")
                .put("validitySeconds", s.validitySeconds())
                .put("merchantId", MERCHANTS[s.account()])
                .put("appId", "wx")
                .put("notifyUrl", "https://erp.example.com");
        order.putObject("metadata");
        order.putObject("content")
                .putObject("amount")
                .put("total", Histories.TOTALS[s.content()])
                .put("currency", "SGD");
        JsonNode row = sql.one("payment-insert", Map.of("order", order, "accounts", world.account(s.account())));
        if (row.isMissingNode()) {
            row = sql.one("payment-retry", Map.of("order", order, "accounts", world.account(s.account())));
        }
        String verdict = row.path("outcome").asText();
        if (verdict.equals("NEW") || verdict.equals("SUBMIT")) {
            world.mayCall(
                    world.payment(s.account(), s.order()),
                    row.path("submitted_at").asText());
        }
        return verdict;
    }

    private List<String> inquiry(Step.Inquiry s) throws SQLException {
        List<String> seen = new ArrayList<>();
        Long first = world.first(world.payment(s.account(), s.order()));
        JsonNode row = s.late() && first != null ? asFirst(first) : row(s.account(), s.order());
        seen.add(payment("inquiry-payment", s.account(), s.order(), s.said(), call(row), row));
        if (seen.get(0).endsWith("NOT_FOUND CREATED")) {
            JsonNode again = sql.one(
                    "payment-resubmit", Map.of("account", world.account(s.account()), "number", ORDERS[s.order()]));
            seen.add(again.isMissingNode() ? "not again" : "again");
            if (!again.isMissingNode()) {
                world.mayCall(
                        world.payment(s.account(), s.order()),
                        again.path("submitted_at").asText());
            }
        }
        return seen;
    }

    /** As the route that got an answer says whose it is. */
    private String called(String key) {
        return world.asWritten(world.answered(key));
    }

    /** What Tenpay doesn't know is asked about at once, and is unknown then, too. */
    private List<String> close(Step.Close s) throws SQLException {
        JsonNode row = row(s.account(), s.order());
        List<String> seen = new ArrayList<>();
        seen.add(payment("close-payment", s.account(), s.order(), s.said(), call(row), NOT_ASKED));
        if (seen.get(0).contains(" NOT_FOUND ")) {
            row = row(s.account(), s.order());
            ((ObjectNode) row).put("closeResult", "NOT_FOUND");
            seen.add(payment("inquiry-payment", s.account(), s.order(), Model.UNKNOWN, call(row), row));
        }
        return seen;
    }

    /** As the route that asks finds it; missing where there is none. */
    private JsonNode row(int account, int order) throws SQLException {
        return sql.one("payment-find", Map.of("orderNo", ORDERS[order], "accounts", world.account(account)));
    }

    private JsonNode refundRow(int account, int refund) throws SQLException {
        return sql.one("refund-find", Map.of("refundNo", REFUNDS[refund], "accounts", world.account(account)));
    }

    /** As it was when the first call had been made. */
    private JsonNode asFirst(Long first) {
        return Statements.JSON.createObjectNode().put("status", "CREATED").put("submitted_at", world.asWritten(first));
    }

    private static String call(JsonNode row) {
        return row.path("submitted_at").asText(null);
    }

    private List<String> refundInquiry(Step.RefundInquiry s) throws SQLException {
        List<String> seen = new ArrayList<>();
        Long first = world.first(world.refund(s.account(), s.refund()));
        JsonNode row = s.late() && first != null ? asFirst(first) : refundRow(s.account(), s.refund());
        seen.add(refund("inquiry-refund", s.account(), s.order(), s.refund(), s.said(), call(row), row));
        if (seen.get(0).endsWith("NOT_FOUND CREATED")) {
            JsonNode again = sql.one(
                    "refund-resubmit", Map.of("account", world.account(s.account()), "number", REFUNDS[s.refund()]));
            seen.add(again.isMissingNode() ? "not again" : "again");
            if (!again.isMissingNode()) {
                world.mayCall(
                        world.refund(s.account(), s.refund()),
                        again.path("submitted_at").asText());
            }
        }
        return seen;
    }

    private String payment(String source, int account, int order, Said said, String call, JsonNode asked)
            throws SQLException {
        String key = world.payment(account, order);
        if (said.word().equals("ORDER_PAID")
                || (source.equals("checkout-pay") && said.http().startsWith("4"))
                || (source.equals("checkout-pay") && said.word().equals("SUCCESS"))) {
            // Its amount, or what it refuses, is asked about at once.
            world.givenBack(key);
        }
        if (said.http().equals("unsent") && source.equals("checkout-pay")) {
            world.unsent(key);
        }
        JsonNode body = TenpayResult.body(said, MERCHANTS[account], ORDERS[order], null);
        String news = TenpayResult.of(source, said.http(), body, "payments", call, world.signature(said), asked);
        return said(status("payment-status", world.account(account), ORDERS[order], news, null));
    }

    private String refund(String source, int account, int order, int refund, Said said, String call, JsonNode asked)
            throws SQLException {
        if (source.equals("refund") && said.http().startsWith("4")) {
            // What it refuses is asked about at once.
            world.givenBack(world.refund(account, refund));
        }
        if (said.http().equals("unsent") && source.equals("refund")) {
            world.unsent(world.refund(account, refund));
        }
        JsonNode body = TenpayResult.body(said, MERCHANTS[account], ORDERS[order], REFUNDS[refund]);
        String signature = world.signature(said);
        String news = TenpayResult.of(source, said.http(), body, "refunds", call, signature, asked);
        JsonNode row = status("refund-status", world.account(account), REFUNDS[refund], news, null);
        if (row.isMissingNode() && news.contains("\"STATUS\"")) {
            // It may be taken in.
            world.signatureUnused(signature);
        }
        return said(row);
    }

    private JsonNode status(String statement, String account, String number, String news, byte[] notification)
            throws SQLException {
        Map<String, Object> variables = new HashMap<>();
        variables.put("account", account);
        variables.put("number", number);
        variables.put("tenpayResult", news);
        variables.put("notification", notification);
        return sql.one(statement, variables);
    }

    private static String said(JsonNode row) {
        return row.isMissingNode()
                ? "not there"
                : row.path("outcome").asText()
                        + (row.path("otherOrder").asBoolean() ? " elsewhere " : " ")
                        + row.path("resultCode").asText() + " "
                        + row.path("status").asText();
    }

    private String webhook(int account, String kind, String number, JsonNode body, Said said) throws SQLException {
        byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
        return process(world.account(account), kind, number, bytes, world.signature(said));
    }

    private String process(String account, String kind, String number, byte[] bytes, String signature)
            throws SQLException {
        String news = TenpayResult.of("notification", "200", json(bytes), kind, null, signature, NOT_ASKED);
        JsonNode row =
                status(kind.equals("refunds") ? "refund-status" : "payment-status", account, number, news, bytes);
        boolean applied = row.path("resultCode").asText().equals("STATUS")
                && !row.path("otherOrder").asBoolean();
        if (applied) {
            return said(row);
        }
        Map<String, Object> wait = new HashMap<>();
        wait.put("account", account);
        wait.put("kind", kind);
        wait.put("notification", bytes);
        wait.put("number", number);
        wait.put("problem", row.isMissingNode() ? "not there" : "elsewhere or a riddle");
        wait.put("signature", signature);
        List<Map<String, Object>> waits = sql.all("notification-park", wait);
        if (!waits.isEmpty()) {
            // Nothing was applied by its signature.
            world.signatureUnused(signature);
            return said(row) + " " + waits.get(0).get("state");
        }
        boolean rejected =
                signature != null && sql.all("notification-known", wait).isEmpty();
        return said(row) + (rejected ? " rejected" : " done");
    }

    private List<String> retry() throws SQLException {
        List<String> seen = new ArrayList<>();
        List<Map<String, Object>> rows =
                new ArrayList<>(sql.all("notification-claim", Map.of("ownAccounts", ownAccounts())));
        rows.sort(Comparator.comparingLong(row -> ((Number) row.get("id")).longValue()));
        for (Map<String, Object> row : rows) {
            byte[] bytes = (byte[]) row.get("body");
            String kind = row.get("kind").toString();
            String number = world.number(bytes, kind);
            seen.add(number + " " + process(row.get("account").toString(), kind, number, bytes, null));
        }
        return seen;
    }

    private static JsonNode json(byte[] body) {
        try {
            return Statements.JSON.readTree(body);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private String refund(Step.Refund s) throws SQLException {
        JsonNode payment =
                sql.one("payment-find", Map.of("orderNo", ORDERS[s.order()], "accounts", world.account(s.account())));
        if (payment.isMissingNode()) {
            return "no payment";
        }
        ObjectNode refund = Statements.JSON.createObjectNode();
        refund.put("payment", payment.path("id").asLong())
                .put("refundNo", REFUNDS[s.refund()])
                .put("total", s.total())
                .put("currency", s.currency())
                .put("reason", s.reason())
                .put("notifyUrl", "https://erp.example.com")
                .set("rules", json(RULES[s.rules()].getBytes(StandardCharsets.UTF_8)));
        JsonNode row;
        boolean alone = connection.getAutoCommit();
        if (alone) {
            connection.setAutoCommit(false);
        }
        try {
            sql.all("payment-lock", Map.of("paymentRowId", payment.path("id").asText()));
            row = sql.one("refund-insert", Map.of("refund", refund));
            if (alone) {
                connection.commit();
            }
        } finally {
            if (alone) {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
        if (row.path("outcome").asText().equals("KNOWN")) {
            row = sql.one("refund-retry", Map.of("refund", refund, "account", world.account(s.account())));
        }
        String verdict = row.path("outcome").asText();
        if (verdict.equals("NEW") || verdict.equals("SUBMIT")) {
            world.mayCall(
                    world.refund(s.account(), s.refund()),
                    row.path("submitted_at").asText());
        }
        return verdict;
    }

    private List<String> poll(String table, boolean released, boolean paused) throws SQLException {
        List<String> taken = claimed(table, table + "-claim", "next_poll_at", paused ? world.account(0) : "");
        taken.forEach(row -> world.taken(row.split(" ")[0]));
        taken.forEach(world.queue(table)::add);
        if (released) {
            for (String row = world.queue(table).poll();
                    row != null;
                    row = world.queue(table).poll()) {
                world.givenBack(row.split(" ")[0]);
                sql.all(table + "-release", Map.of(table + "RowId", row.split(" ")[2]));
            }
        }
        return taken;
    }

    private String ownAccounts() {
        return world.account(0) + "," + world.account(1);
    }

    /** A claimed row: its number, when it is due again, its key. */
    private List<String> claimed(String table, String statement, String due, String paused) throws SQLException {
        List<String> taken = new ArrayList<>();
        for (Map<String, Object> row :
                sql.all(statement, Map.of("pausedAccounts", paused, "ownAccounts", ownAccounts()))) {
            JsonNode json = json(row.get(table).toString().getBytes(StandardCharsets.UTF_8));
            String number = json.path("account").asText() + "/"
                    + json.path(table.equals("refund") ? "refund_no" : "order_no")
                            .asText();
            taken.add(number + " " + micros(json.path(due)) + " "
                    + json.path("id").asText());
        }
        taken.sort(Comparator.naturalOrder());
        return taken;
    }

    private static String micros(JsonNode time) {
        return time.isNull() ? "null" : Long.toString(CallTracker.micros(time.asText()));
    }

    /** Instead of the database's clock, everything it has written down moves. */
    void pass(long seconds) throws SQLException {
        shift(
                "payment",
                seconds,
                "expires_at",
                "submitted_at",
                "submitting_until",
                "next_poll_at",
                "created_at",
                "updated_at",
                "paid_at",
                "reconcile_at",
                "absent_at",
                "contradicted_at",
                "contradiction_upheld_at");
        shift(
                "refund",
                seconds,
                "refunded_at",
                "submitted_at",
                "submitting_until",
                "next_poll_at",
                "created_at",
                "updated_at",
                "reconcile_at",
                "contradicted_at",
                "contradiction_upheld_at");
        shift("notification", seconds, "next_attempt_at", "received_at");
        world.pass(seconds);
    }

    private void shift(String table, long seconds, String... columns) throws SQLException {
        StringBuilder update = new StringBuilder("update " + table + " set ");
        for (String column : columns) {
            update.append(column)
                    .append(" = ")
                    .append(column)
                    .append(" - make_interval(secs => ")
                    .append(seconds)
                    .append("), ");
        }
        update.setLength(update.length() - 2);
        try (PreparedStatement statement = connection.prepareStatement(update + " where account in (?, ?)")) {
            statement.setString(1, world.account(0));
            statement.setString(2, world.account(1));
            statement.executeUpdate();
        }
    }
}
