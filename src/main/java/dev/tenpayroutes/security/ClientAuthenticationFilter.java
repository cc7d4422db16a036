package dev.tenpayroutes.security;

import dev.tenpayroutes.api.Problem;
import dev.tenpayroutes.api.ProblemException;
import dev.tenpayroutes.api.RequestIdFilter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.HttpHeaders;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Authenticates the client and applies its rate limit. A request carries one credential: with two, a
 * proxy in between could authenticate one and log the other.
 *
 * <p>An invalid credential counts as none, so that public paths stay public; the reason is kept for the
 * refusal. Webhooks and health aren't looked at: they need no client, and a token there must not ask the issuer anything.
 */
final class ClientAuthenticationFilter extends OncePerRequestFilter {

    private static final String API_KEY = "X-API-Key";
    /** The scheme under which {@code Authorization} carries the same key, for those who can send no other header: Prometheus' operator. */
    private static final String KEY_SCHEME = "ApiKey ";

    private static final String BEARER = "Bearer";
    private static final String REFUSAL = ClientAuthenticationFilter.class.getName();
    private static final String SECONDS_UNTIL_THE_ISSUER_IS_ASKED_AGAIN = "10";

    private static final Set<String> PROBES =
            Set.of("/actuator/health", "/actuator/health/liveness", "/actuator/health/readiness");

    private final Clients clients;
    private final BearerTokens tokens;
    private final RateLimits limits;

    ClientAuthenticationFilter(Clients clients, BearerTokens tokens, RateLimits limits) {
        this.clients = clients;
        this.tokens = tokens;
        this.limits = limits;
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        String path = request.getRequestURI();
        return path.startsWith("/webhooks/") || PROBES.contains(path);
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        try {
            Optional<Client> caller = caller(request);
            if (caller.isPresent()) {
                request.setAttribute(RequestIdFilter.CLIENT_NAME, caller.get().name());
                long wait = limits.secondsToWait(caller.get());
                if (wait > 0) {
                    response.setHeader(HttpHeaders.RETRY_AFTER, Long.toString(wait));
                    Problem.of("RATE_LIMITED").write(request, response);
                    return;
                }
                SecurityContext context = SecurityContextHolder.createEmptyContext();
                context.setAuthentication(new SecurityConfiguration.ClientAuthentication(caller.get()));
                SecurityContextHolder.setContext(context);
                request.setAttribute(SecurityConfiguration.CLIENT, caller.get());
            }
        } catch (ProblemException e) {
            request.setAttribute(REFUSAL, e.problem());
        }
        chain.doFilter(request, response);
    }

    private Optional<Client> caller(HttpServletRequest request) {
        List<String> keys = new ArrayList<>(Collections.list(request.getHeaders(API_KEY)));
        authorizations(request, KEY_SCHEME)
                .forEach(value -> keys.add(value.substring(KEY_SCHEME.length()).strip()));
        List<String> bearers = tokens.count() ? authorizations(request, BEARER) : List.of();
        if (keys.size() + bearers.size() > 1) {
            throw new ProblemException("UNAUTHENTICATED.one-credential");
        }
        return bearers.isEmpty()
                ? keys.stream().findFirst().flatMap(clients::byApiKey)
                : Optional.of(
                        tokens.client(bearers.get(0).substring(BEARER.length()).strip()));
    }

    private static List<String> authorizations(HttpServletRequest request, String scheme) {
        return Collections.list(request.getHeaders(HttpHeaders.AUTHORIZATION)).stream()
                .filter(value -> value.regionMatches(true, 0, scheme, 0, scheme.length()))
                .toList();
    }

    /** Answers a request that needed a client and has none. */
    void refuse(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Problem problem = request.getAttribute(REFUSAL) instanceof Problem kept
                ? kept
                : Problem.of(
                        request.getHeader(API_KEY) == null ? "UNAUTHENTICATED.no-key" : "UNAUTHENTICATED.unknown-key",
                        "orToken",
                        tokens.count() ? ", or a bearer token in the Authorization header" : "");
        if (problem.status() == 503) {
            response.setHeader(HttpHeaders.RETRY_AFTER, SECONDS_UNTIL_THE_ISSUER_IS_ASKED_AGAIN);
        } else if (tokens.count()) {
            response.setHeader(HttpHeaders.WWW_AUTHENTICATE, BEARER);
        }
        problem.write(request, response);
    }
}
