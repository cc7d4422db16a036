package dev.tenpayroutes.account;

import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import dev.tenpayroutes.signature.KeyFixture;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.Map;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A merchant's papers in one folder: {@code key.pem}, {@code certificate.pem} (serial 0A1B2C3D) and
 * {@code platform/tenpay.pem} (serial 7E2A54C1D9F0). Certificates count from 2026-01-01 to 2027-01-01.
 */
public final class KeyMaterialFixture {

    static final String FROM = "2026-01-01T00:00:00Z";
    static final String TO = "2027-01-01T00:00:00Z";

    final Path folder;
    final Path platform;

    public KeyMaterialFixture(Path folder) throws IOException {
        this.folder = folder;
        this.platform = folder.resolve("platform");
        write(folder.resolve("key.pem"), key(KeyFixture.MERCHANT));
        Files.writeString(folder.resolve("certificate.pem"), certificate("0A1B2C3D", KeyFixture.MERCHANT, FROM, TO));
        Files.createDirectory(platform);
        Files.writeString(platform.resolve("tenpay.pem"), certificate("7E2A54C1D9F0", KeyFixture.TENPAY, FROM, TO));
    }

    /** Writes a file that its owner alone may read. */
    static void write(Path file, String content) throws IOException {
        Files.writeString(file, content);
        if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
    }

    /** Where Tenpay's certificates are. */
    public Path platformFolder() {
        return platform;
    }

    /** Settings that work, with one account for each name. */
    public TenpayProperties settings(String... names) {
        Map<String, AccountProperties> accounts = new java.util.LinkedHashMap<>();
        for (String name : names) {
            accounts.put(name, files(Long.toString(2_480_000_001L + accounts.size())));
        }
        return TenpayPropertiesFixture.accounts("https://uat.tenpayglobal.com/", "https://erp.example.com/", accounts);
    }

    AccountProperties files() {
        return files("2480000001");
    }

    private AccountProperties files(String merchantId) {
        return new AccountProperties(
                merchantId,
                "wx0123456789abcdef",
                null,
                folder.resolve("key.pem").toString(),
                null,
                null,
                null,
                folder.resolve("certificate.pem").toString(),
                platform.toString(),
                "0123456789abcdef0123456789ABCDEF",
                null,
                false,
                null);
    }

    public static String key(KeyPair keys) {
        return pem("PRIVATE KEY", keys.getPrivate().getEncoded());
    }

    static String certificate(String serial, KeyPair keys, String from, String to) {
        try {
            X500Name name = new X500Name("CN=Test, O=Tenpay Global Routes");
            boolean rsa = keys.getPrivate().getAlgorithm().equals("RSA");
            return pem(
                    "CERTIFICATE",
                    new JcaX509v3CertificateBuilder(
                                    name,
                                    new BigInteger(serial, 16),
                                    Date.from(Instant.parse(from)),
                                    Date.from(Instant.parse(to)),
                                    name,
                                    keys.getPublic())
                            .build(new JcaContentSignerBuilder(rsa ? "SHA256withRSA" : "SHA256withECDSA")
                                    .build(keys.getPrivate()))
                            .getEncoded());
        } catch (IOException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A certificate authority's own, for itself. */
    static String authority(String serial, KeyPair keys) {
        return signed(serial, "CN=Root", keys, "CN=Root", keys, true);
    }

    /** An end entity's, by the authority of {@link #authority}. */
    static String issued(String serial, KeyPair keys, KeyPair authority) {
        return signed(serial, "CN=Leaf", keys, "CN=Root", authority, false);
    }

    private static String signed(
            String serial, String name, KeyPair keys, String issuer, KeyPair by, boolean authority) {
        try {
            boolean rsa = by.getPrivate().getAlgorithm().equals("RSA");
            return pem(
                    "CERTIFICATE",
                    new JcaX509v3CertificateBuilder(
                                    new X500Name(issuer),
                                    new BigInteger(serial, 16),
                                    Date.from(Instant.parse(FROM)),
                                    Date.from(Instant.parse(TO)),
                                    new X500Name(name),
                                    keys.getPublic())
                            .addExtension(
                                    org.bouncycastle.asn1.x509.Extension.basicConstraints,
                                    true,
                                    new org.bouncycastle.asn1.x509.BasicConstraints(authority))
                            .build(new JcaContentSignerBuilder(rsa ? "SHA256withRSA" : "SHA256withECDSA")
                                    .build(by.getPrivate()))
                            .getEncoded());
        } catch (IOException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    static KeyPair ec() {
        try {
            return java.security.KeyPairGenerator.getInstance("EC").generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String pem(String type, byte[] der) {
        return "-----BEGIN " + type + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                + "\n-----END " + type + "-----\n";
    }
}
