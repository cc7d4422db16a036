package dev.tenpayroutes.config;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** A setting of Spring's or Camel's that has the wrong form: unlike Spring Boot's own analyzer, without its value. */
@Order(Ordered.HIGHEST_PRECEDENCE + 1)
final class BindingFailureAnalyzer extends AbstractFailureAnalyzer<BindException> {

    @Override
    protected FailureAnalysis analyze(Throwable root, BindException cause) {
        String kind = cause.getTarget().getType().toClass().getSimpleName();
        return new FailureAnalysis(
                cause.getName() + " can't be read as " + kind, "correct the setting, or take it out", cause);
    }
}
