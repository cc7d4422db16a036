package dev.tenpayroutes.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.standardwebhooks.Webhook;
import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebhookEndpointsTest {

    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
    private static final String OTHER = "whsec_c2FuZGJveC1ldmVudHMtc2VjcmV0LWV2ZXJ5Ym9keS1rbm93cw==";
    private static final AccountProperties.Events GOOD =
            new AccountProperties.Events("https://erp.example.com/events?team=7", List.of(SECRET), Map.of(), List.of());

    private static WebhookEndpoints endpoints(AccountProperties.Events address, String... networks) {
        TenpayProperties settings = TenpayPropertiesFixture.events(address, List.of(networks));
        return new WebhookEndpoints(settings, Set.of("main"), new EgressPolicy(settings));
    }

    private static AccountProperties.Events at(String url) {
        return new AccountProperties.Events(url, GOOD.secrets(), GOOD.headers(), GOOD.types());
    }

    private static AccountProperties.Events signedBy(String... secrets) {
        return new AccountProperties.Events(GOOD.url(), List.of(secrets), GOOD.headers(), GOOD.types());
    }

    private static void refused(String setting, AccountProperties.Events address, String... networks) {
        assertThatThrownBy(() -> endpoints(address, networks))
                .isInstanceOfSatisfying(InvalidConfigurationException.class, e -> {
                    assertThat(e.line())
                            .startsWith("tenpay.accounts.main.events." + setting)
                            .contains("Remedy: ");
                    address.secrets().stream()
                            .filter(secret -> secret.length() > 8)
                            .forEach(secret -> assertThat(e.line()).doesNotContain(secret));
                });
    }

    @Test
    void aGoodAddressIsTaken() {
        assertThat(endpoints(GOOD).find("main")).isPresent();
        assertThat(endpoints(GOOD).find("other")).isEmpty();
        assertThat(endpoints(new AccountProperties.Events(null, List.of(), Map.of(), List.of()))
                        .all())
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://erp.example.com/events",
                "ftp://erp.example.com/",
                "https:///events",
                "erp.example.com",
                "https://user:password@erp.example.com/",
                "https://erp.example.com/#part",
                "https://127.0.0.1/",
                "https://[::1]/",
                "https://169.254.169.254/latest",
                "https://2130706433/",
                "not a url"
            })
    void anAddressThatCanNeverBeSentToStopsTheStart(String url) {
        refused("url", at(url));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://erp_app/events", "https://erp_app:8443/events", "https://a_b.example.com"})
    void namesUnderscoreOfHost(String url) {
        assertThatThrownBy(() -> endpoints(at(url), "10.0.0.0/8"))
                .hasMessageContaining("has a host name with an underscore");
    }

    @Test
    void acceptsPlainHttpWithinAllowedNetworksOnly() {
        assertThat(endpoints(at("http://erp.internal/events"), "10.0.0.0/8").all())
                .hasSize(1);
        assertThat(endpoints(at("http://10.1.2.3:8080/events"), "10.0.0.0/8").all())
                .hasSize(1);
        refused("url", at("http://192.168.1.1/events"), "10.0.0.0/8");
        refused("url", at("http://1.1.1.1/events"), "10.0.0.0/8");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
                "whsec_",
                "whsec_!!!!",
                "whsec_c2hvcnQ=",
                "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8IL"
            })
    void aSecretOfAnotherFormStopsTheStart(String secret) {
        refused("secrets", signedBy(secret));
        refused("secrets", signedBy(SECRET, secret));
    }

    @Test
    void refusesUrlWithoutSecretAndSecretWithoutUrl() {
        refused("secrets", signedBy());
        refused("url", at(null));
        refused("url", at(" "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"webhook-signature", "Webhook-Id", "Content-Length", "host", "Transfer-Encoding", "Bad Name"})
    void aHeaderThatWouldBreakAMessageStopsTheStart(String name) {
        refused("headers", new AccountProperties.Events(GOOD.url(), GOOD.secrets(), Map.of(name, "x"), List.of()));
    }

    @Test
    void aHeadersValueCannotBringAnotherHeader() {
        refused(
                "headers",
                new AccountProperties.Events(
                        GOOD.url(), GOOD.secrets(), Map.of("X-Key", "a\r\nX-Other: b"), List.of()));
    }

    @Test
    void anEventThatThereIsNotStopsTheStart() {
        refused(
                "types",
                new AccountProperties.Events(GOOD.url(), GOOD.secrets(), Map.of(), List.of("payment.succeded")));
    }

    @Test
    void anIndependentLibraryVerifiesEachOfTwoSecretsAndNotAThird() throws Exception {
        WebhookEndpoint endpoint =
                endpoints(signedBy(SECRET, OTHER)).find("main").orElseThrow();
        String body = "{\"orderNo\":\"SO-2026-000123\",\"description\":\"caf\u00e9 \u62ff\u9435\"}";
        Instant now = Instant.now();
        String signature = endpoint.signature("some-id", now, body.getBytes(StandardCharsets.UTF_8));
        assertThat(signature.split(" ")).hasSize(2);
        HttpHeaders headers = HttpHeaders.of(
                Map.of(
                        "webhook-id", List.of("some-id"),
                        "webhook-timestamp", List.of(Long.toString(now.getEpochSecond())),
                        "webhook-signature", List.of(signature)),
                (name, value) -> true);
        new Webhook(SECRET).verify(body, headers);
        new Webhook(OTHER).verify(body, headers);
        assertThatThrownBy(() -> new Webhook(SECRET.replace('M', 'N')).verify(body, headers))
                .hasMessageContaining("signature");
        assertThatThrownBy(() -> new Webhook(SECRET).verify(body + " ", headers))
                .hasMessageContaining("signature");
    }

    @Test
    void nothingSecretIsPrinted() {
        WebhookEndpoint endpoint = endpoints(new AccountProperties.Events(
                        GOOD.url(), GOOD.secrets(), Map.of("Authorization", "Bearer abc"), List.of()))
                .find("main")
                .orElseThrow();
        assertThat(endpoint.toString()).doesNotContain("team=7", "Bearer", "whsec");
    }
}
