package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.sandbox.SandboxFaults.Fault;
import dev.tenpayroutes.sandbox.SandboxFaults.Kind;
import dev.tenpayroutes.sandbox.SandboxWire.SignatureHeaders;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import org.apache.coyote.CloseNowException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * The five calls of Tenpay Global. Every answer, an error as well, is signed over the very bytes that are sent, unless
 * a fault was asked for.
 *
 * <p>It reads and writes the servlet's streams itself: Spring would parse a body sent as a form, and the signed bytes
 * must be what is sent.
 */
@RestController
@Profile(SandboxInitializer.PROFILE)
final class SandboxApi {

    private static final Logger LOG = LoggerFactory.getLogger(SandboxApi.class);

    /** Far enough beyond the 300 s of W2 that the reader's clock and the way there don't matter. */
    private static final Duration TOO_FAR = Duration.ofSeconds(360);

    private static final byte[] GATEWAY_PAGE =
            "<html><body><h1>502 Bad Gateway</h1></body></html>\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] RUBBISH = "<<<not JSON>>>".getBytes(StandardCharsets.US_ASCII);

    private final SandboxWire wire;
    private final SandboxLedger ledger;
    private final SandboxFaults faults;
    private final Duration lateBy;
    private final Clock clock;

    private record Reply(int status, ObjectNode body) {

        private static Reply of(TenpayApiException refusal) {
            return error(refusal.status(), refusal.code(), refusal.message());
        }

        private static Reply error(int status, String code, String message) {
            return new Reply(
                    status,
                    SandboxWire.JSON.createObjectNode().put("code", code).put("message", message));
        }
    }

    SandboxApi(
            SandboxWire wire, SandboxLedger ledger, SandboxFaults faults, SandboxProperties properties, Clock clock) {
        this.wire = wire;
        this.ledger = ledger;
        this.faults = faults;
        this.lateBy = properties.lateBy();
        this.clock = clock;
    }

    @PostMapping("/api/payment/v1/{call:checkout-pay|inquiry-payment|close-payment|refund|inquiry-refund}")
    void answer(@PathVariable String call, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        byte[] body = request.getInputStream().readAllBytes();
        JsonNode json = json(body);
        Fault fault = faults.takeFault(call, json).orElse(null);
        Reply reply = carryOut(call, request, body, json, fault != null && fault.before());
        if (fault == null) {
            LOG.debug("{}: {}", call, reply.status());
            send(response, reply.status(), bytes(reply), null);
        } else {
            LOG.info("{}: {}, and instead of that {}", call, reply.status(), fault.kind());
            applyFault(request, response, reply, fault.kind());
        }
    }

    private Reply carryOut(String call, HttpServletRequest request, byte[] body, JsonNode json, boolean failBefore) {
        String query = request.getQueryString();
        String target = request.getRequestURI() + (query == null ? "" : "?" + query);
        try {
            wire.verify(request.getMethod(), target, request.getHeader("Authorization"), body);
            if (json.isMissingNode()) {
                throw TenpayApiException.invalid("the body isn't a JSON object");
            }
            ledger.count(call, json);
            if (failBefore) {
                return systemError();
            }
            return new Reply(200, ledger.perform(call, json));
        } catch (TenpayApiException refusal) {
            return Reply.of(refusal);
        } catch (RuntimeException e) {
            LOG.error("{} failed in the sandbox", call, e);
            return systemError();
        }
    }

    /** Missing where the body is no JSON object. */
    private static JsonNode json(byte[] body) {
        try {
            JsonNode json = SandboxWire.JSON.readTree(body);
            if (json.isObject()) {
                return json;
            }
        } catch (IOException e) {
            LOG.debug("A body isn't JSON");
        }
        return SandboxWire.JSON.missingNode();
    }

    private static Reply systemError() {
        return Reply.error(500, "SYSTEM_ERROR", "the system is busy");
    }

    private void applyFault(HttpServletRequest request, HttpServletResponse response, Reply reply, Kind kind)
            throws IOException {
        switch (kind) {
            case SYSTEM_ERROR -> send(response, 500, bytes(systemError()), null);
            case FREQUENCY_LIMITED -> {
                response.setHeader("Retry-After", "2");
                send(response, 429, bytes(Reply.error(429, "FREQUENCY_LIMITED", "too many calls")), null);
            }
            case PARAM_ERROR -> send(response, 400, bytes(Reply.error(400, "PARAM_ERROR", "a field is wrong")), null);
            case NO_AUTH -> send(response, 403, bytes(Reply.error(403, "NO_AUTH", "not allowed")), null);
            case BAD_GATEWAY -> write(response, 502, "text/html", GATEWAY_PAGE);
            case UNSIGNED -> write(response, reply.status(), "application/json", bytes(reply));
            case BAD_SIGNATURE -> {
                SignatureHeaders good = wire.seal(bytes(reply));
                String signature = (good.signature().startsWith("A") ? "B" : "A")
                        + good.signature().substring(1);
                SignatureHeaders bad = new SignatureHeaders(good.timestamp(), good.nonce(), good.serial(), signature);
                send(response, reply.status(), bytes(reply), bad);
            }
            case STALE -> {
                byte[] body = bytes(reply);
                send(
                        response,
                        reply.status(),
                        body,
                        wire.seal(body, clock.instant().minus(TOO_FAR)));
            }
            case FUTURE -> {
                byte[] body = bytes(reply);
                send(
                        response,
                        reply.status(),
                        body,
                        wire.seal(body, clock.instant().plus(TOO_FAR)));
            }
            case UNKNOWN_SERIAL -> {
                SignatureHeaders good = wire.seal(bytes(reply));
                SignatureHeaders unknown =
                        new SignatureHeaders(good.timestamp(), good.nonce(), "0BADC0DE", good.signature());
                send(response, reply.status(), bytes(reply), unknown);
            }
            case RUBBISH -> send(response, reply.status(), RUBBISH, null);
            case TRUNCATED -> {
                byte[] body = bytes(reply);
                response.setContentLength(body.length + 64);
                send(response, reply.status(), body, null);
                response.flushBuffer();
                // Left to itself, Tomcat would keep the connection and let the reader wait.
                throw new CloseNowException();
            }
            case RESET_BEFORE, RESET_AFTER -> request.setAttribute(SandboxConfiguration.RESET, true);
            case LATE -> {
                pause();
                send(response, reply.status(), bytes(reply), null);
            }
            case WRONG_MERCHANT -> send(response, reply.status(), bytes(changed(reply, "merchant_id")), null);
            case WRONG_ORDER -> {
                String number = reply.body().has("out_refund_no") ? "out_refund_no" : "out_trade_no";
                send(response, reply.status(), bytes(changed(reply, number)), null);
            }
            case WRONG_AMOUNT -> {
                if (reply.body().get("amount") instanceof ObjectNode amount) {
                    amount.put("total", amount.path("total").longValue() + 1);
                }
                send(response, reply.status(), bytes(reply), null);
            }
        }
    }

    /** An error answer has none of these fields and stays as it is. */
    private static Reply changed(Reply reply, String field) {
        String value = reply.body().path(field).asText();
        if (!value.isEmpty()) {
            String last = value.endsWith("0") ? "1" : "0";
            reply.body().put(field, value.substring(0, value.length() - 1) + last);
        }
        return reply;
    }

    private static byte[] bytes(Reply reply) {
        return SandboxWire.bytes(reply.body());
    }

    /** @param seal null for a good one */
    private void send(HttpServletResponse response, int status, byte[] body, @Nullable SignatureHeaders seal)
            throws IOException {
        SignatureHeaders signed = seal == null ? wire.seal(body) : seal;
        signed.headers().forEach(response::setHeader);
        response.setHeader("Request-ID", "SB-" + signed.nonce());
        write(response, status, "application/json", body);
    }

    private static void write(HttpServletResponse response, int status, String type, byte[] body) throws IOException {
        response.setStatus(status);
        response.setContentType(type);
        if (!response.containsHeader("Content-Length")) {
            response.setContentLength(body.length);
        }
        response.getOutputStream().write(body);
    }

    private void pause() {
        try {
            Thread.sleep(lateBy.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
