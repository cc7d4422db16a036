package dev.tenpayroutes.camel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.camel.CamelExecutionException;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.UncategorizedSQLException;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** What becomes of exchanges that share a statement: each hears what it would have heard alone. */
class CoalescingComponentTest {

    /** What the database does with a batch, given its texts. */
    private interface Statement {
        List<Map<String, Object>> run(List<String> texts) throws Throwable;
    }

    private final DefaultCamelContext camel = new DefaultCamelContext();
    private final ConcurrentLinkedQueue<List<String>> runs = new ConcurrentLinkedQueue<>();
    private final CountDownLatch first = new CountDownLatch(1);
    private volatile Statement statement = CoalescingComponentTest::answerAll;

    @BeforeEach
    void start() throws Exception {
        camel.addComponent("coalesce", new CoalescingComponent(new SimpleMeterRegistry(), Duration.ofSeconds(10)));
        camel.addComponent("hasty", new CoalescingComponent(new SimpleMeterRegistry(), Duration.ofMillis(20)));
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("direct:statement").routeId("statement").process(CoalescingComponentTest.this::run);
            }
        });
        camel.start();
    }

    @AfterEach
    void stop() {
        camel.stop();
    }

    private void run(Exchange exchange) {
        List<String> texts = Arrays.asList(exchange.getVariable("text", String[].class));
        runs.add(texts);
        try {
            exchange.getMessage().setBody(statement.run(texts));
        } catch (Exception e) {
            exchange.setException(e);
        } catch (Throwable e) {
            throw (Error) e;
        }
    }

    private static List<Map<String, Object>> answerAll(List<String> texts) {
        return IntStream.range(0, texts.size())
                .<Map<String, Object>>mapToObj(i -> Map.of("ordinal", i + 1L, "result", "re " + texts.get(i)))
                .toList();
    }

    private static UncategorizedSQLException refused(String state) {
        return new UncategorizedSQLException("coalesce", "select", new SQLException("refused", state));
    }

    private Object send(String text) {
        return send("coalesce", text);
    }

    private Object send(String component, String text) {
        Exchange answer = camel.createProducerTemplate()
                .request(component + ":statement?variables=text", exchange -> exchange.setVariable("text", text));
        if (answer.getException() != null) {
            throw new CamelExecutionException("failed", answer, answer.getException());
        }
        return answer.getMessage().getBody();
    }

    /** The first one is held in the database until the others wait; then they go together. */
    private List<CompletableFuture<Object>> together(String... texts) {
        Statement then = statement;
        statement = batch -> {
            if (batch.contains("first")) {
                first.await(10, TimeUnit.SECONDS);
                return answerAll(batch);
            }
            return then.run(batch);
        };
        List<CompletableFuture<Object>> all = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (String text : texts) {
            CompletableFuture<Object> answer = new CompletableFuture<>();
            Thread thread = new Thread(() -> {
                try {
                    answer.complete(send(text));
                } catch (CamelExecutionException e) {
                    answer.completeExceptionally(e.getCause());
                }
            });
            all.add(answer);
            threads.add(thread);
            thread.start();
            await().until(() -> runs.size() == 1
                    && (thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING));
        }
        first.countDown();
        return all;
    }

    private static Object of(CompletableFuture<Object> answer) {
        return answer.orTimeout(10, TimeUnit.SECONDS).join();
    }

    @Test
    void runsSingleExchangeAtOnce() {
        assertThat(send("a")).isEqualTo("re a");
        assertThat(runs).containsExactly(List.of("a"));
    }

    @Test
    void batchesExchangesThatArriveDuringWrite() {
        var answers = together("first", "a", "b", "c");
        assertThat(answers.stream().map(CoalescingComponentTest::of))
                .containsExactly("re first", "re a", "re b", "re c");
        assertThat(runs).containsExactly(List.of("first"), List.of("a", "b", "c"));
    }

    @Test
    void rerunsExchangeWithoutRowAlone() {
        statement = texts -> answerAll(texts).stream()
                .filter(row -> !row.get("result").equals("re b") || texts.size() == 1)
                .filter(row -> !row.get("result").equals("re c"))
                .toList();
        var answers = together("first", "a", "b", "c");
        assertThat(answers.stream().map(CoalescingComponentTest::of)).containsExactly("re first", "re a", "re b", null);
        assertThat(runs)
                .contains(List.of("a", "b", "c"), List.of("b"), List.of("c"))
                .hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"22P02", "23505", "40P01", "55P03", "57014"})
    void whatTheDatabaseRefusesFailsNobodyElse(String state) {
        statement = texts -> {
            if (texts.contains("poison")) {
                throw refused(state);
            }
            return answerAll(texts);
        };
        var answers = together("first", "a", "poison", "c");
        assertThat(of(answers.get(1))).isEqualTo("re a");
        assertThatThrownBy(() -> of(answers.get(2))).hasRootCauseMessage("refused");
        assertThat(of(answers.get(3))).isEqualTo("re c");
    }

    /** Whether it was written can't be known then, and asking again would take as long again. */
    @ParameterizedTest
    @ValueSource(strings = {"08006", "53300", "57P01", "25006"})
    void aDatabaseThatIsAwayIsAskedOnce(String state) {
        statement = texts -> {
            throw refused(state);
        };
        var answers = together("first", "a", "b");
        assertThatThrownBy(() -> of(answers.get(1))).hasRootCauseMessage("refused");
        assertThatThrownBy(() -> of(answers.get(2))).hasRootCauseMessage("refused");
        assertThat(runs).containsExactly(List.of("first"), List.of("a", "b"));
    }

    @Test
    void isolatesExchangeThatFailsInBatch() {
        statement = texts -> {
            if (texts.contains("a")) {
                throw new StackOverflowError("broken");
            }
            return answerAll(texts);
        };
        var answers = together("first", "a", "b");
        assertThatThrownBy(() -> of(answers.get(1))).hasRootCauseMessage("broken");
        assertThatThrownBy(() -> of(answers.get(2))).hasRootCauseMessage("broken");
        assertThat(send("c")).isEqualTo("re c");
    }

    @Test
    void runsAloneAfterWaitingTooLongForBatch() throws Exception {
        statement = texts -> {
            if (texts.contains("first")) {
                first.await(10, TimeUnit.SECONDS);
            }
            return answerAll(texts);
        };
        CompletableFuture<Object> held =
                CompletableFuture.supplyAsync(() -> send("hasty", "first"), work -> new Thread(work).start());
        await().until(() -> runs.size() == 1);
        assertThat(send("hasty", "a")).isEqualTo("re a");
        assertThat(held).isNotDone();
        first.countDown();
        assertThat(of(held)).isEqualTo("re first");
        assertThat(send("hasty", "b")).isEqualTo("re b");
    }

    @Test
    void returnsOutcomeToInterruptedCaller() {
        statement = texts -> {
            if (Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("interrupted");
            }
            return answerAll(texts);
        };
        Thread.currentThread().interrupt();
        assertThat(send("a")).isEqualTo("re a");
        assertThat(Thread.interrupted()).isTrue();
    }

    /** Else two would be promoted for the same sixteen, and the second would run an empty batch. */
    @Test
    void promotesNoSecondLeaderForSameBatch() {
        CoalescingComponent.Queue queue = new CoalescingComponent.Queue();
        List<CoalescingComponent.Member> members = members(33);
        members.forEach(queue::enqueue);
        assertThat(chosen(members)).containsExactly(0);

        List<CoalescingComponent.Member> batch = new ArrayList<>(members.subList(0, 1));
        queue.drain(batch);
        assertThat(batch).isEqualTo(members.subList(0, 16));
        assertThat(chosen(members)).containsExactly(0, 16);

        batch = new ArrayList<>(members.subList(16, 17));
        queue.drain(batch);
        assertThat(batch).isEqualTo(members.subList(16, 32));
        queue.next();
        assertThat(chosen(members)).containsExactly(0, 16);
        queue.next();
        assertThat(chosen(members)).containsExactly(0, 16, 32);
    }

    /** A stall of the database makes many wait too long: they are still batches, not as many statements as there are. */
    @Test
    void promotesOneStaleExchangeAtATime() {
        CoalescingComponent.Queue queue = new CoalescingComponent.Queue();
        List<CoalescingComponent.Member> members = members(41);
        queue.enqueue(members.get(0));
        queue.drain(new ArrayList<>(members.subList(0, 1)));
        members.subList(1, 41).forEach(queue::enqueue);
        queue.drain(new ArrayList<>(members.subList(1, 2)));
        assertThat(chosen(members)).containsExactly(0, 1);

        queue.flushStale(Duration.ofSeconds(10));
        assertThat(chosen(members)).containsExactly(0, 1);
        queue.flushStale(Duration.ZERO);
        queue.flushStale(Duration.ZERO);
        assertThat(chosen(members)).containsExactly(0, 1, 21);

        List<CoalescingComponent.Member> batch = new ArrayList<>(members.subList(21, 22));
        queue.drain(batch);
        assertThat(batch).isEqualTo(members.subList(21, 37));
        queue.flushStale(Duration.ZERO);
        assertThat(chosen(members)).containsExactly(0, 1, 21, 37);
    }

    @Test
    void whatWasStoppedBeforeItsStartStartsAllTheSame() {
        CoalescingComponent batches = new CoalescingComponent(new SimpleMeterRegistry());
        batches.stop();
        batches.setCamelContext(camel);
        batches.start();
        assertThat(batches.isStarted()).isTrue();
        batches.stop();
    }

    private List<CoalescingComponent.Member> members(int number) {
        return IntStream.range(0, number)
                .mapToObj(i -> new CoalescingComponent.Member(new DefaultExchange(camel)))
                .toList();
    }

    private static List<Integer> chosen(List<CoalescingComponent.Member> members) {
        return IntStream.range(0, members.size())
                .filter(i -> members.get(i).future().isDone())
                .boxed()
                .toList();
    }

    @Test
    void itIsNoPartOfATransaction() {
        TransactionSynchronizationManager.setActualTransactionActive(true);
        try {
            assertThatThrownBy(() -> send("a"))
                    .hasRootCauseMessage("coalesce://statement?variables=text can't be a part of a transaction");
        } finally {
            TransactionSynchronizationManager.setActualTransactionActive(false);
        }
    }

    @Test
    void withoutItsVariablesItDoesNotStart() {
        assertThatThrownBy(() -> camel.getEndpoint("coalesce:statement"))
                .hasRootCauseMessage("coalesce://statement lacks the option variables, the names of variables");
    }

    /** Answers, gaps and refusals at random: none is lost, mistaken for another, or done twice. */
    @Test
    void runsEachExchangeOnceUnderLoad() {
        ConcurrentLinkedQueue<String> done = new ConcurrentLinkedQueue<>();
        statement = texts -> {
            if (texts.size() > 1 && texts.stream().anyMatch(text -> text.endsWith("7"))) {
                throw refused("40P01");
            }
            List<Map<String, Object>> rows = answerAll(texts).stream()
                    .filter(row ->
                            texts.size() == 1 || !row.get("result").toString().endsWith("3"))
                    .toList();
            rows.forEach(row -> done.add(row.get("result").toString()));
            return rows;
        };
        int each = 400;
        List<CompletableFuture<Void>> senders = IntStream.range(0, 24)
                .mapToObj(sender -> CompletableFuture.runAsync(
                        () -> {
                            for (int i = 0; i < each; i++) {
                                String text = sender + "-" + i;
                                assertThat(send(text)).isEqualTo("re " + text);
                            }
                        },
                        work -> new Thread(work).start()))
                .toList();
        senders.forEach(sender -> sender.orTimeout(60, TimeUnit.SECONDS).join());
        assertThat(done).hasSize(24 * each).doesNotHaveDuplicates();
        assertThat(runs.stream().mapToInt(List::size))
                .anyMatch(size -> size > 1)
                .allMatch(size -> size <= 64);
    }
}
