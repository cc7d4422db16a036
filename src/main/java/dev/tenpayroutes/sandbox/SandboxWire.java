package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Tenpay's side of the wire: only a request signed by the merchant over exactly these bytes, fresh and for the first
 * time, passes (W1); every byte sent is signed by the platform key (W2), notifications are encrypted on demand (W3).
 *
 * <p>Written from the wire page alone, with nothing of the program's own signing code, so that a mistake there meets a
 * second opinion here. Safe for use by many threads.
 */
final class SandboxWire {

    static final JsonMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();

    private static final Duration FRESHNESS = Duration.ofSeconds(300);
    private static final String SCHEME = "WECHATPAY2-SHA256-RSA2048 ";
    private static final Set<String> FIELDS = Set.of("mchid", "nonce_str", "signature", "timestamp", "serial_no");
    private static final Pattern FIELD = Pattern.compile("([a-z_]+)=\"([^\"]*)\"(,|$)");
    /** 16 bytes are 32 characters of hex. Other letters pass: the relative's own SDK uses them. */
    private static final Pattern NONCE = Pattern.compile("[0-9A-Za-z]{32,128}");

    private static final Pattern TIMESTAMP = Pattern.compile("[0-9]{1,12}");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ssXXX").withZone(ZoneOffset.ofHours(8));

    private final PublicKey merchantKey;
    private final String merchantSerial;
    private final PrivateKey platformKey;
    private final String platformSerial;
    private final SecretKeySpec apiKey;
    private final Clock clock;
    private final SecureRandom random;
    private final Set<String> nonces = new HashSet<>();
    private final Deque<SpentNonce> noncesByAge = new ArrayDeque<>();

    /** The four headers of W2. */
    record SignatureHeaders(String timestamp, String nonce, String serial, String signature) {

        Map<String, String> headers() {
            return Map.of(
                    "Wechatpay-Timestamp", timestamp,
                    "Wechatpay-Nonce", nonce,
                    "Wechatpay-Serial", serial,
                    "Wechatpay-Signature", signature);
        }
    }

    private record SpentNonce(String nonce, Instant at) {}

    SandboxWire(SandboxFolder folder, Clock clock, SecureRandom random) {
        this.merchantKey = folder.merchantCertificate().getPublicKey();
        this.merchantSerial = serial(folder.merchantCertificate());
        this.platformKey = folder.platformKey();
        this.platformSerial = serial(folder.platformCertificate());
        this.apiKey = new SecretKeySpec(folder.apiKey().getBytes(StandardCharsets.US_ASCII), "AES");
        this.clock = clock;
        this.random = random;
    }

    /** The only way a time is written on the wire: RFC 3339, whole seconds, China's offset. */
    static String time(Instant instant) {
        return TIME.format(instant);
    }

    static byte[] bytes(JsonNode json) {
        try {
            return JSON.writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Checks a request as W1 says.
     *
     * @param target path and query exactly as received, undecoded
     * @param authorization the header's value, null when it is missing
     * @throws TenpayApiException 401 SIGN_ERROR, whatever is wrong
     */
    void verify(String method, String target, @Nullable String authorization, byte[] body) {
        Map<String, String> fields = fields(authorization);
        check(SandboxLedger.MERCHANT_ID.equals(fields.get("mchid")), "mchid isn't a merchant's");
        check(isSame(merchantSerial, fields.get("serial_no")), "serial_no isn't the merchant certificate's");
        String timestamp = fields.getOrDefault("timestamp", "");
        check(TIMESTAMP.matcher(timestamp).matches(), "timestamp isn't a number of seconds");
        String nonce = fields.getOrDefault("nonce_str", "");
        check(NONCE.matcher(nonce).matches(), "nonce_str isn't 32 or more letters and digits");
        Instant now = clock.instant();
        // Whole seconds on both sides: 300 still passes.
        long age = Math.abs(now.getEpochSecond() - Long.parseLong(timestamp));
        check(age <= FRESHNESS.toSeconds(), "timestamp is more than 300 s from now");
        byte[] signed = join(method + "\n" + target + "\n" + timestamp + "\n" + nonce + "\n", body);
        check(isSignedByMerchant(signed, fields.getOrDefault("signature", "")), "signature doesn't fit the bytes");
        // Only a verified request spends its nonce.
        check(spend(nonce, now), "nonce_str was used before");
    }

    /** Signs an answer or a notification with the time now. */
    SignatureHeaders seal(byte[] body) {
        return seal(body, clock.instant());
    }

    /** Signs as if it were another time. */
    SignatureHeaders seal(byte[] body, Instant at) {
        String timestamp = Long.toString(at.getEpochSecond());
        String nonce = hex(16);
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(platformKey);
            signature.update(join(timestamp + "\n" + nonce + "\n", body));
            return new SignatureHeaders(
                    timestamp, nonce, platformSerial, Base64.getEncoder().encodeToString(signature.sign()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The encrypted form of W3's resource, under a nonce of its own each time. */
    ObjectNode encrypt(byte[] plain, String associatedData) {
        // The nonce is 12 bytes and travels as text: base64 of 9 random bytes is exactly that.
        byte[] seed = new byte[9];
        random.nextBytes(seed);
        String nonce = Base64.getEncoder().encodeToString(seed);
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(
                    Cipher.ENCRYPT_MODE, apiKey, new GCMParameterSpec(128, nonce.getBytes(StandardCharsets.US_ASCII)));
            cipher.updateAAD(associatedData.getBytes(StandardCharsets.US_ASCII));
            return JSON.createObjectNode()
                    .put("algorithm", "AEAD_AES_256_GCM")
                    .put("ciphertext", Base64.getEncoder().encodeToString(cipher.doFinal(plain)))
                    .put("nonce", nonce)
                    .put("associated_data", associatedData);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private String hex(int bytes) {
        byte[] value = new byte[bytes];
        random.nextBytes(value);
        return HexFormat.of().formatHex(value);
    }

    private static Map<String, String> fields(@Nullable String authorization) {
        check(authorization != null, "the Authorization header is missing");
        check(authorization != null && authorization.startsWith(SCHEME), "the scheme isn't " + SCHEME.strip());
        String list = String.valueOf(authorization).substring(SCHEME.length());
        Map<String, String> fields = new HashMap<>();
        Matcher field = FIELD.matcher(list);
        int end = 0;
        while (end < list.length() && field.find(end) && field.start() == end) {
            check(fields.put(field.group(1), field.group(2)) == null, "a field is there twice");
            end = field.end();
        }
        check(
                end == list.length() && !list.endsWith(",") && fields.keySet().equals(FIELDS),
                "the fields aren't exactly mchid, nonce_str, signature, timestamp, serial_no");
        return fields;
    }

    private boolean isSignedByMerchant(byte[] signed, String base64) {
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initVerify(merchantKey);
            signature.update(signed);
            return signature.verify(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException | SignatureException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A timestamp may lie 300 s ahead, so its nonce counts for twice that. */
    private boolean spend(String nonce, Instant now) {
        synchronized (nonces) {
            Instant horizon = now.minus(FRESHNESS.multipliedBy(2)).minusSeconds(1);
            while (!noncesByAge.isEmpty() && noncesByAge.element().at().isBefore(horizon)) {
                nonces.remove(noncesByAge.remove().nonce());
            }
            if (!nonces.add(nonce)) {
                return false;
            }
            noncesByAge.add(new SpentNonce(nonce, now));
            return true;
        }
    }

    private static void check(boolean good, String complaint) {
        if (!good) {
            throw new TenpayApiException(401, "SIGN_ERROR", complaint);
        }
    }

    private static byte[] join(String head, byte[] body) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(head.getBytes(StandardCharsets.UTF_8));
        bytes.writeBytes(body);
        bytes.write('\n');
        return bytes.toByteArray();
    }

    /** By number, whatever the case and the leading zeros. */
    private static boolean isSame(String serial, @Nullable String given) {
        return given != null
                && given.matches("[0-9A-Fa-f]{1,80}")
                && new BigInteger(serial, 16).equals(new BigInteger(given, 16));
    }

    private static String serial(X509Certificate certificate) {
        BigInteger serial = certificate.getSerialNumber();
        String hex = serial.toString(16).toUpperCase(Locale.ROOT);
        return hex.length() % 2 == 0 ? hex : "0" + hex;
    }
}
