package dev.tenpayroutes.architecture;

import dev.tenpayroutes.architecture.RouteFile.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** One door each: what a file may do that no other may. */
class ArchitectureBoundaryTest {

    private static final Set<String> ANYWHERE = Set.of();

    /** Every kind of endpoint that routes use, and the files that may. A new kind is a decision: write it here. */
    private static final Map<String, Set<String>> ENDPOINTS = Map.of(
            "direct",
            ANYWHERE,
            "sql",
            ANYWHERE,
            // Not timer, which goes by the wall clock: set back by an hour, it stands still for an hour.
            "scheduler",
            ANYWHERE,
            // A queue in memory: only where what is lost in it comes due again by itself.
            "seda",
            Set.of("polling"),
            // One statement for several exchanges: it must treat each as if it were alone, which takes tests of its
            // own.
            "coalesce",
            Set.of("payment-create", "tenpay-result"),
            "http",
            Set.of("tenpay-request"),
            "https",
            Set.of("tenpay-request"),
            "platform-http",
            Set.of("webhook-receive"),
            "erp",
            Set.of("erp-webhook"),
            "kafka",
            Set.of("kafka-orders", "kafka-events"));

    private static final Set<String> HTTP_IN = Set.of("rest", "restConfiguration", "openApi", "platform-http");
    private static final Set<String> HTTP_DOORS = Set.of("merchant-api", "webhook-receive");
    private static final Set<String> TRY = Set.of("doTry", "doCatch", "doFinally");
    private static final Set<String> TRY_FILES =
            Set.of("tenpay-request", "webhook-receive", "webhook-process", "kafka-orders");
    private static final Set<String> COMPUTED = Set.of("toD", "recipientList", "routingSlip", "dynamicRouter");

    /** The beans that send events, and the only file that may name them: every event leaves through it. */
    private static final Set<String> ERP_BEANS =
            Set.of("collectFinishedAttempts", "releaseFinishedAttempts", "prepareDelivery", "sendEvent", "sendPing");

    /** The only classes that open connections of their own: Camel's client is Tenpay's, this one is the ERP's; TenpayCheck borrows Tenpay's. */
    private static final Map<String, Set<String>> CLIENTS = Map.of(
            "org.apache.hc.client5",
                    Set.of(
                            "WebhookSender.java",
                            "WebhookDelivery.java",
                            "WebhookPing.java",
                            "TenpayCheck.java",
                            "EgressPolicy.java"),
            "java.net.http", Set.of(),
            "java.net.Socket", Set.of(),
            "org.springframework.web.client", Set.of("OidcJwkSource.java", "BearerTokens.java"));

    /** Which SQL file writes the status of which table. */
    private static final Map<String, String> STATUS_WRITERS =
            Map.of("payment", "payment-status.sql", "refund", "refund-status.sql");

    private static final Pattern SCHEME = Pattern.compile("([a-z][a-z0-9+.-]*):.*", Pattern.DOTALL);
    private static final Pattern QUOTED = Pattern.compile("'[^']*'");
    private static final Pattern UPDATE = Pattern.compile(
            "\\bupdate\\s+(?:only\\s+)?(?:public\\.)?\"?(payment|refund)\"?\\b", Pattern.CASE_INSENSITIVE);
    private static final Pattern INSERT = Pattern.compile(
            "\\binsert\\s+into\\s+(?:public\\.)?\"?(payment|refund)\"?\\s*(?:as\\s+\\w+\\s*)?\\(([^)]*)\\)",
            Pattern.CASE_INSENSITIVE);

    private final List<RouteFile> files = RouteFile.all();
    private final List<Violation> violations = new ArrayList<>();

    @Test
    void onlyTenpayCallReachesOutByHttp() {
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                if (!isEndpoint(entry)) {
                    continue;
                }
                Matcher scheme = SCHEME.matcher(entry.text());
                String kind = scheme.matches() ? scheme.group(1) : entry.text();
                Set<String> allowed = ENDPOINTS.get(kind);
                if (allowed == null) {
                    violations.add(file.violation(
                            entry.line(),
                            "`" + entry.text() + "` is an endpoint of a kind that no route has used yet",
                            "use one of " + ENDPOINTS.keySet()
                                    + ", or decide in ArchitectureBoundaryTest which file is its door"));
                } else if (!allowed.isEmpty() && !allowed.contains(file.name())) {
                    violations.add(file.violation(
                            entry.line(),
                            "`" + entry.text() + "`: only " + allowed + " may use " + kind + " endpoints",
                            "send to direct:" + allowed.iterator().next() + " instead"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void onlyErpNotifyCallsTheErp() {
        each(
                entry -> ERP_BEANS.contains(entry.text()) && entry.key().matches("ref|expression"),
                Set.of("erp-webhook"),
                "sends to an ERP, which only erp-webhook may",
                "write an event; erp-webhook sends it");
        for (Path file : Architecture.files(Architecture.MAIN, ".java")) {
            String text = Architecture.read(file);
            CLIENTS.forEach((client, allowed) -> {
                int at = text.indexOf("import " + client);
                if (at >= 0 && !file.toString().contains("sandbox") && !allowed.contains(Architecture.name(file))) {
                    violations.add(new Violation(
                            Architecture.place(file, Architecture.lineOf(text, at)),
                            "uses " + client + ", which only " + allowed + " may",
                            "call Tenpay by tenpay-request, and the ERP by erp-webhook"));
                }
            });
        }
        Violation.none(violations);
    }

    /** Otherwise no program could tell where a route sends to. */
    @Test
    void noEndpointIsComputed() {
        each(
                entry -> COMPUTED.contains(entry.key())
                        || (isEndpoint(entry) && entry.text().contains("${")),
                ANYWHERE,
                "is an endpoint that is computed while the route runs",
                "choose between named endpoints with `choice`");
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                if (entry.key().equals("wireTap")
                        && !file.text(entry.path() + "/dynamicUri").equals("false")) {
                    violations.add(file.violation(
                            entry.line(),
                            "`wireTap` computes its endpoint unless told otherwise",
                            "write dynamicUri: false"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void onlyMerchantApiAndWebhookIntakeAcceptHttp() {
        each(
                entry -> HTTP_IN.contains(entry.key())
                        || (entry.path().matches("\\d+/route/from/uri")
                                && entry.text()
                                        .matches("(platform-http|rest|rest-api|rest-openapi|servlet|jetty|undertow"
                                                + "|netty|netty-http|vertx-http|vertx-websocket|webhook).*")),
                HTTP_DOORS,
                "accepts HTTP, which only " + HTTP_DOORS + " may",
                "add the operation to the contract, and its route to merchant-api.camel.yaml");
        Violation.none(violations);
    }

    @Test
    void onlyErrorHandlingDefinesErrorPolicies() {
        each(
                entry -> {
                    String key = entry.key().toLowerCase(Locale.ROOT);
                    return key.equals("onexception")
                            || key.endsWith("errorhandler")
                            || key.equals("deadletterchannel")
                            || key.equals("deadletteruri")
                            || key.equals("retrywhile")
                            || key.equals("circuitbreaker")
                            || key.contains("redeliver");
                },
                Set.of("error-handling"),
                "decides what happens after a failure, which only error-handling may",
                "name a policy of error-handling.camel.yaml as the route's routeConfigurationId");
        Violation.none(violations);
    }

    @Test
    void onlyTheDoorsAndTheReaderOfNotificationsCatchExceptions() {
        each(
                entry -> TRY.contains(entry.key()),
                TRY_FILES,
                "catches exceptions, which only " + TRY_FILES + " may",
                "let the route's error policy decide");
        Violation.none(violations);
    }

    /** Looks at {@code update} and {@code insert} in SQL files; a trigger or a function in a migration it can't see. */
    @Test
    void onlyTheStatusStatementsWriteAStatus() {
        for (Path file : Architecture.files(Architecture.SQL, ".sql")) {
            String sql = SqlFile.code(file);
            String code = Architecture.withoutLiterals(sql, QUOTED);
            Matcher update = UPDATE.matcher(code);
            while (update.find()) {
                String table = update.group(1).toLowerCase(Locale.ROOT);
                if (assigns(code, update.end(), "status")
                        && !Architecture.name(file).equals(STATUS_WRITERS.get(table))) {
                    violations.add(statusBreach(file, Architecture.lineOf(code, update.start()), table));
                }
            }
            Matcher insert = INSERT.matcher(code);
            while (insert.find()) {
                String table = insert.group(1).toLowerCase(Locale.ROOT);
                boolean named = insert.group(2).matches("(?si).*\\bstatus\\b.*");
                boolean onConflict = Pattern.compile("on\\s+conflict[^;]*?do\\s+update", Pattern.CASE_INSENSITIVE)
                        .matcher(code.substring(insert.end()))
                        .find();
                if (named || (onConflict && assigns(code, insert.end(), "status"))) {
                    violations.add(statusBreach(file, Architecture.lineOf(code, insert.start()), table));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void theStatusStatementsAreUsedOnlyByTheirOwnFile() {
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                for (String statement : STATUS_WRITERS.values()) {
                    if (entry.text().contains("/" + statement) && !file.name().equals("tenpay-result")) {
                        violations.add(file.violation(
                                entry.line(),
                                statement + " is used here, but only tenpay-result.camel.yaml may",
                                "send to direct:tenpay-result"));
                    }
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void javaWritesNoPaymentAndNoRefund() {
        for (Path file : Architecture.files(Architecture.MAIN, ".java")) {
            String text = Architecture.read(file);
            Matcher update = Pattern.compile(
                            "(update|insert\\s+into|delete\\s+from)\\s+(payment|refund)\\s+(set|[a-z] set|\\(|where|values)",
                            Pattern.CASE_INSENSITIVE)
                    .matcher(text);
            while (update.find()) {
                violations.add(new Violation(
                        Architecture.place(file, Architecture.lineOf(text, update.start())),
                        "SQL in Java that changes " + update.group(2),
                        "put the statement into routes/sql and let a route run it"));
            }
        }
        Violation.none(violations);
    }

    private static Violation statusBreach(Path file, int line, String table) {
        return new Violation(
                Architecture.place(file, line),
                "writes the status of " + table + ", which only " + STATUS_WRITERS.get(table) + " may",
                "give the news to direct:" + table + "-status, whose statement lists the allowed moves");
    }

    /** Whether the {@code set} list that follows assigns a column: {@code x = …}, or {@code (…, x) = …}. */
    private static boolean assigns(String code, int from, String column) {
        Matcher set = Pattern.compile("\\bset\\b", Pattern.CASE_INSENSITIVE).matcher(code);
        if (!set.find(from)) {
            return false;
        }
        int depth = 0;
        StringBuilder targets = new StringBuilder(",");
        Matcher token = Pattern.compile("[()]|\\b(from|where|returning)\\b|[^()]", Pattern.CASE_INSENSITIVE)
                .matcher(code)
                .region(set.end(), code.length());
        while (token.find()) {
            String part = token.group();
            if (part.equals("(")) {
                depth++;
            } else if (part.equals(")") && --depth < 0) {
                break;
            } else if (depth == 0 && part.length() > 1) {
                break;
            }
            // A list of columns is the only thing in brackets that follows a comma or `set` at once.
            boolean columns = depth == 1 && targets.toString().stripTrailing().matches("(?s).*,\\s*\\([^)]*");
            if (depth == 0 || part.equals("(") || columns) {
                targets.append(part);
            }
        }
        return Pattern.compile(
                        ",\\s*\"?" + column + "\"?\\s*=|,\\s*\\([^)]*\\b" + column + "\\b[^)]*\\)?\\s*=",
                        Pattern.CASE_INSENSITIVE)
                .matcher(targets)
                .find();
    }

    private static boolean isEndpoint(Entry entry) {
        boolean named = entry.key().equals("uri")
                || entry.key().endsWith("Uri") && !entry.key().equals("dynamicUri")
                || entry.path().matches("\\d+/rest/.*/to");
        boolean enriched = entry.path().matches(".*/(enrich|pollEnrich|poll)/expression/.*")
                && entry.key().equals("expression");
        return (named || enriched) && !entry.text().isEmpty();
    }

    private void each(Predicate<Entry> forbidden, Set<String> except, String what, String remedy) {
        for (RouteFile file : files) {
            if (except.contains(file.name())) {
                continue;
            }
            for (Entry entry : file.entries()) {
                // Items of a list carry the list's key: once is enough.
                if (!entry.path().matches(".*/\\d+") && forbidden.test(entry)) {
                    String value = entry.text().isEmpty() ? entry.key() : entry.key() + ": " + entry.text();
                    violations.add(file.violation(entry.line(), "`" + value + "` " + what, remedy));
                }
            }
        }
    }
}
