package dev.tenpayroutes.config;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.SQLExceptionOverride;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * The store's connections, handed out in the order in which they are asked for. HikariCP lets a newcomer take what one who
 * waits was about to get: with a hundred requests at once, some waited until they were refused while others passed by.
 */
final class FairDataSource extends DelegatingDataSource {

    private final HikariDataSource pool;
    private final Semaphore turns;
    private final AtomicLong timeouts = new AtomicLong();

    FairDataSource(HikariDataSource pool) {
        super(pool);
        this.pool = pool;
        turns = new Semaphore(pool.getMaximumPoolSize(), true);
    }

    /** @throws SQLTransientConnectionException when the turn doesn't come within the pool's connection timeout */
    @Override
    public Connection getConnection() throws SQLException {
        long longest = pool.getConnectionTimeout();
        try {
            if (!turns.tryAcquire(longest, TimeUnit.MILLISECONDS)) {
                timeouts.incrementAndGet();
                throw new SQLTransientConnectionException("no connection is free within " + longest + " ms");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLTransientConnectionException("interrupted while waiting for a connection", e);
        }
        Connection connection = null;
        try {
            connection = super.getConnection();
        } finally {
            if (connection == null) {
                turns.release();
                timeouts.incrementAndGet();
            }
        }
        return PermitConnection.of(connection, turns, (method, result) -> {});
    }

    /** HikariCP's own metrics don't see who waits in front of it. */
    void bindTo(MeterRegistry meters) {
        Gauge.builder("tenpay.database.waiting", turns, Semaphore::getQueueLength)
                .register(meters);
        FunctionCounter.builder("tenpay.database.timeouts", timeouts, AtomicLong::doubleValue)
                .register(meters);
    }

    /**
     * A connection whose session can't write or is ending is closed at once; HikariCP itself knows some of these states only.
     * Where a server has turned read-only, every other connection to it is as useless.
     */
    static SQLExceptionOverride evictsWhatCannotWrite(HikariDataSource pool) {
        return new SQLExceptionOverride() {
            @java.lang.Override
            public Override adjudicate(SQLException failure) {
                String state = String.valueOf(failure.getSQLState());
                // read_only_sql_transaction; object_not_in_prerequisite_state: what recovery forbids, a lock for
                // example.
                if (state.equals("25006") || state.equals("55000")) {
                    pool.getHikariPoolMXBean().softEvictConnections();
                    return Override.MUST_EVICT;
                }
                // Operator intervention but for a cancelled statement; a transaction or session that idled too long.
                return state.matches("57P..|25P0[34]") ? Override.MUST_EVICT : Override.CONTINUE_EVICT;
            }
        };
    }

    /** Puts it in front of the pool that Spring Boot makes. */
    @Configuration(proxyBeanMethods = false)
    static class InFrontOfThePool {
        @Bean
        static MeterBinder connectionMetrics(DataSource store) {
            return meters -> {
                try {
                    store.unwrap(FairDataSource.class).bindTo(meters);
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            };
        }

        @Bean
        static BeanPostProcessor inTurn(Environment settings) {
            ReadShare.Limits limits = Binder.get(settings).bindOrCreate("tenpay.reads", ReadShare.Limits.class);
            return new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                    if (!(bean instanceof HikariDataSource pool)) {
                        return bean;
                    }
                    pool.setExceptionOverride(evictsWhatCannotWrite(pool));
                    return new ReadShare(new FairDataSource(pool), pool.getMaximumPoolSize(), limits);
                }
            };
        }
    }
}
