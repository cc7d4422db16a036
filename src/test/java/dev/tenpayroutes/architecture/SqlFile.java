package dev.tenpayroutes.architecture;

import java.nio.file.Path;
import java.util.stream.Collectors;

/** A file of routes/sql as Camel reads it. */
final class SqlFile {

    private SqlFile() {}

    /** The statement: Camel drops lines that start with {@code --}; here they become empty, so that line numbers stay. */
    static String code(Path file) {
        return Architecture.read(file)
                .lines()
                .map(line -> line.strip().startsWith("--") ? "" : line)
                .collect(Collectors.joining("\n"));
    }
}
