package dev.tenpayroutes.signature;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;

/** Key pairs that are made anew for every run: no key is ever in the repository. */
public final class KeyFixture {

    public static final KeyPair MERCHANT = rsa();
    public static final KeyPair TENPAY = rsa();
    public static final KeyPair STRANGER = rsa();

    private KeyFixture() {}

    private static KeyPair rsa() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
