package dev.tenpayroutes.sandbox;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * The files of one sandbox: both sides' keys and certificates, the API key, the journal, the database. A process that holds
 * this object is the only process that uses the folder, until {@link #close()} or the end of the JVM.
 *
 * <p>Missing files are made at the first start and reused afterwards. Every file appears whole or not at all, so a
 * start that is killed half-way only leaves less to reuse. Secrets are readable by their owner only, where the file
 * system knows owners.
 */
final class SandboxFolder implements AutoCloseable {

    private static final Duration VALIDITY = Duration.ofDays(5 * 365);
    private static final String ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static final String LOCK = "sandbox.lock";
    /** Keys that are put there before the first start. */
    private static final Set<String> OWN = Set.of("merchant-key.pem", "platform-key.pem", "tenpay.jsonl");

    private final Path root;
    private final FileChannel lock;
    private final Clock clock;
    private final SecureRandom random;
    private final X509Certificate merchantCertificate;
    private final PrivateKey platformKey;
    private final X509Certificate platformCertificate;
    private final String apiKey;

    private SandboxFolder(Path root, FileChannel lock, Clock clock, SecureRandom random)
            throws IOException, GeneralSecurityException {
        this.root = root;
        this.lock = lock;
        this.clock = clock;
        this.random = random;
        Files.createDirectories(platformCertificates());
        this.merchantCertificate = certificate(merchantCertificateFile(), privateKey(merchantKeyFile()), "merchant");
        this.platformKey = privateKey(root.resolve("platform-key.pem"));
        this.platformCertificate = certificate(platformCertificates().resolve("platform.pem"), platformKey, "platform");
        this.apiKey = apiKey(root.resolve("api-key.txt"));
    }

    /**
     * Opens the folder, making it and its files when they are missing.
     *
     * @throws IllegalStateException another sandbox that is running uses the folder
     */
    static SandboxFolder open(Path folder, Clock clock, SecureRandom random) {
        Path root = folder.toAbsolutePath().normalize();
        try {
            if (!Files.isDirectory(root)) {
                Files.createDirectories(root);
                hide(root);
            }
            refuseOthers(root);
            FileChannel channel = lock(root);
            try {
                return new SandboxFolder(root, channel, clock, random);
            } catch (IOException | GeneralSecurityException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The sandbox can't use its folder " + root + " (" + e + ")", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(
                    "The sandbox can't read its keys: set tenpay.sandbox.folder to a new folder, or delete " + root
                            + ", which holds nothing but the sandbox's own",
                    e);
        }
    }

    /** The database's programs unpack themselves writable for every user: no other user may reach them. */
    private static void hide(Path root) throws IOException {
        if (root.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx------"));
        }
    }

    /** What is in the folder may be deleted and begun anew, so all of it must be the sandbox's. */
    private static void refuseOthers(Path root) throws IOException {
        try (Stream<Path> files = Files.list(root)) {
            if (!Files.exists(root.resolve(LOCK))
                    && files.anyMatch(file -> !OWN.contains(file.getFileName().toString()))) {
                throw new IllegalStateException("The folder " + root + " holds files of something else:"
                        + " set tenpay.sandbox.folder to a new folder.");
            }
        }
    }

    private static FileChannel lock(Path root) throws IOException {
        FileChannel channel = FileChannel.open(root.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean locked = false;
        try {
            locked = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            // Held by another application context of this very JVM.
            locked = false;
        } finally {
            if (!locked) {
                channel.close();
            }
        }
        if (!locked) {
            throw new IllegalStateException("Another sandbox is running in the folder " + root
                    + ": stop it, or set tenpay.sandbox.folder to another folder (and server.port to another port).");
        }
        return channel;
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }

    Path merchantKeyFile() {
        return root.resolve("merchant-key.pem");
    }

    Path merchantCertificateFile() {
        return root.resolve("merchant-cert.pem");
    }

    /** The folder the merchant takes Tenpay's certificates from. */
    Path platformCertificates() {
        return root.resolve("platform-certificates");
    }

    Path journal() {
        return root.resolve("tenpay.jsonl");
    }

    /** The folder itself. */
    Path root() {
        return root;
    }

    X509Certificate merchantCertificate() {
        return merchantCertificate;
    }

    PrivateKey platformKey() {
        return platformKey;
    }

    X509Certificate platformCertificate() {
        return platformCertificate;
    }

    /** 32 ASCII characters: the key of AES-256-GCM. */
    String apiKey() {
        return apiKey;
    }

    /** What tells this sandbox's database from every other on a server; the same at every start. */
    String databaseToken() {
        Path file = root.resolve("database.txt");
        try {
            if (!Files.exists(file)) {
                write(file, HexFormat.of().toHexDigits(random.nextLong()));
            }
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private PrivateKey privateKey(Path file) throws IOException, GeneralSecurityException {
        if (!Files.exists(file)) {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048, random);
            write(
                    file,
                    pem("PRIVATE KEY", generator.generateKeyPair().getPrivate().getEncoded()));
        }
        String text = Files.readString(file)
                .replace("-----BEGIN PRIVATE KEY-----", "")
                .replace("-----END PRIVATE KEY-----", "");
        return KeyFactory.getInstance("RSA")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(text)));
    }

    /** A certificate that belongs to another key is a leftover of a deleted key file: it is made anew. */
    private X509Certificate certificate(Path file, PrivateKey key, String owner)
            throws IOException, GeneralSecurityException {
        RSAPrivateCrtKey crt = (RSAPrivateCrtKey) key;
        PublicKey publicKey = KeyFactory.getInstance("RSA")
                .generatePublic(new RSAPublicKeySpec(crt.getModulus(), crt.getPublicExponent()));
        if (!Files.exists(file) || !read(file).getPublicKey().equals(publicKey)) {
            write(file, pem("CERTIFICATE", selfSigned(key, publicKey, owner).getEncoded()));
        }
        return read(file);
    }

    private static X509Certificate read(Path file) throws IOException, GeneralSecurityException {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(file)));
    }

    private X509Certificate selfSigned(PrivateKey key, PublicKey publicKey, String owner)
            throws GeneralSecurityException {
        X500Name name = new X500Name("CN=sandbox " + owner);
        // 20 bytes, and never a leading zero: programs differ in how they print one.
        BigInteger serial = new BigInteger(159, random).setBit(158);
        Instant now = clock.instant();
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(new JcaX509v3CertificateBuilder(
                                    name,
                                    serial,
                                    Date.from(now.minus(Duration.ofDays(1))),
                                    Date.from(now.plus(VALIDITY)),
                                    name,
                                    publicKey)
                            .build(new JcaContentSignerBuilder("SHA256withRSA").build(key)));
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }

    private String apiKey(Path file) throws IOException {
        if (!Files.exists(file)) {
            StringBuilder key = new StringBuilder();
            random.ints(32, 0, ALPHANUMERIC.length()).forEach(i -> key.append(ALPHANUMERIC.charAt(i)));
            write(file, key.toString());
        }
        return Files.readString(file).strip();
    }

    private static String pem(String label, byte[] der) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
    }

    private void write(Path file, String text) throws IOException {
        // Beside the certificates, not among them: that folder is watched. Temporary files are 0600 from the start.
        Path whole = Files.createTempFile(root, "new-", ".tmp");
        try (FileChannel channel = FileChannel.open(whole, Set.of(StandardOpenOption.WRITE))) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
