package dev.tenpayroutes.account;

import static dev.tenpayroutes.account.KeyMaterialFixture.FROM;
import static dev.tenpayroutes.account.KeyMaterialFixture.TO;
import static dev.tenpayroutes.account.KeyMaterialFixture.certificate;
import static dev.tenpayroutes.account.KeyMaterialFixture.key;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.signature.KeyFixture;
import dev.tenpayroutes.signature.Rsa;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A mount that hangs, or a token: one account's look doesn't end. */
@Timeout(30)
class AccountReloaderTest {

    private static final Rsa RSA = Rsa.fastest();

    @TempDir
    private Path folder;

    private KeyMaterialFixture papers;
    private volatile Instant now = Instant.parse("2026-11-23T08:00:00Z");
    private volatile CountDownLatch mount = new CountDownLatch(0);
    /** What a look asks first: a stand-in for files that don't answer, which a test can't make on every machine. */
    private final Clock clock = new Clock() {
        @Override
        public Instant instant() {
            if (Thread.currentThread().getName().matches("account-reload slow.*|platform-certificates")) {
                try {
                    mount.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return now;
        }

        @Override
        public ZoneId getZone() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    };

    @BeforeEach
    void papers() throws IOException {
        papers = new KeyMaterialFixture(folder);
    }

    private static String serial(Account account) {
        return account.credential().serial();
    }

    private static long threadsOfTheSlowOne() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("account-reload slow")
                        && thread.getState() == Thread.State.WAITING
                        && Stream.of(thread.getStackTrace())
                                .anyMatch(frame -> frame.getClassName().equals(Account.class.getName())))
                .count();
    }

    @Test
    void keepsAccountAndOthersRotationWhenFilesHang() throws Exception {
        Accounts accounts = new Accounts(papers.settings("slow", "main", "macau"), RSA, clock);
        Account slow = accounts.get("slow");
        Files.writeString(folder.resolve("key.pem"), key(KeyFixture.STRANGER));
        Files.writeString(folder.resolve("certificate.pem"), certificate("BEEF", KeyFixture.STRANGER, FROM, TO));
        mount = new CountDownLatch(1);

        accounts.reload();

        assertThat(serial(accounts.get("main"))).isEqualTo("BEEF");
        assertThat(serial(accounts.get("macau"))).isEqualTo("BEEF");
        assertThat(serial(slow)).isEqualTo("0A1B2C3D");
        assertThat(slow.findings())
                .singleElement()
                .extracting(ConfigurationProblem::line)
                .asString()
                .startsWith("tenpay.accounts.slow has files that don't answer: the former files stay in use. Remedy: ");

        Files.writeString(folder.resolve("key.pem"), key(KeyFixture.MERCHANT));
        Files.writeString(folder.resolve("certificate.pem"), certificate("CAFE", KeyFixture.MERCHANT, FROM, TO));
        long before = System.nanoTime();
        accounts.reload();
        accounts.reload();
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));
        assertThat(serial(accounts.get("main"))).isEqualTo("CAFE");
        assertThat(threadsOfTheSlowOne()).isOne();
        slow.refused(slow.credential());

        mount.countDown();
        Awaitility.await().untilAsserted(() -> {
            accounts.reload();
            assertThat(serial(slow)).isEqualTo("CAFE");
            assertThat(slow.findings()).isEmpty();
        });
    }

    @Test
    void anAccountWhoseFilesHangFromTheStartCannotWorkUntilTheyAnswer() {
        List<Account> accounts = accounts("slow", "main");
        mount = new CountDownLatch(1);

        new AccountReloader(Account::read).at(accounts, Duration.ofMillis(300));

        assertThat(accounts).extracting(Account::isAvailable).containsExactly(false, true);
        assertThat(accounts.get(0).findings())
                .singleElement()
                .extracting(ConfigurationProblem::line)
                .asString()
                .startsWith("tenpay.accounts.slow has files or a token that don't answer. Remedy: ");
        mount.countDown();
        Awaitility.await().until(() -> accounts.get(0).isAvailable());
        assertThat(accounts.get(0).findings()).isEmpty();
    }

    @Test
    void reloadsOthersWhenAllReloadThreadsHang() {
        List<Account> accounts = accounts("slow1", "slow2", "slow3", "slow4", "main", "macau");
        mount = new CountDownLatch(1);

        new AccountReloader(Account::read).at(accounts, Duration.ofMillis(300));

        assertThat(accounts).extracting(Account::isAvailable).containsExactly(false, false, false, false, true, true);
        mount.countDown();
    }

    private List<Account> accounts(String... names) {
        return papers.settings(names).accounts().entrySet().stream()
                .map(entry -> new Account(
                        entry.getKey(), entry.getValue(), URI.create("https://uat.tenpayglobal.com"), RSA, clock))
                .toList();
    }

    @Test
    void answersUnknownSerialAtOnceWhenFolderHangs() {
        Account account = new Accounts(papers.settings("main"), RSA, clock).get("main");
        now = now.plusSeconds(5);
        mount = new CountDownLatch(1);
        long before = System.nanoTime();

        for (int i = 0; i < 50; i++) {
            assertThat(account.platformKey("CAFE")).isEmpty();
        }

        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));
        assertThat(account.platformKey("7E2A54C1D9F0")).isPresent();
        assertThat(Thread.getAllStackTraces().keySet())
                .filteredOn(thread -> thread.getName().equals("platform-certificates")
                        && thread.getState() == Thread.State.WAITING
                        && Stream.of(thread.getStackTrace())
                                .anyMatch(frame -> frame.getClassName().equals(PlatformCertificates.class.getName())))
                .hasSize(1);
        mount.countDown();
    }
}
