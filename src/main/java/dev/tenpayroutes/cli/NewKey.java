package dev.tenpayroutes.cli;

import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.signature.SerialNumber;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code new-key}: makes a merchant's private key, and what is uploaded in the merchant portal for it.
 *
 * <p>The key's file is its owner's alone from its first moment, and no file that is there is ever overwritten: a key that
 * is in use can't be lost by typing a command twice.
 */
@Command(
        name = "new-key",
        description = "Makes a merchant's private key, and the certificate that is uploaded for it.",
        mixinStandardHelpOptions = true)
final class NewKey implements Callable<Integer> {

    private static final String OWNERS = "posix";
    /** Enough to make guessing dear, and read in a fraction of a second when the program starts. */
    private static final int PASSPHRASE_ROUNDS = 100_000;

    private static final int SERIAL_BITS = 127;

    @Option(names = "--account", required = true, paramLabel = "<name>", description = "its name in tenpay.accounts")
    private String account = "";

    @Option(names = "--bits", defaultValue = "2048", description = "2048 or 3072 (default: ${DEFAULT-VALUE})")
    private String bitsText = "";

    @Option(
            names = "--days",
            defaultValue = "1825",
            description = "how long the certificate is valid (default: ${DEFAULT-VALUE})")
    private String daysText = "";

    @Option(names = "--csr", description = "a request for a certificate in place of a certificate")
    private boolean csr;

    @Option(
            names = "--out",
            defaultValue = "",
            paramLabel = "<folder>",
            description = "where the files go (default: here)")
    private String outFolder = "";

    @Option(
            names = "--passphrase-file",
            paramLabel = "<file>",
            description = "encrypts the key with the passphrase in that file")
    private @Nullable String passphraseFile;

    private final Clock clock;
    private final SecureRandom random;
    private final PrintStream out;

    NewKey(Clock clock, SecureRandom random, PrintStream out) {
        this.clock = clock;
        this.random = random;
        this.out = out;
    }

    @Override
    public Integer call() {
        if (!Accounts.isName(account)) {
            throw wrong("account", "is not the name of an account: 1 to 32 of a-z, 0-9 and -");
        }
        int bits = number("bits", bitsText, "2048|3072");
        int days = number("days", daysText, "[1-9][0-9]{0,3}");
        Path folder = folder(outFolder);
        Path keyFile = folder.resolve(account + "-key.pem");
        Path certificateFile = folder.resolve(account + "-cert.pem");
        Path uploaded = csr ? folder.resolve(account + "-csr.pem") : certificateFile;
        for (Path file : List.of(keyFile, uploaded)) {
            if (Files.exists(file)) {
                throw exists(file);
            }
        }
        Instant until = clock.instant().truncatedTo(ChronoUnit.SECONDS).plus(Duration.ofDays(days));
        BigInteger serial = new BigInteger(SERIAL_BITS, random).setBit(SERIAL_BITS);
        try {
            OutputEncryptor encryptor = encryptor(passphraseFile);
            KeyPair keys = keys(bits);
            Object upload = csr ? request(account, keys) : certificate(account, keys, serial, until);
            String key = pem(new JcaPKCS8Generator(keys.getPrivate(), encryptor));
            write(keyFile, key, "rw-------");
            try {
                write(uploaded, pem(upload), "rw-r--r--");
            } catch (IOException e) {
                // It is unknown yet, and alone it is of no use.
                Files.delete(keyFile);
                throw e;
            }
        } catch (FileAlreadyExistsException e) {
            throw exists(Path.of(e.getFile()));
        } catch (IOException e) {
            throw new InvalidConfigurationException(
                    folder.toString(), "can't be written: " + e, "name another folder by --out");
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException("every JDK makes RSA keys", e);
        }
        out.printf(
                """
                Made for account %s:

                  %s  the private key, RSA of %d bits: it stays on this machine
                  %s  %s

                """,
                account,
                keyFile,
                bits,
                uploaded,
                csr
                        ? "the request for a certificate"
                        : "its certificate, serial " + SerialNumber.of(serial) + ", valid until "
                                + until.atZone(ZoneOffset.UTC).toLocalDate());
        if (!knowsOwners(folder)) {
            out.printf("This file system knows no owners: make sure that no other user can read the key.%n%n");
        }
        out.printf(
                """
                Next:

                  1. In the Tenpay Global merchant portal (API security, API certificate), upload %s.%s
                  2. Set these; the user that runs the program must own the key:
                       tenpay.accounts.%s.private-key: %s
                       tenpay.accounts.%3$s.certificate: %s%s
                     Or, where the account has another pair that works: put this one beside it, under the other's names
                     with .next behind them. The program takes it over by itself, without a restart.
                  3. Look whether all fits: java -jar tenpay-global-routes.jar preflight --spring.profiles.active=production
                """,
                uploaded.getFileName(),
                csr ? "\n     Save the certificate it gives you as " + certificateFile + "." : "",
                account,
                keyFile,
                certificateFile,
                passphraseFile != null
                        ? "\n       tenpay.accounts." + account + ".private-key-password-file: " + passphraseFile
                        : "");
        return 0;
    }

    private static int number(String name, String value, String allowed) {
        if (!value.matches(allowed)) {
            throw wrong(name, "can't be " + value);
        }
        return Integer.parseInt(value);
    }

    private static InvalidConfigurationException wrong(String option, String problem) {
        return new InvalidConfigurationException(
                "--" + option, problem, "java -jar tenpay-global-routes.jar new-key --help shows what it takes");
    }

    private static InvalidConfigurationException exists(Path file) {
        return new InvalidConfigurationException(
                file.toString(),
                "is there already, and no key is ever overwritten",
                "name another folder by --out, or move the old pair away once it is no longer used");
    }

    private static Path folder(String name) {
        Path folder = Path.of(name).toAbsolutePath().normalize();
        try {
            return Files.isDirectory(folder) ? folder : Files.createDirectories(folder, rights(folder, "rwx------"));
        } catch (IOException e) {
            throw new InvalidConfigurationException(
                    folder.toString(), "can't be made: " + e, "name another folder by --out");
        }
    }

    /** With its rights from the start, and only where nothing is: both in the one call that makes the file. */
    private static void write(Path file, String text, String rights) throws IOException {
        Set<StandardOpenOption> onlyNew = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (SeekableByteChannel channel = Files.newByteChannel(file, onlyNew, rights(file.getParent(), rights))) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }

    private static FileAttribute<?>[] rights(Path folder, String rights) {
        return knowsOwners(folder)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(rights))}
                : new FileAttribute<?>[0];
    }

    private static boolean knowsOwners(Path folder) {
        return folder.getFileSystem().supportedFileAttributeViews().contains(OWNERS);
    }

    private KeyPair keys(int bits) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits, random);
        return generator.generateKeyPair();
    }

    private Object certificate(String account, KeyPair keys, BigInteger serial, Instant until)
            throws OperatorCreationException {
        X500Name name = new X500Name("CN=" + account);
        return new JcaX509v3CertificateBuilder(
                        name, serial, Date.from(clock.instant()), Date.from(until), name, keys.getPublic())
                .build(signer(keys));
    }

    private static Object request(String account, KeyPair keys) throws OperatorCreationException {
        return new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=" + account), keys.getPublic())
                .build(signer(keys));
    }

    private static ContentSigner signer(KeyPair keys) throws OperatorCreationException {
        return new JcaContentSignerBuilder("SHA256withRSA").build(keys.getPrivate());
    }

    private @Nullable OutputEncryptor encryptor(@Nullable String passphraseFile) throws OperatorCreationException {
        if (passphraseFile == null) {
            return null;
        }
        String passphrase;
        try {
            passphrase = Files.readString(Path.of(passphraseFile)).replaceFirst("\\R$", "");
        } catch (IOException e) {
            throw wrong("passphrase-file", "names a file that can't be read as text: " + passphraseFile);
        }
        if (passphrase.isBlank()) {
            throw wrong("passphrase-file", "names an empty file: " + passphraseFile);
        }
        return new JceOpenSSLPKCS8EncryptorBuilder(JcaPKCS8Generator.AES_256_CBC)
                .setPRF(new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256))
                .setIterationCount(PASSPHRASE_ROUNDS)
                .setRandom(random)
                // Other providers have another name for it.
                .setProvider(new BouncyCastleProvider())
                .setPassword(passphrase.toCharArray())
                .build();
    }

    private static String pem(Object object) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(object);
        }
        return text.toString();
    }
}
