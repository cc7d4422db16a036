package dev.tenpayroutes.signature;

import dev.tenpayroutes.config.SignatureProperties;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether bytes came from Tenpay, fresh and unchanged (W2, W3). Answers and notifications go the same way, good
 * news and bad alike.
 *
 * <p>Returns only when the signature is Tenpay's, over exactly these bytes, at most {@link SignatureProperties#freshness()} from our
 * clock either way. Everything else is an {@link UnverifiedException}: the caller must treat the bytes as if nothing
 * had arrived. Safe for use by many threads.
 */
public final class SignatureVerifier {

    private final SignatureProperties wire;
    private final Rsa rsa;
    private final Clock clock;

    public SignatureVerifier(SignatureProperties wire, Rsa rsa, Clock clock) {
        this.wire = wire;
        this.rsa = rsa;
        this.clock = clock;
    }

    /** Not proven to be from Tenpay. The reason is fit for a log: it carries no byte of the message. */
    public static final class UnverifiedException extends Exception {
        private final Reason reason;

        public UnverifiedException(Reason reason) {
            // No stack trace: any client may post invalid notifications, and filling one in is the most expensive part.
            super(reason.text, null, false, false);
            this.reason = reason;
        }

        public Reason reason() {
            return reason;
        }
    }

    /** Why bytes weren't accepted; also the tag of the counter. */
    public enum Reason {
        MISSING("a signature header is missing or empty"),
        MALFORMED("a signature header is malformed"),
        STALE("the signature's timestamp is too far from our clock"),
        UNKNOWN_SERIAL("no platform certificate has this serial number"),
        WRONG("the signature does not match"),
        /** Found by the store, which keeps every signature for as long as it is fresh. */
        REPLAYED("the signature was used before");

        private final String text;

        Reason(String text) {
            this.text = text;
        }
    }

    private record Claim(String timestamp, String nonce, PublicKey key, byte[] signature) {}

    /** Judges what can be judged without the body: all headers there and well-formed, fresh, of a serial that is known. */
    public void verifyHeaders(SignatureProperties.SignatureHeaders headers, Function<String, Optional<PublicKey>> keys)
            throws UnverifiedException {
        claim(headers, keys);
    }

    /**
     * @param keys finds the account's platform key by serial number, upper-case hex
     * @param body the exact bytes received
     * @return what is the same whenever the same message comes again, and for no other message: the SHA-256, in hex, of the
     *     signed text. Each counts once, which the statement that applies the message sees to
     */
    public String verify(
            SignatureProperties.SignatureHeaders headers, Function<String, Optional<PublicKey>> keys, byte[] body)
            throws UnverifiedException {
        Claim claim = claim(headers, keys);
        try {
            byte[] text = wire.answerText(claim.timestamp(), claim.nonce(), body);
            if (!rsa.verify(claim.key(), text, claim.signature())) {
                throw new UnverifiedException(Reason.WRONG);
            }
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (GeneralSecurityException e) {
            throw new UnverifiedException(Reason.WRONG);
        }
    }

    private Claim claim(SignatureProperties.SignatureHeaders headers, Function<String, Optional<PublicKey>> keys)
            throws UnverifiedException {
        String timestamp = present(headers.timestamp());
        String nonce = present(headers.nonce());
        String serial = present(headers.serial());
        if (nonce.chars().anyMatch(c -> c <= ' ')) {
            // With a line break in it, two different messages would have the same signed text.
            throw new UnverifiedException(Reason.MALFORMED);
        }
        byte[] signature;
        Instant signedAt;
        try {
            signature = Rsa.decode(present(headers.signature()));
            signedAt = Instant.ofEpochSecond(epochSecond(timestamp));
        } catch (IllegalArgumentException e) {
            throw new UnverifiedException(Reason.MALFORMED);
        }
        if (Duration.between(signedAt, clock.instant()).abs().compareTo(wire.freshness()) > 0) {
            throw new UnverifiedException(Reason.STALE);
        }
        PublicKey key = keys.apply(serial.toUpperCase(java.util.Locale.ROOT))
                .orElseThrow(() -> new UnverifiedException(Reason.UNKNOWN_SERIAL));
        return new Claim(timestamp, nonce, key, signature);
    }

    private static String present(@Nullable String header) throws UnverifiedException {
        if (header == null || header.isBlank()) {
            throw new UnverifiedException(Reason.MISSING);
        }
        return header;
    }

    /** Digits only: {@link Long#parseLong} alone would also take signs and other scripts' digits. */
    private static long epochSecond(String timestamp) {
        if (timestamp.length() > 11 || !timestamp.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new IllegalArgumentException("not seconds since 1970");
        }
        return Long.parseLong(timestamp);
    }
}
