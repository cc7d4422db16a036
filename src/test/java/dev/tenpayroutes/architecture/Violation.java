package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;

/**
 * One broken rule of the house.
 *
 * @param place file, and line where there is one
 * @param rule what is there and which rule forbids it
 * @param remedy what to do about it
 */
record Violation(String place, String rule, String remedy) {

    /** Passes when there is none; otherwise says all of them at once. */
    static void none(List<Violation> violations) {
        assertThat(violations)
                .withFailMessage(() -> "%d against the rules of the house (CONTRIBUTING.md)%n%s"
                        .formatted(
                                violations.size(),
                                violations.stream().map(Violation::toString).collect(Collectors.joining("\n"))))
                .isEmpty();
    }

    @Override
    public String toString() {
        return "  " + place + ": " + rule + "\n      Remedy: " + remedy;
    }
}
