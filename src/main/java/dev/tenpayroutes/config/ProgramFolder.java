package dev.tenpayroutes.config;

import java.nio.file.Path;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.env.EnvironmentPostProcessor;
import org.springframework.boot.system.ApplicationHome;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * The folder of the jar: its {@code application-*.yaml} and {@code config/} are read as those of the working directory are,
 * which win. {@code spring.config.location} replaces both, as everywhere in Spring Boot.
 */
public final class ProgramFolder implements EnvironmentPostProcessor, Ordered {

    private static final String LOCATIONS = "optional:classpath:/;optional:classpath:/config/,"
            + "optional:file:%1$s/;optional:file:%1$s/config/;"
            + "optional:file:./;optional:file:./config/;optional:file:./config/*/";

    /** The jar's folder; of a program that runs from classes, the working directory. */
    public static Path path() {
        ApplicationHome home = new ApplicationHome(ProgramFolder.class);
        return home.getSource() != null && home.getSource().isFile()
                ? home.getSource().toPath().toAbsolutePath().getParent()
                : Path.of("").toAbsolutePath();
    }

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        Path folder = path();
        if (!folder.equals(Path.of("").toAbsolutePath())) {
            environment
                    .getPropertySources()
                    .addLast(new MapPropertySource(
                            "beside the jar", Map.of("spring.config.location", LOCATIONS.formatted(folder))));
        }
    }

    /** Before the files are read. */
    @Override
    public int getOrder() {
        return ConfigDataEnvironmentPostProcessor.ORDER - 1;
    }
}
