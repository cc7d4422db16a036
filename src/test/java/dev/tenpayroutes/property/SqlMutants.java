package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Example;

/**
 * Breaks the statements that decide about money, one place at a time, and plays drawn histories against each: what no
 * history notices, no test holds. Run by the Maven profile {@code mutation}; {@code -Dmutation.files=a,b} breaks fewer.
 */
class SqlMutants {

    private static final List<String> FILES = List.of(System.getProperty(
                    "mutation.files",
                    "payment-status,refund-status,refund-insert,payment-insert,payment-retry,payment-resubmit,payment-claim,"
                            + "payment-reconcile,payment-release,refund-retry,refund-resubmit,refund-claim,refund-reconcile,"
                            + "refund-release,notification-claim,notification-park")
            .split(","));
    private static final int HISTORIES = Integer.getInteger("mutation.histories", 400);
    private static final int AT_ONCE = Integer.getInteger("mutation.at-once", 80);

    /** What is put in place of what; {@code $1} and so on as in a regular expression. */
    private static final List<Map.Entry<String, String>> CHANGES = List.of(
            // An allowed move, a status or an answer of a list is dropped, or a list's last.
            Map.entry("'[A-Z_>]+', (?=')", ""),
            Map.entry(", '[A-Z_>]+'(?=\\s*\\))", ""),
            // A condition is dropped, or turned.
            Map.entry("(?m)^(\\s+)and ([^\\n]+)$", "$1"),
            Map.entry("\\bwhen ((?:(?!\\bwhen\\b|\\bthen\\b).)+) then ", "when not ($1) then "),
            Map.entry("\\bwhen ((?:(?!\\bwhen\\b|\\bthen\\b).)+) then ", "when false then "),
            Map.entry(" < ", " <= "),
            Map.entry(" > ", " >= "),
            Map.entry(" <= ", " < "),
            Map.entry(" <> ", " = "),
            Map.entry("(?<![<>:]) = (?!any)", " <> "),
            Map.entry(" is null", " is not null"),
            Map.entry(" is not null", " is null"),
            Map.entry(" is distinct from ", " is not distinct from "),
            Map.entry(" is not distinct from ", " is distinct from "),
            Map.entry(" not in \\(", " in ("),
            Map.entry("(?<!not) in \\(", " not in ("),
            Map.entry("\\band not ", "and "),
            Map.entry(" or ", " and "),
            Map.entry(" and ", " or "),
            // Arithmetic and defaults.
            Map.entry("now\\(\\) \\+ ", "now() - "),
            Map.entry("now\\(\\) - ", "now() + "),
            Map.entry(" \\+ 1\\b", ""),
            Map.entry("refunded \\+ ", "refunded - "),
            Map.entry("\\bgreatest\\(", "least("),
            Map.entry("\\bleast\\(", "greatest("),
            Map.entry("\\bcoalesce\\(([\\w.\"]+), ([\\w.\"']+)\\)", "coalesce($2, $1)"),
            Map.entry("\\bcoalesce\\(([\\w.\"]+), ([\\w.\"']+)\\)", "$2"),
            // A column keeps what it had; a lock isn't taken; a part isn't carried out.
            Map.entry("(?m)^\\s+\\w+ = [^\\n]*,$", ""),
            Map.entry("for update( of \\w+)?( skip locked)?", ""),
            Map.entry("order by [^\\n]+", ""),
            Map.entry("on conflict [^\\n]+", ""));

    /** @param line what the line is that was changed, {@code text} the whole statement */
    private record Mutant(String file, String line, String text) {}

    @Example
    void everyMutantIsNoticed() throws Exception {
        List<List<Step>> alone =
                Histories.histories().sampleStream().limit(HISTORIES).toList();
        List<List<Step>> atOnce =
                Histories.atOnce().sampleStream().limit(AT_ONCE).toList();
        List<String> survivors = new ArrayList<>();
        int noticed = 0;
        int invalid = 0;
        try (Database database = new Database()) {
            for (String file : FILES) {
                for (Mutant mutant : mutants(file)) {
                    Optional<String> wrong = played(database, mutant, alone, atOnce);
                    if (wrong.isEmpty()) {
                        survivors.add(mutant.file() + ".sql: " + mutant.line());
                        System.out.println("survives: " + survivors.get(survivors.size() - 1));
                    } else if (wrong.get().matches("(?s).*SQL state (42|22P02).*")) {
                        invalid++;
                    } else {
                        noticed++;
                    }
                }
                System.out.printf(
                        "%s: by now %d noticed, %d survive, %d are no SQL%n", file, noticed, survivors.size(), invalid);
            }
        }
        assertThat(noticed).as("of %d mutants", noticed + survivors.size()).isGreaterThan(survivors.size() * 4);
    }

    private static Optional<String> played(
            Database database, Mutant mutant, List<List<Step>> alone, List<List<Step>> atOnce) throws Exception {
        Map<String, String> mutated = Map.of(mutant.file(), mutant.text());
        try (SequentialRunner one = new SequentialRunner(database, mutated)) {
            for (List<Step> history : alone) {
                Optional<String> wrong = one.play(history);
                if (wrong.isPresent()) {
                    return wrong;
                }
            }
        }
        try (ConcurrentRunner several = new ConcurrentRunner(database, mutated)) {
            for (List<Step> history : atOnce) {
                Optional<String> wrong = several.play(history);
                if (wrong.isPresent()) {
                    return wrong;
                }
            }
        }
        return Optional.empty();
    }

    private static List<Mutant> mutants(String file) {
        String code = Statements.text(file);
        Set<String> known = new HashSet<>();
        List<Mutant> mutants = new ArrayList<>();
        for (Map.Entry<String, String> change : CHANGES) {
            Matcher matcher = Pattern.compile(change.getKey()).matcher(code);
            while (matcher.find()) {
                StringBuilder text = new StringBuilder(code);
                text.replace(matcher.start(), matcher.end(), replacement(matcher, change.getValue()));
                String from = code.substring(code.lastIndexOf('\n', matcher.start()) + 1);
                String to = text.substring(code.lastIndexOf('\n', matcher.start()) + 1);
                if (known.add(text.toString())) {
                    mutants.add(new Mutant(file, line(from) + "  ->  " + line(to), text.toString()));
                }
            }
        }
        return mutants;
    }

    private static String line(String text) {
        return text.lines().findFirst().orElse("").strip();
    }

    private static String replacement(MatchResult found, String replacement) {
        String is = replacement;
        for (int group = found.groupCount(); group > 0; group--) {
            is = is.replace("$" + group, String.valueOf(found.group(group)));
        }
        return is;
    }
}
