package dev.tenpayroutes.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PanDetectorTest {

    private static final int MANY = 20_000;

    /** Always the same numbers: a failure can be looked at again. */
    private final Random random = new Random(20261123);

    private record Scheme(String prefix, int... lengths) {}

    private static final List<Scheme> SCHEMES = List.of(
            new Scheme("4", 16, 19),
            new Scheme("51", 16),
            new Scheme("55", 16),
            new Scheme("2221", 16),
            new Scheme("2720", 16),
            new Scheme("34", 15),
            new Scheme("37", 15),
            new Scheme("62", 16, 17, 18, 19),
            new Scheme("3528", 16, 19),
            new Scheme("3589", 16, 19),
            new Scheme("300", 14),
            new Scheme("305", 14),
            new Scheme("36", 14, 16, 19),
            new Scheme("38", 14),
            new Scheme("6011", 16, 19),
            new Scheme("644", 16),
            new Scheme("65", 16, 19),
            new Scheme("5018", 16, 19),
            new Scheme("6759", 14, 16, 19),
            new Scheme("2200", 16));

    private static int luhn(String digits) {
        int sum = 0;
        boolean twice = false;
        for (int i = digits.length() - 1; i >= 0; i--) {
            int n = digits.charAt(i) - '0';
            n = twice ? n * 2 : n;
            sum += n / 10 + n % 10;
            twice = !twice;
        }
        return sum % 10;
    }

    private String digits(int length) {
        StringBuilder text = new StringBuilder();
        random.ints(length, 0, 10).forEach(text::append);
        return text.toString();
    }

    private String card() {
        Scheme scheme = SCHEMES.get(random.nextInt(SCHEMES.size()));
        int length = scheme.lengths()[random.nextInt(scheme.lengths().length)];
        String start = scheme.prefix() + digits(length - 1 - scheme.prefix().length());
        return start + (10 - luhn(start + "0")) % 10;
    }

    private static String grouped(String card, String separator, int... sizes) {
        List<String> groups = new ArrayList<>();
        int at = 0;
        for (int i = 0; at < card.length(); i++) {
            int end = Math.min(card.length(), at + sizes[Math.min(i, sizes.length - 1)]);
            groups.add(card.substring(at, end));
            at = end;
        }
        return String.join(separator, groups);
    }

    private void all(BiFunction<String, Random, String> form, boolean expected) {
        for (int i = 0; i < MANY; i++) {
            String card = card();
            String text = form.apply(card, random);
            assertThat(PanDetector.in(text)).as(text + " of " + card).isEqualTo(expected);
        }
    }

    /** Of card-numbers.json: numbers that the schemes publish for tests, and by what others differ from them. */
    private static Stream<String> listed(Predicate<String> names) {
        try (InputStream file = PanDetectorTest.class.getResourceAsStream("/card-numbers.json")) {
            return new ObjectMapper()
                    .readTree(file).properties().stream()
                            .filter(list -> names.test(list.getKey()))
                            .flatMap(list -> list.getValue().valueStream())
                            .map(JsonNode::asText);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<String> cards() {
        return listed("card numbers"::equals);
    }

    static Stream<String> others() {
        return listed(name -> !name.equals("card numbers"));
    }

    @ParameterizedTest
    @MethodSource("cards")
    void aCardNumberIsRecognized(String text) {
        assertThat(PanDetector.in(text)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("others")
    void whatOnlyLooksAlikePasses(String text) {
        assertThat(PanDetector.in(text)).isFalse();
    }

    @Test
    void everySchemesNumbersAreRecognizedTogetherAndInGroups() {
        all((card, any) -> card, true);
        all((card, any) -> grouped(card, " ", 4), true);
        all((card, any) -> grouped(card, "-", 4), true);
        all((card, any) -> grouped(card, ".", 4, 6, 5), true);
        all((card, any) -> grouped(card, " ", 6, 13), true);
        all((card, any) -> grouped(card, " ", 1), true);
        all((card, any) -> grouped(card, " ", 3 + any.nextInt(6), 3 + any.nextInt(6), 3 + any.nextInt(6)), true);
    }

    @Test
    void everySchemesNumbersAreRecognizedAmongOtherText() {
        String[] before = {"card ", "Karte:", "卡号", "no. 7; ", "123 ", "(", "x", "\ud83d\udcb3"};
        String[] after = {" exp 12/27", ".", ", thanks", " 123", "）", "x", " 12/27"};
        all(
                (card, any) -> before[any.nextInt(before.length)]
                        + grouped(card, any.nextBoolean() ? " " : "", 4)
                        + after[any.nextInt(after.length)],
                true);
    }

    @Test
    void theSameInOtherScriptsIsRecognized() {
        int[] zeros = {0xff10, 0x0660, 0x06f0, 0x0966, 0x0e50, 0x1d7ce};
        all(
                (card, any) -> {
                    int zero = zeros[any.nextInt(zeros.length)];
                    StringBuilder text = new StringBuilder();
                    card.chars().forEach(c -> text.appendCodePoint(zero + c - '0'));
                    return text.toString();
                },
                true);
    }

    @Test
    void oneDigitThatIsWrongMakesItNoCardNumber() {
        all(
                (card, any) -> {
                    int at = any.nextInt(card.length());
                    char wrong = (char) ('0' + (card.charAt(at) - '0' + 1 + any.nextInt(9)) % 10);
                    return card.substring(0, at) + wrong + card.substring(at + 1);
                },
                false);
    }

    @Test
    void aDigitMoreInAnUnbrokenRowOfTwentyMakesItNoCardNumber() {
        all(
                (card, any) -> {
                    String more = digits(20 - card.length() + any.nextInt(30));
                    return any.nextBoolean() ? card + more : more + card;
                },
                false);
    }

    @Test
    void everySecondDigitOfAnotherKindMakesItNoCardNumber() {
        all((card, any) -> grouped(card, "  ", 4), false);
        all((card, any) -> grouped(card, "a", 4), false);
        all((card, any) -> grouped(card, "/", 1), false);
    }

    @Test
    void goodsNumbersWithQuantitiesPass() {
        for (int i = 0; i < MANY; i++) {
            String start = digits(12);
            int sum = 0;
            for (int k = 0; k < 12; k++) {
                sum += (start.charAt(k) - '0') * (k % 2 == 0 ? 1 : 3);
            }
            String ean = start + (10 - sum % 10) % 10;
            assertThat(PanDetector.in(ean)).isFalse();
            assertThat(PanDetector.in(ean + " " + random.nextInt(1000) + " pcs"))
                    .as(ean)
                    .isFalse();
            assertThat(PanDetector.in(ean + " " + ean)).as(ean).isFalse();
        }
    }

    @Test
    void datesPass() {
        for (LocalDate date = LocalDate.of(2026, 1, 1); date.getYear() < 2031; date = date.plusDays(1)) {
            String iso = date + " " + date.plusDays(1) + " " + date.plusDays(2);
            assertThat(PanDetector.in(iso)).as(iso).isFalse();
            String dots = "%1$td.%1$tm.%1$tY-%2$td.%2$tm.%2$tY".formatted(date, date.plusDays(1));
            assertThat(PanDetector.in(dots)).as(dots).isFalse();
            String bare = iso.replace("-", "");
            assertThat(PanDetector.in(bare.substring(0, 8))).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1",
        "4",
        "'4 '",
        "'4-1.1 '",
        "'4111 '",
        "'41 '",
        "'2026-11-23 '",
        "'4006381333931 '",
        "'４'",
        "'\u200b4'"
    })
    void theWorkGrowsWithTheTextAndNoFaster(String part) {
        String text = part.repeat(64 * 1024 / part.length());
        PanDetector.in(text);
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 50; i++) {
            long start = System.nanoTime();
            PanDetector.in(text);
            best = Math.min(best, System.nanoTime() - start);
        }
        // It is some 1 to 5 ms; were it to grow with the square, it would be seconds.
        assertThat(Duration.ofNanos(best)).isLessThan(Duration.ofMillis(200));
    }
}
