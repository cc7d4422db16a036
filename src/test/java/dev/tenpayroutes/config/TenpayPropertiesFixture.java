package dev.tenpayroutes.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ClassPathResource;

/** The settings that ship, with some of a test's own. */
public final class TenpayPropertiesFixture {

    private TenpayPropertiesFixture() {}

    /** What {@code application.yaml} says. */
    public static TenpayProperties shipped() {
        try {
            StandardEnvironment environment = new StandardEnvironment();
            environment
                    .getPropertySources()
                    .addLast(new YamlPropertySourceLoader()
                            .load("shipped", new ClassPathResource("application.yaml"))
                            .get(0));
            return Binder.get(environment)
                    .bind("tenpay", TenpayProperties.class)
                    .get();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static TenpayProperties accounts(
            @Nullable String baseUrl, @Nullable String notifyBaseUrl, Map<String, AccountProperties> accounts) {
        return with(baseUrl, notifyBaseUrl, accounts, Map.of(), List.of());
    }

    /** An account without any setting. */
    public static AccountProperties account() {
        return new AccountProperties(null, null, null, null, null, null, null, null, null, null, null, false, null);
    }

    public static TenpayProperties clients(Map<String, ClientProperties> clients) {
        return with(null, null, Map.of(), clients, List.of());
    }

    /** @param main where the account {@code main} sends its events */
    public static TenpayProperties events(AccountProperties.@Nullable Events main, List<String> allowedNetworks) {
        AccountProperties account =
                new AccountProperties(null, null, null, null, null, null, null, null, null, null, null, false, main);
        return with(null, null, Map.of("main", account), Map.of(), allowedNetworks);
    }

    private static TenpayProperties with(
            @Nullable String baseUrl,
            @Nullable String notifyBaseUrl,
            Map<String, AccountProperties> accounts,
            Map<String, ClientProperties> clients,
            List<String> allowedNetworks) {
        TenpayProperties shipped = shipped();
        TenpayProperties.Events events = shipped.events();
        return new TenpayProperties(
                baseUrl,
                notifyBaseUrl,
                accounts,
                clients,
                shipped.callTimeout(),
                shipped.wire(),
                shipped.circuitBreaker(),
                shipped.poll(),
                shipped.reconcile(),
                shipped.notifications(),
                new TenpayProperties.Events(
                        allowedNetworks,
                        events.claimInterval(),
                        events.confirmInterval(),
                        events.timeout(),
                        events.lease(),
                        events.retryDelays(),
                        events.maxRetryAfter(),
                        events.inFlight(),
                        events.inFlightPerAccount(),
                        events.kafka()),
                shipped.orders(),
                shipped.reloadInterval(),
                shipped.maintenance(),
                shipped.retention(),
                shipped.metrics(),
                shipped.reads(),
                shipped.docs(),
                shipped.console(),
                "classpath:routes");
    }
}
