package dev.tenpayroutes.account;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.KeyMaterialReader;
import dev.tenpayroutes.signature.Rsa;
import dev.tenpayroutes.signature.SerialNumber;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tenpay's platform certificates of one account, by serial number, several at once.
 *
 * <p>A file that is added to or taken from the folder counts at the next look, at once when a serial number isn't known
 * (but at most once a second, since any request may name one). A file that can't be read, or a certificate outside its
 * validity, is reported by name and never used; it doesn't stop the others. Of a file with a chain only the
 * certificate itself counts, and one that issued another of the folder's never does. A file that gave certificates and can't be read any
 * more, half-written perhaps, leaves what it gave; only taking it away or replacing it ends them. Safe for use by many threads.
 */
final class PlatformCertificates {

    private static final Logger LOG = LoggerFactory.getLogger(PlatformCertificates.class);
    private static final Duration REREAD_FOR_UNKNOWN = Duration.ofSeconds(1);
    /** Any request may name a serial: with a folder that hangs, one for each account would take all threads. */
    private static final Duration MAX_WAIT = Duration.ofSeconds(1);

    private static final ExecutorService READERS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "platform-certificates");
        thread.setDaemon(true);
        return thread;
    });

    private record Key(PublicKey key, X509Certificate certificate) {
        Instant notBefore() {
            return certificate.getNotBefore().toInstant();
        }

        Instant notAfter() {
            return certificate.getNotAfter().toInstant();
        }

        boolean validAt(Instant now) {
            return !now.isBefore(notBefore()) && !now.isAfter(notAfter());
        }

        boolean isAuthority() {
            return certificate.getBasicConstraints() >= 0;
        }

        /** Whether it has signed the other one. */
        boolean issued(Key other) {
            if (!isAuthority()
                    || other == this
                    || !certificate.getSubjectX500Principal().equals(other.certificate.getIssuerX500Principal())) {
                return false;
            }
            try {
                other.certificate.verify(certificate.getPublicKey());
                return true;
            } catch (GeneralSecurityException e) {
                return false;
            }
        }
    }

    /** @param files what each file gave, by its name */
    private record Snapshot(
            Map<String, Map<String, Key>> files,
            Map<String, Key> keys,
            List<ConfigurationProblem> problems,
            Instant readAt,
            boolean listed) {}

    private static final Snapshot NOT_READ = new Snapshot(Map.of(), Map.of(), List.of(), Instant.EPOCH, false);

    private final String account;
    private final String setting;
    private final Path folder;
    private final Rsa rsa;
    private final Clock clock;
    private final ReentrantLock reading = new ReentrantLock();
    private volatile Snapshot snapshot;

    PlatformCertificates(String account, Path folder, Rsa rsa, Clock clock) {
        this.account = account;
        this.setting = "tenpay.accounts." + account + ".platform-certificates";
        this.folder = folder;
        this.rsa = rsa;
        this.clock = clock;
        this.snapshot = NOT_READ;
    }

    /** @param serial hex, in any case and with any leading zeros */
    Optional<PublicKey> key(String serial) {
        Instant now = clock.instant();
        String wanted = SerialNumber.normalized(serial).orElse(null);
        if (wanted == null) {
            return Optional.empty();
        }
        Snapshot current = snapshot;
        Duration age = Duration.between(current.readAt(), now).abs();
        if (!current.keys().containsKey(wanted) && age.compareTo(REREAD_FOR_UNKNOWN) > 0) {
            current = rereadInTime(current);
        }
        return Optional.ofNullable(current.keys().get(wanted))
                .filter(key -> key.validAt(now))
                .map(Key::key);
    }

    /** Whether at least one certificate can be used now. */
    boolean usable() {
        Instant now = clock.instant();
        return snapshot.keys().values().stream().anyMatch(key -> key.validAt(now));
    }

    /** Whether the folder itself could be read. */
    boolean listed() {
        return snapshot.listed();
    }

    /** What is wrong with the folder and its files, by name. */
    List<ConfigurationProblem> problems() {
        return snapshot.problems();
    }

    /** Every certificate that was read, valid or not. */
    List<AccountCertificate> certificates() {
        return snapshot.keys().entrySet().stream()
                .map(entry -> new AccountCertificate(
                        AccountCertificate.Kind.PLATFORM,
                        entry.getKey(),
                        entry.getValue().notBefore(),
                        entry.getValue().notAfter()))
                .sorted(java.util.Comparator.comparing(AccountCertificate::notAfter))
                .toList();
    }

    /** Reads the folder, which may take long; until the first look there is nothing. */
    void reload() {
        reading.lock();
        try {
            reread();
        } finally {
            reading.unlock();
        }
    }

    private Snapshot rereadInTime(Snapshot current) {
        try {
            return READERS.submit(() -> reread(current)).get(MAX_WAIT.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return current;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return current;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** One thread reads, the others go on with what is there. */
    private Snapshot reread(Snapshot current) {
        if (!reading.tryLock()) {
            return current;
        }
        try {
            return snapshot == current ? reread() : snapshot;
        } finally {
            reading.unlock();
        }
    }

    private Snapshot reread() {
        Snapshot current = snapshot;
        Snapshot fresh = read(current.files());
        // A folder that can't be read for a moment must not take the known keys away.
        snapshot = fresh.listed()
                ? fresh
                : new Snapshot(current.files(), current.keys(), fresh.problems(), fresh.readAt(), false);
        if (current != NOT_READ
                && !snapshot.keys().keySet().equals(current.keys().keySet())) {
            LOG.info(
                    "account {}: platform certificates now {}",
                    account,
                    snapshot.keys().keySet());
        }
        return snapshot;
    }

    private Snapshot read(Map<String, Map<String, Key>> before) {
        Instant now = clock.instant();
        Map<String, Map<String, Key>> files = new HashMap<>();
        Map<String, Key> keys = new HashMap<>();
        Map<String, Key> kept = new HashMap<>();
        List<ConfigurationProblem> problems = new java.util.ArrayList<>();
        boolean listed = true;
        try (Stream<Path> listing = Files.list(folder)) {
            // Kubernetes mounts keep their real files in a folder that starts with two dots.
            List<Path> paths = listing.filter(
                            file -> !file.getFileName().toString().startsWith(".") && Files.isRegularFile(file))
                    .sorted()
                    .toList();
            for (Path file : paths) {
                String name = file.getFileName().toString();
                try {
                    Map<String, Key> given = read(file, now, problems);
                    files.put(name, given);
                    keys.putAll(given);
                } catch (KeyMaterialReader.UnreadableException e) {
                    Map<String, Key> given = before.getOrDefault(name, Map.of());
                    files.put(name, given);
                    kept.putAll(given);
                    problems.add(ignored(file, e.getMessage(), given.isEmpty() ? "" : ", what it held before goes on"));
                }
            }
        } catch (IOException e) {
            listed = false;
            problems.add(ConfigurationProblem.warning(
                    setting,
                    "names a folder that " + (Files.exists(folder) ? "can't be read: " : "does not exist: ") + folder,
                    "make it and put the platform certificate from the merchant portal into it"));
        }
        // What can be read now wins.
        kept.forEach(keys::putIfAbsent);
        List<Key> all = List.copyOf(keys.values());
        keys.values().removeIf(key -> all.stream().anyMatch(key::issued));
        return new Snapshot(Map.copyOf(files), Map.copyOf(keys), List.copyOf(problems), now, listed);
    }

    private Map<String, Key> read(Path file, Instant now, List<ConfigurationProblem> problems)
            throws KeyMaterialReader.UnreadableException {
        List<X509Certificate> certificates = KeyMaterialReader.certificates(KeyMaterialReader.content(file));
        if (certificates.isEmpty()) {
            throw new KeyMaterialReader.UnreadableException("holds no certificate");
        }
        // A file may hold its certificate's chain as well; a chain's authorities don't sign for Tenpay.
        boolean chain = certificates.stream().anyMatch(one -> one.getBasicConstraints() < 0);
        Map<String, Key> keys = new HashMap<>();
        List<String> unusable = new java.util.ArrayList<>();
        List<ConfigurationProblem> outside = new java.util.ArrayList<>();
        for (X509Certificate certificate : certificates) {
            if (chain && certificate.getBasicConstraints() >= 0) {
                continue;
            }
            Optional<String> weakness = KeyMaterialReader.weakness(certificate.getPublicKey());
            if (weakness.isPresent()) {
                unusable.add(weakness.get());
                continue;
            }
            try {
                Key key = new Key(rsa.publicKey(certificate.getPublicKey().getEncoded()), certificate);
                keys.put(SerialNumber.of(certificate), key);
                if (!key.validAt(now)) {
                    outside.add(ignored(file, "is valid only from " + key.notBefore() + " to " + key.notAfter(), ""));
                }
            } catch (GeneralSecurityException e) {
                unusable.add("has a key that can't be used");
            }
        }
        if (keys.isEmpty()) {
            throw new KeyMaterialReader.UnreadableException(unusable.get(0));
        }
        unusable.forEach(problem -> outside.add(ignored(file, "holds a certificate that " + problem, "")));
        problems.addAll(outside);
        return Map.copyOf(keys);
    }

    private ConfigurationProblem ignored(Path file, String problem, String but) {
        return ConfigurationProblem.warning(
                setting,
                "has the file " + file.getFileName() + ", which " + problem + ": ignored" + but,
                "put the platform certificate from the merchant portal there as PEM, or take the file away");
    }
}
