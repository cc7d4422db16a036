package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.jdbc.datasource.AbstractDataSource;

class ReadShareTest {

    private final AtomicInteger seconds = new AtomicInteger();
    private final ReadShare store = share(Duration.ofMillis(50));

    private ReadShare share(Duration maxWait) {
        return new ReadShare(
                new AbstractDataSource() {
                    @Override
                    public Connection getConnection() {
                        return fake(Connection.class);
                    }

                    @Override
                    public Connection getConnection(String user, String password) {
                        return getConnection();
                    }
                },
                8,
                new ReadShare.Limits(25, maxWait, Duration.ofSeconds(2), 2));
    }

    private <T> T fake(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, words) -> {
                    if (method.getName().equals("setQueryTimeout")) {
                        seconds.set((int) words[0]);
                    }
                    return method.getName().equals("prepareStatement") ? fake(PreparedStatement.class) : null;
                }));
    }

    @AfterEach
    void nothingIsRead() {
        ReadShare.READING.remove();
    }

    @Test
    void refusesReadsBeyondTheirShare() throws SQLException {
        ReadShare.READING.set(true);
        Connection first = store.getConnection();
        store.getConnection();
        assertThatThrownBy(store::getConnection).isInstanceOf(ReadShare.Busy.class);
        first.close();
        first.close();
        store.getConnection();
        assertThatThrownBy(store::getConnection)
                .satisfies(busy -> assertThat(ReadShare.refused(new TransientDataAccessResourceException("", busy)))
                        .isTrue());
    }

    @Test
    void leavesEverythingElseAlone() throws SQLException {
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            all.add(store.getConnection());
        }
        all.get(0).prepareStatement("select 1");
        assertThat(seconds.get()).isZero();
        assertThat(ReadShare.refused(new SQLException("", "57014"))).isFalse();
    }

    @Test
    void givesEachStatementOfAReadItsTime() throws SQLException {
        ReadShare.READING.set(true);
        store.getConnection().prepareStatement("select 1");
        assertThat(seconds.get()).isEqualTo(2);
        assertThat(ReadShare.refused(new SQLException("", "57014"))).isTrue();
        assertThat(ReadShare.refused(new SQLException("", "40001"))).isFalse();
    }

    @Test
    void refusesAtOnceWhereTooManyWaitAlready() throws SQLException {
        ReadShare busy = share(Duration.ofSeconds(20));
        ReadShare.READING.set(true);
        busy.getConnection();
        busy.getConnection();
        ExecutorService readers = Executors.newCachedThreadPool();
        try {
            List<CompletableFuture<Connection>> waiting = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                waiting.add(CompletableFuture.supplyAsync(
                        () -> {
                            ReadShare.READING.set(true);
                            try {
                                return busy.getConnection();
                            } catch (SQLException e) {
                                throw new CompletionException(e);
                            }
                        },
                        readers));
            }
            assertThatThrownBy(() -> CompletableFuture.anyOf(waiting.toArray(CompletableFuture[]::new))
                            .join())
                    .hasCauseInstanceOf(ReadShare.Busy.class);
        } finally {
            readers.shutdownNow();
        }
    }
}
