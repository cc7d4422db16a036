package dev.tenpayroutes.sandbox;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.context.annotation.Profile;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * The ERP's side of the sandbox: takes events whose signature is right, and shows the last of them as they came. What
 * it checks is what a real receiver checks, but for the age of the timestamp.
 */
@RestController
@RequestMapping("/sandbox/events")
@Profile(SandboxInitializer.PROFILE)
final class SandboxErp {

    /** Known to everybody, like the API key: no money moves here. */
    static final String SECRET = "whsec_c2FuZGJveC1ldmVudHMtc2VjcmV0LWV2ZXJ5Ym9keS1rbm93cw==";

    private static final int SHOWN = 100;

    private final Deque<String> events = new ArrayDeque<>();

    @PostMapping
    ResponseEntity<Void> take(HttpServletRequest request) throws IOException, GeneralSecurityException {
        byte[] body = request.getInputStream().readAllBytes();
        String head = request.getHeader("webhook-id") + "." + request.getHeader("webhook-timestamp") + ".";
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(SECRET.substring("whsec_".length())), "HmacSHA256"));
        mac.update(head.getBytes(StandardCharsets.UTF_8));
        byte[] due = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
        byte[] given = String.valueOf(request.getHeader("webhook-signature")).getBytes(StandardCharsets.UTF_8);
        if (!MessageDigest.isEqual(due, given)) {
            return ResponseEntity.status(401).build();
        }
        synchronized (events) {
            events.addFirst(new String(body, StandardCharsets.UTF_8));
            if (events.size() > SHOWN) {
                events.removeLast();
            }
        }
        return ResponseEntity.noContent().build();
    }

    /** Newest first, one a line, each as it came. */
    @GetMapping(produces = MediaType.TEXT_PLAIN_VALUE)
    String shown() {
        synchronized (events) {
            return String.join("\n", List.copyOf(events));
        }
    }
}
