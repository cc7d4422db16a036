package dev.tenpayroutes.config;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.hibernate.validator.constraints.time.DurationMax;
import org.jspecify.annotations.Nullable;

/**
 * Every assumption about names and layouts of Tenpay's signatures, as data: who has Tenpay's private API reference
 * changes these settings, never Java. docs/tenpay-assumptions.md says how to check each. A line break may be written as
 * the two characters {@code \\n}, as in an environment variable.
 *
 * @param scheme name in front of the Authorization header's parameters
 * @param authorization layout of the parameters, of {@code {mchid} {nonce} {signature} {timestamp} {serial}}
 * @param requestToSign layout of the text signed for a call, of {@code {method} {path} {timestamp} {nonce} {body}}
 * @param answerToVerify layout of the text verified for a response or a notification, of
 *     {@code {timestamp} {nonce} {body}}
 * @param timestampHeader header with the signature's seconds since 1970
 * @param nonceHeader header with the signature's nonce
 * @param serialHeader header with the platform certificate's serial
 * @param signatureHeader header with the signature, base64
 * @param requestIdHeader header of a response with Tenpay's own id of it, kept in history
 * @param freshness how far a signature's timestamp may differ from our clock, either way; at most 1h
 */
public record SignatureProperties(
        @NotBlank String scheme,

        @NotBlank @Layout({"mchid", "nonce", "signature", "timestamp", "serial"})
        String authorization,

        @NotBlank @Layout({"method", "path", "timestamp", "nonce", BODY})
        String requestToSign,

        @NotBlank @Layout({"timestamp", "nonce", BODY}) String answerToVerify,
        @NotBlank String timestampHeader,
        @NotBlank String nonceHeader,
        @NotBlank String serialHeader,
        @NotBlank String signatureHeader,
        @NotBlank String requestIdHeader,

        @NotNull @DurationMax(hours = 1, message = "is longer than 1h. Remedy: set this machine's clock by NTP instead")
        Duration freshness) {

    /** The most that {@code freshness} may be: {@code signature-purge.sql} keeps used signatures for twice as long. */
    public static final Duration LONGEST_FRESHNESS = Duration.ofHours(1);

    static final String BODY = "body";

    public SignatureProperties {
        requestToSign = lines(requestToSign);
        answerToVerify = lines(answerToVerify);
    }

    private static @Nullable String lines(@Nullable String layout) {
        return layout == null ? null : layout.replace("\\n", "\n");
    }

    /**
     * Where an answer or a notification says how it was signed. Every part may be missing: that is for
     * the verifier to refuse.
     */
    public record SignatureHeaders(
            @Nullable String timestamp,
            @Nullable String nonce,
            @Nullable String serial,
            @Nullable String signature) {}

    public byte[] requestText(String method, String path, String timestamp, String nonce, byte[] body) {
        return fill(
                requestToSign, Map.of("method", method, "path", path, "timestamp", timestamp, "nonce", nonce), body);
    }

    public byte[] answerText(String timestamp, String nonce, byte[] body) {
        return fill(answerToVerify, Map.of("timestamp", timestamp, "nonce", nonce), body);
    }

    public String authorizationHeader(String mchid, String nonce, String signature, String timestamp, String serial) {
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
        int at = layout.indexOf("{body}");
        byte[] before = replace(layout.substring(0, at), values).getBytes(StandardCharsets.UTF_8);
        byte[] after = replace(layout.substring(at + "{body}".length()), values).getBytes(StandardCharsets.UTF_8);
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
            String value = values.get(layout.substring(open + 1, close));
            text.append(layout, from, open).append(value);
            from = close + 1;
        }
        return text.append(layout, from, layout.length()).toString();
    }
}
