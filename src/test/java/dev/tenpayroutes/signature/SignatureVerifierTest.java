package dev.tenpayroutes.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.wechat.pay.java.core.cipher.RSASigner;
import dev.tenpayroutes.config.SignatureProperties.SignatureHeaders;
import dev.tenpayroutes.signature.SignatureVerifier.Reason;
import dev.tenpayroutes.signature.SignatureVerifier.UnverifiedException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class SignatureVerifierTest {

    private static final String SERIAL = "7E2A54C1D9F0";
    private static final String TIMESTAMP = "1795420800";
    private static final String NONCE = "593BEC0C930BF1AFEB40B4A08C8FB242";
    private static final String BODY = "{\"code\":\"SUCCESS\",\"total\":1050}";
    private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");

    /** What the official SDK signs for a valid answer. */
    private static final String SIGNATURE = sign(KeyFixture.TENPAY, TIMESTAMP + "\n" + NONCE + "\n" + BODY + "\n");

    private final Rsa rsa = Rsa.fastest();

    private static String sign(KeyPair keys, String text) {
        return new RSASigner(SERIAL, keys.getPrivate()).sign(text).getSign();
    }

    private static SignatureHeaders headers(
            @Nullable String timestamp, @Nullable String nonce, @Nullable String serial, @Nullable String signature) {
        return new SignatureHeaders(timestamp, nonce, serial, signature);
    }

    private static SignatureHeaders valid() {
        return headers(TIMESTAMP, NONCE, SERIAL, SIGNATURE);
    }

    private static Function<String, Optional<PublicKey>> keys(Rsa rsa) {
        return serial -> {
            try {
                return serial.equals(SERIAL)
                        ? Optional.of(
                                rsa.publicKey(KeyFixture.TENPAY.getPublic().getEncoded()))
                        : Optional.empty();
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    private static String verify(Rsa rsa, Instant now, SignatureHeaders headers, byte[] body)
            throws UnverifiedException {
        return new SignatureVerifier(SignaturePropertiesFixture.shipped(), rsa, Clock.fixed(now, ZoneOffset.UTC))
                .verify(headers, keys(rsa), body);
    }

    private void accepted(Instant now, SignatureHeaders headers, String body) throws UnverifiedException {
        assertThat(verify(rsa, now, headers, body.getBytes(UTF_8)))
                .isEqualTo(sha256(headers.timestamp() + "\n" + headers.nonce() + "\n" + body + "\n"));
    }

    /** Of the signed text, which no other spelling of its signature changes. */
    private static String sha256(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Refused for this reason, in words that are fixed: no byte of the message can be among them. */
    private static void refused(
            Rsa rsa, Instant now, SignatureHeaders headers, byte[] body, Reason reason, String message) {
        UnverifiedException refusal =
                catchThrowableOfType(UnverifiedException.class, () -> verify(rsa, now, headers, body));
        assertThat(refusal).as("accepted: %s", headers).isNotNull();
        assertThat(refusal.reason()).isEqualTo(reason);
        assertThat(refusal).hasMessage(message).hasNoCause();
        assertThat(refusal.getStackTrace()).isEmpty();
    }

    private void refusedAsMissing(SignatureHeaders headers) {
        refused(rsa, NOW, headers, BODY.getBytes(UTF_8), Reason.MISSING, "a signature header is missing or empty");
    }

    private void refusedAsMalformed(SignatureHeaders headers) {
        refused(rsa, NOW, headers, BODY.getBytes(UTF_8), Reason.MALFORMED, "a signature header is malformed");
    }

    private void refusedAsWrong(SignatureHeaders headers, byte[] body) {
        for (Rsa provider : new Rsa[] {rsa, Rsa.jdk()}) {
            refused(provider, NOW, headers, body, Reason.WRONG, "the signature does not match");
        }
    }

    static Rsa[] providers() {
        return new Rsa[] {Rsa.fastest(), Rsa.jdk()};
    }

    @ParameterizedTest
    @MethodSource("providers")
    void whatTheOfficialSdkSignsIsAccepted(Rsa provider) throws UnverifiedException {
        assertThat(verify(provider, NOW, valid(), BODY.getBytes(UTF_8))).hasSize(64);
    }

    @Test
    void anEmptyBodyIsAcceptedWhenItIsSigned() throws UnverifiedException {
        String signature = sign(KeyFixture.TENPAY, "1795420800\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n");
        accepted(NOW, headers(TIMESTAMP, NONCE, SERIAL, signature), "");
    }

    @Test
    void aSerialInLowerCaseIsTheSameSerial() throws UnverifiedException {
        accepted(NOW, headers(TIMESTAMP, NONCE, "7e2a54c1d9f0", SIGNATURE), BODY);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", " ", "\t"})
    void refusesWithoutAnyOfItsHeaders(@Nullable String none) {
        refusedAsMissing(headers(none, NONCE, SERIAL, SIGNATURE));
        refusedAsMissing(headers(TIMESTAMP, none, SERIAL, SIGNATURE));
        refusedAsMissing(headers(TIMESTAMP, NONCE, none, SIGNATURE));
        refusedAsMissing(headers(TIMESTAMP, NONCE, SERIAL, none));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "17954208OO",
                "+1795420800",
                "-1795420800",
                " 1795420800",
                "1795420800 ",
                "1795420800.0",
                "0x6B03F180",
                "\u0661\u0667\u0669\u0665\u0664\u0662\u0660\u0668\u0660\u0660",
                "001795420800",
                "179542080000",
                "99999999999999999999"
            })
    void aTimestampIsAtMostElevenDigitsAndNothingElse(String timestamp) {
        // Signed by Tenpay as it stands, so that nothing but its form can be the reason.
        String signature = sign(KeyFixture.TENPAY, timestamp + "\n" + NONCE + "\n" + BODY + "\n");
        refusedAsMalformed(headers(timestamp, NONCE, SERIAL, signature));
    }

    @ParameterizedTest
    @ValueSource(strings = {"2026-11-23T08:05:00Z", "2026-11-23T07:55:00Z"})
    void acceptsTimestampThreeHundredSecondsOff(Instant now) throws UnverifiedException {
        accepted(now, valid(), BODY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2026-11-23T08:05:00.001Z",
                "2036-11-23T08:00:00Z",
                "2026-11-23T07:54:59.999Z",
                "1970-01-01T00:00:00Z"
            })
    void refusesTimestampMoreThanThreeHundredSecondsOff(Instant now) {
        refused(
                rsa,
                now,
                valid(),
                BODY.getBytes(UTF_8),
                Reason.STALE,
                "the signature's timestamp is too far from our clock");
    }

    @Test
    void refusesAnotherTimestampOrNonceThanSigned() {
        refusedAsWrong(headers("1795420801", NONCE, SERIAL, SIGNATURE), BODY.getBytes(UTF_8));
        refusedAsWrong(headers(TIMESTAMP, "593BEC0C930BF1AFEB40B4A08C8FB243", SERIAL, SIGNATURE), BODY.getBytes(UTF_8));
    }

    /** A message could be cut into nonce and body elsewhere than it was. */
    @ParameterizedTest
    @ValueSource(strings = {"593BEC0C\n930B", "593BEC0C\r930B", "593BEC0C 930B", "593BEC0C\t930B"})
    void aNonceWithABlankOrALineBreakIsRefusedThoughItIsSigned(String nonce) {
        String signature = sign(KeyFixture.TENPAY, TIMESTAMP + "\n" + nonce + "\n" + BODY + "\n");
        refusedAsMalformed(headers(TIMESTAMP, nonce, SERIAL, signature));
    }

    @Test
    void aSerialWithoutACertificateIsRefused() {
        refused(
                rsa,
                NOW,
                headers(TIMESTAMP, NONCE, "7E2A54C1D9F1", SIGNATURE),
                BODY.getBytes(UTF_8),
                Reason.UNKNOWN_SERIAL,
                "no platform certificate has this serial number");
    }

    @Test
    void anotherKeyUnderTheSameSerialIsRefused() {
        String signature = sign(KeyFixture.STRANGER, TIMESTAMP + "\n" + NONCE + "\n" + BODY + "\n");
        refusedAsWrong(headers(TIMESTAMP, NONCE, SERIAL, signature), BODY.getBytes(UTF_8));
    }

    @Test
    void anyByteOfTheBodyChangedIsRefused() {
        byte[] body = BODY.getBytes(UTF_8);
        for (int i = 0; i < body.length; i++) {
            byte[] changed = body.clone();
            changed[i] ^= 1;
            refusedAsWrong(valid(), changed);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"code\": \"SUCCESS\", \"total\": 1050}",
                "{\"total\":1050,\"code\":\"SUCCESS\"}",
                "{\"code\":\"SUCCESS\",\"total\":1050}\n",
                "\uFEFF{\"code\":\"SUCCESS\",\"total\":1050}",
                ""
            })
    void theSameJsonInOtherBytesIsRefused(String body) {
        refusedAsWrong(valid(), body.getBytes(UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"!", "not base64", "ab\ncd", "====", "A"})
    void aSignatureThatIsNotBase64IsRefused(String signature) {
        refusedAsMalformed(headers(TIMESTAMP, NONCE, SERIAL, signature));
    }

    @Test
    void aSignatureInAnotherAlphabetOrWithLineBreaksIsRefused() {
        byte[] bytes = Base64.getDecoder().decode(SIGNATURE);
        refusedAsMalformed(
                headers(TIMESTAMP, NONCE, SERIAL, Base64.getMimeEncoder().encodeToString(bytes)));
        refusedAsMalformed(headers(TIMESTAMP, NONCE, SERIAL, " " + SIGNATURE));
        refusedAsMalformed(headers(TIMESTAMP, NONCE, SERIAL, SIGNATURE + "\n"));
    }

    @Test
    void theSameSignatureInASecondSpellingIsRefused() {
        // 256 bytes end in "==" and leave four bits that no byte needs.
        assertThat(SIGNATURE).hasSize(344).endsWith("==");
        String unusedBits = SIGNATURE.substring(0, 341) + (char) (SIGNATURE.charAt(341) + 1) + "==";
        String unpadded = SIGNATURE.substring(0, 342);
        byte[] bytes = Base64.getDecoder().decode(SIGNATURE);
        assertThat(Base64.getDecoder().decode(unusedBits)).isEqualTo(bytes);
        assertThat(Base64.getDecoder().decode(unpadded)).isEqualTo(bytes);
        refusedAsMalformed(headers(TIMESTAMP, NONCE, SERIAL, unusedBits));
        refusedAsMalformed(headers(TIMESTAMP, NONCE, SERIAL, unpadded));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 255, 257, 512})
    void aSignatureOfAnotherLengthIsRefused(int length) {
        byte[] bytes = Arrays.copyOf(Base64.getDecoder().decode(SIGNATURE), length);
        refusedAsWrong(
                headers(TIMESTAMP, NONCE, SERIAL, Base64.getEncoder().encodeToString(bytes)), BODY.getBytes(UTF_8));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 128, 255})
    void aSignatureWithOneByteChangedIsRefused(int at) {
        byte[] bytes = Base64.getDecoder().decode(SIGNATURE);
        bytes[at] ^= 1;
        refusedAsWrong(
                headers(TIMESTAMP, NONCE, SERIAL, Base64.getEncoder().encodeToString(bytes)), BODY.getBytes(UTF_8));
    }

    @ParameterizedTest
    @CsvSource({"0", "255"})
    void aSignatureOfNothingButOneValueIsRefused(int value) {
        byte[] bytes = new byte[256];
        Arrays.fill(bytes, (byte) value);
        refusedAsWrong(
                headers(TIMESTAMP, NONCE, SERIAL, Base64.getEncoder().encodeToString(bytes)), BODY.getBytes(UTF_8));
    }

    @Test
    void aProbeIsRefusedLikeAnyOtherWrongSignature() {
        // Nineteen characters in front of a signature, or in place of its first nineteen: both are probes.
        refusedAsMalformed(headers(TIMESTAMP, NONCE, SERIAL, "WECHATPAY/SIGNTEST/" + SIGNATURE));
        refusedAsWrong(
                headers(TIMESTAMP, NONCE, SERIAL, "WECHATPAY/SIGNTEST/" + SIGNATURE.substring(19)),
                BODY.getBytes(UTF_8));
    }

    @Test
    void aKeyThatCannotVerifyIsARefusalNotAFailure() throws Exception {
        var generator = java.security.KeyPairGenerator.getInstance("EC");
        PublicKey unfit = generator.generateKeyPair().getPublic();
        SignatureVerifier verifier = new SignatureVerifier(
                SignaturePropertiesFixture.shipped(), Rsa.jdk(), Clock.fixed(NOW, ZoneOffset.UTC));
        UnverifiedException refusal = catchThrowableOfType(
                UnverifiedException.class,
                () -> verifier.verify(valid(), serial -> Optional.of(unfit), BODY.getBytes(UTF_8)));
        assertThat(refusal.reason()).isEqualTo(Reason.WRONG);
    }
}
