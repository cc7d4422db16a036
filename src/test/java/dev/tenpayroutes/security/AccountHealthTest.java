package dev.tenpayroutes.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.KeyMaterialFixture;
import dev.tenpayroutes.account.RefundHolds;
import dev.tenpayroutes.signature.Rsa;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccountHealthTest {

    @TempDir
    private Path folder;

    @Test
    void hidesAccountsFromStrangers() throws Exception {
        Clock clock = Clock.fixed(Instant.parse("2026-11-01T00:00:00Z"), ZoneOffset.UTC);
        Accounts accounts = new Accounts(new KeyMaterialFixture(folder).settings("main"), Rsa.fastest(), clock);
        AccountHealth health = new AccountHealth();
        assertThat(health.merchantAccounts(accounts, mock(RefundHolds.class))
                        .health()
                        .getDetails())
                .isEmpty();
        assertThat(health.certificateExpiry(accounts, clock).health().getDetails())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"2026-11-01T00:00:00Z,UP", "2026-12-30T23:59:59Z,WARNING", "2026-12-31T00:00:01Z,DOWN"})
    void aCertificateIsAWarningInItsLastDaysAndDownOnItsLast(Instant now, String status) throws Exception {
        Clock clock = Clock.fixed(now, ZoneOffset.UTC);
        Accounts accounts = new Accounts(new KeyMaterialFixture(folder).settings("main"), Rsa.fastest(), clock);
        assertThat(new AccountHealth()
                        .certificateExpiry(accounts, clock)
                        .health()
                        .getStatus()
                        .getCode())
                .isEqualTo(status);
    }
}
