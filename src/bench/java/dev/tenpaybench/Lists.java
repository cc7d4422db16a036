package dev.tenpaybench;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;

/** How long each page of each list takes beside many rows, and how much of it PostgreSQL computes, with either kind of plan; the plans are kept. */
final class Lists {

    private static final Path PLANS = Path.of("target/bench/lists");
    private static final Pattern PARAMETER = Pattern.compile(":#\\$\\{variable\\.(\\w+)}");
    private static final int TIMES = 20;
    private static final String ALL = Stream.concat(
                    Stream.of("main"), IntStream.rangeClosed(1, 99).mapToObj(n -> "a" + n))
            .collect(Collectors.joining(","));

    private final Connection connection;
    private final Statement statement;

    private Lists(Connection connection) throws SQLException {
        this.connection = connection;
        statement = connection.createStatement();
    }

    static void run(Path folder, int stored) throws IOException, SQLException {
        Files.createDirectories(PLANS);
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                .setOverrideWorkingDirectory(folder.toFile())
                .setServerConfig("fsync", "off")
                .setServerConfig("shared_buffers", "1GB")
                .setServerConfig("max_wal_size", "8GB")
                .start()) {
            Flyway.configure()
                    .dataSource(postgres.getPostgresDatabase())
                    .locations("filesystem:src/main/resources/db/migration")
                    .load()
                    .migrate();
            try (Connection connection = postgres.getPostgresDatabase().getConnection()) {
                new Lists(connection).run(stored);
            }
        }
    }

    private void run(int stored) throws IOException, SQLException {
        statement.execute(Files.readString(Path.of("src/bench/resources/lists.sql"))
                .replace(":payments", String.valueOf(stored)));
        statement.execute("vacuum analyze");
        statement.execute("set jit = off");
        String payment = middle("payment");
        String event = middle("erp_event");
        for (String accounts : List.of("main", ALL)) {
            String of = accounts.equals("main") ? " of main, " : " of 100 accounts, ";
            String all = "accounts=" + accounts + " ";
            for (String limit : List.of("50", "100")) {
                String page = all + "limit=" + limit + " ";
                ask("payments" + of + limit, "payment-list", page);
                ask("payments" + of + limit + ", deep", "payment-list", page + "cursor=" + payment);
                for (String status : List.of("FAILED", "SUCCEEDED", "PENDING")) {
                    ask("payments " + status + of + limit, "payment-list", page + "status=" + status);
                }
                ask("events" + of + limit, "event-list", page);
                ask("events" + of + limit + ", deep", "event-list", page + "cursor=" + event);
                for (String status : List.of("PENDING", "DELIVERED", "DEAD", "NO_DESTINATION")) {
                    ask("events " + status + of + limit, "event-list", page + "status=" + status);
                }
                for (String found : List.of(
                        "searchPath=created paymentMethod=PAYNOW",
                        "searchPath=created currency=SGD amountFrom=1050 amountTo=1050",
                        "searchPath=created paymentMethod=CARD",
                        "searchPath=created amountFrom=7",
                        "searchPath=status status=SUCCEEDED currency=MOP",
                        "searchPath=review review=any",
                        "searchPath=paid paidFrom=2020-01-01T00:00:00Z",
                        "searchPath=paid paidFrom=2020-01-01T00:00:00Z cursor=" + payment,
                        "searchPath=prefix orderNoPrefix=SO-2026-0000012",
                        "searchPath=prefix orderNoPrefix=SO",
                        "searchPath=term paymentId="
                                + value("select max(tenpay_payment_id) from payment where account = 'main'"),
                        "searchPath=term metadataKey=shop metadataValue=7",
                        "searchPath=term metadataKey=shop metadataValue=none")) {
                    ask("payments by " + found + of + limit, "payment-search", page + found);
                }
                for (String found : List.of(
                        "searchPath=created currency=SGD",
                        "searchPath=status status=SUCCEEDED",
                        "searchPath=review review=any",
                        "searchPath=paid paidFrom=2020-01-01T00:00:00Z",
                        "searchPath=prefix orderNoPrefix=SO-2026-0000012",
                        "searchPath=term metadataKey=shop metadataValue=7",
                        "searchPath=created paymentMethod=CARD")) {
                    ask("refunds by " + found + of + limit, "refund-search", page + found);
                }
                ask("reviews" + of + limit, "review-list", page);
            }
            for (String review : List.of("LATE_SUCCESS", "STUCK")) {
                ask("payments in review " + review + of, "payment-list", all + "review=" + review);
                ask("FAILED in review " + review + of, "payment-list", all + "status=FAILED review=" + review);
            }
            String then = "createdFrom=1999-01-01T00:00:00Z createdTo=2000-01-01T00:00:00Z";
            ask("payments of another century" + of, "payment-list", all + then);
            String today = value("select cast(now() at time zone 'UTC' as date)");
            ask(
                    "report of a day" + of,
                    "report-daily",
                    all + "timeZone=UTC reportFrom=" + today + " reportTo=" + today);
        }
        String asked = value("select min(payment_id) from history");
        String key = "paymentRowId=" + asked + " ";
        ask("history, the first 50", "payment-history", key);
        ask("history, deep", "payment-history", key + "cursor=" + value("select max(id) - 75000 from history"));
        ask("refunds of a payment, deep", "refund-list", key + "cursor=" + value("select max(id) - 10000 from refund"));
        String order = value("select order_no from payment where id = " + asked);
        ask("events of an order", "event-list", "accounts=" + ALL + " orderNo=" + order);
        ask(
                "redelivery, a portion of the dead",
                "event-redeliver",
                "accounts=" + ALL + " createdFrom=2020-01-01T00:00:00Z createdTo=2099-01-01T00:00:00Z"
                        + " settledBefore=2020-01-01T00:00:00Z status=DEAD");
    }

    private String middle(String table) throws SQLException {
        return value("select cast(extract(epoch from created_at) * 1000000 as bigint) || '-' || id from " + table
                + " where account = 'main' and created_at < (select min(created_at) + (max(created_at) - min(created_at)) / 2 from "
                + table + ") order by created_at desc limit 1");
    }

    /** What PostgreSQL's process has used, in milliseconds: it tells more than time where others use the machine. */
    private double cpu() throws SQLException {
        return Double.parseDouble(value("select split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)")) / 1e6;
    }

    private String value(String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private void ask(String what, String name, String given) throws IOException, SQLException {
        Map<String, String> variables = new TreeMap<>();
        for (String word : given.strip().split(" ")) {
            variables.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
        }
        List<String> values = new ArrayList<>();
        String sql = Files.readAllLines(Path.of("routes/sql", name + ".sql")).stream()
                .filter(line -> !line.strip().startsWith("--"))
                .collect(Collectors.joining("\n"));
        sql = PARAMETER.matcher(sql).replaceAll(found -> {
            String value = variables.get(found.group(1));
            values.add(value == null ? "null" : "'" + value + "'");
            return Matcher.quoteReplacement("$" + values.size());
        });
        String execute = " execute list (" + String.join(", ", values) + ")";
        StringBuilder line = new StringBuilder(what);
        for (String mode : List.of("force_generic_plan", "force_custom_plan")) {
            statement.execute("set plan_cache_mode = " + mode);
            statement.execute("prepare list ("
                    + values.stream().map(value -> "text").collect(Collectors.joining(", ")) + ") as " + sql);
            double[] millis = new double[TIMES];
            double cpu = cpu();
            for (int time = 0; time < TIMES; time++) {
                long start = System.nanoTime();
                statement.execute(execute);
                millis[time] = (System.nanoTime() - start) / 1e6;
            }
            line.append(String.format(
                    Locale.ROOT,
                    "%s %.1f ms, %.1f of CPU",
                    mode.contains("generic") ? ":" : "; planned anew",
                    Figures.median(millis),
                    (cpu() - cpu) / TIMES));
            keep(what + " " + mode, execute);
            statement.execute("deallocate list");
        }
        System.out.println(line);
    }

    private void keep(String what, String execute) throws IOException, SQLException {
        connection.setAutoCommit(false);
        List<String> plan = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery("explain (analyze, buffers)" + execute)) {
            while (rows.next()) {
                plan.add(rows.getString(1));
            }
        }
        connection.rollback();
        connection.setAutoCommit(true);
        Files.write(PLANS.resolve(what.replaceAll("[^A-Za-z0-9]+", "-") + ".txt"), plan);
    }
}
