package dev.tenpayroutes.delivery;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The settings {@code tenpay.accounts.<name>.events.*} and {@code tenpay.events.allowed-netisAvailable}, as written:
 * {@link WebhookEndpoints} and {@link EgressPolicy} check them.
 *
 * @param accounts the merchant accounts by name
 * @param events what holds for all accounts
 */
@ConfigurationProperties("tenpay")
public record EventProperties(
        @DefaultValue Map<String, OfAccount> accounts,
        @DefaultValue ForAll events) {

    /** @param events where this account's events go; null for nowhere */
    public record OfAccount(@Nullable Address events) {}

    /** @param allowedNetworks networks, as CIDR, that events may be sent to although they are private; none unless set */
    public record ForAll(@DefaultValue List<String> allowedNetworks) {
        @Override
        public String toString() {
            return "ForAll[***]";
        }
    }

    /**
     * Where an account's events go.
     *
     * @param url the ERP's address for them
     * @param secrets what signs them, {@code whsec_…}; several while they are being changed
     * @param headers sent with each of them, an {@code Authorization} say
     * @param types which events; all of them unless set
     */
    public record Address(
            @Nullable String url,
            @DefaultValue List<String> secrets,
            @DefaultValue Map<String, String> headers,
            @DefaultValue List<String> types) {
        @Override
        public String toString() {
            return "Address[***]";
        }
    }
}
