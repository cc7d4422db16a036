package dev.tenpayroutes.account;

/**
 * A setting that can't work. Start-up stops with one line made of it: the setting, what is wrong, the remedy. Never
 * carries the value of a secret.
 */
public final class SettingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String setting;
    private final String problem;
    private final String remedy;

    public SettingException(String setting, String problem, String remedy) {
        super(setting + " " + problem);
        this.setting = setting;
        this.problem = problem;
        this.remedy = remedy;
    }

    /** The whole story in one line. */
    public String line() {
        return setting + " " + problem + ". Remedy: " + remedy;
    }
}
