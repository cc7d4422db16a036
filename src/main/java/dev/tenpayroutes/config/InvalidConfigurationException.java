package dev.tenpayroutes.config;

/**
 * A setting that can't work. Start-up stops with one line made of it: the setting, what is wrong, the remedy. Never
 * carries the value of a secret.
 */
public final class InvalidConfigurationException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient ConfigurationProblem finding;

    public InvalidConfigurationException(String setting, String problem, String remedy) {
        this(ConfigurationProblem.error(setting, problem, remedy));
    }

    public InvalidConfigurationException(ConfigurationProblem finding) {
        super(finding.setting() + " " + finding.problem());
        this.finding = finding;
    }

    public ConfigurationProblem finding() {
        return finding;
    }

    /** The whole story in one line. */
    public String line() {
        return finding.line();
    }
}
