package dev.tenpayroutes.config;

import java.sql.SQLException;
import java.util.Optional;
import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.FailedToStartRouteException;
import org.apache.camel.spring.boot.CamelSpringBootInitializationException;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringBootExceptionReporter;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindException;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * When the program can't start, says why in one line that names the setting or file and the remedy; exit code 1 follows.
 *
 * <p>What it doesn't know is left to Spring Boot's own report.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
public final class StartupFailureReporter implements SpringBootExceptionReporter {

    private final @Nullable ConfigurableApplicationContext context;

    StartupFailureReporter(@Nullable ConfigurableApplicationContext context) {
        this.context = context;
    }

    @Override
    public boolean reportException(Throwable failure) {
        String url = context == null ? "" : context.getEnvironment().getProperty("spring.datasource.url", "");
        Optional<String> line = line(failure, url);
        line.ifPresent(words -> LoggerFactory.getLogger("start").error("Can't start: {}", words));
        return line.isPresent();
    }

    /** What is wrong and the remedy, if it is of a known kind: never with a secret. */
    public static Optional<String> line(Throwable failure, String databaseUrl) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String line = known(cause, databaseUrl);
            if (line != null) {
                return Optional.of(line);
            }
        }
        return Optional.empty();
    }

    private static @Nullable String known(Throwable cause, String databaseUrl) {
        if (cause instanceof InvalidConfigurationException setting) {
            return setting.line();
        }
        if (cause instanceof PortInUseException port) {
            return "server.port " + port.getPort()
                    + " is in use. Remedy: stop what listens there, or set another server.port";
        }
        if (cause instanceof FlywayException || cause instanceof SQLException) {
            return DatabaseFailure.line(cause, databaseUrl);
        }
        // Private to Spring Boot: known by its name only.
        if (cause.getClass().getSimpleName().equals("DataSourceBeanCreationException")) {
            return "spring.datasource.url is not set. Remedy: set spring.datasource.url, .username and .password to a"
                    + " PostgreSQL 15 or newer";
        }
        if (cause instanceof ConfigurationPropertiesBindException) {
            Throwable root = root(cause);
            return root instanceof InvalidConfigurationException setting
                    ? setting.line()
                    : oneLine(cause.getMessage() + ": " + root.getMessage()) + ". Remedy: correct the setting";
        }
        if (cause instanceof CamelSpringBootInitializationException
                || cause instanceof FailedToCreateRouteException
                || cause instanceof FailedToStartRouteException) {
            String outer = oneLine(cause.getMessage());
            String inner = oneLine(root(cause).getMessage());
            return (outer.contains(inner) ? outer : outer + ": " + inner) + ". Remedy: correct the file in routes/";
        }
        boolean ours = cause instanceof IllegalStateException
                && !(cause.getCause() instanceof SQLException)
                && cause.getStackTrace().length > 0
                && cause.getStackTrace()[0].getClassName().startsWith("dev.tenpayroutes.");
        return ours ? cause.getMessage() : null;
    }

    private static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    private static String oneLine(@Nullable String text) {
        return String.valueOf(text).replaceAll("\\s+", " ").strip();
    }
}
