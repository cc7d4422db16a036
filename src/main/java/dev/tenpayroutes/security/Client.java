package dev.tenpayroutes.security;

import java.security.Principal;
import java.util.List;

/**
 * Who calls the merchant API.
 *
 * @param name its name in the settings
 * @param accounts the accounts it may see, never empty; the first is its default
 * @param scopes what it may do
 */
public record Client(String name, List<String> accounts, List<String> scopes) implements Principal {
    @Override
    public String getName() {
        return name;
    }
}
