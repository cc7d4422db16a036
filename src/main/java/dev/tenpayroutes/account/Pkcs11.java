package dev.tenpayroutes.account;

import dev.tenpayroutes.account.KeyFile.UnreadableException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.InvalidParameterException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.Security;
import java.util.HashMap;
import java.util.Map;
import javax.security.auth.login.FailedLoginException;
import org.jspecify.annotations.Nullable;

/**
 * Private keys that never leave their token (an HSM, a smart card): the JDK's SunPKCS11 provider signs with them.
 *
 * <p>A PIN that the token refused is not tried again while the program runs: tokens lock themselves after a few.
 */
final class Pkcs11 {

    private static final String SUN_PKCS11 = "SunPKCS11";
    private static final Map<String, Provider> PROVIDERS = new HashMap<>();
    private static final Map<String, String> REFUSED_PINS = new HashMap<>();

    private Pkcs11() {}

    /** @param config file for the SunPKCS11 provider; each is loaded once */
    static synchronized PrivateKey key(@Nullable String config, String label, String pin) throws UnreadableException {
        if (config == null || config.isBlank()) {
            throw new UnreadableException("names a key in a token, and no pkcs11-config is set");
        }
        if (pin.equals(REFUSED_PINS.get(config))) {
            throw wrongPin();
        }
        try {
            KeyStore store = KeyStore.getInstance("PKCS11", provider(config));
            store.load(null, pin.toCharArray());
            if (store.getKey(label, null) instanceof PrivateKey key
                    && key.getAlgorithm().equals("RSA")) {
                return key;
            }
            throw new UnreadableException(
                    "names an RSA key that the token doesn't have together with its certificate: " + label);
        } catch (IOException | GeneralSecurityException | ProviderException e) {
            if (refusedPin(e)) {
                REFUSED_PINS.put(config, pin);
                throw wrongPin();
            }
            throw new UnreadableException("names a key in a token that can't be reached");
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

    private static UnreadableException wrongPin() {
        return new UnreadableException("names a key in a token that refuses the private-key-password, its PIN");
    }

    private static Provider provider(String config) throws UnreadableException {
        Provider known = PROVIDERS.get(config);
        if (known != null) {
            return known;
        }
        KeyFile.content(KeyFile.named(config));
        try {
            Provider made = Security.getProvider(SUN_PKCS11).configure(config);
            // Last in the row: whoever asks for RSA without naming a provider goes on with the JDK's own.
            Security.addProvider(made);
            PROVIDERS.put(config, made);
            return made;
        } catch (InvalidParameterException | ProviderException | UnsupportedOperationException e) {
            throw new UnreadableException(
                    "names a key in a token, and pkcs11-config can't be loaded: look at its" + " library and slot");
        }
    }
}
