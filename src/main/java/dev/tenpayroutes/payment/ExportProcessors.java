package dev.tenpayroutes.payment;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.api.ProblemException;
import dev.tenpayroutes.config.TenpayProperties;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.component.platform.http.springboot.PlatformHttpMessage;
import org.apache.camel.support.DefaultExchange;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of {@code payment-export}: whether a list is asked for as CSV, and the CSV itself. */
@Configuration(proxyBeanMethods = false)
class ExportProcessors {

    private static final String CSV = "text/csv";
    private static final String ROWS_A_PAGE = "1000";

    /** Sets {@code asCsv}, whether the caller accepts CSV, and {@code timeZone}; refuses a zone that there isn't. */
    @Bean
    Processor requestedFormat() {
        return exchange -> {
            PlatformHttpMessage message = exchange.getIn(PlatformHttpMessage.class);
            String accepted = message.getRequest().getHeader("Accept");
            exchange.setVariable("asCsv", accepted != null && accepted.contains(CSV));
            exchange.setVariable(
                    "timeZone",
                    zone(exchange.getMessage().getHeader("timeZone", "UTC", String.class))
                            .getId());
        };
    }

    static ZoneId zone(String name) {
        try {
            if (!ZoneId.getAvailableZoneIds().contains(name)) {
                throw new DateTimeException(name);
            }
            return ZoneId.of(name);
        } catch (DateTimeException e) {
            throw new ProblemException("INVALID_REQUEST.time-zone");
        }
    }

    /** Makes the payments that the filters find a CSV, by {@code direct:payment-search-page}. */
    @Bean
    Processor paymentCsv(CsvSlots slots, ProducerTemplate routes) {
        return exchange ->
                export(exchange, slots, routes, CsvExport.PAYMENTS, "payments", "direct:payment-search-page");
    }

    /** Makes the refunds that the filters find a CSV, by {@code direct:refund-search-page}. */
    @Bean
    Processor refundCsv(CsvSlots slots, ProducerTemplate routes) {
        return exchange -> export(exchange, slots, routes, CsvExport.REFUNDS, "refunds", "direct:refund-search-page");
    }

    @Bean
    CsvSlots csvSlots(TenpayProperties settings) {
        return new CsvSlots(settings.reads().exports());
    }

    /** How many exports run at once: each holds a thread for as long as its reader takes. */
    static final class CsvSlots extends Semaphore {
        private static final long serialVersionUID = 1;

        CsvSlots(int most) {
            super(most);
        }
    }

    private static void export(
            Exchange exchange,
            CsvSlots slots,
            ProducerTemplate routes,
            List<CsvExport.Column> columns,
            String rows,
            String route) {
        if (!slots.tryAcquire()) {
            throw new ProblemException("READS_BUSY.exports");
        }
        CsvExport csv = null;
        try {
            Map<String, Object> variables = new TreeMap<>();
            exchange.getVariables().forEach((name, value) -> {
                if (value != null) {
                    variables.put(name, value);
                }
            });
            variables.put("limit", ROWS_A_PAGE);
            Function<@Nullable String, CsvExport.Page> pages =
                    cursor -> page(new DefaultExchange(exchange.getContext()), routes, variables, cursor, rows, route);
            csv = new CsvExport(
                    columns,
                    ZoneId.of(exchange.getVariable("timeZone", String.class)),
                    pages.apply(exchange.getVariable("cursor", String.class)),
                    pages::apply,
                    slots::release);
            exchange.getMessage().setBody(csv);
        } finally {
            if (csv == null) {
                slots.release();
            }
        }
    }

    /** One page on the caller's thread, which holds its share of the connections for no longer than that page takes. */
    private static CsvExport.Page page(
            Exchange exchange,
            ProducerTemplate routes,
            Map<String, Object> variables,
            @Nullable String cursor,
            String rows,
            String route) {
        variables.forEach(exchange::setVariable);
        exchange.setVariable("cursor", cursor);
        routes.send(route, exchange);
        if (exchange.getException() != null) {
            throw new IllegalStateException(exchange.getException());
        }
        JsonNode page = exchange.getMessage().getBody(JsonNode.class);
        int limit = page.path("limit").asInt();
        List<JsonNode> shown = new ArrayList<>();
        page.path(rows).forEach(row -> {
            if (shown.size() < limit) {
                shown.add(row);
            }
        });
        String next = page.path(rows).size() > limit
                ? shown.get(limit - 1).path("cursor").asText()
                : page.path("resume").asText(null);
        return new CsvExport.Page(shown, next);
    }
}
