package dev.tenpayroutes.account;

import dev.tenpayroutes.account.SigningKeyPair.Pair;
import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.SecretFile;
import dev.tenpayroutes.signature.ResourceCipher;
import dev.tenpayroutes.signature.Rsa;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads an account's key pairs and API key. Judges nothing; one thread at a time. */
final class AccountReader {

    private static final Logger LOG = LoggerFactory.getLogger(Account.class);

    /**
     * What was read; not yet judged.
     *
     * @param following the pair of {@code .next}
     * @param lost pairs that can't sign any more
     */
    record Read(
            @Nullable Pair main,
            @Nullable Pair following,
            List<Pair> lost,
            List<ConfigurationProblem> ofPairs,
            @Nullable ResourceCipher cipher,
            @Nullable ConfigurationProblem ofCipher) {}

    private final String name;
    private final String prefix;
    private final AccountProperties settings;
    private final @Nullable SigningKeyPair main;
    private final @Nullable SigningKeyPair next;
    private final Rsa rsa;
    private volatile boolean askingToken;

    /**
     * @param main null when the account's settings are incomplete
     * @param next the pair of {@code .next}; null where {@code main} is
     */
    AccountReader(
            String name,
            AccountProperties settings,
            @Nullable SigningKeyPair main,
            @Nullable SigningKeyPair next,
            Rsa rsa) {
        this.name = name;
        this.prefix = "tenpay.accounts." + name + ".";
        this.settings = settings;
        this.main = main;
        this.next = next;
        this.rsa = rsa;
    }

    /** Whether the token is asked at present, which may take long. */
    boolean isAskingToken() {
        return askingToken;
    }

    /**
     * Reads all files and asks the token, which takes as long as they do.
     *
     * @param current the pair that signs
     * @param previous the pair that signed before
     */
    Read read(@Nullable Pair current, @Nullable Pair previous) {
        List<ConfigurationProblem> problems = new ArrayList<>();
        List<Pair> lost = List.of();
        if (main != null) {
            lost = lost(current, previous);
            main.forget(lost);
            next.forget(lost);
            reload(problems);
        }
        ResourceCipher cipher = null;
        ConfigurationProblem ofCipher = null;
        try {
            cipher = readCipher();
        } catch (InvalidConfigurationException e) {
            ofCipher = e.problem();
        }
        boolean following = main != null && next.there();
        return new Read(
                main == null ? null : main.pair(),
                following ? next.pair() : null,
                lost,
                List.copyOf(problems),
                cipher,
                ofCipher);
    }

    private List<Pair> lost(@Nullable Pair current, @Nullable Pair previous) {
        askingToken = true;
        try {
            return Stream.of(main.pair(), next.pair(), current, previous)
                    .filter(Objects::nonNull)
                    .distinct()
                    .filter(pair -> !SigningKeyPair.signs(pair, rsa))
                    .peek(pair -> LOG.warn(
                            "account {}: the token signs no more for certificate {}, it is logged in to again",
                            name,
                            pair.serial()))
                    .toList();
        } finally {
            askingToken = false;
        }
    }

    private void reload(List<ConfigurationProblem> problems) {
        try {
            String password = SecretFile.value(
                    prefix + "private-key-password", settings.privateKeyPassword(), settings.privateKeyPasswordFile());
            main.reload(password);
            if (next.there()) {
                next.reload(password);
            }
        } catch (InvalidConfigurationException e) {
            problems.add(e.problem());
        }
        if (next.there()) {
            Stream.ofNullable(next.problem()).map(AccountProblems::ofNext).forEach(problems::add);
        }
        Stream.ofNullable(main.problem()).forEach(problems::add);
        main.warning().ifPresent(problems::add);
    }

    private @Nullable ResourceCipher readCipher() {
        String apiKey = SecretFile.value(prefix + "api-key", settings.apiKey(), settings.apiKeyFile());
        if (blank(apiKey) && !blank(settings.apiKeyFile())) {
            throw new InvalidConfigurationException(
                    prefix + "api-key-file",
                    "names a file that is empty",
                    "put the API key from " + AccountProblems.PORTAL + " there, or leave the setting out");
        }
        if (blank(apiKey)) {
            return null;
        }
        if (apiKey.getBytes(StandardCharsets.UTF_8).length != 32) {
            throw new InvalidConfigurationException(
                    prefix + "api-key",
                    "must have exactly 32 characters",
                    "copy the API key from " + AccountProblems.PORTAL + " again");
        }
        return new ResourceCipher(apiKey);
    }

    static boolean blank(@Nullable String text) {
        return text == null || text.isBlank();
    }
}
