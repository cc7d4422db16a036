package dev.tenpayroutes.account;

import static dev.tenpayroutes.account.AccountsTest.with;
import static dev.tenpayroutes.account.KeyMaterialFixture.FROM;
import static dev.tenpayroutes.account.KeyMaterialFixture.TO;
import static dev.tenpayroutes.account.KeyMaterialFixture.certificate;
import static dev.tenpayroutes.account.KeyMaterialFixture.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import dev.tenpayroutes.signature.KeyFixture;
import dev.tenpayroutes.signature.RequestSigner.Credential;
import dev.tenpayroutes.signature.Rsa;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What an account makes of its files while the program runs. */
class AccountTest {

    private static final String OLD = "0A1B2C3D";
    private static final String NEW = "BEEF";
    private static final String API_KEY = "0123456789abcdef0123456789ABCDEF";
    private static final Rsa RSA = Rsa.fastest();

    @TempDir
    private Path folder;

    private KeyMaterialFixture papers;
    private final AdjustableClock clock = new AdjustableClock("2026-11-23T08:00:00Z");
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Account.class);

    @BeforeEach
    void papers() throws IOException {
        papers = new KeyMaterialFixture(folder);
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(log);
    }

    private Account account(AccountProperties files) {
        Account account = new Account("main", files, URI.create("https://uat.tenpayglobal.com"), RSA, clock);
        account.read();
        return account;
    }

    private Account account() {
        Account account = account(papers.files());
        assertThat(account.findings()).isEmpty();
        return account;
    }

    private void write(String name, String content) throws IOException {
        KeyMaterialFixture.write(folder.resolve(name), content);
    }

    private void pair(String suffix, String serial, KeyPair keys, String from, String to) throws IOException {
        write("key.pem" + suffix, key(keys));
        write("certificate.pem" + suffix, certificate(serial, keys, from, to));
    }

    private static String serial(Account account) {
        return account.credential().serial();
    }

    private static List<String> problems(Account account) {
        return account.findings().stream().map(ConfigurationProblem::line).toList();
    }

    private List<String> logged() {
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    private static boolean signs(Credential credential, KeyPair keys) throws GeneralSecurityException {
        byte[] text = {1, 2, 3};
        PublicKey key = RSA.publicKey(keys.getPublic().getEncoded());
        return RSA.verify(key, text, Base64.getDecoder().decode(RSA.sign(credential.key(), text)));
    }

    @Test
    void aPairWrittenToTheSamePlacesSignsFromTheNextLookOn() throws Exception {
        Account account = account();
        pair("", NEW, KeyFixture.STRANGER, FROM, TO);
        assertThat(serial(account)).isEqualTo(OLD);

        account.reload();

        assertThat(serial(account)).isEqualTo(NEW);
        assertThat(signs(account.credential(), KeyFixture.STRANGER)).isTrue();
        assertThat(account.findings()).isEmpty();
    }

    @Test
    void signsWithOldPairWhileNewOneIsHalfWritten() throws Exception {
        Account account = account();
        write("key.pem", key(KeyFixture.STRANGER));

        account.reload();
        account.reload();
        account.reload();

        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(signs(account.credential(), KeyFixture.MERCHANT)).isTrue();
        assertThat(problems(account))
                .singleElement()
                .asString()
                .startsWith("tenpay.accounts.main.private-key is not the key of tenpay.accounts.main.certificate")
                .contains(": ignored, the former files stay in use");
        assertThat(logged()).hasSize(1);

        write("certificate.pem", certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        account.reload();
        assertThat(serial(account)).isEqualTo(NEW);
        assertThat(account.findings()).isEmpty();
    }

    /** What may lie where the key or the certificate should be. */
    private void spoil(String how) throws IOException {
        switch (how) {
            case "key empty" -> write("key.pem", "");
            case "key half" -> write("key.pem", key(KeyFixture.STRANGER).substring(0, 700));
            case "key gone" -> Files.delete(folder.resolve("key.pem"));
            case "key is a certificate" -> write("key.pem", certificate(NEW, KeyFixture.STRANGER, FROM, TO));
            case "key is EC" -> write("key.pem", key(KeyMaterialFixture.ec()));
            case "certificate half" ->
                write(
                        "certificate.pem",
                        certificate(NEW, KeyFixture.MERCHANT, FROM, TO).substring(0, 300));
            case "certificate gone" -> Files.delete(folder.resolve("certificate.pem"));
            case "certificate is a key" -> write("certificate.pem", key(KeyFixture.STRANGER));
            case "pair expired" -> pair("", NEW, KeyFixture.STRANGER, FROM, "2026-11-23T07:59:59Z");
            case "pair not yet valid" -> pair("", NEW, KeyFixture.STRANGER, "2026-11-23T09:00:00Z", TO);
            default -> throw new IllegalArgumentException(how);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "key empty",
                "key half",
                "key gone",
                "key is a certificate",
                "key is EC",
                "certificate half",
                "certificate gone",
                "certificate is a key",
                "pair expired",
                "pair not yet valid"
            })
    void whatCannotSignIsNamedOnceAndIgnored(String how) throws Exception {
        Account account = account();
        spoil(how);
        account.reload();
        account.reload();
        assertThat(account.isAvailable()).isTrue();
        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(signs(account.credential(), KeyFixture.MERCHANT)).isTrue();
        String place = how.startsWith("key") ? "private-key" : "certificate";
        assertThat(problems(account))
                .singleElement()
                .asString()
                .startsWith("tenpay.accounts.main." + place + " ")
                .contains("ignored");
        assertThat(logged()).hasSize(1).allMatch(line -> line.contains("tenpay.accounts.main." + place));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"key empty", "key half", "key gone", "key is EC", "certificate half", "certificate is a key"})
    void fromTheStartSuchAnAccountCannotWorkAndHealsWhenItsFilesAreRight(String how) throws Exception {
        spoil(how);
        Account account = account(papers.files());
        account.report();
        assertThat(account.isAvailable()).isFalse();
        assertThatThrownBy(account::credential)
                .isInstanceOf(AccountUnavailableException.class)
                .hasMessage("account main can't work at present");
        assertThat(logged())
                .hasSize(1)
                .allMatch(line -> line.startsWith("account main can't work: tenpay.accounts.main."));

        pair("", OLD, KeyFixture.MERCHANT, FROM, TO);
        account.reload();

        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(account.findings()).isEmpty();
        assertThat(logged()).last().isEqualTo("account main works again");
    }

    @Test
    void aSecondPairSignsFromTheMomentItsCertificateIsValid() throws Exception {
        Account account = account();
        pair(".next", NEW, KeyFixture.STRANGER, "2026-11-23T08:00:05Z", TO);
        account.reload();
        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(problems(account))
                .singleElement()
                .asString()
                .startsWith("tenpay.accounts.main.certificate.next has the serial BEEF and is valid only from"
                        + " 2026-11-23T08:00:05Z");

        clock.advance("PT5S");
        account.reload();
        assertThat(serial(account)).isEqualTo(NEW);

        Files.move(folder.resolve("key.pem.next"), folder.resolve("key.pem"), StandardCopyOption.REPLACE_EXISTING);
        account.reload();
        assertThat(serial(account)).isEqualTo(NEW);
        Files.move(
                folder.resolve("certificate.pem.next"),
                folder.resolve("certificate.pem"),
                StandardCopyOption.REPLACE_EXISTING);
        account.reload();
        assertThat(serial(account)).isEqualTo(NEW);
        assertThat(account.findings()).isEmpty();
    }

    @Test
    void aSecondPairThatIsTakenAwayLeavesTheSigningToTheFirst() throws Exception {
        pair(".next", NEW, KeyFixture.STRANGER, FROM, TO);
        Account account = account(papers.files());
        assertThat(serial(account)).isEqualTo(NEW);
        Files.delete(folder.resolve("key.pem.next"));
        Files.delete(folder.resolve("certificate.pem.next"));
        account.reload();
        assertThat(serial(account)).isEqualTo(OLD);
    }

    @Test
    void aBrokenSecondPairStopsNothingEvenAtAStart() throws Exception {
        pair(".next", NEW, KeyFixture.STRANGER, FROM, TO);
        write("key.pem.next", "half a k");
        Account account = account(papers.files());
        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(problems(account))
                .singleElement()
                .asString()
                .startsWith("tenpay.accounts.main.private-key.next is not a PEM or PKCS#12 file: ignored");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aMountedPairWhoseLinksAreSwappedCountsThoughNoTimeHasChanged() throws Exception {
        Path first = Files.createDirectories(folder.resolve("..1"));
        Path second = Files.createDirectories(folder.resolve("..2"));
        KeyMaterialFixture.write(first.resolve("key.pem"), key(KeyFixture.MERCHANT));
        Files.writeString(first.resolve("certificate.pem"), certificate(OLD, KeyFixture.MERCHANT, FROM, TO));
        KeyMaterialFixture.write(second.resolve("key.pem"), key(KeyFixture.STRANGER));
        Files.writeString(second.resolve("certificate.pem"), certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        var then = Files.getLastModifiedTime(first.resolve("key.pem"));
        for (String name : List.of("key.pem", "certificate.pem")) {
            Files.setLastModifiedTime(first.resolve(name), then);
            Files.setLastModifiedTime(second.resolve(name), then);
            Files.delete(folder.resolve(name));
            Files.createSymbolicLink(folder.resolve(name), Path.of("..data", name));
        }
        Path data = Files.createSymbolicLink(folder.resolve("..data"), first.getFileName());
        Account account = account();

        Path swapped = Files.createSymbolicLink(folder.resolve("..tmp"), second.getFileName());
        Files.move(swapped, data, StandardCopyOption.REPLACE_EXISTING);
        account.reload();

        assertThat(serial(account)).isEqualTo(NEW);
    }

    @Test
    void neverMixesKeyAndCertificateOfTwoPairs() throws Exception {
        Account account = account();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger signed = new AtomicInteger();
        List<CompletableFuture<Void>> signers = java.util.stream.Stream.generate(() ->
                        CompletableFuture.runAsync(() -> {
                            try {
                                while (!over.get()) {
                                    Credential credential = account.credential();
                                    assertThat(signs(
                                                    credential,
                                                    credential.serial().equals(OLD)
                                                            ? KeyFixture.MERCHANT
                                                            : KeyFixture.STRANGER))
                                            .isTrue();
                                    signed.incrementAndGet();
                                }
                            } catch (GeneralSecurityException e) {
                                throw new AssertionError(e);
                            }
                        }))
                .limit(3)
                .toList();
        for (int i = 0; i < 40; i++) {
            boolean old = i % 2 == 1;
            KeyPair keys = old ? KeyFixture.MERCHANT : KeyFixture.STRANGER;
            write("key.pem", key(keys));
            account.reload();
            write("certificate.pem", certificate(old ? OLD : NEW, keys, FROM, TO));
            account.reload();
            assertThat(serial(account)).isEqualTo(old ? OLD : NEW);
        }
        over.set(true);
        signers.forEach(CompletableFuture::join);
        assertThat(signed).hasValueGreaterThan(10);
    }

    @Test
    void aNewPairThatTenpayRefusesGivesWayToTheOldOneForTenMinutes() throws Exception {
        Account account = account();
        pair("", NEW, KeyFixture.STRANGER, FROM, TO);
        account.reload();
        Credential refused = account.credential();
        assertThat(refused.serial()).isEqualTo(NEW);

        account.refused(refused);
        account.refused(refused);

        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(problems(account))
                .singleElement()
                .asString()
                .contains("has the serial BEEF, which Tenpay refuses: 0A1B2C3D signs again")
                .contains("upload the certificate BEEF, " + folder.resolve("certificate.pem")
                        + ", in the merchant portal");
        clock.advance("PT9M59S");
        account.reload();
        assertThat(serial(account)).isEqualTo(OLD);
        clock.advance("PT1S");
        account.reload();
        assertThat(serial(account)).isEqualTo(NEW);
    }

    @Test
    void onceTenpayHasAcceptedTheNewPairNothingBringsTheOldOneBack() throws Exception {
        Account account = account();
        pair("", NEW, KeyFixture.STRANGER, FROM, TO);
        account.reload();
        account.accepted(account.credential());
        account.refused(account.credential());
        assertThat(serial(account)).isEqualTo(NEW);
    }

    @Test
    void whatTheOldPairSignedAndTenpayAcceptsSaysNothingOfTheNewOne() throws Exception {
        Account account = account();
        Credential old = account.credential();
        pair("", NEW, KeyFixture.STRANGER, FROM, TO);
        account.reload();
        account.accepted(old);
        account.refused(account.credential());
        assertThat(serial(account)).isEqualTo(OLD);
    }

    @Test
    void whenTenpayRefusesBothTheNewPairSigns() throws Exception {
        Account account = account();
        pair("", NEW, KeyFixture.STRANGER, FROM, TO);
        account.reload();
        account.refused(account.credential());
        account.refused(account.credential());
        assertThat(serial(account)).isEqualTo(NEW);
    }

    @Test
    void aRefusalOfTheOnlyPairChangesNothing() throws Exception {
        Account account = account();
        account.refused(account.credential());
        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(account.findings()).isEmpty();
    }

    @Test
    void asksToMoveNextPairWhenTenpayRefusesOldOne() throws Exception {
        Account account = account();
        pair(".next", NEW, KeyFixture.STRANGER, "2026-11-24T00:00:00Z", TO);
        account.reload();
        // The old one is refused before the new one is valid; once valid, the new one signs and the old one is
        // obsolete.
        account.refused(account.credential());
        clock.advance("PT9M");
        pair(".next", NEW, KeyFixture.STRANGER, FROM, TO);
        account.reload();

        assertThat(serial(account)).isEqualTo(NEW);
        assertThat(problems(account))
                .singleElement()
                .asString()
                .contains("has the serial " + OLD + ", which Tenpay refuses, and that of .next signs: " + NEW)
                .contains("move " + folder.resolve("key.pem") + ".next")
                .doesNotContain("upload");
    }

    @Test
    void asksToUploadNextCertificateWhenTenpayRefusesIt() throws Exception {
        Account account = account();
        pair(".next", NEW, KeyFixture.STRANGER, FROM, TO);
        account.reload();
        account.refused(account.credential());

        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(problems(account))
                .singleElement()
                .asString()
                .contains("upload the certificate " + NEW + ", " + folder.resolve("certificate.pem") + ".next, in");
    }

    @ParameterizedTest
    @CsvSource({
        "1024, 65537, RSA key of 1024 bits",
        "2047, 65537, RSA key of 2047 bits",
        "2048, 3, unsafe public exponent 3"
    })
    void refusesWeakKeyOfItsOwn(int bits, int exponent, String problem) throws Exception {
        var generator = java.security.KeyPairGenerator.getInstance("RSA");
        generator.initialize(
                new java.security.spec.RSAKeyGenParameterSpec(bits, java.math.BigInteger.valueOf(exponent)));
        pair("", NEW, generator.generateKeyPair(), FROM, TO);
        Account account = account(papers.files());

        assertThat(account.isAvailable()).isFalse();
        assertThat(problems(account))
                .singleElement()
                .asString()
                .contains(problem)
                .contains("new-key");
    }

    @Test
    void refusalsThatGoOnDoNotPutOffTheNextTry() throws Exception {
        Account account = account();
        pair("", NEW, KeyFixture.STRANGER, FROM, TO);
        account.reload();
        account.refused(account.credential());
        account.refused(account.credential());
        clock.advance("PT9M59S");
        account.refused(account.credential());
        clock.advance("PT1S");
        account.reload();
        assertThat(serial(account)).isEqualTo(NEW);
    }

    @Test
    void keepsPlatformCertificateOverwrittenByHalfOfOne() throws Exception {
        Account account = account();
        write("platform/tenpay.pem", "half a c");
        account.reload();
        assertThat(account.isAvailable()).isTrue();
        assertThat(account.platformKey("7E2A54C1D9F0")).isPresent();
        assertThat(problems(account)).singleElement().asString().contains("has the file tenpay.pem, which ");
    }

    @Test
    void theOnlyPairSignsThoughItHasExpiredAndSaysSo() throws Exception {
        pair("", OLD, KeyFixture.MERCHANT, FROM, "2026-11-23T07:59:59Z");
        Account account = account(papers.files());
        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(problems(account))
                .singleElement()
                .asString()
                .startsWith("tenpay.accounts.main.certificate is valid only from ")
                .contains("Tenpay may refuse our calls");
    }

    @Test
    void withoutAValidPlatformCertificateItDoesNotWorkUntilThereIsOne() throws Exception {
        Account account = account();
        write("platform/tenpay.pem", certificate("7E2A54C1D9F0", KeyFixture.TENPAY, FROM, "2026-11-23T08:00:05Z"));
        account.reload();
        assertThat(account.isAvailable()).isTrue();
        clock.advance("PT6S");
        account.reload();
        assertThat(account.isAvailable()).isFalse();
        assertThatThrownBy(account::credential).isInstanceOf(AccountUnavailableException.class);
        assertThatThrownBy(() -> account.platformKey("7E2A54C1D9F0")).isInstanceOf(AccountUnavailableException.class);

        write("platform/new.pem", certificate("7E2A", KeyFixture.TENPAY, FROM, TO));
        account.reload();
        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(account.platformKey("7E2A")).isPresent();
    }

    @Test
    void aBrokenKeyDoesNotKeepItFromVerifying() throws Exception {
        spoil("key gone");
        Account account = account(papers.files());
        assertThat(account.isAvailable()).isFalse();
        assertThat(account.platformKey("7E2A54C1D9F0")).isPresent();
    }

    @Test
    void keepsPlatformCertificatesOfAccountsApart() throws Exception {
        Path other = Files.createDirectory(folder.resolve("other"));
        Files.writeString(other.resolve("tenpay.pem"), certificate("7E2A54C1D9F0", KeyFixture.STRANGER, FROM, TO));
        Files.writeString(other.resolve("more.pem"), certificate("CAFE", KeyFixture.STRANGER, FROM, TO));
        Account main = account();
        Account macau = account(with(papers.files(), "platform-certificates", other.toString()));
        assertThat(main.platformKey("7E2A54C1D9F0").orElseThrow().getEncoded())
                .isEqualTo(KeyFixture.TENPAY.getPublic().getEncoded());
        assertThat(macau.platformKey("7E2A54C1D9F0").orElseThrow().getEncoded())
                .isEqualTo(KeyFixture.STRANGER.getPublic().getEncoded());
        assertThat(main.platformKey("CAFE")).isEmpty();
    }

    @Test
    void secretsMayComeFromFilesAndAreReadAgain() throws Exception {
        new dev.tenpayroutes.signature.OpenSsl(folder)
                .run("pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:first", "-out", "locked.pem");
        write("password", "first\r\n");
        write("api", API_KEY + "\n");
        AccountProperties files =
                with(papers.files(), "private-key", folder.resolve("locked.pem").toString());
        files = with(
                files, "private-key-password-file", folder.resolve("password").toString());
        files = with(files, "api-key", null);
        files = with(files, "api-key-file", folder.resolve("api").toString());
        Account account = account(files);
        assertThat(account.findings()).isEmpty();
        assertThat(account.cipher()).isNotNull();

        write("api", "\n");
        account.reload();
        assertThat(account.cipher()).isNotNull();
        assertThat(problems(account))
                .singleElement()
                .asString()
                .startsWith("tenpay.accounts.main.api-key-file names a file that is empty: ignored");
        write("api", "too short");
        account.reload();
        assertThat(account.isAvailable()).isTrue();
        assertThat(problems(account))
                .singleElement()
                .asString()
                .startsWith("tenpay.accounts.main.api-key must have exactly 32 characters: ignored")
                .doesNotContain("too short");
        write("api", API_KEY.toLowerCase());
        Files.delete(folder.resolve("password"));
        account.reload();
        assertThat(serial(account)).isEqualTo(OLD);
        assertThat(problems(account))
                .singleElement()
                .asString()
                .startsWith("tenpay.accounts.main.private-key-password-file names no file that can be read: ignored")
                .doesNotContain(folder.toString());
    }

    @Test
    void aSecretAndItsFileAtOnceAreRefused() throws Exception {
        write("api", API_KEY);
        Account account = account(
                with(papers.files(), "api-key-file", folder.resolve("api").toString()));
        assertThat(account.isAvailable()).isFalse();
        assertThat(problems(account))
                .singleElement()
                .asString()
                .startsWith("tenpay.accounts.main.api-key is set, and tenpay.accounts.main.api-key-file as well")
                .doesNotContain(API_KEY);
    }

    @Test
    void aBaseUrlOfItsOwnIsItsOwnAndAWrongOneStopsItAlone() throws Exception {
        assertThat(account(with(papers.files(), "base-url", "https://macau.example.com/"))
                        .baseUrl())
                .hasToString("https://macau.example.com");
        TenpayProperties two = papers.settings("main", "macau");
        Map<String, AccountProperties> accounts = new HashMap<>(two.accounts());
        accounts.put("macau", with(accounts.get("macau"), "base-url", "macau.example.com"));
        Accounts both = new Accounts(
                TenpayPropertiesFixture.accounts(two.baseUrl(), two.notifyBaseUrl(), accounts), RSA, clock);
        assertThat(both.unavailable()).containsExactly("macau");
        assertThat(both.get("main").baseUrl()).hasToString("https://uat.tenpayglobal.com");
    }

    @Test
    void certificatesTellTheirDays() throws Exception {
        write("platform/old.pem", certificate("0D", KeyFixture.STRANGER, FROM, "2026-11-23T07:00:00Z"));
        assertThat(account(papers.files()).certificates())
                .extracting(
                        AccountCertificate::kind,
                        AccountCertificate::serial,
                        certificate -> certificate.daysLeft(clock.instant()))
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(AccountCertificate.Kind.MERCHANT, OLD, 38L),
                        org.assertj.core.groups.Tuple.tuple(AccountCertificate.Kind.PLATFORM, "0D", -1L),
                        org.assertj.core.groups.Tuple.tuple(AccountCertificate.Kind.PLATFORM, "7E2A54C1D9F0", 38L));
    }
}
