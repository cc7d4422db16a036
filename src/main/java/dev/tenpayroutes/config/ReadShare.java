package dev.tenpayroutes.config;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Requests that only read (GET) hold a share of the store's connections at most, and each of their statements has a short
 * time, so that no number of lists takes the connections of orders and webhooks. Too many at once are refused, not queued.
 * Everything else passes as it is. It belongs to the request's thread, which the routes of a read never leave.
 */
public final class ReadShare extends DelegatingDataSource {

    static final ThreadLocal<Boolean> READING = ThreadLocal.withInitial(() -> false);
    private static final Set<String> MAKES_A_STATEMENT = Set.of("prepareStatement", "createStatement", "prepareCall");
    private static final String QUERY_CANCELED = "57014";
    /** For each connection: those beyond would wait longer than the limit, on threads that orders need. */
    private static final int MAX_WAITING = 16;

    private final Semaphore share;
    private final int maxWaiting;
    private final Limits limits;

    /**
     * @param poolPercent the share of the pool, at least one connection
     * @param maxWait for a connection of the share
     * @param timeout of one statement, in whole seconds
     * @param exports CSV exports at once, each of which holds a thread for as long as its reader takes
     */
    public record Limits(
            @DefaultValue("25") int poolPercent,
            @DefaultValue("500ms") Duration maxWait,
            @DefaultValue("2s") Duration timeout,
            @DefaultValue("2") int exports) {}

    /** The share is in use. */
    static final class Busy extends SQLTransientConnectionException {
        private static final long serialVersionUID = 1;

        Busy() {
            super("the connections for reading are in use");
        }
    }

    public ReadShare(DataSource store, int poolSize, Limits limits) {
        super(store);
        int connections = Math.max(1, poolSize * limits.poolPercent() / 100);
        share = new Semaphore(connections, true);
        maxWaiting = MAX_WAITING * connections;
        this.limits = limits;
    }

    /** Whether this thread's failure is a read's that had no connection or took too long. */
    public static boolean refused(Throwable failure) {
        for (Throwable cause = failure; cause != null && READING.get(); cause = cause.getCause()) {
            if (cause instanceof Busy
                    || cause instanceof SQLException sql && QUERY_CANCELED.equals(sql.getSQLState())) {
                return true;
            }
        }
        return false;
    }

    @Override
    public Connection getConnection() throws SQLException {
        if (!READING.get()) {
            return super.getConnection();
        }
        try {
            if (share.getQueueLength() >= maxWaiting
                    || !share.tryAcquire(limits.maxWait().toMillis(), TimeUnit.MILLISECONDS)) {
                throw new Busy();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Busy();
        }
        Connection connection = null;
        try {
            connection = super.getConnection();
        } finally {
            if (connection == null) {
                share.release();
            }
        }
        // Its statements end by the timeout.
        return PermitConnection.of(connection, share, (method, result) -> {
            if (MAKES_A_STATEMENT.contains(method.getName())) {
                ((Statement) Objects.requireNonNull(result))
                        .setQueryTimeout((int) limits.timeout().toSeconds());
            }
        });
    }

    /** Says which requests only read. */
    @Configuration(proxyBeanMethods = false)
    static class ReadingRequests {
        @Bean
        FilterRegistrationBean<Filter> readingRequests() {
            FilterRegistrationBean<Filter> filter = new FilterRegistrationBean<>((request, response, chain) -> {
                READING.set(((HttpServletRequest) request).getMethod().equals("GET"));
                try {
                    chain.doFilter(request, response);
                } finally {
                    READING.remove();
                }
            });
            filter.addUrlPatterns("/v1/*", "/console/*");
            return filter;
        }
    }
}
