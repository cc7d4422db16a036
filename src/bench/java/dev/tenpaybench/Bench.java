package dev.tenpaybench;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.sun.net.httpserver.HttpServer;
import dev.tenpayroutes.signature.Rsa;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.slf4j.LoggerFactory;

/**
 * Compares this program with one that a merchant would write by hand ({@code peer.Peer}): both stay up, and are loaded in
 * turn, so that what disturbs the machine disturbs both. Loader and Tenpay are processes of their own, everything that
 * needs a signature of Tenpay's is signed before the clock starts, and PostgreSQL commits as in production.
 */
public final class Bench implements AutoCloseable {

    private static final String EVENTS = "events";
    private static final String UNTOLD = "select count(*) from event_delivery where state = 'PENDING'";
    private static final Path RESULTS = Path.of("target/bench/results.tsv");

    /** The whole set: what docs/performance.md shows. */
    private static final List<String> ALL = List.of(
            "name=main warm=40000",
            "name=connections scenarios=orders,webhooks connections=1,8,128 pairs=4 warm=20000 half=false",
            "name=stored scenarios=orders,webhooks,polls stored=1000000 pairs=4 warm=30000 half=false",
            "name=stored scenarios=orders,webhooks,polls stored=10000000 pairs=4 warm=30000 half=false",
            "name=instances scenarios=orders,webhooks instances=2 pairs=4 warm=30000 half=false",
            "name=instances scenarios=orders,webhooks instances=3 pairs=4 warm=30000 half=false",
            "name=events scenarios=events pairs=3 warm=20000",
            "name=lists scenarios=lists stored=10000000",
            "name=soak soak=600");

    private final Options options;
    private final Path folder;
    private final EmbeddedPostgres postgres;
    private final Answers tenpay;
    private final Proc stub;
    private final Proc loader;
    private final List<Side> sides;
    private final HttpServer erp;
    private final long postmaster;
    private int round;

    public static void main(String[] args) throws Exception {
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
        List<String> words = List.of(args);
        if (words.contains("parts")) {
            new Runner(new OptionsBuilder().include(Parts.class.getName()).build()).run();
            return;
        }
        boolean all = words.contains("all");
        boolean charts = words.contains("charts");
        Options options =
                Options.of(words.stream().filter(word -> word.contains("=")).toList());
        for (String part : all ? ALL : charts ? List.<String>of() : List.of("")) {
            Options these = options.with(part);
            if (these.text("scenarios").equals("lists")) {
                Lists.run(Files.createTempDirectory("bench").resolve("postgres"), these.number("stored"));
                continue;
            }
            try (Bench bench = new Bench(these)) {
                bench.run();
            }
        }
        if (all || charts) {
            Charts.draw(RESULTS, Path.of("docs"));
        }
    }

    private Bench(Options options) throws Exception {
        this.options = options;
        folder = Files.createTempDirectory("bench");
        Files.createDirectories(RESULTS.getParent());
        Files.createDirectory(folder.resolve("platform"));
        certificate("merchant-key.pem", "merchant-cert.pem");
        certificate("platform-key.pem", "platform/platform.pem");
        Path key = Files.write(folder.resolve("platform-key.der"), der(folder.resolve("platform-key.pem")));
        Rsa rsa = Rsa.fastest();
        tenpay = new Answers(
                rsa, rsa.privateKey(Files.readAllBytes(key)), Side.serial(folder.resolve("platform/platform.pem")));
        postgres = EmbeddedPostgres.builder()
                .setOverrideWorkingDirectory(folder.resolve("postgres").toFile())
                // As in production; the tests' one may forget everything when the machine dies.
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("shared_buffers", "1GB")
                .setServerConfig("max_wal_size", "4GB")
                .setServerConfig("min_wal_size", "2GB")
                .start();
        haveLogFiles();
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        stub = Proc.java(
                java, List.of("-Xmx512m", "-XX:+UseSerialGC"), TenpayStub.class, key.toString(), tenpay.serial());
        String base = "http://127.0.0.1:" + stub.read().split(" ")[1];
        loader = Proc.java(java, List.of("-Xmx512m", "-XX:+UseSerialGC"), Loader.class);
        boolean events = options.list("scenarios").contains(EVENTS);
        if (events && options.list("scenarios").size() > 1) {
            throw new IllegalArgumentException("events are measured alone: the other program tells an ERP nothing");
        }
        erp = receiver();
        String told = events ? "http://127.0.0.1:" + erp.getAddress().getPort() + "/" : "";
        sides = new ArrayList<>();
        sides.add(new Side.Ours("ours", postgres, folder, base, told, options.path("jar")));
        if (options.text("profile").isEmpty() && options.number("soak") == 0 && !events) {
            sides.add(
                    options.text("before").isEmpty()
                            ? new Side.Theirs(postgres, folder, base, Side.serial(folder.resolve("merchant-cert.pem")))
                            : new Side.Ours("before", postgres, folder, base, told, options.path("before")));
        }
        postmaster = ProcessHandle.of(sides.get(0).number("select pg_backend_pid()"))
                .flatMap(ProcessHandle::parent)
                .orElseThrow()
                .pid();
        for (Side side : sides) {
            side.start(options.java(side.name), options.number("instances"));
            say(
                    "%s: ready after %s s",
                    side.name,
                    side.secondsToReady.stream().map("%.1f"::formatted).toList());
        }
        fill(options.number("stored"));
    }

    /** An ERP that takes everything at once. */
    private static HttpServer receiver() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", request -> {
            request.getRequestBody().readAllBytes();
            request.sendResponseHeaders(204, -1);
            request.close();
        });
        server.setExecutor(Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "erp");
            thread.setDaemon(true);
            return thread;
        }));
        server.start();
        return server;
    }

    /** How many events a second reach the ERP, and how long after what they tell: as fast as it goes, then at half of that. */
    private void events(int connections) throws Exception {
        Side ours = sides.get(0);
        double rate = measure(ours, EVENTS, 200, 4, 0).rate();
        for (int done = 0, count = 2000; done < options.number("warm"); done += count) {
            rate = measure(ours, EVENTS, count, connections, 0).rate();
        }
        for (double load : new double[] {0, rate / 2}) {
            for (int time = 0; time < options.number("pairs"); time++) {
                String prefix = "E%04d-".formatted(round);
                Figures figures = measure(ours, EVENTS, (int) (rate * options.number("seconds")), connections, load);
                String lag = "select percentile_disc(%s) within group (order by 1000 * extract(epoch from d.finished_at"
                        + " - d.created_at)) from event_delivery d join payment p on p.id = d.payment_id"
                        + " where p.account = 'main' and p." + Side.numbers(prefix);
                say(
                        "events %s: %s, told after %d ms, 95 %% after %d ms",
                        load == 0 ? "as fast as it goes" : "at half of it",
                        figures,
                        ours.number(lag.formatted("0.5")),
                        ours.number(lag.formatted("0.95")));
            }
        }
    }

    private void run() throws Exception {
        if (options.number("soak") > 0) {
            soak();
            return;
        }
        for (String scenario : options.list("scenarios")) {
            for (String connections : options.list("connections")) {
                if (scenario.equals(EVENTS)) {
                    events(Integer.parseInt(connections));
                    continue;
                }
                run(scenario, Integer.parseInt(connections));
            }
        }
        for (Side side : sides) {
            say(
                    "%s: resident %s MB",
                    side.name, side.programs.stream().map(Bench::rss).toList());
        }
    }

    private static String rss(Proc program) {
        try {
            return Long.toString(program.rss());
        } catch (IOException e) {
            return "?";
        }
    }

    /** Whether memory, latency or work left over grow with time: a line each half minute. */
    private void soak() throws Exception {
        Side ours = sides.get(0);
        int connections = Integer.parseInt(options.list("connections").get(0));
        long start = System.nanoTime();
        double rate = measure(ours, "mix", 2000, 4, 0).rate();
        for (double seconds = 0; seconds < options.number("soak"); seconds = (System.nanoTime() - start) / 1e9) {
            Figures figures = measure(ours, "mix", (int) (rate * 30), connections, 0);
            rate = figures.rate();
            Proc program = ours.programs.get(0);
            long live = seconds < 60 || seconds > options.number("soak") - 60 ? live(program) : 0;
            say(
                    "%4.0f s: %s, resident %d MB%s",
                    (System.nanoTime() - start) / 1e9,
                    figures,
                    program.rss(),
                    live == 0 ? "" : ", live objects " + live + " MB");
            keep("mix", connections, "soak", ours, 1, figures, seconds, program.rss(), live);
        }
    }

    /** What a full collection leaves, in MB. */
    private long live(Proc program) throws IOException {
        Process jcmd = new ProcessBuilder(
                        Path.of(options.text("java"), "bin", "jcmd").toString(),
                        Long.toString(program.pid()),
                        "GC.class_histogram")
                .start();
        return jcmd.inputReader()
                        .lines()
                        .filter(line -> line.startsWith("Total"))
                        .mapToLong(line -> Long.parseLong(line.strip().split("\\s+")[2]))
                        .findFirst()
                        .orElse(0)
                >> 20;
    }

    private void fill(int stored) throws Exception {
        int step = 500_000;
        for (Side side : sides) {
            for (int from = 0; from < stored; from += step) {
                side.insertPaid(from, Math.min(stored, from + step) - 1L);
            }
            side.sql("vacuum analyze");
            side.sql("checkpoint");
        }
    }

    /** All pairs of a scenario, printed, and their median kept in the file of results. */
    private void run(String scenario, int connections) throws Exception {
        double[] rate = new double[2];
        for (int side = 0; side < sides.size(); side++) {
            int warm = options.number("warm");
            // A cold program under full load would refuse some.
            rate[side] = measure(sides.get(side), scenario, Math.max(100, warm / 10), 4, 0)
                    .rate();
            for (int done = warm / 10, count = Math.min(warm, 2000); done < warm; done += count) {
                rate[side] = measure(sides.get(side), scenario, count, connections, 0)
                        .rate();
            }
            // What autovacuum does within a minute: a plan made when a table was empty isn't what is measured.
            sides.get(side).sql("analyze");
        }
        say(
                "%n%s, %d connections; milliseconds; CPU a request: program + PostgreSQL + loader and Tenpay",
                scenario, connections);
        List<Figures> ours = new ArrayList<>();
        List<Figures> theirs = new ArrayList<>();
        if (sides.size() == 1) {
            say(
                    "ours %s",
                    measure(sides.get(0), scenario, (int) (rate[0] * options.number("seconds")), connections, 0));
            return;
        }
        for (int pair = 0; pair < options.number("pairs"); pair++) {
            List<List<Figures>> both = List.of(ours, theirs);
            for (int side = 0; side < 2; side++) {
                int count = (int) Math.max(200, rate[side] * options.number("seconds"));
                Figures figures = measure(sides.get(side), scenario, count, connections, 0);
                rate[side] = figures.rate();
                both.get(side).add(figures);
            }
            say(" %2d ours %s", pair + 1, ours.get(pair));
            say(
                    "    %s %s   ratio %.2f",
                    sides.get(1).name,
                    theirs.get(pair),
                    ours.get(pair).rate() / theirs.get(pair).rate());
        }
        report(scenario, connections, "full", ours, theirs);
        if (options.text("half").equals("true") && !scenario.equals("polls")) {
            double half = Math.min(Figures.median(ours, Figures::rate), Figures.median(theirs, Figures::rate)) / 2;
            ours.clear();
            theirs.clear();
            for (int pair = 0; pair < Math.max(3, options.number("pairs") / 3); pair++) {
                int count = (int) (half * options.number("seconds"));
                ours.add(measure(sides.get(0), scenario, count, connections, half));
                theirs.add(measure(sides.get(1), scenario, count, connections, half));
            }
            report(scenario, connections, "half", ours, theirs);
        }
    }

    /**
     * As of a server that has run for a while, which takes its old log files again. A new one is filled with zeros first,
     * for 60 ms in which nobody commits, and the first program to be measured would pay for it.
     */
    private void haveLogFiles() throws SQLException {
        try (Connection server = DriverManager.getConnection(postgres.getJdbcUrl("postgres", "postgres"));
                Statement statement = server.createStatement()) {
            for (int file = 0; file < 2_000_000_000 / (16 << 20); file++) {
                statement.execute("select pg_logical_emit_message(false, 'bench', 'a file'), pg_switch_wal()");
            }
            statement.execute("checkpoint");
        }
    }

    private void report(String scenario, int connections, String load, List<Figures> ours, List<Figures> theirs)
            throws IOException {
        double[] ratios = IntStream.range(0, ours.size())
                .mapToDouble(i -> ours.get(i).rate() / theirs.get(i).rate())
                .sorted()
                .toArray();
        say(
                "%s at %s load, median of %d pairs: ratio %.2f (%.2f to %.2f)",
                scenario, load, ratios.length, Figures.median(ratios), ratios[0], ratios[ratios.length - 1]);
        for (int side = 0; side < 2; side++) {
            List<Figures> all = side == 0 ? ours : theirs;
            Figures median = new Figures(
                    Figures.median(all, Figures::rate),
                    Figures.median(all, Figures::p50),
                    Figures.median(all, Figures::p99),
                    Figures.median(all, Figures::cpu),
                    Figures.median(all, Figures::databaseCpu),
                    Figures.median(all, Figures::otherCpu));
            say("    %s %s", sides.get(side).name, median);
            keep(
                    scenario,
                    connections,
                    load,
                    sides.get(side),
                    ratios.length,
                    median,
                    Figures.median(ratios),
                    ratios[0],
                    ratios[ratios.length - 1]);
        }
    }

    private void keep(
            String scenario, int connections, String load, Side side, int times, Figures figures, double... more)
            throws IOException {
        Stream<Object> words = Stream.of(
                options.text("name"),
                scenario,
                load,
                options.text("stored"),
                options.text("instances"),
                connections,
                side.name,
                times);
        DoubleStream numbers = DoubleStream.concat(
                DoubleStream.of(
                        figures.rate(),
                        figures.p50(),
                        figures.p99(),
                        figures.cpu(),
                        figures.databaseCpu(),
                        figures.otherCpu()),
                DoubleStream.of(more));
        String line = Stream.concat(
                        words.map(Object::toString), numbers.mapToObj(n -> String.format(Locale.ROOT, "%.3f", n)))
                .collect(Collectors.joining("\t"));
        Files.writeString(RESULTS, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private Figures measure(Side side, String scenario, int count, int connections, double rate) throws Exception {
        String prefix = "%s%04d-".formatted(scenario.substring(0, 1).toUpperCase(Locale.ROOT), round++);
        IntFunction<String> number = n -> prefix + "%07d".formatted(n);
        boolean polls = scenario.equals("polls");
        boolean stored = !scenario.equals("orders");
        if (stored) {
            side.insertOpen(prefix, count, false);
        }
        String asked = polls ? "inquiry-payment" : "checkout-pay";
        Path answers = write(
                scenario.equals("webhooks") || scenario.equals(EVENTS) ? 0 : count,
                n -> (asked + " " + ordered(scenario, number, n)).getBytes(StandardCharsets.US_ASCII),
                n -> tenpay.answer(asked, ordered(scenario, number, n)));
        Path requests = write(polls ? 0 : count, null, n -> request(scenario, number, n));
        stub.ask("load " + answers);
        double loaderCpu = loader.cpu() + stub.cpu();
        double databaseCpu = Proc.cpuOfFamily(postmaster);
        double cpu = side.cpu();
        long start = System.nanoTime();
        double p50 = 0;
        double p99 = 0;
        double seconds;
        if (polls) {
            side.makeDue(prefix);
            start = System.nanoTime();
            while (calls() < count) {
                patience(start, side, "asks too slowly");
            }
        } else {
            String[] said = loader.ask(requests + " " + side.targets() + " " + connections + " " + rate)
                    .split(" ");
            if (!said[0].equals("ok")) {
                throw new IOException(side.name + ", " + scenario + ": " + String.join(" ", said));
            }
            p50 = Long.parseLong(said[2]) / 1e6;
            p99 = Long.parseLong(said[3]) / 1e6;
        }
        // What was only accepted isn't done.
        long due = IntStream.range(0, count).filter(n -> pays(scenario, n)).count();
        while (side.paid(prefix) < due) {
            patience(start, side, "doesn't finish its work");
        }
        while (scenario.equals(EVENTS) && side.number(UNTOLD) > 0) {
            patience(start, side, "doesn't tell the ERP");
        }
        seconds = (System.nanoTime() - start) / 1e9;
        Figures figures = new Figures(
                count / (polls ? Double.parseDouble(stub.ask("count").split(" ")[2]) : seconds),
                p50,
                p99,
                (side.cpu() - cpu) * 1000 / count,
                (Proc.cpuOfFamily(postmaster) - databaseCpu) * 1000 / count,
                (loader.cpu() + stub.cpu() - loaderCpu) * 1000 / count);
        // Whatever stays open would be asked about while the next ones are measured.
        side.close(prefix);
        side.close("N" + prefix);
        Files.delete(answers);
        Files.delete(requests);
        return figures;
    }

    private static void patience(long start, Side side, String complaint) throws Exception {
        if (System.nanoTime() - start > 300e9) {
            throw new IOException(side.name + " " + complaint);
        }
        Thread.sleep(20);
    }

    private long calls() throws IOException {
        return Long.parseLong(stub.ask("count").split(" ")[0]);
    }

    /** Of ten requests of a mix, four are orders, four are notifications of other orders, two look at one. */
    private static boolean pays(String scenario, int n) {
        return scenario.equals("webhooks")
                || scenario.equals(EVENTS)
                || scenario.equals("polls")
                || scenario.equals("mix") && n % 10 >= 6;
    }

    private static String ordered(String scenario, IntFunction<String> number, int n) {
        return scenario.equals("mix") ? "N" + number.apply(n) : number.apply(n);
    }

    private byte[] request(String scenario, IntFunction<String> number, int n) {
        if (pays(scenario, n)) {
            return tenpay.notification("/webhooks/tenpay/main/payments", number.apply(n));
        }
        if (scenario.equals("mix") && n % 10 >= 4) {
            return ("GET /v1/payments/" + number.apply(n) + " HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + Side.KEY
                            + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII);
        }
        String body = ("{\"orderNo\":\"%s\",\"paymentMethod\":\"PAYNOW\",\"region\":\"SG\",\"amount\":{\"total\":%d,"
                        + "\"currency\":\"SGD\"},\"description\":\"2 x latte\"}")
                .formatted(ordered(scenario, number, n), Answers.AMOUNT);
        return ("POST /v1/payments HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + Side.KEY
                        + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Signed by all cores, while nothing is measured. */
    private Path write(int count, IntFunction<byte[]> keys, IntFunction<byte[]> values) throws IOException {
        byte[][] made = IntStream.range(0, count).parallel().mapToObj(values).toArray(byte[][]::new);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(count);
        for (int n = 0; n < count; n++) {
            for (byte[] part : keys == null ? List.of(made[n]) : List.of(keys.apply(n), made[n])) {
                out.writeInt(part.length);
                out.write(part);
            }
        }
        return Files.write(Files.createTempFile(folder, "round", ".bin"), bytes.toByteArray());
    }

    private void certificate(String key, String certificate) throws Exception {
        Process openssl = new ProcessBuilder(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "rsa:2048",
                        "-nodes",
                        "-days",
                        "30",
                        "-subj",
                        "/CN=bench",
                        "-keyout",
                        folder.resolve(key).toString(),
                        "-out",
                        folder.resolve(certificate).toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (openssl.waitFor() != 0) {
            throw new IOException("openssl makes no certificate");
        }
    }

    private static byte[] der(Path pem) throws Exception {
        String text = Files.readString(pem).replaceAll("-----[^-]+-----", "");
        byte[] der = Base64.getMimeDecoder().decode(text);
        return KeyFactory.getInstance("RSA")
                .generatePrivate(new PKCS8EncodedKeySpec(der))
                .getEncoded();
    }

    private static void say(String words, Object... values) {
        System.out.println(String.format(Locale.ROOT, words, values));
    }

    @Override
    public void close() throws IOException, SQLException {
        for (Side side : sides) {
            side.close();
        }
        loader.close();
        stub.close();
        erp.stop(0);
        postgres.close();
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
