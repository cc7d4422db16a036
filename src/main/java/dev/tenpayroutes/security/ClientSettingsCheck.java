package dev.tenpayroutes.security;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.SettingsCheck;
import dev.tenpayroutes.config.TenpayProperties;
import java.util.List;
import org.springframework.core.env.Environment;

/** Clients, their credentials, accounts and scopes, and the issuer of tokens. */
final class ClientSettingsCheck implements SettingsCheck {

    @Override
    public List<ConfigurationProblem> problems(TenpayProperties settings, Environment environment) {
        return Clients.validate(settings, settings.accounts().keySet(), environment)
                .problems();
    }
}
