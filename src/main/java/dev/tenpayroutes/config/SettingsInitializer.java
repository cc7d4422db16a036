package dev.tenpayroutes.config;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;

/** Stops a start by settings that can't work, all of them at once, before any bean is made. */
public final class SettingsInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    private static final Logger LOG = LoggerFactory.getLogger("start");

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        ConfigurableEnvironment environment = context.getEnvironment();
        String[] active = environment.getActiveProfiles();
        LOG.info(
                "tenpay-global-routes {}, profile {}",
                ProgramVersion.read(),
                active.length > 0
                        ? String.join(",", active)
                        : String.join(",", environment.getDefaultProfiles())
                                + ", since none was chosen; for another one: --spring.profiles.active=production, or"
                                + " SPRING_PROFILES_ACTIVE=production");
        List<ConfigurationProblem> problems =
                SettingsValidator.validate(environment).problems();
        if (!problems.isEmpty()) {
            throw new InvalidConfigurationException(problems);
        }
    }
}
