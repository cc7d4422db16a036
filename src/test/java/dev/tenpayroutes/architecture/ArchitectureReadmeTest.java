package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The English and the Chinese README show the same commands under the same headings, and no document has a broken link. */
class ArchitectureReadmeTest {

    private static final Path ENGLISH = Path.of("README.md");
    private static final Path CHINESE = Path.of("README.zh-CN.md");
    private static final Path DOCS = Path.of("docs");
    private static final int MAX_WORDS = 900;

    private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^ *```(\\w*)\\n(.*?)^ *```$");
    private static final Pattern HEADING = Pattern.compile("(?m)^(#{1,6}) (.+)$");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");

    /** An address, or a page that only the repository's host has. */
    private static final Pattern ELSEWHERE = Pattern.compile("[a-z]+:.*|(\\.\\./){2}(actions|compare|releases)/.*");

    @Test
    void readmesHaveTheSameCodeBlocks() {
        assertThat(codeBlocks(CHINESE)).isEqualTo(codeBlocks(ENGLISH)).isNotEmpty();
    }

    @Test
    void readmesHaveHeadingsOfTheSameLevels() {
        assertThat(levels(CHINESE)).isEqualTo(levels(ENGLISH)).isNotEmpty();
    }

    @Test
    void readmesLinkToTheSameFiles() {
        List<String> english = links(ENGLISH);
        english.replaceAll(link -> link.equals(CHINESE.toString()) ? ENGLISH.toString() : link);
        assertThat(links(CHINESE)).isEqualTo(english);
    }

    @Test
    void readmeIsShort() {
        assertThat(Architecture.read(ENGLISH).split("\\s+")).hasSizeLessThanOrEqualTo(MAX_WORDS);
    }

    @Test
    void readmeShowsTheTestCommandOfTheBuildServer() {
        assertThat(codeBlocks(ENGLISH)).contains("sh\n./mvnw verify\n");
        assertThat(Architecture.read(Path.of(".ci/run"))).containsPattern("\\./mvnw [^\\n]*\\bverify\\b");
        assertThat(Architecture.read(Path.of(".github/workflows/ci.yml"))).contains("run: ./mvnw -B verify\n");
    }

    @Test
    void everyRelativeLinkLeadsToAFileAndItsHeading() {
        List<Violation> violations = new ArrayList<>();
        for (Path page : pages()) {
            String text = Architecture.read(page);
            Matcher link = LINK.matcher(text);
            while (link.find()) {
                if (!leadsSomewhere(page, link.group(1))) {
                    violations.add(new Violation(
                            Architecture.place(page, Architecture.lineOf(text, link.start())),
                            "links to " + link.group(1) + ", which is not there",
                            "correct the path or the heading"));
                }
            }
        }
        Violation.none(violations);
    }

    private static boolean leadsSomewhere(Path page, String link) {
        if (ELSEWHERE.matcher(link).matches()) {
            return true;
        }
        String file = link.replaceFirst("#.*", "");
        Path target = file.isEmpty() ? page : page.resolveSibling(file).normalize();
        if (!Files.exists(target)) {
            return false;
        }
        int hash = link.indexOf('#');
        return hash < 0 || anchors(target).contains(link.substring(hash + 1));
    }

    /** As GitHub makes them of headings. */
    private static List<String> anchors(Path page) {
        return headings(page)
                .map(heading -> heading.group(2)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'))
                .toList();
    }

    private static List<Path> pages() {
        List<Path> pages = new ArrayList<>(Architecture.files(DOCS, ".md"));
        Stream.of("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md")
                .map(Path::of)
                .forEach(pages::add);
        return pages;
    }

    private static List<String> codeBlocks(Path page) {
        return CODE_BLOCK
                .matcher(Architecture.read(page))
                .results()
                .map(block -> block.group(1) + "\n" + block.group(2))
                .toList();
    }

    private static List<Integer> levels(Path page) {
        return headings(page).map(heading -> heading.group(1).length()).toList();
    }

    /** A comment in a shell example is no heading. */
    private static Stream<MatchResult> headings(Path page) {
        String prose = CODE_BLOCK.matcher(Architecture.read(page)).replaceAll("");
        return HEADING.matcher(prose).results();
    }

    private static List<String> links(Path page) {
        List<String> links = new ArrayList<>();
        LINK.matcher(Architecture.read(page)).results().forEach(link -> links.add(link.group(1)));
        return links;
    }
}
