package dev.tenpayroutes.account;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.signature.Rsa;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * The merchant accounts. A started program has at least one that can sign and verify; problems of the others
 * are logged and stop no other account.
 *
 * <p>What only a restart could change and could mix up two accounts (names, one merchant id twice), and what all need, is a
 * {@link InvalidConfigurationException} at start-up, which names the setting and the remedy.
 */
@Component
public final class Accounts {

    private static final Logger LOG = LoggerFactory.getLogger(Accounts.class);

    /** An account whose files or token take longer is looked at on its own, and says so. */
    private static final Duration LOAD_TIMEOUT = Duration.ofSeconds(5);

    /** At a start there is nothing yet to go on with, and cryptography is loaded: 2.4 s of CPU, long for a small container. */
    private static final Duration FIRST_LOAD_TIMEOUT = Duration.ofSeconds(30);

    /** What is wrong with a URL that {@link #hasUnderscore}. */
    public static final String UNDERSCORE = "has a host name with an underscore, which RFC 1123 doesn't allow";

    public static final String UNDERSCORE_REMEDY =
            "give the host a name of letters, digits and hyphens: in Docker Compose, a network alias";

    private final Map<String, Account> accounts = new LinkedHashMap<>();
    private final AccountReloader looks = new AccountReloader(Account::reload);
    private final URI notifyBaseUrl;

    public Accounts(TenpayProperties settings, Rsa rsa, Clock clock) {
        List<ConfigurationProblem> findings = validate(settings);
        if (!findings.isEmpty()) {
            throw new InvalidConfigurationException(findings);
        }
        URI baseUrl = baseUrl(settings);
        this.notifyBaseUrl = notifyBaseUrl(settings);
        read(settings, baseUrl, rsa, clock).forEach(account -> accounts.put(account.name(), account));
        if (unavailable().size() == accounts.size()) {
            throw new InvalidConfigurationException(
                    accounts.values().iterator().next().findings().get(0));
        }
        accounts.values().forEach(Account::report);
        LOG.info("accounts {} by {} RSA", accounts.keySet(), rsa);
    }

    /** The accounts of the settings as their files are now, a few read at once; logs nothing. */
    public static List<Account> read(TenpayProperties settings, @Nullable URI baseUrl, Rsa rsa, Clock clock) {
        List<Account> read = settings.accounts().entrySet().stream()
                .map(entry -> new Account(entry.getKey(), entry.getValue(), baseUrl, rsa, clock))
                .toList();
        new AccountReloader(Account::read).at(read, FIRST_LOAD_TIMEOUT);
        return read;
    }

    /** Looks at the files of all accounts; one that fails, or doesn't answer, stops no other. */
    public void reload() {
        looks.at(accounts.values(), LOAD_TIMEOUT);
    }

    /** What is wrong with the settings that aren't one account's own; empty when nothing is. */
    public static List<ConfigurationProblem> validate(TenpayProperties settings) {
        List<ConfigurationProblem> found = new ArrayList<>();
        for (Runnable check : List.<Runnable>of(() -> baseUrl(settings), () -> notifyBaseUrl(settings))) {
            try {
                check.run();
            } catch (InvalidConfigurationException e) {
                found.add(e.problem());
            }
        }
        if (settings.accounts().isEmpty()) {
            found.add(
                    ConfigurationProblem.error(
                            "tenpay.accounts",
                            "names no merchant account",
                            "set tenpay.accounts.main.merchant-id, .app-id, .private-key, .certificate, .platform-certificates"));
        }
        Map<String, String> merchants = new HashMap<>();
        settings.accounts().forEach((name, files) -> {
            if (!isName(name)) {
                found.add(ConfigurationProblem.error(
                        "tenpay.accounts." + name,
                        "is not a usable account name",
                        "use 1 to 32 of a-z, 0-9 and -, since it is part of the webhook's path"));
            }
            String merchantId =
                    files.merchantId() == null ? "" : files.merchantId().strip();
            String other = merchantId.isEmpty() ? null : merchants.put(merchantId, name);
            if (other != null) {
                found.add(ConfigurationProblem.error(
                        "tenpay.accounts." + name + ".merchant-id",
                        "is that of the account " + other + " as well",
                        "give each merchant id one account: numbers are unique by merchant at Tenpay, so one payment would"
                                + " settle the orders of both"));
            }
        });
        return found;
    }

    /** Whether an account may be called so: the name is part of the webhook's path. */
    public static boolean isName(String name) {
        return name.matches("[a-z0-9][a-z0-9-]{0,31}");
    }

    /** The names of all accounts, those that can't work among them. */
    public Set<String> names() {
        return Set.copyOf(accounts.keySet());
    }

    /** All accounts, in the order of the settings. */
    public Collection<Account> all() {
        return List.copyOf(accounts.values());
    }

    /** The names of those that can't work now. */
    public List<String> unavailable() {
        return accounts.values().stream()
                .filter(account -> !account.isAvailable())
                .map(Account::name)
                .toList();
    }

    /** The account of this name, if there is one. */
    public Optional<Account> find(@Nullable String name) {
        return Optional.ofNullable(name).map(accounts::get);
    }

    /** The account of this name; a stored payment may name one that was since taken from the settings. */
    public Account get(@Nullable String name) {
        return find(name)
                .orElseThrow(() -> new IllegalStateException("no account " + name + ": restore tenpay.accounts." + name
                        + ".*, its stored payments need it"));
    }

    /** An account's number at Tenpay, as its settings have it. */
    public @Nullable String merchantId(String account) {
        return get(account).merchantId();
    }

    /** Where Tenpay sends the news of an account's {@code payments} or {@code refunds}. */
    public String notifyUrl(String account, String kind) {
        return notifyBaseUrl + "/webhooks/tenpay/" + account + "/" + kind;
    }

    private static URI baseUrl(TenpayProperties settings) {
        return url(
                "tenpay.base-url",
                settings.baseUrl(),
                "set it to https://uat.tenpayglobal.com for UAT, or to the URL the Tenpay Global team gave you");
    }

    private static URI notifyBaseUrl(TenpayProperties settings) {
        return url(
                "tenpay.notify-base-url",
                settings.notifyBaseUrl(),
                "set it to the public https address at which Tenpay reaches this service, without /webhooks");
    }

    /** Java finds no host in such a URL, since RFC 1123 allows none: {@link #UNDERSCORE}. */
    public static boolean hasUnderscore(URI url) {
        return url.getHost() == null
                && url.getRawAuthority() != null
                && url.getRawAuthority().contains("_");
    }

    /** An http or https URL without anything that has no place in a base, and without a slash at its end. */
    public static URI url(String setting, @Nullable String value, String remedy) {
        if (value == null || value.isBlank()) {
            throw new InvalidConfigurationException(setting, "is not set", remedy);
        }
        String text = value.strip().replaceFirst("/+$", "");
        try {
            URI url = new URI(text);
            boolean http = "https".equals(url.getScheme()) || "http".equals(url.getScheme());
            boolean bare = url.getQuery() == null && url.getUserInfo() == null && url.getFragment() == null;
            if (http && url.getHost() != null && bare) {
                return url;
            }
            if (http && hasUnderscore(url)) {
                throw new InvalidConfigurationException(setting, UNDERSCORE, UNDERSCORE_REMEDY);
            }
        } catch (java.net.URISyntaxException e) {
            // Reported below, like every other wrong URL.
        }
        throw new InvalidConfigurationException(
                setting, "is not an http or https URL with a host: " + text.replaceFirst("(//)?.*@", "$1***@"), remedy);
    }
}
