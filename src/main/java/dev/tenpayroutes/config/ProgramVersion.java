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
        Properties build = new Properties();
        try (InputStream file = ProgramVersion.class.getClassLoader().getResourceAsStream(BUILD)) {
            if (file != null) {
                build.load(file);
            }
        } catch (IOException e) {
            // As good as none.
        }
        return build.getProperty("build.version", "development");
    }
}
