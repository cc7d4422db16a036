package dev.tenpayroutes.console;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.springframework.core.io.ClassPathResource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** All that the pages say, by key, in English and Simplified Chinese: {@code console/words.yaml}. */
final class Words {

    private final Map<String, Map<String, String>> catalogue;

    Words() throws IOException {
        LoaderOptions strict = new LoaderOptions();
        strict.setAllowDuplicateKeys(false);
        try (InputStream in = new ClassPathResource("console/words.yaml").getInputStream()) {
            catalogue = new Yaml(new SafeConstructor(strict)).load(in);
        }
    }

    boolean has(String key) {
        return catalogue.containsKey(key);
    }

    /** The words of a key; the key itself where it has none, as a status of a later version. */
    String text(String key, String language, Object... namesAndValues) {
        Map<String, String> words = catalogue.get(key);
        if (words == null) {
            return key.substring(key.indexOf('.') + 1);
        }
        String text = String.valueOf(words.get(language));
        for (int i = 0; i < namesAndValues.length; i += 2) {
            text = text.replace("{" + namesAndValues[i] + "}", String.valueOf(namesAndValues[i + 1]));
        }
        return text;
    }
}
