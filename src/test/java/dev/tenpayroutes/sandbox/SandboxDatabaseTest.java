package dev.tenpayroutes.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

class SandboxDatabaseTest {

    @TempDir
    private Path root;

    /** Runs in a JVM of its own, and dies there as by kill -9. */
    static final class Killed {
        public static void main(String[] arguments) throws Exception {
            SandboxDatabase database = SandboxDatabase.start(Path.of(arguments[0]));
            execute(database.settings(), "create table kept (word text)");
            Runtime.getRuntime().halt(9);
        }
    }

    /** Needs the database while it is being closed, as a connection pool does. */
    @Configuration(proxyBeanMethods = false)
    static class LastUser {
        static volatile Optional<Boolean> databaseWasThere = Optional.empty();

        @Bean
        AutoCloseable lastUser(Environment environment) {
            return () -> {
                try (Connection connection = connect(
                        Map.of("spring.datasource.url", environment.getRequiredProperty("spring.datasource.url")))) {
                    databaseWasThere = Optional.of(connection.isValid(1));
                }
            };
        }
    }

    private static Connection connect(Map<String, Object> settings) throws SQLException {
        return DriverManager.getConnection(String.valueOf(settings.get("spring.datasource.url")), "postgres", "");
    }

    private static void execute(Map<String, Object> settings, String sql) throws SQLException {
        try (Connection connection = connect(settings);
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void theServerOfAKilledProgramIsReplacedAndItsDataKept() throws Exception {
        Process killed = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Killed.class.getName(),
                        root.toString())
                .redirectErrorStream(true)
                .redirectOutput(root.resolve("killed.log").toFile())
                .start();
        assertThat(killed.waitFor()).isEqualTo(9);
        ProcessHandle orphan = ProcessHandle.of(
                        Long.parseLong(Files.readAllLines(root.resolve("postgres/postmaster.pid"))
                                .get(0)))
                .orElseThrow();
        assertThat(orphan.isAlive()).isTrue();

        try (SandboxDatabase database = SandboxDatabase.start(root)) {
            assertThat(orphan.isAlive()).isFalse();
            execute(database.settings(), "insert into kept values ('still here')");
        }
        assertThat(root.resolve("postgres/postmaster.pid")).doesNotExist();

        // A number that now belongs to a stranger: this very test.
        Files.writeString(
                root.resolve("postgres/postmaster.pid"), ProcessHandle.current().pid() + "\n");
        try (SandboxDatabase database = SandboxDatabase.start(root)) {
            execute(database.settings(), "insert into kept values ('still here')");
        }
        assertThat(ProcessHandle.current().isAlive()).isTrue();
    }

    @Test
    void recreatesPartialDataDirectory() throws Exception {
        Files.createDirectories(root.resolve("postgres"));
        Files.createFile(root.resolve("sandbox.lock"));
        Files.writeString(root.resolve("postgres/postgresql.conf"), "# initdb got as far as this\n");
        SpringApplication application = new SpringApplicationBuilder(LastUser.class)
                .web(WebApplicationType.NONE)
                .initializers(new SandboxInitializer())
                .profiles("sandbox")
                .properties("tenpay.sandbox.folder=" + root, "spring.main.banner-mode=off")
                .build();
        ConfigurableApplicationContext context = application.run();
        LastUser.databaseWasThere = Optional.empty();
        context.close();
        assertThat(LastUser.databaseWasThere).contains(true);
        assertThat(root.resolve("postgres/postmaster.pid")).doesNotExist();
    }
}
