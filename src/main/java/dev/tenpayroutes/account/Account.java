package dev.tenpayroutes.account;

import dev.tenpayroutes.account.AccountReader.Read;
import dev.tenpayroutes.account.SigningKeyPair.Pair;
import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.KeyMaterialReader;
import dev.tenpayroutes.signature.RequestSigner.Credential;
import dev.tenpayroutes.signature.ResourceCipher;
import dev.tenpayroutes.signature.Rsa;
import java.net.URI;
import java.security.PublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One merchant account, as its settings and files are now. It signs and verifies with its own files and no others', and
 * only while all of them can work: a problem of one account is never another's, and ends when the files are right.
 *
 * <p>The one place that judges them: start-up, the running program, health and checks before a start all ask
 * {@link #findings()}. Who signs changes in one step: a call that has begun ends as it began. Safe for use by many threads.
 */
public final class Account {

    private static final Logger LOG = LoggerFactory.getLogger(Account.class);
    private static final String PORTAL = AccountProblems.PORTAL;
    /** How long a pair that Tenpay refused isn't used while there is another. */
    private static final Duration REFUSED_FOR = Duration.ofMinutes(10);

    /** @param previous who signed before, until Tenpay has accepted who signs now */
    private record State(
            @Nullable Pair current,
            @Nullable Pair previous,
            @Nullable ResourceCipher cipher,
            List<ConfigurationProblem> findings) {
        boolean isAvailable() {
            return current != null && findings.stream().noneMatch(ConfigurationProblem::isFatal);
        }
    }

    private final String name;
    private final String prefix;
    private final AccountProblems problems;
    private final AccountProperties settings;
    private final @Nullable URI baseUrl;
    private final Clock clock;
    private final ReentrantLock looking = new ReentrantLock();
    private final List<ConfigurationProblem> configurationProblems = new ArrayList<>();
    private final AccountReader reader;
    private final @Nullable PlatformCertificates platform;
    private final Map<String, Instant> refusedUntil = new HashMap<>();
    private List<ConfigurationProblem> reported = List.of();
    private @Nullable Read read;
    private boolean reading;
    private boolean overdue;
    private volatile State state = new State(null, null, null, List.of());

    /**
     * Can't work until it was looked at once; never throws.
     *
     * @param ofAll Tenpay's base URL for accounts that have none of their own
     */
    public Account(String name, AccountProperties settings, @Nullable URI ofAll, Rsa rsa, Clock clock) {
        this.name = name;
        this.prefix = "tenpay.accounts." + name + ".";
        this.settings = settings;
        this.problems = new AccountProblems(prefix, settings);
        this.clock = clock;
        this.baseUrl = AccountReader.blank(settings.baseUrl()) ? ofAll : ownBaseUrl();
        String merchantId = required("merchant-id", settings.merchantId(), "copy it from " + PORTAL);
        required("app-id", settings.appId(), "set the mini program's app id");
        String key = required("private-key", settings.privateKey(), "name the PEM file of the merchant's private key");
        String certificate = required(
                "certificate",
                settings.certificate(),
                "name the PEM file of the certificate you uploaded in " + PORTAL);
        String folder = required(
                "platform-certificates",
                settings.platformCertificates(),
                "name the folder with the platform certificate downloaded from " + PORTAL);
        boolean complete = merchantId != null && key != null && certificate != null;
        this.reader = new AccountReader(
                name,
                settings,
                complete ? pair(merchantId, key, certificate, "", rsa) : null,
                complete ? pair(merchantId, key, certificate, AccountProblems.NEXT, rsa) : null,
                rsa);
        this.platform = folder == null ? null : platform(folder, rsa);
    }

    private SigningKeyPair pair(String merchantId, String key, String certificate, String suffix, Rsa rsa) {
        return new SigningKeyPair(prefix, merchantId, key + suffix, certificate + suffix, settings.pkcs11Config(), rsa);
    }

    private @Nullable PlatformCertificates platform(String folder, Rsa rsa) {
        try {
            return new PlatformCertificates(name, KeyMaterialReader.named(folder), rsa, clock);
        } catch (KeyMaterialReader.UnreadableException e) {
            configurationProblems.add(ConfigurationProblem.error(
                    prefix + "platform-certificates", e.getMessage(), "name the folder of the platform certificates"));
            return null;
        }
    }

    /** Our name for it; part of the webhook path. */
    public String name() {
        return name;
    }

    /** The merchant's number at Tenpay. */
    public String merchantId() {
        return Objects.requireNonNullElse(settings.merchantId(), "").strip();
    }

    /** The mini program's app id. */
    public String appId() {
        return Objects.requireNonNullElse(settings.appId(), "").strip();
    }

    /** Tenpay's base URL, without a trailing slash. */
    public URI baseUrl() {
        if (baseUrl == null) {
            throw new AccountUnavailableException(name);
        }
        return baseUrl;
    }

    /** Whether there is a usable base URL, its own or that of all. */
    public boolean hasBaseUrl() {
        return baseUrl != null;
    }

    /** Whether it can call Tenpay and trust what comes back. */
    public boolean isAvailable() {
        return state.isAvailable();
    }

    /**
     * What signs our calls now.
     *
     * @throws AccountUnavailableException the account can't work
     */
    public Credential credential() {
        State now = state;
        if (!now.isAvailable()) {
            throw new AccountUnavailableException(name);
        }
        return now.current().credential();
    }

    /**
     * Tenpay's key of this serial number, of this account's folder and no other.
     *
     * @param serial upper-case hex
     * @throws AccountUnavailableException there is no valid platform certificate at all, so that nothing can be proven
     */
    public Optional<PublicKey> platformKey(String serial) {
        if (platform == null) {
            throw new AccountUnavailableException(name);
        }
        Optional<PublicKey> key = platform.key(serial);
        if (key.isEmpty() && !platform.usable()) {
            throw new AccountUnavailableException(name);
        }
        return key;
    }

    /** Opens encrypted notifications; null when the account has no usable API key. */
    public @Nullable ResourceCipher cipher() {
        return state.cipher();
    }

    /** All that is wrong now, what stops the account first. */
    public List<ConfigurationProblem> findings() {
        return state.findings();
    }

    /** The merchant's certificate that signs, then Tenpay's, the first to end first. */
    public List<AccountCertificate> certificates() {
        Pair current = state.current();
        Stream<AccountCertificate> merchant = Stream.ofNullable(current)
                .map(pair -> new AccountCertificate(
                        AccountCertificate.Kind.MERCHANT,
                        pair.serial(),
                        pair.certificate().getNotBefore().toInstant(),
                        pair.certificate().getNotAfter().toInstant()));
        return Stream.concat(merchant, platform == null ? Stream.empty() : platform.certificates().stream())
                .toList();
    }

    /** Reads the files again, uses valid new ones, and logs new problems once. Blocks as long as the files do. */
    public void reload() {
        read();
        report();
    }

    /** Like {@link #reload()}, but logs nothing of what is wrong. */
    void read() {
        looking.lock();
        try {
            synchronized (this) {
                reading = true;
            }
            if (platform != null) {
                platform.reload();
            }
            State before = state;
            Read found = reader.read(before.current(), before.previous());
            synchronized (this) {
                read = found;
            }
        } finally {
            synchronized (this) {
                reading = false;
                overdue = false;
                validate();
            }
            looking.unlock();
        }
    }

    /** The current reload takes too long: the earlier files stay in use, and a finding shows it until the reload ends. */
    synchronized void overdue() {
        if (reading) {
            overdue = true;
            validate();
            report();
        }
    }

    /** Logs problems that were not logged before. */
    synchronized void report() {
        List<ConfigurationProblem> now = state.findings();
        boolean worked = reported.stream().noneMatch(ConfigurationProblem::isFatal);
        now.stream().filter(Predicate.not(reported::contains)).forEach(finding -> {
            if (finding.isFatal()) {
                LOG.error("account {} can't work: {}", name, finding.line());
            } else {
                LOG.warn("account {}: {}", name, finding.line());
            }
        });
        if (!worked && isAvailable()) {
            LOG.info("account {} works again", name);
        }
        reported = now;
    }

    /** Tenpay has verified what this signed. */
    public void accepted(Credential by) {
        State now = state;
        if (now.previous() == null || now.current() == null || now.current().credential() != by) {
            return;
        }
        synchronized (this) {
            if (state.current() != null && state.current().credential() == by) {
                state = new State(state.current(), null, state.cipher(), state.findings());
            }
        }
    }

    /**
     * Tenpay, verified, refused what this signed: a certificate was put here before it was uploaded, perhaps. While there is
     * another pair, that one signs again, and this one is tried again after {@link #REFUSED_FOR}.
     */
    public synchronized void refused(Credential by) {
        State now = state;
        Pair current = now.current();
        if (current == null || current.credential() != by) {
            return;
        }
        if (refusedUntil.containsKey(current.serial())
                && others(now).stream().allMatch(pair -> refusedUntil.containsKey(pair.serial()))) {
            return;
        }
        refusedUntil.put(current.serial(), clock.instant().plus(REFUSED_FOR));
        validate();
        report();
    }

    /** The pairs that could sign instead. */
    private List<Pair> others(State now) {
        return Stream.of(read.main(), read.following(), now.previous())
                .filter(Objects::nonNull)
                .filter(pair -> !pair.serial().equals(now.current().serial()))
                .toList();
    }

    private void validate() {
        List<ConfigurationProblem> found = new ArrayList<>(configurationProblems);
        State before = state;
        Instant now = clock.instant();
        Pair chosen = read == null ? null : chosenPair(found, before, now);
        if (chosen != null && !chosen.validAt(now)) {
            found.add(problems.outsideValidity(chosen));
        }
        if (overdue) {
            found.add(problems.overdue(chosen != null));
        }
        ResourceCipher cipher = before.cipher();
        if (read != null) {
            if (platform != null) {
                found.addAll(problems.ofPlatform(platform, read.main(), read.following()));
            }
            if (read.ofCipher() == null) {
                cipher = read.cipher();
            } else {
                found.add(cipher == null ? read.ofCipher() : read.ofCipher().ignored());
            }
        }
        Pair previous = usableOrNull(before.previous());
        if (usableOrNull(before.current()) != null
                && chosen != null
                && !chosen.serial().equals(before.current().serial())) {
            previous = before.current();
            LOG.info("account {}: certificate {} signs now, {} before", name, chosen.serial(), previous.serial());
        }
        found.sort(Comparator.comparing(ConfigurationProblem::severity));
        state = new State(chosen, previous, cipher, List.copyOf(found));
    }

    /** The pair, unless it can't sign: who waited for a token that doesn't answer would wait as long as it does. */
    private @Nullable Pair usableOrNull(@Nullable Pair pair) {
        boolean away = pair != null
                && (read.lost().contains(pair) || (overdue && reader.isAskingToken() && pair.token() != null));
        return away ? null : pair;
    }

    /** The next pair, else the main one, else what signed before; valid ones first, and those that Tenpay doesn't refuse. */
    private @Nullable Pair chosenPair(List<ConfigurationProblem> found, State before, Instant now) {
        Pair following = usableOrNull(read.following());
        Pair first = usableOrNull(read.main());
        refusedUntil.values().removeIf(until -> !now.isBefore(until));
        List<Pair> pairs = Stream.of(following, first, usableOrNull(before.current()), usableOrNull(before.previous()))
                .filter(Objects::nonNull)
                .toList();
        List<Pair> valid = pairs.stream().filter(pair -> pair.validAt(now)).toList();
        Pair chosen = valid.stream()
                .filter(pair -> !refusedUntil.containsKey(pair.serial()))
                .findFirst()
                .or(() -> valid.stream().findFirst())
                .or(() -> Optional.ofNullable(usableOrNull(before.current())))
                .or(() -> Optional.ofNullable(first))
                .or(() -> pairs.stream().findFirst())
                .orElse(null);
        read.ofPairs().forEach(problem -> found.add(chosen == null ? problem : problem.ignored()));
        if (chosen != null) {
            Stream.of(following, first)
                    .filter(Objects::nonNull)
                    .filter(pair -> !pair.serial().equals(chosen.serial()))
                    .forEach(pair -> problems.unusedPair(
                                    pair,
                                    pair == following,
                                    chosen,
                                    read.following() != null
                                            && read.following().serial().equals(chosen.serial()),
                                    refusedUntil.containsKey(pair.serial()),
                                    now)
                            .ifPresent(found::add));
        }
        return chosen;
    }

    private @Nullable URI ownBaseUrl() {
        try {
            return Accounts.url(
                    prefix + "base-url", settings.baseUrl(), "give Tenpay's base URL, or leave it out for that of all");
        } catch (InvalidConfigurationException e) {
            configurationProblems.add(e.problem());
            return null;
        }
    }

    private @Nullable String required(String setting, @Nullable String value, String remedy) {
        if (AccountReader.blank(value)) {
            configurationProblems.add(ConfigurationProblem.error(prefix + setting, "is not set", remedy));
            return null;
        }
        return value.strip();
    }

    @Override
    public String toString() {
        return "Account[" + name + ", merchantId=" + merchantId() + "]";
    }
}
