package dev.tenpayroutes.api;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.apache.coyote.ContinueResponseTiming;
import org.apache.coyote.InputBuffer;
import org.apache.tomcat.util.net.ApplicationBufferHandler;

/**
 * Holds every request, whatever its path and wherever it ends, to a most of bytes and of time for its body, and takes care
 * of a body that was not read: Tomcat would read it to its end on the request's thread.
 */
final class UnreadBodies extends ValveBase {

    /** More than any reader's own limit. */
    static final int MAX_BYTES = 300 * 1024;

    private static final long MAX_NANOS = 30_000_000_000L;

    UnreadBodies() {
        super(true);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        org.apache.coyote.Request coyote = request.getCoyoteRequest();
        if (!(coyote.getInputBuffer() instanceof Bounded)) {
            coyote.setInputBuffer(new Bounded(coyote.getInputBuffer(), coyote));
        }
        request.setAttribute(
                BodyReader.CONTINUE, (Runnable) () -> coyote.action(ActionCode.ACK, ContinueResponseTiming.ALWAYS));
        getNext().invoke(request, response);
        if (!request.isAsync() && !isRead(coyote)) {
            if (!response.isCommitted()) {
                response.setHeader("Connection", "close");
            }
            response.finishResponse();
            if (request.getContext() != null && coyote.getReadListener() == null) {
                BodyReader.discard(request.getRequest(), response.getResponse(), () -> close(coyote));
            } else {
                close(coyote);
            }
        }
    }

    private static boolean isRead(org.apache.coyote.Request request) {
        AtomicBoolean read = new AtomicBoolean();
        request.action(ActionCode.REQUEST_BODY_FULLY_READ, read);
        return read.get();
    }

    private static void close(org.apache.coyote.Request request) {
        request.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
    }

    /** Tomcat's buffer keeps it for all requests of a connection. */
    private record Bounded(InputBuffer in, org.apache.coyote.Request request) implements InputBuffer {
        @Override
        public int doRead(ApplicationBufferHandler handler) throws IOException {
            if (request.getBytesRead() > MAX_BYTES || System.nanoTime() - request.getStartTimeNanos() > MAX_NANOS) {
                throw new IOException("a body is larger or slower than any may be");
            }
            return in.doRead(handler);
        }

        @Override
        public int available() {
            return in.available();
        }
    }
}
