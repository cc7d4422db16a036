package dev.tenpayroutes.signature;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.wechat.pay.java.core.cipher.RSAVerifier;
import dev.tenpayroutes.signature.RequestSigner.Credential;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequestSignerTest {

    private static final String SERIAL = "5157F09EFDC096DE15EBE81A47057A72";
    private static final String PATH = "/api/payment/v1/checkout-pay";
    private static final String BODY = "{\"merchant_id\":\"2480000001\",\"description\":\"拿铁 2 杯\"}";
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-23T08:00:00.999Z"), ZoneOffset.UTC);
    private static final SecureRandom COUNTING = new SecureRandom() {
        @Override
        public void nextBytes(byte[] bytes) {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) i;
            }
        }
    };

    private final Rsa rsa = Rsa.fastest();
    private final Credential credential;

    RequestSignerTest() throws GeneralSecurityException {
        credential = new Credential(
                "2480000001",
                SERIAL,
                rsa.privateKey(KeyFixture.MERCHANT.getPrivate().getEncoded()));
    }

    private String authorization(SecureRandom random, String path, byte[] body) throws GeneralSecurityException {
        return new RequestSigner(SignaturePropertiesFixture.shipped(), rsa, CLOCK, random)
                .authorization(credential, "POST", path, body);
    }

    private static String part(String authorization, String name) {
        Matcher matcher = Pattern.compile("[ ,]" + name + "=\"([^\"]*)\"").matcher(authorization);
        assertThat(matcher.find()).as(name).isTrue();
        return matcher.group(1);
    }

    /** What openssl says about the merchant's signature over exactly these bytes. */
    private static void opensslVerifies(Path folder, String signature, byte[] text) throws IOException {
        String key = "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder()
                        .encodeToString(KeyFixture.MERCHANT.getPublic().getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
        Files.writeString(folder.resolve("public.pem"), key);
        Files.write(folder.resolve("signature"), Base64.getDecoder().decode(signature));
        Files.write(folder.resolve("text"), text);
        assertThat(new OpenSsl(folder)
                        .run("dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "text"))
                .isEqualTo("Verified OK\n");
    }

    @Test
    void theHeaderIsTheDocumentedOneToTheLastCharacter() throws Exception {
        String authorization = authorization(COUNTING, PATH, BODY.getBytes(UTF_8));
        assertThat(authorization)
                .isEqualTo("WECHATPAY2-SHA256-RSA2048 mchid=\"2480000001\","
                        + "nonce_str=\"000102030405060708090a0b0c0d0e0f\","
                        + "signature=\"" + part(authorization, "signature") + "\","
                        + "timestamp=\"1795420800\","
                        + "serial_no=\"5157F09EFDC096DE15EBE81A47057A72\"");
    }

    @Test
    void theOfficialSdkVerifiesTheDocumentedText() throws Exception {
        String signature = part(authorization(COUNTING, PATH, BODY.getBytes(UTF_8)), "signature");
        String text = "POST\n"
                + "/api/payment/v1/checkout-pay\n"
                + "1795420800\n"
                + "000102030405060708090a0b0c0d0e0f\n"
                + "{\"merchant_id\":\"2480000001\",\"description\":\"拿铁 2 杯\"}\n";
        RSAVerifier sdk = new RSAVerifier(KeyFixture.MERCHANT.getPublic(), SERIAL);
        assertThat(sdk.verify(SERIAL, text, signature)).isTrue();
        assertThat(sdk.verify(SERIAL, text.stripTrailing(), signature)).isFalse();
    }

    @Test
    void opensslVerifiesTheDocumentedText(@TempDir Path folder) throws Exception {
        String signature = part(authorization(COUNTING, PATH, BODY.getBytes(UTF_8)), "signature");
        String text = "POST\n"
                + "/api/payment/v1/checkout-pay\n"
                + "1795420800\n"
                + "000102030405060708090a0b0c0d0e0f\n"
                + "{\"merchant_id\":\"2480000001\",\"description\":\"拿铁 2 杯\"}\n";
        opensslVerifies(folder, signature, text.getBytes(UTF_8));
    }

    @Test
    void aQueryIsSignedWithThePath(@TempDir Path folder) throws Exception {
        String signature = part(authorization(COUNTING, PATH + "?mch_region=SG&note=a%20b", new byte[0]), "signature");
        String text = "POST\n"
                + "/api/payment/v1/checkout-pay?mch_region=SG&note=a%20b\n"
                + "1795420800\n"
                + "000102030405060708090a0b0c0d0e0f\n"
                + "\n";
        opensslVerifies(folder, signature, text.getBytes(UTF_8));
    }

    @Test
    void bytesThatAreNotUtf8AreSignedAsTheyAre(@TempDir Path folder) throws Exception {
        byte[] body = {'{', (byte) 0xff, (byte) 0xfe, 0, (byte) 0xc3, '\r', '\n', '}'};
        String signature = part(authorization(COUNTING, PATH, body), "signature");
        String text = "POST\n"
                + "/api/payment/v1/checkout-pay\n"
                + "1795420800\n"
                + "000102030405060708090a0b0c0d0e0f\n"
                + "{\u00ff\u00fe\u0000\u00c3\r\n}\n";
        opensslVerifies(folder, signature, text.getBytes(ISO_8859_1));
    }

    @Test
    void bracesInABodyAreNotTakenForNames(@TempDir Path folder) throws Exception {
        String signature = part(authorization(COUNTING, PATH, "{nonce}{body}".getBytes(UTF_8)), "signature");
        String text = "POST\n"
                + "/api/payment/v1/checkout-pay\n"
                + "1795420800\n"
                + "000102030405060708090a0b0c0d0e0f\n"
                + "{nonce}{body}\n";
        opensslVerifies(folder, signature, text.getBytes(UTF_8));
    }

    @Test
    void everyCallHasAFreshNonceOf32HexCharacters() throws Exception {
        RequestSigner signer = new RequestSigner(SignaturePropertiesFixture.shipped(), rsa, CLOCK, new SecureRandom());
        Set<String> nonces = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            String nonce = part(signer.authorization(credential, "POST", PATH, BODY.getBytes(UTF_8)), "nonce_str");
            assertThat(nonce).matches("[0-9a-f]{32}");
            nonces.add(nonce);
        }
        assertThat(nonces).hasSize(50);
    }

    @Test
    void aCredentialNeverShowsItsKey() {
        assertThat(credential.toString())
                .isEqualTo("Credential[merchantId=2480000001, serial=5157F09EFDC096DE15EBE81A47057A72, key=***]");
    }
}
