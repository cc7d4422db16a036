package dev.tenpayroutes.api;

import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.AccountUnavailableException;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.config.SignatureProperties;
import dev.tenpayroutes.signature.SignatureVerifier;
import dev.tenpayroutes.signature.SignatureVerifier.UnverifiedException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

/**
 * Judges a webhook by its path and headers, so that an outsider's body takes neither time nor memory. It lets nothing in:
 * {@code webhook-receive} verifies the signature over the body.
 */
@Component
class WebhookHeaders {

    private static final Pattern PATH = Pattern.compile("/webhooks/tenpay/([^/]+)/(payments|refunds)");

    /** Asked for with the first webhook: a filter is made before what else can stop a start. */
    private final ObjectProvider<Accounts> accounts;

    private final SignatureProperties wire;
    private final SignatureVerifier verifier;

    WebhookHeaders(ObjectProvider<Accounts> accounts, SignatureProperties wire, SignatureVerifier verifier) {
        this.accounts = accounts;
        this.wire = wire;
        this.verifier = verifier;
    }

    boolean isWebhook(HttpServletRequest request) {
        return request.getRequestURI().startsWith("/webhooks/");
    }

    /** Whether the account and kind are known, and the signature's headers complete, fresh and of a serial that is known. */
    boolean mayBeTenpays(HttpServletRequest request) {
        Matcher path = PATH.matcher(request.getRequestURI());
        Optional<Account> account = path.matches() ? accounts.getObject().find(path.group(1)) : Optional.empty();
        if (account.isEmpty()) {
            return false;
        }
        try {
            verifier.verifyHeaders(
                    new SignatureProperties.SignatureHeaders(
                            request.getHeader(wire.timestampHeader()),
                            request.getHeader(wire.nonceHeader()),
                            request.getHeader(wire.serialHeader()),
                            request.getHeader(wire.signatureHeader())),
                    account.get()::platformKey);
            return true;
        } catch (UnverifiedException e) {
            return false;
        } catch (AccountUnavailableException e) {
            // Nothing can be verified now: the route asks for the notification again, whatever its body.
            return false;
        }
    }
}
