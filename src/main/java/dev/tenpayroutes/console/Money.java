package dev.tenpayroutes.console;

import java.math.BigDecimal;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Currency;
import java.util.Locale;
import java.util.Optional;

/** Amounts as people read and type them: with the decimals of their currency, exactly. */
final class Money {

    private Money() {}

    static String shown(long total, String currency) {
        int digits = decimals(currency);
        DecimalFormat format = new DecimalFormat("#,##0", DecimalFormatSymbols.getInstance(Locale.ROOT));
        format.setMinimumFractionDigits(digits);
        format.setMaximumFractionDigits(digits);
        return currency + " " + format.format(BigDecimal.valueOf(total, digits));
    }

    /** Without the currency, as a form has it. */
    static String typed(long total, String currency) {
        return BigDecimal.valueOf(total, decimals(currency)).toPlainString();
    }

    /** Minor units of what was typed; nothing where it is no amount of this currency. */
    static Optional<Long> minor(String typed, String currency) {
        String text = typed.strip();
        if (!text.matches("[0-9]{1,15}([.][0-9]{1,4})?")) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new BigDecimal(text).movePointRight(decimals(currency)).longValueExact());
        } catch (ArithmeticException e) {
            return Optional.empty();
        }
    }

    private static int decimals(String currency) {
        try {
            return Math.max(0, Currency.getInstance(currency).getDefaultFractionDigits());
        } catch (IllegalArgumentException e) {
            return 0;
        }
    }
}
