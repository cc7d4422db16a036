package dev.tenpayroutes.camel;

import java.io.File;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.EnvironmentPostProcessor;
import org.springframework.boot.system.ApplicationHome;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Decides once where everything of {@code routes/} comes from: the folder beside the jar when there is one (in
 * development the working directory's), else the inside of the jar.
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
                .addLast(new MapPropertySource("routes folder", Map.of(PROPERTY, beside(home()))));
    }

    private static File home() {
        File source = new ApplicationHome(RoutesFolder.class).getSource();
        return source != null && source.isFile() ? source.getParentFile() : new File("").getAbsoluteFile();
    }

    static String beside(File home) {
        File folder = new File(home, "routes");
        String[] routes = folder.list((dir, name) -> name.endsWith(".camel.yaml"));
        return routes == null || routes.length == 0 ? "classpath:routes" : "file:" + folder.getAbsolutePath();
    }
}
