package dev.tenpayroutes.property;

import dev.tenpayroutes.property.Step.Said;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Draws histories; the same seed draws the same one. What is likely in life is likely here, what must never hurt is not rare. */
final class Dice {

    static final long[] TOTALS = {1000, 1200};
    /** More than one of them at once is often too much for a payment of 1000. */
    static final long[] REFUNDS = {600, 500, 1000, 300};

    private static final int[] VALIDITIES = {0, 2, 60, 1800, 1800, 1800};
    private static final long[] CLOCKS = {1, 2, 5, 6, 9, 15, 16, 20, 31, 61, 61, 65, 120, 1800, 1806, 3600, 5406};
    private static final long[] DAYS = {1, 1, 2, 4, 5, 8, 91};
    private static final String[] TIMES = {
        null, "2026-11-22T16:00:00+08:00", "2026-11-22T08:30:00.5Z", "2026-02-30T08:00:00Z", "2026-08-01T08:00:00Z"
    };

    /** Weight, HTTP status, word. NEWS is no word of Tenpay's. */
    private static final String CHECKOUT =
            "10 200 PROCESSING, 2 200 SUCCESS, 1 200 FAILED, 1 200 NEWS, 3 400 PARAM_ERROR,"
                    + " 1 401 SIGN_ERROR, 1 409 ORDER_CONFLICT, 1 500 SYSTEM_ERROR, 5 none -";

    private static final String INQUIRY = "4 200 PROCESSING, 5 200 SUCCESS, 4 200 FAILED, 3 200 CLOSED, 3 200 EXPIRED,"
            + " 7 404 ORDER_NOT_EXIST, 2 none -, 1 403 NO_AUTH, 1 400 PARAM_ERROR, 1 200 NEWS";
    private static final String CLOSE = "6 200 CLOSED, 2 409 ORDER_PAID, 2 409 CLOSE_NOT_SUPPORTED,"
            + " 2 404 ORDER_NOT_EXIST, 2 none -, 1 200 SUCCESS, 1 200 PROCESSING";
    private static final String WEBHOOK =
            "7 200 SUCCESS, 5 200 FAILED, 3 200 CLOSED, 4 200 EXPIRED, 1 200 PROCESSING, 1 200 NEWS";
    private static final String REFUND =
            "8 200 PROCESSING, 4 200 SUCCESS, 2 200 FAILED, 1 200 CLOSED, 4 400 PARAM_ERROR,"
                    + " 2 409 REFUND_EXCEEDED, 1 409 ORDER_NOT_PAID, 1 403 NO_AUTH, 1 500 SYSTEM_ERROR, 5 none -";
    private static final String REFUND_INQUIRY = "3 200 PROCESSING, 6 200 SUCCESS, 3 200 FAILED,"
            + " 7 404 REFUND_NOT_EXIST, 2 none -, 1 401 SIGN_ERROR, 1 200 EXPIRED";
    private static final String REFUND_WEBHOOK = "8 200 SUCCESS, 5 200 FAILED, 1 200 PROCESSING, 1 200 EXPIRED";

    private final Random random;

    Dice(long seed) {
        random = new Random(seed);
    }

    /** About a payment that is settled, or about one that was paid and is refunded; much else may come between. */
    List<Step> history(int longest) {
        List<Step> steps = new ArrayList<>();
        int length = 4 + random.nextInt(longest - 3);
        boolean refunding = random.nextBoolean();
        boolean early = random.nextInt(8) == 0;
        if (early) {
            // Its news comes before the order.
            steps.add(step(4, 0, 0, 0));
        }
        if (random.nextInt(10) > 0) {
            steps.add(new Step.Order(0, 0, 0, VALIDITIES[random.nextInt(VALIDITIES.length)]));
        }
        if (early) {
            steps.add(new Step.WebhookRetry());
        }
        if (refunding) {
            String time = random.nextInt(4) == 0 ? TIMES[random.nextInt(TIMES.length)] : null;
            steps.add(new Step.Webhook(0, 0, 9, new Said("200", "SUCCESS", 1000L, "SGD", true, true, time)));
        }
        while (steps.size() < length) {
            int account = random.nextInt(20) == 0 ? 1 : 0;
            int order = random.nextInt(8) == 0 ? 1 : 0;
            int refund = pick(8, 5, 2, 1);
            int kind = refunding
                    ? pick(2, 1, 3, 1, 2, 1, 16, 4, 12, 12, 6, 2, 4, 12)
                    : pick(12, 4, 14, 5, 14, 5, 2, 1, 1, 1, 1, 2, 4, 14);
            if (random.nextInt(7) == 0) {
                steps.addAll(refunding ? refundTrouble(refund) : trouble(order));
                continue;
            }
            steps.add(step(kind, account, order, refund));
            if (random.nextInt(8) == 0) {
                steps.add(steps.get(steps.size() - 1));
            }
            if (kind == 0 && random.nextInt(3) > 0) {
                steps.add(new Step.CheckoutAnswer(account, order, said(CHECKOUT, null)));
            } else if (kind == 6 && random.nextInt(3) > 0) {
                steps.add(new Step.RefundAnswer(account, order, refund, said(REFUND, REFUNDS[refund])));
            }
        }
        return steps;
    }

    /** Nobody knows what became of a call, and the ERP asks again, more than once; at last Tenpay says it has no such thing. */
    private List<Step> trouble(int order) {
        List<Step> steps = new ArrayList<>();
        int validity = VALIDITIES[random.nextInt(VALIDITIES.length)];
        for (int n = random.nextInt(4); n >= 0; n--) {
            steps.add(new Step.Order(0, order, random.nextInt(5) == 0 ? 1 : 0, validity));
            if (random.nextInt(3) > 0) {
                steps.add(new Step.CheckoutAnswer(0, order, said("4 none -, 1 400 PARAM_ERROR", null)));
            }
            if (random.nextInt(4) == 0) {
                steps.add(new Step.Clock(CLOCKS[5 + random.nextInt(4)]));
            }
        }
        if (random.nextInt(3) > 0) {
            steps.add(new Step.Clock(CLOCKS[2 + random.nextInt(10)]));
        }
        if (random.nextBoolean()) {
            steps.add(new Step.Poll(false, false));
        }
        steps.add(new Step.Inquiry(0, order, said("1 404 ORDER_NOT_EXIST", null)));
        return steps;
    }

    private List<Step> refundTrouble(int refund) {
        List<Step> steps = new ArrayList<>();
        for (int n = random.nextInt(4); n >= 0; n--) {
            steps.add(new Step.Refund(0, 0, refund, REFUNDS[refund], "SGD", null, 2));
            if (random.nextInt(3) > 0) {
                steps.add(new Step.RefundAnswer(0, 0, refund, said("2 none -, 1 400 PARAM_ERROR", null)));
            }
            if (random.nextInt(4) == 0) {
                steps.add(new Step.Clock(CLOCKS[5 + random.nextInt(4)]));
            }
        }
        if (random.nextInt(3) > 0) {
            steps.add(new Step.Clock(CLOCKS[2 + random.nextInt(10)]));
        }
        if (random.nextBoolean()) {
            steps.add(new Step.RefundPoll(false, false));
        }
        if (random.nextInt(3) > 0) {
            steps.add(new Step.RefundInquiry(0, 0, refund, said("1 404 REFUND_NOT_EXIST", null)));
            return steps;
        }
        // Failed at last, and paid out after all, just when its amount is given to others.
        steps.add(new Step.RefundWebhook(0, 0, refund, 0, said("1 200 FAILED", REFUNDS[refund])));
        steps.add(new Step.RefundWebhook(0, 0, refund, 1, said("1 200 SUCCESS", REFUNDS[refund])));
        for (int other = refund + 1; other < refund + 3; other++) {
            int next = other % REFUNDS.length;
            steps.add(new Step.Refund(0, 0, next, REFUNDS[next], "SGD", null, 2));
        }
        return steps;
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    private Step step(int kind, int account, int order, int refund) {
        int id = random.nextInt(3);
        return switch (kind) {
            case 0 ->
                new Step.Order(
                        account, order, random.nextInt(6) == 0 ? 1 : 0, VALIDITIES[random.nextInt(VALIDITIES.length)]);
            case 1 -> new Step.CheckoutAnswer(account, order, said(CHECKOUT, null));
            case 2 -> new Step.Inquiry(account, order, said(INQUIRY, total()));
            case 3 -> new Step.Close(account, order, said(CLOSE, total()));
            case 4 -> new Step.Webhook(account, order, id, said(WEBHOOK, total()));
            case 5 -> new Step.Poll(random.nextInt(5) == 0, random.nextInt(5) == 0);
            case 6 ->
                new Step.Refund(
                        account,
                        order,
                        refund,
                        random.nextInt(8) == 0 ? 1 + random.nextInt(1300) : REFUNDS[refund],
                        random.nextInt(15) == 0 ? "USD" : "SGD",
                        random.nextInt(6) == 0 ? "cold" : null,
                        random.nextInt(3));
            case 7 -> new Step.RefundAnswer(account, order, refund, said(REFUND, REFUNDS[refund]));
            case 8 -> new Step.RefundInquiry(account, order, refund, said(REFUND_INQUIRY, REFUNDS[refund]));
            case 9 -> new Step.RefundWebhook(account, order, refund, id, said(REFUND_WEBHOOK, REFUNDS[refund]));
            case 10 -> new Step.RefundPoll(random.nextInt(5) == 0, random.nextInt(5) == 0);
            case 11 -> new Step.Reconcile();
            case 12 -> new Step.WebhookRetry();
            default ->
                new Step.Clock(
                        random.nextInt(5) == 0
                                ? DAYS[random.nextInt(DAYS.length)] * 86400 + 1
                                : CLOCKS[random.nextInt(CLOCKS.length)]);
        };
    }

    private Long total() {
        return TOTALS[random.nextInt(10) == 0 ? 1 : 0];
    }

    /** @param total what is right, or null where the answer names no amount */
    private Said said(String words, Long total) {
        String[] known = words.split(", ");
        String[] word =
                known[
                        pick(Stream.of(known)
                                .mapToInt(text -> Integer.parseInt(text.split(" ")[0]))
                                .toArray())].split(" ");
        Long named = total;
        String currency = "SGD";
        boolean merchant = true;
        boolean number = true;
        switch (random.nextInt(22)) {
            case 0 -> named = total == null ? Long.valueOf(999) : Long.valueOf(total + 1);
            case 1 -> currency = "USD";
            case 2 -> named = total == null ? Long.valueOf(1000) : null;
            case 3 -> merchant = false;
            case 4 -> number = false;
            default -> {
                // All of it is right.
            }
        }
        String time = random.nextInt(3) == 0 ? TIMES[random.nextInt(TIMES.length)] : null;
        return new Said(word[1], word[2], named, currency, merchant, number, time);
    }

    private int pick(int... weights) {
        int sum = 0;
        for (int weight : weights) {
            sum += weight;
        }
        int drawn = random.nextInt(sum);
        int picked = 0;
        while (drawn >= weights[picked]) {
            drawn -= weights[picked];
            picked++;
        }
        return picked;
    }
}
