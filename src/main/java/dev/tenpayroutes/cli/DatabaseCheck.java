package dev.tenpayroutes.cli;

import dev.tenpayroutes.camel.RouteValidator;
import dev.tenpayroutes.config.DatabaseRequirements;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationInfoService;
import org.springframework.context.ApplicationContext;

/** Looks at the database and at what it says of our statements; migrates nothing. */
final class DatabaseCheck {

    private final ApplicationContext context;

    DatabaseCheck(ApplicationContext context) {
        this.context = context;
    }

    List<CheckResult> lines() throws SQLException {
        List<CheckResult> lines = new ArrayList<>();
        try (Connection connection = context.getBean(DataSource.class).getConnection()) {
            String version = connection.getMetaData().getDatabaseProductVersion();
            lines.add(CheckResult.ok("database: PostgreSQL " + version));
        }
        Flyway flyway = context.getBean(Flyway.class);
        MigrationInfoService migrations = flyway.info();
        List<CheckResult> wrong = DatabaseRequirements.problems(flyway).stream()
                .map(problem -> CheckResult.of(CheckResult.State.FAIL, problem.line()))
                .toList();
        int pending = migrations.pending().length;
        lines.addAll(wrong);
        if (wrong.isEmpty()) {
            lines.add(CheckResult.ok("migrations: " + migrations.applied().length + " applied"
                    + (pending == 0 ? "" : ", " + pending + " to be applied when the program starts")));
            Stream.of(migrations.applied())
                    .filter(migration -> migration.getState().name().startsWith("FUTURE"))
                    .map(MigrationInfo::getVersion)
                    .forEach(version -> lines.add(CheckResult.warn(
                            "migrations: " + version + " is of a newer version of the program",
                            "run the newer version, unless you go back on purpose")));
        }
        if (wrong.isEmpty() && pending == 0) {
            String location = context.getEnvironment().getProperty("tenpay.routes", "");
            RouteValidator files =
                    new RouteValidator(location, context.getBeanProvider(DataSource.class), bean -> true);
            lines.addAll(CheckResult.of(
                    files.problems(context.getBean(CamelContext.class), RouteValidator.Kind.STATEMENTS),
                    "statements of " + location + ", by the database's judgement"));
        } else if (wrong.isEmpty()) {
            lines.add(CheckResult.warn(
                    "statements: not judged, since the tables they need aren't there before these migrations",
                    "look again after the first start, which judges them as well"));
        }
        return lines;
    }
}
