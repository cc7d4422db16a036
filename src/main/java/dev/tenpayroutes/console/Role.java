package dev.tenpayroutes.console;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a person may do, as scopes of the merchant API: each role may what the one before may, and more. */
public enum Role {
    VIEWER("payments:read"),
    SUPPORT("payments:read", "payments:sync"),
    FINANCE("payments:read", "payments:sync", "refunds:write", "reviews:write"),
    OPERATOR("payments:read", "payments:sync", "refunds:write", "reviews:write", "payments:write", "accounts:write");

    private final List<String> scopes;

    Role(String... scopes) {
        this.scopes = List.of(scopes);
    }

    List<String> scopes() {
        return scopes;
    }

    /** As settings spell it. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Role> of(String word) {
        return Arrays.stream(values()).filter(role -> role.word().equals(word)).findFirst();
    }
}
