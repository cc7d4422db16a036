package dev.tenpayroutes.config;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The secret that a {@code …-file} setting names, so that none need stand in an environment or on a command line. */
public final class SecretFile {

    private SecretFile() {}

    /**
     * The value of a secret setting: its own, or the content of its file without the line break at the end.
     *
     * @param setting the setting's full name, without {@code -file}
     * @throws InvalidConfigurationException both are set, the file can't be read, or the value is an environment variable that isn't set
     */
    public static @Nullable String value(String setting, @Nullable String value, @Nullable String file) {
        if (value != null && value.strip().matches("\\$\\{[^}]*}")) {
            throw new InvalidConfigurationException(
                    setting,
                    "names the environment variable " + value.strip() + ", which is not set",
                    "set it, or leave the setting out");
        }
        if (file == null || file.isBlank()) {
            return value;
        }
        if (value != null && !value.isBlank()) {
            throw new InvalidConfigurationException(
                    setting, "is set, and " + setting + "-file as well", "keep one of the two, better the file");
        }
        try {
            byte[] content = KeyMaterialReader.content(KeyMaterialReader.named(file.strip()));
            return new String(content, StandardCharsets.UTF_8)
                    .replaceFirst("^\uFEFF", "")
                    .replaceFirst("[\r\n]+$", "");
        } catch (KeyMaterialReader.UnreadableException e) {
            // Not the reason, which repeats the name: people paste the secret itself here.
            throw new InvalidConfigurationException(
                    setting + "-file",
                    "names no file that can be read",
                    "name a file that holds the secret and that this program may read");
        }
    }
}
