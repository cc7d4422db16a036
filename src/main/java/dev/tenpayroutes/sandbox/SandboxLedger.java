package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Currency;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
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

    private static final Pattern NUMBER = Pattern.compile("[0-9A-Za-z_\\-|*]{6,32}");
    private static final Pattern QUANTITY = Pattern.compile("[1-9][0-9]{0,8}");
    private static final String DECLINED = "declined by the sandbox";

    private final SandboxProperties properties;
    private final Clock clock;
    private final SecureRandom random;
    private final SandboxJournal journal;

    private final Map<String, Order> orders = new HashMap<>();
    private final Map<String, Refund> refunds = new HashMap<>();
    private final Map<String, Notification> notices = new LinkedHashMap<>();
    private final Map<String, List<String>> refundsOfOrder = new HashMap<>();
    private final Map<Subject, List<String>> noticesOfSubject = new HashMap<>();
    private final Map<Subject, Map<String, Integer>> callsOfSubject = new HashMap<>();
    private final PriorityQueue<Due> settlements = new PriorityQueue<>(Comparator.comparing(Due::at));
    private final PriorityQueue<Due> deliveries = new PriorityQueue<>(Comparator.comparing(Due::at));

    /** A status of W5 and, without CLOSED and EXPIRED, of W7. */
    enum Status {
        PROCESSING,
        SUCCESS,
        FAILED,
        CLOSED,
        EXPIRED
    }

    /** An order or a refund, by the merchant's number. */
    private record Subject(boolean refund, String number) {}

    private record Due(Instant at, Subject subject, String notice) {}

    /** {@code content} is the request that made it. What happens at {@code dueAt}, if nothing does before, is fixed. */
    private record Order(
            String number,
            JsonNode content,
            String paymentId,
            String prepayInfo,
            Status status,
            Instant dueAt,
            Status dueAs,
            @Nullable Instant decidedAt) {

        private Order decided(Status outcome, Instant at) {
            return new Order(number, content, paymentId, prepayInfo, outcome, dueAt, dueAs, at);
        }
    }

    private record Refund(
            String number,
            String orderNumber,
            JsonNode content,
            String refundId,
            Status status,
            Instant dueAt,
            @Nullable Instant decidedAt) {

        private Refund decided(Status outcome, Instant at) {
            return new Refund(number, orderNumber, content, refundId, outcome, dueAt, at);
        }
    }

    /** One piece of news. {@code nextAt} is null once it was delivered or given up. */
    record Notification(
            String id,
            boolean refund,
            String number,
            String eventType,
            String url,
            Instant createdAt,
            JsonNode resource,
            List<Attempt> attempts,
            boolean delivered,
            @Nullable Instant nextAt) {}

    /** One attempt of delivery: the HTTP status of the answer, or why there was none. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Attempt(
            Instant at, @Nullable Integer status, @Nullable String failure) {}

    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Entry(
            @Nullable Order order,
            @Nullable Refund refund,
            @Nullable Notification notice) {}

    SandboxLedger(Path file, SandboxProperties properties, Clock clock, SecureRandom random) {
        this.properties = properties;
        this.clock = clock;
        this.random = random;
        this.journal = SandboxJournal.open(file, line -> {
            try {
                remember(SandboxWire.JSON.readValue(line, Entry.class));
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("The sandbox can't read its journal: delete " + file, e);
            }
        });
    }

    @Override
    public synchronized void close() throws IOException {
        journal.close();
    }

    /** Counts a call that the merchant signed, under each number it names. */
    synchronized void count(String call, JsonNode request) {
        Stream.of(
                        new Subject(false, request.path("out_trade_no").asText()),
                        new Subject(true, request.path("out_refund_no").asText()))
                .filter(subject -> NUMBER.matcher(subject.number()).matches())
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
            case INQUIRY_PAYMENT -> paymentAnswer(order(number(request, "out_trade_no")));
            case CLOSE_PAYMENT -> closePayment(request);
            case REFUND -> refund(request);
            case INQUIRY_REFUND -> refundAnswer(refundOf(text(request, "out_refund_no")));
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

        Order known = orders.get(number);
        if (known != null) {
            checkSameContent(known.content(), request);
            return checkoutAnswer(known);
        }
        Instant now = clock.instant();
        valid(expiry.isAfter(now), "expire_time has passed");
        Instant payAt = now.plus(properties.payAfter());
        boolean pays = payAt.isBefore(expiry);
        Order order = new Order(
                number,
                request,
                "4200" + digits(24),
                "sandbox-" + hex(16),
                Status.PROCESSING,
                pays ? payAt : expiry,
                pays ? Status.SUCCESS : Status.EXPIRED,
                null);
        write(new Entry(order, null, null));
        LOG.info("Payment {}: {}", number, order.status());
        return checkoutAnswer(order);
    }

    private ObjectNode closePayment(JsonNode request) {
        Order order = order(number(request, "out_trade_no"));
        require(order.status() != Status.SUCCESS, 409, "ORDER_PAID", "the order is paid");
        if (order.status() != Status.PROCESSING) {
            return paymentAnswer(order);
        }
        require(
                !NOT_CLOSABLE.contains(order.content().path("method_key").asText()),
                409,
                "CLOSE_NOT_SUPPORTED",
                "an order of this method can't be closed");
        return paymentAnswer(decide(order, Status.CLOSED, clock.instant()));
    }

    private ObjectNode refund(JsonNode request) {
        Order order = order(number(request, "out_trade_no"));
        String number = number(request, "out_refund_no");
        checkAmount(request.path("amount"), "amount", 1);
        checkNotifyUrl(request);
        Refund known = refunds.get(number);
        if (known != null) {
            checkSameContent(known.content(), request);
            return refundAnswer(known);
        }
        return refundAnswer(newRefund(order, number, request));
    }

    /**
     * A refund that was not asked for by a call; the bank decides it as any other, at once where {@code outcome} is given.
     * Its news goes where the order's goes, to {@code refunds} instead of {@code payments}.
     */
    synchronized Map<String, Object> portalRefund(String orderNumber, JsonNode request) {
        Order order = order(orderNumber);
        ObjectNode content = SandboxWire.JSON.createObjectNode();
        content.set("amount", order.content().path("amount").deepCopy());
        if (request.path("total").isIntegralNumber()) {
            ((ObjectNode) content.get("amount")).set("total", request.get("total"));
        }
        checkAmount(content.path("amount"), "amount", 1);
        content.put("notify_url", order.content().path("notify_url").asText().replaceFirst("payments$", "refunds"));
        String number = request.path("refundNo").asText("50" + digits(33));
        valid(!refunds.containsKey(number), "the refundNo is known");
        String outcome = request.path("outcome").asText("");
        valid(Set.of("", "SUCCESS", "FAILED").contains(outcome), "the outcome must be SUCCESS or FAILED");
        Refund refund = newRefund(order, number, content);
        if (!outcome.isEmpty()) {
            decide(refund, Status.valueOf(outcome), clock.instant());
        }
        return refund(number);
    }

    private Refund newRefund(Order order, String number, JsonNode request) {
        JsonNode paid = order.content().path("amount");
        JsonNode wanted = request.path("amount");
        valid(wanted.path("currency").equals(paid.path("currency")), "amount.currency isn't the order's");
        require(order.status() == Status.SUCCESS, 409, "ORDER_NOT_PAID", "only a paid order can be refunded");
        long refunded = refundsOfOrder.getOrDefault(order.number(), List.of()).stream()
                .map(this::refundOf)
                .filter(refund -> refund.status() != Status.FAILED)
                .mapToLong(
                        refund -> refund.content().path("amount").path("total").longValue())
                .sum();
        require(
                wanted.path("total").longValue() <= paid.path("total").longValue() - refunded,
                409,
                "REFUND_EXCEEDED",
                "the refunds would exceed the payment");
        Refund refund = new Refund(
                number,
                order.number(),
                request,
                "5030" + digits(24),
                Status.PROCESSING,
                clock.instant().plus(properties.refundAfter()),
                null);
        write(new Entry(null, refund, null));
        LOG.info("Refund {}: {}", number, refund.status());
        return refund;
    }

    /** The shopper's or the bank's word on a payment, final or not before. The same word again changes nothing. */
    synchronized Map<String, Object> decidePayment(String number, Status outcome) {
        Order order = order(number);
        if (order.status() != outcome) {
            decide(order, outcome, clock.instant());
        }
        return payment(number);
    }

    /** The bank's word on a refund, like {@link #decidePayment}. */
    synchronized Map<String, Object> decideRefund(String number, Status outcome) {
        Refund refund = refundOf(number);
        if (refund.status() != outcome) {
            decide(refund, outcome, clock.instant());
        }
        return refund(number);
    }

    /** Lets happen what is due by now: planned payments and refunds, and the end of orders nobody paid. */
    synchronized void settleDue() {
        Instant now = clock.instant();
        for (Due due = settlements.peek(); due != null && !due.at().isAfter(now); due = settlements.peek()) {
            settlements.remove();
            if (due.subject().refund()) {
                Refund refund = refundOf(due.subject().number());
                if (refund.status() == Status.PROCESSING) {
                    decide(refund, Status.SUCCESS, due.at());
                }
            } else {
                Order order = order(due.subject().number());
                if (order.status() == Status.PROCESSING) {
                    decide(order, order.dueAs(), due.at());
                }
            }
        }
    }

    /** Hands out notifications that are due, each to one caller, who owes {@link #recordAttempt} for it. */
    synchronized List<Notification> takeDeliveries(int most) {
        Instant now = clock.instant();
        List<Notification> taken = new ArrayList<>();
        for (Due due = deliveries.peek();
                due != null && !due.at().isAfter(now) && taken.size() < most;
                due = deliveries.peek()) {
            deliveries.remove();
            Notification notice = notices.get(due.notice());
            if (notice != null && due.at().equals(notice.nextAt())) {
                taken.add(notice);
            }
        }
        return taken;
    }

    /** Notes how a delivery went, and plans the next one unless the answer was 2xx or the delays are used up. */
    synchronized void recordAttempt(Notification notice, @Nullable Integer status, @Nullable String failure) {
        Instant now = clock.instant();
        List<Attempt> attempts = new ArrayList<>(notice.attempts());
        attempts.add(new Attempt(now, status, failure));
        boolean delivered = status != null && status / 100 == 2;
        boolean again =
                !delivered && attempts.size() <= properties.retryDelays().size();
        Instant nextAt = again ? now.plus(properties.retryDelays().get(attempts.size() - 1)) : null;
        write(new Entry(
                null,
                null,
                new Notification(
                        notice.id(),
                        notice.refund(),
                        notice.number(),
                        notice.eventType(),
                        notice.url(),
                        notice.createdAt(),
                        notice.resource(),
                        attempts,
                        delivered,
                        nextAt)));
        LOG.info(
                "Notification {} ({} {}): {}",
                notice.id(),
                notice.eventType(),
                notice.number(),
                delivered ? "delivered" : again ? "will be sent again" : "given up");
    }

    /** The stand-in's view of a payment: also of one that was asked for but never came to be. */
    synchronized Map<String, Object> payment(String number) {
        Subject subject = new Subject(false, number);
        return orders.containsKey(number) || !callsOfSubject.containsKey(subject)
                ? view(paymentAnswer(order(number)), subject)
                : view(SandboxWire.JSON.createObjectNode().put("out_trade_no", number), subject);
    }

    /** The stand-in's view of a refund, like {@link #payment}. */
    synchronized Map<String, Object> refund(String number) {
        Subject subject = new Subject(true, number);
        return refunds.containsKey(number) || !callsOfSubject.containsKey(subject)
                ? view(refundAnswer(refundOf(number)), subject)
                : view(SandboxWire.JSON.createObjectNode().put("out_refund_no", number), subject);
    }

    private Map<String, Object> view(ObjectNode answer, Subject subject) {
        Map<String, Object> view = new LinkedHashMap<>();
        answer.properties().forEach(field -> view.put(field.getKey(), field.getValue()));
        view.put("calls", Map.copyOf(callsOfSubject.getOrDefault(subject, Map.of())));
        view.put(
                "notifications",
                noticesOfSubject.getOrDefault(subject, List.of()).stream()
                        .map(id -> view(notices.get(id)))
                        .toList());
        return view;
    }

    private static Map<String, Object> view(@Nullable Notification notice) {
        return notice == null
                ? Map.of()
                : Map.of(
                        "id", notice.id(),
                        "event_type", notice.eventType(),
                        "delivered", notice.delivered(),
                        "attempts", notice.attempts());
    }

    private Order decide(Order order, Status outcome, Instant at) {
        Order decided = order.decided(outcome, at);
        write(new Entry(
                decided,
                null,
                notice(false, decided.number(), "PAYMENT." + outcome, decided.content(), paymentAnswer(decided))));
        LOG.info("Payment {}: {}", decided.number(), outcome);
        return decided;
    }

    private void decide(Refund refund, Status outcome, Instant at) {
        Refund decided = refund.decided(outcome, at);
        write(new Entry(
                null,
                decided,
                notice(true, decided.number(), "REFUND." + outcome, decided.content(), refundAnswer(decided))));
        LOG.info("Refund {}: {}", decided.number(), outcome);
    }

    private Notification notice(
            boolean refund, String number, String eventType, JsonNode content, ObjectNode resource) {
        Instant now = clock.instant();
        String id = "EV-" + DateTimeFormatter.BASIC_ISO_DATE.format(LocalDate.ofInstant(now, ZoneOffset.UTC)) + hex(12);
        String url = content.path("notify_url").asText();
        return new Notification(id, refund, number, eventType, url, now, resource, List.of(), false, now);
    }

    /** The journal first: what isn't there hasn't happened. */
    private void write(Entry entry) {
        try {
            journal.append(SandboxWire.JSON.writeValueAsString(entry));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        remember(entry);
    }

    private void remember(Entry entry) {
        Order order = entry.order();
        if (order != null) {
            orders.put(order.number(), order);
            if (order.status() == Status.PROCESSING) {
                settlements.add(new Due(order.dueAt(), new Subject(false, order.number()), ""));
            }
        }
        Refund refund = entry.refund();
        if (refund != null) {
            if (refunds.put(refund.number(), refund) == null) {
                refundsOfOrder
                        .computeIfAbsent(refund.orderNumber(), key -> new ArrayList<>())
                        .add(refund.number());
            }
            if (refund.status() == Status.PROCESSING) {
                settlements.add(new Due(refund.dueAt(), new Subject(true, refund.number()), ""));
            }
        }
        Notification notice = entry.notice();
        if (notice != null) {
            Subject subject = new Subject(notice.refund(), notice.number());
            if (notices.put(notice.id(), notice) == null) {
                noticesOfSubject
                        .computeIfAbsent(subject, key -> new ArrayList<>())
                        .add(notice.id());
            }
            Instant nextAt = notice.nextAt();
            if (nextAt != null) {
                deliveries.add(new Due(nextAt, subject, notice.id()));
            }
        }
    }

    private Order order(String number) {
        Order order = orders.get(number);
        if (order == null) {
            throw new TenpayApiException(404, "ORDER_NOT_EXIST", "there is no such order");
        }
        return order;
    }

    private Refund refundOf(String number) {
        Refund refund = refunds.get(number);
        if (refund == null) {
            throw new TenpayApiException(404, "REFUND_NOT_EXIST", "there is no such refund");
        }
        return refund;
    }

    private static ObjectNode checkoutAnswer(Order order) {
        return SandboxWire.JSON
                .createObjectNode()
                .put("merchant_id", MERCHANT_ID)
                .put("out_trade_no", order.number())
                .put("payment_id", order.paymentId())
                .put("prepay_info", order.prepayInfo())
                .put("status", order.status().name());
    }

    private static ObjectNode paymentAnswer(Order order) {
        ObjectNode answer = SandboxWire.JSON
                .createObjectNode()
                .put("merchant_id", MERCHANT_ID)
                .put("out_trade_no", order.number())
                .put("payment_id", order.paymentId())
                .put("status", order.status().name());
        answer.set("amount", order.content().path("amount").deepCopy());
        answer.put("method_key", order.content().path("method_key").asText());
        return ending(answer, order.status(), order.decidedAt());
    }

    private static ObjectNode refundAnswer(Refund refund) {
        ObjectNode answer = SandboxWire.JSON
                .createObjectNode()
                .put("merchant_id", MERCHANT_ID)
                .put("out_trade_no", refund.orderNumber())
                .put("out_refund_no", refund.number())
                .put("refund_id", refund.refundId())
                .put("status", refund.status().name());
        answer.set("amount", refund.content().path("amount").deepCopy());
        return ending(answer, refund.status(), refund.decidedAt());
    }

    private static ObjectNode ending(ObjectNode answer, Status status, @Nullable Instant decidedAt) {
        if (status == Status.SUCCESS && decidedAt != null) {
            answer.put("success_time", SandboxWire.time(decidedAt));
        }
        if (status == Status.FAILED) {
            answer.put("fail_reason", DECLINED);
        }
        return answer;
    }

    private static void checkSameContent(JsonNode known, JsonNode request) {
        require(known.equals(request), 409, "ORDER_CONFLICT", "the number is known with other content");
    }

    /** Every piece of W4 that may be left out, but not be wrong. */
    private static void checkOptional(JsonNode request) {
        if (request.has("mch_region")) {
            text(request, "mch_region");
        }
        if (request.has("payer")) {
            text(request.path("payer"), "openid");
        }
        valid(!request.has("goods") || request.path("goods").isArray(), "goods must be a list");
        for (JsonNode item : request.path("goods")) {
            text(item, "goods_id");
            text(item, "goods_name");
            valid(
                    QUANTITY.matcher(text(item, "goods_quantity")).matches(),
                    "goods_quantity must be a string of digits");
            checkAmount(item.path("goods_unit_price"), "goods_unit_price", 0);
        }
    }

    private static void checkAmount(JsonNode amount, String name, long least) {
        JsonNode total = amount.path("total");
        valid(
                total.isIntegralNumber() && total.canConvertToLong() && total.longValue() >= least,
                name + ".total must be an integer of at least " + least);
        try {
            Currency.getInstance(text(amount, "currency"));
        } catch (IllegalArgumentException e) {
            throw TenpayApiException.invalid(name + ".currency must be an ISO 4217 code");
        }
    }

    private static Instant expiry(JsonNode request) {
        try {
            return OffsetDateTime.parse(text(request, "expire_time")).toInstant();
        } catch (DateTimeParseException e) {
            throw TenpayApiException.invalid("expire_time must be an RFC 3339 time");
        }
    }

    private static void checkNotifyUrl(JsonNode request) {
        try {
            URI url = URI.create(text(request, "notify_url"));
            valid(
                    url.getHost() != null && ("http".equals(url.getScheme()) || "https".equals(url.getScheme())),
                    "notify_url must be an absolute http or https URL");
        } catch (IllegalArgumentException e) {
            throw TenpayApiException.invalid("notify_url must be an absolute http or https URL");
        }
    }

    private static String number(JsonNode request, String name) {
        String number = text(request, name);
        valid(NUMBER.matcher(number).matches(), name + " must be 6 to 32 of 0-9 A-Z a-z _ - | *");
        return number;
    }

    private static String text(JsonNode object, String name) {
        JsonNode value = object.path(name);
        valid(value.isTextual() && !value.textValue().isBlank(), name + " must be a string that isn't empty");
        return value.textValue();
    }

    private static void valid(boolean good, String message) {
        require(good, 400, "PARAM_ERROR", message);
    }

    private static void require(boolean good, int status, String code, String message) {
        if (!good) {
            throw new TenpayApiException(status, code, message);
        }
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
