package dev.tenpaybench;

import dev.tenpayroutes.signature.Rsa;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A Tenpay that costs next to nothing: its answers were signed before the round began. One that wasn't is signed when it is
 * asked for. It believes every request: checking signatures is its work in earnest, and not what is measured here.
 *
 * <p>Lines on standard input: {@code load <file>} takes the answers of the next round; {@code count} tells how many
 * calls came since, how many of them had to be signed, and the seconds between the first and the last.
 */
public final class TenpayStub {

    private static volatile Map<String, byte[]> answers = Map.of();
    private static final AtomicLong CALLS = new AtomicLong();
    private static final AtomicLong SIGNED = new AtomicLong();
    private static final AtomicLong FIRST = new AtomicLong();
    private static final AtomicLong LAST = new AtomicLong();

    private TenpayStub() {}

    public static void main(String[] args) throws Exception {
        Rsa rsa = Rsa.fastest();
        Answers signer = new Answers(rsa, rsa.privateKey(Files.readAllBytes(Path.of(args[0]))), args[1]);
        ServerSocket server = new ServerSocket(0, 256, InetAddress.getLoopbackAddress());
        Thread acceptor = new Thread(() -> accept(server, signer), "accept");
        acceptor.setDaemon(true);
        acceptor.start();
        System.out.println("port " + server.getLocalPort());
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith("load ")) {
                answers = read(Path.of(line.substring(5)));
                CALLS.set(0);
                SIGNED.set(0);
                FIRST.set(0);
                System.out.println("loaded " + answers.size());
            } else {
                System.out.println(CALLS + " " + SIGNED + " " + (LAST.get() - FIRST.get()) / 1e9);
            }
        }
    }

    private static Map<String, byte[]> read(Path file) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file));
        int count = all.getInt();
        Map<String, byte[]> read = new HashMap<>(2 * count);
        for (int i = 0; i < count; i++) {
            byte[] key = new byte[all.getInt()];
            all.get(key);
            byte[] answer = new byte[all.getInt()];
            all.get(answer);
            read.put(new String(key, StandardCharsets.US_ASCII), answer);
        }
        return read;
    }

    private static void accept(ServerSocket server, Answers signer) {
        while (true) {
            try {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                Thread thread = new Thread(() -> serve(socket, signer));
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static void serve(Socket socket, Answers signer) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream(), 16_384);
            for (String request = line(in); request != null; request = line(in)) {
                int length = 0;
                for (String header = line(in); header != null && !header.isEmpty(); header = line(in)) {
                    if (header.regionMatches(true, 0, "Content-Length:", 0, 15)) {
                        length = Integer.parseInt(header.substring(15).strip());
                    }
                }
                String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
                String path = request.split(" ")[1];
                String call = path.substring(path.lastIndexOf('/') + 1);
                String number = Answers.text(body, "out_trade_no");
                byte[] answer = answers.get(call + " " + number);
                if (answer == null) {
                    answer = signer.answer(call, number);
                    SIGNED.incrementAndGet();
                }
                socket.getOutputStream().write(answer);
                long now = System.nanoTime();
                FIRST.compareAndSet(0, now);
                LAST.set(now);
                CALLS.incrementAndGet();
            }
        } catch (IOException e) {
            // The caller is gone, or stops.
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder(48);
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                return null;
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }
}
