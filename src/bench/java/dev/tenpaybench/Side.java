package dev.tenpaybench;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One of the two programs that are compared, with a database of its own on the one server. */
abstract class Side implements AutoCloseable {

    static final String KEY = "an-api-key-of-more-than-20-characters";

    final String name;
    final String url;
    final List<Proc> programs = new ArrayList<>();
    final List<Integer> ports = new ArrayList<>();
    final List<Double> secondsToReady = new ArrayList<>();
    final Connection database;
    private final Path folder;

    Side(String name, EmbeddedPostgres postgres, Path folder) throws IOException, SQLException {
        this.name = name;
        this.folder = folder;
        try (Connection server = DriverManager.getConnection(postgres.getJdbcUrl("postgres", "postgres"));
                Statement statement = server.createStatement()) {
            statement.execute("create database " + name);
        }
        this.url = postgres.getJdbcUrl("postgres", name);
        this.database = DriverManager.getConnection(url);
    }

    abstract List<String> command(List<String> java);

    abstract Map<String, String> settings(int port);

    abstract String readiness();

    /** Makes orders that are stored, known to Tenpay and not paid; due to be asked about now, or not for a long time. */
    abstract void insertOpen(String prefix, int count, boolean due) throws SQLException;

    /** Makes orders that were paid long ago. */
    abstract void insertPaid(long from, long to) throws SQLException;

    abstract void makeDue(String prefix) throws SQLException;

    /** How many of these orders are paid by now. */
    abstract long paid(String prefix) throws SQLException;

    /** Takes what is still open out of the poller's way. */
    abstract void close(String prefix) throws SQLException;

    void start(List<String> java, int instances) throws Exception {
        for (int i = 0; i < instances; i++) {
            int port;
            try (ServerSocket free = new ServerSocket(0)) {
                port = free.getLocalPort();
            }
            long from = System.nanoTime();
            Proc program = new Proc(command(java), folder, settings(port), folder.resolve(name + i + ".log"));
            programs.add(program);
            ports.add(port);
            HttpClient http = HttpClient.newHttpClient();
            HttpRequest ask = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + readiness()))
                    .build();
            while (!ready(http, ask)) {
                if (!program.isAlive() || System.nanoTime() - from > 300e9) {
                    throw new IOException(
                            name + " doesn't start:\n" + Files.readString(folder.resolve(name + i + ".log")));
                }
                Thread.sleep(20);
            }
            secondsToReady.add((System.nanoTime() - from) / 1e9);
        }
    }

    private static boolean ready(HttpClient http, HttpRequest ask) throws InterruptedException {
        try {
            int status = http.send(ask, HttpResponse.BodyHandlers.discarding()).statusCode();
            return status == 200 || status == 404 && ask.uri().getPath().startsWith("/v1/");
        } catch (IOException e) {
            return false;
        }
    }

    /** A range, for the index: a pattern would read the whole table. */
    static String numbers(String prefix) {
        return "order_no between '" + prefix + "0000000' and '" + prefix + "9999999'";
    }

    String targets() {
        return String.join(",", ports.stream().map(port -> "127.0.0.1:" + port).toList());
    }

    double cpu() throws IOException {
        double sum = 0;
        for (Proc program : programs) {
            sum += program.cpu();
        }
        return sum;
    }

    void sql(String sql) throws SQLException {
        try (Statement statement = database.createStatement()) {
            statement.execute(sql);
        }
    }

    long number(String sql) throws SQLException {
        try (Statement statement = database.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    @Override
    public void close() throws SQLException {
        programs.forEach(Proc::close);
        programs.clear();
        ports.clear();
        secondsToReady.clear();
        database.close();
    }

    /** The packaged jar, in production, with everything on. */
    static final class Ours extends Side {

        private final Path folder;
        private final String tenpay;
        private final String erp;
        private final Path jar;

        Ours(String name, EmbeddedPostgres postgres, Path folder, String tenpay, String erp, Path jar)
                throws IOException, SQLException {
            super(name, postgres, folder);
            this.folder = folder;
            this.tenpay = tenpay;
            this.erp = erp;
            this.jar = jar;
        }

        @Override
        List<String> command(List<String> java) {
            List<String> command = new ArrayList<>(java);
            command.addAll(List.of("-jar", jar.toString()));
            return command;
        }

        @Override
        Map<String, String> settings(int port) {
            Map<String, String> settings = new TreeMap<>();
            String account = "tenpay.accounts.main.";
            settings.put("spring.profiles.active", "production");
            settings.put("server.port", Integer.toString(port));
            settings.put("server.address", "127.0.0.1");
            settings.put("spring.datasource.url", url);
            settings.put("spring.datasource.username", "postgres");
            settings.put("tenpay.base-url", tenpay);
            settings.put("tenpay.notify-base-url", "http://127.0.0.1:" + port);
            settings.put(account + "merchant-id", Answers.MERCHANT);
            settings.put(account + "app-id", Answers.APP);
            settings.put(
                    account + "private-key", folder.resolve("merchant-key.pem").toString());
            settings.put(
                    account + "certificate", folder.resolve("merchant-cert.pem").toString());
            settings.put(
                    account + "platform-certificates",
                    folder.resolve("platform").toString());
            settings.put(account + "api-key", Answers.API_KEY);
            settings.put("tenpay.clients.erp.api-key", KEY);
            settings.put("tenpay.clients.erp.accounts", "main");
            settings.put("tenpay.clients.erp.scopes", "payments:read,payments:write,refunds:write");
            // The limit of a client is for its own good; here the machine's is looked for.
            settings.put("tenpay.clients.erp.requests-per-second", "100000");
            if (!erp.isEmpty()) {
                settings.put(account + "events.url", erp);
                settings.put(account + "events.secrets", "whsec_" + "QUJD".repeat(8));
                settings.put("tenpay.events.allowed-networks", "127.0.0.0/8");
            }
            Map<String, String> environment = new TreeMap<>();
            settings.forEach((key, value) ->
                    environment.put(key.replace("-", "").replace('.', '_').toUpperCase(java.util.Locale.ROOT), value));
            return environment;
        }

        @Override
        String readiness() {
            return "/actuator/health/readiness";
        }

        private static final String COLUMNS =
                "account, order_no, status, payment_method, region, amount, currency, description, content, merchant_id, app_id, "
                        + "method_key, notify_url, expires_at, tenpay_payment_id, prepay_info, paid_at, next_poll_at, created_at, updated_at";

        private static String values(String number) {
            return "'PAYNOW', 'SG', " + Answers.AMOUNT + ", 'SGD', '2 x latte', jsonb_build_object('orderNo', " + number
                    + "), '" + Answers.MERCHANT + "', '" + Answers.APP
                    + "', 'PAYNOW', 'https://erp.example.com/webhooks/tenpay/main/payments'";
        }

        @Override
        void insertOpen(String prefix, int count, boolean due) throws SQLException {
            String number = "'" + prefix + "' || lpad(n::text, 7, '0')";
            sql("insert into payment (" + COLUMNS + ") select 'main', " + number + ", 'PENDING', " + values(number)
                    + ", now() + interval '1 day', '42' || " + number + ", 'prepay', null, "
                    + (due ? "now()" : "now() + interval '1 day'") + ", now(), now() from generate_series(0, "
                    + (count - 1) + ") n");
        }

        @Override
        void insertPaid(long from, long to) throws SQLException {
            String number = "'OLD' || lpad(n::text, 9, '0')";
            String at = "now() - interval '400 d' + n * interval '3 s'";
            sql("insert into payment (" + COLUMNS + ") select 'main', " + number + ", 'SUCCEEDED', " + values(number)
                    + ", " + at + ", '42' || " + number + ", 'prepay', " + at + ", null, " + at + ", " + at
                    + " from generate_series(" + from + ", " + to + ") n");
            sql("insert into history (payment_id, source, outcome, status_before, status_after, at) "
                    + "select id, s.source, 'CHANGED', null, s.status, p.created_at from payment p cross join "
                    + "(values ('order', 'CREATED'), ('checkout-pay', 'PENDING'), ('notification', 'SUCCEEDED')) s (source, status) "
                    + "where order_no between 'OLD' || lpad('" + from + "', 9, '0') and 'OLD' || lpad('" + to
                    + "', 9, '0') and account = 'main'");
        }

        @Override
        void makeDue(String prefix) throws SQLException {
            sql("update payment set next_poll_at = now() where account = 'main' and " + numbers(prefix)
                    + " and status = 'PENDING'");
        }

        @Override
        long paid(String prefix) throws SQLException {
            return number("select count(*) from payment where account = 'main' and " + numbers(prefix)
                    + " and status = 'SUCCEEDED'");
        }

        @Override
        void close(String prefix) throws SQLException {
            sql(
                    "update payment set next_poll_at = null, reconcile_at = null, status = case when status in ('CREATED', 'PENDING') "
                            + "then 'CLOSED' else status end where account = 'main' and " + numbers(prefix));
        }
    }

    /** The hand-written program. */
    static final class Theirs extends Side {

        private final Path folder;
        private final String tenpay;
        private final String serial;

        Theirs(EmbeddedPostgres postgres, Path folder, String tenpay, String serial) throws IOException, SQLException {
            super("peer", postgres, folder);
            this.folder = folder;
            this.tenpay = tenpay;
            this.serial = serial;
        }

        @Override
        List<String> command(List<String> java) {
            List<String> command = new ArrayList<>(java);
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.tenpaybench.peer.Peer"));
            return command;
        }

        @Override
        Map<String, String> settings(int port) {
            return Map.of(
                    "SERVER_PORT",
                    Integer.toString(port),
                    "SERVER_ADDRESS",
                    "127.0.0.1",
                    "SPRING_DATASOURCE_URL",
                    url,
                    "SPRING_DATASOURCE_USERNAME",
                    "postgres",
                    "PEER_MERCHANTID",
                    Answers.MERCHANT,
                    "PEER_PRIVATEKEY",
                    folder.resolve("merchant-key.pem").toString(),
                    "PEER_SERIAL",
                    serial,
                    "PEER_PLATFORMCERTIFICATE",
                    folder.resolve("platform/platform.pem").toString(),
                    "PEER_APIKEY",
                    Answers.API_KEY,
                    "PEER_BASEURL",
                    tenpay);
        }

        @Override
        String readiness() {
            return "/v1/payments/none";
        }

        private static final String COLUMNS =
                "order_no, status, payment_method, region, amount, currency, description, payment_id, prepay_info, paid_at, next_poll_at, created_at, updated_at";

        @Override
        void insertOpen(String prefix, int count, boolean due) throws SQLException {
            String number = "'" + prefix + "' || lpad(n::text, 7, '0')";
            sql("insert into orders (" + COLUMNS + ") select " + number + ", 'PENDING', 'PAYNOW', 'SG', "
                    + Answers.AMOUNT + ", 'SGD', '2 x latte', '42' || " + number + ", 'prepay', null, "
                    + (due ? "now()" : "now() + interval '1 day'") + ", now(), now() from generate_series(0, "
                    + (count - 1) + ") n");
        }

        @Override
        void insertPaid(long from, long to) throws SQLException {
            String number = "'OLD' || lpad(n::text, 9, '0')";
            String at = "now() - interval '400 d' + n * interval '3 s'";
            sql("insert into orders (" + COLUMNS + ") select " + number + ", 'SUCCEEDED', 'PAYNOW', 'SG', "
                    + Answers.AMOUNT + ", 'SGD', '2 x latte', '42' || " + number + ", 'prepay', " + at + ", null, "
                    + at + ", " + at + " from generate_series(" + from + ", " + to + ") n");
        }

        @Override
        void makeDue(String prefix) throws SQLException {
            sql("update orders set next_poll_at = now() where " + numbers(prefix) + " and status = 'PENDING'");
        }

        @Override
        long paid(String prefix) throws SQLException {
            return number("select count(*) from orders where " + numbers(prefix) + " and status = 'SUCCEEDED'");
        }

        @Override
        void close(String prefix) throws SQLException {
            sql(
                    "update orders set next_poll_at = null, status = case when status in ('CREATED', 'PENDING') then 'CLOSED' "
                            + "else status end where " + numbers(prefix));
        }
    }

    static String serial(Path certificate) throws Exception {
        try (var in = Files.newInputStream(certificate)) {
            return ((java.security.cert.X509Certificate) java.security.cert.CertificateFactory.getInstance("X.509")
                            .generateCertificate(in))
                    .getSerialNumber()
                    .toString(16)
                    .toUpperCase(java.util.Locale.ROOT);
        }
    }
}
