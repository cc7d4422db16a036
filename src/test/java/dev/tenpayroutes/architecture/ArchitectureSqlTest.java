package dev.tenpayroutes.architecture;

import dev.tenpayroutes.architecture.RouteFile.Entry;
import dev.tenpayroutes.architecture.RouteFile.Route;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * SQL lies in files that a person can read, run and grep, and takes its values only from where no client can put them.
 *
 * <p>What no program here can check: that a statement does what its first line says, and that a story runs into each of
 * its branches. A statement that no operation, webhook or timer leads to is found; whether a story test walks that way
 * is for the reader of the story.
 */
class ArchitectureSqlTest {

    private static final Pattern QUOTED = Pattern.compile("'[^']*'");
    private static final Pattern PARAMETER =
            Pattern.compile(":#\\$\\{(?:variable\\.([A-Za-z]\\w*)|properties:([a-z][a-z0-9.-]*))}");
    private static final Pattern USED = Pattern.compile("/sql/([^/?\\s]+\\.sql)");
    private static final Pattern ENDPOINT = Pattern.compile("sql:\\{\\{tenpay\\.routes}}/sql/[a-z0-9-]+\\.sql");
    private static final Pattern SQL_TEXT = Pattern.compile(
            "\\b(select\\b.+\\bfrom|insert\\s+into|update\\s+\\w+\\s+set|delete\\s+from|with\\s+\\w+\\s+as\\s*\\()\\b?",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private final List<Path> statements = Architecture.files(Architecture.SQL, ".sql");
    private final List<RouteFile> files = RouteFile.all();
    private final List<Violation> violations = new ArrayList<>();

    @Test
    void theFirstLineSaysWhyTheStatementExists() {
        for (Path file : statements) {
            String first = Architecture.read(file).lines().findFirst().orElse("");
            if (!first.matches("-- \\S.{14,}")) {
                violation(
                        file,
                        1,
                        "the first line is no comment that says why this exists",
                        "start with `-- ` and the reason");
            }
        }
        Violation.none(violations);
    }

    @Test
    void aFileHoldsOneStatement() {
        for (Path file : statements) {
            String code = Architecture.withoutLiterals(SqlFile.code(file), QUOTED);
            if (code.isBlank()) {
                violation(file, 1, "there is no statement", "write one, or delete the file");
            }
            find(
                    file,
                    code,
                    ";",
                    "a file holds one statement, without `;`",
                    "drop the `;`; a second statement is a file");
        }
        Violation.none(violations);
    }

    /** camel-sql replaces {@code #} wherever it stands, and drops a comment only when it has its line to itself. */
    @Test
    void parametersAreVariablesAndSettingsAndNothingElse() {
        for (Path file : statements) {
            String sql = SqlFile.code(file);
            String rest = PARAMETER
                    .matcher(sql)
                    .replaceAll(found -> " ".repeat(found.group().length()));
            String variables =
                    "take values from :#${variable.x} or :#${properties:x}: headers and bodies are a client's";
            find(file, rest, "[:]?#", "a `#` that is not such a parameter", variables);
            find(file, rest, "\\$\\{", "a `${` that is not such a parameter", variables);
            find(file, rest, "\\{\\{", "a placeholder in SQL", variables);
            find(
                    file,
                    rest,
                    "\\?",
                    "a `?`, which JDBC takes for a parameter",
                    "use a named function or another operator");
            String code = Architecture.withoutLiterals(rest, QUOTED);
            find(file, code, "::", "a `::` cast, which named parameters may swallow", "write cast(x as type)");
            find(file, code, "--", "a comment behind code", "give the comment a line of its own");
        }
        Violation.none(violations);
    }

    /** In Turkish the small I has no dot, and some locales sort digits behind letters: the database's default must not count. */
    @Test
    void foldingAndMatchingTextIgnoresTheLocale() {
        for (Path file : statements) {
            String code = Architecture.withoutLiterals(SqlFile.code(file), QUOTED);
            String locale = "depends on the database's locale";
            find(
                    file,
                    code,
                    "(?i)\\b(lower|upper|initcap)\\s*\\((?![^()]*collate \"C\"\\s*\\))",
                    locale,
                    "write collate \"C\" behind the text");
            find(file, code, "(?i)\\b(ilike|similar to|casefold)\\b|~\\*", locale, "compare exact text");
            // Names of days and months, digits grouped: only the numeric fields are the same everywhere.
            find(file, SqlFile.code(file), "(?i)to_char\\([^')]*'[^']*(day|mon|tm|l|g|d9)[^']*'", locale, "use digits");
            find(file, SqlFile.code(file), "~\\s*'[^']*(\\\\[wds]|\\[:)", locale, "name the characters: [0-9a-f]");
        }
        Violation.none(violations);
    }

    @Test
    void everySettingNamedInSqlHasAValue() {
        Set<String> settings = Architecture.settings();
        for (Path file : statements) {
            String sql = SqlFile.code(file);
            Matcher parameter = PARAMETER.matcher(sql);
            while (parameter.find()) {
                if (parameter.group(2) != null && !settings.contains(parameter.group(2))) {
                    violation(
                            file,
                            Architecture.lineOf(sql, parameter.start()),
                            "setting " + parameter.group(2) + " is not in " + Architecture.SETTINGS,
                            "correct the name, or give it a value there");
                }
            }
        }
        Violation.none(violations);
    }

    /** A missing variable would bind NULL in silence. That it is set on the way that leads here, only a story can show. */
    @Test
    void everyVariableNamedInSqlIsSetSomewhere() {
        Set<String> set = Architecture.variablesSet(files);
        for (Path file : statements) {
            String sql = SqlFile.code(file);
            Matcher parameter = PARAMETER.matcher(sql);
            while (parameter.find()) {
                if (parameter.group(1) != null && !set.contains(parameter.group(1))) {
                    violation(
                            file,
                            Architecture.lineOf(sql, parameter.start()),
                            "variable " + parameter.group(1) + " is set by no route and no processor",
                            "correct the name, or set it with setVariable");
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void yamlHoldsNoSql() {
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                boolean endpoint = entry.text().matches("(sql|sql-stored|jdbc|jpa|mybatis):.*");
                if (endpoint && !ENDPOINT.matcher(entry.text()).matches()) {
                    violations.add(file.violation(
                            entry.line(),
                            "`" + entry.text() + "` is not sql:{{tenpay.routes}}/sql/….sql",
                            "put the statement into routes/sql and its options under parameters:"));
                }
                boolean text =
                        SQL_TEXT.matcher(entry.text()).find() || entry.text().equals("CamelSqlQuery");
                if (text && !entry.key().equals("description")) {
                    violations.add(file.violation(
                            entry.line(), "SQL inside YAML", "put the statement into a file of routes/sql"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void everySqlFileThatARouteNamesExists() {
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                for (String name : Architecture.all(USED, entry.text())) {
                    if (!Files.isRegularFile(Architecture.SQL.resolve(name))) {
                        violations.add(file.violation(
                                entry.line(), "there is no routes/sql/" + name, "correct the name, or write the file"));
                    }
                }
            }
        }
        Violation.none(violations);
    }

    /** Starts at the doors (rest operations, the console, webhooks, timers) and the error policies, and follows {@code direct:} as a message would. */
    @Test
    void everyStatementIsReachedFromADoor() {
        List<Route> routes =
                files.stream().flatMap(file -> file.routes().stream()).toList();
        Set<String> operations = Architecture.operations();
        Set<Route> reached = new HashSet<>();
        Deque<Route> next = new ArrayDeque<>(routes.stream()
                .filter(route -> !route.from().startsWith("direct:")
                        || operations.contains(route.id())
                        || Architecture.calledByConsole().contains(route.id())
                        || files.stream()
                                .flatMap(file -> file.policyEntries().stream())
                                .anyMatch(entry -> entry.names(route)))
                .toList());
        Set<String> run = new HashSet<>();
        while (!next.isEmpty()) {
            Route route = next.pop();
            if (reached.add(route)) {
                for (Entry entry : route.entries()) {
                    run.addAll(Architecture.all(USED, entry.text()));
                    routes.stream()
                            .filter(other -> other.from().startsWith("direct:") && entry.names(other))
                            .forEach(next::push);
                }
            }
        }
        for (Path file : statements) {
            if (!run.contains(Architecture.name(file))) {
                violation(
                        file,
                        1,
                        "no operation, webhook or timer leads to a route that runs this",
                        "delete it, or use it and add the story");
            }
        }
        Violation.none(violations);
    }

    private void find(Path file, String code, String pattern, String rule, String remedy) {
        Matcher found = Pattern.compile(pattern).matcher(code);
        while (found.find()) {
            violation(file, Architecture.lineOf(code, found.start()), rule, remedy);
        }
    }

    private void violation(Path file, int line, String rule, String remedy) {
        violations.add(new Violation(Architecture.place(file, line), rule, remedy));
    }
}
