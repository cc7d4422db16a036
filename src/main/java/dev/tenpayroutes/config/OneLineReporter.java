package dev.tenpayroutes.config;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalysisReporter;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Reports a start that failed in one line for each problem, with its remedy, in place of Spring Boot's own dozen lines. */
@Order(Ordered.HIGHEST_PRECEDENCE)
public final class OneLineReporter implements FailureAnalysisReporter {

    private static final Logger LOG = LoggerFactory.getLogger("start");
    private static final String OTHER = "org.springframework.boot.diagnostics.LoggingFailureAnalysisReporter";

    @Override
    public void report(FailureAnalysis analysis) {
        LoggingSystem.get(OneLineReporter.class.getClassLoader()).setLogLevel(OTHER, LogLevel.OFF);
        lines(analysis).forEach(line -> LOG.error("Can't start: {}", line));
    }

    private static List<String> lines(FailureAnalysis analysis) {
        if (analysis.getCause() instanceof InvalidConfigurationException invalid) {
            return invalid.problems().stream()
                    .map(ConfigurationProblem::line)
                    .map(OneLineReporter::oneLine)
                    .toList();
        }
        String description = oneLine(analysis.getDescription()).replaceFirst("[.:]$", "");
        return List.of(
                analysis.getAction() == null
                        ? oneLine(analysis.getDescription())
                        : description + ". Remedy: " + oneLine(analysis.getAction()));
    }

    /** What a start would report of a failure of a known kind; never with a secret. */
    public static List<String> lines(Throwable failure, String databaseUrl) {
        List<FailureAnalyzer> analyzers = List.of(
                new ConfigurationFailureAnalyzer(),
                new BindingFailureAnalyzer(),
                new DatabaseFailureAnalyzer(databaseUrl),
                new RouteFailureAnalyzer(),
                new ProgramFailureAnalyzer());
        return analyzers.stream()
                .map(analyzer -> Optional.ofNullable(analyzer.analyze(failure)))
                .flatMap(Optional::stream)
                .findFirst()
                .map(OneLineReporter::lines)
                .orElse(List.of());
    }

    static String oneLine(@Nullable String text) {
        return String.valueOf(text).replaceAll("\\s+", " ").strip();
    }
}
