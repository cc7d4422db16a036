package dev.tenpayroutes.security;

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
public record ClientProperties(@DefaultValue Map<String, ClientKey> clients) {

    /**
     * One client.
     *
     * @param apiKey its keys, one or more; better give only the hashes
     * @param apiKeySha256 SHA-256 of its keys, 64 hex digits each; where there are hashes, keys in the clear don't count
     * @param oauth2ClientId who it is in the issuer's tokens, where an issuer is set
     * @param accounts names of the accounts it may see; the first is the default for new orders
     * @param scopes {@code payments:read}, {@code payments:write}, {@code refunds:write}, {@code accounts:write}, {@code metrics:read}
     * @param requestsPerSecond how often it may call this instance, on average; twice as much at once
     */
    public record ClientKey(
            @DefaultValue List<String> apiKey,
            @DefaultValue List<String> apiKeySha256,
            @Nullable String oauth2ClientId,
            @DefaultValue List<String> accounts,
            @DefaultValue List<String> scopes,
            @DefaultValue("200") int requestsPerSecond) {
        @Override
        public String toString() {
            return "ClientKey[accounts=" + accounts + ", scopes=" + scopes + ", apiKey=***]";
        }
    }
}
