package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.zaxxer.hikari.HikariDataSource;
import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.story.PublishedContract.Operation;
import dev.tenpayroutes.story.PublishedContract.Response;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.builder.AdviceWith;
import org.apache.camel.model.ThrowExceptionDefinition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.jdbc.DataSourceUnwrapper;
import org.springframework.context.ApplicationContext;

/**
 * The contract is what the program does: whatever it promises is provoked here over HTTP. That nothing else is ever
 * answered is held by {@link Story} in every story.
 */
@DisplayName("merchant-api.yaml")
class ContractStoryTest extends Story {

    private static final PublishedContract CONTRACT = PublishedContract.THE;

    @Autowired
    CamelContext camel;

    @Autowired
    ApplicationContext program;

    @Autowired
    DataSource store;

    @Autowired
    Accounts accounts;

    /** What the contract promises: an answer of an operation, as one of its examples shows it. */
    record Promise(Operation operation, int status, String example) {

        Response response() {
            return operation.responses().get(status);
        }

        JsonNode shown() {
            return response().examples().getOrDefault(example, JSON.missingNode());
        }

        @Override
        public String toString() {
            return (operation.id() + " " + status + " " + example).strip();
        }
    }

    private static final Map<String, Call> GOOD = new HashMap<>();
    private static final Map<String, CompletableFuture<Answer>> SLOW = new HashMap<>();

    private final Map<String, Supplier<Answer>> provocations = new LinkedHashMap<>();

    @BeforeEach
    void provocations() {
        // Once; before all tests the routes aren't there yet.
        if (GOOD.isEmpty()) {
            GOOD.putAll(goodCalls());
            GOOD.forEach((operation, call) -> SLOW.put(
                    operation, CompletableFuture.supplyAsync(() -> halfSent(call), task -> new Thread(task).start())));
        }
        provokeOrders();
        provokeLooks();
        provokeRefunds();
        provokeEvents();
        provokeReviews();
        provokeWhatEveryOperationMayAnswer();
    }

    @AfterEach
    void releaseRefunds() {
        db.sql("delete from refund_hold").update();
    }

    private void provoke(String promise, Supplier<Answer> provocation) {
        assertThat(provocations.put(promise, provocation))
                .as("another provocation of " + promise)
                .isNull();
    }

    private void provokeOrders() {
        provoke("createPayment 201 pendingPayment", () -> post("/v1/payments", order(newNumber())));
        provoke("createPayment 200 pendingPayment", () -> {
            String order = order(newNumber());
            post("/v1/payments", order);
            return post("/v1/payments", order);
        });
        provoke("createPayment 202 createdPayment", () -> post("/v1/payments", orderThatMeets("UNSIGNED")));
        provoke("createPayment 409 ORDER_CONFLICT", () -> {
            String order = order(newNumber());
            post("/v1/payments", order);
            return post("/v1/payments", order.replace("1050", "1051"));
        });
        provoke("createPayment 415 UNSUPPORTED_MEDIA_TYPE", () -> asText(GOOD.get("createPayment")));
        provoke(
                "createPayment 422 ACCOUNT_UNKNOWN",
                () -> orderWith("\"description\"", "\"account\":\"macau\",\"description\""));
        provoke("createPayment 422 PAYMENT_METHOD_UNKNOWN", () -> orderWith("CARD", "CASH"));
        provoke("createPayment 422 REGION_NOT_SUPPORTED", () -> orderWith("\"SG\"", "\"MO\""));
        provoke("createPayment 422 CURRENCY_NOT_SUPPORTED", () -> orderWith("SGD", "XXY"));
        provoke("createPayment 422 AMOUNT_OUT_OF_RANGE", () -> orderWith("1050", "1500001"));
        provoke(
                "createPayment 422 VALIDITY_OUT_OF_RANGE",
                () -> orderWith("\"description\"", "\"validitySeconds\":3601,\"description\""));
        provoke(
                "createPayment 422 CARD_NUMBER_NOT_ALLOWED",
                () -> orderWith("2 x latte", "paid with 4111 1111 1111 1111"));
        provoke("createPayment 422 TENPAY_REFUSED", () -> post("/v1/payments", orderThatMeets("PARAM_ERROR")));
        provoke("createPayment 502 TENPAY_DENIES", () -> post("/v1/payments", orderThatMeets("NO_AUTH")));
    }

    private String orderThatMeets(String fault) {
        String number = newNumber();
        fault(number, "checkout-pay", fault);
        return order(number);
    }

    private Answer orderWith(String what, String by) {
        return post("/v1/payments", order(newNumber()).replace(what, by));
    }

    private void provokeLooks() {
        provoke("listPayments 200 paymentPage", () -> {
            post("/v1/payments", orderThatMeets("UNSIGNED"));
            post("/v1/payments", orderThatMeets("UNSIGNED"));
            return get("/v1/payments?status=CREATED&limit=1");
        });
        provoke("getPayment 200 explainedPayment", () -> {
            String number = paidPayment();
            eventually()
                    .untilAsserted(() -> assertThat(payment(number)
                                    .body()
                                    .at("/explanation/erp/told")
                                    .asBoolean())
                            .isTrue());
            return payment(number);
        });
        provoke("syncPayment 200 paidPayment", () -> post("/v1/payments/" + paidPayment() + "/sync", null));
        provoke("syncPayment 502 TENPAY_NO_ANSWER", () -> {
            String number = pendingPayment();
            fault(number, "inquiry-payment", "UNSIGNED");
            return post("/v1/payments/" + number + "/sync", null);
        });
        provoke("closePayment 200 closedPayment", () -> post("/v1/payments/" + pendingPayment() + "/close", null));
        provoke("closePayment 409 PAYMENT_FINAL", () -> post("/v1/payments/" + paidPayment() + "/close", null));
        provoke("closePayment 409 CLOSE_NOT_SUPPORTED", () -> {
            String number = newNumber();
            post("/v1/payments", order(number).replace("CARD", "PAYNOW"));
            return post("/v1/payments/" + number + "/close", null);
        });
        provoke("closePayment 409 PAYMENT_NOT_AT_TENPAY", () -> {
            String number = newNumber();
            fault(number, "checkout-pay", "BAD_GATEWAY");
            post("/v1/payments", order(number));
            return post("/v1/payments/" + number + "/close", null);
        });
        provoke("closePayment 502 TENPAY_NO_ANSWER", () -> {
            String number = pendingPayment();
            fault(number, "close-payment", "UNSIGNED");
            return post("/v1/payments/" + number + "/close", null);
        });
        provoke("listPaymentEvents 200 paymentEvents", () -> send(GOOD.get("listPaymentEvents")));
        provoke("listPaymentMethods 200 paymentMethods", () -> send(GOOD.get("listPaymentMethods")));
        provoke("getContract 200", () -> send(GOOD.get("getContract")));
        for (String operation : List.of(
                "getPayment",
                "syncPayment",
                "closePayment",
                "listPaymentEvents",
                "createRefund",
                "listRefunds",
                "resolvePaymentReview")) {
            provoke(operation + " 404 PAYMENT_NOT_FOUND", () -> ofNobody(operation));
        }
        for (String operation : List.of("getRefund", "syncRefund", "resolveRefundReview")) {
            provoke(operation + " 404 REFUND_NOT_FOUND", () -> ofNobody(operation));
        }
    }

    private void provokeReviews() {
        String refundAll = KEEP.replace("KEEP", "REFUND");
        provoke("listReviews 200 reviews", () -> {
            String number = pendingPayment();
            fault(number, "inquiry-payment", "WRONG_AMOUNT");
            post("/v1/payments/" + number + "/sync", null);
            reviewed(paidRefund());
            return get("/v1/reviews?limit=100");
        });
        provoke("resolvePaymentReview 200 resolvedPayment", () -> resolve(pendingPayment(), KEEP));
        provoke("resolveRefundReview 200 resolvedRefund", () -> {
            String refund = newRefundNumber();
            refund(paidPayment(), refund, 250);
            return resolve(refund, KEEP);
        });
        for (String operation : List.of("resolvePaymentReview", "resolveRefundReview")) {
            String path = GOOD.get(operation).path();
            provoke(operation + " 409 REVIEW_RESOLVED", () -> {
                send(GOOD.get(operation));
                return post(path, KEEP.replace("KEEP", "ASK_AGAIN"));
            });
            provoke(operation + " 409 REVIEW_NOT_OPEN", () -> {
                String refund = paidRefund();
                return post(
                        operation.equals("resolveRefundReview")
                                ? "/v1/refunds/" + refund + "/review/resolve"
                                : "/v1/payments/" + refundOf(refund).text("orderNo") + "/review/resolve",
                        KEEP);
            });
            provoke(operation + " 415 UNSUPPORTED_MEDIA_TYPE", () -> asText(GOOD.get(operation)));
            provoke(
                    operation + " 422 CARD_NUMBER_NOT_ALLOWED",
                    () -> post(path, KEEP.replace("compared", "4111 1111 1111 1111")));
        }
        provoke("resolvePaymentReview 409 PAYMENT_NOT_PAID", () -> resolve(pendingPayment(), refundAll));
        provoke("resolvePaymentReview 409 REFUNDS_ON_HOLD", () -> {
            send(GOOD.get("holdRefunds"));
            return resolve(paidPayment(), refundAll);
        });
        provoke("resolvePaymentReview 422 REFUND_EXCEEDS_PAYMENT", () -> {
            String number = paidPayment();
            refund(number, newRefundNumber(), 250);
            return resolve(number, refundAll);
        });
        provoke("resolvePaymentReview 422 REFUND_WINDOW_PASSED", () -> {
            String number = paidPayment();
            paidLongAgo(number);
            return resolve(number, refundAll);
        });
        provoke("resolvePaymentReview 422 AMOUNT_OUT_OF_RANGE", () -> {
            String number = paidPayment();
            db.sql("update payment set amount = 1500001 where order_no = ?")
                    .param(number)
                    .update();
            return resolve(number, refundAll);
        });
        provoke("resolvePaymentReview 422 TENPAY_REFUSED", () -> {
            String number = paidPayment();
            fault(number, "refund", "PARAM_ERROR");
            return resolve(number, refundAll);
        });
        provoke("resolvePaymentReview 502 TENPAY_DENIES", () -> {
            String number = paidPayment();
            fault(number, "refund", "NO_AUTH");
            return resolve(number, refundAll);
        });
    }

    private Answer resolve(String number, String decision) {
        return post(reviewed(number) + "/review/resolve", decision);
    }

    private void paidLongAgo(String number) {
        db.sql("update payment set payment_method = 'PAYNOW', paid_at = now() - interval '91 days' where order_no = ?")
                .param(number)
                .update();
    }

    private void provokeEvents() {
        provoke("listEvents 200 eventPage", () -> {
            String refund = paidRefund();
            db.sql("update event_delivery set state = 'DEAD', finished_at = now() where event_id in"
                            + " (select id from erp_event where data ->> 'refund_no' = ?)")
                    .param(refund)
                    .update();
            return get("/v1/events?status=DEAD&limit=1");
        });
        provoke("getEvent 200 event", () -> {
            String id = eventId(paidPayment(), "payment.pending");
            eventually()
                    .untilAsserted(() ->
                            assertThat(get("/v1/events/" + id).text("status")).isEqualTo("DELIVERED"));
            return get("/v1/events/" + id);
        });
        provoke("redeliverEvent 202 redelivered", () -> send(GOOD.get("redeliverEvent")));
        provoke("redeliverEvents 202 redelivered", () -> send(GOOD.get("redeliverEvents")));
        provoke(
                "redeliverEvents 422 CARD_NUMBER_NOT_ALLOWED",
                () -> post(
                        "/v1/events/redeliver", LONG_AGO.replaceFirst("\\{", "{\"reason\":\"4111 1111 1111 1111\",")));
        provoke("redeliverEvents 415 UNSUPPORTED_MEDIA_TYPE", () -> asText(GOOD.get("redeliverEvents")));
        provoke("testEvents 200 eventTest", () -> send(GOOD.get("testEvents")));
        provoke("testEvents 409 NO_DESTINATION", () -> send("POST", "/v1/events/test", NEIGHBOUR, null));
        provoke("redeliverEvent 409 NO_DESTINATION", () -> {
            String id = db.sql("insert into erp_event (account, payment_id, type, data)"
                            + " select 'macau', payment_id, type, data from erp_event limit 1"
                            + " returning cast(event_id as text)")
                    .query(String.class)
                    .single();
            return send("POST", "/v1/events/" + id + "/redeliver", NEIGHBOUR, null);
        });
        for (String operation : List.of("getEvent", "redeliverEvent")) {
            provoke(operation + " 404 EVENT_NOT_FOUND", () -> ofNobody(operation));
        }
    }

    private Answer ofNobody(String operation) {
        Call call = GOOD.get(operation);
        String path = call.path()
                .replaceFirst("(SO|RF)-[^/]+", newNumber())
                .replaceFirst("/events/[^/]{36}", "/events/" + UUID.randomUUID());
        return send(call.method(), path, KEY, call.body());
    }

    private void provokeRefunds() {
        provoke("createRefund 201 pendingRefund", () -> refund(paidPayment(), newRefundNumber(), 250));
        provoke("createRefund 200 pendingRefund", () -> send(GOOD.get("createRefund")));
        provoke("createRefund 202 createdRefund", () -> {
            String number = paidPayment();
            fault(number, "refund", "UNSIGNED");
            return refund(number, newRefundNumber(), 250);
        });
        provoke("createRefund 409 PAYMENT_NOT_PAID", () -> refund(pendingPayment(), newRefundNumber(), 250));
        provoke("createRefund 409 REFUND_CONFLICT", () -> refundWith("250", "251"));
        provoke("createRefund 409 REFUNDS_ON_HOLD", () -> {
            send(GOOD.get("holdRefunds"));
            return refund(paidPayment(), newRefundNumber(), 250);
        });
        provoke("getRefundHold 200 refundHold", () -> {
            send(GOOD.get("holdRefunds"));
            return send(GOOD.get("getRefundHold"));
        });
        provoke("holdRefunds 200 refundHold", () -> send(GOOD.get("holdRefunds")));
        provoke("releaseRefunds 200 noRefundHold", () -> send(GOOD.get("releaseRefunds")));
        provoke("createRefund 415 UNSUPPORTED_MEDIA_TYPE", () -> asText(GOOD.get("createRefund")));
        provoke("createRefund 422 REFUND_EXCEEDS_PAYMENT", () -> refund(paidPayment(), newRefundNumber(), 1051));
        provoke("createRefund 422 REFUND_WINDOW_PASSED", () -> {
            String number = paidPayment();
            paidLongAgo(number);
            return refund(number, newRefundNumber(), 250);
        });
        provoke("createRefund 422 AMOUNT_OUT_OF_RANGE", () -> refund(paidPayment(), newRefundNumber(), 1500001));
        provoke("createRefund 422 CURRENCY_NOT_SUPPORTED", () -> newRefundWith("SGD", "USD"));
        provoke(
                "createRefund 422 CARD_NUMBER_NOT_ALLOWED",
                () -> newRefundWith("one latte was cold", "back to 4111 1111 1111 1111"));
        provoke("createRefund 422 TENPAY_REFUSED", () -> {
            String number = paidPayment();
            fault(number, "refund", "PARAM_ERROR");
            return refund(number, newRefundNumber(), 250);
        });
        provoke("createRefund 502 TENPAY_DENIES", () -> {
            String number = paidPayment();
            fault(number, "refund", "NO_AUTH");
            return refund(number, newRefundNumber(), 250);
        });
        provoke("listRefunds 200 refunds", () -> {
            String refund = paidRefund();
            return get("/v1/payments/" + refundOf(refund).text("orderNo") + "/refunds");
        });
        provoke("getDailyReport 200 dailyReport", () -> {
            paidRefund();
            String today = java.time.LocalDate.now(java.time.ZoneOffset.UTC).toString();
            return get("/v1/reports/daily?from=" + today + "&to=" + today);
        });
        provoke("searchRefunds 200 refundPage", () -> {
            paidRefund();
            paidRefund();
            return get("/v1/refunds?status=SUCCEEDED&limit=1");
        });
        provoke("getRefund 200 paidRefund", () -> refundOf(paidRefund()));
        provoke("syncRefund 200 paidRefund", () -> post("/v1/refunds/" + paidRefund() + "/sync", null));
        provoke("syncRefund 502 TENPAY_NO_ANSWER", () -> {
            String refund = newRefundNumber();
            refund(paidPayment(), refund, 250);
            fault(refund, "inquiry-refund", "UNSIGNED");
            return post("/v1/refunds/" + refund + "/sync", null);
        });
    }

    /** The good refund, changed. */
    private Answer refundWith(String what, String by) {
        Call call = GOOD.get("createRefund");
        return post(call.path(), call.body().replace(what, by));
    }

    private Answer newRefundWith(String what, String by) {
        return post(
                "/v1/payments/" + paidPayment() + "/refunds",
                refund(newRefundNumber(), 250).replace(what, by));
    }

    private String paidRefund() {
        String refund = newRefundNumber();
        refund(paidPayment(), refund, 250);
        bank(refund, "SUCCESS");
        refundIsSoon(refund, "SUCCEEDED");
        return refund;
    }

    private void provokeWhatEveryOperationMayAnswer() {
        for (Operation operation : CONTRACT.operations()) {
            String id = operation.id();
            Call call = GOOD.get(id);
            provoke(
                    id + " 400 INVALID_REQUEST",
                    () -> send(call.method(), call.path() + more(call) + "surprise=1", KEY, call.body()));
            if (operation.promises(422, "ACCOUNT_UNKNOWN") && !id.equals("createPayment")) {
                provoke(
                        id + " 422 ACCOUNT_UNKNOWN",
                        () -> operation.path().contains("{account}")
                                ? as(NEIGHBOUR, call)
                                : send(call.method(), call.path() + more(call) + "account=mian", KEY, call.body()));
            }
            if (operation.promises(422, "ACCOUNT_AMBIGUOUS")) {
                provoke(id + " 422 ACCOUNT_AMBIGUOUS", () -> ofTwoAccounts(call));
            }
            provoke(id + " 400 BAD_REQUEST", () -> badlyChunked(call));
            provoke(id + " 401 UNAUTHENTICATED", () -> as(null, call));
            provoke(id + " 408 BODY_TOO_SLOW", () -> SLOW.get(id).join());
            provoke(id + " 413 BODY_TOO_LARGE", () -> send(call.method(), call.path(), KEY, " ".repeat(65_537)));
            provoke(id + " 429 RATE_LIMITED", () -> hastily(call));
            provoke(id + " 500 INTERNAL_ERROR", () -> whileSomethingIsBroken(call));
            provoke(id + " 503 NOT_READY", () -> whileNotReady(call));
            if (!operation.scope().isEmpty()) {
                provoke(
                        id + " 403 FORBIDDEN",
                        () -> as(operation.otherScope().isEmpty() ? without(operation.scope()) : READER, call));
            }
            if (operation.method().equals("POST")) {
                provoke(id + " 422 IDEMPOTENCY_KEY_REUSED", () -> withAUsedKey(call));
            }
            if (operation.promises(503, "ACCOUNT_UNAVAILABLE")) {
                provoke(
                        id + " 503 ACCOUNT_UNAVAILABLE",
                        () -> withoutPlatformCertificates(
                                id.equals("resolvePaymentReview")
                                        ? new Call(
                                                "POST",
                                                reviewed(paidPayment()) + "/review/resolve",
                                                KEEP.replace("KEEP", "REFUND"))
                                        : call));
            }
            if (operation.promises(503, "READS_BUSY")) {
                provoke(id + " 503 READS_BUSY", () -> whileTablesAreLocked(call));
            }
            if (!Set.of("listPaymentMethods", "getContract").contains(id)) {
                provoke(
                        id + " 503 STORE_UNAVAILABLE",
                        () -> withoutTheDatabase(
                                // Only to bind a key does a ping need it.
                                id.equals("testEvents")
                                        ? () -> send("POST", call.path(), KEY, null, "Idempotency-Key", newNumber())
                                        : () -> send(call)));
            }
        }
    }

    private static String more(Call call) {
        return call.path().contains("?") ? "&" : "?";
    }

    private Answer send(Call call) {
        return as(KEY, call);
    }

    private Answer as(String key, Call call) {
        return send(call.method(), call.path(), key, call.body());
    }

    private Answer asText(Call call) {
        byte[] body = call.body().getBytes(StandardCharsets.UTF_8);
        return sendBytes(call.method(), call.path(), KEY, body, "text/plain");
    }

    private Answer badlyChunked(Call call) {
        return raw(call, "Transfer-Encoding: chunked", "no length\r\n");
    }

    private Answer halfSent(Call call) {
        return raw(call, "Content-Length: 100", "{");
    }

    private Answer raw(Call call, String header, String body) {
        return RawHttp.send(
                port(),
                new RawHttp.Request(
                        call.method(),
                        call.path(),
                        List.of("X-API-Key: " + KEY, header),
                        body.getBytes(StandardCharsets.UTF_8)));
    }

    private Answer ofTwoAccounts(Call call) {
        String number = call.path().split("/")[3];
        alsoInMacau(number.startsWith("SO-") ? number : refundOf(number).text("orderNo"));
        return as(GROUP, call);
    }

    private Answer hastily(Call call) {
        Answer answer = as(HASTY, call);
        for (int i = 0; i < 4 && answer.status() != 429; i++) {
            answer = as(HASTY, call);
        }
        return answer;
    }

    private Answer withAUsedKey(Call call) {
        String key = UUID.randomUUID().toString();
        send("POST", "/v1/payments", KEY, order(newNumber()), "Idempotency-Key", key);
        return send(call.method(), call.path(), KEY, call.body(), "Idempotency-Key", key);
    }

    private Answer whileNotReady(Call call) {
        AvailabilityChangeEvent.publish(program, ReadinessState.REFUSING_TRAFFIC);
        try {
            return send(call);
        } finally {
            AvailabilityChangeEvent.publish(program, ReadinessState.ACCEPTING_TRAFFIC);
        }
    }

    private Answer whileSomethingIsBroken(Call call) {
        try {
            AdviceWith.adviceWith(
                    camel,
                    "json-response",
                    route -> route.weaveAddFirst().throwException(new IllegalStateException("a fault of ours")));
            try {
                return send(call);
            } finally {
                AdviceWith.adviceWith(
                        camel,
                        "json-response",
                        route -> route.weaveByType(ThrowExceptionDefinition.class)
                                .remove());
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Tenpay's certificates of the account are taken away, and put back. */
    private Answer withoutPlatformCertificates(Call call) {
        Path folder = Path.of(settings.getRequiredProperty("tenpay.accounts.main.platform-certificates"));
        Path aside = folder.resolveSibling(folder.getFileName() + "-aside");
        Account main = accounts.get("main");
        try {
            Files.move(folder, aside);
            Files.createDirectory(folder);
            main.reload();
            try {
                return send(call);
            } finally {
                Files.delete(folder);
                Files.move(aside, folder);
                main.reload();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Answer whileTablesAreLocked(Call call) {
        try (Connection other = DataSourceUnwrapper.unwrap(store, HikariDataSource.class)
                        .getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("lock table payment, refund in access exclusive mode");
            try {
                return send(call);
            } finally {
                other.rollback();
                other.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The database refuses new sessions and ends the open ones. */
    private Answer withoutTheDatabase(Supplier<Answer> call) {
        String url = settings.getRequiredProperty("spring.datasource.url");
        String name = databaseName();
        HikariDataSource pool = DataSourceUnwrapper.unwrap(store, HikariDataSource.class);
        long patience = pool.getConnectionTimeout();
        try (Connection other = DriverManager.getConnection(
                        url.replaceFirst("/" + name, "/template1"), pool.getUsername(), pool.getPassword());
                Statement statement = other.createStatement()) {
            pool.setConnectionTimeout(250);
            statement.execute("alter database " + name + " with allow_connections false");
            statement.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + name + "'");
            try {
                return call.get();
            } finally {
                statement.execute("alter database " + name + " with allow_connections true");
                pool.setConnectionTimeout(patience);
                pool.getHikariPoolMXBean().softEvictConnections();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Stream<Promise> promises() {
        return CONTRACT.operations().stream()
                .flatMap(operation -> operation.responses().entrySet().stream()
                        .flatMap(response -> (response.getValue().examples().isEmpty()
                                        ? Stream.of("")
                                        : response.getValue().examples().keySet().stream())
                                .map(example -> new Promise(operation, response.getKey(), example))))
                // No issuer is set here: ClientStoryTest has one that is away.
                .filter(promise -> !promise.example().equals("ISSUER_UNAVAILABLE"))
                // They need five seconds, which the others take meanwhile.
                .sorted(Comparator.comparing(promise -> promise.status() == 408));
    }

    @Test
    void everyPromiseHasItsProvocationAndEveryProvocationItsPromise() {
        assertThat(provocations.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        promises().map(Promise::toString).toList());
    }

    @TestFactory
    Stream<DynamicTest> everyPromiseIsKept() {
        return promises()
                .map(promise -> DynamicTest.dynamicTest(promise.toString(), () -> {
                    noFaultOutlivesItsStory();
                    releaseRefunds();
                    String complaint = complaint(
                            promise, provocations.get(promise.toString()).get());
                    assumeFalse(CONTRACT.isNotYet(complaint), complaint);
                    assertThat(complaint).isEmpty();
                }));
    }

    /** The answer's faults; empty when there is none. */
    private static String complaint(Promise promise, Answer answer) {
        String told = promise + ": " + answer.status() + " " + answer.content();
        if (answer.status() != promise.status()) {
            return told;
        }
        JsonNode shown = promise.shown();
        Set<String> answered = fields(answer.body());
        // What isn't HTTP is refused before it has an id.
        boolean isHttp = !"BAD_REQUEST".equals(answer.text("code"));
        if (answer.status() >= 400 && !answered.remove("requestId") && isHttp) {
            return told + " has no requestId";
        }
        if (!answered.equals(fields(shown))) {
            return told + " has the fields " + fields(answer.body()) + ", but its example " + fields(shown);
        }
        return !promise.response().isProblem()
                ? ""
                : Stream.of("code", "status", "title", "type")
                        .filter(field -> !answer.body().path(field).equals(shown.path(field)))
                        .map(field -> told + " has another " + field + " than its example")
                        .collect(Collectors.joining());
    }

    /** Every field's path; the entries of metadata are the caller's. */
    private static Set<String> fields(JsonNode node) {
        Set<String> fields = new TreeSet<>();
        node.properties().forEach(field -> {
            fields.add(field.getKey());
            if (!field.getKey().equals("metadata")) {
                fields(field.getValue()).forEach(inner -> fields.add(field.getKey() + "/" + inner));
            }
        });
        if (node.isArray()) {
            node.forEach(item -> fields.addAll(fields(item)));
        }
        return fields;
    }

    @Test
    void aScopeOpensItsOperationsAndNoOther() {
        for (Operation operation : CONTRACT.operations()) {
            for (String scope : SCOPES) {
                Answer answer = as(without(scope), GOOD.get(operation.id()));
                String complaint = "%s without %s: %d".formatted(operation.id(), scope, answer.status());
                boolean needed = scope.equals(operation.scope())
                        && operation.otherScope().isEmpty();
                assertThat((answer.status() == 403) == needed || CONTRACT.isNotYet(complaint))
                        .as(complaint)
                        .isTrue();
            }
        }
    }

    /** Answers are held to the contract by {@link Story}. */
    @Test
    void aMethodThatTheContractDoesNotHaveIsNotAllowed() {
        for (Operation operation : CONTRACT.operations()) {
            for (String method :
                    List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")) {
                boolean known = CONTRACT.operations().stream()
                        .anyMatch(other -> other.method().equals(method) && other.isAt(operation.path()));
                if (!known) {
                    send(method, GOOD.get(operation.id()).path(), KEY, null);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/v1/", "/v1/payment", "/v1/payments/", "/v1/payments/SO-000001/", "/v1/refunds/", "/v1/Payments"
            })
    void aPathThatTheContractDoesNotHaveIsNotThere(String path) {
        for (String method : List.of("GET", "POST", "DELETE")) {
            Answer answer = send(method, path, KEY, null);
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.text("code")).isEqualTo("NOT_FOUND");
        }
    }

    @Test
    void everyExampleIsOfItsSchema() {
        List<String> wrong = new ArrayList<>();
        for (String part : List.of("/components/schemas", "/components/parameters")) {
            CONTRACT.examplesWithin(JsonPointer.compile(part))
                    .forEach((schema, example) -> CONTRACT.schema(schema)
                            .validate(example)
                            .forEach(error -> wrong.add(schema + " " + error)));
        }
        promises().forEach(promise -> {
            if (promise.response().type().contains("json")) {
                promise.response()
                        .schema()
                        .validate(promise.shown())
                        .forEach(error -> wrong.add(promise + " " + error));
            }
        });
        CONTRACT.operations()
                .forEach(operation -> operation
                        .requests()
                        .forEach((name, example) -> operation
                                .request()
                                .validate(example)
                                .forEach(error -> wrong.add(operation.id() + " " + name + " " + error))));
        assertThat(wrong).isEmpty();
    }

    @Test
    void everyRequestExampleIsAccepted() {
        CONTRACT.operations()
                .forEach(operation -> operation.requests().forEach((name, example) -> {
                    ObjectNode own = example.deepCopy();
                    Stream.of("orderNo", "refundNo").filter(own::has).forEach(field -> own.put(field, newNumber()));
                    String paid = paidPayment();
                    String path = operation.path().replace("{orderNo}", paid);
                    if (path.contains("/review/")) {
                        path = operation.path().contains("{refundNo}") ? reviewed(paidRefund()) : reviewed(paid);
                        path += "/review/resolve";
                    }
                    assertThat(send(operation.method(), path, KEY, own.toString())
                                    .status())
                            .as(operation.id() + " " + name)
                            .isEqualTo(operation.responses().keySet().iterator().next());
                }));
    }
}
