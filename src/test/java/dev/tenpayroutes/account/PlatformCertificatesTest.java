package dev.tenpayroutes.account;

import static dev.tenpayroutes.account.KeyMaterialFixture.FROM;
import static dev.tenpayroutes.account.KeyMaterialFixture.TO;
import static dev.tenpayroutes.account.KeyMaterialFixture.certificate;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.signature.KeyFixture;
import dev.tenpayroutes.signature.Rsa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlatformCertificatesTest {

    private static final String OLD = "7E2A54C1D9F0";
    private static final String NEW = "0C0FFEE1";

    @TempDir
    private Path parent;

    private final AdjustableClock clock = new AdjustableClock("2026-11-23T08:00:00Z");

    private Path folder() {
        return parent.resolve("platform");
    }

    private PlatformCertificates with(String name, String content) throws IOException {
        Files.createDirectories(folder());
        Files.writeString(folder().resolve("a.pem"), certificate(OLD, KeyFixture.TENPAY, FROM, TO));
        write(name, content);
        return certificates();
    }

    private PlatformCertificates withOne() throws IOException {
        return with("a.pem", certificate(OLD, KeyFixture.TENPAY, FROM, TO));
    }

    private PlatformCertificates certificates() {
        PlatformCertificates certificates = new PlatformCertificates("main", folder(), Rsa.fastest(), clock);
        certificates.reload();
        return certificates;
    }

    private void write(String name, String content) throws IOException {
        Files.writeString(folder().resolve(name), content);
    }

    private static void has(PlatformCertificates certificates, String serial, KeyPair keys) {
        assertThat(certificates.key(serial))
                .as(serial)
                .hasValueSatisfying(key ->
                        assertThat(key.getEncoded()).isEqualTo(keys.getPublic().getEncoded()));
    }

    private static List<String> problems(PlatformCertificates certificates) {
        return certificates.problems().stream()
                .map(ConfigurationProblem::problem)
                .toList();
    }

    private static void hasNot(PlatformCertificates certificates, String serial) {
        assertThat(certificates.key(serial)).as(serial).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0A1B2C", "0a1b2c", "A1B2C", "0000a1B2c"})
    void findsKeyBySerialNumberInAnySpelling(String spelling) throws IOException {
        has(with("a.pem", certificate("0A1B2C", KeyFixture.TENPAY, FROM, TO)), spelling, KeyFixture.TENPAY);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void usesLeafOfChainAndNoAuthority(boolean ec) throws Exception {
        KeyPair root = ec ? KeyMaterialFixture.ec() : KeyFixture.STRANGER;
        String authority = KeyMaterialFixture.authority("CA", root);
        String leaf = KeyMaterialFixture.issued("BEEF", KeyFixture.TENPAY, root);
        for (String file : List.of(leaf + authority, authority + leaf)) {
            PlatformCertificates certificates = with("a.pem", file);
            has(certificates, "BEEF", KeyFixture.TENPAY);
            hasNot(certificates, "CA");
            assertThat(problems(certificates)).isEmpty();
        }
    }

    @Test
    void usesNoAuthorityBesideCertificateItIssued() throws Exception {
        has(with("root.pem", KeyMaterialFixture.authority("CA", KeyFixture.STRANGER)), "CA", KeyFixture.STRANGER);
        PlatformCertificates certificates =
                with("leaf.pem", KeyMaterialFixture.issued("BEEF", KeyFixture.TENPAY, KeyFixture.STRANGER));
        has(certificates, "BEEF", KeyFixture.TENPAY);
        hasNot(certificates, "CA");
    }

    @Test
    void keepsTwoSelfSignedAuthoritiesOfOneName() throws Exception {
        PlatformCertificates certificates = with(
                "a.pem",
                KeyMaterialFixture.authority("CA", KeyFixture.STRANGER)
                        + KeyMaterialFixture.authority("CB", KeyFixture.TENPAY));
        has(certificates, "CA", KeyFixture.STRANGER);
        has(certificates, "CB", KeyFixture.TENPAY);
    }

    @Test
    void ignoresWeakKeyAndSaysWhy() throws Exception {
        var generator = java.security.KeyPairGenerator.getInstance("RSA");
        generator.initialize(1024);
        PlatformCertificates certificates = with("a.pem", certificate("BEEF", generator.generateKeyPair(), FROM, TO));
        hasNot(certificates, "BEEF");
        assertThat(problems(certificates))
                .singleElement()
                .asString()
                .contains("RSA key of 1024 bits, where 2048 to 8192");
    }

    @Test
    void keepsRsaCertificateBesideOneThatIsNot() throws Exception {
        PlatformCertificates certificates = with(
                "a.pem",
                certificate("BEEF", KeyFixture.TENPAY, FROM, TO)
                        + certificate("EC", KeyMaterialFixture.ec(), FROM, TO));
        has(certificates, "BEEF", KeyFixture.TENPAY);
        assertThat(problems(certificates)).singleElement().asString().contains("has a key that is not RSA");
    }

    @Test
    void twoSerialsCountAtOnceEachWithItsOwnKey() throws IOException {
        PlatformCertificates certificates = with("b.pem", certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        has(certificates, OLD, KeyFixture.TENPAY);
        has(certificates, "C0FFEE1", KeyFixture.STRANGER);
        assertThat(problems(certificates)).isEmpty();
        assertThat(certificates.usable()).isTrue();
    }

    @Test
    void twoCertificatesInOneFileBothCount() throws IOException {
        PlatformCertificates certificates = with(
                "a.pem",
                certificate(OLD, KeyFixture.TENPAY, FROM, TO) + "\n" + certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        has(certificates, OLD, KeyFixture.TENPAY);
        has(certificates, NEW, KeyFixture.STRANGER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"C0FFEE1", "0C0FFEE1", "0000C0FFEE1", "c0ffee1", "0c0ffee1", "0C0fFeE1"})
    void aSerialCountsInEverySpelling(String spelling) throws IOException {
        has(with("b.pem", certificate(NEW, KeyFixture.STRANGER, FROM, TO)), spelling, KeyFixture.STRANGER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "00", "C0FFEE", "C0FFEE10", "../platform/a.pem", "no hex"})
    void anotherSerialIsUnknown(String serial) throws IOException {
        hasNot(with("b.pem", certificate(NEW, KeyFixture.STRANGER, FROM, TO)), serial);
    }

    @Test
    void aFileAddedLaterCountsWithoutARestart() throws IOException {
        PlatformCertificates certificates = withOne();
        hasNot(certificates, NEW);
        write("b.pem", certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        clock.advance("PT1.001S");
        has(certificates, NEW, KeyFixture.STRANGER);
        has(certificates, OLD, KeyFixture.TENPAY);
    }

    @Test
    void unknownSerialsMakeTheFolderBeReadAtMostOnceASecond() throws IOException {
        PlatformCertificates certificates = withOne();
        write("b.pem", certificate("B", KeyFixture.STRANGER, FROM, TO));
        clock.advance("PT1S");
        hasNot(certificates, "B");
        clock.advance("PT0.001S");
        has(certificates, "B", KeyFixture.STRANGER);

        write("c.pem", certificate("C", KeyFixture.STRANGER, FROM, TO));
        for (int i = 0; i < 4; i++) {
            clock.advance("PT0.25S");
            hasNot(certificates, "C");
        }
        clock.advance("PT0.001S");
        has(certificates, "C", KeyFixture.STRANGER);
    }

    @Test
    void aSerialThatStaysUnknownIsLookedForOnceASecondOnly() throws IOException {
        PlatformCertificates certificates = withOne();
        clock.advance("PT1.001S");
        hasNot(certificates, "C");
        write("c.pem", certificate("C", KeyFixture.STRANGER, FROM, TO));
        clock.advance("PT1S");
        hasNot(certificates, "C");
        clock.advance("PT0.001S");
        has(certificates, "C", KeyFixture.STRANGER);
    }

    @Test
    void aRemovedFileStopsCountingAtTheNextLook() throws IOException {
        PlatformCertificates certificates = with("b.pem", certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        Files.delete(folder().resolve("b.pem"));
        clock.advance("PT10S");
        has(certificates, NEW, KeyFixture.STRANGER);
        certificates.reload();
        hasNot(certificates, NEW);
        has(certificates, OLD, KeyFixture.TENPAY);
    }

    @Test
    @Timeout(10)
    void anUnknownSerialThatWasLookedForLeavesTheNextLookFree() throws IOException {
        PlatformCertificates certificates = with("b.pem", certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        clock.advance("PT1.001S");
        hasNot(certificates, "C");
        Files.delete(folder().resolve("b.pem"));
        certificates.reload();
        hasNot(certificates, NEW);
    }

    @Test
    void aReplacedFileCountsAtTheNextLook() throws IOException {
        PlatformCertificates certificates = withOne();
        write("a.pem", certificate(OLD, KeyFixture.STRANGER, FROM, TO));
        certificates.reload();
        has(certificates, OLD, KeyFixture.STRANGER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
    void aFileOverwrittenByWhatIsNoCertificateLeavesWhatItGaveUntilItIsReplacedOrTakenAway(String content)
            throws IOException {
        PlatformCertificates certificates = withOne();
        write("a.pem", content);
        certificates.reload();
        certificates.reload();
        has(certificates, OLD, KeyFixture.TENPAY);
        assertThat(problems(certificates))
                .singleElement()
                .asString()
                .startsWith("has the file a.pem, which ")
                .endsWith(": ignored, what it held before goes on");

        write("b.pem", certificate(OLD, KeyFixture.STRANGER, FROM, TO));
        certificates.reload();
        has(certificates, OLD, KeyFixture.STRANGER);
        write("a.pem", certificate(NEW, KeyFixture.TENPAY, FROM, TO));
        Files.delete(folder().resolve("b.pem"));
        certificates.reload();
        hasNot(certificates, OLD);
        has(certificates, NEW, KeyFixture.TENPAY);
        write("a.pem", content);
        certificates.reload();
        has(certificates, NEW, KeyFixture.TENPAY);
        Files.delete(folder().resolve("a.pem"));
        certificates.reload();
        hasNot(certificates, NEW);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
    void aBrokenFileIsReportedByNameAndIgnored(String content) throws IOException {
        PlatformCertificates certificates = with("broken.pem", content);
        assertThat(problems(certificates))
                .singleElement()
                .asString()
                .startsWith("has the file broken.pem, which ")
                .endsWith(": ignored")
                .doesNotContain("rubbish");
        has(certificates, OLD, KeyFixture.TENPAY);
    }

    @Test
    void aCertificateWithoutAnRsaKeyIsReportedByNameAndIgnored() throws IOException {
        PlatformCertificates certificates = with("ec.pem", certificate("EC", KeyMaterialFixture.ec(), FROM, TO));
        assertThat(problems(certificates))
                .containsExactly("has the file ec.pem, which has a key that is not RSA: ignored");
        hasNot(certificates, "EC");
        has(certificates, OLD, KeyFixture.TENPAY);
    }

    @Test
    void aPrivateKeyLeftInTheFolderIsReportedByNameAndIgnored() throws IOException {
        PlatformCertificates certificates = with("key.pem", KeyMaterialFixture.key(KeyFixture.MERCHANT));
        assertThat(problems(certificates)).containsExactly("has the file key.pem, which holds no certificate: ignored");
        has(certificates, OLD, KeyFixture.TENPAY);
    }

    @Test
    void anExpiredCertificateIsReportedByNameAndIgnored() throws IOException {
        PlatformCertificates certificates =
                with("b.pem", certificate(NEW, KeyFixture.STRANGER, FROM, "2026-11-23T07:59:59Z"));
        hasNot(certificates, NEW);
        assertThat(problems(certificates))
                .containsExactly(
                        "has the file b.pem, which is valid only from 2026-01-01T00:00:00Z to 2026-11-23T07:59:59Z: ignored");
        has(certificates, OLD, KeyFixture.TENPAY);
    }

    @Test
    void ignoresCertificateUntilItIsValid() throws IOException {
        PlatformCertificates certificates =
                with("b.pem", certificate(NEW, KeyFixture.STRANGER, "2026-11-23T08:00:05Z", TO));
        hasNot(certificates, NEW);
        assertThat(problems(certificates))
                .containsExactly(
                        "has the file b.pem, which is valid only from 2026-11-23T08:00:05Z to 2027-01-01T00:00:00Z: ignored");
        clock.advance("PT4.999S");
        hasNot(certificates, NEW);
        clock.advance("PT0.001S");
        has(certificates, NEW, KeyFixture.STRANGER);
    }

    @Test
    void aCertificateStopsCountingTheMomentItExpires() throws IOException {
        PlatformCertificates certificates =
                with("b.pem", certificate(NEW, KeyFixture.STRANGER, FROM, "2026-11-23T08:00:05Z"));
        clock.advance("PT5S");
        has(certificates, NEW, KeyFixture.STRANGER);
        clock.advance("PT0.001S");
        hasNot(certificates, NEW);
    }

    @Test
    void nothingButAnExpiredCertificateIsNotUsable() throws IOException {
        PlatformCertificates certificates =
                with("a.pem", certificate(OLD, KeyFixture.TENPAY, FROM, "2026-11-23T07:59:59Z"));
        assertThat(certificates.usable()).isFalse();
    }

    @Test
    void aFolderThatDisappearsForAMomentTakesNoKeyAway() throws IOException {
        PlatformCertificates certificates = withOne();
        Files.move(folder(), parent.resolve("away"));
        certificates.reload();
        has(certificates, OLD, KeyFixture.TENPAY);
        assertThat(problems(certificates)).containsExactly("names a folder that does not exist: " + folder());
        Files.move(parent.resolve("away"), folder());
        certificates.reload();
        has(certificates, OLD, KeyFixture.TENPAY);
        assertThat(problems(certificates)).isEmpty();
    }

    @Test
    void aFolderThatComesBackWithHalfAFileTakesNoKeyAway() throws IOException {
        PlatformCertificates certificates = withOne();
        Files.move(folder(), parent.resolve("away"));
        certificates.reload();
        Files.move(parent.resolve("away"), folder());
        write("a.pem", "half");
        certificates.reload();
        has(certificates, OLD, KeyFixture.TENPAY);
    }

    @Test
    void keysKeptWhileTheFolderIsAwayStillExpire() throws IOException {
        PlatformCertificates certificates =
                with("a.pem", certificate(OLD, KeyFixture.TENPAY, FROM, "2026-11-23T08:00:30Z"));
        Files.move(folder(), parent.resolve("away"));
        clock.advance("PT30.001S");
        certificates.reload();
        hasNot(certificates, OLD);
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aMountedFolderWhoseLinksAreSwappedCountsAnew() throws IOException {
        // As Kubernetes mounts a secret: tenpay.pem -> ..data/tenpay.pem, ..data -> ..2026_11_23.
        Path first = Files.createDirectories(folder().resolve("..2026_11_23"));
        Path second = Files.createDirectories(folder().resolve("..2026_11_24"));
        Files.writeString(first.resolve("tenpay.pem"), certificate(OLD, KeyFixture.TENPAY, FROM, TO));
        Files.writeString(second.resolve("tenpay.pem"), certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        Path data = Files.createSymbolicLink(folder().resolve("..data"), first.getFileName());
        Files.createSymbolicLink(folder().resolve("tenpay.pem"), Path.of("..data", "tenpay.pem"));

        PlatformCertificates certificates = certificates();
        has(certificates, OLD, KeyFixture.TENPAY);
        assertThat(problems(certificates)).isEmpty();
        Files.delete(data);
        Files.createSymbolicLink(data, second.getFileName());
        clock.advance("PT1.001S");
        has(certificates, NEW, KeyFixture.STRANGER);
        hasNot(certificates, OLD);
    }

    @Test
    void hiddenFilesAndSubfoldersAreNotRead() throws IOException {
        PlatformCertificates certificates = with(".old.pem", certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        Files.createDirectory(folder().resolve("archive"));
        Files.writeString(folder().resolve("archive/b.pem"), certificate(NEW, KeyFixture.STRANGER, FROM, TO));
        certificates.reload();
        hasNot(certificates, NEW);
        assertThat(problems(certificates)).isEmpty();
    }
}
