package dev.tenpayroutes.account;

import dev.tenpayroutes.account.AccountSettings.AccountFiles;
import dev.tenpayroutes.wire.RequestSigner.Credential;
import dev.tenpayroutes.wire.ResourceCipher;
import dev.tenpayroutes.wire.Rsa;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * The merchant accounts, complete and checked: a program that started can sign and verify for each of them.
 *
 * <p>What can't work (a missing setting, an unreadable key, a key that isn't the certificate's) is a
 * {@link SettingException} at start-up, which names the setting and the remedy.
 */
@Component
public class Accounts {

    private static final Logger LOG = LoggerFactory.getLogger(Accounts.class);
    private static final String PORTAL = "the merchant portal";

    private final Map<String, Account> accounts = new LinkedHashMap<>();
    private final URI baseUrl;
    private final URI notifyBaseUrl;

    public Accounts(AccountSettings settings, Rsa rsa, Clock clock) {
        this.baseUrl = url(
                "tenpay.base-url",
                settings.baseUrl(),
                "set it to https://uat.tenpayglobal.com for UAT, or to the URL the Tenpay Global team gave you");
        this.notifyBaseUrl = url(
                "tenpay.notify-base-url",
                settings.notifyBaseUrl(),
                "set it to the public https address at which Tenpay reaches this service, without /webhooks");
        if (settings.accounts().isEmpty()) {
            throw new SettingException(
                    "tenpay.accounts",
                    "names no merchant account",
                    "set tenpay.accounts.main.merchant-id, .app-id, .private-key, .certificate, .platform-certificates");
        }
        settings.accounts().forEach((name, files) -> accounts.put(name, account(name, files, rsa, clock)));
        Map<String, String> merchants = new HashMap<>();
        accounts.values().forEach(account -> {
            String other = merchants.put(account.merchantId(), account.name());
            if (other != null) {
                throw new SettingException(
                        "tenpay.accounts." + account.name() + ".merchant-id",
                        "is that of the account " + other + " as well",
                        "give each merchant id one account: numbers are unique by merchant at Tenpay, so one payment would"
                                + " settle the orders of both");
            }
        });
        LOG.info("accounts {} by {} RSA", accounts.keySet(), rsa);
    }

    /** The names of all accounts. */
    public Set<String> names() {
        return Set.copyOf(accounts.keySet());
    }

    /** The account of this name, if there is one. */
    public Optional<Account> find(@Nullable String name) {
        return Optional.ofNullable(name).map(accounts::get);
    }

    /** The account of this name; a stored payment may name one that was since taken from the settings. */
    public Account get(@Nullable String name) {
        return find(name)
                .orElseThrow(() -> new IllegalStateException("no account " + name + ": restore tenpay.accounts." + name
                        + ".*, its stored payments need it"));
    }

    /** Tenpay's base URL, without a trailing slash. */
    public URI baseUrl() {
        return baseUrl;
    }

    /** Where Tenpay sends the news of an account's {@code payments} or {@code refunds}. */
    public String notifyUrl(String account, String kind) {
        return notifyBaseUrl + "/webhooks/tenpay/" + account + "/" + kind;
    }

    private static Account account(String name, AccountFiles files, Rsa rsa, Clock clock) {
        String prefix = "tenpay.accounts." + name + ".";
        if (!name.matches("[a-z0-9][a-z0-9-]{0,31}")) {
            throw new SettingException(
                    "tenpay.accounts." + name,
                    "is not a usable account name",
                    "use 1 to 32 of a-z, 0-9 and -, since it is part of the webhook's path");
        }
        String merchantId = required(prefix + "merchant-id", files.merchantId(), "copy it from " + PORTAL);
        String appId = required(prefix + "app-id", files.appId(), "set the mini program's app id");
        String keyFile =
                required(prefix + "private-key", files.privateKey(), "name the PEM file of the merchant's private key");
        String certificateFile = required(
                prefix + "certificate",
                files.certificate(),
                "name the PEM file of the certificate you uploaded in " + PORTAL);
        String folder = required(
                prefix + "platform-certificates",
                files.platformCertificates(),
                "name the folder with the platform certificate downloaded from " + PORTAL);

        byte[] key = read(prefix + "private-key", "a private key in PEM or PKCS#12 form", () -> {
            byte[] pkcs8 = KeyFile.privateKey(KeyFile.named(keyFile), files.privateKeyPassword());
            KeyFile.publicKeyOf(pkcs8);
            return pkcs8;
        });
        X509Certificate certificate = read(
                prefix + "certificate",
                "a certificate in PEM or PKCS#12 form",
                () -> KeyFile.certificate(KeyFile.named(certificateFile), files.privateKeyPassword()));
        byte[] publicKey = read(prefix + "private-key", "an RSA key", () -> KeyFile.publicKeyOf(key));
        if (!Arrays.equals(publicKey, certificate.getPublicKey().getEncoded())) {
            throw new SettingException(
                    prefix + "private-key",
                    "is not the key of " + prefix + "certificate (serial " + PlatformCertificates.serial(certificate)
                            + ")",
                    "give the key and the certificate that were made together");
        }
        Instant expiry = certificate.getNotAfter().toInstant();
        if (expiry.isBefore(clock.instant())) {
            LOG.warn("account {}: {}certificate expired at {}; Tenpay may refuse our calls", name, prefix, expiry);
        }
        Path platformFolder =
                read(prefix + "platform-certificates", "the platform certificates", () -> KeyFile.named(folder));
        if (!Files.isDirectory(platformFolder)) {
            throw new SettingException(
                    prefix + "platform-certificates",
                    "names a folder that does not exist: " + folder,
                    "make it and put the platform certificate from " + PORTAL + " into it");
        }
        PlatformCertificates platform = new PlatformCertificates(name, platformFolder, rsa, clock);
        platform.problems().forEach(problem -> LOG.warn("account {}: {}", name, problem));
        if (!platform.usable()) {
            throw new SettingException(
                    prefix + "platform-certificates",
                    "holds no usable platform certificate: " + folder
                            + (platform.problems().isEmpty()
                                    ? " is empty"
                                    : " (" + platform.problems().get(0) + ")"),
                    "download the Tenpay Global platform certificate from " + PORTAL + " and put it there as PEM");
        }
        try {
            return new Account(
                    name,
                    merchantId,
                    appId,
                    new Credential(merchantId, PlatformCertificates.serial(certificate), rsa.privateKey(key)),
                    platform,
                    cipher(prefix + "api-key", files.apiKey()));
        } catch (GeneralSecurityException e) {
            throw new SettingException(prefix + "private-key", "holds a key that can't be used", "give an RSA key");
        }
    }

    private static @Nullable ResourceCipher cipher(String setting, @Nullable String apiKey) {
        if (apiKey == null || apiKey.isBlank()) {
            return null;
        }
        if (apiKey.getBytes(StandardCharsets.UTF_8).length != 32) {
            throw new SettingException(
                    setting, "must have exactly 32 characters", "copy the API key from " + PORTAL + " again");
        }
        return new ResourceCipher(apiKey);
    }

    private interface Reading<T> {
        T read() throws KeyFile.UnreadableException;
    }

    private static <T> T read(String setting, String wanted, Reading<T> reading) {
        try {
            return reading.read();
        } catch (KeyFile.UnreadableException e) {
            throw new SettingException(setting, e.getMessage(), "name a file that holds " + wanted);
        }
    }

    private static String required(String setting, @Nullable String value, String remedy) {
        if (value == null || value.isBlank()) {
            throw new SettingException(setting, "is not set", remedy);
        }
        return value.strip();
    }

    private static URI url(String setting, @Nullable String value, String remedy) {
        String text = required(setting, value, remedy).replaceFirst("/+$", "");
        try {
            URI url = new URI(text);
            boolean http = "https".equals(url.getScheme()) || "http".equals(url.getScheme());
            boolean bare = url.getQuery() == null && url.getUserInfo() == null && url.getFragment() == null;
            if (http && url.getHost() != null && bare) {
                return url;
            }
        } catch (java.net.URISyntaxException e) {
            // Reported below, like every other wrong URL.
        }
        throw new SettingException(
                setting, "is not an http or https URL with a host: " + text.replaceFirst("//.*@", "//***@"), remedy);
    }
}
