package dev.tenpayroutes.signature;

import dev.tenpayroutes.config.SignatureProperties;
import java.io.IOException;
import java.time.Duration;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.io.ClassPathResource;

/** Wire settings: the shipped ones, and ones that have nothing in common with them. */
public final class SignaturePropertiesFixture {

    private SignaturePropertiesFixture() {}

    /** As application.yaml has them. */
    static SignatureProperties shipped() {
        MutablePropertySources sources = new MutablePropertySources();
        try {
            new YamlPropertySourceLoader()
                    .load("application.yaml", new ClassPathResource("application.yaml"))
                    .forEach(sources::addLast);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return new Binder(ConfigurationPropertySources.from(sources))
                .bind("tenpay.wire", SignatureProperties.class)
                .get();
    }

    /** Another scheme, other headers, other layouts. */
    public static SignatureProperties other() {
        return new SignatureProperties(
                "TENPAY-V9",
                "serial={serial};t={timestamp};sig={signature};n={nonce};m={mchid}",
                "{timestamp}|{nonce}|{path}|{method}|{body}",
                "{body}&{nonce}&{timestamp}",
                "X-T",
                "X-N",
                "X-C",
                "X-S",
                "Request-ID",
                Duration.ofSeconds(60));
    }

    /** The shipped ones with other layouts. */
    static SignatureProperties layouts(String authorization, String requestToSign, String answerToVerify) {
        SignatureProperties shipped = shipped();
        return new SignatureProperties(
                shipped.scheme(),
                authorization,
                requestToSign,
                answerToVerify,
                shipped.timestampHeader(),
                shipped.nonceHeader(),
                shipped.serialHeader(),
                shipped.signatureHeader(),
                "Request-ID",
                shipped.freshness());
    }
}
