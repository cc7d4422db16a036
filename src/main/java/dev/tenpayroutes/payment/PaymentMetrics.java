package dev.tenpayroutes.payment;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.account.AccountLabels;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import org.apache.camel.Processor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Counts stored payments and refunds. All series of {@code tenpay.payments} and {@code tenpay.refunds} exist from the start; the
 * later statuses are counted where results are applied.
 */
@Configuration(proxyBeanMethods = false)
class PaymentMetrics {

    private static final List<String> REFUNDS = List.of("CREATED", "PENDING", "SUCCEEDED", "FAILED");
    private static final List<String> PAYMENTS =
            List.of("CREATED", "PENDING", "SUCCEEDED", "FAILED", "CLOSED", "EXPIRED");

    /** Counts the row of the body as {@code CREATED} if it is new. */
    @Bean
    Processor countStored(MeterRegistry meters, AccountLabels accounts, PaymentMethods methods) {
        for (String account : accounts.all()) {
            for (String method : methods.names()) {
                PAYMENTS.forEach(status -> counter(meters, "tenpay.payments", account, method, status));
                REFUNDS.forEach(status -> counter(meters, "tenpay.refunds", account, method, status));
            }
        }
        return exchange -> {
            JsonNode row = exchange.getMessage().getBody(JsonNode.class);
            if (row != null && row.path("outcome").asText().equals("NEW")) {
                counter(
                                meters,
                                row.has("refund_no") ? "tenpay.refunds" : "tenpay.payments",
                                accounts.of(row.path("account").asText()),
                                row.path("payment_method").asText("?"),
                                "CREATED")
                        .increment();
            }
        };
    }

    private static Counter counter(MeterRegistry meters, String name, String account, String method, String status) {
        return meters.counter(name, "account", account, "method", method, "status", status);
    }
}
