package dev.tenpayroutes.security;

import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.AccountCertificate;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.RefundHolds;
import dev.tenpayroutes.config.ConfigurationProblem;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;

/**
 * The health of the accounts and of their certificates. The status counts all accounts; a client that asks with its
 * credentials sees why, of its own accounts only.
 */
@Configuration(proxyBeanMethods = false)
class AccountHealth {

    private static final Status WARNING = new Status("WARNING");

    /** UP when all accounts work and refund, WARNING when some do, DOWN when none works. */
    @Bean
    HealthIndicator merchantAccounts(Accounts accounts, RefundHolds holds) {
        return () -> {
            int away = accounts.unavailable().size();
            Set<String> held = holds.all();
            boolean warns = away > 0 || accounts.names().stream().anyMatch(held::contains);
            Status status = away == accounts.all().size() ? Status.DOWN : warns ? WARNING : Status.UP;
            Map<String, Object> details = new TreeMap<>();
            for (Account account : callers(accounts)) {
                details.put(
                        account.name(),
                        Map.of(
                                "works",
                                account.isAvailable(),
                                "refundsOnHold",
                                held.contains(account.name()),
                                "action",
                                action(account, held.contains(account.name())),
                                "findings",
                                account.findings().stream()
                                        .map(ConfigurationProblem::line)
                                        .toList()));
            }
            return Health.status(status).withDetails(details).build();
        };
    }

    /** WARNING when a certificate that is needed ends within {@value dev.tenpayroutes.account.AccountCertificate#DAYS_TO_WARN} days, DOWN on its last day and after. */
    @Bean
    HealthIndicator certificateExpiry(Accounts accounts, Clock clock) {
        return () -> {
            Instant now = clock.instant();
            long fewest = accounts.all().stream()
                    .flatMap(AccountHealth::needed)
                    .mapToLong(certificate -> certificate.daysLeft(now))
                    .min()
                    .orElse(-1);
            Status status = fewest <= 0 ? Status.DOWN : fewest <= AccountCertificate.DAYS_TO_WARN ? WARNING : Status.UP;
            Map<String, Object> details = new TreeMap<>();
            for (Account account : callers(accounts)) {
                List<Map<String, Object>> certificates = account.certificates().stream()
                        .map(certificate -> Map.<String, Object>of(
                                "kind", certificate.kind(),
                                "serial", certificate.serial(),
                                "notAfter", certificate.notAfter(),
                                "action", action(certificate, now),
                                "daysLeft", certificate.daysLeft(now)))
                        .toList();
                details.put(account.name(), certificates);
            }
            return Health.status(status).withDetails(details).build();
        };
    }

    /** What a person should do now. */
    private static String action(Account account, boolean held) {
        if (!account.isAvailable()) {
            return "correct what the findings say; the files are read again within seconds, without a restart";
        }
        return held
                ? "compare the refunds with Tenpay; then DELETE /v1/accounts/" + account.name()
                        + "/refund-hold, or take the setting refunds-on-hold away"
                : "none";
    }

    private static String action(AccountCertificate certificate, Instant now) {
        if (certificate.daysLeft(now) > AccountCertificate.DAYS_TO_WARN) {
            return "none";
        }
        return certificate.kind() == AccountCertificate.Kind.MERCHANT
                ? "apply for a new one in the merchant portal and put it in the place of the old one, with its key; it is used"
                        + " within seconds"
                : "put Tenpay's new platform certificate beside this one; the old one may stay";
    }

    /** The certificate that signs, and of Tenpay's the one that ends last: an older one beside it may end. */
    private static Stream<AccountCertificate> needed(Account account) {
        List<AccountCertificate> all = account.certificates();
        Stream<AccountCertificate> merchant =
                all.stream().filter(certificate -> certificate.kind() == AccountCertificate.Kind.MERCHANT);
        Optional<AccountCertificate> platform = all.stream()
                .filter(certificate -> certificate.kind() == AccountCertificate.Kind.PLATFORM)
                .reduce((earlier, later) -> later);
        return Stream.concat(merchant, platform.stream());
    }

    private static Collection<Account> callers(Accounts accounts) {
        Authentication caller = SecurityContextHolder.getContext().getAuthentication();
        return caller instanceof SecurityConfiguration.ClientAuthentication known
                ? known.getPrincipal().accounts().stream().map(accounts::get).toList()
                : List.of();
    }
}
