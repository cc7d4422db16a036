package dev.tenpayroutes.camel;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.SettingsCheck;
import dev.tenpayroutes.config.TenpayProperties;
import java.io.IOException;
import java.util.List;
import org.springframework.core.env.Environment;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/** A folder of routes without a route: the program would start, and do nothing. */
final class RoutesFolderCheck implements SettingsCheck {

    @Override
    public List<ConfigurationProblem> problems(TenpayProperties settings, Environment environment) {
        String pattern = settings.routes() + "/*.camel.yaml";
        try {
            if (new PathMatchingResourcePatternResolver().getResources(pattern).length > 0) {
                return List.of();
            }
        } catch (IOException e) {
            // As good as none.
        }
        return List.of(ConfigurationProblem.error(
                RoutesFolder.PROPERTY,
                "leads to no route: " + settings.routes(),
                "put the files *.camel.yaml there; or remove that folder, so that those in the jar count"));
    }
}
