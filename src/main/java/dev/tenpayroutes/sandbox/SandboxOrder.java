package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** An order at Tenpay; {@code content} is the request that made it. What happens at {@code dueAt} is fixed from the start. */
record SandboxOrder(
        String number,
        JsonNode content,
        String paymentId,
        String prepayInfo,
        Status status,
        Instant dueAt,
        Status dueAs,
        @Nullable Instant decidedAt) {

    /** A status of W5 and, without CLOSED and EXPIRED, of W7. */
    enum Status {
        PROCESSING,
        SUCCESS,
        FAILED,
        CLOSED,
        EXPIRED
    }

    SandboxOrder decided(Status outcome, Instant at) {
        return new SandboxOrder(number, content, paymentId, prepayInfo, outcome, dueAt, dueAs, at);
    }

    /** The answer to checkout-pay. */
    ObjectNode checkoutResponse() {
        return SandboxWire.JSON
                .createObjectNode()
                .put("merchant_id", SandboxLedger.MERCHANT_ID)
                .put("out_trade_no", number)
                .put("payment_id", paymentId)
                .put("prepay_info", prepayInfo)
                .put("status", status.name());
    }

    /** The answer to inquiry-payment and close-payment, and the resource of a notification. */
    ObjectNode response() {
        ObjectNode response = SandboxWire.JSON
                .createObjectNode()
                .put("merchant_id", SandboxLedger.MERCHANT_ID)
                .put("out_trade_no", number)
                .put("payment_id", paymentId)
                .put("status", status.name());
        response.set("amount", content.path("amount").deepCopy());
        response.put("method_key", content.path("method_key").asText());
        return ending(response, status, decidedAt);
    }

    static ObjectNode ending(ObjectNode response, Status status, @Nullable Instant decidedAt) {
        if (status == Status.SUCCESS && decidedAt != null) {
            response.put("success_time", SandboxWire.time(decidedAt));
        }
        if (status == Status.FAILED) {
            response.put("fail_reason", "declined by the sandbox");
        }
        return response;
    }
}
