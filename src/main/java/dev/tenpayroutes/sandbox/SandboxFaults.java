package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What goes wrong next. A fault strikes as often as it was asked for, in the order of asking, and never again. Safe for
 * use by many threads.
 */
final class SandboxFaults {

    /** What can go wrong; each name is what an integrator writes. */
    enum Kind {
        SYSTEM_ERROR(true),
        FREQUENCY_LIMITED(true),
        PARAM_ERROR(true),
        NO_AUTH(true),
        /** 502 of a proxy: unsigned HTML. */
        BAD_GATEWAY(true),
        UNSIGNED(false),
        BAD_SIGNATURE(false),
        /** Signed with a time too far in the past. */
        STALE(false),
        /** Signed with a time too far in the future. */
        FUTURE(false),
        UNKNOWN_SERIAL(false),
        /** Validly signed, but not JSON. */
        RUBBISH(false),
        /** The connection ends before the body does. */
        TRUNCATED(false),
        LATE(false),
        /** The connection ends without an answer; the call isn't carried out. */
        RESET_BEFORE(true),
        /** The connection ends without an answer; the call was carried out. */
        RESET_AFTER(false),
        WRONG_MERCHANT(false),
        /** out_refund_no differs where the answer has one, else out_trade_no. */
        WRONG_ORDER(false),
        /** Never strikes checkout-pay, whose answer has no amount. */
        WRONG_AMOUNT(false);

        private final boolean before;

        Kind(boolean before) {
            this.before = before;
        }
    }

    /** One fault that strikes now. {@code before}: the call isn't carried out. */
    record Fault(Kind kind, boolean before) {}

    /** One wish for faults, and how many of them are still to come. */
    record Pending(String call, String number, Kind fault, int times, String when) {

        private boolean meets(String name, JsonNode body) {
            return (call.equals("*") || call.equals(name))
                    && (number.equals("*")
                            || number.equals(body.path("out_trade_no").asText())
                            || number.equals(body.path("out_refund_no").asText()))
                    && !(fault == Kind.WRONG_AMOUNT && name.equals(SandboxLedger.CHECKOUT_PAY));
        }

        private Pending struck() {
            return new Pending(call, number, fault, times - 1, when);
        }
    }

    private final List<Pending> pending = new ArrayList<>();

    /**
     * Adds what {@code {"call","number"?,"fault","times"?,"when"?}} asks for. {@code number}: of the payment or refund
     * that the call must be about, or {@code *}, which it is when left out.
     */
    synchronized List<Pending> add(JsonNode wish) {
        String call = wish.path("call").asText();
        if (!call.equals("*") && !SandboxLedger.CALLS.contains(call)) {
            throw unknown("call", "*, " + String.join(", ", SandboxLedger.CALLS));
        }
        Kind kind = Arrays.stream(Kind.values())
                .filter(known -> known.name().equals(wish.path("fault").asText()))
                .findFirst()
                .orElseThrow(() -> unknown("fault", list(Kind.values())));
        if (kind == Kind.WRONG_AMOUNT && call.equals(SandboxLedger.CHECKOUT_PAY)) {
            throw TenpayApiException.invalid("the answer of checkout-pay has no amount to make wrong");
        }
        String when = wish.path("when").asText(kind.before ? "BEFORE" : "AFTER");
        if (!when.equals("BEFORE") && !when.equals("AFTER")) {
            throw unknown("when", "BEFORE, AFTER");
        }
        JsonNode times = wish.path("times");
        if (!times.isMissingNode() && !(times.isInt() && times.intValue() > 0)) {
            throw TenpayApiException.invalid("times must be a positive number");
        }
        pending.add(new Pending(call, wish.path("number").asText("*"), kind, times.asInt(1), when));
        return List.copyOf(pending);
    }

    synchronized void clear() {
        pending.clear();
    }

    /** The fault that strikes this call, used up by asking. */
    synchronized Optional<Fault> takeFault(String call, JsonNode body) {
        for (int i = 0; i < pending.size(); i++) {
            Pending next = pending.get(i);
            if (next.meets(call, body)) {
                if (next.times() == 1) {
                    pending.remove(i);
                } else {
                    pending.set(i, next.struck());
                }
                return Optional.of(new Fault(next.fault(), next.when().equals("BEFORE")));
            }
        }
        return Optional.empty();
    }

    private static TenpayApiException unknown(String field, String known) {
        return TenpayApiException.invalid(field + " must be one of " + known);
    }

    private static String list(Kind[] kinds) {
        return String.join(", ", Arrays.stream(kinds).map(Kind::name).toList());
    }
}
