package dev.tenpayroutes.delivery;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.SettingsCheck;
import dev.tenpayroutes.config.TenpayProperties;
import java.util.List;
import org.springframework.core.env.Environment;

/** Where events go: addresses, secrets, types and networks. */
final class EventSettingsCheck implements SettingsCheck {

    @Override
    public List<ConfigurationProblem> problems(TenpayProperties settings, Environment environment) {
        return settings.events() == null
                ? List.of()
                : WebhookEndpoints.problems(settings, settings.accounts().keySet());
    }
}
