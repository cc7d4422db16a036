package dev.tenpayroutes.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Gives a secret setting the content of the file that the setting of the same name with {@code -file} names, before any bean
 * is made. Both set, or a file that can't be read, is a {@link dev.tenpayroutes.config.InvalidConfigurationException}.
 *
 * <p>Not here: an account's {@code private-key-password} and {@code api-key}. The account reads their files itself, since
 * they may change while it runs and must not stop the others.
 */
public final class SecretFiles implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    private static final List<String> SECRETS = List.of(
            "spring.datasource.password",
            "tenpay.clients.*.api-key",
            "tenpay.accounts.*.events.secrets",
            "camel.component.http.proxy-auth-password");

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        ConfigurableEnvironment environment = context.getEnvironment();
        Map<String, Object> found = new LinkedHashMap<>();
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source instanceof IterableConfigurationPropertySource names) {
                names.stream()
                        .map(SecretFiles::secretOf)
                        .filter(Objects::nonNull)
                        .distinct()
                        .forEach(setting -> {
                            String value = SecretFile.value(
                                    setting,
                                    environment.getProperty(setting),
                                    environment.getProperty(setting + "-file"));
                            if (value != null) {
                                found.put(setting, value);
                            }
                        });
            }
        }
        if (!found.isEmpty()) {
            environment.getPropertySources().addFirst(new MapPropertySource("secret files", found));
        }
    }

    /** The secret setting whose file a name is about; an environment variable's has no dashes left. */
    static @Nullable String secretOf(ConfigurationPropertyName name) {
        for (String secret : SECRETS) {
            ConfigurationPropertyName wanted = ConfigurationPropertyName.of(secret.replace("*", "x") + "-file");
            String[] parts = secret.split("\\.");
            boolean same = name.getNumberOfElements() == parts.length;
            for (int i = 0; same && i < parts.length; i++) {
                if (parts[i].equals("*")) {
                    parts[i] = name.getElement(i, Form.ORIGINAL);
                } else {
                    same = name.getElement(i, Form.UNIFORM).equals(wanted.getElement(i, Form.UNIFORM));
                }
            }
            if (same) {
                return String.join(".", parts);
            }
        }
        return null;
    }
}
