package dev.tenpayroutes.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/**
 * An append-only file of lines. A line that {@link #append} returned from survives the death of this process; a line
 * torn by a death half-way is cut off at the next start, as if it had never been written. Not safe for use by many
 * threads.
 */
final class SandboxJournal implements AutoCloseable {

    private final FileChannel channel;

    private SandboxJournal(FileChannel channel) {
        this.channel = channel;
    }

    /** Opens the file, making it when it is missing, and hands out what it holds, oldest line first. */
    static SandboxJournal open(Path file, Consumer<String> replay) {
        try {
            if (!Files.exists(file)) {
                // Temporary files are 0600: the journal holds what the merchant sent about shoppers.
                Files.move(Files.createTempFile(file.toAbsolutePath().getParent(), "new-", ".tmp"), file);
            }
            byte[] bytes = Files.readAllBytes(file);
            int whole = bytes.length;
            while (whole > 0 && bytes[whole - 1] != '\n') {
                whole--;
            }
            new String(bytes, 0, whole, StandardCharsets.UTF_8).lines().forEach(replay);
            FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
            channel.truncate(whole);
            channel.position(whole);
            return new SandboxJournal(channel);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void append(String line) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
