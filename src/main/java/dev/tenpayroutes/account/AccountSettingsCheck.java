package dev.tenpayroutes.account;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.SettingsCheck;
import dev.tenpayroutes.config.TenpayProperties;
import java.util.List;
import org.springframework.core.env.Environment;

/** What all accounts need together; what one account lacks stops only that one. */
final class AccountSettingsCheck implements SettingsCheck {

    @Override
    public List<ConfigurationProblem> problems(TenpayProperties settings, Environment environment) {
        return Accounts.validate(settings);
    }
}
