package dev.tenpayroutes.delivery;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Where one account's events go, complete and checked; it alone has the account's secrets, and shows none of them.
 *
 * @param account the account's name
 * @param url the ERP's address
 * @param secrets the keys that sign, each on its own
 * @param headers sent with each event
 * @param types which events; empty for all
 */
record WebhookEndpoint(String account, URI url, List<byte[]> secrets, Map<String, String> headers, List<String> types) {

    private static final String HMAC = "HmacSHA256";

    /** What stands for the address in the database. */
    String addressHash() {
        return EventDestinations.hash(url.toString());
    }

    boolean tls() {
        return "https".equals(url.getScheme());
    }

    /**
     * The value of {@code webhook-signature}, by the Standard Webhooks specification: for each secret a {@code v1,} with the
     * base64 of HMAC-SHA256 over {@code <id>.<seconds>.<the exact body>}.
     */
    String signature(String id, Instant at, byte[] body) {
        byte[] head = (id + "." + at.getEpochSecond() + ".").getBytes(StandardCharsets.UTF_8);
        StringJoiner signatures = new StringJoiner(" ");
        try {
            for (byte[] secret : secrets) {
                Mac mac = Mac.getInstance(HMAC);
                mac.init(new SecretKeySpec(secret, HMAC));
                mac.update(head);
                signatures.add("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body)));
            }
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + HMAC, e);
        }
        return signatures.toString();
    }

    @Override
    public String toString() {
        return "Endpoint[account=" + account + ", types=" + types + ", url, secrets and headers=***]";
    }
}
