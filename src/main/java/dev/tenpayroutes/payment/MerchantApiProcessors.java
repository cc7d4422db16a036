package dev.tenpayroutes.payment;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.api.Problem;
import dev.tenpayroutes.api.ProblemException;
import dev.tenpayroutes.camel.FailureLog;
import dev.tenpayroutes.camel.SafeFailureText;
import dev.tenpayroutes.config.ReadShare;
import dev.tenpayroutes.security.Client;
import dev.tenpayroutes.security.SecurityConfiguration;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.springboot.PlatformHttpMessage;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.web.util.UriUtils;

/** The beans that the ERP-facing routes name: who calls, for which account, and how a call ends badly. */
@Configuration(proxyBeanMethods = false)
class MerchantApiProcessors {

    private static final FailureLog LOG = new FailureLog(LoggerFactory.getLogger("api-errors"));

    /** What passes, though Spring has no name for it: a lock waited for too long, and a standby not yet the primary. */
    private static final Set<String> PASSING = Set.of("55P03", "25006");

    /**
     * Sets what the caller asks for: {@code orderNo} or {@code refundNo} where the path has it, and {@code accounts}, the
     * names it may see, comma separated, its default first.
     */
    @Bean
    Processor resolveCallerScope() {
        return exchange -> {
            exchange.setVariable("orderNo", number(exchange, "orderNo"));
            exchange.setVariable("refundNo", number(exchange, "refundNo"));
            exchange.setVariable("accounts", accounts(exchange));
        };
    }

    /** Camel hands path parameters over as they were sent, and | must be sent as %7C. */
    private static @Nullable String number(Exchange exchange, String name) {
        String sent = exchange.getMessage().getHeader(name, String.class);
        return sent == null ? null : UriUtils.decode(sent, StandardCharsets.UTF_8);
    }

    /**
     * Sets what an idempotency key is held to: {@code client}, {@code idempotencyKey}, and the request as {@code request}
     * (method and target) and {@code content} (JSON).
     */
    @Bean
    Processor describeRequest() {
        return exchange -> {
            HttpServletRequest request =
                    exchange.getIn(PlatformHttpMessage.class).getRequest();
            Object body = exchange.getMessage().getBody();
            exchange.setVariable(
                    "client", SecurityConfiguration.clientOf(request).name());
            exchange.setVariable("idempotencyKey", request.getHeader("Idempotency-Key"));
            exchange.setVariable(
                    "request",
                    request.getMethod() + " " + request.getRequestURI() + "?"
                            + Objects.requireNonNullElse(request.getQueryString(), ""));
            exchange.setVariable("content", body instanceof JsonNode json ? json.toString() : "null");
        };
    }

    /**
     * Sets what an order's payment takes from its account: {@code account}, {@code merchantId}, {@code appId}, {@code notifyUrl};
     * and {@code accounts}, those among which its number may be known already.
     */
    @Bean
    Processor resolveOrderAccount(Accounts accounts) {
        return exchange -> {
            List<String> own = caller(exchange).accounts();
            JsonNode asked = exchange.getMessage().getBody(JsonNode.class).path("account");
            String name = asked.asText(own.get(0));
            mustBeOneOf(own, name);
            Account account = accounts.get(name);
            mustWork(account);
            exchange.setVariable("account", name);
            exchange.setVariable("accounts", asked.isMissingNode() ? String.join(",", own) : name);
            exchange.setVariable("merchantId", account.merchantId());
            exchange.setVariable("appId", account.appId());
            exchange.setVariable("notifyUrl", accounts.notifyUrl(name, "payments"));
        };
    }

    /** Sets {@code account}, which the path names and which is one of the caller's, and {@code client}, the caller's name. */
    @Bean
    Processor pathAccount() {
        return exchange -> {
            List<String> own = caller(exchange).accounts();
            String name = exchange.getMessage().getHeader("account", String.class);
            if (!own.contains(name)) {
                throw new ProblemException("ACCOUNT_UNKNOWN.path", "accounts", own);
            }
            exchange.setVariable("account", name);
            exchange.setVariable("client", caller(exchange).name());
        };
    }

    /** Ends a call that needs Tenpay while the account of its payment or refund can't work: nothing was done yet. */
    @Bean
    Processor requireAvailableAccount(Accounts accounts) {
        return exchange -> mustWork(accounts.get(
                exchange.getMessage().getBody(JsonNode.class).path("account").asText()));
    }

    private static void mustWork(Account account) {
        if (!account.isAvailable()) {
            throw new ProblemException("ACCOUNT_UNAVAILABLE", "account", account.name());
        }
    }

    /** How a route ends a call with a problem. */
    @Bean
    Problems problems() {
        return new Problems();
    }

    /** Called from YAML. */
    static final class Problems {
        /** Ends the call with a problem of the catalogue; the exchange's variables fill its detail. */
        public void raise(Exchange exchange, String name) {
            throw new ProblemException(Problem.of(name, exchange.getVariables(), Map.of()));
        }

        /** As {@code raise}, with Tenpay's code and message: the variable {@code tenpayRefusal}, as {@code CODE: message}. */
        public void refused(Exchange exchange, String name) {
            String[] parts =
                    exchange.getVariable("tenpayRefusal", "", String.class).split(": ", 2);
            throw new ProblemException(Problem.of(
                    name,
                    exchange.getVariables(),
                    parts.length == 2
                            ? Map.of("tenpayCode", parts[0], "tenpayMessage", parts[1])
                            : Map.of("tenpayCode", parts[0])));
        }
    }

    /**
     * Turns any failure of a call into a problem; internal faults are logged, never shown. Sets {@code storedNothing}:
     * whether the refused call has surely stored nothing.
     */
    @Bean
    Processor writeProblem() {
        return exchange -> {
            Throwable failure = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
            Problem problem = problem(failure);
            // Reads that are refused are the caller's doing, and as many as it likes.
            if (problem.status() >= 500 && !(failure instanceof ProblemException) && !ReadShare.refused(failure)) {
                LOG.log(
                        Level.ERROR,
                        SafeFailureText.kind(exchange),
                        "{} answered {}: {}",
                        exchange.getProperty(Exchange.FAILURE_ROUTE_ID),
                        problem.status(),
                        SafeFailureText.of(exchange));
            }
            // Tenpay's refusal is kept with its payment or refund; after another 5xx the outcome is unknown.
            exchange.setVariable(
                    "storedNothing",
                    problem.status() < 500 && !problem.code().equals("TENPAY_REFUSED")
                            || problem.code().equals("ACCOUNT_UNAVAILABLE"));
            PlatformHttpMessage request = exchange.getIn(PlatformHttpMessage.class);
            if (request != null) {
                problem.noteAt(request.getRequest());
            }
            exchange.getMessage().removeHeaders("*");
            exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, problem.status());
            exchange.getMessage().setHeader(Exchange.CONTENT_TYPE, Problem.MEDIA_TYPE);
            if (problem.status() == 503) {
                exchange.getMessage().setHeader("Retry-After", "2");
            }
            exchange.getMessage().setBody(problem.json());
        };
    }

    private static Problem problem(Throwable failure) {
        if (ReadShare.refused(failure)) {
            return Problem.of("READS_BUSY");
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ProblemException known) {
                return known.problem();
            }
            if (cause instanceof DataAccessResourceFailureException
                    || cause instanceof TransientDataAccessException
                    || cause instanceof CannotCreateTransactionException
                    || (cause instanceof SQLException sql && PASSING.contains(String.valueOf(sql.getSQLState())))) {
                return Problem.of("STORE_UNAVAILABLE");
            }
        }
        return Problem.of("INTERNAL_ERROR.retry");
    }

    private static void mustBeOneOf(List<String> own, String account) {
        if (!own.contains(account)) {
            throw new ProblemException("ACCOUNT_UNKNOWN", "accounts", own);
        }
    }

    /** The accounts that a call is about: all of the caller's, or the one of them it names. */
    private static String accounts(Exchange exchange) {
        List<String> own = caller(exchange).accounts();
        String asked = exchange.getMessage().getHeader("account", String.class);
        if (asked == null) {
            return String.join(",", own);
        }
        mustBeOneOf(own, asked);
        return asked;
    }

    private static Client caller(Exchange exchange) {
        return SecurityConfiguration.clientOf(exchange);
    }
}
