package dev.tenpayroutes.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.wechat.pay.java.core.cipher.AeadAesCipher;
import java.security.GeneralSecurityException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResourceCipherTest {

    private static final String KEY = "0123456789abcdef0123456789ABCDEF";
    private static final String NONCE = "fdasflkja484";
    private static final String ASSOCIATED = "payment";
    /** 44 bytes: with the tag 60, so that every base64 character carries six bits that count. */
    private static final String PLAIN = "{\"out_trade_no\":\"SO-2026-000123\",\"total\":1}x";

    private static final String SEALED = seal(PLAIN);

    private final ResourceCipher cipher = new ResourceCipher(KEY);

    /** By the official SDK. */
    private static String seal(String plain) {
        return new AeadAesCipher(KEY.getBytes(UTF_8))
                .encrypt(ASSOCIATED.getBytes(UTF_8), NONCE.getBytes(UTF_8), plain.getBytes(UTF_8));
    }

    private void refused(ResourceCipher cipher, String ciphertext, String nonce, String associated) {
        assertThatThrownBy(() -> cipher.open(ciphertext, nonce, associated))
                .isInstanceOf(GeneralSecurityException.class)
                .hasMessageNotContaining(KEY);
    }

    @Test
    void whatTheOfficialSdkSealsIsOpened() throws Exception {
        assertThat(new String(cipher.open(SEALED, NONCE, ASSOCIATED), UTF_8))
                .isEqualTo("{\"out_trade_no\":\"SO-2026-000123\",\"total\":1}x");
    }

    @Test
    void everyByteComesOutAsItWentIn() throws Exception {
        assertThat(cipher.open(seal("拿铁\u0000\n"), NONCE, ASSOCIATED)).isEqualTo("拿铁\u0000\n".getBytes(UTF_8));
        assertThat(cipher.open(seal(""), NONCE, ASSOCIATED)).isEmpty();
    }

    @Test
    void anotherKeyIsRefused() {
        refused(new ResourceCipher("0123456789abcdef0123456789ABCDEE"), SEALED, NONCE, ASSOCIATED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fdasflkja485", "fdasflkja48", "fdasflkja4844", ""})
    void anotherNonceIsRefused(String nonce) {
        refused(cipher, SEALED, nonce, ASSOCIATED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"refund", "Payment", "payment ", ""})
    void otherAssociatedDataIsRefused(String associated) {
        refused(cipher, SEALED, NONCE, associated);
    }

    @Test
    void anyCharacterOfTheCiphertextChangedIsRefused() {
        assertThat(SEALED).hasSize(80).doesNotContain("=");
        for (int i = 0; i < SEALED.length(); i++) {
            char other = SEALED.charAt(i) == 'A' ? 'B' : 'A';
            refused(cipher, SEALED.substring(0, i) + other + SEALED.substring(i + 1), NONCE, ASSOCIATED);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {24, 56, 76})
    void aCiphertextCutShortIsRefused(int length) {
        refused(cipher, SEALED.substring(0, length), NONCE, ASSOCIATED);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 16, 20})
    void aCiphertextShorterThanATagIsRefused(int length) {
        refused(cipher, SEALED.substring(0, length), NONCE, ASSOCIATED);
    }

    @Test
    void aCiphertextThatIsNotBase64IsRefused() {
        refused(cipher, SEALED + "!", NONCE, ASSOCIATED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0123456789abcdef0123456789ABCDE",
                "0123456789abcdef0123456789ABCDEFF",
                "0123456789abcdef",
                "0123456789abcdef0123456789ABCDE\u00e9",
                ""
            })
    void aKeyThatIsNot32BytesIsRefusedWithoutBeingRepeated(String key) {
        int bytes = key.getBytes(UTF_8).length;
        assertThatThrownBy(() -> new ResourceCipher(key))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("an API key has 32 characters, not " + bytes);
    }

    @Test
    void theCipherNeverShowsItsKey() {
        assertThat(cipher.toString()).doesNotContain(KEY.substring(0, 8));
    }
}
