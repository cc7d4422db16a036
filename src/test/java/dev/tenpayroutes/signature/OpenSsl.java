package dev.tenpayroutes.signature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The {@code openssl} command line, run in one folder: an opinion that shares no code with ours. Where there is none
 * (or another program of that name), the test that wants it is skipped.
 */
public final class OpenSsl {

    private static final boolean THERE = there();

    private final Path folder;

    public OpenSsl(Path folder) {
        this.folder = folder;
    }

    /** @return what it printed; fails unless it ended well */
    public String run(String... arguments) {
        assumeTrue(THERE, "there is no OpenSSL 3 or newer here");
        return start(folder, arguments);
    }

    private static String start(Path folder, String... arguments) {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as("%s: %s", command, said).isZero();
            return said;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean there() {
        try {
            return start(Path.of("."), "version").matches("(?s)OpenSSL [3-9].*");
        } catch (java.io.UncheckedIOException e) {
            return false;
        }
    }
}
