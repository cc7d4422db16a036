package dev.tenpayroutes.console;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.LockedException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.crypto.argon2.Argon2PasswordEncoder;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.security.crypto.password.DelegatingPasswordEncoder;
import org.springframework.security.crypto.password.PasswordEncoder;

/**
 * Lets people of the settings in by their password. An unknown name takes as long as a known one, a name with too many
 * failures is not looked at, and at most {@value #AT_ONCE} passwords are checked at a time: each costs 100 ms of CPU that
 * orders need.
 */
final class PasswordLogin implements AuthenticationProvider {

    /** That a session is a person's. */
    static final List<SimpleGrantedAuthority> PERSON = List.of(new SimpleGrantedAuthority("PERSON"));

    private static final int AT_ONCE = 2;
    private static final int MAX_LENGTH = 200;

    private final ConsoleUsers users;
    private final LoginAttempts attempts;
    private final Semaphore checks = new Semaphore(AT_ONCE);
    private final PasswordEncoder encoder = new DelegatingPasswordEncoder(
            "bcrypt",
            Map.of(
                    "bcrypt",
                    new BCryptPasswordEncoder(),
                    "argon2",
                    Argon2PasswordEncoder.defaultsForSpringSecurity_v5_8()));
    private final String unknownNameHash = encoder.encode("");

    PasswordLogin(ConsoleUsers users, LoginAttempts attempts) {
        this.users = users;
        this.attempts = attempts;
    }

    @Override
    public Authentication authenticate(Authentication login) {
        String name = login.getName();
        String password = String.valueOf(login.getCredentials());
        if (name.length() > MAX_LENGTH || password.length() > MAX_LENGTH || password.isEmpty()) {
            throw new BadCredentialsException("no login");
        }
        if (attempts.isLocked(name)) {
            throw new LockedException("too many failures");
        }
        if (!checks.tryAcquire()) {
            throw new TooManyAtOnce();
        }
        try {
            ConsoleUsers.Entry entry = users.byName(name).orElse(null);
            boolean right = encoder.matches(password, entry == null ? unknownNameHash : entry.hash());
            if (!right || entry == null) {
                attempts.failed(name);
                throw new BadCredentialsException("no login");
            }
            attempts.succeeded(name);
            return UsernamePasswordAuthenticationToken.authenticated(entry.user(), null, PERSON);
        } finally {
            checks.release();
        }
    }

    @Override
    public boolean supports(Class<?> authentication) {
        return UsernamePasswordAuthenticationToken.class.isAssignableFrom(authentication);
    }

    /** Others are being checked. */
    static final class TooManyAtOnce extends org.springframework.security.core.AuthenticationException {
        private static final long serialVersionUID = 1;

        TooManyAtOnce() {
            super("too many logins at once");
        }
    }
}
