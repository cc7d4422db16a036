package dev.tenpayroutes.account;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.KeyMaterialReader;
import dev.tenpayroutes.config.KeyMaterialReader.UnreadableException;
import dev.tenpayroutes.signature.RequestSigner.Credential;
import dev.tenpayroutes.signature.Rsa;
import dev.tenpayroutes.signature.SerialNumber;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.ProviderException;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A merchant's private key and certificate at one pair of places. They are used only when complete: both can be
 * read, and the key is the certificate's.
 *
 * <p>Read anew when the content has changed, whatever a file's time says: mounted folders are swapped behind links.
 */
final class SigningKeyPair {

    private static final String PKCS11 = "pkcs11:";

    /**
     * A key with its certificate.
     *
     * @param token where the key is, if it isn't one of a file
     */
    record Pair(Credential credential, X509Certificate certificate, Pkcs11.@Nullable Key token) {
        String serial() {
            return credential.serial();
        }

        boolean validAt(Instant now) {
            return !now.isBefore(certificate.getNotBefore().toInstant())
                    && !now.isAfter(certificate.getNotAfter().toInstant());
        }
    }

    private final String prefix;
    private final String merchantId;
    private final String keyPlace;
    private final String certificatePlace;
    private final @Nullable String pkcs11Config;
    private final Rsa rsa;
    private byte[] seen = {};
    private @Nullable Pair pair;
    private @Nullable ConfigurationProblem problem;

    /** @param prefix of the account's settings, with its dot */
    SigningKeyPair(
            String prefix,
            String merchantId,
            String keyPlace,
            String certificatePlace,
            @Nullable String pkcs11Config,
            Rsa rsa) {
        this.prefix = prefix;
        this.merchantId = merchantId;
        this.keyPlace = keyPlace;
        this.certificatePlace = certificatePlace;
        this.pkcs11Config = pkcs11Config;
        this.rsa = rsa;
    }

    /** The pair that lay there at the last look, if it is whole. */
    @Nullable Pair pair() {
        return pair;
    }

    /** What is wrong with it. */
    @Nullable ConfigurationProblem problem() {
        return problem;
    }

    /** What is unwise about it, though it signs. */
    Optional<ConfigurationProblem> warning() {
        try {
            return pair != null
                            && !keyPlace.startsWith(PKCS11)
                            && KeyMaterialReader.isWorldReadable(KeyMaterialReader.named(keyPlace))
                    ? Optional.of(ConfigurationProblem.warning(
                            prefix + "private-key",
                            "names a file that every user of this machine may read: " + keyPlace,
                            "let the program's user own it, and take it from the others: chmod 600"))
                    : Optional.empty();
        } catch (UnreadableException e) {
            return Optional.empty();
        }
    }

    /** Whether anything lies there at all. */
    boolean there() {
        return exists(certificatePlace) || (!keyPlace.startsWith(PKCS11) && exists(keyPlace));
    }

    private static boolean exists(String place) {
        try {
            return Files.exists(KeyMaterialReader.named(place));
        } catch (UnreadableException e) {
            return false;
        }
    }

    /** Whether a pair can sign: a token may have been started anew, or have logged us out. Asks the token, which may take long. */
    static boolean signs(Pair pair, Rsa rsa) {
        return pair.token() == null || isKeyOf(pair.credential().key(), pair.certificate(), rsa);
    }

    private static boolean isKeyOf(PrivateKey key, X509Certificate certificate, Rsa rsa) {
        byte[] text = "is this key the certificate's?".getBytes(StandardCharsets.US_ASCII);
        try {
            byte[] signature = Base64.getDecoder().decode(rsa.sign(key, text));
            return rsa.verify(rsa.publicKey(certificate.getPublicKey().getEncoded()), text, signature);
        } catch (GeneralSecurityException | ProviderException e) {
            return false;
        }
    }

    /** Its pair is lost if it is one of these: its token is logged in to again. */
    void forget(Collection<Pair> lost) {
        if (pair != null && pair.token() != null && lost.contains(pair)) {
            pair.token().forget();
            pair = null;
            seen = new byte[0];
        }
    }

    /** Reads what lies there, if it isn't what was read before. */
    void reload(@Nullable String password) {
        boolean token = keyPlace.startsWith(PKCS11);
        byte[] keyContent;
        byte[] certificateContent;
        try {
            keyContent = token ? keyPlace.getBytes(StandardCharsets.UTF_8) : content("private-key", keyPlace);
            certificateContent = content("certificate", certificatePlace);
        } catch (InvalidConfigurationException e) {
            pair = null;
            problem = e.problem();
            seen = new byte[0];
            return;
        }
        byte[] content = digest(keyContent, certificateContent, password);
        if (Arrays.equals(content, seen)) {
            return;
        }
        try {
            List<X509Certificate> certificates = read(
                    "certificate",
                    "a certificate in PEM or PKCS#12 form",
                    () -> KeyMaterialReader.merchantCertificates(certificateContent, password));
            if (certificates.stream().noneMatch(one -> one.getPublicKey() instanceof RSAPublicKey)) {
                throw new InvalidConfigurationException(
                        prefix + "certificate", "has a key that is not RSA", "name the certificate of an RSA key");
            }
            pair = token ? tokenPair(certificates, password) : filePair(keyContent, certificates, password);
            problem = null;
            seen = content;
        } catch (InvalidConfigurationException e) {
            pair = null;
            problem = e.problem();
            // A token may come back, and a file can't get better by itself.
            seen = token ? new byte[0] : content;
        }
    }

    private Pair filePair(byte[] content, List<X509Certificate> certificates, @Nullable String password) {
        String wanted = "a private key in PEM or PKCS#12 form";
        byte[] key = read("private-key", wanted, () -> KeyMaterialReader.privateKey(content, password));
        byte[] publicKey = read("private-key", wanted, () -> KeyMaterialReader.publicKeyOf(key));
        X509Certificate certificate = certificates.stream()
                .filter(one -> Arrays.equals(publicKey, one.getPublicKey().getEncoded()))
                .findFirst()
                .orElseThrow(() -> notTheKeyOf(certificates.get(0)));
        try {
            return pair(rsa.privateKey(key), certificate, null);
        } catch (GeneralSecurityException e) {
            throw new InvalidConfigurationException(
                    prefix + "private-key", "holds a key that can't be used", "give an RSA key");
        }
    }

    /** A token's key shows nothing but what it does: it must sign what the certificate verifies. */
    private Pair tokenPair(List<X509Certificate> certificates, @Nullable String password) {
        Pkcs11.Key found = read(
                "private-key",
                "an RSA private key with its certificate, in the token that " + prefix + "pkcs11-config tells of",
                () -> Pkcs11.token(pkcs11Config)
                        .key(keyPlace.substring(PKCS11.length()), password == null ? "" : password));
        try {
            rsa.sign(found.key(), new byte[0]);
        } catch (GeneralSecurityException | ProviderException e) {
            throw new InvalidConfigurationException(
                    prefix + "private-key", "names a key that doesn't sign", "give an RSA key that may sign");
        }
        X509Certificate certificate = certificates.stream()
                .filter(one -> isKeyOf(found.key(), one, rsa))
                .findFirst()
                .orElseThrow(() -> notTheKeyOf(certificates.get(0)));
        return pair(found.key(), certificate, found);
    }

    private Pair pair(PrivateKey key, X509Certificate certificate, Pkcs11.@Nullable Key token) {
        KeyMaterialReader.weakness(certificate.getPublicKey()).ifPresent(weakness -> {
            throw new InvalidConfigurationException(
                    prefix + "certificate",
                    weakness,
                    "make a new pair with the command new-key and upload its certificate in the merchant portal");
        });
        return new Pair(new Credential(merchantId, SerialNumber.of(certificate), key), certificate, token);
    }

    private InvalidConfigurationException notTheKeyOf(X509Certificate certificate) {
        return new InvalidConfigurationException(
                prefix + "private-key",
                "is not the key of " + prefix + "certificate (serial " + SerialNumber.of(certificate) + ")",
                "give the key and the certificate that were made together");
    }

    private byte[] content(String setting, String place) {
        String wanted = setting.equals("private-key") ? "a private key" : "a certificate";
        return read(
                setting,
                wanted + " in PEM or PKCS#12 form",
                () -> KeyMaterialReader.content(KeyMaterialReader.named(place)));
    }

    private interface Reading<T> {
        T read() throws UnreadableException;
    }

    private <T> T read(String setting, String wanted, Reading<T> reading) {
        try {
            return reading.read();
        } catch (UnreadableException e) {
            throw new InvalidConfigurationException(
                    prefix + setting, e.getMessage(), "name a file that holds " + wanted);
        }
    }

    private static byte[] digest(byte[] key, byte[] certificate, @Nullable String password) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (byte[] part :
                    new byte[][] {key, certificate, String.valueOf(password).getBytes(StandardCharsets.UTF_8)}) {
                digest.update(MessageDigest.getInstance("SHA-256").digest(part));
            }
            return digest.digest();
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
