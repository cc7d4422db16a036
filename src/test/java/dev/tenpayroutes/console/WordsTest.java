package dev.tenpayroutes.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

class WordsTest {

    private static final Pattern KEY =
            Pattern.compile("(?:text|entry)\\([^\"()]*\"(?:/[\\w/]*\", \")?([a-z][\\w.]*[\\w])\"");

    @Test
    void hasEveryWordInBothLanguages() throws IOException {
        Map<String, Map<String, String>> words =
                new Yaml().load(Files.readString(Path.of("src/main/resources/console/words.yaml")));
        assertThat(words.values())
                .allSatisfy(word -> assertThat(word)
                        .containsOnlyKeys("en", "zh")
                        .allSatisfy((language, text) -> assertThat(text).isNotBlank()));
    }

    @Test
    void hasEveryWordThatAPageNames() throws IOException {
        Words words = new Words();
        TreeSet<String> used = new TreeSet<>();
        for (String folder : new String[] {"src/main/jte", "src/main/java/dev/tenpayroutes/console"}) {
            try (Stream<Path> files = Files.list(Path.of(folder))) {
                for (Path file : files.toList()) {
                    KEY.matcher(Files.readString(file)).results().forEach(found -> used.add(found.group(1)));
                }
            }
        }
        assertThat(used).contains("nav.audit", "refund.confirm").allMatch(words::has);
    }

    @Test
    void showsACodeItDoesNotKnowAsItIs() throws IOException {
        assertThat(new Words().text("status.OF_TOMORROW", "zh")).isEqualTo("OF_TOMORROW");
    }
}
