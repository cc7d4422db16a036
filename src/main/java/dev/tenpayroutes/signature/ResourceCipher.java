package dev.tenpayroutes.signature;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Opens the encrypted resource of a notification (W3): AES-256-GCM with the account's API key, by the JDK.
 *
 * <p>Gives the plain bytes only when the authentication tag fits ciphertext, nonce and associated data; anything else
 * is a {@link GeneralSecurityException}. Safe for use by many threads.
 */
public final class ResourceCipher {

    private static final String ALGORITHM = "AES/GCM/NoPadding";
    private static final int TAG_BITS = 128;

    /** Asked for once: the search through all of them takes as long as a notification's decryption. */
    private static final Provider PROVIDER = provider();

    private final SecretKeySpec key;

    /** @param apiKey the 32 characters of the merchant portal */
    public ResourceCipher(String apiKey) {
        byte[] bytes = apiKey.getBytes(StandardCharsets.UTF_8);
        if (bytes.length != 32) {
            throw new IllegalArgumentException("an API key has 32 characters, not " + bytes.length);
        }
        this.key = new SecretKeySpec(bytes, "AES");
    }

    private static Provider provider() {
        try {
            return Cipher.getInstance(ALGORITHM).getProvider();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK lacks " + ALGORITHM, e);
        }
    }

    /** @param ciphertext base64, with the tag at its end */
    public byte[] open(String ciphertext, String nonce, String associatedData) throws GeneralSecurityException {
        try {
            Cipher cipher = Cipher.getInstance(ALGORITHM, PROVIDER);
            cipher.init(
                    Cipher.DECRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, nonce.getBytes(StandardCharsets.UTF_8)));
            cipher.updateAAD(associatedData.getBytes(StandardCharsets.UTF_8));
            return cipher.doFinal(Base64.getDecoder().decode(ciphertext));
        } catch (RuntimeException e) {
            // Not base64, an empty nonce; and some JDKs answer a ciphertext shorter than its tag in this way.
            throw new GeneralSecurityException("the ciphertext or the nonce is malformed", e);
        }
    }
}
