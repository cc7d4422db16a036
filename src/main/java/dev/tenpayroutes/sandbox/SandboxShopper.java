package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.sandbox.SandboxFaults.Pending;
import dev.tenpayroutes.sandbox.SandboxOrder.Status;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.context.annotation.Profile;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/**
 * What Tenpay has no call for: being the shopper and the bank, seeing the stand-in's books, and asking for trouble.
 * Plain unsigned JSON, for people with curl and for tests.
 *
 * <p>Bodies are read from the servlet's stream: curl sends {@code -d} as a form, which Spring would take apart.
 */
@RestController
@RequestMapping("/sandbox")
@Profile(SandboxInitializer.PROFILE)
final class SandboxShopper {

    private final SandboxLedger ledger;
    private final SandboxFaults faults;

    SandboxShopper(SandboxLedger ledger, SandboxFaults faults) {
        this.ledger = ledger;
        this.faults = faults;
    }

    @GetMapping("/payments/{number}")
    Map<String, Object> payment(@PathVariable String number) {
        return ledger.payment(number);
    }

    @PostMapping("/payments/{number}/outcome")
    Map<String, Object> decidePayment(@PathVariable String number, HttpServletRequest request) throws IOException {
        return ledger.decidePayment(
                number, outcome(request, Set.of(Status.SUCCESS, Status.FAILED, Status.EXPIRED, Status.CLOSED)));
    }

    @GetMapping("/refunds/{number}")
    Map<String, Object> refund(@PathVariable String number) {
        return ledger.refund(number);
    }

    @PostMapping("/refunds/{number}/outcome")
    Map<String, Object> decideRefund(@PathVariable String number, HttpServletRequest request) throws IOException {
        return ledger.decideRefund(number, outcome(request, Set.of(Status.SUCCESS, Status.FAILED)));
    }

    /** A refund made in the merchant portal, outside our API; {@code number} is the order's. */
    @PostMapping("/payments/{number}/portal-refunds")
    Map<String, Object> portalRefund(@PathVariable String number, HttpServletRequest request) throws IOException {
        try {
            return ledger.portalRefund(number, SandboxWire.JSON.readTree(request.getInputStream()));
        } catch (JsonProcessingException e) {
            throw TenpayApiException.invalid("the body must be like {\"total\":250,\"outcome\":\"SUCCESS\"}");
        }
    }

    /** Answers with every fault that is still to come. */
    @PostMapping("/faults")
    List<Pending> addFault(HttpServletRequest request) throws IOException {
        try {
            return faults.add(SandboxWire.JSON.readTree(request.getInputStream()));
        } catch (JsonProcessingException e) {
            throw TenpayApiException.invalid(
                    "the body must be like {\"call\":\"refund\",\"fault\":\"UNSIGNED\",\"times\":1}");
        }
    }

    @DeleteMapping("/faults")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void clearFaults() {
        faults.clear();
    }

    @ExceptionHandler
    ResponseEntity<Map<String, String>> refuse(TenpayApiException refusal) {
        return ResponseEntity.status(refusal.status())
                .body(Map.of("code", refusal.code(), "message", refusal.message()));
    }

    /** Takes the bare word, the word as JSON, or {@code {"outcome":"SUCCESS"}}. */
    private static Status outcome(HttpServletRequest request, Set<Status> allowed) throws IOException {
        String text = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        String word = text;
        if (text.startsWith("{") || text.startsWith("\"")) {
            try {
                JsonNode json = SandboxWire.JSON.readTree(text);
                word = json.isTextual() ? json.asText() : json.path("outcome").asText();
            } catch (JsonProcessingException e) {
                word = "";
            }
        }
        for (Status status : allowed) {
            if (status.name().equals(word)) {
                return status;
            }
        }
        throw TenpayApiException.invalid("the outcome must be one of "
                + String.join(", ", allowed.stream().map(Status::name).sorted().toList()));
    }
}
