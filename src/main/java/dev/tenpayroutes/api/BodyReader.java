package dev.tenpayroutes.api;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads a request's body without a thread that waits for it: a slow sender holds its connection and what it has sent, and
 * nothing else. A body that came with its headers is read at once; for any other the request becomes asynchronous, and is
 * dispatched again when the body is complete, with the bytes in the attribute {@link #BODY}.
 *
 * <p>Bounds: {@code limit} bytes and {@value #SECONDS_TO_SEND} s a body; {@value #SHARED_BYTES} bytes for all slow bodies
 * together, of which the first {@value #OWN_BYTES} of each don't count, so that a few large ones can't keep out small ones.
 *
 * <p>A refused body is read on and discarded for a moment: a connection closed with unread bytes is reset, and the
 * sender would lose the refusal.
 */
final class BodyReader implements ReadListener, AsyncListener {

    static final String BODY = BodyReader.class.getName();
    /** Attribute with the {@link Runnable} that sends 100 Continue to a sender that waits for it. */
    static final String CONTINUE = BodyReader.class.getName() + ".continue";

    static final int SECONDS_TO_SEND = 5;
    private static final int OWN_BYTES = 8 * 1024;
    private static final int SHARED_BYTES = 16 * 1024 * 1024;
    private static final int DISCARDED_BYTES = 1024 * 1024;
    private static final int SECONDS_TO_DISCARD = 2;
    private static final AtomicLong SHARED = new AtomicLong();

    private final HttpServletRequest request;
    private final HttpServletResponse response;
    private final ServletInputStream in;
    private final int limit;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private final byte[] part = new byte[4096];
    private @Nullable AsyncContext async;
    private Runnable giveUp = () -> {};
    private int shared;
    private boolean refused;
    private long discarded;

    BodyReader(HttpServletRequest request, HttpServletResponse response, int limit) throws IOException {
        this.request = request;
        this.response = response;
        this.in = request.getInputStream();
        this.limit = limit;
    }

    /** The body, or null when it comes later: then this request ends here, and is dispatched again. */
    byte @Nullable [] read() throws IOException {
        long length = request.getContentLengthLong();
        if (length <= 0 && request.getHeader("Transfer-Encoding") == null) {
            return new byte[0];
        }
        while (length > 0 && body.size() < length && in.available() > 0) {
            body.write(part, 0, Math.max(0, in.read(part)));
        }
        if (body.size() == length) {
            return body.toByteArray();
        }
        if (request.getAttribute(CONTINUE) instanceof Runnable invitation) {
            invitation.run();
        }
        start(SECONDS_TO_SEND);
        return null;
    }

    /** Throws away what still comes of a request that has its answer; then the connection is good again, or closed. */
    static void discard(HttpServletRequest request, HttpServletResponse response, Runnable close) throws IOException {
        BodyReader rest = new BodyReader(request, response, 0);
        rest.refused = true;
        rest.giveUp = close;
        rest.start(SECONDS_TO_DISCARD);
    }

    private void start(int seconds) {
        async = request.startAsync(request, response);
        async.setTimeout(seconds * 1000L);
        async.addListener(this);
        in.setReadListener(this);
    }

    @Override
    public void onDataAvailable() throws IOException {
        while (in.isReady() && !in.isFinished()) {
            int n = in.read(part);
            if (n <= 0) {
                return;
            }
            if (refused) {
                discarded += n;
                if (discarded > DISCARDED_BYTES) {
                    end();
                    return;
                }
            } else {
                keep(n);
            }
        }
    }

    private void keep(int n) throws IOException {
        body.write(part, 0, n);
        int counted = Math.max(0, body.size() - OWN_BYTES) - shared;
        shared += counted;
        boolean full = SHARED.addAndGet(counted) > SHARED_BYTES;
        if (body.size() > limit) {
            refuse(RequestLimitFilter.tooLarge(limit));
        } else if (full) {
            response.setHeader("Retry-After", "2");
            refuse(ProblemErrorController.NOT_READY);
        }
    }

    private void refuse(Problem problem) throws IOException {
        refused = true;
        release();
        response.setHeader("Connection", "close");
        problem.write(request, response);
        response.flushBuffer();
    }

    @Override
    public void onAllDataRead() {
        if (async == null) {
            return;
        }
        if (refused) {
            async.complete();
        } else {
            byte[] bytes = body.toByteArray();
            release();
            request.setAttribute(BODY, bytes);
            async.dispatch();
        }
    }

    @Override
    public void onTimeout(AsyncEvent event) throws IOException {
        if (!refused) {
            refuse(RequestLimitFilter.TOO_SLOW);
        }
        end();
    }

    /** The only place where Tomcat lets a failed read be answered; the other onError, which follows, ends the request. */
    @Override
    public void onError(Throwable failure) {
        if (!refused) {
            try {
                refuse(
                        failure instanceof InterruptedIOException
                                ? RequestLimitFilter.TOO_SLOW
                                : ProblemErrorController.problem(HttpServletResponse.SC_BAD_REQUEST));
            } catch (IOException e) {
                // The sender is gone.
                refused = true;
            }
        }
    }

    @Override
    public void onError(AsyncEvent event) {
        end();
    }

    private void end() {
        release();
        giveUp.run();
        if (async != null) {
            async.complete();
            async = null;
        }
    }

    private void release() {
        SHARED.addAndGet(-shared);
        shared = 0;
        body.reset();
    }

    @Override
    public void onComplete(AsyncEvent event) {
        release();
    }

    @Override
    public void onStartAsync(AsyncEvent event) {
        // Never again by this request.
    }
}
