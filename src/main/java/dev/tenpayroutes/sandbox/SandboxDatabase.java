package dev.tenpayroutes.sandbox;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/**
 * A PostgreSQL of this program's own, listening on loopback only, whose data outlives the JVM. It starts whatever the
 * previous run left behind: a server that is still running because its JVM was killed, a stale
 * {@code postmaster.pid}, or a half-made data directory.
 *
 * <p>The caller must hold the {@link SandboxFolder}: only then is a server found running in it an orphan.
 */
final class SandboxDatabase implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SandboxDatabase.class);

    private final EmbeddedPostgres postgres;

    private SandboxDatabase(EmbeddedPostgres postgres) {
        this.postgres = postgres;
    }

    static SandboxDatabase start(Path folder) {
        Path data = folder.resolve("postgres");
        // initdb can't be resumed: without this mark, made after the first good start, the directory is half-made.
        Path complete = folder.resolve("postgres.complete");
        File log = folder.resolve("postgres.log").toFile();
        try {
            stopOrphan(data);
            if (!Files.exists(complete)) {
                FileSystemUtils.deleteRecursively(data);
            }
            EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                    .setPort(FreePort.find())
                    .setDataDirectory(data)
                    .setCleanDataDirectory(false)
                    // Cleaners of /tmp would otherwise take the programs away from under the running server.
                    .setOverrideWorkingDirectory(
                            folder.resolve("postgres-binaries").toFile())
                    .setServerConfig("listen_addresses", "127.0.0.1")
                    .setPGStartupWait(Duration.ofSeconds(30))
                    // Not a pipe to this JVM: the server may outlive it, and says too much for our log.
                    .setOutputRedirector(Redirect.appendTo(log))
                    .setErrorRedirector(Redirect.appendTo(log))
                    // JVM hooks run side by side: the server would be gone before the connection pool.
                    .setRegisterShutdownHook(false)
                    .start();
            if (!Files.exists(complete)) {
                Files.createFile(complete);
            }
            LOG.info("Sandbox database on port {}, kept in {}", postgres.getPort(), data);
            return new SandboxDatabase(postgres);
        } catch (IOException | RuntimeException e) {
            throw new IllegalStateException(
                    "The sandbox's database doesn't start (" + e.getMessage() + "; see " + log + "):"
                            + " set tenpay.sandbox.folder to a new folder to begin anew; " + folder
                            + " holds nothing but what the sandbox made.",
                    e);
        }
    }

    /** The settings that lead to this database. */
    Map<String, Object> settings() {
        return Map.of(
                "spring.datasource.url", "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres",
                "spring.datasource.username", "postgres",
                "spring.datasource.password", "postgres");
    }

    /** Stops the server; stopping it twice does nothing. */
    @Override
    public void close() {
        try {
            postgres.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void stopOrphan(Path data) throws IOException {
        Path pidFile = data.resolve("postmaster.pid");
        Optional<ProcessHandle> running = running(pidFile);
        if (running.isEmpty()) {
            // PostgreSQL removes the file itself, after a check that none of the old server's children live on.
            return;
        }
        if (!serves(running.get(), data)) {
            // The process number went to a stranger, and PostgreSQL would refuse to start beside it.
            Files.delete(pidFile);
            return;
        }
        LOG.info(
                "Stopping the database that an earlier sandbox left running, process {}",
                running.get().pid());
        running.get().destroy();
        if (!ended(running.get(), Duration.ofSeconds(10))) {
            // A polite stop waits for every client, and a psql session may stay for hours.
            running.get().destroyForcibly();
            ended(running.get(), Duration.ofSeconds(10));
        }
    }

    private static Optional<ProcessHandle> running(Path pidFile) throws IOException {
        if (!Files.exists(pidFile)) {
            return Optional.empty();
        }
        try {
            List<String> lines = Files.readAllLines(pidFile);
            return ProcessHandle.of(Long.parseLong(lines.get(0).strip())).filter(ProcessHandle::isAlive);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            Files.delete(pidFile);
            return Optional.empty();
        }
    }

    /** Not every system tells a process's arguments; its program is known everywhere. */
    private static boolean serves(ProcessHandle process, Path data) {
        ProcessHandle.Info info = process.info();
        boolean postgres = info.command()
                .map(command -> Path.of(command).getFileName().toString().startsWith("postgres"))
                .orElse(false);
        return postgres
                && info.arguments()
                        .map(arguments -> List.of(arguments).contains(data.toString()))
                        .orElse(true);
    }

    private static boolean ended(ProcessHandle process, Duration patience) {
        try {
            process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
