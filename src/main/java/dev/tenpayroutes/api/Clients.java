package dev.tenpayroutes.api;

import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.SettingException;
import dev.tenpayroutes.api.ClientSettings.ClientKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.stereotype.Component;

/**
 * Knows a client by its API key.
 *
 * <p>Keys are compared as SHA-256 hashes in constant time: a long random key needs no slow hash, and bcrypt would cost
 * 100 ms of CPU a request. Settings that can't work are a {@link SettingException} at start-up.
 */
@Component
public class Clients {

    private static final Logger LOG = LoggerFactory.getLogger(Clients.class);
    private static final Set<String> SCOPES = Set.of("payments:read", "payments:write", "refunds:write");
    private static final int SHORTEST_KEY = 20;
    private static final String KNOWN_TO_ALL = "sandbox-key";

    private record Entry(byte[] hash, Client client) {}

    private final List<Entry> entries = new ArrayList<>();

    public Clients(ClientSettings settings, Accounts accounts, Environment environment) {
        if (settings.clients().isEmpty()) {
            throw new SettingException(
                    "tenpay.clients",
                    "names no client",
                    "set tenpay.clients.erp.api-key-sha256, .accounts and .scopes, so that an ERP may call");
        }
        boolean sandbox = environment.acceptsProfiles(Profiles.of("sandbox"));
        settings.clients().forEach((name, key) -> {
            Entry entry = entry(name, key, accounts, sandbox);
            if (entries.stream().anyMatch(other -> MessageDigest.isEqual(other.hash(), entry.hash()))) {
                throw new SettingException(
                        "tenpay.clients." + name + ".api-key-sha256",
                        "is the key of another client as well",
                        "give each client a key of its own");
            }
            entries.add(entry);
        });
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

    private static Entry entry(String name, ClientKey key, Accounts accounts, boolean sandbox) {
        String prefix = "tenpay.clients." + name + ".";
        byte[] hash;
        if (key.apiKeySha256() != null && !key.apiKeySha256().isBlank()) {
            String hex = key.apiKeySha256().strip().toLowerCase(Locale.ROOT);
            if (!hex.matches("[0-9a-f]{64}")) {
                throw new SettingException(
                        prefix + "api-key-sha256",
                        "is not a SHA-256 hash of 64 hex digits",
                        "make it with: printf %s \"$KEY\" | sha256sum");
            }
            hash = HexFormat.of().parseHex(hex);
            if (MessageDigest.isEqual(hash, sha256(""))) {
                throw new SettingException(
                        prefix + "api-key-sha256",
                        "is the hash of nothing",
                        "set KEY first: KEY=$(openssl rand -hex 32); printf %s \"$KEY\" | sha256sum");
            }
        } else if (key.apiKey() != null && !key.apiKey().isBlank()) {
            if (key.apiKey().equals(KNOWN_TO_ALL) && !sandbox) {
                throw new SettingException(
                        prefix + "api-key",
                        "is the sandbox's, which everybody knows",
                        "make a key with: openssl rand -hex 32");
            }
            if (key.apiKey().length() < SHORTEST_KEY && !sandbox) {
                LOG.warn("{}api-key is short and could be guessed; make one with: openssl rand -hex 32", prefix);
            }
            hash = sha256(key.apiKey());
        } else {
            throw new SettingException(
                    prefix + "api-key-sha256",
                    "is not set",
                    "make a key with openssl rand -hex 32 and give its SHA-256");
        }
        if (key.accounts().isEmpty()) {
            throw new SettingException(
                    prefix + "accounts", "is not set", "list the accounts this client may see, its default first");
        }
        for (String account : key.accounts()) {
            if (accounts.find(account).isEmpty()) {
                throw new SettingException(
                        prefix + "accounts",
                        "names the account " + account + ", which tenpay.accounts doesn't have",
                        "name an account of tenpay.accounts");
            }
        }
        if (key.scopes().isEmpty() || !SCOPES.containsAll(key.scopes())) {
            throw new SettingException(
                    prefix + "scopes",
                    "must be one or more of payments:read, payments:write, refunds:write, but is " + key.scopes(),
                    "list what this client may do");
        }
        return new Entry(hash, new Client(name, List.copyOf(key.accounts()), List.copyOf(key.scopes())));
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
