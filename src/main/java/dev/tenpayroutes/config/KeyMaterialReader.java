package dev.tenpayroutes.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PublicKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8DecryptorProviderBuilder;
import org.bouncycastle.openssl.jcajce.JcePEMDecryptorProviderBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.PKCSException;
import org.jspecify.annotations.Nullable;

/**
 * Reads private keys and certificates in every form merchants have: PEM with PKCS#8, PKCS#1 or encrypted keys, and
 * PKCS#12. Bouncy Castle knows them all.
 *
 * <p>What a file isn't, the exception says in words for the person who put it there: never a byte of the key.
 */
public final class KeyMaterialReader {

    private static final int LARGEST = 1024 * 1024;
    private static final int MIN_BITS = 2048;
    private static final int MAX_BITS = 8192;
    private static final org.bouncycastle.jce.provider.BouncyCastleProvider BC =
            new org.bouncycastle.jce.provider.BouncyCastleProvider();

    private KeyMaterialReader() {}

    /** A file that is not what its setting asks for. */
    public static final class UnreadableException extends Exception {
        private static final long serialVersionUID = 1L;

        public UnreadableException(String problem) {
            super(problem);
        }
    }

    /** @return the private key, PKCS#8 encoded */
    public static byte[] privateKey(byte[] content, @Nullable String password) throws UnreadableException {
        char[] secret = password == null ? new char[0] : password.toCharArray();
        if (isBinary(content)) {
            return pkcs12Entry(content, secret, true).key();
        }
        List<Object> objects = pem(content);
        for (Object object : objects) {
            byte[] key = privateKey(object, secret);
            if (key != null) {
                return key;
            }
        }
        if (objects.isEmpty()) {
            throw new UnreadableException("is not a PEM or PKCS#12 file");
        }
        boolean certificate = objects.stream().anyMatch(X509CertificateHolder.class::isInstance);
        boolean publicKey = objects.stream().anyMatch(SubjectPublicKeyInfo.class::isInstance);
        throw new UnreadableException(
                (certificate ? "holds a certificate and " : publicKey ? "holds a public key and " : "holds ")
                        + "no private key");
    }

    private static byte @Nullable [] privateKey(Object object, char[] password) throws UnreadableException {
        try {
            if (object instanceof PrivateKeyInfo info) {
                return info.getEncoded();
            }
            if (object instanceof PEMKeyPair pair) {
                return pair.getPrivateKeyInfo().getEncoded();
            }
            boolean encrypted = object instanceof PEMEncryptedKeyPair || object instanceof PKCS8EncryptedPrivateKeyInfo;
            if (encrypted && password.length == 0) {
                throw new UnreadableException("is encrypted, and no private-key-password is set");
            }
            if (object instanceof PEMEncryptedKeyPair pair) {
                return pair.decryptKeyPair(new JcePEMDecryptorProviderBuilder()
                                .setProvider(BC)
                                .build(password))
                        .getPrivateKeyInfo()
                        .getEncoded();
            }
            if (object instanceof PKCS8EncryptedPrivateKeyInfo info) {
                return info.decryptPrivateKeyInfo(new JceOpenSSLPKCS8DecryptorProviderBuilder()
                                .setProvider(BC)
                                .build(password))
                        .getEncoded();
            }
            return null;
        } catch (IOException | OperatorCreationException | PKCSException e) {
            throw new UnreadableException(
                    "can't be decrypted: the private-key-password is wrong or the file is damaged");
        }
    }

    /** @return the certificates of a merchant's file, at least one; a chain may be in any order */
    public static List<X509Certificate> merchantCertificates(byte[] content, @Nullable String password)
            throws UnreadableException {
        if (isBinary(content)) {
            return List.of(pkcs12Entry(content, password == null ? new char[0] : password.toCharArray(), false)
                    .certificate());
        }
        List<X509Certificate> certificates = certificates(content);
        if (certificates.isEmpty()) {
            throw new UnreadableException("holds no certificate");
        }
        return certificates;
    }

    /** @return every certificate of a PEM file */
    public static List<X509Certificate> certificates(byte[] content) throws UnreadableException {
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            List<X509Certificate> certificates = new java.util.ArrayList<>();
            for (Object object : pem(content)) {
                if (object instanceof X509CertificateHolder holder) {
                    certificates.add((X509Certificate)
                            factory.generateCertificate(new java.io.ByteArrayInputStream(holder.getEncoded())));
                }
            }
            return certificates;
        } catch (GeneralSecurityException | IOException e) {
            throw new UnreadableException("holds a damaged certificate");
        }
    }

    /** @return the public key that belongs to a PKCS#8 encoded RSA private key, as a SubjectPublicKeyInfo */
    public static byte[] publicKeyOf(byte[] pkcs8) throws UnreadableException {
        try {
            PrivateKeyInfo info = PrivateKeyInfo.getInstance(pkcs8);
            var rsa = org.bouncycastle.asn1.pkcs.RSAPrivateKey.getInstance(info.parsePrivateKey());
            return new SubjectPublicKeyInfo(
                            info.getPrivateKeyAlgorithm(),
                            new org.bouncycastle.asn1.pkcs.RSAPublicKey(rsa.getModulus(), rsa.getPublicExponent()))
                    .getEncoded();
        } catch (IOException | IllegalArgumentException e) {
            throw new UnreadableException("holds a key that is not RSA");
        }
    }

    /** What makes a key unfit for SHA256withRSA with Tenpay, in words after "the certificate"; empty when it is fit. */
    public static Optional<String> weakness(PublicKey key) {
        if (!(key instanceof RSAPublicKey rsa)) {
            return Optional.of("has a key that is not RSA");
        }
        int bits = rsa.getModulus().bitLength();
        if (bits < MIN_BITS || bits > MAX_BITS) {
            return Optional.of("has an RSA key of " + bits + " bits, where " + MIN_BITS + " to " + MAX_BITS + " count");
        }
        // FIPS 186-5: odd, and above 2 to the power of 16.
        return rsa.getPublicExponent().bitLength() < 17
                        || !rsa.getPublicExponent().testBit(0)
                ? Optional.of("has an RSA key with the unsafe public exponent " + rsa.getPublicExponent())
                : Optional.empty();
    }

    private static List<Object> pem(byte[] content) throws UnreadableException {
        try (PEMParser parser = new PEMParser(new StringReader(text(content)))) {
            List<Object> objects = new java.util.ArrayList<>();
            for (Object object = parser.readObject(); object != null; object = parser.readObject()) {
                objects.add(object);
            }
            return objects;
        } catch (IOException | RuntimeException e) {
            throw new UnreadableException("is not a well-formed PEM file");
        }
    }

    /** Without the byte order mark that some editors put in front. */
    private static String text(byte[] content) {
        return new String(content, StandardCharsets.ISO_8859_1).replaceFirst("^\\xEF\\xBB\\xBF", "");
    }

    private record Entry(byte[] key, X509Certificate certificate) {}

    private static Entry pkcs12Entry(byte[] content, char[] password, boolean withKey) throws UnreadableException {
        if (!isPkcs12(content)) {
            throw new UnreadableException("is a binary file, and not PKCS#12: convert it to PEM");
        }
        try (InputStream in = new java.io.ByteArrayInputStream(content)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, password);
            for (String alias : Collections.list(store.aliases())) {
                Certificate certificate = store.getCertificate(alias);
                if (store.isKeyEntry(alias) && certificate instanceof X509Certificate x509) {
                    byte[] key = withKey ? store.getKey(alias, password).getEncoded() : new byte[0];
                    return new Entry(key, x509);
                }
            }
        } catch (GeneralSecurityException | IOException e) {
            throw new UnreadableException(
                    "can't be opened as PKCS#12: the private-key-password is wrong, or the file is damaged");
        }
        throw new UnreadableException("holds no private key with its certificate");
    }

    /** DER starts with the tag of a SEQUENCE; PEM is text. */
    private static boolean isBinary(byte[] content) {
        return content.length > 1 && content[0] == 0x30 && (content[1] & 0x80) != 0;
    }

    /** Of the binary forms, only PKCS#12 starts with the version 3, behind a length of 0 to 4 bytes. */
    private static boolean isPkcs12(byte[] content) {
        int at = 2 + (content[1] & 0x7f);
        return content.length > at + 2 && content[at] == 2 && content[at + 1] == 1 && content[at + 2] == 3;
    }

    /** All bytes of a file, read once: the bytes judged are the bytes used. */
    public static byte[] content(Path file) throws UnreadableException {
        try {
            if (!Files.readAttributes(file, BasicFileAttributes.class).isRegularFile()) {
                throw new UnreadableException("names something that is not a file: " + file);
            }
        } catch (NoSuchFileException e) {
            throw new UnreadableException("names a file that does not exist: " + file);
        } catch (AccessDeniedException e) {
            throw unreadable(file);
        } catch (IOException e) {
            throw new UnreadableException("names a file that can't be read: " + file);
        }
        if (!Files.isReadable(file)) {
            throw unreadable(file);
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(LARGEST + 1);
            if (content.length > LARGEST) {
                throw new UnreadableException("names a file that is too large for a key or a certificate: " + file);
            }
            return content;
        } catch (IOException e) {
            throw new UnreadableException("names a file that can't be read: " + file);
        }
    }

    private static UnreadableException unreadable(Path file) {
        return new UnreadableException("names a file that the user " + System.getProperty("user.name")
                + " may not read (owner or rights of it or of a folder above): " + file);
    }

    /** Whether every user of this machine may read the file, where the file system knows rights. */
    public static boolean isWorldReadable(Path file) {
        try {
            return Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ);
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** The file that a setting names. People paste the key itself now and then: that text is never repeated. */
    public static Path named(String setting) throws UnreadableException {
        if (setting.contains("-----")
                || setting.length() > 1000
                || setting.chars().anyMatch(c -> c < ' ')) {
            throw new UnreadableException("holds the text itself, where the name of its file is wanted");
        }
        try {
            return Path.of(setting);
        } catch (java.nio.file.InvalidPathException e) {
            throw new UnreadableException("is not the name of a file");
        }
    }
}
