package dev.tenpayroutes.config;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One caller of the merchant API, as written.
 *
 * @param apiKey its keys in clear text, separated by commas; prefer the hashes, beside which these do not count
 * @param apiKeySha256 SHA-256 of its keys, 64 hex digits each
 * @param oauth2ClientId its name in the issuer's tokens
 * @param accounts accounts that it may use; the first is the default for new orders
 * @param scopes {@code payments:read}, {@code payments:write}, {@code payments:sync}, {@code refunds:write},
 *     {@code reviews:write}, {@code accounts:write}, {@code metrics:read}
 * @param requestsPerSecond average per instance; bursts of twice that
 */
public record ClientProperties(
        @DefaultValue List<String> apiKey,
        @DefaultValue List<String> apiKeySha256,
        @Nullable String oauth2ClientId,
        @DefaultValue List<String> accounts,
        @DefaultValue List<String> scopes,
        @DefaultValue("200") int requestsPerSecond) {
    @Override
    public String toString() {
        return "ClientProperties[accounts=" + accounts + ", scopes=" + scopes + ", apiKey=***]";
    }
}
