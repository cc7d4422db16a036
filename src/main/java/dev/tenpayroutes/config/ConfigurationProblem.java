package dev.tenpayroutes.config;

/**
 * What is wrong with a setting or with a file that it names, and what to do about it. Never carries the value of a secret.
 *
 * @param severity whether the account can work in spite of it
 * @param setting the setting's full name
 * @param problem continues the sentence that the setting's name begins
 * @param remedy what a person should do
 */
public record ConfigurationProblem(Severity severity, String setting, String problem, String remedy) {

    /** How bad it is. */
    public enum Severity {
        /** The account can't work. */
        ERROR,
        /** It works, but hardly as it was meant to. */
        WARNING
    }

    public static ConfigurationProblem error(String setting, String problem, String remedy) {
        return new ConfigurationProblem(Severity.ERROR, setting, problem, remedy);
    }

    public static ConfigurationProblem warning(String setting, String problem, String remedy) {
        return new ConfigurationProblem(Severity.WARNING, setting, problem, remedy);
    }

    public boolean isFatal() {
        return severity == Severity.ERROR;
    }

    /** The same of something that isn't needed, since the former files stay in use. */
    public ConfigurationProblem ignored() {
        return isFatal() ? warning(setting, problem + ": ignored, the former files stay in use", remedy) : this;
    }

    /** The whole story in one line. */
    public String line() {
        return setting + " " + problem + ". Remedy: " + remedy;
    }
}
