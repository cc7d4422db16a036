package dev.tenpayroutes.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.wechat.pay.java.core.cipher.RSASigner;
import com.wechat.pay.java.core.cipher.RSAVerifier;
import dev.tenpayroutes.config.SignatureProperties;
import dev.tenpayroutes.config.SignatureProperties.SignatureHeaders;
import dev.tenpayroutes.signature.RequestSigner.Credential;
import dev.tenpayroutes.signature.SignatureVerifier.UnverifiedException;
import jakarta.validation.Validation;
import jakarta.validation.ValidatorFactory;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.hibernate.validator.messageinterpolation.ParameterMessageInterpolator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SignaturePropertiesTest {

    private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");
    private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
    private static final SecureRandom ZERO = new SecureRandom() {
        @Override
        public void nextBytes(byte[] bytes) {
            java.util.Arrays.fill(bytes, (byte) 0);
        }
    };

    private final Rsa rsa = Rsa.fastest();

    private String authorization(SignatureProperties wire, String merchantId, String body)
            throws GeneralSecurityException {
        Credential credential = new Credential(
                merchantId,
                "C0FFEE",
                rsa.privateKey(KeyFixture.MERCHANT.getPrivate().getEncoded()));
        return new RequestSigner(wire, rsa, CLOCK, ZERO).authorization(credential, "POST", "/p", body.getBytes(UTF_8));
    }

    private String verify(SignatureProperties wire, SignatureHeaders headers, String body)
            throws GeneralSecurityException, UnverifiedException {
        Optional<PublicKey> key =
                Optional.of(rsa.publicKey(KeyFixture.TENPAY.getPublic().getEncoded()));
        Function<String, Optional<PublicKey>> keys = serial -> serial.equals("C0FFEE") ? key : Optional.empty();
        return new SignatureVerifier(wire, rsa, CLOCK).verify(headers, keys, body.getBytes(UTF_8));
    }

    private static String tenpaySigns(String text) {
        return new RSASigner("C0FFEE", KeyFixture.TENPAY.getPrivate())
                .sign(text)
                .getSign();
    }

    @Test
    void theShippedSettingsAreTheAssumedOnes() {
        assertThat(SignaturePropertiesFixture.shipped())
                .isEqualTo(new SignatureProperties(
                        "WECHATPAY2-SHA256-RSA2048",
                        "mchid=\"{mchid}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{timestamp}\","
                                + "serial_no=\"{serial}\"",
                        "{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n",
                        "{timestamp}\n{nonce}\n{body}\n",
                        "Wechatpay-Timestamp",
                        "Wechatpay-Nonce",
                        "Wechatpay-Serial",
                        "Wechatpay-Signature",
                        "Request-ID",
                        Duration.ofSeconds(300)));
    }

    @Test
    void anotherSchemeAndLayoutSignAsTheySay() throws Exception {
        String authorization = authorization(SignaturePropertiesFixture.other(), "2480000001", "{}");
        String signature = authorization.replaceAll(".*;sig=([^;]*);.*", "$1");
        assertThat(authorization)
                .isEqualTo("TENPAY-V9 serial=C0FFEE;t=1795420800;sig=" + signature
                        + ";n=00000000000000000000000000000000;m=2480000001");
        assertThat(new RSAVerifier(KeyFixture.MERCHANT.getPublic(), "C0FFEE")
                        .verify("C0FFEE", "1795420800|00000000000000000000000000000000|/p|POST|{}", signature))
                .isTrue();
    }

    @Test
    void anotherLayoutIsVerifiedAsItSays() throws Exception {
        String signature = tenpaySigns("{}&n0nce&1795420800");
        SignatureHeaders headers = new SignatureHeaders("1795420800", "n0nce", "C0FFEE", signature);
        assertThat(verify(SignaturePropertiesFixture.other(), headers, "{}")).hasSize(64);
        assertThatThrownBy(() -> verify(SignaturePropertiesFixture.shipped(), headers, "{}"))
                .isInstanceOf(UnverifiedException.class)
                .hasMessage("the signature does not match");
    }

    @ParameterizedTest
    @CsvSource({"1795420740,true", "1795420739,false", "1795420860,true", "1795420861,false"})
    void anotherFreshnessCountsAsItSays(String timestamp, boolean fresh) throws Exception {
        String signature = tenpaySigns("{}&n0nce&" + timestamp);
        SignatureHeaders headers = new SignatureHeaders(timestamp, "n0nce", "C0FFEE", signature);
        if (fresh) {
            assertThat(verify(SignaturePropertiesFixture.other(), headers, "{}"))
                    .hasSize(64);
        } else {
            assertThatThrownBy(() -> verify(SignaturePropertiesFixture.other(), headers, "{}"))
                    .isInstanceOf(UnverifiedException.class)
                    .hasMessage("the signature's timestamp is too far from our clock");
        }
    }

    /** What its constraints have against it. */
    private static List<String> problems(SignatureProperties settings) {
        try (ValidatorFactory factory = Validation.byDefaultProvider()
                .configure()
                .messageInterpolator(new ParameterMessageInterpolator())
                .buildValidatorFactory()) {
            return factory.getValidator().validate(settings).stream()
                    .map(violation -> violation.getPropertyPath() + " " + violation.getMessage())
                    .toList();
        }
    }

    @Test
    void shippedAndOtherLayoutsKeepAllConstraints() {
        assertThat(problems(SignaturePropertiesFixture.shipped())).isEmpty();
        assertThat(problems(SignaturePropertiesFixture.other())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{method}\n{path}\n", "{body}{body}"})
    void requestLayoutNeedsTheBodyExactlyOnce(String layout) {
        assertThat(problems(SignaturePropertiesFixture.layouts("{signature}", layout, "{body}")))
                .singleElement()
                .asString()
                .startsWith("requestToSign must contain {body} exactly once. Remedy: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{timestamp}\n{nonce}\n", "{body}{body}"})
    void answerLayoutNeedsTheBodyExactlyOnce(String layout) {
        assertThat(problems(SignaturePropertiesFixture.layouts("{signature}", "{body}", layout)))
                .singleElement()
                .asString()
                .startsWith("answerToVerify must contain {body} exactly once. Remedy: ");
    }

    @ParameterizedTest
    @CsvSource({
        "'{mchid},{timstamp}','{body}','{body}'",
        "'{mchid},{}','{body}','{body}'",
        "'{mchid},{signature','{body}','{body}'",
        "'{mchid},{body}','{body}','{body}'",
        "'{signature}','{body}{serial}','{body}'",
        "'{signature}','{Method}{body}','{body}'",
        "'{signature}','{body}{','{body}'",
        "'{signature}','{body}','{body}{serial}'",
        "'{signature}','{body}','{path}{body}'",
        "'{signature}','{body}','{body}{'",
    })
    void refusesAnUnknownNameInAnyLayout(String authorization, String request, String answer) {
        assertThat(problems(SignaturePropertiesFixture.layouts(authorization, request, answer)))
                .singleElement()
                .asString()
                .contains(" has the unknown name {");
    }

    @Test
    void literalLineBreakInALayoutIsOne() {
        SignatureProperties written =
                SignaturePropertiesFixture.layouts("{signature}", "{path}\\n{body}\n", "{nonce}\\n{body}\\n");
        assertThat(written.requestToSign()).isEqualTo("{path}\n{body}\n");
        assertThat(written.answerToVerify()).isEqualTo("{nonce}\n{body}\n");
        assertThat(problems(written)).isEmpty();
        assertThat(problems(SignaturePropertiesFixture.layouts("{signature}", "{path}\\r{body}", "{body}")))
                .singleElement()
                .asString()
                .contains("backslash");
    }

    @Test
    void refusesFreshnessBeyondAnHour() {
        SignatureProperties shipped = SignaturePropertiesFixture.shipped();
        assertThat(problems(new SignatureProperties(
                        shipped.scheme(),
                        shipped.authorization(),
                        shipped.requestToSign(),
                        shipped.answerToVerify(),
                        shipped.timestampHeader(),
                        shipped.nonceHeader(),
                        shipped.serialHeader(),
                        shipped.signatureHeader(),
                        "Request-ID",
                        Duration.ofMillis(3_600_001))))
                .containsExactly("freshness is longer than 1h. Remedy: set this machine's clock by NTP instead");
    }

    @Test
    void aValueWithBracesIsNotFilledInAgain() throws Exception {
        assertThat(authorization(
                        SignaturePropertiesFixture.layouts("{mchid};{serial}", "{body}", "{body}"),
                        "{serial}{nonce}",
                        "{}"))
                .isEqualTo("WECHATPAY2-SHA256-RSA2048 {serial}{nonce};C0FFEE");
    }

    @Test
    void aNonceOrBodyWithBracesIsVerifiedAsItIs() throws Exception {
        String signature = tenpaySigns("1795420800\n{timestamp}{body}\n{nonce}{\n");
        SignatureHeaders headers = new SignatureHeaders("1795420800", "{timestamp}{body}", "C0FFEE", signature);
        assertThat(verify(SignaturePropertiesFixture.shipped(), headers, "{nonce}{"))
                .hasSize(64);
    }
}
