package dev.tenpayroutes.account;

import dev.tenpayroutes.wire.RequestSigner.Credential;
import dev.tenpayroutes.wire.ResourceCipher;
import org.jspecify.annotations.Nullable;

/**
 * One merchant account, ready to sign and to verify. No account can sign or verify for another.
 *
 * @param name our name for it; part of the webhook path
 * @param merchantId the merchant's number at Tenpay
 * @param appId the mini program's app id
 * @param credential what signs our calls
 * @param platformCertificates what verifies Tenpay's answers and notifications
 * @param cipher opens encrypted notifications; null when the account has no API key
 */
public record Account(
        String name,
        String merchantId,
        String appId,
        Credential credential,
        PlatformCertificates platformCertificates,
        @Nullable ResourceCipher cipher) {}
