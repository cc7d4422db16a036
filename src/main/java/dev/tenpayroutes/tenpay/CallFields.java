package dev.tenpayroutes.tenpay;

import java.util.List;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/** By what a call to Tenpay is found again: fields of the log lines while it is under way, and Tenpay's own id of its answer. */
final class CallFields {

    private static final Pattern ID = Pattern.compile("[0-9A-Za-z._:-]{1,64}");
    private static final List<String> FIELDS = List.of("account", "call", "orderNo", "refundNo");

    private CallFields() {}

    static void begin(Exchange exchange) {
        String call = exchange.getVariable("source", "", String.class);
        MDC.put("account", exchange.getVariable("account", String.class));
        MDC.put("call", call);
        MDC.put(call.endsWith("refund") ? "refundNo" : "orderNo", exchange.getVariable("number", String.class));
        exchange.setVariable("tenpayRequestId", null);
    }

    static void end() {
        FIELDS.forEach(MDC::remove);
    }

    /** The answer's, verified or not: it changes nothing, and helps Tenpay's support to find the call. */
    static void keepTenpaysId(Exchange exchange, @Nullable String id) {
        if (id != null && ID.matcher(id).matches()) {
            exchange.setVariable("tenpayRequestId", id);
        }
    }
}
