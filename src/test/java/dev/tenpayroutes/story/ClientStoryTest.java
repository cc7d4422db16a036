package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;

@DisplayName("who may call: keys, tokens, rates, and what is not open in production")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ClientStoryTest extends Story {

    @Autowired
    private MeterRegistry meters;

    @AfterEach
    void theIssuerIsWell() {
        ISSUER.status = 200;
    }

    private Answer bearer(String method, String path, String token, String body) {
        return send(method, path, null, body, "Authorization", "Bearer " + token);
    }

    private static void isUnauthenticated(Answer answer) {
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.type()).isEqualTo("application/problem+json");
        assertThat(answer.text("code")).isEqualTo("UNAUTHENTICATED");
        assertThat(answer.headers().get("www-authenticate")).containsExactly("Bearer");
        assertThat(answer.body().toString()).doesNotContain("Exception", "springframework", "nimbus", "Jwt");
    }

    @Test
    void tellsUnknownKeyFromMissingKey() {
        Answer none = send("GET", "/v1/payments", null, null);
        Answer unknown = send("GET", "/v1/payments", "nobodys-key", null);
        isUnauthenticated(none);
        isUnauthenticated(unknown);
        assertThat(none.text("detail")).startsWith("send your API key in the X-API-Key header");
        assertThat(unknown.text("detail")).startsWith("no client has this API key; send yours in the X-API-Key header");
    }

    @Test
    @Order(1)
    void startsWithoutIssuer() {
        Answer unchecked = bearer("GET", "/v1/payments", ISSUER.token(), null);
        assertThat(unchecked.status()).isEqualTo(503);
        assertThat(unchecked.type()).isEqualTo("application/problem+json");
        assertThat(unchecked.text("code")).isEqualTo("ISSUER_UNAVAILABLE");
        assertThat(unchecked.headers().get("retry-after")).containsExactly("10");
        assertThat(unchecked.body().toString()).doesNotContain("Exception", ISSUER.url());
        assertThat(get("/v1/payments").status()).isEqualTo(200);
        assertThat(bearer("GET", "/actuator/health", "rubbish", null).status())
                .as("open pages stay open")
                .isEqualTo(200);

        ISSUER.status = 200;
        assertThat(bearer("GET", "/v1/payments", ISSUER.token(), null).status()).isEqualTo(200);
    }

    @Test
    void bothKeysOfAClientCountWhileItChangesFromOneToTheOther() {
        assertThat(send("GET", "/v1/payments", OLD, null).status()).isEqualTo(200);
        assertThat(send("GET", "/v1/payments", NEW, null).status()).isEqualTo(200);
        isUnauthenticated(send("GET", "/v1/payments", OLD + "," + NEW, null));
    }

    @Test
    void aTokenOrdersReadsAndIsBoundToItsClientsAccounts() {
        String number = newNumber();
        assertThat(bearer("POST", "/v1/payments", ISSUER.token(), order(number)).status())
                .isEqualTo(201);
        Answer payment = bearer("GET", "/v1/payments/" + number, ISSUER.token(), null);
        assertThat(payment.status()).isEqualTo(200);
        assertThat(payment.text("account")).isEqualTo("main");
        assertThat(payment.headers().keySet()).doesNotContain("authorization", "www-authenticate");
        Answer foreign = bearer(
                "POST",
                "/v1/payments",
                ISSUER.token(),
                order(newNumber()).replace("{\"orderNo\"", "{\"account\":\"macau\",\"orderNo\""));
        assertThat(foreign.text("code")).isEqualTo("ACCOUNT_UNKNOWN");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bearer", "BEARER", "Bearer  "})
    void theSchemesNameIsReadInAnyCase(String scheme) {
        assertThat(send("GET", "/v1/payments", null, null, "Authorization", scheme + " " + ISSUER.token())
                        .status())
                .isEqualTo(200);
    }

    @Test
    void aTokenMayNotDoWhatItsScopesDoNotSay() {
        String token = ISSUER.token(claims -> claims.claim("scope", "payments:read"));
        assertThat(bearer("GET", "/v1/payments", token, null).status()).isEqualTo(200);
        String number = newNumber();
        Answer forbidden = bearer("POST", "/v1/payments", token, order(number));
        assertThat(forbidden.status()).isEqualTo(403);
        assertThat(forbidden.text("code")).isEqualTo("FORBIDDEN");
        assertThat(count("select count(*) from payment where order_no = ?", number))
                .isZero();
        assertThat(bearer("GET", "/v1/payments", ISSUER.token(claims -> claims.claim("scope", null)), null)
                        .status())
                .isEqualTo(403);
    }

    @Test
    void aTokenThatIsNotGoodIsRefusedAndSaysNothingOfTheInside() {
        String good = ISSUER.token();
        isUnauthenticated(bearer("GET", "/v1/payments", good.substring(0, good.length() - 6) + "AAAAAA", null));
        isUnauthenticated(bearer("GET", "/v1/payments", "rubbish", null));
        isUnauthenticated(bearer("GET", "/v1/payments", "", null));
        isUnauthenticated(bearer(
                "GET",
                "/v1/payments",
                ISSUER.token(
                        claims -> claims.expirationTime(Date.from(Instant.now().minusSeconds(120)))),
                null));
        isUnauthenticated(bearer("GET", "/v1/payments", ISSUER.token(claims -> claims.audience("another")), null));
        isUnauthenticated(bearer("GET", "/v1/payments", ISSUER.token(claims -> claims.claim("azp", "stranger")), null));
        isUnauthenticated(bearer("GET", "/v1/payments", KEY, null));
    }

    @Test
    void twoCredentialsAreOneTooMany() {
        String token = "Bearer " + ISSUER.token();
        isUnauthenticated(send("GET", "/v1/payments", KEY, null, "Authorization", token));
        isUnauthenticated(send("GET", "/v1/payments", "wrong-key", null, "Authorization", token));
        isUnauthenticated(send("GET", "/v1/payments", KEY, null, "Authorization", "Bearer rubbish"));
        isUnauthenticated(send("GET", "/v1/payments", KEY, null, "X-API-Key", KEY));
        isUnauthenticated(send("GET", "/v1/payments", null, null, "Authorization", token, "Authorization", token));
    }

    @Test
    void takesKeyInAuthorizationHeaderAsWell() {
        assertThat(send("GET", "/actuator/prometheus", null, null, "Authorization", "ApiKey " + WATCHER)
                        .status())
                .isEqualTo(200);
        assertThat(send("GET", "/v1/payments", null, null, "Authorization", "ApiKey " + WATCHER)
                        .status())
                .isEqualTo(403);
        isUnauthenticated(send("GET", "/v1/payments", null, null, "Authorization", "ApiKey wrong-key"));
        isUnauthenticated(send("GET", "/v1/payments", KEY, null, "Authorization", "ApiKey " + KEY));
        isUnauthenticated(send("GET", "/v1/payments", null, null, "Authorization", KEY));
    }

    @Test
    void ignoresOtherAuthorizationSchemes() {
        isUnauthenticated(send("GET", "/v1/payments", null, null, "Authorization", "Basic c2FuZGJveC1rZXk6"));
        assertThat(send("GET", "/v1/payments", KEY, null, "Authorization", "Basic c2FuZGJveC1rZXk6")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void aTokenInTheUrlDoesNotCount() {
        isUnauthenticated(send("GET", "/v1/payments?access_token=" + ISSUER.token(), null, null));
    }

    @Test
    void aClientThatCallsTooOftenIsHeldBackAndOnlyThatClient() {
        eventually()
                .untilAsserted(() -> assertThat(
                                send("GET", "/v1/payments", HASTY, null).status())
                        .isEqualTo(429));
        Answer limited = send("GET", "/v1/payments", HASTY, null);
        assertThat(limited.status()).isEqualTo(429);
        assertThat(limited.type()).isEqualTo("application/problem+json");
        assertThat(limited.text("code")).isEqualTo("RATE_LIMITED");
        assertThat(limited.headers().get("retry-after")).containsExactly("1");
        assertThat(meters.counter("tenpay.api.rate-limited", "client", "hasty").count())
                .isPositive();
        assertThat(get("/v1/payments").status()).isEqualTo(200);
        assertThat(send("GET", "/actuator/health", HASTY, null).status()).isEqualTo(200);
        // Unsigned, so not let in: but not held back.
        assertThat(send("POST", "/webhooks/tenpay/main/payments", HASTY, "{}").status())
                .isEqualTo(401);
        eventually()
                .untilAsserted(() -> assertThat(
                                send("GET", "/v1/payments", HASTY, null).status())
                        .isEqualTo(200));
    }

    @Test
    void refusesLimitedClientBeforeReadingBody() throws IOException {
        for (int i = 0; i < 5; i++) {
            send("GET", "/v1/payments", HASTY, null);
        }
        // The body is announced and never sent.
        String head = "POST /v1/payments HTTP/1.1\r\nHost: x\r\nX-API-Key: " + HASTY
                + "\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n";
        try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(settings.getRequiredProperty("server.port")))) {
            socket.setSoTimeout(2000);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            byte[] status = socket.getInputStream().readNBytes("HTTP/1.1 429".length());
            assertThat(new String(status, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 429");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/docs",
                "/docs/",
                "/docs/errors",
                "/docs/swagger-ui-bundle.js",
                "/docs/nothing",
                "/v1/openapi.yaml",
                "/actuator",
                "/actuator/metrics",
                "/actuator/metrics/tenpay.api.rate-limited",
                "/actuator/prometheus",
                "/actuator/env",
                "/actuator/heapdump",
                "/error",
                "/anything"
            })
    void whatIsNotMeantForEverybodyNeedsAClient(String path) {
        isUnauthenticated(send("GET", path, null, null));
        isUnauthenticated(send("GET", path, "wrong-key", null));
    }

    @Test
    void anyClientMayReadTheContractAndItsPages() {
        for (String key : List.of(KEY, READER, WRITER)) {
            assertThat(send("GET", "/docs/errors", key, null).status()).isEqualTo(200);
            assertThat(send("GET", "/docs", key, null).status()).isEqualTo(200);
            assertThat(send("GET", "/v1/openapi.yaml", key, null).status()).isNotIn(401, 403);
        }
        assertThat(bearer("GET", "/docs", ISSUER.token(), null).status()).isEqualTo(200);
    }

    @Test
    void hidesPaymentsFromMetricsScope() {
        eventually()
                .untilAsserted(() -> assertThat(send("GET", "/actuator/prometheus", WATCHER, null)
                                .content())
                        .contains("tenpay_queue_oldest_seconds{queue=\"payments\"}"));
        assertThat(send("GET", "/v1/payments", WATCHER, null).status()).isEqualTo(403);
        assertThat(send("POST", "/v1/payments", WATCHER, order(newNumber())).status())
                .isEqualTo(403);
    }

    @Test
    void needsScopeForMetrics() {
        for (String path : List.of(
                "/actuator",
                "/actuator/metrics",
                "/actuator/metrics/tenpay.account.available",
                "/actuator/prometheus")) {
            assertThat(send("GET", path, WATCHER, null).status()).as(path).isEqualTo(200);
            assertThat(send("GET", path, READER, null).status()).as(path).isEqualTo(403);
            assertThat(send("GET", path, WRITER, null).status()).as(path).isEqualTo(403);
        }
        assertThat(send("GET", "/actuator/env", WATCHER, null).status()).isEqualTo(404);
    }

    @ParameterizedTest
    @CsvSource({"/actuator/health", "/actuator/health/readiness", "/actuator/health/liveness"})
    void healthIsOpenAndAsksNobodyAboutATokenThere(String path) {
        int asked = ISSUER.asked.get();
        assertThat(bearer("GET", path, ISSUER.tokenWithUnknownKey(), null).status())
                .isEqualTo(200);
        assertThat(ISSUER.asked.get()).isEqualTo(asked);
    }
}
