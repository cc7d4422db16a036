package dev.tenpayroutes.account;

import dev.tenpayroutes.account.AccountProperties.AccountFiles;
import dev.tenpayroutes.account.SigningKeyPair.Pair;
import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.KeyMaterialReader;
import dev.tenpayroutes.config.SecretFile;
import dev.tenpayroutes.signature.RequestSigner.Credential;
import dev.tenpayroutes.signature.ResourceCipher;
import dev.tenpayroutes.signature.Rsa;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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
    private static final String PORTAL = "the merchant portal";
    private static final String NEXT = ".next";
    /** How long a pair that Tenpay refused isn't used while there is another. */
    private static final Duration REFUSED_FOR = Duration.ofMinutes(10);

    /** Whose certificate it is. */
    public enum Kind {
        MERCHANT,
        PLATFORM
    }

    /**
     * A certificate that is in use or would be if it were valid.
     *
     * @param serial upper-case hex
     */
    public record Certificate(Kind kind, String serial, Instant notBefore, Instant notAfter) {

        /** With so many days left or fewer, its successor should be on its way: log, health and preflight warn. */
        public static final int DAYS_TO_WARN = 30;

        /** Whole days until it ends; negative when it has ended. */
        public long daysLeft(Instant now) {
            return Math.floorDiv(
                    Duration.between(now, notAfter).toSeconds(),
                    Duration.ofDays(1).toSeconds());
        }
    }

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

    /**
     * What a look has read; not yet judged.
     *
     * @param following the pair of {@code .next}
     * @param lost pairs that can't sign any more
     */
    private record Read(
            @Nullable Pair main,
            @Nullable Pair following,
            List<Pair> lost,
            List<ConfigurationProblem> ofPairs,
            @Nullable ResourceCipher cipher,
            @Nullable ConfigurationProblem ofCipher) {}

    private final String name;
    private final String prefix;
    private final AccountFiles settings;
    private final @Nullable URI baseUrl;
    private final Rsa rsa;
    private final Clock clock;
    private final ReentrantLock looking = new ReentrantLock();
    private final List<ConfigurationProblem> configurationProblems = new ArrayList<>();
    private final @Nullable SigningKeyPair main;
    private final @Nullable SigningKeyPair next;
    private final @Nullable PlatformCertificates platform;
    private final Map<String, Instant> refusedUntil = new HashMap<>();
    private List<ConfigurationProblem> reported = List.of();
    private @Nullable Read read;
    private boolean reading;
    private boolean overdue;
    private volatile boolean askingToken;
    private volatile State state = new State(null, null, null, List.of());

    /**
     * Can't work until it was looked at once; never throws.
     *
     * @param ofAll Tenpay's base URL for accounts that have none of their own
     */
    public Account(String name, AccountFiles settings, @Nullable URI ofAll, Rsa rsa, Clock clock) {
        this.name = name;
        this.prefix = "tenpay.accounts." + name + ".";
        this.settings = settings;
        this.rsa = rsa;
        this.clock = clock;
        this.baseUrl = blank(settings.baseUrl()) ? ofAll : ownBaseUrl();
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
        this.main = complete ? pair(merchantId, key, certificate, "") : null;
        this.next = complete ? pair(merchantId, key, certificate, NEXT) : null;
        this.platform = folder == null ? null : platform(folder);
    }

    private SigningKeyPair pair(String merchantId, String key, String certificate, String suffix) {
        return new SigningKeyPair(prefix, merchantId, key + suffix, certificate + suffix, settings.pkcs11Config(), rsa);
    }

    private @Nullable PlatformCertificates platform(String folder) {
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
    public List<Certificate> certificates() {
        Pair current = state.current();
        Stream<Certificate> merchant = Stream.ofNullable(current)
                .map(pair -> new Certificate(
                        Kind.MERCHANT,
                        pair.serial(),
                        pair.certificate().getNotBefore().toInstant(),
                        pair.certificate().getNotAfter().toInstant()));
        return Stream.concat(merchant, platform == null ? Stream.empty() : platform.certificates().stream())
                .toList();
    }

    /** Reads the files again, takes what is new and right, and logs what is new and wrong, once. Takes as long as they do. */
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
            Read found = found(state);
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

    /** The look that has begun takes too long: what was read before goes on, and the account says so until it ends. */
    synchronized void overdue() {
        if (reading) {
            overdue = true;
            validate();
            report();
        }
    }

    /** Logs what is wrong and was not logged before. */
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

    /** All that takes time: never under the lock that those wait for who sign. */
    private Read found(State before) {
        List<ConfigurationProblem> problems = new ArrayList<>();
        List<Pair> lost = List.of();
        if (main != null) {
            lost = lost(before);
            main.forget(lost);
            next.forget(lost);
            reload(problems);
        }
        ResourceCipher cipher = null;
        ConfigurationProblem ofCipher = null;
        try {
            cipher = readCipher();
        } catch (InvalidConfigurationException e) {
            ofCipher = e.finding();
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

    private List<Pair> lost(State before) {
        askingToken = true;
        try {
            return Stream.of(main.pair(), next.pair(), before.current(), before.previous())
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
            problems.add(e.finding());
        }
        if (next.there()) {
            Stream.ofNullable(next.problem()).map(Account::ofNext).forEach(problems::add);
        }
        Stream.ofNullable(main.problem()).forEach(problems::add);
    }

    private void validate() {
        List<ConfigurationProblem> found = new ArrayList<>(configurationProblems);
        State before = state;
        Instant now = clock.instant();
        Pair chosen = read == null ? null : chosenPair(found, before, now);
        if (chosen != null && !chosen.validAt(now)) {
            found.add(ConfigurationProblem.warning(
                    prefix + "certificate",
                    "is valid only from " + chosen.certificate().getNotBefore().toInstant() + " to "
                            + chosen.certificate().getNotAfter().toInstant()
                            + ", and there is no other: Tenpay may refuse our calls",
                    "make a new key and certificate, upload the certificate in " + PORTAL + ", then put both here"));
        }
        if (overdue) {
            found.add(overdue(chosen));
        }
        ResourceCipher cipher = before.cipher();
        if (read != null) {
            judgePlatform(found);
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
        found.sort(java.util.Comparator.comparing(ConfigurationProblem::severity));
        state = new State(chosen, previous, cipher, List.copyOf(found));
    }

    private ConfigurationProblem overdue(@Nullable Pair chosen) {
        String remedy = "look at the folders that its settings name, whether they are mounted and answer, and at its"
                + " token; a restart isn't needed";
        return chosen == null
                ? ConfigurationProblem.error(
                        "tenpay.accounts." + name, "has files or a token that don't answer", remedy)
                : ConfigurationProblem.warning(
                        "tenpay.accounts." + name, "has files that don't answer: what was read before goes on", remedy);
    }

    /** The pair, unless it can't sign: who waited for a token that doesn't answer would wait as long as it does. */
    private @Nullable Pair usableOrNull(@Nullable Pair pair) {
        boolean away = pair != null && (read.lost().contains(pair) || (overdue && askingToken && pair.token() != null));
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
                    .forEach(pair -> unusedKeyWarning(pair, pair == following, chosen, now)
                            .ifPresent(found::add));
        }
        return chosen;
    }

    private static ConfigurationProblem ofNext(ConfigurationProblem problem) {
        return new ConfigurationProblem(
                problem.severity(), problem.setting() + NEXT, problem.problem(), problem.remedy());
    }

    /** Why a whole pair doesn't sign. */
    private Optional<ConfigurationProblem> unusedKeyWarning(Pair pair, boolean following, Pair chosen, Instant now) {
        String setting = prefix + "certificate" + (following ? NEXT : "");
        if (!pair.validAt(now)) {
            return Optional.of(ConfigurationProblem.warning(
                    setting,
                    "has the serial " + pair.serial() + " and is valid only from "
                            + pair.certificate().getNotBefore().toInstant() + " to "
                            + pair.certificate().getNotAfter().toInstant() + ": ignored outside, " + chosen.serial()
                            + " signs",
                    "wait for it if it is new, else replace it"));
        }
        boolean refused = refusedUntil.containsKey(pair.serial());
        if (!following && isNext(chosen)) {
            return Optional.of(ConfigurationProblem.warning(
                    setting,
                    "has the serial " + pair.serial() + (refused ? ", which Tenpay refuses" : "") + ", and that of "
                            + NEXT + " signs: " + chosen.serial(),
                    "move " + place(settings.privateKey()) + NEXT + " and " + place(settings.certificate()) + NEXT
                            + " over those without " + NEXT + (refused ? "" : " when Tenpay accepts them")));
        }
        return refused
                ? Optional.of(ConfigurationProblem.warning(
                        setting,
                        "has the serial " + pair.serial() + ", which Tenpay refuses: " + chosen.serial()
                                + " signs again, and it is tried again in some minutes",
                        "upload the certificate " + pair.serial() + ", " + place(settings.certificate())
                                + (following ? NEXT : "") + ", in " + PORTAL))
                : Optional.empty();
    }

    private boolean isNext(Pair chosen) {
        return read.following() != null && read.following().serial().equals(chosen.serial());
    }

    private static String place(@Nullable String setting) {
        return Objects.requireNonNullElse(setting, "").strip();
    }

    private void judgePlatform(List<ConfigurationProblem> found) {
        if (platform == null) {
            return;
        }
        List<ConfigurationProblem> problems = platform.problems();
        if (!platform.usable() && !platform.listed()) {
            problems.forEach(problem ->
                    found.add(ConfigurationProblem.error(problem.setting(), problem.problem(), problem.remedy())));
            return;
        }
        found.addAll(problems);
        ownInPlaceOfTenpays().ifPresent(found::add);
        if (!platform.usable()) {
            found.add(ConfigurationProblem.error(
                    prefix + "platform-certificates",
                    "holds no usable platform certificate: "
                            + settings.platformCertificates().strip()
                            + (problems.isEmpty()
                                    ? " is empty"
                                    : " (it " + problems.get(0).problem() + ")"),
                    "download the Tenpay Global platform certificate from " + PORTAL + " and put it there as PEM"));
        }
    }

    /** With it alone nothing of Tenpay's is ever verified; beside Tenpay's own it only has no place there. */
    private Optional<ConfigurationProblem> ownInPlaceOfTenpays() {
        List<String> serials =
                platform.certificates().stream().map(Certificate::serial).toList();
        List<String> own = Stream.of(read.main(), read.following())
                .filter(Objects::nonNull)
                .map(Pair::serial)
                .filter(serials::contains)
                .distinct()
                .toList();
        if (own.isEmpty()) {
            return Optional.empty();
        }
        ConfigurationProblem alone = ConfigurationProblem.error(
                prefix + "platform-certificates",
                "holds this account's own certificate " + own.get(0) + ", which is not Tenpay's",
                "download the Tenpay Global platform certificate from " + PORTAL
                        + ", put it there and take this one away");
        return Optional.of(
                own.size() == serials.size()
                        ? alone
                        : ConfigurationProblem.warning(alone.setting(), alone.problem(), alone.remedy()));
    }

    private @Nullable ResourceCipher readCipher() {
        String apiKey = SecretFile.value(prefix + "api-key", settings.apiKey(), settings.apiKeyFile());
        if (blank(apiKey) && !blank(settings.apiKeyFile())) {
            throw new InvalidConfigurationException(
                    prefix + "api-key-file",
                    "names a file that is empty",
                    "put the API key from " + PORTAL + " there, or leave the setting out");
        }
        if (blank(apiKey)) {
            return null;
        }
        if (apiKey.getBytes(StandardCharsets.UTF_8).length != 32) {
            throw new InvalidConfigurationException(
                    prefix + "api-key",
                    "must have exactly 32 characters",
                    "copy the API key from " + PORTAL + " again");
        }
        return new ResourceCipher(apiKey);
    }

    private @Nullable URI ownBaseUrl() {
        try {
            return Accounts.url(
                    prefix + "base-url", settings.baseUrl(), "give Tenpay's base URL, or leave it out for that of all");
        } catch (InvalidConfigurationException e) {
            configurationProblems.add(e.finding());
            return null;
        }
    }

    private @Nullable String required(String setting, @Nullable String value, String remedy) {
        if (blank(value)) {
            configurationProblems.add(ConfigurationProblem.error(prefix + setting, "is not set", remedy));
            return null;
        }
        return value.strip();
    }

    @Override
    public String toString() {
        return "Account[" + name + ", merchantId=" + merchantId() + "]";
    }

    private static boolean blank(@Nullable String text) {
        return text == null || text.isBlank();
    }
}
