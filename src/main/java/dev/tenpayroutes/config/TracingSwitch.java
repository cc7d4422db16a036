package dev.tenpayroutes.config;

import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/** Without {@code management.otlp.tracing.endpoint} nothing of tracing is made, so that it costs nothing. */
public final class TracingSwitch implements AutoConfigurationImportFilter, EnvironmentAware {

    private static final String NAMES =
            ".*\\.actuate\\.autoconfigure\\.(tracing\\..*|opentelemetry\\..*|logging\\.(OpenTelemetry|otlp).*)";

    private boolean on;

    @Override
    public void setEnvironment(Environment environment) {
        on = StringUtils.hasText(environment.getProperty("management.otlp.tracing.endpoint"));
    }

    @Override
    public boolean[] match(String[] names, AutoConfigurationMetadata metadata) {
        boolean[] kept = new boolean[names.length];
        for (int i = 0; i < names.length; i++) {
            kept[i] = on || names[i] == null || !names[i].matches(NAMES);
        }
        return kept;
    }
}
