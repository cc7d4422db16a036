package dev.tenpayroutes.account;

/**
 * A setting that can't work. Start-up stops with one line made of it: the setting, what is wrong, the remedy. Never
 * carries the value of a secret.
 */
public final class SettingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Finding finding;

    public SettingException(String setting, String problem, String remedy) {
        this(Finding.error(setting, problem, remedy));
    }

    SettingException(Finding finding) {
        super(finding.setting() + " " + finding.problem());
        this.finding = finding;
    }

    Finding finding() {
        return finding;
    }

    /** The whole story in one line. */
    public String line() {
        return finding.line();
    }
}
