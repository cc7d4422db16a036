package dev.tenpayroutes.security;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.KeyMaterialFixture;
import dev.tenpayroutes.api.Problem;
import dev.tenpayroutes.api.ProblemException;
import dev.tenpayroutes.config.ClientProperties;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import dev.tenpayroutes.signature.Rsa;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.security.oauth2.resource.OAuth2ResourceServerProperties;
import org.springframework.mock.env.MockEnvironment;
import org.springframework.security.oauth2.jwt.JwtDecoder;

/** Every rejection starts from a good token and breaks one thing. */
class BearerTokensTest {

    private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");
    private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

    private static Accounts accounts;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private TestIssuer issuer;
    private BearerTokens tokens;

    @BeforeAll
    static void accounts(@TempDir Path folder) throws IOException {
        accounts = new Accounts(new KeyMaterialFixture(folder).settings("main", "macau"), Rsa.fastest(), CLOCK);
    }

    @BeforeEach
    void anIssuer() {
        for (Class<?> type : List.of(BearerTokens.class, OidcJwkSource.class)) {
            ((Logger) LoggerFactory.getLogger(type)).addAppender(log);
        }
        log.start();
        issuer = new TestIssuer(CLOCK);
        tokens = tokens(issuer.url(), "tenpay-global-routes");
    }

    @AfterEach
    void stop() {
        issuer.close();
        for (Class<?> type : List.of(BearerTokens.class, OidcJwkSource.class)) {
            ((Logger) LoggerFactory.getLogger(type)).detachAppender(log);
        }
    }

    private static BearerTokens tokens(String url, String... audiences) {
        MockEnvironment environment = new MockEnvironment();
        environment.setActiveProfiles("production");
        environment.setProperty(BearerTokens.ISSUER, url);
        List<String> all = List.of("payments:read", "payments:write", "refunds:write");
        Clients clients = new Clients(
                TenpayPropertiesFixture.clients(Map.of(
                        "erp",
                        new ClientProperties(
                                List.of(), List.of(), "erp-backend", List.of("main", "macau"), all.subList(0, 2), 200),
                        "desk",
                        new ClientProperties(List.of(), List.of(), "desk", List.of("macau"), all, 200))),
                accounts,
                environment);
        OAuth2ResourceServerProperties properties = new OAuth2ResourceServerProperties();
        properties.getJwt().setIssuerUri(url);
        properties.getJwt().setAudiences(List.of(audiences));
        return new BearerTokens(clients, properties, CLOCK);
    }

    private Problem refusal(String token) {
        ProblemException refusal = catchThrowableOfType(ProblemException.class, () -> tokens.client(token));
        assertThat(refusal).as("let in").isNotNull();
        String payload = token.contains(".") ? token.split("\\.", -1)[1] : token;
        assertThat(refusal.problem().json())
                .doesNotContain("Exception", "nimbus", "springframework", "Jwt", issuer.url())
                .doesNotContain(payload.length() < 8 ? "\u0000" : payload);
        return refusal.problem();
    }

    private void isUnauthenticated(String token) {
        Problem problem = refusal(token);
        assertThat(problem.status()).isEqualTo(401);
        assertThat(problem.code()).isEqualTo("UNAUTHENTICATED");
    }

    private void isUnchecked(String token) {
        Problem problem = refusal(token);
        assertThat(problem.status()).isEqualTo(503);
        assertThat(problem.code()).isEqualTo("ISSUER_UNAVAILABLE");
    }

    @Test
    void aGoodTokenIsItsClients() {
        assertThat(tokens.client(issuer.token()))
                .isEqualTo(new Client("erp", List.of("main", "macau"), List.of("payments:read", "payments:write")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
    void rsaSignaturesCount(String algorithm) {
        assertThat(tokens.client(issuer.sign(
                        issuer.header(JWSAlgorithm.parse(algorithm)).build(),
                        issuer.claims().build())))
                .isNotNull();
    }

    @Test
    void ellipticCurveSignaturesCount() {
        JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("ec").build();
        assertThat(tokens.client(issuer.sign(header, issuer.claims().build()))).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"JWT", "jwt", "at+jwt", "application/at+jwt"})
    void everySpellingOfAnAccessTokensTypeCounts(String type) {
        JWSHeader header =
                issuer.header(JWSAlgorithm.RS256).type(new JOSEObjectType(type)).build();
        assertThat(tokens.client(issuer.sign(header, issuer.claims().build()))).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({"azp", "client_id", "sub"})
    void aTokenBelongsToTheFirstThatItNamesOfAzpClientIdAndSub(String claim) {
        assertThat(tokens.client(issuer.token(claims -> {
                    claims.claim("azp", null).claim("client_id", null).claim("sub", null);
                    claims.claim(claim, "desk");
                })))
                .extracting(Client::name)
                .isEqualTo("desk");
    }

    @Test
    void whatAnEarlierClaimSaysIsNotMadeGoodByALaterOne() {
        isUnauthenticated(issuer.token(claims -> claims.claim("azp", "stranger").claim("client_id", "desk")));
        isUnauthenticated(issuer.token(claims ->
                claims.claim("azp", null).claim("client_id", "stranger").claim("sub", "desk")));
        isUnauthenticated(issuer.token(claims -> claims.claim("azp", "stranger").subject("desk")));
    }

    static Stream<Consumer<JWTClaimsSet.Builder>> nobodys() {
        return Stream.of(
                claims -> claims.claim("azp", null).claim("sub", null),
                claims -> claims.claim("azp", ""),
                claims -> claims.claim("azp", "erp"),
                claims -> claims.claim("azp", "ERP-backend"),
                claims -> claims.claim("azp", " erp-backend"),
                claims -> claims.claim("azp", List.of("erp-backend")),
                claims -> claims.claim("azp", Map.of("erp-backend", "erp-backend")));
    }

    @ParameterizedTest
    @MethodSource("nobodys")
    void refusesTokenOfUnknownClient(Consumer<JWTClaimsSet.Builder> change) {
        isUnauthenticated(issuer.token(change));
    }

    static Stream<Arguments> scopes() {
        return Stream.of(
                arguments("scope", "payments:read payments:write", List.of("payments:read", "payments:write")),
                arguments("scope", "refunds:write payments:read", List.of("payments:read")),
                arguments("scope", List.of("payments:write"), List.of("payments:write")),
                arguments("scp", List.of("payments:read", "x"), List.of("payments:read")),
                arguments("scp", "payments:read", List.of("payments:read")),
                arguments("scp", List.of(1, Map.of()), List.of()),
                arguments("scope", "refunds:write", List.of()),
                arguments("scope", "payments:reader payments", List.of()),
                arguments("scope", "", List.of()),
                arguments("scope", 7, List.of()),
                arguments("roles", List.of("payments:read"), List.of()));
    }

    @ParameterizedTest
    @MethodSource("scopes")
    void aClientMayDoWhatBothItsSettingsAndTheTokenSay(String claim, Object value, List<String> may) {
        assertThat(tokens.client(issuer.token(
                                claims -> claims.claim("scope", null).claim(claim, value)))
                        .scopes())
                .isEqualTo(may);
    }

    static Stream<Consumer<JWTClaimsSet.Builder>> wrong() {
        return Stream.of(
                claims -> claims.expirationTime(Date.from(NOW.minusSeconds(61))),
                claims -> claims.expirationTime(null),
                claims -> claims.expirationTime(Date.from(NOW.plusSeconds(300)))
                        .notBeforeTime(Date.from(NOW.plusSeconds(61))),
                claims -> claims.issuer("https://issuer.example.com"),
                claims -> claims.issuer(claims.build().getIssuer() + "/"),
                claims -> claims.issuer(null),
                claims -> claims.audience("another-service"),
                claims -> claims.audience("tenpay-global-routes-2"),
                claims -> claims.audience(List.of()),
                claims -> claims.audience((String) null),
                claims -> claims.claim("cnf", Map.of("jkt", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")),
                claims -> claims.claim("cnf", Map.of("x5t#S256", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void aTokenOfAnotherTimeIssuerAudienceOrOwnerIsRefused(Consumer<JWTClaimsSet.Builder> change) {
        isUnauthenticated(issuer.token(change));
    }

    @Test
    void clocksMayDifferByAMinute() {
        assertThat(tokens.client(issuer.token(claims -> claims.expirationTime(Date.from(NOW.minusSeconds(59))))))
                .isNotNull();
        assertThat(tokens.client(issuer.token(claims -> claims.notBeforeTime(Date.from(NOW.plusSeconds(59))))))
                .isNotNull();
    }

    @Test
    void oneOfSeveralAudiencesIsEnough() {
        assertThat(tokens.client(issuer.token(claims -> claims.audience(List.of("other", "tenpay-global-routes")))))
                .isNotNull();
    }

    @Test
    void aChangedTokenIsRefused() {
        String[] parts = issuer.token().split("\\.");
        String more = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(new String(Base64.getUrlDecoder().decode(parts[1]), UTF_8)
                        .replace("payments:write", "refunds:write")
                        .getBytes(UTF_8));
        isUnauthenticated(parts[0] + "." + more + "." + parts[2]);
        isUnauthenticated(parts[0] + "." + parts[1] + ".");
        isUnauthenticated(parts[0] + "." + parts[1] + "." + parts[2].substring(0, parts[2].length() - 8) + "AAAAAAAA");
    }

    @Test
    void anUnsignedTokenIsRefused() {
        isUnauthenticated(new PlainJWT(issuer.claims().build()).serialize());
        String[] parts = issuer.token().split("\\.");
        for (String none : List.of("none", "None", "NONE", "nOnE")) {
            String header = "{\"alg\":\"" + none + "\",\"kid\":\"first\"}";
            String encoded = Base64.getUrlEncoder().withoutPadding().encodeToString(header.getBytes(UTF_8));
            isUnauthenticated(encoded + "." + parts[1] + ".");
            isUnauthenticated(encoded + "." + parts[1] + "." + parts[2]);
        }
    }

    @Test
    void theIssuersPublicKeyIsNoSharedSecret() throws JOSEException {
        PublicKey key = issuer.key.toPublicKey();
        String pem = "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
        for (byte[] secret : List.of(
                key.getEncoded(),
                pem.getBytes(UTF_8),
                pem.strip().getBytes(UTF_8),
                issuer.key.toPublicJWK().toJSONString().getBytes(UTF_8),
                issuer.key.getModulus().decode())) {
            for (JWSAlgorithm algorithm : List.of(JWSAlgorithm.HS256, JWSAlgorithm.HS384, JWSAlgorithm.HS512)) {
                isUnauthenticated(TestIssuer.sign(
                        issuer.header(algorithm).build(), issuer.claims().build(), new MACSigner(secret)));
            }
        }
    }

    @Test
    void anotherKeyIsRefusedWhateverNameItTakes() throws JOSEException {
        RSAKey other = TestIssuer.rsa("first");
        RSASSASigner signer = new RSASSASigner(other);
        JWTClaimsSet claims = issuer.claims().build();
        isUnauthenticated(TestIssuer.sign(issuer.header(JWSAlgorithm.RS256).build(), claims, signer));
        isUnauthenticated(
                TestIssuer.sign(issuer.header(JWSAlgorithm.RS256).keyID(null).build(), claims, signer));
        isUnauthenticated(TestIssuer.sign(
                issuer.header(JWSAlgorithm.RS256).jwk(other.toPublicJWK()).build(), claims, signer));
        isUnauthenticated(TestIssuer.sign(
                issuer.header(JWSAlgorithm.RS256)
                        .jwkURL(URI.create("https://evil.example/keys"))
                        .build(),
                claims,
                signer));
        isUnauthenticated(TestIssuer.sign(
                issuer.header(JWSAlgorithm.RS256).keyID("unknown").build(), claims, signer));
    }

    @ParameterizedTest
    @ValueSource(strings = {"JOSE", "logout+jwt", "secevent+jwt", "dpop+jwt"})
    void aTokenOfAnotherKindIsRefused(String type) {
        JWSHeader header =
                issuer.header(JWSAlgorithm.RS256).type(new JOSEObjectType(type)).build();
        isUnauthenticated(issuer.sign(header, issuer.claims().build()));
    }

    @Test
    void whatIsNoTokenIsRefusedAndTheIssuerIsNotAsked() {
        String deep = Base64.getUrlEncoder().encodeToString("[".repeat(6000).getBytes(UTF_8));
        for (String rubbish : List.of(
                "",
                ".",
                "..",
                "...",
                "....",
                "sandbox-key",
                "a.b.c",
                "e30.e30.",
                "e30.e30.e30",
                "\u0000",
                "é.é.é",
                "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
                deep + "." + deep + "." + deep)) {
            isUnauthenticated(rubbish);
        }
        assertThat(issuer.asked.get()).isLessThanOrEqualTo(1);
    }

    /** Written as text: a serializer of such maps may run out of stack. */
    @Test
    void aTokenOfManyLevelsIsRefusedWhetherTheIssuerSignedThemOrNot() {
        String objects = "{\"a\":".repeat(1500) + "{}" + "}".repeat(1500);
        String arrays = "[".repeat(5000) + "]".repeat(5000);
        assertThat(tokens.client(issuer.sign(claimsWith("{}")))).isNotNull();
        for (String deep : List.of(objects, arrays)) {
            isUnauthenticated(issuer.sign(claimsWith(deep)));
            isUnauthenticated(Stream.of("{\"alg\":\"RS256\",\"kid\":" + deep + "}", "{}", "signature")
                    .map(part -> Base64URL.encode(part).toString())
                    .collect(Collectors.joining(".")));
        }
    }

    private String claimsWith(String value) {
        return issuer.claims().build().toString().replaceFirst("}$", ",\"a\":" + value + "}");
    }

    @Test
    void limitsIssuerRequestsForUnknownKeys() {
        long before = System.nanoTime();
        tokens.client(issuer.token());
        for (int i = 0; i < 100; i++) {
            isUnauthenticated(issuer.sign(
                    issuer.header(JWSAlgorithm.RS256).keyID("unknown-" + i).build(),
                    issuer.claims().build()));
        }
        // Twice in ten seconds, on a machine of any speed.
        long tens = 1 + Duration.ofNanos(System.nanoTime() - before).toSeconds() / 10;
        assertThat(issuer.asked.get()).isLessThanOrEqualTo((int) (2 * tens));
        assertThat(tokens.client(issuer.token())).isNotNull();
    }

    @Test
    void aKeyThatTheIssuerTakesIntoUseCountsAtOnce() {
        tokens.client(issuer.token());
        issuer.rotate();
        assertThat(tokens.client(issuer.token())).isNotNull();
    }

    @Test
    void refusesTokensWithoutIssuerKeys() {
        issuer.status = 500;
        isUnchecked(issuer.token());
        issuer.status = 200;
        assertThat(tokens.client(issuer.token())).isNotNull();
    }

    @Test
    void anIssuerThatIsAwayIsNotAskedAgainByEveryToken() {
        issuer.status = 500;
        for (int i = 0; i < 20; i++) {
            isUnchecked(issuer.token());
        }
        assertThat(log.list).hasSizeLessThanOrEqualTo(2).allMatch(event -> event.getThrowableProxy() == null);
        assertThat(log.list.get(0).getFormattedMessage()).startsWith(issuer.url() + " does not give its keys: ");
    }

    @Test
    void keysOnceGivenCountWhileTheIssuerIsAwayAlsoAfterTheirTime() throws InterruptedException {
        JwtDecoder decoder = BearerTokens.decoder(
                issuer.url(),
                List.of("tenpay-global-routes"),
                new OidcJwkSource(issuer.url()),
                Duration.ofMillis(200),
                Duration.ofMillis(100),
                CLOCK);
        decoder.decode(issuer.token());
        issuer.close();
        Thread.sleep(400);
        assertThat(decoder.decode(issuer.token())).isNotNull();
    }

    @Test
    @Timeout(60)
    void boundsWaitForHangingIssuer() throws Exception {
        issuer.silent = true;
        String token = issuer.token();
        ExecutorService threads = Executors.newFixedThreadPool(20);
        try {
            Instant start = Instant.now();
            List<Callable<Problem>> calls = java.util.Collections.nCopies(20, () -> refusal(token));
            for (Future<Problem> refused : threads.invokeAll(calls)) {
                assertThat(refused.get().code()).isEqualTo("ISSUER_UNAVAILABLE");
            }
            assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(7));
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "rubbish",
                "{}",
                "[]",
                "{\"issuer\":\"https://issuer.example.com\",\"jwks_uri\":\"{url}/keys\"}",
                "{\"issuer\":\"{url}\"}",
                "{\"issuer\":\"{url}\",\"jwks_uri\":\"http://keys.example.com/keys\"}",
                "{\"issuer\":\"{url}\",\"jwks_uri\":\"file:///etc/passwd\"}",
                "{\"issuer\":\"{url}\",\"jwks_uri\":\"{url}/.well-known/openid-configuration\"}"
            })
    void keysThatAreNotSurelyTheIssuersAreNone(String discovery) {
        issuer.discovery = discovery.replace("{url}", issuer.url());
        isUnchecked(issuer.token());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://issuer.example.com",
                "http://127.0.0.1.example.com",
                "http://localhost.example.com",
                "ftp://issuer.example.com",
                "issuer.example.com",
                "https:",
                "not a url"
            })
    void anIssuerThatCouldBeImpersonatedIsRefusedAtStart(String url) {
        assertThat(catchThrowableOfType(InvalidConfigurationException.class, () -> tokens(url))
                        .line())
                .isEqualTo("spring.security.oauth2.resourceserver.jwt.issuer-uri is not an https URL: " + url
                        + ". Remedy: give the issuer's URL, exactly as its tokens spell it; http will do on this"
                        + " machine only");
    }

    @Test
    void startingDoesNotNeedTheIssuer() {
        assertThat(tokens("https://issuer.invalid/realms/merchant", "tenpay-global-routes")
                        .count())
                .isTrue();
    }

    @Test
    void anIssuerWithoutAudiencesIsWarnedOfOnce() {
        assertThat(log.list).isEmpty();
        tokens = tokens(issuer.url());
        assertThat(log.list).hasSize(1);
        assertThat(log.list.get(0).getFormattedMessage())
                .startsWith("spring.security.oauth2.resourceserver.jwt.audiences is not set: ")
                .contains("Remedy: ");
        assertThat(tokens.client(issuer.token(claims -> claims.audience("another-service"))))
                .isNotNull();
    }

    @Test
    void withoutAnIssuerTokensDoNotCount() {
        MockEnvironment environment = new MockEnvironment();
        environment.setActiveProfiles("production");
        Clients clients = new Clients(
                TenpayPropertiesFixture.clients(Map.of(
                        "erp",
                        new ClientProperties(
                                List.of("a-key-of-more-than-20-characters"),
                                List.of(),
                                "erp-backend",
                                List.of("main"),
                                List.of("payments:read"),
                                200))),
                accounts,
                environment);
        assertThat(new BearerTokens(clients, new OAuth2ResourceServerProperties(), CLOCK).count())
                .isFalse();
    }
}
