package dev.tenpayroutes.architecture;

import dev.tenpayroutes.architecture.RouteFile.Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.thisptr.jackson.jq.JsonQuery;
import net.thisptr.jackson.jq.Versions;
import net.thisptr.jackson.jq.exception.JsonQueryException;
import org.junit.jupiter.api.Test;

/**
 * Mappings turn one shape into another and do nothing else.
 *
 * <p>What no program here can check: that the test which names a mapping is any good.
 */
class ArchitectureMappingsTest {

    private static final Path CASES = Path.of("src/test/resources/mappings");

    private static final int FEWEST_LINES = 3;
    private static final int MAX_LINES = 45;
    private static final int MAX_LENGTH_IN_YAML = 120;

    private static final Pattern QUOTED = Pattern.compile("\"(?:\\\\.|[^\"\\\\])*\"");
    private static final Pattern COMMENT = Pattern.compile("#[^\n]*");
    private static final Pattern USED = Pattern.compile("mappings/([^/\\s]+\\.jq)");
    private static final Pattern VARIABLE = Pattern.compile("\\bvariable\\(\"(\\w+)\"\\)");
    private static final Pattern OPERATOR = Pattern.compile("//=?|[-+*/%]=?");
    private static final Pattern CALCULATING = Pattern.compile(
            "(?<![.\\w$])(add|sum|floor|ceil|round|trunc|rint|nearbyint"
                    + "|sqrt|cbrt|pow|pow10|exp|exp2|exp10|log|log2|log10|fabs|abs|fma|tonumber|significand|frexp|ldexp)\\b(?!\\s*:)");
    private static final Pattern CLOCK = Pattern.compile("(?<![.\\w$])(now|localtime|mktime|gmtime|todate|fromdate|date"
            + "|dateadd|datesub|strftime|strptime|strflocaltime|todateiso8601)\\b(?!\\s*:)");

    private final List<Path> mappings = Architecture.files(Architecture.MAPPINGS, ".jq");
    private final List<RouteFile> files = RouteFile.all();
    private final List<Violation> violations = new ArrayList<>();

    @Test
    void aMappingIsShortAndItsFirstLineSaysWhatBecomesWhat() {
        for (Path file : mappings) {
            List<String> lines = Architecture.read(file).lines().toList();
            if (lines.size() < FEWEST_LINES || lines.size() > MAX_LINES) {
                violation(
                        file,
                        lines.size(),
                        "a mapping has " + FEWEST_LINES + " to " + MAX_LINES + " lines, this one " + lines.size(),
                        lines.size() > MAX_LINES ? "split it" : "give each field its line");
            }
            if (lines.isEmpty() || !lines.get(0).matches("# \\S.{14,}")) {
                violation(
                        file,
                        1,
                        "the first line is no comment that says what becomes what",
                        "start with `# this -> that`");
            }
        }
        Violation.none(violations);
    }

    @Test
    void everyMappingCompiles() {
        for (Path file : mappings) {
            try {
                JsonQuery.compile(Architecture.read(file), Versions.JQ_1_7);
            } catch (JsonQueryException e) {
                violation(
                        file, 1, "is not jq: " + e.getMessage(), "correct it; profile dev says at once what is wrong");
            }
        }
        Violation.none(violations);
    }

    /**
     * jq counts in floating point, so a mapping never counts. {@code - * / %} have no other use here; {@code +} may
     * join text and objects, which shows in a literal on one of its sides: number and text, or number and object, is an
     * error in jq.
     */
    @Test
    void aMappingNeverCalculates() {
        for (Path file : mappings) {
            String code = code(file);
            Matcher operator = OPERATOR.matcher(code);
            while (operator.find()) {
                boolean alternative = operator.group().startsWith("//");
                boolean joins = operator.group().equals("+")
                        && (neighbour(code, operator.start() - 1, -1, c -> c == '"' || c == '}')
                                || neighbour(code, operator.end(), 1, c -> c == '"' || c == '{'));
                if (!alternative && !joins) {
                    violation(
                            file,
                            Architecture.lineOf(code, operator.start()),
                            "`" + operator.group() + "` may calculate, and jq's numbers are floating point",
                            "take amounts as they are; calculate in SQL, or with long in Java");
                }
            }
            Matcher function = CALCULATING.matcher(code);
            while (function.find()) {
                violation(
                        file,
                        Architecture.lineOf(code, function.start()),
                        "`" + function.group() + "` calculates, and jq's numbers are floating point",
                        "take amounts as they are; calculate in SQL, or with long in Java");
            }
        }
        Violation.none(violations);
    }

    @Test
    void aMappingNeverReadsTheClock() {
        for (Path file : mappings) {
            String code = code(file);
            Matcher clock = CLOCK.matcher(code);
            while (clock.find()) {
                violation(
                        file,
                        Architecture.lineOf(code, clock.start()),
                        "`" + clock.group() + "`: a mapping neither reads a clock nor calculates with times",
                        "let the database's clock say it, in the SQL that stores the row");
            }
        }
        Violation.none(violations);
    }

    /** An unset variable is null in silence. That it is set on the way that leads here, only a test can show. */
    @Test
    void everyVariableThatAMappingReadsIsSetSomewhere() {
        Set<String> set = Architecture.variablesSet(files);
        for (Path file : mappings) {
            String text = Architecture.read(file);
            Matcher variable = VARIABLE.matcher(text);
            while (variable.find()) {
                if (!set.contains(variable.group(1))) {
                    violation(
                            file,
                            Architecture.lineOf(text, variable.start()),
                            "variable " + variable.group(1) + " is set by no route and no processor",
                            "correct the name, or set it with setVariable");
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void everyMappingIsUsedByARoute() {
        for (Path file : mappings) {
            boolean used = files.stream()
                    .flatMap(routes -> routes.entries().stream())
                    .anyMatch(entry -> Architecture.all(USED, entry.text()).contains(Architecture.name(file)));
            if (!used) {
                violation(file, 1, "no route uses this", "delete it, or use it");
            }
        }
        Violation.none(violations);
    }

    @Test
    void everyMappingThatARouteNamesExists() {
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                for (String name : Architecture.all(USED, entry.text())) {
                    if (!Files.isRegularFile(Architecture.MAPPINGS.resolve(name))) {
                        violations.add(file.violation(
                                entry.line(),
                                "there is no routes/mappings/" + name,
                                "correct the name, or write the file"));
                    }
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void everyMappingHasCases() {
        for (Path file : mappings) {
            Path cases = CASES.resolve(Architecture.name(file).replace(".jq", ".json"));
            if (!Files.exists(cases)) {
                violation(
                        file,
                        1,
                        "it has no cases",
                        "write " + cases + ": the ordinary case, missing fields, wrong types");
            }
        }
        Violation.none(violations);
    }

    @Test
    void yamlHoldsNoGroovyAndNoLongJq() {
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                if (Set.of("groovy", "js", "javascript", "python", "java", "joor", "mvel", "ognl", "spel")
                        .contains(entry.key())) {
                    violations.add(file.violation(
                            entry.line(),
                            "`" + entry.key() + "`: routes are written with simple, jq and constants",
                            "use a mapping of routes/mappings, or a bean with a test"));
                }
                boolean jq = entry.path().matches(".*/jq(/expression)?");
                if (jq && entry.text().length() > MAX_LENGTH_IN_YAML) {
                    violations.add(file.violation(
                            entry.line(),
                            "jq of " + entry.text().length() + " characters inside YAML; the most is "
                                    + MAX_LENGTH_IN_YAML,
                            "put it into a file of routes/mappings"));
                }
                if (jq
                        && entry.text().contains("resource:")
                        && !entry.text().matches("resource:\\{\\{tenpay\\.routes}}/mappings/[a-z0-9-]+\\.jq")) {
                    violations.add(file.violation(
                            entry.line(),
                            "`" + entry.text() + "` would not follow the setting tenpay.routes",
                            "write resource:{{tenpay.routes}}/mappings/….jq"));
                }
            }
        }
        Violation.none(violations);
    }

    /** Without what stands in quotes and in comments, positions kept. */
    private static String code(Path file) {
        String code = Architecture.withoutLiterals(Architecture.read(file), QUOTED);
        return COMMENT.matcher(code)
                .replaceAll(found -> " ".repeat(found.group().length()));
    }

    /** Whether the next character that isn't blank, in one direction, is of a kind. */
    private static boolean neighbour(String code, int from, int step, IntPredicate kind) {
        int at = from;
        while (at >= 0 && at < code.length() && Character.isWhitespace(code.charAt(at))) {
            at += step;
        }
        return at >= 0 && at < code.length() && kind.test(code.charAt(at));
    }

    private void violation(Path file, int line, String rule, String remedy) {
        violations.add(new Violation(Architecture.place(file, line), rule, remedy));
    }
}
