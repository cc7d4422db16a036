package dev.tenpayroutes.config;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The console for people, as written. It is off unless it has users or an OIDC registration.
 *
 * @param users people by name, where no OIDC provider knows them
 * @param oidc people whom an OIDC provider ({@code spring.security.oauth2.client.registration.*}) knows
 * @param idleTimeout a session without a request for so long has ended
 * @param loginFailures failed logins of one name, after which it is locked
 * @param lockout for how long it is locked
 * @param timeZone the zone of times shown, until a person chooses another
 */
public record ConsoleProperties(
        @DefaultValue @Valid Map<String, User> users,
        @NotNull @Valid Oidc oidc,
        @NotNull Duration idleTimeout,
        @NotNull @Min(1) @Max(1000) Integer loginFailures,
        @NotNull Duration lockout,
        @NotBlank String timeZone) {

    /**
     * @param passwordHash bcrypt or Argon2 hash of the password
     * @param role {@code viewer}, {@code support}, {@code finance} or {@code operator}; each may what the one before may
     * @param accounts accounts that this person may see
     * @param language {@code en} or {@code zh}, until the person chooses another
     */
    public record User(
            @Nullable String passwordHash,
            @Nullable String role,
            @DefaultValue List<String> accounts,
            @DefaultValue("en") String language) {
        @Override
        public String toString() {
            return "User[role=" + role + ", accounts=" + accounts + ", passwordHash=***]";
        }
    }

    /**
     * @param groupsClaim the claim of the ID token that lists a person's groups
     * @param groups what a group's members may do; of several groups the strongest role holds, for the accounts of all
     */
    public record Oidc(
            @NotBlank String groupsClaim,
            @DefaultValue @Valid Map<String, Group> groups) {}

    /**
     * @param role {@code viewer}, {@code support}, {@code finance} or {@code operator}
     * @param accounts accounts that its members may see
     */
    public record Group(@Nullable String role, @DefaultValue List<String> accounts) {}
}
