package dev.tenpayroutes.config;

import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.FailedToStartRouteException;
import org.apache.camel.spring.boot.CamelSpringBootInitializationException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** A route that Camel can't make or start. */
@Order(Ordered.HIGHEST_PRECEDENCE + 3)
final class RouteFailureAnalyzer implements FailureAnalyzer {

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CamelSpringBootInitializationException
                    || cause instanceof FailedToCreateRouteException
                    || cause instanceof FailedToStartRouteException) {
                String outer = OneLineReporter.oneLine(cause.getMessage());
                String inner = OneLineReporter.oneLine(innermost(cause).getMessage());
                return new FailureAnalysis(
                        outer.contains(inner) ? outer : outer + ": " + inner, "correct the file in routes/", failure);
            }
        }
        return null;
    }

    private static Throwable innermost(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
