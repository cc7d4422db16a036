package dev.tenpayroutes.property;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.property.Step.Said;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;

/** What Tenpay says, on the wire and, by routes/mappings/tenpay-news.jq, as the status statements take it. */
final class News {

    static final String PROBLEM = "no answer in time";

    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();
    private static final Expression MAPPING;

    static {
        CAMEL.start();
        MAPPING = CAMEL.resolveLanguage("jq").createExpression("resource:file:routes/mappings/tenpay-news.jq");
        MAPPING.init(CAMEL);
    }

    private News() {}

    /** The body of an answer or a notification; {@code refundNo} is null where it is about a payment. */
    static ObjectNode body(Said said, String merchant, String orderNo, String refundNo) {
        ObjectNode body = Statements.JSON.createObjectNode();
        if (said.http().equals("none")) {
            return body;
        }
        if (!said.http().equals("200")) {
            return body.put("code", said.word()).put("message", "m");
        }
        body.put("merchant_id", said.merchant() ? merchant : "another")
                .put("out_trade_no", said.number() || refundNo != null ? orderNo : "another-order")
                .put("status", said.word())
                .put("payment_id", "P-" + orderNo);
        if (refundNo == null) {
            body.put("prepay_info", "prepay");
        } else {
            body.put("out_refund_no", said.number() ? refundNo : "another-refund")
                    .put("refund_id", "R-" + refundNo);
        }
        if (said.total() != null) {
            body.putObject("amount").put("total", said.total()).put("currency", said.currency());
        }
        if (said.word().equals("FAILED")) {
            body.put("fail_reason", "declined");
        }
        return said.time() == null ? body : body.put("success_time", said.time());
    }

    /** @param notification the key of a stored notification, or null for an answer */
    static String of(String source, String http, JsonNode body, String kind, Object notification) {
        Exchange exchange = new DefaultExchange(CAMEL);
        exchange.getMessage().setBody(body);
        exchange.setVariable("source", source);
        exchange.setVariable("tenpayStatus", http);
        if (http.equals("none")) {
            exchange.setVariable("tenpayProblem", PROBLEM);
        }
        if (notification != null) {
            exchange.setVariable("kind", kind);
            exchange.setVariable("notificationKey", notification.toString());
        }
        return MAPPING.evaluate(exchange, String.class);
    }
}
