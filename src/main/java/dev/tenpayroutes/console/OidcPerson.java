package dev.tenpayroutes.console;

import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;

/** A person whom an OIDC provider knows, and whose groups count here. */
final class OidcPerson extends DefaultOidcUser {

    private static final long serialVersionUID = 1;
    private final ConsoleUser user;

    OidcPerson(OidcUser known, ConsoleUser user) {
        super(PasswordLogin.PERSON, known.getIdToken(), known.getUserInfo());
        this.user = user;
    }

    ConsoleUser user() {
        return user;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OidcPerson that && super.equals(other) && user.equals(that.user);
    }

    @Override
    public int hashCode() {
        return user.hashCode();
    }
}
