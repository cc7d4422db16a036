package dev.tenpayroutes.tenpay;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.camel.Correlation;
import dev.tenpayroutes.camel.FailureLog;
import dev.tenpayroutes.camel.SafeFailureText;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What a person should hear of: in the log by ids and states only, and as counters. */
@Configuration(proxyBeanMethods = false)
class ResultReporting {

    private static final Logger PAYMENT = LoggerFactory.getLogger("payment-status");
    private static final Logger REFUND = LoggerFactory.getLogger("refund-status");
    private static final String LINE = "{} {} of account {}: {}, status {} {} {}";
    private static final Pattern CODE = Pattern.compile("[A-Z_]{3,64}");
    /** Why something is not closed. */
    private static final Set<String> ORDINARY = Set.of("PAID", "NOT_CLOSABLE");

    private static final FailureLog WORK = new FailureLog(LoggerFactory.getLogger("background-work"));

    /** A line for each result, with Tenpay's code where it has one; an alarm for what must not happen. */
    @Bean
    Processor reportResult(TenpayMetrics metrics) {
        return exchange -> {
            JsonNode row = exchange.getMessage().getBody(JsonNode.class);
            String outcome = row.path("outcome").asText();
            String source = exchange.getVariable("source", String.class);
            metrics.result(source, row);
            Object[] line = {
                source,
                exchange.getVariable("number", String.class),
                row.path("account").asText(),
                outcome,
                row.path("status").asText(),
                row.path("review").asText(""),
                code(row.path("detail").asText(""))
            };
            Correlation.linkTo(row.path("traceparent").textValue());
            Logger log = row.has("refund_no") ? REFUND : PAYMENT;
            log.atLevel(level(outcome, row))
                    .addKeyValue("orderNo", row.path("order_no").asText(String.valueOf(line[1])))
                    .addKeyValue("account", line[2])
                    .addKeyValue("call", source)
                    .addKeyValue("outcome", outcome)
                    .log(LINE, line);
        };
    }

    /** Refusals and contradictions are asked about; one that Tenpay upholds needs a person, and is reported once. */
    private static Level level(String outcome, JsonNode row) {
        if (row.path("upheld").asBoolean()) {
            return Level.ERROR;
        }
        if (row.path("resultCode").asText().equals("REFUSED")
                || row.path("contradicts").asBoolean()) {
            return Level.WARN;
        }
        // A close that comes after the payment: an ordinary answer, and Tenpay is asked for the payment.
        if (ORDINARY.contains(row.path("resultCode").asText())) {
            return Level.INFO;
        }
        return outcome.equals("MISMATCH") || outcome.equals("REFUSED") ? Level.ERROR : Level.INFO;
    }

    /** Of {@code CODE: message} the code; a message is Tenpay's own words. */
    private static String code(String detail) {
        String code = detail.split(": ", 2)[0];
        return CODE.matcher(code).matches() ? code : "";
    }

    /** Logs a failure with its route and kind, each kind at most once in a while. */
    @Bean
    Processor reportFailure() {
        return exchange -> {
            WORK.log(
                    Level.ERROR,
                    SafeFailureText.kind(exchange),
                    "{} failed and will come round again: {}",
                    exchange.getProperty(Exchange.FAILURE_ROUTE_ID),
                    SafeFailureText.of(exchange));
        };
    }
}
