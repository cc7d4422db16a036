package dev.tenpayroutes.property;

/**
 * One thing that happens. Accounts, orders and refunds are named by small numbers, so that any part of a history is a
 * history as well: what has no meaning yet (an answer to a call that was not made) does nothing.
 */
sealed interface Step {

    /**
     * What Tenpay says.
     *
     * @param http the status of the answer, {@code none} when nothing verified came back, {@code unsent} when Tenpay was not called
     * @param word a status word of Tenpay's, or the code of an error
     * @param total the amount it names, or null for none
     * @param merchant whether it names the right merchant
     * @param number whether it names the right order or refund
     * @param time when it says the money moved, or null
     * @param otherId whether it names another payment_id or refund_id than the first answer
     * @param replayed whether it comes by the signature that came last
     */
    record Said(
            String http,
            String word,
            Long total,
            String currency,
            boolean merchant,
            boolean number,
            String time,
            boolean otherId,
            boolean replayed) {

        Said(String http, String word, Long total, String currency, boolean merchant, boolean number, String time) {
            this(http, word, total, currency, merchant, number, time, false, false);
        }

        /** As it counts when its signature was used before. */
        Said asReplay() {
            return new Said("replayed", word, total, currency, merchant, number, time, otherId, true);
        }
    }

    /** The ERP posts an order: new, again, or another one under a number that was used. */
    record Order(int account, int order, int content, int validitySeconds) implements Step {}

    /** The answer to checkout-pay, for the last call; {@code late}: for the oldest one, whatever was called since. */
    record CheckoutAnswer(int account, int order, boolean late, Said said) implements Step {}

    /**
     * inquiry-payment, by the poller, a sync or the reconciliation; sent again when Tenpay never had it. {@code late}: asked
     * when the first call had been made, answered now.
     */
    record Inquiry(int account, int order, boolean late, Said said) implements Step {}

    record Close(int account, int order, Said said) implements Step {}

    /** A notification; with the same {@code id} and words, the very same bytes. */
    record Webhook(int account, int order, int id, Said said) implements Step {}

    /** The poller takes what is due; {@code released}: the instances stop and give back whatever was taken. */
    record Poll(boolean released, boolean paused) implements Step {}

    record Refund(int account, int order, int refund, long total, String currency, String reason, int rules)
            implements Step {}

    record RefundAnswer(int account, int order, int refund, boolean late, Said said) implements Step {}

    record RefundInquiry(int account, int order, int refund, boolean late, Said said) implements Step {}

    record RefundWebhook(int account, int order, int refund, int id, Said said) implements Step {}

    record RefundPoll(boolean released, boolean paused) implements Step {}

    record Reconcile() implements Step {}

    record WebhookRetry() implements Step {}

    record Clock(long seconds) implements Step {}
}
