package dev.tenpayroutes.security;

import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.config.ClientProperties;
import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayProperties;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.stereotype.Component;

/**
 * Knows a client by any of its API keys, or by the name that the issuer's tokens have for it.
 *
 * <p>Keys are compared as SHA-256 hashes in constant time: a long random key needs no slow hash, and bcrypt would cost
 * 100 ms of CPU a request. Several keys of a client count alike, so that one can be replaced without an outage. Settings
 * that can't work are a {@link InvalidConfigurationException} at start-up.
 */
@Component
public final class Clients {

    private static final Logger LOG = LoggerFactory.getLogger(Clients.class);
    private static final Set<String> SCOPES = Set.of(
            "payments:read",
            "payments:write",
            "payments:sync",
            "refunds:write",
            "reviews:write",
            "accounts:write",
            "metrics:read");
    private static final int MIN_KEY_LENGTH = 20;
    private static final String KNOWN_TO_ALL = "sandbox-key";

    public static final String KAFKA_CLIENT = "tenpay.orders.kafka.client";

    private record Entry(byte[] hash, Client client) {}

    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, Client> byOAuth2ClientId = new HashMap<>();
    private final List<ConfigurationProblem> problems = new ArrayList<>();
    private final List<String> weaknesses = new ArrayList<>();
    private final Map<String, Client> byName = new HashMap<>();

    @Autowired
    public Clients(TenpayProperties settings, Accounts accounts, Environment environment) {
        this(settings, accounts.names(), environment);
        if (!problems.isEmpty()) {
            throw new InvalidConfigurationException(problems);
        }
        weaknesses.forEach(weakness -> LOG.warn("{}", weakness));
    }

    private Clients(TenpayProperties settings, Set<String> accounts, Environment environment) {
        boolean sandbox = environment.acceptsProfiles(Profiles.of("sandbox"));
        String issuer = environment.getProperty(BearerTokens.ISSUER);
        if (settings.clients().isEmpty()) {
            problems.add(ConfigurationProblem.error(
                    "tenpay.clients",
                    "names no client",
                    "set tenpay.clients.erp.api-key-sha256, .accounts and .scopes, so that an ERP may call"));
        }
        try {
            BearerTokens.check(issuer);
        } catch (InvalidConfigurationException e) {
            problems.add(e.problem());
        }
        settings.clients().forEach((name, key) -> {
            try {
                add(name, key, accounts, !blank(issuer), sandbox);
            } catch (InvalidConfigurationException e) {
                problems.add(e.problem());
            }
        });
        try {
            if (!environment.getProperty("tenpay.orders.kafka.brokers", "").isBlank()) {
                ofKafkaOrders(environment.getProperty(KAFKA_CLIENT, ""));
            }
        } catch (InvalidConfigurationException e) {
            problems.add(e.problem());
        }
    }

    /**
     * The client whose accounts and scopes hold for orders by Kafka.
     *
     * @param name the value of {@code tenpay.orders.kafka.client}
     * @throws InvalidConfigurationException no client has this name, or it may not create payments
     */
    public Client ofKafkaOrders(String name) {
        Client client = byName(name)
                .orElseThrow(() -> new InvalidConfigurationException(
                        KAFKA_CLIENT,
                        name.isBlank() ? "is not set" : "names " + name + ", which tenpay.clients doesn't have",
                        "name the client of tenpay.clients whose accounts and scopes hold for orders by Kafka"));
        if (!client.scopes().contains(SecurityConfiguration.WRITE)) {
            throw new InvalidConfigurationException(
                    KAFKA_CLIENT,
                    "names a client without the scope " + SecurityConfiguration.WRITE,
                    "give tenpay.clients." + name + ".scopes " + SecurityConfiguration.WRITE
                            + ", or name another client");
        }
        return client;
    }

    /** All that can't work; and what does, but could be guessed. */
    public record ValidationResult(List<ConfigurationProblem> problems, List<String> weaknesses) {}

    /** @param accounts the names of all accounts */
    public static ValidationResult validate(TenpayProperties settings, Set<String> accounts, Environment environment) {
        Clients clients = new Clients(settings, accounts, environment);
        return new ValidationResult(clients.problems, clients.weaknesses);
    }

    private void add(String name, ClientProperties key, Set<String> accounts, boolean issuer, boolean sandbox) {
        String prefix = "tenpay.clients." + name + ".";
        RateLimits.check(name, key.requestsPerSecond());
        List<byte[]> hashes = hashes(prefix, key, sandbox);
        boolean tokens = !blank(key.oauth2ClientId());
        if (hashes.isEmpty() && !tokens) {
            throw new InvalidConfigurationException(
                    prefix + "api-key-sha256",
                    "is not set",
                    "make a key with openssl rand -hex 32 and give its SHA-256");
        }
        if (hashes.isEmpty() && !issuer) {
            throw new InvalidConfigurationException(
                    prefix + "oauth2-client-id",
                    "is this client's only credential, but there is no issuer of tokens",
                    "set " + BearerTokens.ISSUER + ", or give the client an api-key-sha256");
        }
        Client client = client(prefix, name, key, accounts);
        byName.put(name, client);
        hashes.forEach(hash -> add(prefix, hash, client));
        if (tokens && byOAuth2ClientId.put(key.oauth2ClientId().strip(), client) != null) {
            throw new InvalidConfigurationException(
                    prefix + "oauth2-client-id",
                    "is that of another client as well",
                    "give each client an identity of its own");
        }
    }

    public Optional<Client> byApiKey(String apiKey) {
        if (apiKey.isBlank()) {
            return Optional.empty();
        }
        byte[] hash = sha256(apiKey);
        Client found = null;
        // No early exit: the time must not tell how far a guess has come.
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(entry.hash(), hash)) {
                found = entry.client();
            }
        }
        return Optional.ofNullable(found);
    }

    /** The client that a verified token's {@code azp}, {@code client_id} or {@code sub} names. */
    public Optional<Client> byOAuth2ClientId(String id) {
        return Optional.ofNullable(byOAuth2ClientId.get(id));
    }

    /** The client of this name in the settings. */
    Optional<Client> byName(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    private void add(String prefix, byte[] hash, Client client) {
        for (Entry other : entries) {
            if (MessageDigest.isEqual(other.hash(), hash)
                    && !other.client().name().equals(client.name())) {
                throw new InvalidConfigurationException(
                        prefix + "api-key-sha256",
                        "is the key of another client as well",
                        "give each client a key of its own");
            }
        }
        entries.add(new Entry(hash, client));
    }

    private List<byte[]> hashes(String prefix, ClientProperties key, boolean sandbox) {
        // A blank one was left empty on purpose: the place of the next key, say.
        List<byte[]> hashes = key.apiKeySha256().stream()
                .filter(hash -> !hash.isBlank())
                .map(hash -> hash(prefix, hash, sandbox))
                .toList();
        return hashes.isEmpty()
                ? key.apiKey().stream()
                        .filter(plain -> !plain.isBlank())
                        .map(plain -> hashOfKey(prefix, plain, sandbox))
                        .toList()
                : hashes;
    }

    private static byte[] hash(String prefix, String written, boolean sandbox) {
        String hex = written.strip().toLowerCase(Locale.ROOT);
        if (!hex.matches("[0-9a-f]{64}")) {
            throw new InvalidConfigurationException(
                    prefix + "api-key-sha256",
                    "is not a SHA-256 hash of 64 hex digits",
                    "make it with: printf %s \"$KEY\" | sha256sum | cut -c1-64");
        }
        byte[] hash = HexFormat.of().parseHex(hex);
        if (MessageDigest.isEqual(hash, sha256(""))) {
            throw new InvalidConfigurationException(
                    prefix + "api-key-sha256",
                    "is the hash of nothing",
                    "set KEY first: KEY=$(openssl rand -hex 32); printf %s \"$KEY\" | sha256sum | cut -c1-64");
        }
        if (MessageDigest.isEqual(hash, sha256(KNOWN_TO_ALL)) && !sandbox) {
            throw new InvalidConfigurationException(
                    prefix + "api-key-sha256",
                    "is the hash of the sandbox's key, which everybody knows",
                    "make a key with: openssl rand -hex 32");
        }
        return hash;
    }

    private byte[] hashOfKey(String prefix, String key, boolean sandbox) {
        if (key.equals(KNOWN_TO_ALL) && !sandbox) {
            throw new InvalidConfigurationException(
                    prefix + "api-key",
                    "is the sandbox's, which everybody knows",
                    "make a key with: openssl rand -hex 32");
        }
        if (key.length() < MIN_KEY_LENGTH && !sandbox) {
            weaknesses.add(
                    prefix + "api-key is short and could be guessed. Remedy: make one with: openssl rand -hex 32");
        }
        return sha256(key);
    }

    private static Client client(String prefix, String name, ClientProperties key, Set<String> accounts) {
        if (key.accounts().isEmpty()) {
            throw new InvalidConfigurationException(
                    prefix + "accounts", "is not set", "list the accounts this client may see, its default first");
        }
        for (String account : key.accounts()) {
            if (!accounts.contains(account)) {
                throw new InvalidConfigurationException(
                        prefix + "accounts",
                        "names the account " + account + ", which tenpay.accounts doesn't have",
                        "name an account of tenpay.accounts");
            }
        }
        if (key.scopes().isEmpty() || !SCOPES.containsAll(key.scopes())) {
            throw new InvalidConfigurationException(
                    prefix + "scopes",
                    "must be one or more of payments:read, payments:write, refunds:write, accounts:write, metrics:read, but is "
                            + key.scopes(),
                    "list what this client may do");
        }
        return new Client(name, List.copyOf(key.accounts()), List.copyOf(key.scopes()));
    }

    private static boolean blank(@Nullable String text) {
        return text == null || text.isBlank();
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
