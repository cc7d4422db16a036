package dev.tenpayroutes.config;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One merchant account, as written. An account that can't work stops no other, so its own class checks it and not a
 * constraint; what isn't text is refused at start.
 *
 * @param merchantId the merchant's number at Tenpay; required, and unique among accounts
 * @param appId the mini program's app id; required
 * @param baseUrl Tenpay's base URL for this account, where it isn't {@code tenpay.base-url}
 * @param privateKey file with the private key, PEM (PKCS#8, PKCS#1, plain or encrypted) or PKCS#12; or
 *     {@code pkcs11:<label>}; required
 * @param privateKeyPassword password of that file, or the token's PIN
 * @param privateKeyPasswordFile file with that password instead; read again while the program runs
 * @param pkcs11Config configuration file of the JDK's SunPKCS11 provider
 * @param certificate file with the merchant's certificate, PEM or PKCS#12; required
 * @param platformCertificates folder of Tenpay's platform certificates, PEM; required
 * @param apiKey 32 characters; only for encrypted notifications
 * @param apiKeyFile file with that key instead; read again while the program runs
 * @param refundsOnHold whether new refunds are refused, after a restore
 * @param events where this account's events go; nowhere unless set
 */
public record AccountProperties(
        @Nullable String merchantId,
        @Nullable String appId,
        @Nullable String baseUrl,
        @Nullable String privateKey,
        @Nullable String privateKeyPassword,
        @Nullable String privateKeyPasswordFile,
        @Nullable String pkcs11Config,
        @Nullable String certificate,
        @Nullable String platformCertificates,
        @Nullable String apiKey,
        @Nullable String apiKeyFile,
        @DefaultValue("false") boolean refundsOnHold,
        @Nullable Events events) {

    /**
     * Where an account's events go.
     *
     * @param url the ERP's address for events; none are sent without it
     * @param secrets what signs them, {@code whsec_…}; several, separated by commas, during a rotation
     * @param headers added to each event, an {@code Authorization} say
     * @param types types of events to send; all unless set
     */
    public record Events(
            @Nullable String url,
            @DefaultValue List<String> secrets,
            @DefaultValue Map<String, String> headers,
            @DefaultValue List<String> types) {
        @Override
        public String toString() {
            return "Events[***]";
        }
    }

    @Override
    public String toString() {
        return "AccountProperties[merchantId=" + merchantId + ", secrets=***]";
    }
}
