package dev.tenpayroutes.story;

import dev.tenpayroutes.security.TestIssuer;
import java.time.Clock;
import java.util.List;
import org.springframework.test.context.DynamicPropertyRegistry;

/** Who calls in the stories: a client for each right, limit and credential that one of them is about. */
interface Callers {

    String KEY = "sandbox-key";
    /** May only read. */
    String READER = "reader-key-of-20-characters";
    /** Sees both accounts, the other one first. */
    String GROUP = "group-key-of-more-than-20-characters";
    /** Belongs to the other account. */
    String NEIGHBOUR = "neighbour-key-of-20-characters";
    /** May call once a second. */
    String HASTY = "hasty-key-of-20-characters";
    /** May read and ask Tenpay. */
    String SUPPORT = "support-key-of-20-characters";

    String WRITER = "the-key-of-a-client-that-only-writes";
    String WATCHER = "the-key-of-a-client-that-reads-metrics-alone";
    String OLD = "the-old-key-of-the-rotating-client";
    String NEW = "the-new-key-of-the-rotating-client";

    /** Of the tokens of the client portal; away from the start, until a story needs it. */
    TestIssuer ISSUER = new TestIssuer(Clock.systemUTC());

    List<String> SCOPES = List.of(
            "payments:read", "payments:write", "payments:sync", "refunds:write", "reviews:write", "accounts:write");

    /** The key of a client that has every scope but one. */
    static String without(String scope) {
        return "key-of-a-client-without-" + scope;
    }

    static void register(DynamicPropertyRegistry registry) {
        String every = String.join(",", SCOPES);
        client(registry, "reader", READER, "main", "payments:read");
        client(registry, "neighbour", NEIGHBOUR, "macau", every);
        client(registry, "group", GROUP, "macau,main", every);
        client(registry, "hasty", HASTY, "main", every);
        registry.add("tenpay.clients.hasty.requests-per-second", () -> 1);
        client(registry, "support", SUPPORT, "main", "payments:read,payments:sync");
        client(registry, "writer", WRITER, "main", "payments:write");
        client(registry, "watcher", WATCHER, "main", "metrics:read");
        client(registry, "rotating", OLD + "," + NEW, "main", "payments:read");
        for (int i = 0; i < SCOPES.size(); i++) {
            String missing = SCOPES.get(i);
            List<String> others =
                    SCOPES.stream().filter(scope -> !scope.equals(missing)).toList();
            client(registry, "almost" + i, without(missing), "main", String.join(",", others));
        }
        registry.add("tenpay.clients.sandbox.requests-per-second", () -> 100_000);
        registry.add("tenpay.clients.portal.oauth2-client-id", () -> "erp-backend");
        registry.add("tenpay.clients.portal.accounts", () -> "main");
        registry.add("tenpay.clients.portal.scopes", () -> "payments:read,payments:write,refunds:write");
        ISSUER.status = 503;
        registry.add("spring.security.oauth2.resourceserver.jwt.issuer-uri", ISSUER::url);
        registry.add("spring.security.oauth2.resourceserver.jwt.audiences", () -> "tenpay-global-routes");
        // Spring Boot's tests export nothing unless told to.
        registry.add("management.prometheus.metrics.export.enabled", () -> true);
    }

    private static void client(
            DynamicPropertyRegistry registry, String name, String key, String accounts, String scopes) {
        registry.add("tenpay.clients." + name + ".api-key", () -> key);
        registry.add("tenpay.clients." + name + ".accounts", () -> accounts);
        registry.add("tenpay.clients." + name + ".scopes", () -> scopes);
    }
}
