package dev.tenpayroutes.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/** A slip in a YAML file of settings, with file and line: the parser knows the line only, so the files are read once more. */
@Order(Ordered.HIGHEST_PRECEDENCE + 5)
final class YamlFailureAnalyzer extends AbstractFailureAnalyzer<YAMLException> {

    private static final int MAX_FILES = 100;

    @Override
    protected FailureAnalysis analyze(Throwable root, YAMLException cause) {
        return new FailureAnalysis(
                files().stream()
                        .map(YamlFailureAnalyzer::slip)
                        .flatMap(Optional::stream)
                        .findFirst()
                        .orElseGet(() -> "a YAML file of settings" + words(cause)),
                "correct the line: names are indented by spaces, and text with special characters stands in quotes",
                cause);
    }

    /** Those that Spring Boot reads by itself, and those that a command line or variable names. */
    private static List<Path> files() {
        List<Path> files = new ArrayList<>();
        String named = String.join(
                " ",
                System.getProperty("sun.java.command", ""),
                System.getProperty("spring.config.location", ""),
                String.valueOf(System.getenv("SPRING_CONFIG_LOCATION")),
                String.valueOf(System.getenv("SPRING_CONFIG_ADDITIONAL_LOCATION")),
                String.valueOf(System.getenv("SPRING_CONFIG_IMPORT")));
        Stream.of(named.split("[\\s,;=]+"))
                .map(word -> word.replaceFirst("^(optional:)?(file:)?", ""))
                .filter(word -> word.endsWith(".yaml") || word.endsWith(".yml") || word.endsWith("/"))
                .map(Path::of)
                .forEach(files::add);
        for (Path folder : List.of(Path.of("").toAbsolutePath(), ProgramFolder.path())) {
            files.add(folder);
            files.add(folder.resolve("config"));
        }
        return files.stream()
                .flatMap(YamlFailureAnalyzer::yaml)
                .limit(MAX_FILES)
                .toList();
    }

    private static Stream<Path> yaml(Path file) {
        if (!Files.isDirectory(file)) {
            return Files.isRegularFile(file) ? Stream.of(file) : Stream.empty();
        }
        try (Stream<Path> inside = Files.list(file)) {
            return inside
                    .filter(one -> one.getFileName().toString().matches("application.*\\.ya?ml"))
                    .sorted()
                    .toList()
                    .stream();
        } catch (IOException e) {
            return Stream.empty();
        }
    }

    private static Optional<String> slip(Path file) {
        try (Reader text = Files.newBufferedReader(file)) {
            LoaderOptions options = new LoaderOptions();
            options.setAllowDuplicateKeys(false);
            new Yaml(new SafeConstructor(options)).loadAll(text).forEach(document -> {});
            return Optional.empty();
        } catch (YAMLException e) {
            return Optional.of(file + words(e));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Never the line itself, which may hold a secret. */
    private static String words(YAMLException failure) {
        if (failure instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
            String problem = String.valueOf(marked.getProblem())
                    .replaceAll("(alias|anchor|tag|key) .*", "$1")
                    .replaceAll("\\s+", " ");
            return ", line " + (marked.getProblemMark().getLine() + 1) + ": " + problem;
        }
        return " is no YAML";
    }
}
