package dev.tenpaybench;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends ready-made HTTP requests over a fixed number of connections, in a process of its own that lives through all rounds.
 *
 * <p>Takes lines {@code <file> <host:port,...> <connections> <requests per second>} and answers each with a line of
 * figures. With a rate of 0 every connection sends its next request when the last one is answered (a closed loop); else
 * each request has its time, and what it waits for a free connection counts as its latency (an open loop). Any answer
 * but a 2xx ends the measurement with its text: a fast refusal must not pass for work.
 */
public final class Loader {

    private Loader() {}

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            System.out.println(run(
                    read(Path.of(words[0])),
                    words[1].split(","),
                    Integer.parseInt(words[2]),
                    Double.parseDouble(words[3])));
        }
    }

    private static byte[][] read(Path file) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file));
        byte[][] requests = new byte[all.getInt()][];
        for (int i = 0; i < requests.length; i++) {
            requests[i] = new byte[all.getInt()];
            all.get(requests[i]);
        }
        return requests;
    }

    private static String run(byte[][] requests, String[] targets, int connections, double rate) throws Exception {
        long[] latencies = new long[requests.length];
        AtomicInteger next = new AtomicInteger();
        AtomicReference<Exception> failure = new AtomicReference<>();
        Thread[] threads = new Thread[connections];
        Socket[] sockets = new Socket[connections];
        for (int i = 0; i < connections; i++) {
            sockets[i] = connect(targets[i % targets.length]);
        }
        long start = System.nanoTime();
        for (int i = 0; i < connections; i++) {
            int connection = i;
            threads[i] = new Thread(() -> {
                Socket socket = sockets[connection];
                try {
                    InputStream in = new BufferedInputStream(socket.getInputStream(), 16_384);
                    for (int n = next.getAndIncrement();
                            n < requests.length && failure.get() == null;
                            n = next.getAndIncrement()) {
                        long due = rate == 0 ? System.nanoTime() : start + (long) (n * 1e9 / rate);
                        for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
                            LockSupport.parkNanos(wait);
                        }
                        socket.getOutputStream().write(requests[n]);
                        boolean stays = skipAnswer(in);
                        latencies[n] = System.nanoTime() - due;
                        if (!stays) {
                            socket.close();
                            socket = connect(targets[connection % targets.length]);
                            in = new BufferedInputStream(socket.getInputStream(), 16_384);
                        }
                    }
                    socket.close();
                } catch (IOException e) {
                    failure.compareAndSet(null, e);
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long elapsed = System.nanoTime() - start;
        if (failure.get() != null) {
            return "failed " + failure.get();
        }
        Arrays.sort(latencies);
        return "ok " + elapsed + " " + quantile(latencies, 0.5) + " " + quantile(latencies, 0.99) + " "
                + latencies[latencies.length - 1];
    }

    private static Socket connect(String target) throws IOException {
        String[] parts = target.split(":");
        Socket socket = new Socket(parts[0], Integer.parseInt(parts[1]));
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static long quantile(long[] sorted, double q) {
        return sorted[(int) Math.ceil(q * sorted.length) - 1];
    }

    /** @return whether the connection stays open */
    private static boolean skipAnswer(InputStream in) throws IOException {
        String status = line(in);
        long length = -1;
        boolean chunked = false;
        boolean stays = true;
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            if (header.regionMatches(true, 0, "Content-Length:", 0, 15)) {
                length = Long.parseLong(header.substring(15).strip());
            } else if (header.regionMatches(true, 0, "Transfer-Encoding:", 0, 18)) {
                chunked = true;
            } else if (header.equalsIgnoreCase("Connection: close")) {
                stays = false;
            }
        }
        StringBuilder refusal = status.startsWith(" 2", 8) ? null : new StringBuilder(status).append(": ");
        if (chunked) {
            for (int size = Integer.parseInt(line(in), 16); size > 0; size = Integer.parseInt(line(in), 16)) {
                skip(in, size, refusal);
                line(in);
            }
            line(in);
        } else {
            skip(in, Math.max(length, 0), refusal);
        }
        if (refusal != null) {
            throw new IOException(refusal.toString());
        }
        return stays;
    }

    private static void skip(InputStream in, long length, StringBuilder seen) throws IOException {
        for (long left = length; left > 0; left--) {
            int c = in.read();
            if (c < 0) {
                throw new EOFException("the connection was closed");
            }
            if (seen != null) {
                seen.append((char) c);
            }
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder(48);
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the connection was closed");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }
}
