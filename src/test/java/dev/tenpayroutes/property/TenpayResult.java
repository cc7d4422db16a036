package dev.tenpayroutes.property;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.property.Step.Said;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;

/** What Tenpay says, on the wire and, by routes/mappings/tenpay-result.jq, as the status statements take it. */
final class TenpayResult {

    static final String PROBLEM = "no answer in time";

    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();
    private static final Expression MAPPING;

    static {
        CAMEL.start();
        MAPPING = CAMEL.resolveLanguage("jq").createExpression("resource:file:routes/mappings/tenpay-result.jq");
        MAPPING.init(CAMEL);
    }

    private TenpayResult() {}

    /** The body of an answer or a notification; {@code refundNo} is null where it is about a payment. */
    static ObjectNode body(Said said, String merchant, String orderNo, String refundNo) {
        ObjectNode body = Statements.JSON.createObjectNode();
        if (said.http().equals("none") || said.http().equals("unsent")) {
            return body;
        }
        if (!said.http().equals("200")) {
            return body.put("code", said.word()).put("message", "m");
        }
        body.put("merchant_id", said.merchant() ? merchant : "another")
                .put("out_trade_no", said.number() || refundNo != null ? orderNo : "another-order")
                .put("status", said.word())
                .put("payment_id", paymentId(said, orderNo));
        if (refundNo == null) {
            body.put("prepay_info", prepay(said));
        } else {
            body.put("out_refund_no", said.number() ? refundNo : "another-refund")
                    .put("refund_id", refundId(said, refundNo));
        }
        if (said.total() != null) {
            body.putObject("amount").put("total", said.total()).put("currency", said.currency());
        }
        if (!reason(said).isEmpty()) {
            body.put("fail_reason", reason(said));
        }
        return said.time() == null ? body : body.put("success_time", said.time());
    }

    static String paymentId(Said said, String orderNo) {
        return (said.otherId() ? "Q-" : "P-") + orderNo;
    }

    static String refundId(Said said, String refundNo) {
        return (said.otherId() ? "S-" : "R-") + refundNo;
    }

    /** Newer ones differ. */
    static String prepay(Said said) {
        return "prepay " + said.time();
    }

    /** Also where there is nothing to give a reason for. */
    static String reason(Said said) {
        boolean given = said.word().equals("FAILED") || (said.word().equals("SUCCESS") && said.time() != null);
        return given ? "declined" : "";
    }

    /**
     * @param call when the right was taken to the call that is answered, or to the last one before a question
     * @param asked the row as it was before an inquiry; missing for other news
     */
    static String of(
            String source, String http, JsonNode body, String kind, String call, String signature, JsonNode asked) {
        Exchange exchange = new DefaultExchange(CAMEL);
        exchange.getMessage().setBody(body);
        exchange.setVariable("source", source);
        boolean unsent = http.equals("unsent");
        exchange.setVariable("tenpayStatus", unsent ? "none" : http);
        if (unsent || http.equals("none")) {
            exchange.setVariable("tenpayProblem", PROBLEM);
            exchange.setVariable("tenpayUnsent", unsent ? "true" : null);
        }
        exchange.setVariable("submittedAt", call);
        exchange.setVariable("signature", signature);
        exchange.setVariable("statusBefore", asked.path("status").asText(null));
        exchange.setVariable("contradictedAt", asked.path("contradicted_at").textValue());
        exchange.setVariable("closeResult", asked.path("closeResult").textValue());
        if (source.equals("notification")) {
            exchange.setVariable("kind", kind);
        }
        return MAPPING.evaluate(exchange, String.class);
    }
}
