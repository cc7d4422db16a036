package dev.tenpayroutes.config;

import java.util.List;
import org.springframework.core.env.Environment;

/** What a package has against the settings it uses, beyond constraints: named in {@code META-INF/spring.factories}. */
public interface SettingsCheck {

    /** All that can't work; reads no file and asks nothing of any other machine. */
    List<ConfigurationProblem> problems(TenpayProperties settings, Environment environment);
}
