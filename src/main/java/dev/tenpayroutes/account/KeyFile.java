package dev.tenpayroutes.account;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.List;
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
final class KeyFile {

    private static final org.bouncycastle.jce.provider.BouncyCastleProvider BC =
            new org.bouncycastle.jce.provider.BouncyCastleProvider();

    private KeyFile() {}

    /** A file that is not what its setting asks for. */
    static final class UnreadableException extends Exception {
        private static final long serialVersionUID = 1L;

        UnreadableException(String problem) {
            super(problem);
        }
    }

    /** @return the private key, PKCS#8 encoded */
    static byte[] privateKey(Path file, @Nullable String password) throws UnreadableException {
        char[] secret = password == null ? new char[0] : password.toCharArray();
        if (isPkcs12(file)) {
            return pkcs12Entry(file, secret, true).key();
        }
        List<Object> objects = pem(file);
        for (Object object : objects) {
            byte[] key = privateKey(object, secret);
            if (key != null) {
                return key;
            }
        }
        throw new UnreadableException(objects.isEmpty() ? "is not a PEM or PKCS#12 file" : "holds no private key");
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

    /** @return the first certificate of the file */
    static X509Certificate certificate(Path file, @Nullable String password) throws UnreadableException {
        if (isPkcs12(file)) {
            return pkcs12Entry(file, password == null ? new char[0] : password.toCharArray(), false)
                    .certificate();
        }
        List<X509Certificate> certificates = certificates(file);
        if (certificates.isEmpty()) {
            throw new UnreadableException("holds no certificate");
        }
        return certificates.get(0);
    }

    /** @return every certificate of a PEM file */
    static List<X509Certificate> certificates(Path file) throws UnreadableException {
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            List<X509Certificate> certificates = new java.util.ArrayList<>();
            for (Object object : pem(file)) {
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
    static byte[] publicKeyOf(byte[] pkcs8) throws UnreadableException {
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

    private static List<Object> pem(Path file) throws UnreadableException {
        try (PEMParser parser = new PEMParser(new StringReader(text(file)))) {
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
    private static String text(Path file) throws UnreadableException {
        return new String(bytes(file), StandardCharsets.ISO_8859_1).replaceFirst("^\\xEF\\xBB\\xBF", "");
    }

    private record Entry(byte[] key, X509Certificate certificate) {}

    private static Entry pkcs12Entry(Path file, char[] password, boolean withKey) throws UnreadableException {
        try (InputStream in = Files.newInputStream(file)) {
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
                    "can't be opened as PKCS#12: the private-key-password is wrong, or the file is"
                            + " damaged or of another binary form (convert it to PEM)");
        }
        throw new UnreadableException("holds no private key with its certificate");
    }

    /** DER starts with the tag of a SEQUENCE; PEM is text. */
    private static boolean isPkcs12(Path file) throws UnreadableException {
        byte[] bytes = bytes(file);
        return bytes.length > 1 && bytes[0] == 0x30 && (bytes[1] & 0x80) != 0;
    }

    private static byte[] bytes(Path file) throws UnreadableException {
        if (!Files.exists(file)) {
            throw new UnreadableException("names a file that does not exist: " + file);
        }
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new UnreadableException("names something that is not a readable file: " + file);
        }
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UnreadableException("names a file that can't be read: " + file);
        }
    }

    /** The file that a setting names. People paste the key itself now and then: that text is never repeated. */
    static Path named(String setting) throws UnreadableException {
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
