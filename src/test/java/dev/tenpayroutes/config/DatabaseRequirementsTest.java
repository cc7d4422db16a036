package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;

class DatabaseRequirementsTest {

    private static EmbeddedPostgres postgres;

    @BeforeAll
    static void startServer() throws IOException {
        postgres = EmbeddedPostgres.builder().setPort(FreePort.find()).start();
    }

    @AfterAll
    static void stopServer() throws IOException {
        postgres.close();
    }

    @BeforeEach
    void noDatabaseOfATestBefore() {
        server().sql("drop database if exists odd").update();
    }

    private static JdbcClient server() {
        return JdbcClient.create(postgres.getPostgresDatabase());
    }

    private static JdbcClient odd() {
        return JdbcClient.create(postgres.getDatabase("postgres", "odd"));
    }

    private static Flyway flyway(String user) {
        return Flyway.configure().dataSource(postgres.getDatabase(user, "odd")).load();
    }

    private static void migrate(String user) {
        new DatabaseRequirements().migrate(flyway(user));
    }

    @ParameterizedTest
    @ValueSource(strings = {"SQL_ASCII", "LATIN1", "EUC_CN"})
    void refusesEncodingThatCannotHoldEveryText(String encoding) {
        server().sql("create database odd encoding '" + encoding + "' locale 'C' template template0")
                .update();

        assertThatThrownBy(() -> migrate("postgres"))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        refused -> assertThat(refused.line())
                                .startsWith("spring.datasource.url leads to a database with the encoding " + encoding)
                                .contains("encoding 'UTF8' template template0"));

        assertThat(odd().sql("select count(*) from pg_tables where schemaname = 'public'")
                        .query(Integer.class)
                        .single())
                .isZero();
    }

    @Test
    void migrationWithAnotherTextIsRefusedAndItsDataKept() {
        server().sql("create database odd encoding 'UTF8' template template0").update();
        migrate("postgres");
        odd().sql("update flyway_schema_history set checksum = 1 where version = '1'")
                .update();

        assertThatThrownBy(() -> migrate("postgres"))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        refused -> assertThat(refused.line())
                                .startsWith("migration V1 (baseline) was applied to this database with another text")
                                .contains("whose data stays as it is")
                                .doesNotContain("empty", "delete"));

        // As the remedy has it.
        String line = DatabaseRequirements.problems(flyway("postgres")).get(0).line();
        assertThat(odd().sql(line.replaceFirst("(?s).*(update flyway_schema_history .*'1').*", "$1"))
                        .update())
                .isEqualTo(1);
        migrate("postgres");
    }

    @Test
    void migrationOfAnotherVersionIsRefusedAndNewerOnesAreLeftAlone() {
        server().sql("create database odd encoding 'UTF8' template template0").update();
        migrate("postgres");
        odd().sql("insert into flyway_schema_history values (1000, '999', 'later', 'SQL', 'V999__later.sql', 1, 'x',"
                        + " now(), 1, true)")
                .update();
        migrate("postgres");

        odd().sql("update flyway_schema_history set version = '0.5', installed_rank = 3000 where version = '999'")
                .update();
        assertThatThrownBy(() -> migrate("postgres"))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        refused -> assertThat(refused.line())
                                .contains("V0.5", "start the version that applied it")
                                .doesNotContain("empty", "delete"));
    }

    @Test
    void userWhoMayMakeNoTablesIsRefused() {
        server().sql("create database odd encoding 'UTF8' template template0").update();
        server().sql("drop role if exists poor").update();
        server().sql("create role poor login").update();

        assertThat(DatabaseRequirements.problems(flyway("poor")))
                .singleElement()
                .satisfies(problem -> assertThat(problem.line())
                        .contains(
                                "poor may not make tables in the schema public",
                                "alter database odd owner to poor",
                                "grant usage, create on schema public to poor"));
    }
}
