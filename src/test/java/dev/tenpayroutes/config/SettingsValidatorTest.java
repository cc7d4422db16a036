package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ClassPathResource;

class SettingsValidatorTest {

    private final Map<String, Object> settings = new LinkedHashMap<>(Map.of(
            "spring.datasource.url", "jdbc:postgresql://127.0.0.1/tenpay",
            "tenpay.routes", "classpath:routes",
            "tenpay.base-url", "https://uat.tenpayglobal.com",
            "tenpay.notify-base-url", "https://erp.example.com",
            "tenpay.accounts.main.merchant-id", "2480000001",
            "tenpay.clients.erp.oauth2-client-id", "erp",
            "tenpay.clients.erp.accounts", "main",
            "tenpay.clients.erp.scopes", "payments:read",
            "spring.security.oauth2.resourceserver.jwt.issuer-uri", "https://id.example.com"));

    private final Map<String, Object> variables = new HashMap<>();

    private StandardEnvironment environment() {
        StandardEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .replace("systemEnvironment", new SystemEnvironmentPropertySource("systemEnvironment", variables));
        environment.getPropertySources().addFirst(new MapPropertySource("test", settings));
        try {
            environment
                    .getPropertySources()
                    .addLast(new YamlPropertySourceLoader()
                            .load(
                                    "Config resource 'class path resource [application.yaml]'",
                                    new ClassPathResource("application.yaml"))
                            .get(0));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return environment;
    }

    private List<String> problems() {
        return SettingsValidator.validate(environment()).problems().stream()
                .map(ConfigurationProblem::line)
                .toList();
    }

    @Test
    void acceptsWhatShipsWithTheRequiredSettings() {
        assertThat(problems()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "tenpay.poll.intervall,tenpay.poll.interval",
        "tenpay.wire.sheme,tenpay.wire.scheme",
        "tenpay.pol.interval,tenpay.poll.interval",
        "tenpay.accounts.main.merchantid-x,tenpay.accounts.main.merchant-id",
        "tenpay.accounts.main.event.url,tenpay.accounts.main.events.url",
        "tenpay.clients.erp.acounts[0],tenpay.clients.erp.accounts",
        "tenpay.sandbox.payafter2,tenpay.sandbox.pay-after",
        "tenpay.base.url,tenpay.base-url",
    })
    void refusesUnknownNamesWithTheNearestKnown(String name, String nearest) {
        settings.put(name, "5s");
        assertThat(problems())
                .singleElement()
                .asString()
                .startsWith(name + " is not a setting. Remedy: write " + nearest + ";");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tenpay.poll.firstDelay",
                "tenpay.poll.first_delay",
                "tenpay.accounts.other-shop.events.headers.X-Api.Key",
                "tenpay.clients.erp.scopes[0]",
                "tenpay.sandbox.pay-after",
                "shop.own",
            })
    void acceptsEveryWayToWriteAKnownName(String name) {
        settings.remove("tenpay.clients.erp.scopes");
        settings.put("tenpay.clients.erp.scopes[0]", "payments:read");
        settings.putIfAbsent(name, "5s");
        assertThat(problems()).noneMatch(line -> line.contains("is not a setting"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "TENPAY_POLL_INTERVAL",
                "TENPAY_POLL_FIRSTDELAY",
                "TENPAY_POLL_FIRST_DELAY",
                "TENPAY_ACCOUNTS_MAIN_REFUNDSONHOLD",
                "TENPAY_CLIENTS_ERP_SCOPES_0",
                "TENPAY_GLOBAL_ROUTES_SERVICE_HOST",
                "TENPAY_GLOBAL_ROUTES_PORT_8080_TCP_ADDR",
                "TENPAY_GLOBAL_ROUTES_PORT",
            })
    void acceptsEnvironmentVariablesOfSettingsAndServices(String variable) {
        variables.put(variable, variable.contains("HOLD") ? "true" : "5s");
        assertThat(problems()).noneMatch(line -> line.contains("is not a setting"));
    }

    @Test
    void refusesUnknownEnvironmentVariables() {
        variables.put("TENPAY_POLL_INTERVALL", "5s");
        assertThat(problems())
                .singleElement()
                .asString()
                .startsWith("TENPAY_POLL_INTERVALL (tenpay.poll.intervall) is not a setting. Remedy: write"
                        + " TENPAY_POLL_INTERVAL;");
    }

    @Test
    void reportsAllViolationsAtOnce() {
        settings.put("tenpay.poll.interval", "soon");
        settings.put("tenpay.poll.max-delay", "30");
        settings.put("tenpay.poll.batch-size", "0");
        settings.put("tenpay.poll.concurrency", "many");
        settings.put("tenpay.events.retry-delays", "5s,later");
        settings.put("tenpay.wire.freshness", "2h");
        settings.put("tenpay.wire.request-to-sign", "{method}");
        settings.put("tenpay.call-timeout", "20s");
        settings.put("tenpay.docs.public", "perhaps");
        settings.put("tenpay.reload-interval", "");
        settings.put("tenpay.base-url", "nowhere");
        settings.put("tenpay.clients.erp.accounts", "mian");
        settings.put("tenpay.clients.erp.requests-per-second", "0");
        settings.put("tenpay.events.allowed-networks", "10.0.0.0");
        settings.put("spring.datasource.password", "${DB_PASSWORD}");
        assertThat(String.join("\n", problems()))
                .contains("tenpay.poll.interval is not a duration: soon. Remedy: ")
                .contains("tenpay.poll.max-delay is not a duration: 30. Remedy: ")
                .contains("tenpay.poll.batch-size ", ", but is 0. Remedy: ")
                .contains("tenpay.poll.concurrency is not a whole number: many")
                .contains("tenpay.events.retry-delays is not a list of durations: 5s,later")
                .contains("tenpay.wire.freshness is longer than 1h")
                .contains("tenpay.wire.request-to-sign must contain {body} exactly once")
                .contains("tenpay.poll.submit-lease is not 2 s longer than tenpay.call-timeout")
                .contains("tenpay.docs.public is neither true nor false")
                .contains("tenpay.reload-interval is ")
                .contains("tenpay.base-url is not an http or https URL")
                .contains("tenpay.clients.erp.")
                .contains("tenpay.events.allowed-networks names what is no network")
                .contains("spring.datasource.password names ${DB_PASSWORD}, which is not set");
    }

    @ParameterizedTest
    @CsvSource({
        "tenpay.events.lease,29s,is not twice tenpay.events.timeout",
        "tenpay.retention.event-destinations,14s,is not three times tenpay.events.confirm-interval",
        "tenpay.poll.submit-lease,10s,is not 2 s longer than tenpay.call-timeout",
        "spring.datasource.hikari.auto-commit,false,'is false, so that nothing would be stored'",
        "spring.datasource.url,'',is not set",
        "tenpay.routes,file:/nowhere,leads to no route: file:/nowhere",
    })
    void refusesWhatDoesNotBelongTogether(String setting, String value, String problem) {
        settings.put(setting, value);
        assertThat(problems()).singleElement().asString().startsWith(setting + " " + problem);
    }

    @Test
    void repeatsNoSecret() {
        settings.put("tenpay.accounts.main.events", "s3cret");
        settings.put("tenpay.accounts.main.events.secrets[x]", "s3cret");
        settings.put("tenpay.accounts.main.api-kee", "s3cret");
        settings.put("tenpay.accounts.main.refunds-on-hold", "s3cret");
        assertThat(problems()).isNotEmpty().noneMatch(line -> line.contains("s3cret"));
    }

    @Test
    void judgesTheRestWithDefaultsInPlaceOfWhatIsWrong() {
        settings.put("tenpay.poll.interval", "soon");
        StandardEnvironment environment = environment();
        SettingsValidator.useDefaults(
                environment, SettingsValidator.validate(environment).problems());
        assertThat(SettingsValidator.validate(environment).problems()).isEmpty();
        assertThat(environment.getProperty("tenpay.poll.interval")).isEqualTo("30s");
    }
}
