package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.sandbox.SandboxOrder.Status;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A refund at Tenpay; {@code content} is the request that made it. */
record SandboxRefund(
        String number,
        String orderNumber,
        JsonNode content,
        String refundId,
        Status status,
        Instant dueAt,
        @Nullable Instant decidedAt) {

    SandboxRefund decided(Status outcome, Instant at) {
        return new SandboxRefund(number, orderNumber, content, refundId, outcome, dueAt, at);
    }

    /** The answer to refund and inquiry-refund, and the resource of a notification. */
    ObjectNode response() {
        ObjectNode response = SandboxWire.JSON
                .createObjectNode()
                .put("merchant_id", SandboxLedger.MERCHANT_ID)
                .put("out_trade_no", orderNumber)
                .put("out_refund_no", number)
                .put("refund_id", refundId)
                .put("status", status.name());
        response.set("amount", content.path("amount").deepCopy());
        return SandboxOrder.ending(response, status, decidedAt);
    }
}
