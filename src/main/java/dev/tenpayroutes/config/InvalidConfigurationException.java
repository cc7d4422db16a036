package dev.tenpayroutes.config;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Settings that can't work. Start-up stops with one line for each: the setting, what is wrong, the remedy. Never carries
 * the value of a secret.
 */
public final class InvalidConfigurationException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<ConfigurationProblem> problems;

    public InvalidConfigurationException(String setting, String problem, String remedy) {
        this(ConfigurationProblem.error(setting, problem, remedy));
    }

    public InvalidConfigurationException(ConfigurationProblem problem) {
        this(List.of(problem));
    }

    /** @param problems at least one */
    public InvalidConfigurationException(List<ConfigurationProblem> problems) {
        super(problems.stream()
                .map(problem -> problem.setting() + " " + problem.problem())
                .collect(Collectors.joining("; ")));
        this.problems = List.copyOf(problems);
    }

    /** All of them, at least one. */
    public List<ConfigurationProblem> problems() {
        return problems;
    }

    /** The first one. */
    public ConfigurationProblem problem() {
        return problems.get(0);
    }

    /** The first one's whole story in one line. */
    public String line() {
        return problem().line();
    }
}
