package dev.tenpaybench;

import dev.tenpayroutes.signature.Rsa;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.time.Instant;
import java.util.UUID;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** What the Tenpay of the benchmark says, as whole HTTP messages, signed and fresh (W2 to W5). Safe for use by many threads. */
record Answers(Rsa rsa, PrivateKey key, String serial) {

    static final String MERCHANT = "2480000001";
    static final String APP = "wx0123456789abcdef";
    static final String API_KEY = "0123456789abcdef0123456789abcdef";
    static final int AMOUNT = 1050;

    /** The value of a string field, in JSON of a known form. */
    static String text(String json, String field) {
        int name = json.indexOf('"' + field + '"');
        int from = json.indexOf('"', name + field.length() + 2) + 1;
        return name < 0 ? "" : json.substring(from, json.indexOf('"', from));
    }

    byte[] answer(String call, String number) {
        String body = call.equals("checkout-pay")
                ? "{\"merchant_id\":\"%s\",\"out_trade_no\":\"%s\",\"payment_id\":\"42%s\",\"prepay_info\":\"prepay-%s\",\"status\":\"PROCESSING\"}"
                        .formatted(MERCHANT, number, number, number)
                : paid(number);
        return message("HTTP/1.1 200 OK", body);
    }

    byte[] notification(String path, String number) {
        try {
            String nonce = UUID.randomUUID().toString().substring(0, 12);
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(
                    Cipher.ENCRYPT_MODE,
                    new SecretKeySpec(API_KEY.getBytes(StandardCharsets.UTF_8), "AES"),
                    new GCMParameterSpec(128, nonce.getBytes(StandardCharsets.UTF_8)));
            cipher.updateAAD("payment".getBytes(StandardCharsets.UTF_8));
            String sealed = java.util.Base64.getEncoder()
                    .encodeToString(cipher.doFinal(paid(number).getBytes(StandardCharsets.UTF_8)));
            return message(
                    "POST " + path + " HTTP/1.1\r\nHost: localhost",
                    ("{\"id\":\"EV-%s\",\"create_time\":\"2026-11-23T08:00:00+08:00\",\"event_type\":\"PAYMENT.SUCCESS\","
                                    + "\"resource_type\":\"encrypt-resource\",\"resource\":{\"algorithm\":\"AEAD_AES_256_GCM\","
                                    + "\"ciphertext\":\"%s\",\"nonce\":\"%s\",\"associated_data\":\"payment\"}}")
                            .formatted(number, sealed, nonce));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String paid(String number) {
        return ("{\"merchant_id\":\"%s\",\"out_trade_no\":\"%s\",\"payment_id\":\"42%s\",\"status\":\"SUCCESS\","
                        + "\"amount\":{\"total\":%d,\"currency\":\"SGD\"},\"method_key\":\"PAYNOW\",\"success_time\":\"2026-11-23T08:00:00+08:00\"}")
                .formatted(MERCHANT, number, number, AMOUNT);
    }

    private byte[] message(String start, String body) {
        String timestamp = Long.toString(Instant.now().getEpochSecond());
        String nonce = UUID.randomUUID().toString().replace("-", "");
        try {
            String signature =
                    rsa.sign(key, (timestamp + "\n" + nonce + "\n" + body + "\n").getBytes(StandardCharsets.UTF_8));
            return (start + "\r\nContent-Type: application/json\r\nContent-Length: "
                            + body.getBytes(StandardCharsets.UTF_8).length
                            + "\r\nWechatpay-Timestamp: " + timestamp + "\r\nWechatpay-Nonce: " + nonce
                            + "\r\nWechatpay-Serial: " + serial + "\r\nWechatpay-Signature: " + signature + "\r\n\r\n"
                            + body)
                    .getBytes(StandardCharsets.UTF_8);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
