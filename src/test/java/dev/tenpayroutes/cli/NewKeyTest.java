package dev.tenpayroutes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.KeyMaterialFixture;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.signature.OpenSsl;
import dev.tenpayroutes.signature.Rsa;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class NewKeyTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-06-01T12:00:00.5Z"), ZoneOffset.UTC);

    @TempDir
    Path folder;

    private String said;

    private int newKey(String... options) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        List<String> arguments = new java.util.ArrayList<>(List.of("new-key", "--out", folder.toString()));
        arguments.addAll(List.of(options));
        int exit = new Commands(out, out, CLOCK, new SecureRandom()).run(arguments.toArray(String[]::new));
        said = bytes.toString(StandardCharsets.UTF_8);
        return exit;
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private String rights(String file) throws IOException {
        assumeTrue(folder.getFileSystem().supportedFileAttributeViews().contains("posix"));
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file)));
    }

    /** What the program itself says of the pair. */
    private Accounts accountWith(Map<String, String> more) throws IOException {
        KeyMaterialFixture papers = new KeyMaterialFixture(Files.createTempDirectory(folder, "papers"));
        Map<String, String> settings = new HashMap<>(Map.of(
                "tenpay.base-url", "https://uat.tenpayglobal.com",
                "tenpay.notify-base-url", "https://erp.example.com",
                "tenpay.accounts.main.merchant-id", "2480000001",
                "tenpay.accounts.main.app-id", "wx0123456789abcdef",
                "tenpay.accounts.main.private-key",
                        folder.resolve("main-key.pem").toString(),
                "tenpay.accounts.main.certificate",
                        folder.resolve("main-cert.pem").toString(),
                "tenpay.accounts.main.platform-certificates",
                        papers.platformFolder().toString()));
        settings.putAll(more);
        return new Accounts(
                new Binder(new MapConfigurationPropertySource(settings))
                        .bind("tenpay", TenpayProperties.class)
                        .get(),
                Rsa.fastest(),
                CLOCK);
    }

    @Test
    void aNewPairIsWhatAnAccountNeeds() throws Exception {
        assertThat(newKey("--account", "main")).isZero();

        assertThat(files()).containsExactly("main-cert.pem", "main-key.pem");
        assertThat(Files.readString(folder.resolve("main-key.pem"))).startsWith("-----BEGIN PRIVATE KEY-----\n");
        String serial = accountWith(Map.of()).get("main").credential().serial();
        assertThat(said)
                .contains(folder.resolve("main-key.pem").toString(), "serial " + serial, "valid until 2031-05-31")
                .contains("tenpay.accounts.main.private-key", "merchant portal", ".next", "preflight")
                .doesNotContain("BEGIN");
        assertThat(rights("main-key.pem")).isEqualTo("rw-------");
        assertThat(rights("main-cert.pem")).startsWith("rw-").doesNotContain("x");
    }

    @Test
    void openSslReadsThePairAsWeMeantIt() {
        newKey("--account", "main", "--bits", "3072", "--days", "30");
        OpenSsl openssl = new OpenSsl(folder);

        assertThat(openssl.run("pkey", "-in", "main-key.pem", "-noout", "-text"))
                .contains("3072 bit");
        String certificate = openssl.run("x509", "-in", "main-cert.pem", "-noout", "-text", "-ext", "basicConstraints");
        assertThat(certificate)
                .contains("sha256WithRSAEncryption", "Subject: CN = main")
                .contains("Not Before: Jun  1 12:00:00 2026 GMT", "Not After : Jul  1 12:00:00 2026 GMT");
        assertThat(openssl.run("x509", "-in", "main-cert.pem", "-noout", "-pubkey"))
                .isEqualTo(openssl.run("pkey", "-in", "main-key.pem", "-pubout"));
        openssl.run("verify", "-no_check_time", "-CAfile", "main-cert.pem", "main-cert.pem");
    }

    @Test
    void anotherPairHasAnotherSerialAndAFolderOfItsOwnersAlone() throws Exception {
        newKey("--account", "main", "--out", folder.resolve("a/b").toString());
        assertThat(rights("a/b")).isEqualTo("rwx------");
        assertThat(rights("a/b/main-key.pem")).isEqualTo("rw-------");
        Files.move(folder.resolve("a/b/main-key.pem"), folder.resolve("main-key.pem"));
        Files.move(folder.resolve("a/b/main-cert.pem"), folder.resolve("main-cert.pem"));
        String first = accountWith(Map.of()).get("main").credential().serial();
        Files.delete(folder.resolve("main-key.pem"));
        Files.delete(folder.resolve("main-cert.pem"));
        newKey("--account", "main");
        assertThat(accountWith(Map.of()).get("main").credential().serial())
                .hasSize(32)
                .isNotEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(strings = {"main-key.pem", "main-cert.pem"})
    void aFileThatIsThereIsNeverOverwrittenAndNothingElseIsMade(String there) throws Exception {
        Files.writeString(folder.resolve(there), "in use");

        assertThat(newKey("--account", "main")).isEqualTo(1);

        assertThat(said).contains(folder.resolve(there) + " is there already", "Remedy: ");
        assertThat(files()).containsExactly(there);
        assertThat(folder.resolve(there)).hasContent("in use");
    }

    @Test
    void aLinkThatLeadsNowhereIsNotFollowed() throws Exception {
        Path elsewhere = folder.resolve("elsewhere");
        Files.createSymbolicLink(folder.resolve("main-key.pem"), elsewhere);
        assertThat(newKey("--account", "main")).isEqualTo(1);
        assertThat(elsewhere).doesNotExist();
        assertThat(files()).containsExactly("main-key.pem");

        Files.delete(folder.resolve("main-key.pem"));
        Files.createSymbolicLink(folder.resolve("main-cert.pem"), elsewhere);
        assertThat(newKey("--account", "main")).isEqualTo(1);
        assertThat(files()).as("the key without its certificate is taken away").containsExactly("main-cert.pem");
    }

    @Test
    void aRequestForACertificateCarriesTheKeyAndIsSignedByIt() throws Exception {
        assertThat(newKey("--account", "main", "--csr")).isZero();

        assertThat(files()).containsExactly("main-csr.pem", "main-key.pem");
        OpenSsl openssl = new OpenSsl(folder);
        assertThat(openssl.run("req", "-in", "main-csr.pem", "-noout", "-verify", "-subject"))
                .contains("verify OK", "CN = main");
        assertThat(openssl.run("req", "-in", "main-csr.pem", "-noout", "-pubkey"))
                .isEqualTo(openssl.run("pkey", "-in", "main-key.pem", "-pubout"));
        assertThat(said).contains("upload main-csr.pem", "as " + folder.resolve("main-cert.pem"));
    }

    @Test
    void aPassphraseComesFromAFileAndIsNotRepeated() throws Exception {
        String passphrase = "corréct horse";
        Path file = Files.writeString(folder.resolve("passphrase.txt"), passphrase + "\n");

        assertThat(newKey("--account=main", "--passphrase-file=" + file)).isZero();

        assertThat(Files.readString(folder.resolve("main-key.pem")))
                .startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
        accountWith(Map.of("tenpay.accounts.main.private-key-password-file", file.toString()));
        assertThat(new OpenSsl(folder).run("pkey", "-in", "main-key.pem", "-passin", "file:" + file, "-noout"))
                .isEmpty();
        assertThat(said)
                .contains("tenpay.accounts.main.private-key-password-file: " + file)
                .doesNotContain(passphrase);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--bits 1024",
                "--bits 4096",
                "--days 0",
                "--days 36500",
                "--account ../main",
                "--account",
                "--passphrase s3cret",
                "--csr=s3cret",
                "--passphrase-file /nowhere",
                "--passphrase-file /dev/null",
                "s3cret"
            })
    void whatIsNotUnderstoodMakesNothingAndRepeatsNoSecret(String options) throws Exception {
        String[] words = Stream.concat(Stream.of("--account", "main"), Stream.of(options.split(" ")))
                .toArray(String[]::new);
        assertThat(newKey(words)).isBetween(1, 2);
        assertThat(said).containsAnyOf("Remedy: ", "Usage: ").doesNotContain("s3cret");
        assertThat(files()).isEmpty();
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThat(newKey("--account", "main", "--out", file.toString())).isEqualTo(1);
        assertThat(said).contains(file + " can't be made", "Remedy: ");
    }

    @Test
    void aWordThatIsNoCommandNeverStartsTheProgram() {
        assertThat(Commands.areSettings("--spring.profiles.active=production", "--debug"))
                .isTrue();
        assertThat(run("--spring.profiles.active=production", "--server.port=1"))
                .isEqualTo(Commands.START);
        for (String[] words : new String[][] {
            {"pre-flight"},
            {"--spring.profiles.active=production", "pre-flight"},
            {"--onlien"},
            {"preflight", "--onlien"}
        }) {
            assertThat(Commands.areSettings(words)).isFalse();
            assertThat(run(words)).isEqualTo(2);
            assertThat(said)
                    .containsPattern("(pre-flight|--onlien) is not an? (command|option)")
                    .contains("Usage: ");
        }
    }

    @Test
    void helpAndVersionAreAnswered() {
        assertThat(run("--help")).isZero();
        assertThat(said).contains("preflight", "new-key", "--version");
        assertThat(run("--version")).isZero();
        assertThat(said).startsWith("tenpay-global-routes ");
        assertThat(run("preflight", "--help")).isZero();
        assertThat(said).contains("--online");
    }

    private int run(String... words) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        int exit = new Commands(out, out, CLOCK, new SecureRandom()).run(words);
        said = bytes.toString(StandardCharsets.UTF_8);
        return exit;
    }
}
