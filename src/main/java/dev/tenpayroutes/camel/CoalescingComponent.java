package dev.tenpayroutes.camel;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.support.DefaultEndpoint;
import org.apache.camel.support.DefaultProducer;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * {@code coalesce:name?variables=x,y&binaryVariables=z}: exchanges that come at the same time share one run of the route {@code direct:name}, so one
 * statement and one commit. The cost of both is then paid once for all of them: docs/performance-log.md has the figures.
 *
 * <p>The route finds the variables that {@code of} and {@code bytes} name as arrays of texts and of bytes, an element for
 * each exchange. It answers with rows
 * of {@code ordinal}, counted from 1, and {@code result}, which becomes that exchange's body. Exchanges are never delayed to fill a batch:
 * an exchange that finds no other goes alone at once.
 *
 * <p>What the route must keep to: <b>an exchange without a row was not touched</b>. It then goes alone, and only there
 * has no row the meaning of an empty answer. So a statement may leave out, of several, what it would have to wait for.
 * When the database refuses a batch for its content, all of it was rolled back, and each runs singly: no exchange fails
 * for another one's sake. Safe for use by many threads; it must not be used inside a transaction, whose connection
 * others would not share.
 */
@Component("coalesce")
class CoalescingComponent extends DefaultComponent {

    /** Enough to make the fixed costs small, and few enough for the first not to wait long for the last. */
    private static final int MAX = 64;

    /** So many that wait don't wait for the batch that is written, but make one beside it; fewer would make two small ones. */
    private static final int ENOUGH = 16;

    private static final int AT_ONCE = 2;

    /** Of the batch before: a commit takes milliseconds, so after this it waits for a lock, which those behind it need not. */
    private static final Duration QUEUE_TIMEOUT = Duration.ofMillis(100);

    private final MeterRegistry meters;
    private final Duration queueTimeout;
    private final List<Queue> queues = new CopyOnWriteArrayList<>();
    private @Nullable ScheduledExecutorService timer;

    @Autowired
    CoalescingComponent(MeterRegistry meters) {
        this(meters, QUEUE_TIMEOUT);
    }

    CoalescingComponent(MeterRegistry meters, Duration queueTimeout) {
        this.meters = meters;
        this.queueTimeout = queueTimeout;
    }

    @Override
    protected Endpoint createEndpoint(String uri, String name, Map<String, Object> parameters) {
        String texts = getAndRemoveParameter(parameters, "variables", String.class);
        if (texts == null) {
            throw new IllegalArgumentException(uri + " lacks the option variables, the names of variables");
        }
        String bytes = getAndRemoveParameter(parameters, "binaryVariables", String.class, "");
        Queue queue = new Queue();
        queues.add(queue);
        DistributionSummary sizes = DistributionSummary.builder("tenpay.coalesced")
                .tag("statement", name)
                .serviceLevelObjectives(1, 2, 4, 8, 16, 32, MAX)
                .register(meters);
        return new BatchEndpoint(uri, this, "direct:" + name, names(texts), names(bytes), queue, sizes);
    }

    /** One timer for all: a wait of limited time for each exchange would cost more than the wait. */
    @Override
    protected void doStart() throws Exception {
        super.doStart();
        long period = queueTimeout.toMillis() / 4;
        timer = getCamelContext().getExecutorServiceManager().newSingleThreadScheduledExecutor(this, "coalesce");
        timer.scheduleWithFixedDelay(
                () -> queues.forEach(queue -> queue.flushStale(queueTimeout)), period, period, TimeUnit.MILLISECONDS);
    }

    @Override
    protected void doStop() throws Exception {
        if (timer != null) {
            getCamelContext().getExecutorServiceManager().shutdownNow(timer);
        }
        super.doStop();
    }

    private static List<String> names(String list) {
        return list.isEmpty() ? List.of() : List.of(list.split(","));
    }

    enum Outcome {
        /** Its turn has come to take itself and those behind it. */
        LEADS,
        ANSWERED,
        FAILED,
        /** Left out, or in bad company. */
        RUN_SINGLE
    }

    /** What became of an exchange: {@code result} is its answer or its failure. */
    record Result(Outcome outcome, @Nullable Object result) {}

    record Member(Exchange exchange, CompletableFuture<Result> future, long since) {
        Member(Exchange exchange) {
            this(exchange, new CompletableFuture<>(), System.nanoTime());
        }

        void is(Outcome outcome, @Nullable Object result) {
            future.complete(new Result(outcome, result));
        }
    }

    /** Those who wait at one endpoint, whichever step of a route they came by. */
    static final class Queue {

        private final ReentrantLock lock = new ReentrantLock();
        private final Deque<Member> waiting = new ArrayDeque<>();
        private int leaders;
        /** Leaders that haven't taken their batch yet: the waiting exchanges are theirs, so no other leader is needed. */
        private int chosen;

        void enqueue(Member member) {
            lock.lock();
            try {
                waiting.add(member);
                chooseIfWorthIt();
            } finally {
                lock.unlock();
            }
        }

        /** If an exchange has waited for longer, the first leads now; its batch takes those behind it. */
        void flushStale(Duration queueTimeout) {
            lock.lock();
            try {
                if (chosen == 0
                        && !waiting.isEmpty()
                        && System.nanoTime() - waiting.element().since() > queueTimeout.toNanos()) {
                    lead();
                }
            } finally {
                lock.unlock();
            }
        }

        /** Half of many, so that another batch can be made beside this one. */
        void drain(List<Member> batch) {
            lock.lock();
            try {
                int size = Math.min(MAX, Math.max(ENOUGH, (waiting.size() + 1) / 2));
                while (batch.size() < size && !waiting.isEmpty()) {
                    batch.add(waiting.remove());
                }
                chosen--;
                chooseIfWorthIt();
            } finally {
                lock.unlock();
            }
        }

        void next() {
            lock.lock();
            try {
                leaders--;
                chooseIfWorthIt();
            } finally {
                lock.unlock();
            }
        }

        private void chooseIfWorthIt() {
            boolean beside = waiting.size() >= ENOUGH && chosen == 0 && leaders < AT_ONCE;
            if (leaders == 0 ? !waiting.isEmpty() : beside) {
                lead();
            }
        }

        private void lead() {
            leaders++;
            chosen++;
            waiting.remove().is(Outcome.LEADS, null);
        }
    }

    private static final class BatchEndpoint extends DefaultEndpoint {

        private final String route;
        private final List<String> texts;
        private final List<String> bytes;
        private final Queue queue;
        private final DistributionSummary sizes;

        BatchEndpoint(
                String uri,
                CoalescingComponent component,
                String route,
                List<String> texts,
                List<String> bytes,
                Queue queue,
                DistributionSummary sizes) {
            super(uri, component);
            this.sizes = sizes;
            this.route = route;
            this.texts = texts;
            this.bytes = bytes;
            this.queue = queue;
        }

        @Override
        public Producer createProducer() throws Exception {
            return new BatchProducer(this, getCamelContext().getEndpoint(route).createProducer());
        }

        @Override
        public org.apache.camel.Consumer createConsumer(org.apache.camel.Processor processor) {
            throw new UnsupportedOperationException("nothing comes from coalesce:");
        }
    }

    private static final class BatchProducer extends DefaultProducer {

        private final BatchEndpoint endpoint;
        private final Producer route;

        BatchProducer(BatchEndpoint endpoint, Producer route) {
            super(endpoint);
            this.endpoint = endpoint;
            this.route = route;
        }

        @Override
        public void process(Exchange exchange) throws ExecutionException {
            if (TransactionSynchronizationManager.isActualTransactionActive()) {
                throw new IllegalStateException(getEndpoint() + " can't be a part of a transaction");
            }
            Member member = new Member(exchange);
            endpoint.queue.enqueue(member);
            // Put back at the end: it may be in a batch, so what became of it must be heard; and it may lead, so others
            // would fail.
            boolean interrupted = Thread.interrupted();
            Result future;
            try {
                future = member.future().get();
            } catch (InterruptedException e) {
                interrupted = true;
                future = member.future().join();
            }
            if (future.outcome() == Outcome.LEADS) {
                future = lead(exchange);
            }
            if (future.outcome() == Outcome.RUN_SINGLE) {
                future = run(List.of(new Member(exchange)));
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            if (future.outcome() == Outcome.FAILED) {
                exchange.setException((Throwable) future.result());
            } else {
                exchange.getMessage().setBody(future.result());
            }
        }

        /** One batch; then the first of those who came meanwhile leads, unless they are few and another batch is under way. */
        private Result lead(Exchange exchange) {
            List<Member> batch = new ArrayList<>(List.of(new Member(exchange)));
            endpoint.queue.drain(batch);
            try {
                return run(batch);
            } finally {
                endpoint.queue.next();
            }
        }

        /** @return what became of the first; the others are told */
        private Result run(List<Member> batch) {
            endpoint.sizes.record(batch.size());
            try {
                Exchange together = endpoint.createExchange(ExchangePattern.InOut);
                for (String variable : endpoint.texts) {
                    together.setVariable(
                            variable, values(batch, variable, String.class).toArray(String[]::new));
                }
                for (String variable : endpoint.bytes) {
                    together.setVariable(
                            variable, values(batch, variable, byte[].class).toArray(byte[][]::new));
                }
                route.process(together);
                if (together.getException() != null) {
                    throw together.getException();
                }
                answer(batch, together.getMessage().getMandatoryBody(List.class));
            } catch (Throwable e) {
                Outcome outcome = batch.size() > 1 && isOfItsContent(e) ? Outcome.RUN_SINGLE : Outcome.FAILED;
                batch.forEach(member -> member.is(outcome, e));
            }
            return batch.get(0).future().join();
        }

        private static <T> List<@Nullable T> values(List<Member> batch, String variable, Class<T> type) {
            List<@Nullable T> values = new ArrayList<>(batch.size());
            for (Member member : batch) {
                values.add(member.exchange().getVariable(variable, type));
            }
            return values;
        }

        private static void answer(List<Member> batch, List<?> rows) {
            for (Object row : rows) {
                Map<?, ?> columns = (Map<?, ?>) row;
                int ordinal = ((Number) columns.get("ordinal")).intValue();
                batch.get(ordinal - 1).is(Outcome.ANSWERED, columns.get("result"));
            }
            // Those without a row.
            Outcome outcome = batch.size() == 1 ? Outcome.ANSWERED : Outcome.RUN_SINGLE;
            batch.forEach(member -> member.is(outcome, null));
        }

        /** Whether the database took it all back for what it holds, who else was at it or how long it took: not that it is away or read-only. */
        private static boolean isOfItsContent(Throwable failure) {
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                    String state = sql.getSQLState();
                    return !state.startsWith("08")
                            && !state.startsWith("53")
                            && !state.startsWith("57P")
                            && !state.equals("25006");
                }
            }
            return false;
        }

        @Override
        protected void doStart() throws Exception {
            super.doStart();
            route.start();
        }

        @Override
        protected void doStop() throws Exception {
            route.stop();
            super.doStop();
        }
    }
}
