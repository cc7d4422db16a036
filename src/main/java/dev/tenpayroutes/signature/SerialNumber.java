package dev.tenpayroutes.signature;

import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** The serial number of a certificate, as {@code openssl x509 -serial} prints it: upper-case hex, two digits for each byte. */
public final class SerialNumber {

    /** Twice what RFC 5280 allows; a header of any length is never parsed. */
    private static final Pattern HEX = Pattern.compile("-?[0-9A-Fa-f]{1,80}");

    private SerialNumber() {}

    public static String of(X509Certificate certificate) {
        return of(certificate.getSerialNumber());
    }

    public static String of(BigInteger number) {
        String hex = number.abs().toString(16).toUpperCase(Locale.ROOT);
        return (number.signum() < 0 ? "-" : "") + (hex.length() % 2 == 0 ? "" : "0") + hex;
    }

    /** The same number in the spelling of {@link #of}, whatever its leading zeros and case; empty when it isn't one. */
    public static Optional<String> normalized(String serial) {
        return HEX.matcher(serial).matches() ? Optional.of(of(new BigInteger(serial, 16))) : Optional.empty();
    }
}
