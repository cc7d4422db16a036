package dev.tenpayroutes.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class DocsPropertiesTest {

    @EnableConfigurationProperties(DocsProperties.class)
    private static final class Settings {}

    @ParameterizedTest
    @CsvSource({"production,false", "uat,false", "sandbox,true", "'sandbox,dev',true"})
    void onlyTheSandboxShowsTheContractToEverybodyByItself(String profiles, boolean open) {
        new ApplicationContextRunner()
                .withUserConfiguration(Settings.class)
                .withInitializer(new ConfigDataApplicationContextInitializer())
                .withPropertyValues("spring.profiles.active=" + profiles)
                .run(context ->
                        assertThat(context.getBean(DocsProperties.class).open()).isEqualTo(open));
    }
}
