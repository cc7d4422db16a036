package dev.tenpayroutes.start;

import dev.tenpayroutes.account.SettingException;
import java.sql.SQLException;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringBootExceptionReporter;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * When the program can't start, says why in one line that names the setting and the remedy; exit code 1 follows.
 *
 * <p>What it doesn't know is left to Spring Boot's own report.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class OneClearLine implements SpringBootExceptionReporter {

    private final @Nullable ConfigurableApplicationContext context;

    OneClearLine(@Nullable ConfigurableApplicationContext context) {
        this.context = context;
    }

    @Override
    public boolean reportException(Throwable failure) {
        String line = line(failure);
        if (line == null) {
            return false;
        }
        LoggerFactory.getLogger("start").error("Can't start: {}", line);
        return true;
    }

    private @Nullable String line(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SettingException setting) {
                return setting.line();
            }
            if (cause instanceof PortInUseException port) {
                return "server.port " + port.getPort()
                        + " is in use. Remedy: stop what listens there or set another server.port";
            }
            if (cause instanceof FlywayException) {
                return database(cause);
            }
            if (cause.getClass().getName().endsWith("DataSourceProperties$DataSourceBeanCreationException")) {
                return "spring.datasource.url is not set. Remedy: set spring.datasource.url, .username and .password to a"
                        + " PostgreSQL 15 or newer";
            }
            if (cause instanceof IllegalStateException
                    && cause.getStackTrace().length > 0
                    && cause.getStackTrace()[0].getClassName().startsWith("dev.tenpayroutes.")) {
                return cause.getMessage();
            }
        }
        return null;
    }

    private @Nullable String database(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                String url = context == null ? "" : context.getEnvironment().getProperty("spring.datasource.url", "");
                String state = String.valueOf(sql.getSQLState());
                String what = state.startsWith("28")
                        ? "refuses spring.datasource.username or .password"
                        : state.startsWith("3D")
                                ? "does not exist"
                                : state.startsWith("08")
                                        ? "does not answer"
                                        : "can't be migrated (SQL state " + state + ")";
                return "spring.datasource.url " + url.replaceFirst("\\?.*", "") + ": the database " + what
                        + ". Remedy: start it, or correct spring.datasource.url, .username and .password";
            }
        }
        return null;
    }
}
