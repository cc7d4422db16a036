package dev.tenpayroutes.camel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.config.SignatureProperties;
import java.time.Duration;
import org.apache.camel.spi.HeaderFilterStrategy;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CamelConfigurationTest {

    private final HeaderFilterStrategy headers = new CamelConfiguration()
            .allowedHeaders(new SignatureProperties(
                    "S",
                    "{mchid}",
                    "{body}",
                    "{body}",
                    "X-Time",
                    "X-Nonce",
                    "X-Serial",
                    "X-Sign",
                    "Request-ID",
                    Duration.ofMinutes(5)));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CamelSqlQuery",
                "CamelHttpUri",
                "camelHttpResponseCode",
                "org.apache.camel.x",
                "Authorization",
                "X-API-Key",
                "Cookie",
                "orderNo",
                "kind",
                "account",
                "limit",
                "cursor",
                "status",
                "anything"
            })
    void aHeaderThatIsNotExpectedNeverEntersARoute(String name) {
        assertThat(headers.applyFilterToExternalHeaders(name, "value", null)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Content-Type", "content-type", "Idempotency-Key", "X-Time", "x-nonce", "X-SERIAL", "X-Sign"})
    void whatRoutesNeedComesIn(String name) {
        assertThat(headers.applyFilterToExternalHeaders(name, "value", null)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Authorization",
                "X-API-Key",
                "Cookie",
                "Set-Cookie",
                "account",
                "X-Sign",
                "CamelSqlRowCount",
                "Host"
            })
    void aHeaderThatIsNotMeantForTheCallerNeverLeavesARoute(String name) {
        assertThat(headers.applyFilterToCamelHeaders(name, "value", null)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Type", "Retry-After", "Allow"})
    void whatCallersNeedGoesOut(String name) {
        assertThat(headers.applyFilterToCamelHeaders(name, "value", null)).isFalse();
    }
}
