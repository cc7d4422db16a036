package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.TenpayGlobalRoutes;
import dev.tenpayroutes.property.LedgerInvariants;
import dev.tenpayroutes.sandbox.FreePort;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/**
 * Two instances on one database, and a Tenpay that misbehaves: whichever is asked, whichever is notified, in whatever order, in the
 * end both sides say the same. A failure prints its seed; {@code -Dproperty.seed=…} draws the same actions again.
 */
@DisplayName("any number of instances")
@DirtiesContext
class InstancesStoryTest extends Story {

    private static final Logger LOG = LoggerFactory.getLogger(InstancesStoryTest.class);
    private static final long SEED = Long.getLong("property.seed", System.nanoTime());
    private static final int ORDERS = 18;
    private static final String OTHER_KEY = "other-key-of-20-characters";
    private static final int OTHER = FreePort.find();

    private static final Map<String, String> SCHEDULE = Map.of(
            "tenpay.poll.claim-interval", "200ms",
            "tenpay.poll.first-delay", "2s",
            "tenpay.poll.interval", "300ms",
            "tenpay.poll.max-delay", "1s",
            "tenpay.poll.after-expiry", "1s",
            "tenpay.poll.resend-after", "4s",
            "tenpay.poll.submit-lease", "4s",
            "tenpay.reconcile.claim-interval", "500ms",
            "tenpay.reconcile.after", "2s",
            "tenpay.circuit-breaker.sliding-window-size", "1000");

    private static final List<String> CALLS =
            List.of("checkout-pay", "inquiry-payment", "close-payment", "refund", "inquiry-refund");
    private static final List<String> FAULTS = List.of(
            "SYSTEM_ERROR",
            "FREQUENCY_LIMITED",
            "PARAM_ERROR",
            "NO_AUTH",
            "BAD_GATEWAY",
            "UNSIGNED",
            "BAD_SIGNATURE",
            "STALE",
            "RUBBISH",
            "TRUNCATED",
            "LATE",
            "WRONG_MERCHANT",
            "WRONG_ORDER",
            "WRONG_AMOUNT");
    private static final Map<String, Set<String>> SAME = Map.of(
            "SUCCESS", Set.of("SUCCEEDED"),
            "FAILED", Set.of("FAILED", "CLOSED", "EXPIRED"),
            "CLOSED", Set.of("FAILED", "CLOSED", "EXPIRED"),
            "EXPIRED", Set.of("FAILED", "CLOSED", "EXPIRED"),
            // Tenpay never had it.
            "", Set.of("FAILED"));

    @Autowired
    DataSource store;

    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, List<String>> refunds = new ConcurrentHashMap<>();

    @DynamicPropertySource
    static void oneInstance(DynamicPropertyRegistry registry) {
        SCHEDULE.forEach((name, value) -> registry.add(name, () -> value));
        // What one of them asks for, the other one hears of.
        registry.add("tenpay.notify-base-url", () -> "http://127.0.0.1:" + OTHER);
    }

    /** The same program on the same database, as it runs in production; its Tenpay is the first one's stand-in. */
    private ConfigurableApplicationContext another() {
        Map<String, String> given = new HashMap<>(SCHEDULE);
        Stream.of(
                        "spring.datasource.url",
                        "spring.datasource.username",
                        "spring.datasource.password",
                        "tenpay.call-timeout",
                        "tenpay.notifications.claim-interval",
                        "tenpay.notifications.lease",
                        "tenpay.accounts.main.merchant-id",
                        "tenpay.accounts.main.app-id",
                        "tenpay.accounts.main.private-key",
                        "tenpay.accounts.main.certificate",
                        "tenpay.accounts.main.platform-certificates",
                        "tenpay.accounts.main.api-key")
                .forEach(name -> given.put(name, settings.getRequiredProperty(name)));
        // It refuses the sandbox's, as it must.
        given.put("tenpay.clients.erp.api-key", OTHER_KEY);
        given.put("tenpay.clients.erp.accounts", "main");
        given.put("tenpay.clients.erp.scopes", "payments:read,payments:write,refunds:write");
        given.put("server.port", Integer.toString(OTHER));
        given.put("server.address", "127.0.0.1");
        given.put("tenpay.base-url", url(""));
        given.put("tenpay.notify-base-url", url(""));
        given.put("camel.main.name", "the-other-instance");
        return new SpringApplicationBuilder(TenpayGlobalRoutes.class)
                .profiles("production")
                .run(given.entrySet().stream()
                        .map(setting -> "--" + setting.getKey() + "=" + setting.getValue())
                        .toArray(String[]::new));
    }

    @Test
    void twoInstancesAndTenpayAgreeInTheEndWhateverHappens() throws Exception {
        Random dice = new Random(SEED);
        LOG.info("-Dproperty.seed={}", SEED);
        ExecutorService threads = Executors.newFixedThreadPool(6);
        try (ConfigurableApplicationContext other = another()) {
            assertThat(other.isRunning()).isTrue();
            // It has no address for events of its own, and leaves the first one's alone.
            assertThat(count("select count(*) from event_destination where account = 'main' and destination = 'http'"))
                    .isEqualTo(1);
            List<String> numbers =
                    Stream.generate(Story::newNumber).limit(ORDERS).toList();
            List<Future<?>> done = new ArrayList<>();
            for (Callable<?> action : actions(numbers, dice)) {
                done.add(threads.submit(action));
            }
            for (Future<?> action : done) {
                action.get();
            }
            send("DELETE", "/sandbox/faults", null, null);

            Awaitility.await("-Dproperty.seed=" + SEED)
                    .atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(500))
                    .untilAsserted(() -> assertThat(differences(numbers)).isEmpty());
            try (Connection connection = store.getConnection()) {
                assertThat(new LedgerInvariants(connection, new HashMap<>(), "main").wrongs())
                        .as("-Dproperty.seed=%d", SEED)
                        .isEmpty();
            }
            assertThat(count("select count(*) from history where detail like 'ORDER_CONFLICT%'"))
                    .isZero();
        } finally {
            threads.shutdownNow();
        }
    }

    /** Every order is posted, most often twice at once; then whatever a draw says, in the order of the draw. */
    private List<Callable<?>> actions(List<String> numbers, Random dice) {
        List<Callable<?>> actions = new ArrayList<>();
        for (int i = 0; i < numbers.size(); i += 6) {
            List<Callable<?>> some = new ArrayList<>();
            for (String number : numbers.subList(i, i + 6)) {
                actions.add(() -> ask("POST", "/v1/payments", order(number)));
                actions.add(() -> ask("POST", "/v1/payments", order(number)));
                for (int n = 0; n < 9; n++) {
                    some.add(action(number, dice.nextInt(14), new Random(dice.nextLong())));
                }
                some.add(() -> shopper(number, new Random(number.hashCode())));
                for (int n = 0; n < 2; n++) {
                    String body = "{\"call\":\"%s\",\"fault\":\"%s\",\"times\":1}"
                            .formatted(CALLS.get(dice.nextInt(CALLS.size())), FAULTS.get(dice.nextInt(FAULTS.size())));
                    some.add(() -> send("POST", "/sandbox/faults", null, body));
                }
            }
            Collections.shuffle(some, dice);
            actions.addAll(some);
        }
        return actions;
    }

    private Callable<?> action(String number, int action, Random dice) {
        String path = "/v1/payments/" + number;
        return switch (action) {
            case 0 -> () -> ask("POST", "/v1/payments", order(number));
            case 1 -> () -> ask("POST", "/v1/payments", order(number).replace("1050", "1051"));
            case 2, 3 -> () -> ask("POST", path + "/sync", null);
            case 4 -> () -> dice.nextInt(3) == 0 ? ask("POST", path + "/close", null) : 0;
            case 5, 6, 7 -> () -> shopper(number, dice);
            case 8, 9, 10 ->
                () -> {
                    List<String> known =
                            refunds.computeIfAbsent(number, any -> Collections.synchronizedList(new ArrayList<>()));
                    String refundNumber = newRefundNumber();
                    known.add(refundNumber);
                    String body = refund(refundNumber, 300 + 100 * dice.nextInt(6));
                    ask("POST", path + "/refunds", body);
                    return ask("POST", path + "/refunds", body);
                };
            case 11 ->
                () -> {
                    for (String refundNumber : known(number)) {
                        ask("POST", "/v1/refunds/" + refundNumber + "/sync", null);
                    }
                    return 0;
                };
            default ->
                () -> {
                    for (String refundNumber : known(number)) {
                        bank(refundNumber, dice);
                    }
                    return 0;
                };
        };
    }

    private List<String> known(String number) {
        return List.copyOf(refunds.getOrDefault(number, List.of()));
    }

    /** Asks one of the two; nothing that is asked may break anything. */
    private int ask(String method, String path, String body) throws Exception {
        boolean other = Math.floorMod(System.nanoTime() / 1000, 2) == 0;
        String port = other ? Integer.toString(OTHER) : settings.getRequiredProperty("server.port");
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(20))
                .header("X-API-Key", other ? OTHER_KEY : KEY)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode())
                .as("%s %s %s", path, body, answer.body())
                .isIn(200, 201, 202, 404, 409, 422, 502);
        return answer.statusCode();
    }

    /** Decides once; a success may still come after a failure, never the other way round. */
    private Object shopper(String number, Random dice) {
        synchronized (number) {
            String status = get("/sandbox/payments/" + number).text("status");
            if ("PROCESSING".equals(status)) {
                String[] outcomes = {"SUCCESS", "SUCCESS", "SUCCESS", "FAILED", "EXPIRED", "CLOSED"};
                shopper(number, outcomes[dice.nextInt(outcomes.length)]);
            } else if (status != null && !status.equals("SUCCESS") && dice.nextInt(3) == 0) {
                shopper(number, "SUCCESS");
            }
        }
        return number;
    }

    private void bank(String refundNumber, Random dice) {
        synchronized (refundNumber) {
            String status = get("/sandbox/refunds/" + refundNumber).text("status");
            if ("PROCESSING".equals(status)) {
                bank(refundNumber, dice.nextInt(3) == 0 ? "FAILED" : "SUCCESS");
            } else if ("FAILED".equals(status) && dice.nextInt(4) == 0) {
                bank(refundNumber, "SUCCESS");
            }
        }
    }

    /** Where our books and Tenpay's differ, or are not final; undecided ones are decided now. */
    private List<String> differences(List<String> numbers) {
        List<String> differences = new ArrayList<>();
        for (String number : numbers) {
            JsonNode theirs = get("/sandbox/payments/" + number).body();
            if (theirs.path("status").asText().equals("PROCESSING")) {
                shopper(number, "SUCCESS");
            }
            compare("payments", number, theirs, payment(number), differences);
            long refunded = 0;
            for (String refundNumber : known(number)) {
                JsonNode refund = get("/sandbox/refunds/" + refundNumber).body();
                if (refund.path("status").asText().equals("PROCESSING")) {
                    bank(refundNumber, "SUCCESS");
                }
                Answer ours = refundOf(refundNumber);
                if (ours.status() == 200) {
                    compare("refunds", refundNumber, refund, ours, differences);
                } else if (refund.has("status")) {
                    differences.add(refundNumber + " is Tenpay's only");
                }
                if (refund.path("status").asText().equals("SUCCESS")) {
                    refunded += refund.path("amount").path("total").asLong();
                }
            }
            if (refunded != refunded(number)) {
                differences.add(number + ": Tenpay refunded " + refunded + ", we " + refunded(number));
            }
        }
        return differences;
    }

    private void compare(String kind, String number, JsonNode theirs, Answer ours, List<String> differences) {
        String status = theirs.path("status").asText();
        if (!SAME.getOrDefault(status, Set.of()).contains(String.valueOf(ours.text("status")))) {
            differences.add(number + ": " + status + " there, " + ours.body() + " here");
        }
        String id = kind.equals("refunds") ? "refundId" : "paymentId";
        String theirId =
                theirs.path(kind.equals("refunds") ? "refund_id" : "payment_id").asText();
        if (ours.text(id) != null && !ours.text(id).equals(theirId)) {
            differences.add(number + ": " + theirId + " there, " + ours.text(id) + " here");
        }
        String call = kind.equals("refunds") ? "refund" : "checkout-pay";
        int submits = count(
                kind.equals("refunds")
                        ? "select coalesce(sum(submits), 0) from refund where refund_no = ?"
                        : "select coalesce(sum(submits), 0) from payment where order_no = ?",
                number);
        if (theirs.path("calls").path(call).asInt() > submits) {
            differences.add(number + ": called " + theirs.path("calls") + ", but " + submits + " times by right");
        }
    }
}
