package dev.tenpayroutes.account;

/**
 * What is wrong with a setting or with a file that it names, and what to do about it. Never carries the value of a secret.
 *
 * @param severity whether the account can work in spite of it
 * @param setting the setting's full name
 * @param problem continues the sentence that the setting's name begins
 * @param remedy what a person should do
 */
public record Finding(Severity severity, String setting, String problem, String remedy) {

    /** How bad it is. */
    public enum Severity {
        /** The account can't work. */
        ERROR,
        /** It works, but not as somebody meant it to. */
        WARNING
    }

    static Finding error(String setting, String problem, String remedy) {
        return new Finding(Severity.ERROR, setting, problem, remedy);
    }

    static Finding warning(String setting, String problem, String remedy) {
        return new Finding(Severity.WARNING, setting, problem, remedy);
    }

    boolean stops() {
        return severity == Severity.ERROR;
    }

    /** The same of something that isn't needed, since what was read before goes on. */
    Finding ignored() {
        return stops() ? warning(setting, problem + ": ignored, what was read before goes on", remedy) : this;
    }

    /** The whole story in one line. */
    public String line() {
        return setting + " " + problem + ". Remedy: " + remedy;
    }
}
