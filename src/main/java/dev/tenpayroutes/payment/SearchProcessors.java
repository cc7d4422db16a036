package dev.tenpayroutes.payment;

import dev.tenpayroutes.api.ProblemException;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of {@code payment-search} and {@code refund-search}: the filters, and by which index the rows are found. */
@Configuration(proxyBeanMethods = false)
class SearchProcessors {

    private static final String FILTERS_OF_LIST = "list";

    /**
     * Sets every filter of a list as a variable of its name, and {@code searchPath}: which index leads to the rows. {@code list}
     * is the statement for few filters.
     */
    @Bean
    Processor paymentFilters() {
        return exchange -> {
            readFilters(exchange);
            boolean few = Stream.of(
                                    "paidFrom",
                                    "paidTo",
                                    "paymentMethod",
                                    "currency",
                                    "amountFrom",
                                    "amountTo",
                                    "orderNoPrefix",
                                    "paymentId",
                                    "refundId",
                                    "metadata")
                            .allMatch(name -> filter(exchange, name) == null)
                    && !"any".equals(filter(exchange, "review"));
            exchange.setVariable("searchPath", few ? FILTERS_OF_LIST : path(exchange));
        };
    }

    /** As {@code paymentFilters}, of refunds. */
    @Bean
    Processor refundFilters() {
        return exchange -> {
            readFilters(exchange);
            exchange.setVariable("searchPath", path(exchange));
        };
    }

    private static @Nullable String filter(Exchange exchange, String name) {
        return exchange.getMessage().getHeader(name, String.class);
    }

    private static void readFilters(Exchange exchange) {
        String from = filter(exchange, "amountFrom");
        String to = filter(exchange, "amountTo");
        if ((from != null || to != null) && filter(exchange, "currency") == null) {
            throw new ProblemException("INVALID_REQUEST.amount-currency");
        }
        if (from != null && to != null && Long.parseLong(from) > Long.parseLong(to)) {
            throw new ProblemException("INVALID_REQUEST.amount-range");
        }
        exchange.setVariable("status", filter(exchange, "status"));
        exchange.setVariable("review", filter(exchange, "review"));
        exchange.setVariable("createdFrom", filter(exchange, "createdFrom"));
        exchange.setVariable("createdTo", filter(exchange, "createdTo"));
        exchange.setVariable("paidFrom", filter(exchange, "paidFrom"));
        exchange.setVariable("paidTo", filter(exchange, "paidTo"));
        exchange.setVariable("paymentMethod", filter(exchange, "paymentMethod"));
        exchange.setVariable("currency", filter(exchange, "currency"));
        exchange.setVariable("amountFrom", from);
        exchange.setVariable("amountTo", to);
        exchange.setVariable("orderNoPrefix", filter(exchange, "orderNoPrefix"));
        exchange.setVariable("paymentId", filter(exchange, "paymentId"));
        exchange.setVariable("refundId", filter(exchange, "refundId"));
        String[] entry = String.valueOf(filter(exchange, "metadata")).split("\0", 2);
        exchange.setVariable("metadataKey", entry.length == 2 ? entry[0] : null);
        exchange.setVariable("metadataValue", entry.length == 2 ? entry[1] : null);
        exchange.setVariable("limit", filter(exchange, "limit"));
        exchange.setVariable("cursor", filter(exchange, "cursor"));
    }

    /** The filter that leaves the fewest rows. Numbers that begin alike may be very many: a range of time then bounds them. */
    private static String path(Exchange exchange) {
        boolean range = isGiven(exchange, "createdFrom") && isGiven(exchange, "createdTo")
                || isGiven(exchange, "paidFrom") && isGiven(exchange, "paidTo");
        if (isGiven(exchange, "refundId")) {
            return "refund";
        }
        if (isGiven(exchange, "paymentId") || isGiven(exchange, "metadata") && !range) {
            return "term";
        }
        if (isGiven(exchange, "orderNoPrefix") && !range) {
            return "prefix";
        }
        if (isGiven(exchange, "paidFrom") || isGiven(exchange, "paidTo")) {
            return "paid";
        }
        return Stream.of("review", "status")
                .filter(name -> isGiven(exchange, name))
                .findFirst()
                .orElse("created");
    }

    private static boolean isGiven(Exchange exchange, String name) {
        return filter(exchange, name) != null;
    }
}
