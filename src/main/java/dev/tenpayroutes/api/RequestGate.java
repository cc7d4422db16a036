package dev.tenpayroutes.api;

import dev.tenpayroutes.wire.Wire;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * What every request to the merchant API and to the webhooks must pass before a route's thread is taken: the program is
 * ready, the contract names the path, and the body is here, in time and not too large.
 *
 * <p>64 KB on the merchant API and 256 KB on webhooks: more is 413, whatever its Content-Length says, and is not read on.
 * A body that takes longer than {@value #SECONDS_TO_SEND} s to arrive is 408, so that slow senders don't hold the
 * threads. Camel has none of these limits, and is more generous with paths than the contract.
 */
@Component
@Order(Ordered.LOWEST_PRECEDENCE)
class RequestGate extends OncePerRequestFilter {

    static final int API_BYTES = 64 * 1024;
    private static final int WEBHOOK_BYTES = 256 * 1024;
    private static final int SECONDS_TO_SEND = 5;
    private static final Pattern JSON = Pattern.compile(
            "application/json\\s*(;(?!.*charset\\s*=).*|;.*charset\\s*=\\s*[\"']?utf-?8.*)?", Pattern.CASE_INSENSITIVE);
    static final Problem TOO_SLOW =
            new Problem(408, "BODY_TOO_SLOW", "a body must arrive within " + SECONDS_TO_SEND + " s");

    private final Contract contract;
    private final Wire wire;
    private final ApplicationAvailability availability;
    private final Clock clock;

    RequestGate(Contract contract, Wire wire, ApplicationAvailability availability, Clock clock) {
        this.contract = contract;
        this.wire = wire;
        this.availability = availability;
        this.clock = clock;
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        String path = request.getRequestURI();
        return !path.startsWith("/v1/") && !path.startsWith("/webhooks/");
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        boolean webhook = request.getRequestURI().startsWith("/webhooks/");
        Problem problem = null;
        if (availability.getReadinessState() != ReadinessState.ACCEPTING_TRAFFIC) {
            response.setHeader("Retry-After", "2");
            problem = ErrorPage.NOT_READY;
        } else if (!webhook) {
            Set<String> methods = contract.methods(request.getRequestURI());
            if (methods.isEmpty()) {
                problem = Contract.NOT_THERE;
            } else if (!methods.contains(request.getMethod())) {
                response.setHeader("Allow", String.join(", ", methods));
                problem = ErrorPage.problem(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
            }
        }
        if (problem == null) {
            int limit = webhook ? WEBHOOK_BYTES : API_BYTES;
            byte[] body;
            if (webhook && !isSigned(request)) {
                // It will be refused whatever it says: a stranger's body takes neither time nor memory.
                body = new byte[0];
                response.setHeader("Connection", "close");
            } else {
                body = request.getContentLengthLong() > limit ? null : read(request.getInputStream(), limit);
            }
            if (body == null || body.length > limit) {
                problem = body == null && request.getContentLengthLong() <= limit ? TOO_SLOW : tooLarge(limit);
                response.setHeader("Connection", "close");
            } else if (!webhook && isJson(request) && !isText(body)) {
                problem = Contract.NOT_UTF_8;
            } else {
                lookAtAll(request);
                chain.doFilter(new ReadRequest(request, body), response);
                return;
            }
        }
        problem.write(response);
    }

    static Problem tooLarge(int limit) {
        return new Problem(413, "BODY_TOO_LARGE", "a body may have at most " + limit + " bytes");
    }

    /** Camel hands on JSON as characters, and what can't be one as a question mark. */
    private static boolean isText(byte[] body) {
        try {
            Contract.text(body);
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /** JSON is UTF-8, whatever name for it the label has; one that says otherwise is no JSON. */
    private static boolean isJson(ServletRequest request) {
        String type = request.getContentType();
        return type != null && JSON.matcher(type).matches();
    }

    private boolean isSigned(HttpServletRequest request) {
        return request.getHeader(wire.timestampHeader()) != null
                && request.getHeader(wire.nonceHeader()) != null
                && request.getHeader(wire.serialHeader()) != null
                && request.getHeader(wire.signatureHeader()) != null;
    }

    /** Spring's firewall refuses a name or a value when it is read: on a route's thread nobody could answer that any more. */
    private static void lookAtAll(HttpServletRequest request) {
        Collections.list(request.getParameterNames()).forEach(request::getParameterValues);
        Collections.list(request.getHeaderNames()).forEach(name -> Collections.list(request.getHeaders(name)));
    }

    /** The body, or one byte more than the limit of a larger one; null when it doesn't arrive in time. */
    private byte @Nullable [] read(InputStream in, int limit) {
        Instant end = clock.instant().plusSeconds(SECONDS_TO_SEND);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        byte[] part = new byte[8192];
        try {
            for (int n = in.read(part); n >= 0; n = in.read(part)) {
                body.write(part, 0, n);
                if (body.size() > limit) {
                    break;
                }
                if (clock.instant().isAfter(end)) {
                    return null;
                }
            }
        } catch (IOException e) {
            return null;
        }
        return body.toByteArray();
    }

    /**
     * A request whose body is in memory and is nothing but JSON or bytes: a form's or a multipart's content type, a charset or an
     * encoding would make Camel read it as something else before a route sees it, or fail.
     */
    private static final class ReadRequest extends HttpServletRequestWrapper {

        private final byte[] body;

        ReadRequest(HttpServletRequest request, byte[] body) {
            super(request);
            this.body = body;
        }

        @Override
        public String getContentType() {
            return isJson(getRequest()) ? MediaType.APPLICATION_JSON_VALUE : MediaType.APPLICATION_OCTET_STREAM_VALUE;
        }

        @Override
        public @Nullable String getCharacterEncoding() {
            return null;
        }

        @Override
        public String getHeader(String name) {
            if (HttpHeaders.CONTENT_ENCODING.equalsIgnoreCase(name)) {
                return null;
            }
            return HttpHeaders.CONTENT_TYPE.equalsIgnoreCase(name) ? getContentType() : super.getHeader(name);
        }

        @Override
        public Enumeration<String> getHeaders(String name) {
            return HttpHeaders.CONTENT_TYPE.equalsIgnoreCase(name)
                    ? Collections.enumeration(List.of(getContentType()))
                    : super.getHeaders(name);
        }

        @Override
        public ServletInputStream getInputStream() {
            ByteArrayInputStream in = new ByteArrayInputStream(body);
            return new ServletInputStream() {
                @Override
                public int read() {
                    return in.read();
                }

                @Override
                public int read(byte[] bytes, int offset, int length) {
                    return in.read(bytes, offset, length);
                }

                @Override
                public boolean isFinished() {
                    return in.available() == 0;
                }

                @Override
                public boolean isReady() {
                    return true;
                }

                @Override
                public void setReadListener(ReadListener listener) {
                    throw new UnsupportedOperationException("the body is already here");
                }
            };
        }

        @Override
        public BufferedReader getReader() {
            return new BufferedReader(new InputStreamReader(getInputStream(), StandardCharsets.UTF_8));
        }
    }
}
