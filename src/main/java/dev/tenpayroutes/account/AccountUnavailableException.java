package dev.tenpayroutes.account;

/**
 * The account can't work now: its files are wrong, and nothing was done with it. It heals when they are right. Says which
 * account, and nothing of its files: that is for the log and for health.
 */
public final class AccountUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    AccountUnavailableException(String account) {
        super("account " + account + " can't work at present", null, false, false);
    }
}
