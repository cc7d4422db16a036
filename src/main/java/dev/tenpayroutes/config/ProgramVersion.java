package dev.tenpayroutes.config;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** The version that the build wrote into the jar. */
public final class ProgramVersion {

    private static final String BUILD = "META-INF/build-info.properties";

    private ProgramVersion() {}

    /** {@code development} where no build did. */
    public static String read() {
        return properties(BUILD).getProperty("build.version", "development");
    }

    /** The first characters of the commit that was built; {@code unknown} without Git. */
    public static String commit() {
        return properties("git.properties").getProperty("git.commit.id.abbrev", "unknown");
    }

    private static Properties properties(String name) {
        Properties properties = new Properties();
        try (InputStream file = ProgramVersion.class.getClassLoader().getResourceAsStream(name)) {
            if (file != null) {
                properties.load(file);
            }
        } catch (IOException e) {
            // As good as none.
        }
        return properties;
    }
}
