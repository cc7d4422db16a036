package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class SecretFilesTest {

    @TempDir
    private Path folder;

    private StandardEnvironment settings(boolean variables, Map<String, Object> values) {
        StandardEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .replace(
                        StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                        new SystemEnvironmentPropertySource(
                                StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                                variables ? values : Map.of()));
        if (!variables) {
            environment.getPropertySources().addLast(new MapPropertySource("file", values));
        }
        ConfigurationPropertySources.attach(environment);
        try (GenericApplicationContext context = new GenericApplicationContext()) {
            context.setEnvironment(environment);
            new SecretFiles().initialize(context);
        }
        return environment;
    }

    private String secret(String content) throws IOException {
        return Files.writeString(folder.resolve("secret"), content).toString();
    }

    @ParameterizedTest
    @CsvSource({
        "spring.datasource.password",
        "tenpay.clients.erp.api-key",
        "tenpay.clients.erp-two.api-key",
        "tenpay.accounts.main.events.secrets",
        "camel.component.http.proxy-auth-password"
    })
    void aSecretsFileGivesTheSecretWithoutItsLineBreak(String setting) throws IOException {
        assertThat(settings(false, Map.of(setting + "-file", secret(" s3cret \r\n")))
                        .getProperty(setting))
                .isEqualTo(" s3cret ");
    }

    @ParameterizedTest
    @CsvSource({
        "SPRING_DATASOURCE_PASSWORDFILE,spring.datasource.password",
        "TENPAY_CLIENTS_ERP_APIKEYFILE,tenpay.clients.erp.api-key",
        "TENPAY_ACCOUNTS_MAIN_EVENTS_SECRETSFILE,tenpay.accounts.main.events.secrets",
        "CAMEL_COMPONENT_HTTP_PROXYAUTHPASSWORDFILE,camel.component.http.proxy-auth-password"
    })
    void soDoesAnEnvironmentVariable(String variable, String setting) throws IOException {
        assertThat(settings(true, Map.of(variable, secret("s3cret\n"))).getProperty(setting))
                .isEqualTo("s3cret");
    }

    @Test
    void aSecretAndItsFileAtOnceAreRefused() throws IOException {
        Map<String, Object> both = new HashMap<>();
        both.put("spring.datasource.password", "s3cret");
        both.put("spring.datasource.password-file", secret("other"));
        InvalidConfigurationException refusal =
                catchThrowableOfType(InvalidConfigurationException.class, () -> settings(false, both));
        assertThat(refusal.line())
                .isEqualTo(
                        "spring.datasource.password is set, and spring.datasource.password-file as well. Remedy: keep"
                                + " one of the two, better the file");
    }

    @Test
    void neverPrintsNameOfUnreadableSecretFile() {
        InvalidConfigurationException refusal = catchThrowableOfType(
                InvalidConfigurationException.class,
                () -> settings(false, Map.of("spring.datasource.password-file", "c4n4ry-s3cret")));
        assertThat(refusal.line())
                .startsWith("spring.datasource.password-file names no file that can be read. Remedy: ")
                .doesNotContain("c4n4ry");
    }

    @Test
    void anAccountReadsItsOwnSecretsFilesItself() throws IOException {
        assertThat(settings(false, Map.of("tenpay.accounts.main.api-key-file", secret("s3cret")))
                        .getProperty("tenpay.accounts.main.api-key"))
                .isNull();
    }
}
