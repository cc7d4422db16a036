package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.api.TestIssuer;
import java.time.Clock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

@DisplayName("an issuer that is away from the start")
@DirtiesContext
class AwayIssuerStoryTest extends Story {

    private static final TestIssuer ISSUER = new TestIssuer(Clock.systemUTC());

    @DynamicPropertySource
    static void callers(DynamicPropertyRegistry registry) {
        ISSUER.status = 503;
        registry.add("spring.security.oauth2.resourceserver.jwt.issuer-uri", ISSUER::url);
        registry.add("tenpay.clients.portal.oauth2-client-id", () -> "erp-backend");
        registry.add("tenpay.clients.portal.accounts", () -> "main");
        registry.add("tenpay.clients.portal.scopes", () -> "payments:read");
    }

    @AfterAll
    static void stopIssuer() {
        ISSUER.close();
    }

    @Test
    void theProgramStartsTokensWaitAndKeysWorkOn() {
        Answer unchecked = send("GET", "/v1/payments", null, null, "Authorization", "Bearer " + ISSUER.token());
        assertThat(unchecked.status()).isEqualTo(503);
        assertThat(unchecked.type()).isEqualTo("application/problem+json");
        assertThat(unchecked.text("code")).isEqualTo("ISSUER_UNAVAILABLE");
        assertThat(unchecked.headers().get("retry-after")).containsExactly("10");
        assertThat(unchecked.body().toString()).doesNotContain("Exception", ISSUER.url());
        assertThat(get("/v1/payments").status()).isEqualTo(200);
        assertThat(send("GET", "/actuator/health", null, null, "Authorization", "Bearer rubbish")
                        .status())
                .as("what is open to all stays so")
                .isEqualTo(200);

        ISSUER.status = 200;
        Answer again = send("GET", "/v1/payments", null, null, "Authorization", "Bearer " + ISSUER.token());
        assertThat(again.status()).isEqualTo(200);
    }
}
