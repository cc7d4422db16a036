package dev.tenpayroutes.story;

import com.wechat.pay.java.core.cipher.RSASigner;
import com.wechat.pay.java.core.util.PemUtil;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/** Signs as Tenpay would, by the official WeChat Pay SDK: an independent judge of our verification. */
final class TenpaySigner {

    /** When the notifications say that the money moved: now, to the second. */
    static final String MOVED_AT = DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(
            OffsetDateTime.now(ZoneOffset.ofHours(8)).truncatedTo(ChronoUnit.SECONDS));

    private final RSASigner signer;
    private final String serial;

    TenpaySigner(Path platformKey, Path platformCertificate) {
        X509Certificate certificate = PemUtil.loadX509FromPath(platformCertificate.toString());
        serial = PemUtil.getSerialNumber(certificate);
        signer = new RSASigner(serial, PemUtil.loadPrivateKeyFromPath(platformKey.toString()));
    }

    /** The four headers, as name, value, name, value. */
    String[] headers(String body, Instant at) {
        String timestamp = Long.toString(at.getEpochSecond());
        String nonce = UUID.randomUUID().toString().replace("-", "");
        String signature =
                signer.sign(timestamp + "\n" + nonce + "\n" + body + "\n").getSign();
        return new String[] {
            "Wechatpay-Timestamp", timestamp,
            "Wechatpay-Nonce", nonce,
            "Wechatpay-Serial", serial,
            "Wechatpay-Signature", signature
        };
    }

    String[] headers(String body) {
        return headers(body, Instant.now());
    }

    /** A notification in the plain form of W3. */
    static String notification(String id, String number, String status, long total, String currency) {
        return """
                {"id":"%s","create_time":"2026-11-23T08:00:00+08:00","event_type":"PAYMENT.%s","resource_type":"plain",\
                "resource":{"merchant_id":"2480000001","out_trade_no":"%s","status":"%s",\
                "amount":{"total":%d,"currency":"%s"},"method_key":"CARD","success_time":"%s"}}""".formatted(id, status, number, status, total, currency, MOVED_AT);
    }

    /** A refund's notification in the plain form of W3. */
    static String refundNotification(
            String id, String number, String refundNumber, String status, long total, String currency) {
        return """
                {"id":"%s","create_time":"2026-11-23T08:00:00+08:00","event_type":"REFUND.%s","resource_type":"plain",\
                "resource":{"merchant_id":"2480000001","out_trade_no":"%s","out_refund_no":"%s",\
                "status":"%s","amount":{"total":%d,"currency":"%s"},"success_time":"%s"}}""".formatted(id, status, number, refundNumber, status, total, currency, MOVED_AT);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
