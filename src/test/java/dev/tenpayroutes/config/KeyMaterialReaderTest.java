package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tenpayroutes.config.KeyMaterialReader.UnreadableException;
import dev.tenpayroutes.signature.OpenSsl;
import dev.tenpayroutes.signature.SerialNumber;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every file here is made by the openssl command line, as a merchant makes it. */
class KeyMaterialReaderTest {

    private static final String PASSWORD = "correct horse battery";
    private static final String WRONG_PASSWORD =
            "can't be decrypted: the private-key-password is wrong or the file is damaged";
    private static final String WRONG_STORE_PASSWORD =
            "can't be opened as PKCS#12: the private-key-password is wrong, or the file is damaged";
    private static final String ENCRYPTED = "is encrypted, and no private-key-password is set";

    @TempDir
    private static Path folder;

    private static byte[] key;

    @BeforeAll
    static void asAMerchantWould() throws IOException {
        OpenSsl openssl = new OpenSsl(folder);
        String pass = "pass:" + PASSWORD;
        openssl.run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "pkcs8.pem");
        openssl.run("rsa", "-in", "pkcs8.pem", "-traditional", "-out", "pkcs1.pem");
        openssl.run("pkcs8", "-topk8", "-in", "pkcs8.pem", "-passout", pass, "-out", "pkcs8-encrypted.pem");
        Files.writeString(folder.resolve("password"), "pässwörd 電池\n");
        openssl.run(
                "pkcs8", "-topk8", "-in", "pkcs8.pem", "-passout", "file:password", "-out", "pkcs8-other-password.pem");
        openssl.run("rsa", "-in", "pkcs8.pem", "-aes256", "-traditional", "-passout", pass, "-out", "pkcs1-aes.pem");
        openssl.run("rsa", "-in", "pkcs8.pem", "-des3", "-traditional", "-passout", pass, "-out", "pkcs1-des3.pem");
        openssl.run("req", "-x509", "-key", "pkcs8.pem", "-subj", "/CN=M", "-set_serial", "0xAB12", "-out", "crt.pem");
        openssl.run(
                "pkcs12", "-export", "-inkey", "pkcs8.pem", "-in", "crt.pem", "-passout", pass, "-out", "store.p12");
        openssl.run(
                "pkcs12", "-export", "-inkey", "pkcs8.pem", "-in", "crt.pem", "-passout", "pass:", "-out", "open.p12");
        openssl.run("pkcs12", "-export", "-nokeys", "-in", "crt.pem", "-passout", pass, "-out", "nokey.p12");
        openssl.run("pkcs8", "-topk8", "-nocrypt", "-in", "pkcs8.pem", "-outform", "DER", "-out", "pkcs8.der");
        openssl.run("x509", "-in", "crt.pem", "-outform", "DER", "-out", "crt.der");
        openssl.run("req", "-new", "-key", "pkcs8.pem", "-subj", "/CN=M", "-out", "csr.pem");
        openssl.run(
                "pkcs12",
                "-export",
                "-legacy",
                "-inkey",
                "pkcs8.pem",
                "-in",
                "crt.pem",
                "-passout",
                pass,
                "-out",
                "old.p12");
        openssl.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ec.pem");
        openssl.run("ecparam", "-name", "prime256v1", "-genkey", "-out", "ec-parameters.pem");
        openssl.run("genpkey", "-algorithm", "ED25519", "-out", "ed25519.pem");
        openssl.run("pkey", "-in", "pkcs8.pem", "-pubout", "-out", "public.pem");
        key = Base64.getMimeDecoder()
                .decode(Files.readString(folder.resolve("pkcs8.pem")).replaceAll("-----[A-Z ]+-----", ""));
        Files.write(
                folder.resolve("both.pem"),
                (Files.readString(folder.resolve("crt.pem")) + Files.readString(folder.resolve("pkcs8.pem")))
                        .getBytes());
        Files.writeString(
                folder.resolve("crlf.pem"),
                Files.readString(folder.resolve("pkcs8.pem")).replace("\n", "\r\n"));
        Files.writeString(folder.resolve("bom.pem"), "\uFEFF" + Files.readString(folder.resolve("pkcs8.pem")));
        Files.writeString(
                folder.resolve("noted.pem"),
                "Bag Attributes\n    localKeyID: 01\n" + Files.readString(folder.resolve("pkcs8.pem")));
        Files.writeString(folder.resolve("garbage"), "not a key at all\n");
        Files.write(folder.resolve("binary"), new byte[] {0x7f, 'E', 'L', 'F', 0, (byte) 0xff});
        Files.write(folder.resolve("der-garbage"), new byte[] {0x30, (byte) 0x82, 1, 2, 3});
        Files.createFile(folder.resolve("empty"));
        Files.createDirectory(folder.resolve("directory"));
        cut("pkcs8.pem", "pkcs8-cut.pem");
        cut("pkcs1-aes.pem", "pkcs1-aes-cut.pem");
        cut("crt.pem", "crt-cut.pem");
        byte[] store = Files.readAllBytes(folder.resolve("store.p12"));
        Files.write(folder.resolve("store-cut.p12"), java.util.Arrays.copyOf(store, store.length / 2));
        Files.writeString(
                folder.resolve("pkcs8-letters.pem"),
                Files.readString(folder.resolve("pkcs8.pem")).replace("A", "*"));
    }

    /** Half of a file's lines are lost, as by a copy from a terminal. */
    private static void cut(String from, String to) throws IOException {
        var lines = Files.readAllLines(folder.resolve(from));
        var rest = new java.util.ArrayList<>(lines.subList(0, lines.size() / 2));
        rest.add(lines.get(lines.size() - 1));
        Files.write(folder.resolve(to), rest);
    }

    private static byte[] privateKey(String file, @Nullable String password) throws UnreadableException {
        return KeyMaterialReader.privateKey(KeyMaterialReader.content(folder.resolve(file)), password);
    }

    private static X509Certificate certificate(String file, @Nullable String password) throws UnreadableException {
        return KeyMaterialReader.merchantCertificates(KeyMaterialReader.content(folder.resolve(file)), password)
                .get(0);
    }

    private static void refused(ThrowingCallable reading, String message) throws IOException {
        UnreadableException refusal = catchThrowableOfType(UnreadableException.class, reading);
        assertThat(refusal).as("read").isNotNull();
        assertThat(refusal).hasMessage(message).hasNoCause().hasNoSuppressedExceptions();
        carriesNoSecret(refusal.getMessage());
    }

    private static void carriesNoSecret(String message) throws IOException {
        assertThat(message).doesNotContain(PASSWORD);
        for (String line : Files.readAllLines(folder.resolve("pkcs8.pem"))) {
            assertThat(message).doesNotContain(line);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "pkcs8.pem,",
        "pkcs1.pem,",
        "both.pem,",
        "crlf.pem,",
        "bom.pem,",
        "noted.pem,",
        "pkcs8-encrypted.pem,correct horse battery",
        "pkcs1-aes.pem,correct horse battery",
        "pkcs1-des3.pem,correct horse battery",
        "store.p12,correct horse battery",
        "old.p12,correct horse battery",
        "open.p12,",
    })
    void everyFormHoldsTheSameKey(String file, @Nullable String password) throws Exception {
        assertThat(privateKey(file, password)).isEqualTo(key);
    }

    @ParameterizedTest
    @CsvSource({"pkcs8.pem", "pkcs1.pem"})
    void aPasswordThatIsNotNeededDoesNoHarm(String file) throws Exception {
        assertThat(privateKey(file, PASSWORD)).isEqualTo(key);
    }

    @ParameterizedTest
    @CsvSource({
        "crt.pem,",
        "both.pem,",
        "store.p12,correct horse battery",
        "old.p12,correct horse battery",
        "open.p12,",
    })
    void everyFormHoldsTheSameCertificate(String file, @Nullable String password) throws Exception {
        var certificate = certificate(file, password);
        assertThat(SerialNumber.of(certificate)).isEqualTo("AB12");
        assertThat(certificate.getPublicKey().getEncoded()).isEqualTo(KeyMaterialReader.publicKeyOf(key));
    }

    static Stream<Arguments> unreadableKeys() {
        String der = "is a binary file, and not PKCS#12: convert it to PEM";
        String nothing = "is not a PEM or PKCS#12 file";
        String damaged = "is not a well-formed PEM file";
        return Stream.of(
                arguments("pkcs8-encrypted.pem", "wrong", WRONG_PASSWORD),
                arguments("pkcs1-aes.pem", "wrong", WRONG_PASSWORD),
                arguments("pkcs1-des3.pem", "wrong", WRONG_PASSWORD),
                arguments("store.p12", "wrong", WRONG_STORE_PASSWORD),
                arguments("pkcs8-encrypted.pem", null, ENCRYPTED),
                arguments("pkcs8-encrypted.pem", "", ENCRYPTED),
                arguments("pkcs1-aes.pem", null, ENCRYPTED),
                arguments("pkcs1-aes.pem", "", ENCRYPTED),
                arguments("store.p12", null, WRONG_STORE_PASSWORD),
                arguments("store.p12", "", WRONG_STORE_PASSWORD),
                arguments("crt.pem", null, "holds a certificate and no private key"),
                arguments("public.pem", null, "holds a public key and no private key"),
                arguments("csr.pem", null, "holds no private key"),
                arguments("nokey.p12", PASSWORD, "holds no private key with its certificate"),
                arguments("pkcs8.der", null, der),
                arguments("crt.der", null, der),
                arguments("der-garbage", null, der),
                arguments("garbage", null, nothing),
                arguments("binary", null, nothing),
                arguments("empty", null, nothing),
                arguments("pkcs8-cut.pem", null, damaged),
                arguments("pkcs8-letters.pem", null, damaged),
                arguments("pkcs1-aes-cut.pem", PASSWORD, WRONG_PASSWORD),
                arguments("store-cut.p12", PASSWORD, WRONG_STORE_PASSWORD));
    }

    @ParameterizedTest
    @MethodSource("unreadableKeys")
    void refusesUnreadableKeyWithItsReason(String file, @Nullable String password, String problem) throws Exception {
        refused(() -> privateKey(file, password), problem);
    }

    static Stream<Arguments> unreadableCertificates() {
        return Stream.of(
                arguments("store.p12", "wrong", WRONG_STORE_PASSWORD),
                arguments("garbage", null, "holds no certificate"),
                arguments("binary", null, "holds no certificate"),
                arguments("empty", null, "holds no certificate"),
                arguments("pkcs8.pem", null, "holds no certificate"),
                arguments("crt-cut.pem", null, "is not a well-formed PEM file"));
    }

    @ParameterizedTest
    @MethodSource("unreadableCertificates")
    void refusesUnreadableCertificateWithItsReason(String file, @Nullable String password, String problem)
            throws Exception {
        refused(() -> certificate(file, password), problem);
    }

    @Test
    void aPasswordMayHaveAnyCharacter() throws Exception {
        assertThat(privateKey("pkcs8-other-password.pem", "pässwörd 電池")).isEqualTo(key);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ec.pem", "ec-parameters.pem", "ed25519.pem"})
    void aKeyThatIsNotRsaIsSaid(String file) throws Exception {
        byte[] other = privateKey(file, null);
        refused(() -> KeyMaterialReader.publicKeyOf(other), "holds a key that is not RSA");
    }

    @Test
    void aMissingFileIsSaid() throws Exception {
        Path missing = folder.resolve("missing.pem");
        refused(() -> KeyMaterialReader.content(missing), "names a file that does not exist: " + missing);
    }

    @Test
    void aDirectoryIsSaid() throws Exception {
        Path directory = folder.resolve("directory");
        refused(() -> KeyMaterialReader.content(directory), "names something that is not a file: " + directory);
    }

    @Test
    void aFileThatIsFarTooLargeIsSaid() throws Exception {
        Path large = Files.write(folder.resolve("large.pem"), new byte[1024 * 1024 + 1]);
        refused(
                () -> KeyMaterialReader.content(large),
                "names a file that is too large for a key or a certificate: " + large);
    }

    @Test
    void theKeyItselfWhereItsFileIsWantedIsNeverRepeated() throws Exception {
        String pem = Files.readString(folder.resolve("pkcs8.pem"));
        String lines = pem.replaceAll("-----.*-----", "").strip();
        for (String pasted : List.of(pem, lines.substring(0, 200), lines.replace("\n", ""))) {
            UnreadableException refusal =
                    catchThrowableOfType(UnreadableException.class, () -> KeyMaterialReader.named(pasted));
            assertThat(refusal).hasMessage("holds the text itself, where the name of its file is wanted");
        }
    }
}
