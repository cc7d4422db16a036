package dev.tenpayroutes.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class SandboxInitializerTest {

    private static EmbeddedPostgres server;

    @TempDir
    private Path root;

    @BeforeAll
    static void startServer() throws IOException {
        server = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
    }

    @AfterAll
    static void stopServer() throws IOException {
        server.close();
    }

    private static GenericApplicationContext onServer(GenericApplicationContext context) {
        return with(context, "tenpay.sandbox.server-url", server.getJdbcUrl("postgres", "postgres"));
    }

    private GenericApplicationContext context(String... profiles) {
        GenericApplicationContext context = new GenericApplicationContext();
        ConfigurableEnvironment environment = context.getEnvironment();
        environment.setActiveProfiles(profiles);
        environment
                .getPropertySources()
                .addFirst(new MapPropertySource(
                        "test",
                        Map.of("tenpay.sandbox.folder", root.resolve("sandbox").toString())));
        return context;
    }

    private static GenericApplicationContext with(GenericApplicationContext context, String name, String value) {
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource(name, Map.of(name, value)));
        return context;
    }

    /** Closes what a start that got as far as this would. */
    private static Map<String, String> settings(GenericApplicationContext context, String... names) {
        new SandboxInitializer().initialize(context);
        context.refresh();
        try (context) {
            return Stream.of(names)
                    .collect(Collectors.toMap(
                            name -> name,
                            name -> String.valueOf(context.getEnvironment().getProperty(name))));
        }
    }

    @Test
    void withoutTheProfileNothingHappens() {
        GenericApplicationContext context = context("production");
        new SandboxInitializer().initialize(context);
        assertThat(context.getEnvironment().getProperty("tenpay.base-url")).isNull();
        assertThat(root).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"production", "staging"})
    void besideAnotherProfileTheSandboxRefusesToStart(String other) {
        assertThatIllegalStateException()
                .isThrownBy(() -> new SandboxInitializer().initialize(context("sandbox", other)))
                .withMessageContaining("spring.profiles.active")
                .withMessageContaining(other);
        assertThat(root).isEmptyDirectory();
    }

    @Test
    void anEmptySettingsFileIsEnough() throws Exception {
        Map<String, String> settings = settings(
                with(onServer(context("sandbox", "dev")), "server.port", "9090"),
                "spring.datasource.url",
                "tenpay.base-url",
                "tenpay.notify-base-url",
                "tenpay.accounts.main.merchant-id",
                "tenpay.accounts.main.app-id",
                "tenpay.accounts.main.api-key",
                "tenpay.accounts.main.platform-certificates",
                "tenpay.clients.sandbox.api-key",
                "tenpay.clients.sandbox.accounts",
                "tenpay.clients.sandbox.scopes");
        assertThat(settings)
                .hasEntrySatisfying(
                        "spring.datasource.url",
                        url -> assertThat(url).matches("jdbc:postgresql://[^/]+/tenpay_sandbox_[0-9a-f]{16}.*"))
                .containsEntry("tenpay.base-url", "http://127.0.0.1:9090")
                .containsEntry("tenpay.notify-base-url", "http://127.0.0.1:9090")
                .containsEntry("tenpay.accounts.main.merchant-id", "2480000001")
                .containsEntry("tenpay.accounts.main.app-id", "wx0123456789abcdef")
                .containsEntry("tenpay.clients.sandbox.api-key", "sandbox-key")
                .containsEntry("tenpay.clients.sandbox.accounts", "main")
                .containsEntry(
                        "tenpay.clients.sandbox.scopes",
                        "payments:read,payments:write,refunds:write,reviews:write,accounts:write,metrics:read");
        assertThat(settings.get("tenpay.accounts.main.api-key")).matches("[0-9A-Za-z]{32}");
        assertThat(Path.of(settings.get("tenpay.accounts.main.platform-certificates")))
                .isAbsolute()
                .isDirectoryContaining("glob:**/platform.pem");
    }

    @Test
    void aSettingOfOnesOwnWins() {
        assertThat(settings(
                        with(onServer(context("sandbox")), "tenpay.base-url", "http://localhost:9999/tenpay"),
                        "tenpay.base-url"))
                .containsEntry("tenpay.base-url", "http://localhost:9999/tenpay");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tenpay.base-url", "tenpay.accounts.main.base-url"})
    void aStartThatForgotItsProfileNeverCallsARealTenpay(String setting) {
        assertThatThrownBy(() -> settings(
                        with(onServer(context("sandbox")), setting, "https://127.0.0.1.example.com"),
                        "tenpay.base-url"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(setting)
                .hasMessageContaining("set spring.profiles.active=production");
    }

    @Test
    void theProfileMayBeTheDefaultOne() {
        GenericApplicationContext context = onServer(context());
        context.getEnvironment().setDefaultProfiles("sandbox");
        assertThat(settings(context, "tenpay.accounts.main.merchant-id")).containsValue("2480000001");
    }

    @Test
    void keysAndCertificatesBelongTogetherAndAreReused() throws Exception {
        byte[] message = {1, 2, 3};
        X509Certificate first;
        try (SandboxStage stage = new SandboxStage(root)) {
            first = stage.folder.platformCertificate();
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(stage.folder.platformKey());
            signature.update(message);
            byte[] signed = signature.sign();
            signature.initVerify(first);
            signature.update(message);
            assertThat(signature.verify(signed)).isTrue();
            assertThat(first.getSerialNumber().bitLength()).isEqualTo(159);
        }
        try (SandboxStage stage = new SandboxStage(root)) {
            assertThat(stage.folder.platformCertificate()).isEqualTo(first);
        }
    }

    @Test
    void aFirstStartThatWasKilledHalfWayIsCompleted() throws Exception {
        try (SandboxStage stage = new SandboxStage(root)) {
            Files.delete(stage.folder.merchantKeyFile());
            Files.delete(root.resolve("platform-certificates/platform.pem"));
        }
        try (SandboxStage stage = new SandboxStage(root)) {
            // The signer reads the new key, the stand-in the new certificate.
            stage.call("inquiry-payment", stage.inquiry("SO-0001"), 404);
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void secretsAreReadableByTheirOwnerOnly() throws Exception {
        settings(onServer(context("sandbox")));
        Path folder = root.resolve("sandbox");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                .isEqualTo("rwx------");
        for (String secret : List.of("merchant-key.pem", "platform-key.pem", "api-key.txt")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(secret))))
                    .as(secret)
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void aFolderIsUsedByOneSandboxAtATime() throws Exception {
        try (SandboxStage stage = new SandboxStage(root.resolve("sandbox"))) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> new SandboxInitializer().initialize(context("sandbox")))
                    .withMessageContaining("tenpay.sandbox.folder");
            stage.call("inquiry-payment", stage.inquiry("SO-0001"), 404);
        }
        settings(onServer(context("sandbox")));
    }

    /** Any of them may lead to a database in which real payments are open. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "spring.datasource.url",
                "spring.datasource.username",
                "spring.datasource.jndi-name",
                "spring.datasource.hikari.jdbc-url",
                "spring.datasource.hikari.jdbcUrl",
                "spring.datasource.hikari.data-source-class-name",
                "spring.datasource.hikari.data-source-properties.databaseName",
                "spring.datasource.hikari.schema",
                "spring.flyway.url",
                "spring.flyway.schemas"
            })
    void refusesSettingThatLeadsToAnotherDatabase(String setting) {
        assertThatIllegalStateException()
                .isThrownBy(() -> settings(with(onServer(context("sandbox")), setting, "x")))
                .withMessageContaining(setting.replace("-", "").toLowerCase(Locale.ROOT))
                .withMessageContaining("set spring.profiles.active=production");
        assertThat(root).isEmptyDirectory();
    }

    @Test
    void refusesDatabaseNamedByTheEnvironment() {
        GenericApplicationContext context = onServer(context("sandbox"));
        context.getEnvironment()
                .getPropertySources()
                .addFirst(new SystemEnvironmentPropertySource(
                        "systemEnvironment",
                        Map.of("SPRING_DATASOURCE_URL", "jdbc:postgresql://db.example.com/tenpay")));
        assertThatIllegalStateException()
                .isThrownBy(() -> settings(context))
                .withMessageContaining("spring.datasource.url is set");
    }

    @Test
    void poolOfTheSandboxMayBeTuned() {
        assertThat(settings(
                        with(onServer(context("sandbox")), "spring.datasource.hikari.maximum-pool-size", "3"),
                        "spring.datasource.url"))
                .hasSize(1);
    }

    @Test
    void refusesProfileInOtherLetters() {
        assertThatIllegalStateException()
                .isThrownBy(() -> settings(context("Sandbox")))
                .withMessageContaining("spring.profiles.active names Sandbox");
    }

    @Test
    void reusesItsDatabaseAndRefusesOneItDidNotMake() throws Exception {
        String url =
                settings(onServer(context("sandbox")), "spring.datasource.url").get("spring.datasource.url");
        assertThat(settings(onServer(context("sandbox")), "spring.datasource.url"))
                .containsEntry("spring.datasource.url", url);
        String name = url.replaceFirst(".*/([^/?]+).*", "$1");
        try (Connection connection = server.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("comment on database " + name + " is null");
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> settings(onServer(context("sandbox"))))
                .withMessageContaining("was not made by the sandbox");
    }

    @Test
    void refusesFolderOfSomethingElse() throws Exception {
        Path kept = Files.createDirectories(root.resolve("sandbox/postgres")).resolve("PG_VERSION");
        Files.writeString(kept, "15");
        assertThatIllegalStateException()
                .isThrownBy(() -> settings(context("sandbox")))
                .withMessageContaining("holds files of something else");
        assertThat(kept).hasContent("15");
    }

    @Test
    void aJarWithoutADatabaseSaysWhatToSet() {
        GenericApplicationContext context = context("sandbox");
        context.setClassLoader(new FilteredClassLoader("io.zonky"));
        assertThatIllegalStateException()
                .isThrownBy(() -> new SandboxInitializer().initialize(context))
                .withMessageContaining("spring.datasource.url");
        // The failed start lets go of the folder.
        settings(onServer(context("sandbox")));
    }
}
