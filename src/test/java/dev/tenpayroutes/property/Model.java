package dev.tenpayroutes.property;

import dev.tenpayroutes.property.Step.Said;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The rules of docs/decisions once more, in plain Java and one step at a time: what every row must be after a step.
 *
 * <p>Times are microseconds of a clock that is the database's plus all that has passed since.
 */
final class Model {

    private static final long FIRST_DELAY = Statements.micros("tenpay.poll.first-delay");
    private static final long INTERVAL = Statements.micros("tenpay.poll.interval");
    private static final long MAX_DELAY = Statements.micros("tenpay.poll.max-delay");
    private static final long AFTER_EXPIRY = Statements.micros("tenpay.poll.after-expiry");
    private static final long LEASE = Statements.micros("tenpay.poll.submit-lease");
    private static final long RESEND_AFTER = Statements.micros("tenpay.poll.resend-after");
    private static final long STUCK_AFTER = Statements.micros("tenpay.poll.stuck-after");
    private static final long REFUND_STUCK_AFTER = Statements.micros("tenpay.poll.refund-stuck-after");
    private static final long STUCK_INTERVAL = Statements.micros("tenpay.poll.stuck-interval");
    private static final long RECONCILE_AFTER = Statements.micros("tenpay.reconcile.after");
    private static final long FRESHNESS = Statements.micros("tenpay.wire.freshness");
    private static final long DAY = 86_400_000_000L;
    private static final String REPLAYED = "unverified answer: its signature was used before";

    /** What Tenpay says of an order that it doesn't have. */
    static final Said UNKNOWN = new Said("404", "ORDER_NOT_EXIST", null, "SGD", true, true, null);

    private static final long GIVE_UP_AFTER = Statements.micros("tenpay.reconcile.give-up-after");
    private static final long NOTIFICATION_LEASE = Statements.micros("tenpay.notifications.lease");
    private static final long NOTIFICATION_MAX_DELAY = Statements.micros("tenpay.notifications.max-delay");
    private static final long NOTIFICATION_GIVE_UP = Statements.micros("tenpay.notifications.give-up-after");

    private static final Set<String> OPEN = Set.of("CREATED", "PENDING");
    private static final Set<String> UNPAID = Set.of("FAILED", "CLOSED", "EXPIRED");
    private static final Map<String, String> WORDS = Map.of(
            "PROCESSING",
            "PENDING",
            "SUCCESS",
            "SUCCEEDED",
            "FAILED",
            "FAILED",
            "CLOSED",
            "CLOSED",
            "EXPIRED",
            "EXPIRED");

    /** What an error proves, by the call and its code. */
    private static final Map<String, String> ERRORS = Map.ofEntries(
            Map.entry("checkout-pay PARAM_ERROR", "REFUSED"),
            Map.entry("checkout-pay ORDER_CONFLICT", "CONFLICT"),
            Map.entry("inquiry-payment ORDER_NOT_EXIST", "NOT_FOUND"),
            Map.entry("close-payment ORDER_NOT_EXIST", "NOT_FOUND"),
            Map.entry("close-payment ORDER_PAID", "PAID"),
            Map.entry("close-payment CLOSE_NOT_SUPPORTED", "NOT_CLOSABLE"),
            Map.entry("refund PARAM_ERROR", "REFUSED"),
            Map.entry("refund REFUND_EXCEEDED", "REFUSED"),
            Map.entry("refund ORDER_NOT_PAID", "REFUSED"),
            Map.entry("inquiry-refund REFUND_NOT_EXIST", "NOT_FOUND"));

    private final CallTracker world;
    private final long start;
    private long passed;
    private final Map<String, Payment> payments = new TreeMap<>();
    private final Map<String, Refund> refunds = new TreeMap<>();
    private final List<Row> queue = new ArrayList<>();
    private final List<Row> refundQueue = new ArrayList<>();
    private final Map<String, Notification> notifications = new LinkedHashMap<>();

    /** What a payment and a refund have in common. */
    private abstract static class Row {
        String key;
        String status = "CREATED";
        String review;
        long amount;
        String tenpayId;
        Long done;
        String failReason;
        int submits = 1;
        long submitted;
        Long until;
        Long poll;
        int polls;
        long created;
        long updated;
        Long reconcile;
        String refusal;
        Long contradicted;
        Long upheld;

        boolean open() {
            return OPEN.contains(status);
        }

        boolean leased(long now) {
            return until != null && until >= now;
        }

        boolean mayBeSentAgain(long now) {
            return refusal == null && (submits == 0 || overdue(now)) && !leased(now);
        }

        /** No earlier call can still arrive. */
        boolean overdue(long now) {
            return submitted < now - RESEND_AFTER;
        }

        /** A refusal of the only call, or of one before which no other can still arrive. */
        boolean refusalCounts(long now) {
            return refusal != null && (submits == 1 || overdue(now));
        }

        /** A call that was not made counts neither as sent nor as asked. */
        void unsent(String source, long now) {
            reconcile = reconcile == null ? null : Long.valueOf(now + INTERVAL);
            if (source.startsWith("inquiry-")) {
                polls = Math.max(polls - 1, 0);
                poll = open() ? Long.valueOf(now + INTERVAL) : null;
            } else if (source.equals("checkout-pay") || source.equals("refund")) {
                submits--;
            }
        }

        void submit(long now) {
            submits++;
            submitted = now;
            until = now + LEASE;
            updated = now;
        }
    }

    private static final class Payment extends Row {
        int account;
        int order;
        int content;
        long expires;
        long refunded;
        String prepay;
        boolean refused;
        Long absent;
        final List<String> history = new ArrayList<>();
        final List<String> events = new ArrayList<>();
    }

    private static final class Refund extends Row {
        Payment payment;
        int refund;
        String reason;
    }

    private static final class Notification {
        int account;
        boolean ofRefund;
        int order;
        int refund;
        Said said;
        String number;
        String problem;
        String state = "NEW";
        int attempts = 1;
        Long next;
        long received;
    }

    Model(CallTracker world, long start) {
        this.world = world;
        this.start = start;
    }

    private long now() {
        return start + passed;
    }

    /** @param seen what the database answered: chance, such as jitter, is taken from there once it is within its bounds */
    List<String> play(Step step, List<String> seen) {
        if (step instanceof Step.Order s) {
            return List.of(order(s));
        } else if (step instanceof Step.CheckoutAnswer s) {
            return called(seen)
                    ? List.of(news(
                            "checkout-pay",
                            payment(s.account(), s.order()),
                            said(s.said()),
                            world.answered(world.payment(s.account(), s.order())),
                            NOT_ASKED))
                    : seen;
        } else if (step instanceof Step.Inquiry s) {
            return inquiry(s);
        } else if (step instanceof Step.Close s) {
            return close(s);
        } else if (step instanceof Step.Webhook s) {
            return List.of(webhook(s.account(), s.order(), -1, s.id(), s.said(), world.replayed()));
        } else if (step instanceof Step.Poll s) {
            return poll(payments.values(), queue, seen, s.released(), s.paused());
        } else if (step instanceof Step.Refund s) {
            return List.of(refund(s));
        } else if (step instanceof Step.RefundAnswer s) {
            String key = world.refund(s.account(), s.refund());
            return called(seen)
                    ? List.of(refundNews(
                            "refund", refunds.get(key), s.order(), said(s.said()), world.answered(key), NOT_ASKED))
                    : seen;
        } else if (step instanceof Step.RefundInquiry s) {
            return refundInquiry(s);
        } else if (step instanceof Step.RefundWebhook s) {
            return List.of(webhook(s.account(), s.order(), s.refund(), s.id(), s.said(), world.replayed()));
        } else if (step instanceof Step.RefundPoll s) {
            return poll(refunds.values(), refundQueue, seen, s.released(), s.paused());
        } else if (step instanceof Step.Reconcile) {
            return reconcile(seen);
        } else if (step instanceof Step.WebhookRetry) {
            return retry();
        } else if (step instanceof Step.Clock s) {
            passed += s.seconds() * 1_000_000;
            return List.of();
        }
        throw new IllegalArgumentException(step.toString());
    }

    /** As it counts. */
    private Said said(Said said) {
        return world.replayed() ? said.asReplay() : said;
    }

    private List<String> close(Step.Close s) {
        Payment p = payment(s.account(), s.order());
        // That is asked by a signature of its own.
        String said = news("close-payment", p, said(s.said()), p == null ? null : p.submitted, NOT_ASKED);
        return said.contains(" NOT_FOUND ")
                ? List.of(said, news("inquiry-payment", p, UNKNOWN, p.submitted, new Asked(p.status, true, true)))
                : List.of(said);
    }

    private static boolean called(List<String> seen) {
        return !seen.equals(List.of("no call"));
    }

    private Payment payment(int account, int order) {
        return payments.get(world.payment(account, order));
    }

    private String order(Step.Order s) {
        Payment p = payment(s.account(), s.order());
        if (p == null) {
            p = new Payment();
            p.key = world.payment(s.account(), s.order());
            p.account = s.account();
            p.order = s.order();
            p.content = s.content();
            p.amount = Histories.TOTALS[s.content()];
            created(p);
            p.expires = start / 1_000_000 * 1_000_000 + passed + s.validitySeconds() * 1_000_000L;
            payments.put(p.key, p);
            p.history.add("order STORED >CREATED ");
            wake(s.account(), false, StatementDriver.ORDERS[s.order()]);
            return "NEW";
        }
        if (p.content != s.content()) {
            return "CONFLICT";
        }
        if (p.open() && p.prepay == null && p.refusal == null && now() < p.expires && !p.leased(now())) {
            p.submit(now());
            return "SUBMIT";
        }
        return "SAME";
    }

    private void created(Row row) {
        row.submitted = now();
        row.created = now();
        row.updated = now();
        row.until = now() + LEASE;
        row.poll = now() + FIRST_DELAY;
    }

    private void wake(int account, boolean ofRefund, String number) {
        notifications.values().stream()
                .filter(n -> n.state.equals("WAITING") && n.account == account && n.ofRefund == ofRefund)
                .filter(n -> number.equals(n.number))
                .forEach(n -> n.next = now());
    }

    private List<String> inquiry(Step.Inquiry s) {
        Payment p = payment(s.account(), s.order());
        String key = world.payment(s.account(), s.order());
        String said = news("inquiry-payment", p, said(s.said()), call(s.late(), key, p), asked(s.late(), p));
        if (!said.endsWith("NOT_FOUND CREATED")) {
            return List.of(said);
        }
        boolean again = now() < p.expires && p.mayBeSentAgain(now());
        if (again) {
            p.submit(now());
        }
        return List.of(said, again ? "again" : "not again");
    }

    private List<String> refundInquiry(Step.RefundInquiry s) {
        String key = world.refund(s.account(), s.refund());
        Refund r = refunds.get(key);
        String said =
                refundNews("inquiry-refund", r, s.order(), said(s.said()), call(s.late(), key, r), asked(s.late(), r));
        if (!said.endsWith("NOT_FOUND CREATED")) {
            return List.of(said);
        }
        boolean again = r.mayBeSentAgain(now());
        if (again) {
            r.submit(now());
        }
        return List.of(said, again ? "again" : "not again");
    }

    /** The last call before the inquiry. */
    private Long call(boolean late, String key, Row row) {
        return late ? world.first(key) : row == null ? null : Long.valueOf(row.submitted);
    }

    /**
     * The state that was known when Tenpay was asked.
     *
     * @param since whether the last contradiction was known, if there is one
     */
    private record Asked(String status, boolean since, boolean closing) {}

    private static final Asked NOT_ASKED = new Asked("", false, false);

    private static Asked asked(boolean late, Row row) {
        return row == null
                ? NOT_ASKED
                : new Asked(late ? "CREATED" : row.status, !late || row.contradicted == null, false);
    }

    private static String meaning(String source, Said said, boolean ofRefund) {
        if (said.http().equals("200")) {
            String status = WORDS.get(said.word());
            boolean known =
                    status != null && !(ofRefund && Set.of("CLOSED", "EXPIRED").contains(status));
            return known ? "STATUS" : "NONE";
        }
        if (said.http().equals("replayed")) {
            return "NONE";
        }
        return Set.of("SIGN_ERROR", "NO_AUTH").contains(said.word())
                ? "DENIED"
                : ERRORS.getOrDefault(source + " " + said.word(), "NONE");
    }

    private static String reason(Said said, String answer) {
        if (said.http().equals("none") || said.http().equals("unsent")) {
            return TenpayResult.PROBLEM;
        } else if (said.http().equals("replayed")) {
            return REPLAYED;
        } else if (!said.http().equals("200")) {
            return said.word() + ": m";
        } else if (answer.equals("NONE")) {
            return "an answer without a known status";
        }
        return TenpayResult.reason(said);
    }

    private static boolean anotherAmount(Said said, long amount) {
        return said.total() == null
                || said.total() != amount
                || !said.currency().equals("SGD");
    }

    private String news(String source, Payment p, Said said, Long call, Asked before) {
        if (p == null) {
            return "not there";
        }
        String answer = meaning(source, said, false);
        String old = p.status;
        String oldReview = p.review;
        boolean isStatus = answer.equals("STATUS");
        boolean unsent = said.http().equals("unsent");
        boolean ofLastCall = call != null && call == p.submitted;
        boolean another = isStatus && !(said.merchant() && said.number());
        boolean success = isStatus && said.word().equals("SUCCESS");
        boolean paidAlready = source.equals("checkout-pay") && success && said.total() == null;
        boolean mustName = success && !source.equals("checkout-pay");
        boolean anotherAmount = isStatus && (said.total() != null || mustName) && anotherAmount(said, p.amount);
        String told = paidAlready ? "PENDING" : isStatus ? WORDS.get(said.word()) : null;
        String id = TenpayResult.paymentId(said, StatementDriver.ORDERS[p.order]);
        boolean anotherId = isStatus && !another && p.tenpayId != null && !p.tenpayId.equals(id);
        boolean asked = source.startsWith("inquiry-");
        boolean unknown = answer.equals("NOT_FOUND") && old.equals("CREATED") && ofLastCall && !p.leased(now());
        boolean absent = unknown && now() > p.expires + AFTER_EXPIRY;

        String wish = old;
        if (another || anotherAmount) {
            wish = old;
        } else if (isStatus) {
            wish = anotherId && !told.equals("SUCCEEDED") ? old : told;
        } else if (unknown && p.refusalCounts(now())) {
            wish = "FAILED";
        } else if (unknown && p.overdue(now()) && before.closing()) {
            wish = "CLOSED";
        } else if (absent && p.absent != null) {
            wish = "FAILED";
        }
        boolean lateSuccess = UNPAID.contains(old) && wish.equals("SUCCEEDED");
        boolean allowed = lateSuccess || (OPEN.contains(old) && !wish.equals("CREATED"));
        String status = allowed ? wish : old;
        boolean moved = !status.equals(old);
        boolean open = OPEN.contains(status);

        String review = oldReview;
        boolean mismatch = another || anotherAmount || anotherId;
        boolean contradicts = !mismatch && contradicts(p, old, answer, told, asked, before);
        boolean confirms = asked
                && sinceContradiction(p, before)
                && !mismatch
                && (isStatus
                        ? !OPEN.contains(told) && told.equals("SUCCEEDED") == status.equals("SUCCEEDED")
                        : answer.equals("NOT_FOUND") && UNPAID.contains(status));
        boolean agreed = confirms && (status.equals("SUCCEEDED") || (!moved && p.updated < now() - RECONCILE_AFTER));
        boolean upheld = upheld(p, contradicts, asked, before);
        if (anotherAmount && !another) {
            review = "AMOUNT_MISMATCH";
        } else if (anotherId) {
            review = "PAYMENT_ID_MISMATCH";
        } else if (lateSuccess && !"PAYMENT_ID_MISMATCH".equals(oldReview)) {
            review = "LATE_SUCCESS";
        } else if (answer.equals("CONFLICT")) {
            review = "NUMBER_CONFLICT";
        } else if (upheld && weaker(oldReview)) {
            review = "STATUS_MISMATCH";
        } else if (agreed && "STATUS_MISMATCH".equals(oldReview)) {
            review = null;
        } else if (open && now() > p.expires + STUCK_AFTER) {
            review = oldReview == null ? "STUCK" : oldReview;
        } else if ("STUCK".equals(oldReview) && !open) {
            review = null;
        }
        String outcome = outcome(another || anotherAmount, anotherId, moved, answer, wish.equals(old));
        boolean newReview = !Objects.equals(review, oldReview);

        if (unsent) {
            p.unsent(source, now());
        }
        if (Set.of("CHANGED", "CONFIRMED").contains(outcome)
                || agreed
                || contradicts
                || (confirms && p.contradicted != null)
                || absent
                || source.equals("checkout-pay")
                || answer.equals("PAID")
                || newReview) {
            if (!mismatch && isStatus) {
                p.tenpayId = id;
                p.prepay = TenpayResult.prepay(said);
            }
            String refusal = p.refusal;
            boolean hasIt = isStatus && moved;
            if (answer.equals("REFUSED") && status.equals("CREATED")) {
                p.refusal = refusal == null ? reason(said, answer) : refusal;
                p.poll = refusedAgain(p);
            } else if (hasIt) {
                p.refusal = null;
            }
            p.absent = absent && p.absent == null ? Long.valueOf(now()) : hasIt ? null : p.absent;
            p.done = status.equals("SUCCEEDED") ? paidAt(p, said, isStatus) : null;
            if (status.equals("SUCCEEDED")) {
                p.failReason = null;
            } else if (moved) {
                p.failReason = !isStatus && refusal != null ? refusal : emptyIsNull(reason(said, answer));
            }
            p.refused = !status.equals("SUCCEEDED")
                    && (p.refused || (!isStatus && moved && status.equals("FAILED") && refusal != null));
            p.poll = !open
                    ? null
                    : paidAlready || answer.equals("PAID")
                            ? Long.valueOf(now())
                            : absent ? Long.valueOf(now() + INTERVAL) : p.poll;
            settle(p, moved, answer, open, agreed, confirms, contradicts, upheld, newReview);
            if (source.equals("checkout-pay") && ofLastCall) {
                p.until = null;
            }
            p.status = status;
            p.review = review;
        }
        if (!(unsent && asked)) {
            String otherId = amounts(anotherAmount && !another, said, "payment", p.amount)
                    + (anotherId ? "payment_id " + id + ", but this payment is " + p.tenpayId : "");
            note(
                    p,
                    old.equals(status),
                    source + " " + outcome + " " + old + ">" + status + " "
                            + detail(
                                    reason(said, answer),
                                    upheld,
                                    otherId,
                                    p,
                                    said,
                                    moved && status.equals("SUCCEEDED")));
        }
        if (moved) {
            p.events.add("payment." + status.toLowerCase(java.util.Locale.ROOT) + " " + status + " " + text(p.review));
        }
        if (upheld || (newReview && review != null)) {
            p.events.add("payment.review " + status + " " + review);
        }
        return outcome + (another ? " elsewhere " : " ") + answer + " " + status;
    }

    /** When to ask about what was refused: at once, or when no earlier call can still arrive. */
    private Long refusedAgain(Row row) {
        return row.submits == 1 ? now() : Math.max(now(), row.submitted + RESEND_AFTER + 1_000_000);
    }

    /** Whether Tenpay contradicts a final status; an inquiry only when it was final before the question. */
    private static boolean contradicts(Row row, String old, String answer, String told, boolean asked, Asked before) {
        if (OPEN.contains(old) || !row.status.equals(old)) {
            return false;
        }
        boolean paid = old.equals("SUCCEEDED");
        if (paid && answer.equals("STATUS") && UNPAID.contains(told)) {
            return true;
        }
        boolean open = answer.equals("STATUS") && told.equals("PENDING");
        return asked && before.status().equals(old) && (open || (paid && answer.equals("NOT_FOUND")));
    }

    private static boolean sinceContradiction(Row row, Asked before) {
        return row.contradicted == null || before.since();
    }

    /** Asked again, Tenpay stands by its contradiction for the first time. */
    private static boolean upheld(Row row, boolean contradicts, boolean asked, Asked before) {
        return contradicts && asked && row.contradicted != null && before.since() && row.upheld == null;
    }

    private static boolean weaker(String review) {
        return review == null || Set.of("STUCK", "LATE_SUCCESS").contains(review);
    }

    private static String amounts(boolean other, Said said, String what, long amount) {
        return other
                ? "Tenpay names " + (said.total() == null ? "no amount" : said.total() + " " + said.currency())
                        + ", but this " + what + " is of " + amount + " SGD, in minor units; "
                : "";
    }

    private String detail(String reason, boolean upheld, String otherId, Row row, Said said, boolean paid) {
        boolean unbelieved = paid && said.time() != null && movedAt(row, said) == null;
        return Stream.of(
                        reason,
                        upheld ? "asked again, Tenpay upholds its contradiction" : "",
                        otherId,
                        unbelieved ? "success_time is unreadable or out of range, so the time of receipt counts" : "")
                .map(text -> text.endsWith("; ") ? text.substring(0, text.length() - 2) : text)
                .filter(text -> !text.isEmpty())
                .collect(java.util.stream.Collectors.joining("; "));
    }

    private void settle(
            Row row,
            boolean moved,
            String answer,
            boolean open,
            boolean agreed,
            boolean confirms,
            boolean contradicts,
            boolean upheld,
            boolean newReview) {
        if (open || agreed) {
            row.reconcile = null;
        } else if (moved) {
            row.reconcile = now() + (answer.equals("NOT_FOUND") ? 2 * FRESHNESS : RECONCILE_AFTER);
        } else if (contradicts && row.contradicted == null) {
            row.reconcile = now();
        } else if (upheld || (confirms && row.contradicted != null)) {
            row.reconcile = now() + RECONCILE_AFTER;
        }
        row.contradicted = confirms || moved
                ? null
                : contradicts && row.contradicted == null ? Long.valueOf(now()) : row.contradicted;
        row.upheld = confirms || moved ? null : upheld ? Long.valueOf(now()) : row.upheld;
        row.updated = moved || upheld || newReview ? now() : row.updated;
    }

    private static String outcome(boolean mismatch, boolean anotherId, boolean moved, String answer, boolean same) {
        if (mismatch || (anotherId && !moved)) {
            return "MISMATCH";
        } else if (moved) {
            return "CHANGED";
        }
        return switch (answer) {
            case "REFUSED", "CONFLICT", "DENIED", "PAID", "NOT_CLOSABLE" -> "REFUSED";
            case "NOT_FOUND" -> "NOT_FOUND";
            case "NONE" -> "NO_RESPONSE";
            default -> same ? "CONFIRMED" : "IGNORED";
        };
    }

    private Long paidAt(Row row, Said said, boolean isStatus) {
        Long at = row.done == null && isStatus && said.time() != null ? movedAt(row, said) : row.done;
        return at == null ? Long.valueOf(now()) : at;
    }

    /** When Tenpay says the money moved; null for a time that is none, or that can't be. */
    private Long movedAt(Row row, Said said) {
        try {
            String time = said.time().toUpperCase(java.util.Locale.ROOT).replaceFirst("([+-]..)(..)$", "$1:$2");
            java.time.Instant instant = OffsetDateTime.parse(time).toInstant();
            // Tenpay's time is by the database's clock.
            long at = instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1000 + passed;
            return at < row.created - DAY || at > now() + DAY ? null : Long.valueOf(at);
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    private String refundNews(String source, Refund r, int order, Said said, Long call, Asked before) {
        if (r == null) {
            return "not there";
        }
        String answer = meaning(source, said, true);
        String old = r.status;
        String oldReview = r.review;
        boolean isStatus = answer.equals("STATUS");
        boolean unsent = said.http().equals("unsent");
        boolean ofLastCall = call != null && call == r.submitted;
        // It names the order that its step is about, which may not be the refund's.
        boolean another = isStatus && !(said.merchant() && said.number() && order == r.payment.order);
        boolean success = isStatus && said.word().equals("SUCCESS");
        boolean anotherAmount = isStatus && (said.total() != null || success) && anotherAmount(said, r.amount);
        String told = isStatus ? WORDS.get(said.word()) : null;
        String id = TenpayResult.refundId(said, StatementDriver.REFUNDS[r.refund]);
        boolean anotherId = isStatus && !another && r.tenpayId != null && !r.tenpayId.equals(id);
        boolean asked = source.startsWith("inquiry-");

        String wish = old;
        if (another || anotherAmount) {
            wish = old;
        } else if (isStatus) {
            wish = anotherId && !told.equals("SUCCEEDED") ? old : told;
        } else if (answer.equals("NOT_FOUND")
                && old.equals("CREATED")
                && ofLastCall
                && !r.leased(now())
                && r.refusalCounts(now())) {
            wish = "FAILED";
        }
        boolean lateSuccess = old.equals("FAILED") && wish.equals("SUCCEEDED");
        boolean allowed = lateSuccess || (OPEN.contains(old) && !wish.equals("CREATED"));
        String status = allowed ? wish : old;
        boolean moved = !status.equals(old);
        boolean open = OPEN.contains(status);

        String review = oldReview;
        boolean mismatch = another || anotherAmount || anotherId;
        boolean contradicts = !mismatch && contradicts(r, old, answer, told, asked, before);
        boolean confirms = asked
                && sinceContradiction(r, before)
                && !mismatch
                && (isStatus ? told.equals(status) : answer.equals("NOT_FOUND") && status.equals("FAILED"));
        boolean agreed = confirms && (status.equals("SUCCEEDED") || (!moved && r.updated < now() - RECONCILE_AFTER));
        boolean upheld = upheld(r, contradicts, asked, before);
        if (anotherAmount && !another) {
            review = "AMOUNT_MISMATCH";
        } else if (anotherId) {
            review = "PAYMENT_ID_MISMATCH";
        } else if (lateSuccess && !"PAYMENT_ID_MISMATCH".equals(oldReview)) {
            review = "LATE_SUCCESS";
        } else if (upheld && weaker(oldReview)) {
            review = "STATUS_MISMATCH";
        } else if (agreed && "STATUS_MISMATCH".equals(oldReview)) {
            review = null;
        } else if (open && now() > r.created + REFUND_STUCK_AFTER) {
            review = oldReview == null ? "STUCK" : oldReview;
        } else if ("STUCK".equals(oldReview) && !open) {
            review = null;
        }
        String outcome = outcome(another || anotherAmount, anotherId, moved, answer, wish.equals(old));
        boolean newReview = !Objects.equals(review, oldReview);

        if (unsent) {
            r.unsent(source, now());
        }
        if (Set.of("CHANGED", "CONFIRMED").contains(outcome)
                || agreed
                || contradicts
                || (confirms && r.contradicted != null)
                || source.equals("refund")
                || newReview) {
            if (!mismatch && isStatus) {
                r.tenpayId = id;
            }
            r.done = status.equals("SUCCEEDED") ? paidAt(r, said, isStatus) : null;
            String refusal = r.refusal;
            if (answer.equals("REFUSED") && status.equals("CREATED")) {
                r.refusal = refusal == null ? reason(said, answer) : refusal;
                r.poll = refusedAgain(r);
            } else if (isStatus && moved) {
                r.refusal = null;
            }
            if (status.equals("SUCCEEDED")) {
                r.failReason = null;
            } else if (moved && status.equals("FAILED")) {
                r.failReason = isStatus ? emptyIsNull(reason(said, answer)) : refusal;
            }
            r.poll = open ? r.poll : null;
            settle(r, moved, answer, open, agreed, confirms, contradicts, upheld, newReview);
            if (source.equals("refund") && ofLastCall) {
                r.until = null;
            }
            r.status = status;
            r.review = review;
        }
        if (moved && status.equals("SUCCEEDED")) {
            r.payment.refunded += r.amount;
            r.payment.updated = now();
        }
        if (!(unsent && asked)) {
            String otherId = amounts(anotherAmount && !another, said, "refund", r.amount)
                    + (anotherId ? "refund_id " + id + ", but this refund is " + r.tenpayId : "");
            note(
                    r.payment,
                    old.equals(status),
                    source + " " + outcome + " " + old + ">" + status + " "
                            + detail(
                                    reason(said, answer), upheld, otherId, r, said, moved && status.equals("SUCCEEDED"))
                            + " "
                            + StatementDriver.REFUNDS[r.refund]);
        }
        if (moved) {
            r.payment.events.add("refund." + status.toLowerCase(java.util.Locale.ROOT) + " " + status + " "
                    + text(r.review) + " " + StatementDriver.REFUNDS[r.refund]);
        }
        if (upheld || (newReview && review != null)) {
            r.payment.events.add("refund.review " + status + " " + review + " " + StatementDriver.REFUNDS[r.refund]);
        }
        return outcome + (another ? " elsewhere " : " ") + answer + " " + status;
    }

    private String refund(Step.Refund s) {
        Payment p = payment(s.account(), s.order());
        if (p == null) {
            return "no payment";
        }
        String key = world.refund(s.account(), s.refund());
        Refund known = refunds.get(key);
        if (known != null) {
            boolean same = known.payment == p
                    && known.amount == s.total()
                    && s.currency().equals("SGD")
                    && Objects.equals(known.reason, s.reason());
            if (!same) {
                return "CONFLICT";
            }
            if (known.status.equals("CREATED") && known.refusal == null && !known.leased(now())) {
                known.submit(now());
                return "SUBMIT";
            }
            return "SAME";
        }
        long rest = p.amount
                - refunds.values().stream()
                        .filter(r -> r.payment == p
                                && (!r.status.equals("FAILED")
                                        || "STATUS_MISMATCH".equals(r.review)
                                        || "AMOUNT_MISMATCH".equals(r.review)
                                        || "PAYMENT_ID_MISMATCH".equals(r.review)
                                        || r.contradicted != null))
                        .mapToLong(r -> r.amount)
                        .sum();
        if (!p.status.equals("SUCCEEDED")) {
            return "PAYMENT_NOT_PAID";
        } else if (!s.currency().equals("SGD")) {
            return "CURRENCY_NOT_SUPPORTED";
        } else if (s.rules() == 0 && s.total() > 900) {
            return "AMOUNT_OUT_OF_RANGE";
        } else if (s.rules() == 1 && now() > p.done + 90 * 86400 * 1_000_000L) {
            return "REFUND_WINDOW_PASSED";
        } else if (s.total() > rest) {
            return "REFUND_EXCEEDS_PAYMENT";
        }
        Refund r = new Refund();
        r.key = key;
        r.payment = p;
        r.refund = s.refund();
        r.amount = s.total();
        r.reason = s.reason();
        created(r);
        refunds.put(key, r);
        p.history.add("refund-request STORED >CREATED  " + StatementDriver.REFUNDS[s.refund()]);
        wake(s.account(), true, StatementDriver.REFUNDS[s.refund()]);
        return "NEW";
    }

    private List<String> poll(
            Collection<? extends Row> rows, List<Row> queue, List<String> seen, boolean released, boolean paused) {
        Map<String, String> taken = new TreeMap<>();
        seen.forEach(row -> taken.put(row.split(" ")[0], row));
        List<String> expected = new ArrayList<>();
        for (Row row : rows) {
            boolean due = row.poll != null
                    && row.poll <= now()
                    && !row.leased(now())
                    && !(paused && row.key.startsWith(world.account(0)));
            if (!due) {
                continue;
            }
            String found = taken.get(row.key);
            if (found == null) {
                expected.add(row.key + " is due and was not taken");
                continue;
            }
            long next = Long.parseLong(found.split(" ")[1]) + passed;
            expected.add(inBounds(row, next) ? found : row.key + " is not to be asked again at " + found);
            row.poll = next;
            row.polls++;
            queue.add(row);
        }
        if (released) {
            queue.stream().filter(row -> row.poll != null).forEach(row -> {
                row.poll = now();
                row.polls = Math.max(row.polls - 1, 0);
            });
            queue.clear();
        }
        expected.sort(Comparator.naturalOrder());
        return expected;
    }

    private boolean inBounds(Row row, long next) {
        boolean stuck =
                row instanceof Payment p ? now() > p.expires + STUCK_AFTER : now() > row.created + REFUND_STUCK_AFTER;
        if (stuck) {
            return next == now() + STUCK_INTERVAL;
        }
        long delay = row.polls > 20 ? MAX_DELAY : Math.min(INTERVAL << row.polls, MAX_DELAY);
        long least = delay * 8 / 10 - 1;
        long most = delay * 12 / 10 + 1;
        long wait = next - now();
        if (row instanceof Payment p && now() < p.expires) {
            long last = p.expires - now() + AFTER_EXPIRY;
            return wait >= Math.min(least, last) && wait <= Math.min(most, last);
        }
        return wait >= least && wait <= most;
    }

    private List<String> reconcile(List<String> seen) {
        List<String> expected = new ArrayList<>();
        for (Collection<? extends Row> rows : List.of(payments.values(), refunds.values())) {
            for (Row row : rows) {
                if (row.reconcile != null && row.reconcile <= now()) {
                    if (row.contradicted != null && row.upheld == null) {
                        long wait = Math.max(INTERVAL, Math.round((now() - row.contradicted) / 4.0));
                        row.reconcile = now() + Math.min(wait, RECONCILE_AFTER);
                    } else {
                        row.reconcile =
                                row.updated < now() - GIVE_UP_AFTER ? null : Long.valueOf(now() + RECONCILE_AFTER);
                    }
                    String start = row.key + " " + time(row.reconcile) + " ";
                    expected.add(seen.stream()
                            .filter(line -> line.startsWith(start))
                            .findFirst()
                            .orElse(start));
                }
            }
        }
        return expected;
    }

    private String webhook(int account, int order, int refund, int id, Said said, boolean replayed) {
        String bytes = bytes(account, order, refund, id, said);
        Notification known = notifications.get(bytes);
        if (replayed) {
            Row row = refund >= 0 ? refunds.get(world.refund(account, refund)) : payment(account, order);
            return (row == null ? "not there" : "REPEATED NONE " + row.status)
                    + (known == null ? " rejected" : " done");
        }
        if (known != null) {
            return known.state.equals("DONE") ? "REPEATED STATUS " + row(known).status : process(known);
        }
        Notification n = new Notification();
        n.account = account;
        n.order = order;
        n.refund = refund;
        n.ofRefund = refund >= 0;
        n.said = said;
        n.received = now();
        n.next = now() + NOTIFICATION_LEASE;
        notifications.put(bytes, n);
        return process(n);
    }

    /** What makes it the same notification. */
    private static String bytes(int account, int order, int refund, int id, Said said) {
        return account + " " + (refund >= 0) + " "
                + TenpayResult.body(
                                said,
                                StatementDriver.MERCHANTS[account],
                                StatementDriver.ORDERS[order],
                                refund >= 0 ? StatementDriver.REFUNDS[refund] : null)
                        .put("id", id);
    }

    private Row row(Notification n) {
        return n.ofRefund ? refunds.get(world.refund(n.account, n.refund)) : payment(n.account, n.order);
    }

    private String process(Notification n) {
        String said = n.ofRefund
                ? refundNews(
                        "notification",
                        refunds.get(world.refund(n.account, n.refund)),
                        n.order,
                        n.said,
                        null,
                        NOT_ASKED)
                : news("notification", payment(n.account, n.order), n.said, null, NOT_ASKED);
        boolean absent = said.equals("not there");
        // An unreadable notification is kept until the mapping is corrected.
        boolean riddle = said.contains(" NONE ");
        if (!absent && !riddle && !said.contains(" elsewhere ")) {
            n.state = "DONE";
            n.next = null;
            n.problem = null;
            return said;
        }
        boolean givenUp = n.received < now() - NOTIFICATION_GIVE_UP;
        n.state = givenUp ? "GIVEN_UP" : "WAITING";
        n.next = givenUp ? null : n.next;
        n.number = n.ofRefund ? StatementDriver.REFUNDS[n.refund] : StatementDriver.ORDERS[n.order];
        n.problem = absent ? "not there" : "elsewhere or a riddle";
        return said + " " + n.state;
    }

    private List<String> retry() {
        List<Notification> due = notifications.values().stream()
                .filter(n -> n.next != null && n.next <= now())
                .toList();
        for (Notification n : due) {
            n.next = now() + Math.min(NOTIFICATION_LEASE << Math.min(n.attempts, 20), NOTIFICATION_MAX_DELAY);
            n.attempts++;
        }
        return due.stream()
                .map(n -> (n.ofRefund ? StatementDriver.REFUNDS[n.refund] : StatementDriver.ORDERS[n.order]) + " "
                        + process(n))
                .toList();
    }

    /** Every row as {@link LedgerInvariants} reads it. */
    List<String> rows() {
        Stream<String> paid = payments.values().stream()
                .map(p -> "payment " + common(p) + " expires=" + time(p.expires) + " refunded=" + p.refunded
                        + " prepay=" + text(p.prepay) + " refused=" + p.refused + " refusal=" + text(p.refusal)
                        + " absent="
                        + time(p.absent));
        Stream<String> refunded = refunds.values().stream()
                .map(r -> "refund " + common(r) + " of=" + StatementDriver.ORDERS[r.payment.order] + " reason="
                        + text(r.reason) + " refusal=" + text(r.refusal));
        Stream<String> notified = notifications.values().stream()
                .map(n -> "notification " + world.account(n.account) + " " + (n.ofRefund ? "refunds" : "payments")
                        + " state=" + n.state + " number=" + text(n.number) + " problem=" + text(n.problem)
                        + " attempts=" + n.attempts + " next=" + time(n.next) + " received=" + time(n.received));
        return Stream.of(paid, refunded, notified).flatMap(lines -> lines).toList();
    }

    private String common(Row row) {
        return row.key + " status=" + row.status + " review=" + text(row.review) + " amount=" + row.amount + " SGD id="
                + text(row.tenpayId) + " done=" + time(row.done) + " fail=" + text(row.failReason) + " submits="
                + row.submits + " submitted=" + time(row.submitted) + " until=" + time(row.until) + " poll="
                + time(row.poll) + " polls=" + row.polls + " created=" + time(row.created) + " updated="
                + time(row.updated) + " reconcile=" + time(row.reconcile) + " contradicted=" + time(row.contradicted)
                + " upheld=" + time(row.upheld);
    }

    /** The same answer to a repeated inquiry is recorded once: all of it is within the hour. */
    private static void note(Payment payment, boolean unchanged, String line) {
        if (!unchanged || !payment.history.contains(line)) {
            payment.history.add(line);
        }
    }

    /** The history and the events of every payment, in order. */
    List<String> past() {
        List<String> lines = new ArrayList<>();
        for (Payment p : payments.values()) {
            p.history.forEach(line -> lines.add(p.key + " " + line.strip()));
            p.events.forEach(line -> lines.add(p.key + " " + line.strip()));
        }
        return lines;
    }

    private static String text(String value) {
        return value == null ? "" : value;
    }

    private static String emptyIsNull(String value) {
        return value.isEmpty() ? null : value;
    }

    private String time(Long at) {
        return at == null ? "null" : Long.toString(at - passed);
    }
}
