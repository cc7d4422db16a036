package dev.tenpayroutes.console;

import dev.tenpayroutes.security.Client;
import java.io.Serializable;
import java.security.Principal;
import java.util.List;

/**
 * A person who is logged in.
 *
 * @param name as the settings or the OIDC provider have it
 * @param accounts that this person may see, never empty
 * @param language {@code en} or {@code zh}
 */
public record ConsoleUser(String name, Role role, List<String> accounts, String language)
        implements Principal, Serializable {

    /** What history and idempotency keys call a person: no client of the API has a colon in its name's beginning. */
    private static final String PREFIX = "console:";

    public ConsoleUser {
        accounts = List.copyOf(accounts);
    }

    @Override
    public String getName() {
        return name;
    }

    /** The caller that the routes see. */
    Client client() {
        return new Client(PREFIX + name, accounts, role.scopes());
    }
}
