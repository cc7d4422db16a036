package dev.tenpayroutes.account;

import dev.tenpayroutes.config.KeyMaterialReader;
import dev.tenpayroutes.config.KeyMaterialReader.UnreadableException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.InvalidParameterException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.Security;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.security.auth.login.FailedLoginException;
import org.jspecify.annotations.Nullable;

/**
 * Private keys that never leave their token (an HSM, a smart card): the JDK's SunPKCS11 provider signs with them. One token
 * that doesn't answer holds up no other. Safe for use by many threads.
 *
 * <p>A PIN that the token refused is not tried again while the program runs: tokens lock themselves after a few.
 */
final class Pkcs11 {

    private static final String SUN_PKCS11 = "SunPKCS11";
    private static final Map<String, Pkcs11> TOKENS = new ConcurrentHashMap<>();

    /** @param provider whose key it is; it is nothing to any other, even one for the same token */
    record Key(PrivateKey key, Provider provider, Pkcs11 token) {

        /** It doesn't sign any more, since the token was started anew or has logged us out: the next is of a new login. */
        void forget() {
            token.forget(provider);
        }
    }

    private final String config;
    private @Nullable Provider provider;
    private @Nullable String refusedPin;

    private Pkcs11(String config) {
        this.config = config;
    }

    /** @param config file for the SunPKCS11 provider */
    static Pkcs11 token(@Nullable String config) throws UnreadableException {
        if (config == null || config.isBlank()) {
            throw new UnreadableException("names a key in a token, and no pkcs11-config is set");
        }
        return TOKENS.computeIfAbsent(config, Pkcs11::new);
    }

    /** Logs in, unless it is, and finds the key. */
    synchronized Key key(String label, String pin) throws UnreadableException {
        if (pin.equals(refusedPin)) {
            throw wrongPin();
        }
        Provider made = provider();
        try {
            KeyStore store = KeyStore.getInstance("PKCS11", made);
            logIn(store, pin);
            if (store.getKey(label, null) instanceof PrivateKey key
                    && key.getAlgorithm().equals("RSA")) {
                return new Key(key, made, this);
            }
        } catch (GeneralSecurityException | ProviderException e) {
            throw unreachable();
        }
        throw new UnreadableException(
                "names an RSA key that the token doesn't have together with its certificate: " + label);
    }

    private void logIn(KeyStore store, String pin) throws UnreadableException {
        try {
            store.load(null, pin.toCharArray());
        } catch (IOException | GeneralSecurityException | ProviderException e) {
            if (refusedPin(e)) {
                refusedPin = pin;
                throw wrongPin();
            }
            forget(store.getProvider());
            throw unreachable();
        }
    }

    private synchronized void forget(Provider lost) {
        if (lost == provider) {
            Security.removeProvider(lost.getName());
            provider = null;
        }
    }

    private static boolean refusedPin(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            // The name of what PKCS#11 calls a PIN that is wrong, locked or out of range.
            if (cause instanceof FailedLoginException
                    || String.valueOf(cause.getMessage()).startsWith("CKR_PIN_")) {
                return true;
            }
        }
        return false;
    }

    private static UnreadableException unreachable() {
        return new UnreadableException("names a key in a token that can't be reached");
    }

    private static UnreadableException wrongPin() {
        return new UnreadableException("names a key in a token that refuses the private-key-password, its PIN");
    }

    private Provider provider() throws UnreadableException {
        if (provider != null) {
            return provider;
        }
        KeyMaterialReader.content(KeyMaterialReader.named(config));
        try {
            Provider made = Security.getProvider(SUN_PKCS11).configure(config);
            // Last in the list: RSA without a named provider stays with the JDK's own.
            if (Security.addProvider(made) < 0) {
                throw new UnreadableException(
                        "names a key in a token, and another token has the name that pkcs11-config gives it");
            }
            provider = made;
            return made;
        } catch (InvalidParameterException | ProviderException | UnsupportedOperationException e) {
            throw new UnreadableException(
                    "names a key in a token, and pkcs11-config can't be loaded: look at its" + " library and slot");
        }
    }
}
