package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.SQLExceptionOverride;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.datasource.AbstractDataSource;

class FairDataSourceTest {

    private final AtomicInteger made = new AtomicInteger();
    private final HikariDataSource pool = pool();
    private final FairDataSource store = new FairDataSource(pool);

    private HikariDataSource pool() {
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(2);
        config.setConnectionTimeout(250);
        config.setDataSource(new AbstractDataSource() {
            @Override
            public Connection getConnection() {
                made.incrementAndGet();
                return (Connection) Proxy.newProxyInstance(
                        Connection.class.getClassLoader(),
                        new Class<?>[] {Connection.class},
                        (proxy, method, words) -> {
                            Class<?> type = method.getReturnType();
                            return type == boolean.class
                                    ? (Object) method.getName().equals("isValid")
                                    : type == int.class ? (Object) 2 : null;
                        });
            }

            @Override
            public Connection getConnection(String user, String password) {
                return getConnection();
            }
        });
        return new HikariDataSource(config);
    }

    @AfterEach
    void close() {
        pool.close();
    }

    /** Each of many who come again and again has its connection about as often as every other. */
    @Test
    void servesWaitersInOrder() {
        int callers = 48;
        // Or the first would have had turns before the last was there.
        CyclicBarrier all = new CyclicBarrier(callers);
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        List<CompletableFuture<Integer>> turns = new ArrayList<>();
        for (int caller = 0; caller < callers; caller++) {
            turns.add(CompletableFuture.supplyAsync(
                    () -> {
                        int had = 0;
                        await(all);
                        long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
                        while (System.nanoTime() < end) {
                            try (Connection connection = store.getConnection()) {
                                connection.isReadOnly();
                                Thread.onSpinWait();
                                had++;
                            } catch (SQLException e) {
                                throw new CompletionException(e);
                            }
                        }
                        return had;
                    },
                    threads));
        }
        List<Integer> had = turns.stream().map(CompletableFuture::join).toList();
        threads.shutdown();
        assertThat(Collections.min(had)).isGreaterThan(Collections.max(had) / 2);
    }

    private static void await(CyclicBarrier all) {
        try {
            all.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new CompletionException(e);
        }
    }

    @Test
    void countsWhoWaitsAndWhoGotNone() throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        store.bindTo(meters);
        try (Connection one = store.getConnection();
                Connection two = store.getConnection()) {
            assertThat(one).isNotEqualTo(two);
            CompletableFuture<Void> waiter = CompletableFuture.runAsync(
                    () -> assertThatThrownBy(store::getConnection).isInstanceOf(SQLTransientConnectionException.class));
            Awaitility.await()
                    .until(() -> meters.get("tenpay.database.waiting").gauge().value() == 1);
            waiter.get(10, TimeUnit.SECONDS);
        }
        assertThat(meters.get("tenpay.database.waiting").gauge().value()).isZero();
        assertThat(meters.get("tenpay.database.timeouts").functionCounter().count())
                .isEqualTo(1);
    }

    @Test
    void timesOutWaiterAndReleasesItsPlace() throws SQLException {
        for (int time = 0; time < 3; time++) {
            Connection one = store.getConnection();
            try (Connection two = store.getConnection()) {
                assertThat(two).isNotEqualTo(one).isEqualTo(two).hasSameHashCodeAs(two);
                assertThatThrownBy(store::getConnection)
                        .isInstanceOf(SQLTransientConnectionException.class)
                        .hasMessageContaining("250 ms");
            }
            one.close();
            // Closed twice, it gives back one turn.
            one.close();
        }
        try (Connection again = store.getConnection();
                Connection another = store.getConnection()) {
            assertThatThrownBy(store::getConnection).isInstanceOf(SQLTransientConnectionException.class);
            assertThat(again).isNotSameAs(another);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "25006,MUST_EVICT",
        "55000,MUST_EVICT",
        "57P01,MUST_EVICT",
        "57P05,MUST_EVICT",
        "25P03,MUST_EVICT",
        "57014,CONTINUE_EVICT",
        "40001,CONTINUE_EVICT",
        ",CONTINUE_EVICT"
    })
    void connectionThatCannotWriteOrIsEndingIsEvicted(String state, SQLExceptionOverride.Override verdict)
            throws SQLException {
        try (Connection connection = store.getConnection()) {
            assertThat(connection).isNotNull();
        }
        assertThat(FairDataSource.evictsWhatCannotWrite(pool).adjudicate(new SQLException("x", state)))
                .isEqualTo(verdict);
    }

    @Test
    void readOnlyServerLosesEveryConnectionOfThePool() throws SQLException {
        try (Connection one = store.getConnection();
                Connection two = store.getConnection()) {
            assertThat(one).isNotSameAs(two);
        }
        int before = made.get();

        FairDataSource.evictsWhatCannotWrite(pool).adjudicate(new SQLException("x", "25006"));

        try (Connection one = store.getConnection();
                Connection two = store.getConnection()) {
            assertThat(one).isNotSameAs(two);
            assertThat(made.get()).isEqualTo(before + 2);
        }
    }

    @Test
    void releasesPlaceWhenPoolHasNoConnection() throws SQLException {
        pool.close();
        for (int time = 0; time < 5; time++) {
            assertThatThrownBy(store::getConnection)
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void theSpringMetricsFindThePoolBehindIt() throws SQLException {
        assertThat(store.isWrapperFor(HikariDataSource.class)).isTrue();
        assertThat(store.unwrap(HikariDataSource.class)).isSameAs(pool);
    }
}
