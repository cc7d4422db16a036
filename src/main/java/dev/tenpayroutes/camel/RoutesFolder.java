package dev.tenpayroutes.camel;

import dev.tenpayroutes.config.ProgramFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.EnvironmentPostProcessor;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Decides once where everything of {@code routes/} comes from: the folder beside the jar when there is one (in
 * development the working directory's), else the inside of the jar. A folder without a route stops the start.
 *
 * <p>Routes, mappings, SQL and payment methods all take it from the property {@code tenpay.routes}, so an edited route
 * never meets a stale mapping from the jar. The property may be set to another folder, as {@code file:/path}.
 */
public final class RoutesFolder implements EnvironmentPostProcessor {

    static final String PROPERTY = "tenpay.routes";

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        environment
                .getPropertySources()
                .addLast(new MapPropertySource("routes folder", Map.of(PROPERTY, beside(ProgramFolder.path()))));
    }

    /** A link is followed once here: below it, nothing would find its files. */
    static String beside(Path home) {
        Path folder = home.resolve("routes");
        if (!Files.isDirectory(folder)) {
            return "classpath:routes";
        }
        try {
            return "file:" + folder.toRealPath();
        } catch (IOException e) {
            return "file:" + folder;
        }
    }
}
