package dev.tenpayroutes.story;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The cable between the program and a server: it can be pulled, which resets every connection, or kinked, so that what
 * was asked arrives and what is answered doesn't.
 */
final class TcpFaultProxy implements AutoCloseable {

    private final ServerSocket plug;
    private final Set<Socket> ends = ConcurrentHashMap.newKeySet();
    private volatile int server;
    private volatile boolean pulled;
    private volatile boolean kinked;
    private volatile int most;

    TcpFaultProxy(int server) throws IOException {
        this.server = server;
        this.plug = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        daemon(this::accept);
    }

    int port() {
        return plug.getLocalPort();
    }

    /** How many connections there have been at once, at most. */
    int most() {
        return most;
    }

    /** Where it leads from now on. */
    void to(int port) {
        server = port;
    }

    /** Resets every connection, and each new one, until {@link #repair}. */
    void pull() {
        pulled = true;
        ends.forEach(TcpFaultProxy::reset);
        ends.clear();
    }

    /** Holds back every answer until {@link #repair}, or for ever if it is pulled meanwhile. */
    void kink() {
        kinked = true;
    }

    synchronized void repair() {
        pulled = false;
        kinked = false;
        notifyAll();
    }

    private void accept() {
        while (!plug.isClosed()) {
            try {
                Socket program = plug.accept();
                if (pulled) {
                    reset(program);
                } else {
                    connect(program);
                }
            } catch (IOException e) {
                // It was closed.
            }
        }
    }

    private void connect(Socket program) {
        try {
            Socket far = new Socket(InetAddress.getLoopbackAddress(), server);
            program.setTcpNoDelay(true);
            far.setTcpNoDelay(true);
            ends.add(program);
            ends.add(far);
            most = Math.max(most, ends.size() / 2);
            daemon(() -> carry(program, far, false));
            daemon(() -> carry(far, program, true));
        } catch (IOException e) {
            reset(program);
        }
    }

    private void carry(Socket from, Socket to, boolean answers) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] part = new byte[16 * 1024];
            for (int n = in.read(part); n >= 0; n = in.read(part)) {
                if (answers) {
                    waitWhileKinked();
                }
                out.write(part, 0, n);
            }
        } catch (IOException e) {
            // Reset: so is the other end.
        } finally {
            ends.remove(from);
            ends.remove(to);
        }
    }

    private synchronized void waitWhileKinked() {
        while (kinked) {
            try {
                wait();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static void reset(Socket socket) {
        try (socket) {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            // It is closed already.
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "cable");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        plug.close();
        pull();
        repair();
    }
}
