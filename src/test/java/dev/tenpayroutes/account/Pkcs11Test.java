package dev.tenpayroutes.account;

import static dev.tenpayroutes.account.AccountsTest.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.KeyMaterialReader;
import dev.tenpayroutes.signature.KeyFixture;
import dev.tenpayroutes.signature.RequestSigner.Credential;
import dev.tenpayroutes.signature.Rsa;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AuthProvider;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.PublicKey;
import java.security.Security;
import java.security.SignatureSpi;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
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
        new KeyMaterialFixture(folder);
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

    /** Without what is logged, which comes on the same way. */
    private static List<String> said(String what) throws Exception {
        return program(what).lines().filter(line -> !line.contains("[main]")).toList();
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
                .contains("serial 0A1B2C3D", "verified true", "bytes null");
    }

    @Test
    void whatIsWrongWithATokenIsSaidWithoutThePin() throws Exception {
        Files.writeString(
                folder.resolve("beef.pem"),
                KeyMaterialFixture.certificate(
                        "BEEF", KeyFixture.STRANGER, KeyMaterialFixture.FROM, KeyMaterialFixture.TO));
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

    @Test
    void signsAgainAfterTokenLostLoginOrKey() throws Exception {
        assertThat(said("lose"))
                .containsExactly(
                        "signs",
                        "logged out: can't sign",
                        "at the next look: signs",
                        "without the key: tenpay.accounts.main.private-key names an RSA key that the token doesn't have"
                                + " together with its certificate: main. Remedy: name a file that holds an RSA private key with"
                                + " its certificate, in the token that tenpay.accounts.main.pkcs11-config tells of",
                        "with the key: signs",
                        "providers more: 0");
    }

    @Test
    void refusesAccountAtOnceWhileTokenHangs() throws Exception {
        List<String> said = said("hang");
        assertThat(said).hasSize(2);
        assertThat(said.get(0))
                .startsWith("silent: tenpay.accounts.main has files or a token that don't answer. Remedy: ");
        assertThat(said.get(1)).isEqualTo("answers again: signs");
    }

    @Test
    void aPinThatTheTokenRefusedIsNotTriedAgainUntilItIsAnother() throws Exception {
        List<String> flags = said("pin").stream()
                .filter(line -> line.contains("CKF_TOKEN_INITIALIZED"))
                .toList();
        assertThat(flags).hasSize(2);
        assertThat(flags.get(0)).contains("CKF_USER_PIN_COUNT_LOW");
        assertThat(flags.get(1)).doesNotContain("CKF_USER_PIN_COUNT_LOW");
    }

    /** What the tests start. */
    static final class Program {
        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            if (arguments[1].equals("lose")) {
                lose(folder);
                return;
            }
            if (arguments[1].equals("pin")) {
                pin(folder);
                return;
            }
            if (arguments[1].equals("hang")) {
                hang(folder);
                return;
            }
            if (arguments[1].equals("store")) {
                store(
                        folder,
                        Security.getProvider("SunPKCS11")
                                .configure(folder.resolve("pkcs11.cfg").toString()));
                return;
            }
            Rsa rsa = Rsa.fastest();
            for (int i = 1; i < arguments.length; i += 5) {
                show(folder, rsa, arguments[i + 1], arguments[i + 2], arguments[i + 3], arguments[i + 4]);
            }
        }

        private static KeyStore token(Provider provider) throws Exception {
            KeyStore token = KeyStore.getInstance("PKCS11", provider);
            token.load(null, PIN.toCharArray());
            return token;
        }

        private static void store(Path folder, Provider provider) throws Exception {
            X509Certificate certificate = KeyMaterialReader.certificates(
                            KeyMaterialReader.content(folder.resolve("certificate.pem")))
                    .get(0);
            byte[] key = KeyMaterialReader.privateKey(KeyMaterialReader.content(folder.resolve("key.pem")), null);
            token(provider)
                    .setKeyEntry(
                            "main",
                            KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(key)),
                            null,
                            new Certificate[] {certificate});
        }

        private static Account account(
                Path folder, Rsa rsa, String label, String pin, String config, String certificate) throws IOException {
            AccountProperties files = new KeyMaterialFixture(Files.createTempDirectory(folder, "papers")).files();
            files = with(files, "private-key", "pkcs11:" + label);
            files = with(files, "private-key-password", pin);
            files = with(files, "pkcs11-config", folder.resolve(config).toString());
            files = with(files, "certificate", folder.resolve(certificate).toString());
            Account account = new Account(
                    "main",
                    files,
                    URI.create("https://x.example.com"),
                    rsa,
                    new AdjustableClock("2026-11-23T08:00:00Z"));
            account.read();
            return account;
        }

        /** The token tells whether the last login failed. */
        private static void pin(Path folder) throws Exception {
            Rsa rsa = Rsa.fastest();
            Account wrong = account(folder, rsa, "main", "9876", "pkcs11.cfg", "certificate.pem");
            showToken(folder, "first");
            Account right = account(folder, rsa, "main", PIN, "pkcs11.cfg", "certificate.pem");
            assertThat(right.isAvailable()).isTrue();
            ((AuthProvider) ours()).logout();
            wrong.read();
            account(folder, rsa, "main", "9876", "pkcs11.cfg", "certificate.pem");
            showToken(folder, "second");
        }

        private static void showToken(Path folder, String name) throws IOException {
            Path config = Files.writeString(
                    folder.resolve(name + ".cfg"),
                    Files.readString(folder.resolve("pkcs11.cfg")).replace("name = test", "name = " + name)
                            + "showInfo = true\n");
            Security.getProvider("SunPKCS11").configure(config.toString());
        }

        private static void lose(Path folder) throws Exception {
            Rsa rsa = Rsa.fastest();
            Account account = account(folder, rsa, "main", PIN, "pkcs11.cfg", "certificate.pem");
            System.out.println(state(account, rsa));
            int providers = Security.getProviders().length;
            ((AuthProvider) ours()).logout();
            System.out.println("logged out: " + state(account, rsa));
            account.read();
            System.out.println("at the next look: " + state(account, rsa));

            token(ours()).deleteEntry("main");
            account.read();
            System.out.println("without the key: " + state(account, rsa));
            store(folder, ours());
            account.read();
            System.out.println("with the key: " + state(account, rsa));
            System.out.println("providers more: " + (Security.getProviders().length - providers));
        }

        private static void hang(Path folder) throws IOException {
            Rsa rsa = Rsa.fastest();
            Account account = account(folder, rsa, "main", PIN, "pkcs11.cfg", "certificate.pem");
            Security.insertProviderAt(new Hanging(), 1);
            new AccountReloader(Account::read).at(List.of(account), Duration.ofMillis(300));
            System.out.println("silent: " + state(account, rsa));
            Hanging.OVER.countDown();
            Awaitility.await().until(account::isAvailable);
            System.out.println("answers again: " + state(account, rsa));
        }

        private static Provider ours() {
            return Security.getProvider("SunPKCS11-test");
        }

        private static String state(Account account, Rsa rsa) {
            if (!account.isAvailable()) {
                return account.findings().get(0).line();
            }
            try {
                rsa.sign(account.credential().key(), new byte[] {1});
                return "signs";
            } catch (GeneralSecurityException | ProviderException e) {
                return "can't sign";
            }
        }

        private static void show(Path folder, Rsa rsa, String label, String pin, String config, String certificate)
                throws Exception {
            Account account = account(folder, rsa, label, pin, config, certificate);
            account.findings().forEach(finding -> System.out.println(finding.line()));
            if (account.isAvailable()) {
                Credential credential = account.credential();
                byte[] text = {1, 2, 3};
                PublicKey key = rsa.publicKey(
                        KeyMaterialReader.certificates(KeyMaterialReader.content(folder.resolve(certificate)))
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

    /** Asked first for a signature, by a key of any token; it says that the key isn't its own, but not at once. */
    @SuppressWarnings({"serial", "deprecation"})
    public static final class Hanging extends Provider {
        static final CountDownLatch OVER = new CountDownLatch(1);

        Hanging() {
            super("hanging", "1", "a token that doesn't answer");
            put("Signature.SHA256withRSA", Signing.class.getName());
        }

        public static final class Signing extends SignatureSpi {
            @Override
            protected void engineInitSign(PrivateKey key) throws InvalidKeyException {
                try {
                    OVER.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                throw new InvalidKeyException();
            }

            @Override
            protected void engineInitVerify(PublicKey key) {
                throw new UnsupportedOperationException();
            }

            @Override
            protected void engineUpdate(byte b) {
                throw new UnsupportedOperationException();
            }

            @Override
            protected void engineUpdate(byte[] bytes, int from, int length) {
                throw new UnsupportedOperationException();
            }

            @Override
            protected byte[] engineSign() {
                throw new UnsupportedOperationException();
            }

            @Override
            protected boolean engineVerify(byte[] signature) {
                throw new UnsupportedOperationException();
            }

            @Override
            protected void engineSetParameter(String name, Object value) {
                throw new UnsupportedOperationException();
            }

            @Override
            protected Object engineGetParameter(String name) {
                throw new UnsupportedOperationException();
            }
        }
    }
}
