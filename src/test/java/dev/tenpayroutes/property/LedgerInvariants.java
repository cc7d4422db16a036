package dev.tenpayroutes.property;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What the database holds of some accounts, and what must be true of it whatever happened. */
public final class LedgerInvariants {

    private static final Set<String> OPEN = Set.of("CREATED", "PENDING");

    private static final String COMMON = """
            ' status=', status, ' review=', review, ' amount=', amount, ' ', currency, ' id=', %s, ' done=', %s,
            ' fail=', fail_reason, ' submits=', submits, ' submitted=', %s, ' until=', %s, ' poll=', %s, ' polls=', polls,
            ' created=', %s, ' updated=', %s, ' reconcile=', %s, ' contradicted=', %s, ' upheld=', %s""";

    private static final String ROWS =
            "select line from (select 1 as kind, account || '/' || order_no as key, concat('payment ', account, '/', order_no, "
                    + common("tenpay_payment_id", "paid_at")
                    + ", ' expires=', " + at("expires_at")
                    + ", ' refunded=', refunded, ' prepay=', prepay_info, ' refused=', case when refused then 'true' else 'false' end,"
                    + " ' refusal=', refusal, ' absent=', " + at("absent_at") + ") as line"
                    + " from payment where account = any (?) union all"
                    + " select 2, account || '/' || refund_no, concat('refund ', account, '/', refund_no, "
                    + common("tenpay_refund_id", "refunded_at")
                    + ", ' of=', order_no, ' reason=', reason, ' refusal=', refusal)"
                    + " from refund where account = any (?) union all"
                    + " select 3, lpad(cast(id as text), 20, '0'), concat('notification ', account, ' ', kind, ' state=', state, ' number=', number,"
                    + " ' problem=', problem, ' attempts=', attempts, ' next=', " + at("next_attempt_at")
                    + ", ' received=', "
                    + at("received_at") + ") from notification where account = any (?)) lines order by kind, key";

    private static final String HISTORY = """
            select p.account || '/' || p.order_no as payment, h.source, h.outcome, coalesce(h.status_before, '') as before,
                h.status_after as after, coalesce(h.detail, '') as detail, coalesce(r.refund_no, '') as refund
            from history h join payment p on p.id = h.payment_id left join refund r on r.id = h.refund_id
            where p.account = any (?) order by payment, h.id
            """;
    private static final String EVENTS = """
            select p.account || '/' || p.order_no as payment, e.type, e.data ->> 'status' as status,
                coalesce(e.data ->> 'review', '') as review, coalesce(r.refund_no, '') as refund
            from erp_event e join payment p on p.id = e.payment_id left join refund r on r.id = e.refund_id
            where p.account = any (?) order by payment, e.id
            """;
    private static final String PAYMENTS = """
            select account || '/' || order_no as payment, account || '/' || order_no as key, status, coalesce(review, '') as review,
                amount, currency, refunded, submits, next_poll_at is null as unasked,
                amount = cast(content #>> '{amount,total}' as bigint) and currency = content #>> '{amount,currency}' as asordered
            from payment where account = any (?) order by id
            """;
    private static final String REFUNDS = """
            select r.account || '/' || r.order_no as payment, r.account || '/' || r.refund_no as key, r.refund_no, r.status,
                coalesce(r.review, '') as review, r.amount, r.currency, r.submits, r.next_poll_at is null as unasked,
                p.order_no = r.order_no and p.account = r.account and p.currency = r.currency as asordered
            from refund r join payment p on p.id = r.payment_id where r.account = any (?) order by r.id
            """;

    private final Connection connection;
    private final String[] accounts;
    private final Map<String, PreparedStatement> prepared;

    /** @param prepared of this connection, kept from one history to the next */
    public LedgerInvariants(Connection connection, Map<String, PreparedStatement> prepared, String... accounts) {
        this.connection = connection;
        this.prepared = prepared;
        this.accounts = accounts;
    }

    private static String at(String column) {
        return "coalesce(cast(micros(" + column + ") as text), 'null')";
    }

    private static String common(String id, String done) {
        return COMMON.formatted(
                id,
                at(done),
                at("submitted_at"),
                at("submitting_until"),
                at("next_poll_at"),
                at("created_at"),
                at("updated_at"),
                at("reconcile_at"),
                at("contradicted_at"),
                at("contradiction_upheld_at"));
    }

    /** One line a row, as {@link Model#rows}. */
    List<String> rows() throws SQLException {
        return query(ROWS).stream().map(row -> row.get("line")).toList();
    }

    /** The history and the events of every payment, as {@link Model#past}. */
    List<String> past() throws SQLException {
        Map<String, List<String>> lines = new TreeMap<>();
        for (Map<String, String> row : query(HISTORY)) {
            lines.computeIfAbsent(row.get("payment"), key -> new ArrayList<>())
                    .add((row.get("payment") + " " + row.get("source") + " " + row.get("outcome") + " "
                                    + row.get("before") + ">" + row.get("after") + " " + row.get("detail") + " "
                                    + row.get("refund"))
                            .strip());
        }
        for (Map<String, String> row : query(EVENTS)) {
            lines.computeIfAbsent(row.get("payment"), key -> new ArrayList<>())
                    .add((row.get("payment") + " " + row.get("type") + " " + row.get("status") + " " + row.get("review")
                                    + " " + row.get("refund"))
                            .strip());
        }
        return lines.values().stream().flatMap(List::stream).toList();
    }

    /** Violations, whatever the order of steps; empty when there is none. */
    public List<String> wrongs() throws SQLException {
        List<String> wrongs = new ArrayList<>();
        Map<String, Map<String, String>> payments = byKey(query(PAYMENTS));
        Map<String, Map<String, String>> refunds = byKey(query(REFUNDS));
        Map<String, List<String>> changes = new HashMap<>();
        replay(payments, refunds, changes, wrongs);
        Map<String, List<String>> events = new HashMap<>();
        Map<String, String> reviewed = new HashMap<>();
        for (Map<String, String> row : query(EVENTS)) {
            String payment = row.get("payment");
            String key = row.get("refund").isEmpty() ? payment : account(payment) + row.get("refund");
            if (row.get("type").endsWith(".review")) {
                reviewed.put(key, row.get("review"));
            } else {
                events.computeIfAbsent(payment, any -> new ArrayList<>()).add(key + " " + row.get("type"));
                if (!row.get("type").endsWith("." + row.get("status").toLowerCase(Locale.ROOT))) {
                    wrongs.add(key + ": the event " + row.get("type") + " carries the status " + row.get("status"));
                }
            }
        }
        payments.keySet().forEach(payment -> {
            List<String> told = events.getOrDefault(payment, List.of());
            List<String> happened = changes.getOrDefault(payment, List.of());
            if (!told.equals(happened)) {
                wrongs.add(payment + ": the ERP is told " + told + ", but what happened is " + happened);
            }
        });
        for (Map<String, Map<String, String>> rows : List.of(payments, refunds)) {
            rows.forEach((key, row) -> {
                if (!row.get("review").isEmpty() && !row.get("review").equals(reviewed.get(key))) {
                    wrongs.add(key + ": the ERP was not told of the review " + row.get("review"));
                }
                if (OPEN.contains(row.get("status")) == row.get("unasked").equals("t")) {
                    wrongs.add(key + ": " + row.get("status") + ", and asked about no more, or for ever");
                }
                if (!row.get("asordered").equals("t")) {
                    wrongs.add(key + ": not what was ordered any more: " + row);
                }
            });
        }
        return wrongs;
    }

    /** What the rows say about how often the right to call was given. */
    Map<String, Integer> submits() throws SQLException {
        Map<String, Integer> submits = new TreeMap<>();
        for (String sql : List.of(PAYMENTS, REFUNDS)) {
            query(sql).forEach(row -> submits.put(row.get("key"), Integer.valueOf(row.get("submits"))));
        }
        return submits;
    }

    /** The numbers of what is not final yet. */
    List<String> open() throws SQLException {
        List<String> open = new ArrayList<>();
        for (String sql : List.of(PAYMENTS, REFUNDS)) {
            query(sql).stream()
                    .filter(row -> OPEN.contains(row.get("status")))
                    .forEach(row -> open.add(row.get("key")));
        }
        return open;
    }

    /** Lives every payment's history again: each line starts where the one before it ended, and no rule was broken on the way. */
    private void replay(
            Map<String, Map<String, String>> payments,
            Map<String, Map<String, String>> refunds,
            Map<String, List<String>> changes,
            List<String> wrongs)
            throws SQLException {
        Map<String, String> now = new HashMap<>();
        Set<String> late = new java.util.HashSet<>();
        for (Map<String, String> row : query(HISTORY)) {
            String payment = row.get("payment");
            boolean ofRefund = !row.get("refund").isEmpty();
            String key = ofRefund ? account(payment) + row.get("refund") : payment;
            String before = row.get("before");
            String after = row.get("after");
            boolean stored = row.get("outcome").equals("STORED");
            if (!before.equals(now.getOrDefault(key, ""))) {
                wrongs.add(key + ": was " + now.get(key) + ", but the history goes on from " + row);
            }
            if (stored != before.isEmpty() || (stored && !after.equals("CREATED"))) {
                wrongs.add(key + ": begins with " + row);
            }
            boolean moved = !before.equals(after);
            if (!stored && moved != row.get("outcome").equals("CHANGED")) {
                wrongs.add(key + ": " + row);
            }
            if (moved && !stored) {
                boolean lateSuccess = after.equals("SUCCEEDED") && !OPEN.contains(before);
                if (!OPEN.contains(before) && (!lateSuccess || before.equals("SUCCEEDED"))) {
                    wrongs.add(key + ": leaves what is final: " + row);
                }
                if (after.equals("CREATED")) {
                    wrongs.add(key + ": goes back: " + row);
                }
                if (lateSuccess && ofRefund) {
                    late.add(payment);
                }
                changes.computeIfAbsent(payment, any -> new ArrayList<>())
                        .add(key + " " + (ofRefund ? "refund." : "payment.") + after.toLowerCase(Locale.ROOT));
            }
            now.put(key, after);
            if (ofRefund && payments.containsKey(payment)) {
                if (stored && !"SUCCEEDED".equals(now.get(payment))) {
                    wrongs.add(key + ": a refund of a payment that is " + now.get(payment));
                }
                long taken = taken(payment, refunds, now);
                long paid = Long.parseLong(payments.get(payment).get("amount"));
                if (taken > paid && (stored || !late.contains(payment))) {
                    wrongs.add(key + ": " + taken + " refunded of " + paid + " after " + row);
                }
            }
        }
        payments.forEach((key, row) -> ends(key, row, now, wrongs));
        refunds.forEach((key, row) -> ends(key, row, now, wrongs));
        payments.forEach((payment, row) -> {
            long sum = refunds.values().stream()
                    .filter(refund -> refund.get("payment").equals(payment)
                            && refund.get("status").equals("SUCCEEDED"))
                    .mapToLong(refund -> Long.parseLong(refund.get("amount")))
                    .sum();
            if (Long.parseLong(row.get("refunded")) != sum) {
                wrongs.add(payment + ": refunded is " + row.get("refunded") + ", but its refunds are " + sum);
            }
        });
    }

    private static void ends(String key, Map<String, String> row, Map<String, String> now, List<String> wrongs) {
        if (!row.get("status").equals(now.get(key))) {
            wrongs.add(key + ": is " + row.get("status") + ", but its history ends with " + now.get(key));
        }
    }

    private static long taken(String payment, Map<String, Map<String, String>> refunds, Map<String, String> now) {
        return refunds.values().stream()
                .filter(refund -> refund.get("payment").equals(payment))
                .filter(refund -> now.containsKey(refund.get("key"))
                        && !now.get(refund.get("key")).equals("FAILED"))
                .mapToLong(refund -> Long.parseLong(refund.get("amount")))
                .sum();
    }

    private static String account(String payment) {
        return payment.substring(0, payment.indexOf('/') + 1);
    }

    private static Map<String, Map<String, String>> byKey(List<Map<String, String>> rows) {
        Map<String, Map<String, String>> byKey = new TreeMap<>();
        rows.forEach(row -> byKey.put(row.get("key"), row));
        return byKey;
    }

    private List<Map<String, String>> query(String sql) throws SQLException {
        PreparedStatement statement = prepared.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            prepared.put(sql, statement);
        }
        for (int i = 1; i <= sql.chars().filter(c -> c == '?').count(); i++) {
            statement.setArray(i, connection.createArrayOf("text", accounts));
        }
        List<Map<String, String>> rows = new ArrayList<>();
        try (ResultSet result = statement.executeQuery()) {
            while (result.next()) {
                Map<String, String> row = new TreeMap<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.put(result.getMetaData().getColumnLabel(i), result.getString(i));
                }
                rows.add(row);
            }
        }
        return rows;
    }
}
