package dev.tenpayroutes.security;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import dev.tenpayroutes.api.Problem;
import dev.tenpayroutes.api.ProblemException;
import dev.tenpayroutes.config.InvalidConfigurationException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.security.oauth2.resource.OAuth2ResourceServerProperties;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2ErrorCodes;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.stereotype.Component;

/**
 * Knows a client by an OAuth2 bearer token (RFC 9068), where an issuer is set: a token counts only when the issuer's key
 * signed it, it names this issuer and, where audiences are set, one of them, its time is now, and it belongs to a client of
 * ours. What the client may do is what both its settings and the token say.
 *
 * <p>Tokens are signed by RSA or ECDSA and nothing else: a shared secret would have to be ours, and a public key must
 * never be taken for one. The issuer is asked for its keys when the first token comes, so that start-up doesn't depend on
 * it; a token that can't be checked because the issuer doesn't answer is a 503, never let in.
 */
@Component
class BearerTokens {

    static final String ISSUER = "spring.security.oauth2.resourceserver.jwt.issuer-uri";
    private static final String AUDIENCES = "spring.security.oauth2.resourceserver.jwt.audiences";

    private static final Logger LOG = LoggerFactory.getLogger(BearerTokens.class);

    private static final Duration KEYS_COUNT = Duration.ofMinutes(5);
    private static final Duration JWK_OUTAGE_TTL = Duration.ofHours(1);
    private static final Duration BETWEEN_QUESTIONS = Duration.ofSeconds(10);
    private static final Duration WAIT_FOR_ANOTHERS_QUESTION = Duration.ofSeconds(2);

    private static final Set<JWSAlgorithm> ALGORITHMS = Set.of(
            JWSAlgorithm.RS256,
            JWSAlgorithm.RS384,
            JWSAlgorithm.RS512,
            JWSAlgorithm.PS256,
            JWSAlgorithm.PS384,
            JWSAlgorithm.PS512,
            JWSAlgorithm.ES256,
            JWSAlgorithm.ES384,
            JWSAlgorithm.ES512);

    private static final Problem INVALID = Problem.of("UNAUTHENTICATED.invalid-token");
    private static final Problem UNKNOWN = Problem.of("UNAUTHENTICATED.unknown-token");
    private static final Problem UNCHECKED = Problem.of("ISSUER_UNAVAILABLE");

    private final Clients clients;
    private final @Nullable OidcJwkSource keys;
    private final @Nullable JwtDecoder decoder;

    BearerTokens(Clients clients, OAuth2ResourceServerProperties settings, Clock clock) {
        this.clients = clients;
        String issuer = settings.getJwt().getIssuerUri();
        if (issuer == null || issuer.isBlank()) {
            this.keys = null;
            this.decoder = null;
            return;
        }
        check(issuer);
        List<String> audiences = settings.getJwt().getAudiences();
        if (audiences.isEmpty()) {
            LOG.warn(
                    "{} is not set: a token that {} gave for another service counts here too. Remedy: set it to this"
                            + " service's name in tokens",
                    AUDIENCES,
                    issuer);
        }
        this.keys = new OidcJwkSource(issuer);
        this.decoder = decoder(issuer, audiences, keys, KEYS_COUNT, BETWEEN_QUESTIONS, clock);
    }

    /** Refuses an issuer that can't be trusted. */
    static void check(@Nullable String issuer) {
        if (issuer != null && !issuer.isBlank() && !OidcJwkSource.isTrustworthy(issuer)) {
            throw new InvalidConfigurationException(
                    ISSUER,
                    "is not an https URL: " + issuer,
                    "give the issuer's URL, exactly as its tokens spell it; http will do on this machine only");
        }
    }

    /** Whether tokens count at all. */
    boolean count() {
        return decoder != null;
    }

    /** The client that a token belongs to, with what it may do; else a {@link ProblemException}, 401 or 503. */
    Client client(String token) {
        Jwt jwt = verified(token);
        Object id = Stream.of("azp", "client_id", "sub")
                .map(jwt.getClaims()::get)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse("");
        Client client = clients.byOAuth2ClientId(id.toString()).orElseThrow(() -> new ProblemException(UNKNOWN));
        List<String> scopes = new ArrayList<>(client.scopes());
        scopes.retainAll(scopes(jwt));
        return new Client(client.name(), client.accounts(), scopes);
    }

    private Jwt verified(String token) {
        try {
            return Objects.requireNonNull(decoder).decode(token);
        } catch (RuntimeException e) {
            // Whatever a strange token does to a parser, it isn't let in. The message may quote it: neither log nor
            // answer.
            throw new ProblemException(isUnchecked(e) ? UNCHECKED : INVALID);
        }
    }

    private boolean isUnchecked(RuntimeException e) {
        // With keys at hand the limit is reached by tokens whose key the issuer, asked a moment ago, doesn't have.
        boolean unknownKey = e.getCause() instanceof RateLimitReachedException
                && Objects.requireNonNull(keys).given();
        return e.getCause() instanceof KeySourceException && !unknownKey;
    }

    private static Collection<String> scopes(Jwt jwt) {
        Object scopes = Optional.ofNullable(jwt.getClaims().get("scope"))
                .orElseGet(() -> jwt.getClaims().get("scp"));
        if (scopes instanceof Collection<?> list) {
            return list.stream().map(String::valueOf).toList();
        }
        return scopes instanceof String text ? List.of(text.split(" ")) : List.of();
    }

    static JwtDecoder decoder(
            String issuer,
            List<String> audiences,
            OidcJwkSource keys,
            Duration keysCount,
            Duration betweenQuestions,
            Clock clock) {
        DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
        // Any request may name an unknown key: the issuer isn't asked again for each of them.
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(
                ALGORITHMS,
                JWKSourceBuilder.create(keys)
                        .cache(keysCount.toMillis(), WAIT_FOR_ANOTHERS_QUESTION.toMillis())
                        .refreshAheadCache(false)
                        .rateLimited(betweenQuestions.toMillis())
                        .outageTolerant(JWK_OUTAGE_TTL.toMillis())
                        .build()));
        processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(
                JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), new JOSEObjectType("application/at+jwt"), null));
        // The claims are judged below, by the clock that is ours.
        processor.setJWTClaimsSetVerifier((claims, context) -> {});

        JwtTimestampValidator time = new JwtTimestampValidator();
        time.setClock(clock);
        List<OAuth2TokenValidator<Jwt>> checks = new ArrayList<>(List.of(
                new JwtIssuerValidator(issuer),
                time,
                check(jwt -> jwt.getExpiresAt() != null),
                // Bound to a key of its owner's (mutual TLS, DPoP), which a bearer doesn't show.
                check(jwt -> !jwt.hasClaim("cnf"))));
        if (!audiences.isEmpty()) {
            checks.add(check(jwt ->
                    jwt.getAudience() != null && jwt.getAudience().stream().anyMatch(audiences::contains)));
        }
        NimbusJwtDecoder decoder = new NimbusJwtDecoder(processor);
        decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(checks));
        return decoder;
    }

    private static OAuth2TokenValidator<Jwt> check(Predicate<Jwt> rule) {
        OAuth2TokenValidatorResult broken =
                OAuth2TokenValidatorResult.failure(new OAuth2Error(OAuth2ErrorCodes.INVALID_TOKEN));
        return jwt -> rule.test(jwt) ? OAuth2TokenValidatorResult.success() : broken;
    }
}
