package dev.tenpayroutes.console;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.SettingsCheck;
import dev.tenpayroutes.config.TenpayProperties;
import java.util.List;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;

/** People, their hashes, roles and accounts. */
final class ConsoleSettingsCheck implements SettingsCheck {

    @Override
    public List<ConfigurationProblem> problems(TenpayProperties settings, Environment environment) {
        return settings.console() == null
                ? List.of()
                : new ConsoleUsers(settings, environment.acceptsProfiles(Profiles.of("sandbox"))).problems();
    }
}
