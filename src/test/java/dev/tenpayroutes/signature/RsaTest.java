package dev.tenpayroutes.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RsaTest {

    private static final byte[] TEXT = "POST\n/api/payment/v1/refund\n".getBytes(UTF_8);

    static Rsa[] providers() {
        return new Rsa[] {Rsa.fastest(), Rsa.jdk()};
    }

    private static String sign(Rsa rsa) throws GeneralSecurityException {
        return rsa.sign(rsa.privateKey(KeyFixture.MERCHANT.getPrivate().getEncoded()), TEXT);
    }

    private static boolean verify(Rsa rsa, byte[] text, String signature) throws GeneralSecurityException {
        return rsa.verify(
                rsa.publicKey(KeyFixture.MERCHANT.getPublic().getEncoded()),
                text,
                Base64.getDecoder().decode(signature));
    }

    @Test
    void bothProvidersGiveTheSameSignature() throws Exception {
        assertThat(sign(Rsa.fastest())).isEqualTo(sign(Rsa.jdk())).hasSize(344);
    }

    @Test
    void bothProvidersVerifyWhatTheOtherSigned() throws Exception {
        assertThat(verify(Rsa.fastest(), TEXT, sign(Rsa.jdk()))).isTrue();
        assertThat(verify(Rsa.jdk(), TEXT, sign(Rsa.fastest()))).isTrue();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void noProviderVerifiesAnotherText(Rsa rsa) throws Exception {
        assertThat(verify(rsa, "POST\n/api/payment/v1/refunds\n".getBytes(UTF_8), sign(rsa)))
                .isFalse();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void aKeyThatIsNotRsaIsRefused(Rsa rsa) throws Exception {
        var keys = KeyPairGenerator.getInstance("EC").generateKeyPair();
        assertThatThrownBy(() -> rsa.publicKey(keys.getPublic().getEncoded()))
                .isInstanceOf(GeneralSecurityException.class);
        assertThatThrownBy(() -> rsa.privateKey(keys.getPrivate().getEncoded()))
                .isInstanceOf(GeneralSecurityException.class);
    }

    @Test
    void theProvidersAreNamedInTheLog() {
        assertThat(Rsa.jdk()).hasToString("SunRsaSign");
        assertThat(Rsa.fastest().toString()).isIn("AmazonCorrettoCryptoProvider", "SunRsaSign");
    }
}
