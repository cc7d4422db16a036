package dev.tenpayroutes.account;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The settings {@code tenpay.base-url}, {@code tenpay.notify-base-url} and {@code tenpay.accounts.*}, as written:
 * {@link Accounts} checks them. All are text, so that binding never fails with a message that shows a secret.
 *
 * @param baseUrl Tenpay's base URL; UAT is public, production's comes from the Tenpay Global team
 * @param notifyBaseUrl public base of our webhook URLs, as Tenpay reaches it
 * @param accounts the merchant accounts by name
 */
@ConfigurationProperties("tenpay")
public record AccountProperties(
        @Nullable String baseUrl,
        @Nullable String notifyBaseUrl,
        @DefaultValue Map<String, AccountFiles> accounts) {

    /**
     * One merchant account.
     *
     * @param merchantId the merchant's number at Tenpay
     * @param appId the mini program's app id
     * @param baseUrl Tenpay's base URL for this account, where it isn't that of all
     * @param privateKey file with the merchant's private key: PEM (PKCS#8, PKCS#1, plain or encrypted) or PKCS#12; or
     *     {@code pkcs11:} and the label of a key in a token
     * @param privateKeyPassword password of that file, when it has one; PIN of the token
     * @param privateKeyPasswordFile file with that password instead
     * @param pkcs11Config file that tells the JDK's SunPKCS11 provider about the token
     * @param certificate file with the merchant's certificate, PEM or PKCS#12
     * @param platformCertificates folder of Tenpay's platform certificates, PEM
     * @param apiKey 32 characters; needed only for encrypted notifications
     * @param apiKeyFile file with that key instead
     */
    public record AccountFiles(
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
            @Nullable String apiKeyFile) {
        @Override
        public String toString() {
            return "AccountFiles[merchantId=" + merchantId + ", secrets=***]";
        }
    }
}
