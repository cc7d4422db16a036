package dev.tenpayroutes.payment;

import dev.tenpayroutes.api.ProblemException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The bean of {@code report-daily}. */
@Configuration(proxyBeanMethods = false)
class ReportProcessors {

    private static final int MAX_DAYS = 31;

    /** Sets {@code reportFrom} and {@code reportTo}, the first and the last day, and their {@code timeZone}. */
    @Bean
    Processor reportRange() {
        return exchange -> {
            LocalDate from = day(exchange, "from");
            LocalDate to = day(exchange, "to");
            if (to.isBefore(from) || from.plusDays(MAX_DAYS).minusDays(1).isBefore(to)) {
                throw new ProblemException("INVALID_REQUEST.report-days", "days", MAX_DAYS);
            }
            exchange.setVariable("reportFrom", from.toString());
            exchange.setVariable("reportTo", to.toString());
            exchange.setVariable(
                    "timeZone",
                    ExportProcessors.zone(exchange.getMessage().getHeader("timeZone", "UTC", String.class))
                            .getId());
        };
    }

    private static LocalDate day(Exchange exchange, String name) {
        String sent = exchange.getMessage().getHeader(name, "", String.class);
        try {
            return LocalDate.parse(sent);
        } catch (DateTimeParseException e) {
            throw new ProblemException("INVALID_REQUEST.report-day", "name", name);
        }
    }
}
