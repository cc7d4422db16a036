package dev.tenpayroutes.delivery;

import dev.tenpayroutes.delivery.EgressPolicy.ForbiddenAddressException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.async.HttpAsyncClients;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManagerBuilder;
import org.apache.hc.client5.http.utils.DateUtils;
import org.apache.hc.core5.concurrent.FutureCallback;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.nio.AsyncRequestProducer;
import org.apache.hc.core5.http.nio.AsyncResponseConsumer;
import org.apache.hc.core5.http.nio.CapacityChannel;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.http2.HttpVersionPolicy;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.reactor.IOReactorConfig;
import org.apache.hc.core5.reactor.IOSession;
import org.apache.hc.core5.reactor.IOSessionListener;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * Sends events to ERPs, each once: an attempt ends within its time as a whole, follows no redirect, uses no proxy, and what
 * is answered counts by its status alone.
 *
 * <p>No thread waits for a receiver: hundreds of silent ones cost a socket each.
 */
final class WebhookSender implements AutoCloseable {

    /** Of an answer this much is read over; who says more is cut off, and has been heard. */
    private static final int MAX_RESPONSE_LENGTH = 64 * 1024;

    /** Finds a name's addresses, so that the connection finds them in Java's own cache. */
    interface Lookup {
        void of(String host) throws UnknownHostException;
    }

    private final InFlightDeliveries attempts;
    private final Clock clock;
    private final Duration patience;
    private final Lookup lookup;
    private final CloseableHttpAsyncClient byTls;
    private final CloseableHttpAsyncClient plain;
    private final ScheduledThreadPoolExecutor timer =
            new ScheduledThreadPoolExecutor(1, daemons("erp-webhook-timeout"));
    private final ExecutorService lookups = Executors.newCachedThreadPool(daemons("erp-webhook-lookup"));
    private final Map<String, Queue<Runnable>> waiting = new ConcurrentHashMap<>();

    WebhookSender(
            InFlightDeliveries attempts,
            EgressPolicy networks,
            Clock clock,
            Duration patience,
            int most,
            Lookup lookup) {
        this.attempts = attempts;
        this.clock = clock;
        this.patience = patience;
        this.lookup = lookup;
        this.byTls = client(networks, true, most);
        this.plain = client(networks, false, most);
        timer.setRemoveOnCancelPolicy(true);
    }

    private CloseableHttpAsyncClient client(EgressPolicy networks, boolean tls, int most) {
        Timeout timeout = Timeout.of(patience);
        CloseableHttpAsyncClient client = HttpAsyncClients.custom()
                .setConnectionManager(PoolingAsyncClientConnectionManagerBuilder.create()
                        .setDnsResolver(networks.resolver(tls))
                        // How many each account may have is decided when its events are claimed.
                        .setMaxConnTotal(most)
                        .setMaxConnPerRoute(most)
                        .setDefaultTlsConfig(TlsConfig.custom()
                                .setVersionPolicy(HttpVersionPolicy.FORCE_HTTP_1)
                                .setHandshakeTimeout(timeout)
                                .build())
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setConnectTimeout(timeout)
                                .setSocketTimeout(timeout)
                                .build())
                        .build())
                .setDefaultRequestConfig(RequestConfig.custom()
                        .setConnectionRequestTimeout(timeout)
                        .setResponseTimeout(timeout)
                        .build())
                .setHttp1Config(Http1Config.custom()
                        .setMaxHeaderCount(100)
                        .setMaxLineLength(8192)
                        .build())
                .setIOReactorConfig(IOReactorConfig.custom()
                        .setIoThreadCount(tls ? 2 : 1)
                        .setSoTimeout(timeout)
                        .build())
                .setThreadFactory(daemons(tls ? "erp-webhook-https" : "erp-webhook-http"))
                .setIOSessionListener(new SlowResponseListener(patience.toMillis()))
                .setUserAgent("tenpay-global-routes")
                .disableAutomaticRetries()
                .disableRedirectHandling()
                .disableCookieManagement()
                .disableAuthCaching()
                // A receiver closes what is idle at any moment, and an event that meets that waits for its next turn.
                .evictIdleConnections(TimeValue.ofSeconds(4))
                .build();
        client.start();
        return client;
    }

    /**
     * Who still sends when our request is older than an attempt may be: a call that is cancelled just when it has connected
     * would go on, since the client then takes the connecting for what is to be cancelled.
     */
    private record SlowResponseListener(long patience) implements IOSessionListener {
        @Override
        public void inputReady(IOSession session) {
            if (session.getLastReadTime() - session.getLastWriteTime() > patience) {
                session.close(CloseMode.IMMEDIATE);
            }
        }

        @Override
        public void connected(IOSession session) {}

        @Override
        public void startTls(IOSession session) {}

        @Override
        public void outputReady(IOSession session) {}

        @Override
        public void timeout(IOSession session) {}

        @Override
        public void exception(IOSession session, Exception failure) {}

        @Override
        public void disconnected(IOSession session) {}
    }

    /** Starts it and returns at once; the attempt ends on another thread. */
    void send(DeliveryAttempt attempt, WebhookEndpoint endpoint, AsyncRequestProducer request) {
        var end =
                timer.schedule(() -> cutOff(attempt, "no answer in time"), patience.toMillis(), TimeUnit.MILLISECONDS);
        long begun = System.nanoTime();
        looksUp(endpoint.url().getHost(), () -> {
            // After a pause of the machine this may run before the timer.
            if (System.nanoTime() - begun > patience.toNanos()) {
                cutOff(attempt, "no answer in time");
            }
            if (attempt.isOver()) {
                return;
            }
            attempt.under((endpoint.tls() ? byTls : plain)
                    .execute(request, new StatusCodeConsumer(attempt), new FutureCallback<>() {
                        @Override
                        public void completed(DeliveryAttempt same) {
                            over("");
                        }

                        @Override
                        public void failed(Exception failure) {
                            over(words(failure));
                        }

                        @Override
                        public void cancelled() {
                            over("cut off");
                        }

                        private void over(String reason) {
                            end.cancel(false);
                            ended(attempt, reason);
                        }
                    }));
        });
    }

    private void ended(DeliveryAttempt attempt, String reason) {
        if (attempt.end(reason, System.nanoTime()) && !attempt.tell()) {
            attempts.ended(attempt);
        }
    }

    private void cutOff(DeliveryAttempt attempt, String reason) {
        ended(attempt, reason);
        attempt.cancel();
    }

    /**
     * A name that isn't answered for must hold up no other, and takes one thread however many wait for it. The addresses are
     * those that the connection then asks for again, from Java's own cache, and decides about.
     */
    private void looksUp(String host, Runnable then) {
        boolean[] first = new boolean[1];
        waiting.compute(host, (name, queue) -> {
            first[0] = queue == null;
            Queue<Runnable> mine = queue == null ? new ConcurrentLinkedQueue<>() : queue;
            mine.add(then);
            return mine;
        });
        if (first[0]) {
            lookups.execute(() -> {
                try {
                    lookup.of(host);
                } catch (UnknownHostException e) {
                    // The connection finds the same, and says so.
                } finally {
                    waiting.remove(host).forEach(Runnable::run);
                }
            });
        }
    }

    /** Never the failure's own words: they may hold the address. */
    private static String words(Exception failure) {
        if (failure instanceof ForbiddenAddressException) {
            return "its address is not allowed: tenpay.events.allowed-networks";
        }
        if (failure instanceof UnknownHostException) {
            return "unknown host";
        }
        if (failure instanceof ConnectException || failure instanceof NoRouteToHostException) {
            return "no connection";
        }
        if (failure instanceof SSLException) {
            return "no TLS: " + failure.getClass().getSimpleName();
        }
        return "no answer: " + failure.getClass().getSimpleName();
    }

    /** Seconds, or a date; null where there is none that can be read. */
    private @Nullable Integer pause(@Nullable Header header) {
        String value = header == null || header.getValue() == null
                ? ""
                : header.getValue().strip();
        if (value.matches("[0-9]+")) {
            return value.length() > 9 ? 999_999_999 : Integer.valueOf(value);
        }
        Instant until = value.isEmpty() ? null : DateUtils.parseStandardDate(value);
        if (until == null) {
            return null;
        }
        long seconds = Duration.between(clock.instant(), until).toSeconds();
        return (int) Math.max(0, Math.min(seconds, 999_999_999));
    }

    /** Aborts calls in flight: whether they arrived is unknown, so they don't count. */
    void release() {
        attempts.underWay().forEach(this::release);
    }

    void release(DeliveryAttempt attempt) {
        if (attempt.release(System.nanoTime())) {
            attempts.ended(attempt);
            attempt.cancel();
        }
    }

    @Override
    public void close() {
        byTls.close(CloseMode.IMMEDIATE);
        plain.close(CloseMode.IMMEDIATE);
        timer.shutdownNow();
        lookups.shutdownNow();
    }

    private static ThreadFactory daemons(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /**
     * Notes the status and reads over the rest. Of the head it reads {@code Retry-After} alone: Apache's own consumers parse the
     * content type, and a charset that Java doesn't know would make a failure of a delivery.
     */
    private final class StatusCodeConsumer implements AsyncResponseConsumer<DeliveryAttempt> {

        private final DeliveryAttempt attempt;
        private FutureCallback<DeliveryAttempt> callback;
        private int read;

        StatusCodeConsumer(DeliveryAttempt attempt) {
            this.attempt = attempt;
        }

        @Override
        public void consumeResponse(
                HttpResponse response,
                @Nullable EntityDetails entity,
                HttpContext context,
                FutureCallback<DeliveryAttempt> result) {
            callback = result;
            attempt.answered(response.getCode(), pause(response.getFirstHeader("Retry-After")));
            if (entity == null) {
                result.completed(attempt);
            }
        }

        @Override
        public void informationResponse(HttpResponse response, HttpContext context) {
            // The answer comes after it.
        }

        @Override
        public void updateCapacity(CapacityChannel capacity) throws IOException {
            capacity.update(MAX_RESPONSE_LENGTH);
        }

        @Override
        public void consume(ByteBuffer part) throws IOException {
            read += part.remaining();
            part.position(part.limit());
            if (read > MAX_RESPONSE_LENGTH) {
                ended(attempt, "");
                // Closes the connection, which a cancelled call may leave open: see SlowResponseListener.
                throw new IOException("the answer is longer than " + MAX_RESPONSE_LENGTH + " bytes");
            }
        }

        @Override
        public void streamEnd(@Nullable List<? extends Header> trailers) {
            callback.completed(attempt);
        }

        @Override
        public void failed(Exception failure) {
            // The call's own callback hears of it.
        }

        @Override
        public void releaseResources() {
            // Holds none.
        }
    }
}
