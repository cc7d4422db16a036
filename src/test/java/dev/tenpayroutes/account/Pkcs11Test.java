package dev.tenpayroutes.account;

import static dev.tenpayroutes.account.AccountsTest.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenpayroutes.account.AccountSettings.AccountFiles;
import dev.tenpayroutes.wire.Keys;
import dev.tenpayroutes.wire.RequestSigner.Credential;
import dev.tenpayroutes.wire.Rsa;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A key in a token: SoftHSM 2, in processes of their own, since it takes its settings from their environment. */
class Pkcs11Test {

    private static final String PIN = "4321";
    private static final Optional<Path> LIBRARY = Stream.of(
                    "/usr/lib/softhsm/libsofthsm2.so",
                    "/usr/lib64/libsofthsm2.so",
                    "/usr/local/lib/softhsm/libsofthsm2.so",
                    "/opt/homebrew/lib/softhsm/libsofthsm2.so")
            .map(Path::of)
            .filter(Files::exists)
            .findFirst();

    @TempDir
    private static Path folder;

    @BeforeAll
    static void aToken() throws Exception {
        String remedy = "Keys in a token aren't tested here: install SoftHSM 2 (Debian: softhsm2)";
        if (LIBRARY.isEmpty()) {
            LoggerFactory.getLogger(Pkcs11Test.class).warn(remedy);
        }
        assumeTrue(LIBRARY.isPresent(), remedy);
        new Papers(folder);
        Files.createDirectory(folder.resolve("tokens"));
        Files.writeString(folder.resolve("softhsm2.conf"), "directories.tokendir = " + folder.resolve("tokens") + "\n");
        Files.writeString(
                folder.resolve("pkcs11.cfg"), "name = test\nlibrary = " + LIBRARY.get() + "\nslotListIndex = 0\n");
        run("softhsm2-util", "--init-token", "--free", "--label", "merchant", "--so-pin", "12345678", "--pin", PIN);
        program("store");
    }

    private static String program(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName(),
                folder.toString()));
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new));
    }

    private static String run(String... command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .put("SOFTHSM2_CONF", folder.resolve("softhsm2.conf").toString());
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    @Test
    void aKeyInATokenSignsWhatItsCertificateVerifies() throws Exception {
        assertThat(program("sign", "main", PIN, "pkcs11.cfg", "certificate.pem"))
                .contains("serial A1B2C3D", "verified true", "bytes null");
    }

    @Test
    void whatIsWrongWithATokenIsSaidWithoutThePin() throws Exception {
        Files.writeString(
                folder.resolve("beef.pem"), Papers.certificate("BEEF", Keys.STRANGER, Papers.FROM, Papers.TO));
        Files.writeString(folder.resolve("nowhere.cfg"), "name = nowhere\nlibrary = /nowhere.so\n");
        String[] said = program(
                        "sign",
                        "main",
                        "9876",
                        "pkcs11.cfg",
                        "certificate.pem",
                        "sign",
                        "other",
                        PIN,
                        "pkcs11.cfg",
                        "certificate.pem",
                        "sign",
                        "main",
                        PIN,
                        "pkcs11.cfg",
                        "beef.pem",
                        "sign",
                        "main",
                        PIN,
                        "nowhere.cfg",
                        "certificate.pem",
                        "sign",
                        "main",
                        PIN,
                        "missing.cfg",
                        "certificate.pem")
                .split("\n");
        String setting = "tenpay.accounts.main.private-key ";
        assertThat(said).hasSize(5);
        assertThat(said[0])
                .startsWith(setting + "names a key in a token that refuses the private-key-password, its PIN. Remedy: ")
                .doesNotContain("9876");
        assertThat(said[1])
                .startsWith(
                        setting + "names an RSA key that the token doesn't have together with its certificate: other");
        assertThat(said[2]).startsWith(setting + "is not the key of tenpay.accounts.main.certificate (serial BEEF)");
        assertThat(said[3])
                .startsWith(setting + "names a key in a token, and pkcs11-config can't be loaded: look at its library");
        assertThat(said[4]).startsWith(setting + "names a file that does not exist: ");
    }

    /** What the tests start. */
    static final class Program {
        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            if (arguments[1].equals("store")) {
                Provider token = Security.getProvider("SunPKCS11")
                        .configure(folder.resolve("pkcs11.cfg").toString());
                KeyStore store = KeyStore.getInstance("PKCS11", token);
                store.load(null, PIN.toCharArray());
                X509Certificate certificate = KeyFile.certificates(KeyFile.content(folder.resolve("certificate.pem")))
                        .get(0);
                byte[] key = KeyFile.privateKey(KeyFile.content(folder.resolve("key.pem")), null);
                store.setKeyEntry(
                        "main",
                        KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(key)),
                        null,
                        new Certificate[] {certificate});
                return;
            }
            Rsa rsa = Rsa.fastest();
            for (int i = 1; i < arguments.length; i += 5) {
                AccountFiles files = new Papers(Files.createTempDirectory(folder, "papers")).files();
                files = with(files, "private-key", "pkcs11:" + arguments[i + 1]);
                files = with(files, "private-key-password", arguments[i + 2]);
                files = with(
                        files, "pkcs11-config", folder.resolve(arguments[i + 3]).toString());
                Path certificate = folder.resolve(arguments[i + 4]);
                show(rsa, with(files, "certificate", certificate.toString()), certificate);
            }
        }

        private static void show(Rsa rsa, AccountFiles files, Path certificate) throws Exception {
            Account account = new Account(
                    "main",
                    files,
                    URI.create("https://x.example.com"),
                    rsa,
                    new AdjustableClock("2026-11-23T08:00:00Z"));
            account.findings().forEach(finding -> System.out.println(finding.line()));
            if (account.works()) {
                Credential credential = account.credential();
                byte[] text = {1, 2, 3};
                PublicKey key = rsa.publicKey(KeyFile.certificates(KeyFile.content(certificate))
                        .get(0)
                        .getPublicKey()
                        .getEncoded());
                byte[] signature = Base64.getDecoder().decode(rsa.sign(credential.key(), text));
                System.out.println("serial " + credential.serial());
                System.out.println("verified " + rsa.verify(key, text, signature));
                System.out.println("bytes " + credential.key().getEncoded());
            }
        }
    }
}
