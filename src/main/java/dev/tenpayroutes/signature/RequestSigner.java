package dev.tenpayroutes.signature;

import dev.tenpayroutes.config.SignatureProperties;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HexFormat;

/**
 * Makes the Authorization header of a call (W1): the signature covers exactly the bytes that are sent.
 *
 * <p>Safe for use by many threads. Source: shared page W1, assumed from WeChat Pay APIv3; names and layouts come from
 * {@link SignatureProperties}.
 */
public final class RequestSigner {

    private static final int NONCE_BYTES = 16;

    private final SignatureProperties wire;
    private final Rsa rsa;
    private final Clock clock;
    private final SecureRandom random;

    public RequestSigner(SignatureProperties wire, Rsa rsa, Clock clock, SecureRandom random) {
        this.wire = wire;
        this.rsa = rsa;
        this.clock = clock;
        this.random = random;
    }

    /**
     * Who signs.
     *
     * @param merchantId the merchant's number at Tenpay
     * @param serial serial number of the merchant certificate, upper-case hex
     * @param key the merchant's private key
     */
    public record Credential(String merchantId, String serial, PrivateKey key) {
        @Override
        public String toString() {
            return "Credential[merchantId=" + merchantId + ", serial=" + serial + ", key=***]";
        }
    }

    /**
     * @param method HTTP method, upper case
     * @param path path of the URL with its query, as on the request line
     * @param body the exact bytes that will be sent
     * @return the value of the Authorization header; each call has a fresh nonce
     */
    public String authorization(Credential credential, String method, String path, byte[] body)
            throws GeneralSecurityException {
        byte[] nonceBytes = new byte[NONCE_BYTES];
        random.nextBytes(nonceBytes);
        String nonce = HexFormat.of().formatHex(nonceBytes);
        String timestamp = Long.toString(clock.instant().getEpochSecond());
        String signature = rsa.sign(credential.key(), wire.requestText(method, path, timestamp, nonce, body));
        return wire.authorizationHeader(credential.merchantId(), nonce, signature, timestamp, credential.serial());
    }
}
