package dev.tenpayroutes.sandbox;

import static dev.tenpayroutes.sandbox.SandboxRules.checkAmount;
import static dev.tenpayroutes.sandbox.SandboxRules.checkNotifyUrl;
import static dev.tenpayroutes.sandbox.SandboxRules.checkOptional;
import static dev.tenpayroutes.sandbox.SandboxRules.checkSameContent;
import static dev.tenpayroutes.sandbox.SandboxRules.expiry;
import static dev.tenpayroutes.sandbox.SandboxRules.number;
import static dev.tenpayroutes.sandbox.SandboxRules.require;
import static dev.tenpayroutes.sandbox.SandboxRules.text;
import static dev.tenpayroutes.sandbox.SandboxRules.valid;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.sandbox.SandboxOrder.Status;
import dev.tenpayroutes.sandbox.SandboxStore.Due;
import dev.tenpayroutes.sandbox.SandboxStore.Entry;
import dev.tenpayroutes.sandbox.SandboxStore.Subject;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tenpay's books: orders, refunds and the notifications they owe, with the rules of W4 to W7. A change and its
 * notification are one line of the journal, so neither is ever there without the other, whenever the process dies.
 *
 * <p>One lock guards it all: the books are right first, and a stand-in is fast enough. Time passes only in
 * {@link #settleDue()}, by the injected clock.
 */
final class SandboxLedger implements AutoCloseable {

    static final String MERCHANT_ID = "2480000001";
    static final String APP_ID = "wx0123456789abcdef";

    static final String CHECKOUT_PAY = "checkout-pay";
    static final String INQUIRY_PAYMENT = "inquiry-payment";
    static final String CLOSE_PAYMENT = "close-payment";
    static final String REFUND = "refund";
    static final String INQUIRY_REFUND = "inquiry-refund";
    static final List<String> CALLS = List.of(CHECKOUT_PAY, INQUIRY_PAYMENT, CLOSE_PAYMENT, REFUND, INQUIRY_REFUND);

    private static final Logger LOG = LoggerFactory.getLogger(SandboxLedger.class);

    /** Any other method, one of the integration team's own among them, may be closed. */
    private static final Set<String> NOT_CLOSABLE = Set.of("PAYNOW", "BOC_MACAU");

    private final SandboxProperties properties;
    private final Clock clock;
    private final SecureRandom random;
    private final SandboxStore store;

    private final Map<Subject, Map<String, Integer>> callsOfSubject = new HashMap<>();

    SandboxLedger(Path file, SandboxProperties properties, Clock clock, SecureRandom random) {
        this.properties = properties;
        this.clock = clock;
        this.random = random;
        this.store = new SandboxStore(file);
    }

    @Override
    public synchronized void close() throws IOException {
        store.close();
    }

    /** Counts a call that the merchant signed, under each number it names. */
    synchronized void count(String call, JsonNode request) {
        Stream.of(
                        new Subject(false, request.path("out_trade_no").asText()),
                        new Subject(true, request.path("out_refund_no").asText()))
                .filter(subject -> SandboxRules.NUMBER.matcher(subject.number()).matches())
                .forEach(subject -> callsOfSubject
                        .computeIfAbsent(subject, key -> new TreeMap<>())
                        .merge(call, 1, Integer::sum));
    }

    /**
     * Carries out one of {@link #CALLS}.
     *
     * @throws TenpayApiException an error answer of W8; nothing was changed
     */
    synchronized ObjectNode perform(String call, JsonNode request) {
        require(text(request, "merchant_id").equals(MERCHANT_ID), 403, "NO_AUTH", "merchant_id isn't this account's");
        return switch (call) {
            case CHECKOUT_PAY -> checkoutPay(request);
            case INQUIRY_PAYMENT -> store.order(number(request, "out_trade_no")).response();
            case CLOSE_PAYMENT -> closePayment(request);
            case REFUND -> refund(request);
            case INQUIRY_REFUND -> store.refund(text(request, "out_refund_no")).response();
            default -> throw new IllegalArgumentException(call);
        };
    }

    private ObjectNode checkoutPay(JsonNode request) {
        require(text(request, "app_id").equals(APP_ID), 403, "NO_AUTH", "app_id isn't this account's");
        String number = number(request, "out_trade_no");
        valid(!text(request, "method_key").equals("WECHAT_PAY"), "WECHAT_PAY is not a method of Tenpay Global");
        checkAmount(request.path("amount"), "amount", 1);
        text(request, "description");
        checkNotifyUrl(request);
        checkOptional(request);
        Instant expiry = expiry(request);

        SandboxOrder known = store.orders.get(number);
        if (known != null) {
            checkSameContent(known.content(), request);
            return known.checkoutResponse();
        }
        Instant now = clock.instant();
        valid(expiry.isAfter(now), "expire_time has passed");
        Instant payAt = now.plus(properties.payAfter());
        boolean pays = payAt.isBefore(expiry);
        SandboxOrder order = new SandboxOrder(
                number,
                request,
                "4200" + digits(24),
                "sandbox-" + hex(16),
                Status.PROCESSING,
                pays ? payAt : expiry,
                pays ? Status.SUCCESS : Status.EXPIRED,
                null);
        store.write(new Entry(order, null, null));
        LOG.info("Payment {}: {}", number, order.status());
        return order.checkoutResponse();
    }

    private ObjectNode closePayment(JsonNode request) {
        SandboxOrder order = store.order(number(request, "out_trade_no"));
        require(order.status() != Status.SUCCESS, 409, "ORDER_PAID", "the order is paid");
        if (order.status() != Status.PROCESSING) {
            return order.response();
        }
        require(
                !NOT_CLOSABLE.contains(order.content().path("method_key").asText()),
                409,
                "CLOSE_NOT_SUPPORTED",
                "an order of this method can't be closed");
        return decide(order, Status.CLOSED, clock.instant()).response();
    }

    private ObjectNode refund(JsonNode request) {
        SandboxOrder order = store.order(number(request, "out_trade_no"));
        String number = number(request, "out_refund_no");
        checkAmount(request.path("amount"), "amount", 1);
        checkNotifyUrl(request);
        SandboxRefund known = store.refunds.get(number);
        if (known != null) {
            checkSameContent(known.content(), request);
            return known.response();
        }
        return newRefund(order, number, request).response();
    }

    /**
     * A refund that was not asked for by a call; the bank decides it as any other, at once where {@code outcome} is given.
     * Its news goes where the order's goes, to {@code refunds} instead of {@code payments}.
     */
    synchronized Map<String, Object> portalRefund(String orderNumber, JsonNode request) {
        SandboxOrder order = store.order(orderNumber);
        ObjectNode content = SandboxWire.JSON.createObjectNode();
        content.set("amount", order.content().path("amount").deepCopy());
        if (request.path("total").isIntegralNumber()) {
            ((ObjectNode) content.get("amount")).set("total", request.get("total"));
        }
        checkAmount(content.path("amount"), "amount", 1);
        content.put("notify_url", order.content().path("notify_url").asText().replaceFirst("payments$", "refunds"));
        String number = request.path("refundNo").asText("50" + digits(33));
        valid(!store.refunds.containsKey(number), "the refundNo is known");
        String outcome = request.path("outcome").asText("");
        valid(Set.of("", "SUCCESS", "FAILED").contains(outcome), "the outcome must be SUCCESS or FAILED");
        SandboxRefund refund = newRefund(order, number, content);
        if (!outcome.isEmpty()) {
            decide(refund, Status.valueOf(outcome), clock.instant());
        }
        return refund(number);
    }

    private SandboxRefund newRefund(SandboxOrder order, String number, JsonNode request) {
        JsonNode paid = order.content().path("amount");
        JsonNode wanted = request.path("amount");
        valid(wanted.path("currency").equals(paid.path("currency")), "amount.currency isn't the order's");
        require(order.status() == Status.SUCCESS, 409, "ORDER_NOT_PAID", "only a paid order can be refunded");
        long refunded = store.refundsOfOrder.getOrDefault(order.number(), List.of()).stream()
                .map(store::refund)
                .filter(refund -> refund.status() != Status.FAILED)
                .mapToLong(
                        refund -> refund.content().path("amount").path("total").longValue())
                .sum();
        require(
                wanted.path("total").longValue() <= paid.path("total").longValue() - refunded,
                409,
                "REFUND_EXCEEDED",
                "the refunds would exceed the payment");
        SandboxRefund refund = new SandboxRefund(
                number,
                order.number(),
                request,
                "5030" + digits(24),
                Status.PROCESSING,
                clock.instant().plus(properties.refundAfter()),
                null);
        store.write(new Entry(null, refund, null));
        LOG.info("Refund {}: {}", number, refund.status());
        return refund;
    }

    /** The shopper's or the bank's word on a payment, final or not before. The same word again changes nothing. */
    synchronized Map<String, Object> decidePayment(String number, Status outcome) {
        SandboxOrder order = store.order(number);
        if (order.status() != outcome) {
            decide(order, outcome, clock.instant());
        }
        return payment(number);
    }

    /** The bank's word on a refund, like {@link #decidePayment}. */
    synchronized Map<String, Object> decideRefund(String number, Status outcome) {
        SandboxRefund refund = store.refund(number);
        if (refund.status() != outcome) {
            decide(refund, outcome, clock.instant());
        }
        return refund(number);
    }

    /** Carries out what is due by now: planned payments and refunds, and the expiry of unpaid orders. */
    synchronized void settleDue() {
        Instant now = clock.instant();
        for (Due due = store.settlements.peek();
                due != null && !due.at().isAfter(now);
                due = store.settlements.peek()) {
            store.settlements.remove();
            if (due.subject().refund()) {
                SandboxRefund refund = store.refund(due.subject().number());
                if (refund.status() == Status.PROCESSING) {
                    decide(refund, Status.SUCCESS, due.at());
                }
            } else {
                SandboxOrder order = store.order(due.subject().number());
                if (order.status() == Status.PROCESSING) {
                    decide(order, order.dueAs(), due.at());
                }
            }
        }
    }

    /** Hands out notifications that are due, each to one caller, who owes {@link #recordAttempt} for it. */
    synchronized List<SandboxNotification> takeDeliveries(int most) {
        return store.takeDeliveries(clock.instant(), most);
    }

    /** Notes how a delivery went, and plans the next one unless the answer was 2xx or the delays are used up. */
    synchronized void recordAttempt(SandboxNotification notice, @Nullable Integer status, @Nullable String failure) {
        Instant now = clock.instant();
        SandboxNotification attempted =
                notice.attempted(new SandboxNotification.Attempt(now, status, failure), properties.retryDelays());
        store.write(new Entry(null, null, attempted));
        LOG.info(
                "Notification {} ({} {}): {}",
                notice.id(),
                notice.eventType(),
                notice.number(),
                attempted.delivered() ? "delivered" : attempted.nextAt() != null ? "will be sent again" : "given up");
    }

    /** The stand-in's view of a payment: also of one that was asked for but never came to be. */
    synchronized Map<String, Object> payment(String number) {
        Subject subject = new Subject(false, number);
        return store.orders.containsKey(number) || !callsOfSubject.containsKey(subject)
                ? view(store.order(number).response(), subject)
                : view(SandboxWire.JSON.createObjectNode().put("out_trade_no", number), subject);
    }

    /** The stand-in's view of a refund, like {@link #payment}. */
    synchronized Map<String, Object> refund(String number) {
        Subject subject = new Subject(true, number);
        return store.refunds.containsKey(number) || !callsOfSubject.containsKey(subject)
                ? view(store.refund(number).response(), subject)
                : view(SandboxWire.JSON.createObjectNode().put("out_refund_no", number), subject);
    }

    private Map<String, Object> view(ObjectNode answer, Subject subject) {
        Map<String, Object> view = new LinkedHashMap<>();
        answer.properties().forEach(field -> view.put(field.getKey(), field.getValue()));
        view.put("calls", Map.copyOf(callsOfSubject.getOrDefault(subject, Map.of())));
        view.put(
                "notifications",
                store.notifications(subject).map(SandboxNotification::view).toList());
        return view;
    }

    private SandboxOrder decide(SandboxOrder order, Status outcome, Instant at) {
        SandboxOrder decided = order.decided(outcome, at);
        store.write(new Entry(
                decided,
                null,
                notice(false, decided.number(), "PAYMENT." + outcome, decided.content(), decided.response())));
        LOG.info("Payment {}: {}", decided.number(), outcome);
        return decided;
    }

    private void decide(SandboxRefund refund, Status outcome, Instant at) {
        SandboxRefund decided = refund.decided(outcome, at);
        store.write(new Entry(
                null,
                decided,
                notice(true, decided.number(), "REFUND." + outcome, decided.content(), decided.response())));
        LOG.info("Refund {}: {}", decided.number(), outcome);
    }

    private SandboxNotification notice(
            boolean refund, String number, String eventType, JsonNode content, ObjectNode resource) {
        Instant now = clock.instant();
        String id = "EV-" + DateTimeFormatter.BASIC_ISO_DATE.format(LocalDate.ofInstant(now, ZoneOffset.UTC)) + hex(12);
        String url = content.path("notify_url").asText();
        return new SandboxNotification(id, refund, number, eventType, url, now, resource, List.of(), false, now);
    }

    private String digits(int count) {
        StringBuilder digits = new StringBuilder();
        random.ints(count, 0, 10).forEach(digits::append);
        return digits.toString();
    }

    private String hex(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
