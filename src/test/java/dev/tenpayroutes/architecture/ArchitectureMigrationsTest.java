package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A migration that has landed never changes: Flyway refuses a database that holds it with another text. */
class ArchitectureMigrationsTest {

    private static final Path FOLDER = Path.of("src/main/resources/db/migration");
    /** As {@code sha256sum} prints them. */
    private static final Path LANDED = Path.of("src/test/resources/migrations.sha256");

    @Test
    void migrationThatHasLandedIsUnchanged() {
        Map<String, String> now = Architecture.files(FOLDER, ".sql").stream()
                .filter(file -> Architecture.name(file).startsWith("V"))
                .collect(Collectors.toMap(Architecture::name, file -> sha256(Architecture.read(file))));
        Violation.none(violations(now, landed()));
    }

    @Test
    void changedMissingAndUnlistedMigrationsAreNamed() {
        List<Violation> violations =
                violations(Map.of("V1__a.sql", "1", "V3__c.sql", "3"), Map.of("V1__a.sql", "0", "V2__b.sql", "2"));
        assertThat(violations).hasSize(3);
        assertThat(violations.toString())
                .contains(
                        "V1__a.sql", "new file with the next number", "V2__b.sql", "V3__c.sql", "sha256sum V3__c.sql");
    }

    private static List<Violation> violations(Map<String, String> now, Map<String, String> landed) {
        List<Violation> violations = new ArrayList<>();
        new TreeMap<>(landed).forEach((name, sum) -> {
            if (!sum.equals(now.get(name))) {
                violations.add(new Violation(
                        FOLDER.resolve(name).toString(),
                        now.containsKey(name)
                                ? "this migration has landed and was changed"
                                : "a landed migration is gone",
                        "restore it from git, and put the change into a new file with the next number"));
            }
        });
        new TreeMap<>(now)
                .keySet().stream()
                        .filter(name -> !landed.containsKey(name))
                        .forEach(name -> violations.add(new Violation(
                                FOLDER.resolve(name).toString(),
                                "this new migration's checksum is not in " + LANDED,
                                "run: (cd " + FOLDER + " && sha256sum " + name + ") >> " + LANDED)));
        return violations;
    }

    private static Map<String, String> landed() {
        return Architecture.read(LANDED)
                .lines()
                .map(line -> line.split(" +"))
                .collect(Collectors.toMap(part -> part[1], part -> part[0]));
    }

    private static String sha256(String text) {
        try {
            byte[] bytes = text.replace("\r\n", "\n").getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
