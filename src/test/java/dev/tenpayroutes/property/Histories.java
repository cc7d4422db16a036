package dev.tenpayroutes.property;

import static net.jqwik.api.Arbitraries.frequency;
import static net.jqwik.api.Arbitraries.frequencyOf;
import static net.jqwik.api.Arbitraries.integers;
import static net.jqwik.api.Arbitraries.just;
import static net.jqwik.api.Arbitraries.longs;
import static net.jqwik.api.Combinators.combine;

import dev.tenpayroutes.property.Step.Said;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;

/** Histories to be drawn. Likely cases are likely here, and dangerous ones are not rare. */
final class Histories {

    static final long[] TOTALS = {1000, 1200};
    /** More than one of them at once is often too much for a payment of 1000. */
    private static final long[] REFUNDS = {600, 500, 1000, 300};

    private static final Long NO_AMOUNT = -1L;

    /** Weight, HTTP status, word. NEWS is no word of Tenpay's. */
    private static final String CHECKOUT =
            "10 200 PROCESSING, 2 200 SUCCESS, 1 200 FAILED, 1 200 NEWS, 3 400 PARAM_ERROR,"
                    + " 1 401 SIGN_ERROR, 2 409 ORDER_CONFLICT, 1 500 SYSTEM_ERROR, 5 none -, 2 unsent -";

    private static final String INQUIRY = "4 200 PROCESSING, 5 200 SUCCESS, 4 200 FAILED, 3 200 CLOSED, 3 200 EXPIRED,"
            + " 7 404 ORDER_NOT_EXIST, 2 none -, 3 unsent -, 1 403 NO_AUTH, 1 400 PARAM_ERROR, 1 200 NEWS";
    private static final String CLOSE = "6 200 CLOSED, 2 409 ORDER_PAID, 2 409 CLOSE_NOT_SUPPORTED,"
            + " 2 404 ORDER_NOT_EXIST, 2 none -, 1 unsent -, 1 200 SUCCESS, 1 200 PROCESSING";
    private static final String WEBHOOK =
            "7 200 SUCCESS, 5 200 FAILED, 3 200 CLOSED, 4 200 EXPIRED, 1 200 PROCESSING, 1 200 NEWS";
    private static final String REFUND =
            "8 200 PROCESSING, 4 200 SUCCESS, 2 200 FAILED, 1 200 CLOSED, 4 400 PARAM_ERROR,"
                    + " 2 409 REFUND_EXCEEDED, 1 409 ORDER_NOT_PAID, 1 403 NO_AUTH, 1 500 SYSTEM_ERROR, 5 none -,"
                    + " 2 unsent -";
    private static final String REFUND_INQUIRY = "3 200 PROCESSING, 6 200 SUCCESS, 3 200 FAILED,"
            + " 7 404 REFUND_NOT_EXIST, 2 none -, 3 unsent -, 1 401 SIGN_ERROR, 1 200 EXPIRED";
    private static final String REFUND_WEBHOOK = "8 200 SUCCESS, 5 200 FAILED, 1 200 PROCESSING, 2 200 EXPIRED";

    private static final Arbitrary<Integer> ACCOUNT = frequency(Tuple.of(19, 0), Tuple.of(1, 1));
    private static final Arbitrary<Integer> ORDER = frequency(Tuple.of(7, 0), Tuple.of(1, 1));
    private static final Arbitrary<Integer> CONTENT = frequency(Tuple.of(5, 0), Tuple.of(1, 1));
    private static final Arbitrary<Integer> REFUND_NUMBER =
            frequency(Tuple.of(8, 0), Tuple.of(5, 1), Tuple.of(2, 2), Tuple.of(1, 3));
    private static final Arbitrary<Integer> VALIDITY = Arbitraries.of(1800, 1800, 1800, 60, 2, 0);
    private static final Arbitrary<Integer> NOTIFICATION = integers().between(0, 2);
    private static final Arbitrary<Long> CLOCK =
            Arbitraries.of(1L, 2L, 5L, 6L, 9L, 15L, 16L, 20L, 31L, 61L, 61L, 65L, 120L, 1800L, 1806L, 3600L, 5406L);
    private static final Arbitrary<Long> MOMENT = Arbitraries.of(1L, 6L, 9L, 15L, 16L, 20L, 31L, 61L, 65L);
    private static final Arbitrary<Long> DAYS =
            Arbitraries.of(86400L, 86401L, 2 * 86401L, 4 * 86401L, 5 * 86401L, 8 * 86401L, 91 * 86401L);
    /** In several spellings; some are too early or too late to be believed, one is no time. */
    private static final Arbitrary<String> TIME = Arbitraries.of(
                    at(-3, 8).toString(),
                    at(-23, 8).toString().replaceFirst(":(..)$", "$1"),
                    at(-2, 0).toString().replace('T', 't').replace('Z', 'z'),
                    at(22, -5).toString(),
                    at(-26, 0).toString(),
                    at(27, 8).toString(),
                    at(-70, 0).toString(),
                    "2026-02-30T08:00:00Z")
            .injectNull(0.75);

    private Histories() {}

    private static OffsetDateTime at(int hours, int offset) {
        return OffsetDateTime.now(ZoneOffset.ofHours(offset))
                .truncatedTo(ChronoUnit.MILLIS)
                .plusHours(hours)
                .withNano(500_000_000);
    }

    /** About a payment that is settled, or about one that was paid and is refunded; much else may come between. */
    static Arbitrary<List<Step>> histories() {
        Arbitrary<List<Step>> settled = parts(12, 4, 14, 5, 14, 5, 2, 1, 1, 1, 1, 2, 4, 14, 13, 0, 8, 0);
        Arbitrary<List<Step>> refunded = parts(2, 1, 3, 1, 2, 1, 16, 4, 12, 12, 6, 2, 4, 12, 0, 13, 0, 8);
        Arbitrary<List<Step>> paid = TIME.map(
                time -> List.of(new Step.Webhook(0, 0, 9, new Said("200", "SUCCESS", 1000L, "SGD", true, true, time))));
        return frequencyOf(
                Tuple.of(1, combine(start(), settled).as(Histories::joined)),
                Tuple.of(1, combine(start(), paid, refunded).as(Histories::joined)));
    }

    /** Longer ones, in which much happens before the clock goes on; whenever it does, every instance's poller comes by. */
    static Arbitrary<List<Step>> atOnce() {
        return combine(histories(), histories()).as((one, another) -> {
            AtomicInteger clocks = new AtomicInteger();
            return Stream.concat(one.stream(), another.stream())
                    .filter(step -> !(step instanceof Step.Clock) || clocks.getAndIncrement() % 4 == 0)
                    .flatMap(step -> step instanceof Step.Clock ? pollers(step) : Stream.of(step))
                    .toList();
        });
    }

    private static Stream<Step> pollers(Step clock) {
        Step poll = new Step.Poll(false, false);
        Step refundPoll = new Step.RefundPoll(false, false);
        return Stream.of(clock, poll, poll, poll, refundPoll, refundPoll, refundPoll);
    }

    private static Arbitrary<List<Step>> start() {
        Arbitrary<List<Step>> order = VALIDITY.map(validity -> List.of(new Step.Order(0, 0, 0, validity)));
        return frequencyOf(
                Tuple.of(8, order),
                Tuple.of(1, just(List.of())),
                // Its news comes before the order.
                Tuple.of(
                        1,
                        combine(webhook(), order)
                                .as((news, posted) ->
                                        joined(List.of(news), posted, List.of(new Step.WebhookRetry())))));
    }

    private static Arbitrary<List<Step>> parts(int... weights) {
        List<Arbitrary<List<Step>>> kinds = List.of(
                orders(),
                one(combine(ACCOUNT, ORDER, one(4), said(CHECKOUT, null)).as(Step.CheckoutAnswer::new)),
                one(combine(ACCOUNT, ORDER, one(6), said(INQUIRY, TOTALS)).as(Step.Inquiry::new)),
                one(combine(ACCOUNT, ORDER, said(CLOSE, TOTALS)).as(Step.Close::new)),
                one(webhook()),
                one(combine(one(5), one(5)).as(Step.Poll::new)),
                refunds(),
                one(combine(ACCOUNT, ORDER, REFUND_NUMBER, one(4), said(REFUND, REFUNDS))
                        .as((account, order, refund, late, said) ->
                                new Step.RefundAnswer(account, order, refund, late, of(refund, said)))),
                one(combine(ACCOUNT, ORDER, REFUND_NUMBER, one(6), said(REFUND_INQUIRY, REFUNDS))
                        .as((account, order, refund, late, said) ->
                                new Step.RefundInquiry(account, order, refund, late, of(refund, said)))),
                one(combine(ACCOUNT, ORDER, REFUND_NUMBER, NOTIFICATION, said(REFUND_WEBHOOK, REFUNDS))
                        .as((account, order, refund, id, said) ->
                                new Step.RefundWebhook(account, order, refund, id, of(refund, said)))),
                one(combine(one(5), one(5)).as(Step.RefundPoll::new)),
                one(just(new Step.Reconcile())),
                one(just(new Step.WebhookRetry())),
                one(frequencyOf(Tuple.of(4, CLOCK), Tuple.of(1, DAYS)).map(Step.Clock::new)),
                trouble(),
                refundTrouble(),
                doubt(),
                refundDoubt());
        List<Tuple2<Integer, Arbitrary<List<Step>>>> parts = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            parts.add(Tuple.of(weights[i], kinds.get(i)));
        }
        return several(frequencyOf(parts), 0, 24);
    }

    private static Arbitrary<List<Step>> several(Arbitrary<List<Step>> part, int least, int most) {
        return part.list()
                .ofMinSize(least)
                .ofMaxSize(most)
                .map(parts -> parts.stream().flatMap(List::stream).toList());
    }

    /** At times twice. */
    private static Arbitrary<List<Step>> one(Arbitrary<? extends Step> step) {
        return combine(step, one(8)).as((what, twice) -> twice ? List.of(what, what) : List.of(what));
    }

    /** True once in so many times. */
    private static Arbitrary<Boolean> one(int in) {
        return frequency(Tuple.of(in - 1, false), Tuple.of(1, true));
    }

    /** One step, or none. */
    private static Arbitrary<List<Step>> maybe(int often, Arbitrary<? extends Step> step) {
        return frequencyOf(Tuple.of(often, step.map(List::of)), Tuple.of(1, just(List.of())));
    }

    private static Arbitrary<Step> webhook() {
        return combine(ACCOUNT, ORDER, NOTIFICATION, said(WEBHOOK, TOTALS)).as(Step.Webhook::new);
    }

    private static Arbitrary<List<Step>> orders() {
        Arbitrary<List<Said>> answers =
                frequencyOf(Tuple.of(2, said(CHECKOUT, null).map(List::of)), Tuple.of(1, just(List.of())));
        return combine(ACCOUNT, ORDER, CONTENT, VALIDITY, answers)
                .as((account, order, content, validity, said) -> joined(
                        List.of(new Step.Order(account, order, content, validity)),
                        said.stream()
                                .map(s -> new Step.CheckoutAnswer(account, order, false, s))
                                .toList()));
    }

    private static Arbitrary<List<Step>> refunds() {
        Arbitrary<List<Said>> answers =
                frequencyOf(Tuple.of(2, said(REFUND, REFUNDS).map(List::of)), Tuple.of(1, just(List.of())));
        Arbitrary<Long> odd = longs().between(1, 1300).injectNull(0.88);
        Arbitrary<String> currency = frequency(Tuple.of(14, "SGD"), Tuple.of(1, "USD"));
        Arbitrary<String> reason = just("cold").injectNull(0.83);
        return combine(
                        ACCOUNT,
                        ORDER,
                        REFUND_NUMBER,
                        odd,
                        currency,
                        reason,
                        integers().between(0, 2),
                        answers)
                .as((account, order, refund, total, paid, why, rules, said) -> joined(
                        List.of(new Step.Refund(
                                account, order, refund, total == null ? REFUNDS[refund] : total, paid, why, rules)),
                        said.stream()
                                .map(s -> new Step.RefundAnswer(account, order, refund, false, of(refund, s)))
                                .toList()));
    }

    /** The outcome of a call is unknown, and the ERP asks again, more than once; at last Tenpay says it has no such thing. */
    private static Arbitrary<List<Step>> trouble() {
        return integers().between(0, 1).flatMap(order -> {
            Arbitrary<List<Step>> call = combine(
                            combine(CONTENT, VALIDITY)
                                    .as((content, validity) -> new Step.Order(0, order, content, validity)),
                            maybe(
                                    2,
                                    combine(
                                                    one(4),
                                                    said(
                                                            "3 none -, 1 400 PARAM_ERROR, 1 409 ORDER_CONFLICT, 1 unsent -",
                                                            null))
                                            .as((late, said) -> new Step.CheckoutAnswer(0, order, late, said))),
                            maybe(1, MOMENT.map(Step.Clock::new)))
                    .as((posted, answer, pause) -> joined(List.of(posted), answer, pause));
            return combine(
                            several(call, 1, 4),
                            maybe(2, CLOCK.map(Step.Clock::new)),
                            maybe(1, just(new Step.Poll(false, false))),
                            combine(one(3), said("1 404 ORDER_NOT_EXIST", null))
                                    .as((late, said) -> new Step.Inquiry(0, order, late, said)))
                    .as((calls, pause, poll, question) -> joined(calls, pause, poll, List.of(question)));
        });
    }

    private static Arbitrary<List<Step>> refundTrouble() {
        return REFUND_NUMBER.flatMap(refund -> {
            Arbitrary<List<Step>> call = combine(
                            maybe(
                                    2,
                                    combine(one(4), said("2 none -, 2 400 PARAM_ERROR, 1 unsent -", REFUNDS))
                                            .as((late, said) ->
                                                    new Step.RefundAnswer(0, 0, refund, late, of(refund, said)))),
                            maybe(1, MOMENT.map(Step.Clock::new)))
                    .as((answer, pause) -> joined(List.of(wanted(refund)), answer, pause));
            Arbitrary<List<Step>> absent = combine(one(3), said("1 404 REFUND_NOT_EXIST", REFUNDS))
                    .as((late, said) -> List.of(new Step.RefundInquiry(0, 0, refund, late, said)));
            // Failed at last, and paid out after all, just when its amount is given to others.
            Arbitrary<List<Step>> late = combine(said("1 200 FAILED", REFUNDS), said("1 200 SUCCESS", REFUNDS))
                    .as((failed, paid) -> List.of(
                            new Step.RefundWebhook(0, 0, refund, 0, of(refund, failed)),
                            new Step.RefundWebhook(0, 0, refund, 1, of(refund, paid)),
                            wanted((refund + 1) % REFUNDS.length),
                            wanted((refund + 2) % REFUNDS.length)));
            return combine(
                            several(call, 1, 4),
                            maybe(2, CLOCK.map(Step.Clock::new)),
                            maybe(1, just(new Step.RefundPoll(false, false))),
                            frequencyOf(Tuple.of(2, absent), Tuple.of(1, late)))
                    .as((calls, pause, poll, end) -> joined(calls, pause, poll, end));
        });
    }

    /** After a while, or a day, Tenpay is asked once more about what may be over, and once more: it agrees, or it doesn't. */
    private static Arbitrary<List<Step>> doubt() {
        Arbitrary<List<Step>> question = combine(
                        frequencyOf(Tuple.of(1, Arbitraries.of(15L, 16L)), Tuple.of(1, DAYS)), said(INQUIRY, TOTALS))
                .as((pause, said) -> List.of(new Step.Clock(pause), new Step.Inquiry(0, 0, false, said)));
        return several(question, 1, 3);
    }

    private static Arbitrary<List<Step>> refundDoubt() {
        Arbitrary<List<Step>> question = combine(
                        REFUND_NUMBER,
                        frequencyOf(Tuple.of(1, Arbitraries.of(15L, 16L)), Tuple.of(1, DAYS)),
                        said(REFUND_INQUIRY, REFUNDS))
                .as((refund, pause, said) ->
                        List.of(new Step.Clock(pause), new Step.RefundInquiry(0, 0, refund, false, of(refund, said))));
        return several(question, 1, 3);
    }

    private static Step wanted(int refund) {
        return new Step.Refund(0, 0, refund, REFUNDS[refund], "SGD", null, 2);
    }

    /** @param totals the right amount first; null where the answer names none */
    private static Arbitrary<Said> said(String words, long[] totals) {
        List<Tuple2<Integer, String[]>> known = new ArrayList<>();
        for (String word : words.split(",\\s*")) {
            known.add(Tuple.of(Integer.parseInt(word.split(" ")[0]), word.split(" ")));
        }
        Arbitrary<Long> total = totals == null
                ? frequency(Tuple.of(20, NO_AMOUNT), Tuple.of(1, 999L), Tuple.of(1, 1000L))
                : frequency(
                        Tuple.of(20, totals[0]),
                        Tuple.of(1, totals[0] + 1),
                        Tuple.of(2, totals[1]),
                        Tuple.of(1, NO_AMOUNT));
        return combine(
                        frequency(known),
                        total,
                        frequency(Tuple.of(21, "SGD"), Tuple.of(1, "USD")),
                        one(22),
                        one(22),
                        TIME,
                        combine(one(16), one(16)).as(Tuple::of))
                .as((word, named, currency, anotherMerchant, anotherNumber, time, again) -> new Said(
                        word[1],
                        word[2],
                        named.equals(NO_AMOUNT) ? null : named,
                        currency,
                        !anotherMerchant,
                        !anotherNumber,
                        time,
                        again.get1(),
                        again.get2()));
    }

    /** What was said of the first refund's amount, said of another one's. */
    private static Said of(int refund, Said said) {
        boolean right = said.total() != null && said.total() == REFUNDS[0];
        return right
                ? new Said(
                        said.http(),
                        said.word(),
                        REFUNDS[refund],
                        said.currency(),
                        said.merchant(),
                        said.number(),
                        said.time(),
                        said.otherId(),
                        said.replayed())
                : said;
    }

    @SafeVarargs
    private static List<Step> joined(List<? extends Step>... parts) {
        List<Step> steps = new ArrayList<>();
        for (List<? extends Step> part : parts) {
            steps.addAll(part);
        }
        return List.copyOf(steps);
    }
}
