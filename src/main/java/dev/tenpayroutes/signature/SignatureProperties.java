package dev.tenpayroutes.signature;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The settings {@code tenpay.wire.*}: every assumption about names and layouts of W1 to W3, as data.
 *
 * <p>A person who holds Tenpay's private API reference changes these settings, never Java. The values are in
 * {@code application.yaml}; docs/tenpay-assumptions.md says how to check each.
 *
 * @param scheme name in front of the Authorization header's parameters
 * @param authorization layout of the parameters: {@code {mchid} {nonce} {signature} {timestamp} {serial}}
 * @param requestToSign layout of the text signed for a call: {@code {method} {path} {timestamp} {nonce} {body}}
 * @param answerToVerify layout of the text verified for an answer or a notification: {@code {timestamp} {nonce} {body}}
 * @param timestampHeader header that carries the seconds since 1970 of the signature
 * @param nonceHeader header that carries the nonce of the signature
 * @param serialHeader header that names the platform certificate
 * @param signatureHeader header that carries the base64 signature
 * @param freshness how far a timestamp may be from our clock, either way: at most {@link #LONGEST_FRESHNESS}
 */
@ConfigurationProperties("tenpay.wire")
public record SignatureProperties(
        String scheme,
        String authorization,
        String requestToSign,
        String answerToVerify,
        String timestampHeader,
        String nonceHeader,
        String serialHeader,
        String signatureHeader,
        Duration freshness) {

    /** The most that {@code freshness} may be: {@code signature-purge.sql} keeps used signatures for twice as long. */
    public static final Duration LONGEST_FRESHNESS = Duration.ofHours(1);

    private static final String BODY = "{body}";

    public SignatureProperties {
        for (String layout : new String[] {requestToSign, answerToVerify}) {
            if (layout.indexOf(BODY) < 0 || layout.indexOf(BODY) != layout.lastIndexOf(BODY)) {
                throw new IllegalArgumentException(
                        "tenpay.wire: a text to sign must contain {body} exactly once, but is: "
                                + layout.replace("\n", "\\n"));
            }
        }
        // Filled in once now, so that an unknown name stops the start and not the first call.
        replace(requestToSign, Map.of("method", "", "path", "", "timestamp", "", "nonce", "", "body", ""));
        replace(answerToVerify, Map.of("timestamp", "", "nonce", "", "body", ""));
        replace(authorization, Map.of("mchid", "", "nonce", "", "signature", "", "timestamp", "", "serial", ""));
        if (freshness.isNegative() || freshness.isZero()) {
            throw new IllegalArgumentException("tenpay.wire.freshness must be more than 0, but is " + freshness);
        }
        if (freshness.compareTo(LONGEST_FRESHNESS) > 0) {
            throw new IllegalArgumentException("tenpay.wire.freshness must be at most " + LONGEST_FRESHNESS
                    + ", but is " + freshness + "; set this machine's clock by NTP instead");
        }
    }

    /**
     * Where an answer or a notification says how it was signed. Every part may be missing: that is for
     * {@link SignatureVerifier} to refuse.
     */
    public record SignatureHeaders(
            @Nullable String timestamp,
            @Nullable String nonce,
            @Nullable String serial,
            @Nullable String signature) {}

    byte[] requestText(String method, String path, String timestamp, String nonce, byte[] body) {
        return fill(
                requestToSign, Map.of("method", method, "path", path, "timestamp", timestamp, "nonce", nonce), body);
    }

    byte[] answerText(String timestamp, String nonce, byte[] body) {
        return fill(answerToVerify, Map.of("timestamp", timestamp, "nonce", nonce), body);
    }

    String authorizationHeader(String mchid, String nonce, String signature, String timestamp, String serial) {
        return scheme + " "
                + replace(
                        authorization,
                        Map.of(
                                "mchid", mchid,
                                "nonce", nonce,
                                "signature", signature,
                                "timestamp", timestamp,
                                "serial", serial));
    }

    /** The body goes in as bytes: turned into text and back, some bytes would no longer be the ones that were sent. */
    private static byte[] fill(String layout, Map<String, String> values, byte[] body) {
        int at = layout.indexOf(BODY);
        byte[] before = replace(layout.substring(0, at), values).getBytes(StandardCharsets.UTF_8);
        byte[] after = replace(layout.substring(at + BODY.length()), values).getBytes(StandardCharsets.UTF_8);
        byte[] text = new byte[before.length + body.length + after.length];
        System.arraycopy(before, 0, text, 0, before.length);
        System.arraycopy(body, 0, text, before.length, body.length);
        System.arraycopy(after, 0, text, before.length + body.length, after.length);
        return text;
    }

    /** One pass over the layout, so that a value which contains braces is never taken for a name. */
    private static String replace(String layout, Map<String, String> values) {
        StringBuilder text = new StringBuilder(layout.length() + 64);
        int from = 0;
        for (int open = layout.indexOf('{'); open >= 0; open = layout.indexOf('{', from)) {
            int close = layout.indexOf('}', open);
            String value = close < 0 ? null : values.get(layout.substring(open + 1, close));
            if (value == null) {
                throw new IllegalArgumentException("tenpay.wire: unknown name in " + layout.replace("\n", "\\n")
                        + "; known here: " + values.keySet());
            }
            text.append(layout, from, open).append(value);
            from = close + 1;
        }
        return text.append(layout, from, layout.length()).toString();
    }
}
