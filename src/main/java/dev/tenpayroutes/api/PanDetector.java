package dev.tenpayroutes.api;

import java.util.BitSet;

/**
 * Recognizes payment card numbers in text, so that none is stored by accident: 14 to 19 digits of any script, together or
 * in groups with one space, dash or dot between, that begin and end as a card scheme's do and have the right check digit
 * (Luhn). Digits that are part of a longer unbroken row are no card number.
 *
 * <p>One in ten other numbers of that form has the right check digit by chance. So groups that are a date or an EAN or
 * UPC of 12 or 13 digits belong to no card number. The work grows with the length of the text, and no faster.
 */
public final class PanDetector {

    private static final int MIN_LENGTH = 14;
    private static final int MAX_LENGTH = 19;
    /** Besides what Unicode calls a space or a dash: dots, and the sign for minus. */
    private static final String OTHER_SEPARATORS = ".\u00b7\u2022\uff0e\u2212";

    /** By a number's first four digits, the lengths it may have: bit 16 for 16 digits. */
    private static final int[] LENGTHS = new int[10_000];

    static {
        // Visa, Mastercard, American Express
        scheme(4, 4, 16, 19);
        scheme(51, 55, 16);
        scheme(2221, 2720, 16);
        scheme(34, 34, 15);
        scheme(37, 37, 15);
        // UnionPay, JCB, Diners Club, Discover
        scheme(62, 62, 16, 17, 18, 19);
        scheme(81, 81, 16, 17, 18, 19);
        scheme(3528, 3589, 16, 17, 18, 19);
        scheme(300, 305, 14, 16, 19);
        scheme(3095, 3095, 14, 16, 19);
        scheme(36, 36, 14, 15, 16, 17, 18, 19);
        scheme(38, 39, 14, 16, 19);
        scheme(6011, 6011, 16, 17, 18, 19);
        scheme(644, 649, 16, 17, 18, 19);
        scheme(65, 65, 16, 17, 18, 19);
        // Maestro, Mir
        scheme(5018, 5018, 14, 15, 16, 17, 18, 19);
        scheme(5020, 5020, 14, 15, 16, 17, 18, 19);
        scheme(5038, 5038, 14, 15, 16, 17, 18, 19);
        scheme(5893, 5893, 14, 15, 16, 17, 18, 19);
        scheme(6304, 6304, 14, 15, 16, 17, 18, 19);
        scheme(6759, 6763, 14, 15, 16, 17, 18, 19);
        scheme(2200, 2204, 16, 17, 18, 19);
    }

    private static void scheme(int from, int to, int... lengths) {
        int rest = from > 999 ? 1 : from > 99 ? 10 : from > 9 ? 100 : 1000;
        for (int first = from * rest; first < (to + 1) * rest; first++) {
            for (int length : lengths) {
                LENGTHS[first] |= 1 << length;
            }
        }
    }

    // One row: groups of digits with a single separator between.
    private final byte[] digits;
    private final int[] starts;
    private int size;
    private int groups;

    private PanDetector(int length) {
        digits = new byte[length];
        starts = new int[length + 1];
    }

    /** Whether a text holds at least one. */
    public static boolean in(String text) {
        if (text.length() < MIN_LENGTH) {
            return false;
        }
        PanDetector row = new PanDetector(text.length());
        boolean apart = true;
        boolean separated = false;
        for (int at = 0, character; at < text.length(); at += Character.charCount(character)) {
            character = text.codePointAt(at);
            int digit = Character.digit(character, 10);
            if (digit >= 0) {
                row.add(digit, apart);
                apart = false;
                separated = false;
            } else if (!separated && isSeparator(character)) {
                apart = true;
                separated = true;
            } else if (Character.getType(character) != Character.FORMAT) {
                if (row.hasCard()) {
                    return true;
                }
                row.size = 0;
                row.groups = 0;
                apart = true;
                separated = false;
            }
        }
        return row.hasCard();
    }

    private static boolean isSeparator(int character) {
        return Character.isSpaceChar(character)
                || Character.isWhitespace(character)
                || Character.getType(character) == Character.DASH_PUNCTUATION
                || OTHER_SEPARATORS.indexOf(character) >= 0;
    }

    private void add(int digit, boolean begins) {
        if (begins) {
            starts[groups++] = size;
        }
        digits[size++] = (byte) digit;
    }

    private boolean hasCard() {
        if (size < MIN_LENGTH) {
            return false;
        }
        starts[groups] = size;
        BitSet ends = new BitSet(size + 1);
        BitSet others = new BitSet(groups);
        for (int group = 0; group < groups; group++) {
            ends.set(starts[group + 1]);
            if (isDate(group)) {
                others.set(group, group + 3);
            }
            if (isGoodsNumber(group)) {
                others.set(group);
            }
        }
        int end = size;
        for (int group = groups - 1; group >= 0; group--) {
            if (others.get(group)) {
                end = starts[group];
            } else if (startsCard(starts[group], end, ends)) {
                return true;
            }
        }
        return false;
    }

    private boolean startsCard(int from, int end, BitSet ends) {
        int lengths = end - from < MIN_LENGTH ? 0 : LENGTHS[number(from, 4)];
        for (int length = MIN_LENGTH; length <= MAX_LENGTH && from + length <= end; length++) {
            if ((lengths & 1 << length) != 0 && ends.get(from + length) && isRight(from, length)) {
                return true;
            }
        }
        return false;
    }

    /** Luhn. */
    private boolean isRight(int from, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            int digit = digits[from + length - 1 - i];
            int weighed = i % 2 == 0 ? digit : 2 * digit;
            sum += weighed > 9 ? weighed - 9 : weighed;
        }
        return sum % 10 == 0;
    }

    /** Whether a group begins a date, 2026-11-23 or 23.11.2026. */
    private boolean isDate(int group) {
        if (group + 3 > groups || size(group + 1) != 2 || size(group) + size(group + 2) != 6) {
            return false;
        }
        int first = number(starts[group], size(group));
        int second = number(starts[group + 1], 2);
        int third = number(starts[group + 2], size(group + 2));
        return size(group) == 4 && isYear(first) && isIn(second, 12) && isIn(third, 31)
                || size(group) == 2 && isIn(first, 31) && isIn(second, 31) && isYear(third);
    }

    private static boolean isYear(int number) {
        return number >= 1900 && number < 2100;
    }

    private static boolean isIn(int number, int most) {
        return number >= 1 && number <= most;
    }

    /** Whether a group is an EAN-13 or a UPC-A; but after six digits it may be the rest of a card: UnionPay prints so. */
    private boolean isGoodsNumber(int group) {
        boolean rest = group > 0 && size(group - 1) == 6;
        if (size(group) < 12 || size(group) > 13 || rest) {
            return false;
        }
        int sum = 0;
        for (int i = 0; i < size(group); i++) {
            sum += digits[starts[group + 1] - 1 - i] * (i % 2 == 0 ? 1 : 3);
        }
        return sum % 10 == 0;
    }

    private int size(int group) {
        return starts[group + 1] - starts[group];
    }

    private int number(int from, int length) {
        int number = 0;
        for (int i = 0; i < length; i++) {
            number = 10 * number + digits[from + i];
        }
        return number;
    }
}
