package dev.tenpayroutes.architecture;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A fresh clone builds by one command, on whatever package mirror its machine is set up for. */
class ArchitectureBuildTest {

    private static final Path ROOT = Path.of("");
    private static final Path CI = Path.of(".ci/run");
    private static final Path MVNW = Path.of("mvnw");

    /** Left out where git can't say what belongs to it. */
    private static final Set<String> NOT_OURS =
            Set.of(".git", "target", ".idea", ".vscode", ".settings", "secrets", ".env", ".project", ".classpath");

    /** In pieces, so that this file doesn't name one either. */
    private static final List<String> REGISTRIES = Stream.of(
                    "repo1 maven org",
                    "repo maven apache org",
                    "central sonatype com",
                    "oss sonatype org",
                    "plugins gradle org",
                    "repo spring io",
                    "registry npmjs org",
                    "registry yarnpkg com",
                    "pypi org",
                    "files pythonhosted org",
                    "deb debian org",
                    "security debian org",
                    "archive ubuntu com",
                    "dl-cdn alpinelinux org",
                    "registry-1 docker io")
            .map(words -> words.replace(' ', '.'))
            .toList();

    private final List<Violation> violations = new ArrayList<>();

    @Test
    void theBuildServerRunsWhatADeveloperRuns() {
        String text = Files.exists(CI) ? Architecture.read(CI) : "";
        boolean verifies = text.lines()
                .map(String::strip)
                .filter(line -> !line.startsWith("#"))
                .anyMatch(line -> line.matches("(exec )?(\\./)?mvnw(\\s.*)?\\sverify(\\s.*)?"));
        if (!verifies) {
            violations.add(new Violation(CI.toString(), "doesn't run ./mvnw verify", "let it run ./mvnw verify"));
        }
        if (text.matches(
                "(?s).*(-DskipTests|-Dmaven\\.test\\.skip|-DskipITs|-Dspotless\\.check\\.skip|\\|\\|\\s*true).*")) {
            violations.add(new Violation(CI.toString(), "skips a part of the build", "take the option out"));
        }
        Violation.none(violations);
    }

    @Test
    void theCommandsOfAFreshCloneAreExecutable() {
        for (Path file : List.of(CI, MVNW)) {
            if (!Files.isExecutable(file)) {
                violations.add(
                        new Violation(file.toString(), "is not executable", "git update-index --chmod=+x " + file));
            }
        }
        // What is executable here may not be so in a clone: git keeps its own mode.
        for (String line : git("ls-files", "--stage", CI.toString(), MVNW.toString())) {
            if (!line.startsWith("100755 ")) {
                String file = line.substring(line.indexOf('\t') + 1);
                violations.add(new Violation(file, "is not executable in git", "git update-index --chmod=+x " + file));
            }
        }
        Violation.none(violations);
    }

    @Test
    void noFileNamesAPackageRegistry() throws IOException {
        for (Path file : ours()) {
            // Every byte is a character of this charset, so that binary files are searched as well.
            String text = Files.readString(file, StandardCharsets.ISO_8859_1);
            for (String registry : REGISTRIES) {
                int at = text.indexOf(registry);
                if (at >= 0) {
                    violations.add(new Violation(
                            Architecture.place(file, Architecture.lineOf(text, at)),
                            "names the package registry " + registry,
                            "leave it to the machine's own settings (~/.m2/settings.xml and the like)"));
                }
            }
        }
        Violation.none(violations);
    }

    /** What git has or would add; without git, what lies here. */
    private static List<Path> ours() throws IOException {
        List<Path> files = git("ls-files", "--cached", "--others", "--exclude-standard").stream()
                .map(Path::of)
                .filter(Files::isRegularFile)
                .toList();
        if (!files.isEmpty()) {
            return files;
        }
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                return NOT_OURS.contains(Architecture.name(folder))
                        ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (attributes.isRegularFile() && !NOT_OURS.contains(Architecture.name(file))) {
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return found;
    }

    /** Lines of git's answer; none when there is no git, or this is no clone. */
    private static List<String> git(String... arguments) {
        if (!Files.exists(Path.of(".git"))) {
            return List.of();
        }
        try {
            List<String> command = new ArrayList<>(List.of("git", "-c", "core.quotePath=false"));
            command.addAll(List.of(arguments));
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean ended = process.waitFor(30, TimeUnit.SECONDS);
            return ended && process.exitValue() == 0
                    ? Pattern.compile("\n")
                            .splitAsStream(answer)
                            .filter(line -> !line.isBlank())
                            .toList()
                    : List.of();
        } catch (IOException e) {
            return List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }
}
