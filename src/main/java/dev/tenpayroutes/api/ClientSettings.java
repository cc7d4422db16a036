package dev.tenpayroutes.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The settings {@code tenpay.clients.*}, as written: {@link Clients} checks them.
 *
 * @param clients who may call the merchant API, by name
 */
@ConfigurationProperties("tenpay")
public record ClientSettings(@DefaultValue Map<String, ClientKey> clients) {

    /**
     * One client.
     *
     * @param apiKey its key; better give only the hash
     * @param apiKeySha256 SHA-256 of its key, 64 hex digits
     * @param accounts names of the accounts it may see; the first is the default for new orders
     * @param scopes {@code payments:read}, {@code payments:write}, {@code refunds:write}
     */
    public record ClientKey(
            @Nullable String apiKey,
            @Nullable String apiKeySha256,
            @DefaultValue List<String> accounts,
            @DefaultValue List<String> scopes) {
        @Override
        public String toString() {
            return "ClientKey[accounts=" + accounts + ", scopes=" + scopes + ", apiKey=***]";
        }
    }
}
