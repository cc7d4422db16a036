package dev.tenpayroutes.story;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A company's proxy: opens tunnels for authenticated users only. */
final class StrictProxy implements AutoCloseable {

    private final ServerSocket server;
    private final String expected;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<String> opened = new CopyOnWriteArrayList<>();
    private final List<String> refused = new CopyOnWriteArrayList<>();

    StrictProxy(String user, String password) {
        expected = "proxy-authorization: Basic "
                + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        threads.execute(() -> {
            while (!server.isClosed()) {
                try {
                    Socket client = server.accept();
                    threads.execute(() -> serve(client));
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    int port() {
        return server.getLocalPort();
    }

    /** The targets of the tunnels it opened, {@code host:port}. */
    List<String> opened() {
        return opened;
    }

    /** What it refused, for want of a name. */
    List<String> refused() {
        return refused;
    }

    private void serve(Socket client) {
        try (client) {
            while (true) {
                List<String> head = head(client.getInputStream());
                if (head.isEmpty()) {
                    return;
                }
                String[] request = head.get(0).split(" ");
                boolean known = head.stream()
                        .anyMatch(line -> line.regionMatches(true, 0, expected, 0, 27)
                                && line.substring(27).equals(expected.substring(27)));
                if (!request[0].equals("CONNECT") || !known) {
                    refused.add(head.get(0));
                    say(
                            client,
                            "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0");
                    continue;
                }
                opened.add(request[1]);
                int colon = request[1].lastIndexOf(':');
                try (Socket target = new Socket(
                        InetAddress.getLoopbackAddress(), Integer.parseInt(request[1].substring(colon + 1)))) {
                    say(client, "HTTP/1.1 200 Connected");
                    threads.execute(() -> pump(target, client));
                    pump(client, target);
                }
                return;
            }
        } catch (IOException e) {
            // A client that went away.
        }
    }

    private static void say(Socket client, String head) throws IOException {
        client.getOutputStream().write((head + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        client.getOutputStream().flush();
    }

    private static List<String> head(InputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        while (text.indexOf("\r\n\r\n") < 0) {
            int c = in.read();
            if (c < 0) {
                return List.of();
            }
            text.append((char) c);
        }
        return text.toString().strip().lines().toList();
    }

    private static void pump(Socket from, Socket to) {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
            to.shutdownOutput();
        } catch (IOException e) {
            // One side has closed.
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        threads.shutdownNow();
    }
}
