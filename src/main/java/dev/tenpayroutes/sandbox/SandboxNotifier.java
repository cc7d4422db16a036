package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Makes time pass in the {@link SandboxLedger} and delivers its notifications (W3), each until it is answered with 2xx
 * or its delays are used up. Every attempt has a time, a nonce and a signature of its own; the id stays.
 *
 * <p>It starts after the web server and stops before it, so that the program's own webhook is there to be called.
 */
final class SandboxNotifier implements SmartLifecycle {

    private static final Logger LOG = LoggerFactory.getLogger(SandboxNotifier.class);
    private static final Duration RESPONSE_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration TICK = Duration.ofMillis(50);
    private static final int MAX_CONCURRENT = 64;

    private final SandboxLedger ledger;
    private final SandboxWire wire;
    private final boolean encrypt;
    private final AtomicInteger underWay = new AtomicInteger();
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(RESPONSE_TIMEOUT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    private volatile @Nullable ScheduledExecutorService scheduler;

    SandboxNotifier(SandboxLedger ledger, SandboxWire wire, boolean encrypt) {
        this.ledger = ledger;
        this.wire = wire;
        this.encrypt = encrypt;
    }

    @Override
    public void start() {
        ScheduledExecutorService started = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "sandbox-notifier");
            thread.setDaemon(true);
            return thread;
        });
        started.scheduleWithFixedDelay(this::tick, 0, TICK.toMillis(), TimeUnit.MILLISECONDS);
        scheduler = started;
    }

    @Override
    public void stop() {
        ScheduledExecutorService running = scheduler;
        if (running != null) {
            running.shutdownNow();
            scheduler = null;
        }
    }

    @Override
    public boolean isRunning() {
        return scheduler != null;
    }

    /** Never throws: the scheduler would drop the task for good. */
    void tick() {
        try {
            ledger.settleDue();
            ledger.takeDeliveries(MAX_CONCURRENT - underWay.get()).forEach(this::send);
        } catch (RuntimeException e) {
            LOG.error("The sandbox's clockwork stumbled", e);
        }
    }

    private void send(SandboxNotification notification) {
        underWay.incrementAndGet();
        exchange(notification)
                // The request's own limit ends with the answer's headers.
                .orTimeout(2 * RESPONSE_TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                .whenComplete((answer, failure) -> {
                    underWay.decrementAndGet();
                    if (failure == null) {
                        ledger.recordAttempt(notification, answer.statusCode(), null);
                    } else {
                        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                        ledger.recordAttempt(
                                notification, null, cause.getClass().getSimpleName());
                    }
                });
    }

    private CompletableFuture<HttpResponse<Void>> exchange(SandboxNotification notification) {
        try {
            byte[] body = SandboxWire.bytes(envelope(notification));
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(notification.url()))
                    .timeout(RESPONSE_TIMEOUT)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body));
            wire.seal(body).headers().forEach(request::header);
            return client.sendAsync(request.build(), HttpResponse.BodyHandlers.discarding());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private ObjectNode envelope(SandboxNotification notification) {
        ObjectNode envelope = SandboxWire.JSON
                .createObjectNode()
                .put("id", notification.id())
                .put("create_time", SandboxWire.time(notification.createdAt()))
                .put("event_type", notification.eventType())
                .put("resource_type", encrypt ? "encrypt-resource" : "plain");
        envelope.set(
                "resource",
                encrypt
                        ? wire.encrypt(
                                SandboxWire.bytes(notification.resource()),
                                notification.refund() ? "refund" : "payment")
                        : notification.resource());
        return envelope;
    }
}
