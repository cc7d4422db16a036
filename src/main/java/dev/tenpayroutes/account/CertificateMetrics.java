package dev.tenpayroutes.account;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.camel.Processor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of {@code maintenance} that look after the accounts' files, and what they report. */
@Configuration(proxyBeanMethods = false)
class CertificateMetrics {

    private static final Logger LOG = LoggerFactory.getLogger("accounts");

    private record Row(String account, AccountCertificate certificate) {
        Tags tags() {
            return Tags.of(
                    "account",
                    account,
                    "kind",
                    certificate.kind().name().toLowerCase(Locale.ROOT),
                    "serial",
                    certificate.serial());
        }
    }

    /**
     * Looks at every account's files; one that fails or hangs stops no other. Keeps the gauges {@code tenpay.account.available} (1 or
     * 0) and {@code tenpay.certificate.expiry} (whole days left, negative once it has ended).
     */
    @Bean
    Processor reloadAccounts(Accounts accounts, MeterRegistry meters, Clock clock) {
        for (Account account : accounts.all()) {
            meters.gauge(
                    "tenpay.account.available",
                    Tags.of("account", account.name()),
                    account,
                    a -> a.isAvailable() ? 1 : 0);
        }
        MultiGauge days = MultiGauge.builder("tenpay.certificate.expiry").register(meters);
        List<Row> shown = new ArrayList<>();
        show(days, shown, rows(accounts), clock);
        return exchange -> {
            accounts.reload();
            show(days, shown, rows(accounts), clock);
        };
    }

    private static List<Row> rows(Accounts accounts) {
        return accounts.all().stream()
                .flatMap(account ->
                        account.certificates().stream().map(certificate -> new Row(account.name(), certificate)))
                .distinct()
                .toList();
    }

    private static synchronized void show(MultiGauge days, List<Row> shown, List<Row> rows, Clock clock) {
        if (shown.equals(rows)) {
            return;
        }
        shown.clear();
        shown.addAll(rows);
        days.register(
                rows.stream()
                        .map(row -> MultiGauge.Row.of(
                                row.tags(), () -> row.certificate().daysLeft(clock.instant())))
                        .toList(),
                true);
    }

    /** A line for each certificate that ends within {@value dev.tenpayroutes.account.AccountCertificate#DAYS_TO_WARN} days or has ended. */
    @Bean
    Processor reportCertificates(Accounts accounts, Clock clock) {
        return exchange -> rows(accounts).forEach(row -> {
            AccountCertificate certificate = row.certificate();
            long days = certificate.daysLeft(clock.instant());
            if (days <= AccountCertificate.DAYS_TO_WARN) {
                LOG.warn(
                        "account {}: {} certificate {} {} at {}, {} days from now",
                        row.account(),
                        certificate.kind().name().toLowerCase(Locale.ROOT),
                        certificate.serial(),
                        days < 0 ? "ended" : "ends",
                        certificate.notAfter(),
                        days);
            }
        });
    }
}
