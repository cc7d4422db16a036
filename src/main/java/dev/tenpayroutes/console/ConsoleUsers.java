package dev.tenpayroutes.console;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.ConsoleProperties;
import dev.tenpayroutes.config.TenpayProperties;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The people of the settings, by name and by their groups at an OIDC provider, with all that is wrong with them. */
final class ConsoleUsers {

    private static final String PREFIX = "tenpay.console.";
    private static final Set<String> LANGUAGES = Set.of("en", "zh");
    private static final Pattern NAME = Pattern.compile("[0-9A-Za-z][0-9A-Za-z._@-]{0,63}");
    /** Nothing that is quick to try: bcrypt from 2^8 rounds on, and Argon2. */
    private static final Pattern HASH = Pattern.compile(
            "(\\{bcrypt})?\\$2[aby]\\$(0[89]|[12][0-9]|3[01])\\$[./0-9A-Za-z]{53}"
                    + "|(\\{argon2})?\\$argon2(id|i|d)\\$v=19\\$m=\\d+,t=\\d+,p=\\d+\\$[+/0-9A-Za-z=]+\\$[+/0-9A-Za-z=]+");

    /** A person and the hash of the password, with the prefix that names its kind. */
    record Entry(ConsoleUser user, String hash) {}

    private record Grant(Role role, List<String> accounts) {}

    private final Map<String, Entry> users = new HashMap<>();
    private final Map<String, Grant> groups = new HashMap<>();
    private final List<ConfigurationProblem> problems = new ArrayList<>();

    ConsoleUsers(TenpayProperties settings, boolean sandbox) {
        Set<String> accounts = settings.accounts().keySet();
        ConsoleProperties console = settings.console();
        console.users().forEach((name, user) -> add(name, user, accounts, sandbox));
        console.oidc().groups().forEach((name, group) -> {
            Grant grant = grant(PREFIX + "oidc.groups." + name, group.role(), group.accounts(), accounts);
            if (grant != null) {
                groups.put(name, grant);
            }
        });
        try {
            ZoneId.of(console.timeZone());
        } catch (DateTimeException e) {
            problem(PREFIX + "time-zone", "is no time zone", "give a name such as Asia/Singapore");
        }
    }

    private void add(String name, ConsoleProperties.User user, Set<String> accounts, boolean sandbox) {
        String prefix = PREFIX + "users." + name;
        String hash = user.passwordHash() == null ? "" : user.passwordHash().strip();
        int before = problems.size();
        if (!NAME.matcher(name).matches()) {
            problem(prefix, "has a name that can't be typed", "use up to 64 of 0-9 A-Z a-z . _ @ -");
        }
        if (!HASH.matcher(hash).matches()) {
            problem(
                    prefix + ".password-hash",
                    "is no bcrypt hash of strength 8 or more, and no Argon2 hash",
                    "make one with: htpasswd -nBC 10 " + name + " (what follows the colon)");
        } else if (hash.equals(SANDBOX_HASH) && !sandbox) {
            problem(
                    prefix + ".password-hash",
                    "is that of the sandbox's password, which everybody knows",
                    "make one with: htpasswd -nBC 10 " + name);
        }
        if (!LANGUAGES.contains(user.language())) {
            problem(prefix + ".language", "is neither en nor zh", "give en or zh");
        }
        Grant grant = grant(prefix, user.role(), user.accounts(), accounts);
        if (grant != null && problems.size() == before) {
            String kind = hash.startsWith("{") ? "" : hash.startsWith("$argon2") ? "{argon2}" : "{bcrypt}";
            users.put(
                    name,
                    new Entry(new ConsoleUser(name, grant.role(), grant.accounts(), user.language()), kind + hash));
        }
    }

    /** What {@code SandboxInitializer} sets: the hash of "sandbox". */
    private static final String SANDBOX_HASH = "$2a$10$Ts8hPJNr2uNqiQ32SbB30.PfhwlwD6bCgSsu52HoADAVfAW4WWzC.";

    private @Nullable Grant grant(String prefix, @Nullable String word, List<String> named, Set<String> accounts) {
        Role role = Role.of(String.valueOf(word)).orElse(null);
        int before = problems.size();
        if (role == null) {
            problem(
                    prefix + ".role",
                    word == null ? "is not set" : "is no role",
                    "give viewer, support, finance or operator");
        }
        if (named.isEmpty()) {
            problem(prefix + ".accounts", "is not set", "list the accounts that may be seen, with commas between");
        }
        named.stream()
                .filter(account -> !accounts.contains(account))
                .forEach(account -> problem(
                        prefix + ".accounts",
                        "names the account " + account + ", which tenpay.accounts doesn't have",
                        "name an account of tenpay.accounts"));
        return role == null || problems.size() > before ? null : new Grant(role, List.copyOf(named));
    }

    private void problem(String setting, String problem, String remedy) {
        problems.add(ConfigurationProblem.error(setting, problem, remedy));
    }

    List<ConfigurationProblem> problems() {
        return List.copyOf(problems);
    }

    Optional<Entry> byName(String name) {
        return Optional.ofNullable(users.get(name));
    }

    /** A person of these groups: the strongest role of them, for the accounts of all; none where no group counts. */
    Optional<ConsoleUser> ofGroups(String name, Collection<String> names, String language) {
        List<Grant> grants =
                names.stream().filter(groups::containsKey).map(groups::get).toList();
        return grants.stream()
                .map(Grant::role)
                .max(Role::compareTo)
                .map(role -> new ConsoleUser(
                        name,
                        role,
                        grants.stream()
                                .flatMap(grant -> grant.accounts().stream())
                                .collect(java.util.stream.Collectors.collectingAndThen(
                                        java.util.stream.Collectors.toCollection(TreeSet::new), List::copyOf)),
                        LANGUAGES.contains(language) ? language : "en"));
    }
}
