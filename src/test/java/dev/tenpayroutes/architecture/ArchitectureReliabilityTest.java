package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What docs/reliability.md says is proven by a test that is there. */
class ArchitectureReliabilityTest {

    private static final Path PAGE = Path.of("docs/reliability.md");
    private static final Pattern PROOF = Pattern.compile("`(\\w+(?:Test|IT))#(\\w+)`");

    @Test
    void everyTestThatThePageNamesIsThere() {
        List<Violation> violations = new ArrayList<>();
        String page = Architecture.read(PAGE);
        Matcher proof = PROOF.matcher(page);
        List<Path> tests = Architecture.files(Path.of("src/test/java"), ".java");
        int proofs = 0;
        while (proof.find()) {
            proofs++;
            String name = proof.group(1) + ".java";
            String test = "void " + proof.group(2) + "(";
            if (tests.stream()
                    .noneMatch(file -> Architecture.name(file).equals(name)
                            && Architecture.read(file).contains(test))) {
                violations.add(new Violation(
                        Architecture.place(PAGE, Architecture.lineOf(page, proof.start())),
                        proof.group(1) + " has no test " + proof.group(2),
                        "name the test that proves it, or say below the table that none does"));
            }
        }
        assertThat(proofs).isGreaterThan(40);
        Violation.none(violations);
    }
}
