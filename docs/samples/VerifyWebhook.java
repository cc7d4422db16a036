import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Whether a message is ours: its signature is by your secret, and it is of now. Deduplicate by {@code id} afterwards. */
class VerifyWebhook {
    static boolean verify(String secret, String id, String timestamp, String signatures, byte[] body) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), "HmacSHA256"));
        mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        byte[] due = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
        boolean fresh = Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) <= 300;
        return fresh && Arrays.stream(signatures.split(" "))
                .anyMatch(given -> MessageDigest.isEqual(due, given.getBytes(StandardCharsets.UTF_8)));
    }

    public static void main(String[] arguments) throws Exception {
        byte[] body = System.in.readAllBytes();
        System.out.println(verify(arguments[0], arguments[1], arguments[2], arguments[3], body));
    }
}
