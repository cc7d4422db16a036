package dev.tenpayroutes.architecture;

import dev.tenpayroutes.architecture.RouteFile.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Logs carry ids and states, never what a message says.
 *
 * <p>These checks read names: a body in a variable called {@code x} escapes them. Only a story that searches the whole
 * log for the sent text can show that it holds none of it.
 */
class ArchitectureLogsTest {

    /** Of the variables, those that carry a whole message or its signature. */
    private static final Pattern TELLING = Pattern.compile(
            "\\$(?:simple)?\\{\\s*(?:(?:in|out|message|exchange)\\.)?(?:body|bodyAs\\w*|mandatoryBodyAs\\w*|bodyOneLine|prettyBody"
                    + "|originalBody|toJsonBody|toPrettyJsonBody|headers|messageHistory|exception\\.stacktrace"
                    + "|variables|variable\\.(?:notification|signature|order|news))\\b[^}]*}"
                    + "|\\$(?:simple)?\\{\\s*exchange\\s*}");

    private static final Set<String> TRACING = Set.of("trace", "messageHistory", "logExhaustedMessageBody");

    private static final Pattern CALL = Pattern.compile("\\.(?:trace|debug|info|warn|error|log)\\(");
    private static final Pattern QUOTED = Pattern.compile(
            "\"\"\"(?:[^\\\\\"]++|\\\\.|\"(?!\"\"))*+\"\"\"|\"(?:\\\\.|[^\"\\\\\n])*\"|'(?:\\\\.|[^'\\\\\n])'");
    private static final Pattern SECRET = Pattern.compile(
            "\\b\\w*?(body|payload|signature|apikey|password|secret|privatekey|credential|authorization|ciphertext|openid)\\w*\\b",
            Pattern.CASE_INSENSITIVE);

    private final List<Violation> violations = new ArrayList<>();

    @Test
    void noRouteLogsABodyOrHeaders() {
        for (RouteFile file : RouteFile.all()) {
            for (Entry entry : file.entries()) {
                boolean logs = entry.key().equals("message") || entry.path().matches(".*/log(/.*)?");
                if (logs && TELLING.matcher(entry.text()).find()) {
                    violations.add(file.violation(
                            entry.line(),
                            "`" + entry.text() + "` would log what a message says",
                            "log ids and states: ${variable.orderNo}, ${variable.account}"));
                }
                if (entry.text().startsWith("log:")) {
                    violations.add(file.violation(
                            entry.line(),
                            "`" + entry.text() + "`: this component logs the body",
                            "use a log step with ids and states"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void noRouteTurnsOnTracing() {
        for (RouteFile file : RouteFile.all()) {
            for (Entry entry : file.entries()) {
                if (TRACING.contains(entry.key()) && entry.text().equals("true")) {
                    violations.add(file.violation(
                            entry.line(), "`" + entry.key() + ": true` logs bodies", "leave it out of the file"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void noLogStatementInJavaNamesABodyOrASecret() {
        for (Path file : Architecture.files(Architecture.MAIN, ".java")) {
            String code = Architecture.withoutLiterals(Architecture.read(file), QUOTED);
            Matcher call = CALL.matcher(code);
            while (call.find()) {
                String arguments = code.substring(call.end(), end(code, call.end()));
                Matcher secret = SECRET.matcher(arguments);
                if (secret.find()) {
                    violations.add(new Violation(
                            Architecture.place(file, Architecture.lineOf(code, call.end() + secret.start())),
                            "a log statement names `" + secret.group() + "`",
                            "log ids and states; if it is neither a body nor a secret, give it another name"));
                }
            }
        }
        Violation.none(violations);
    }

    /** Where the bracket that was just opened closes. */
    private static int end(String code, int from) {
        int depth = 1;
        for (int at = from; at < code.length(); at++) {
            char c = code.charAt(at);
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (depth == 0) {
                return at;
            }
        }
        return code.length();
    }
}
