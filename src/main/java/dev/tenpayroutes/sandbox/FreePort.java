package dev.tenpayroutes.sandbox;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A port of loopback for a server that must be told which one. It lies below those that systems give to outgoing
 * connections and to requests for any port, so no other process gets it before the server listens.
 */
public final class FreePort {

    private static final int LOWEST = 20_000;
    private static final int BEYOND = 32_000;

    private FreePort() {}

    /** A port without a listener. */
    public static int find() {
        for (int tries = 0; tries < 1_000; tries++) {
            int port = ThreadLocalRandom.current().nextInt(LOWEST, BEYOND);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            } catch (IOException e) {
                // In use: the next.
            }
        }
        throw new IllegalStateException("no free port between " + LOWEST + " and " + BEYOND);
    }
}
