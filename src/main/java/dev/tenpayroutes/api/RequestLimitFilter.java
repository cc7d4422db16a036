package dev.tenpayroutes.api;

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
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
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
 * What every request must pass before a route or a controller has it, on every path: its body is here, in time and not too
 * large. On the merchant API and the webhooks the program must also be ready and the contract must name the path.
 *
 * <p>64 KB on the merchant API and 256 KB elsewhere: more is 413, whatever its Content-Length says, and is not read on.
 * {@link BodyReader} has the time limit. Credentials come first, and a webhook's headers before its body: see
 * {@link WebhookHeaders}. Camel has none of these limits, and is more generous with paths than the contract.
 */
@Component
@Order(Ordered.LOWEST_PRECEDENCE)
public class RequestLimitFilter extends OncePerRequestFilter {

    public static final int API_BYTES = 64 * 1024;
    private static final Pattern JSON = Pattern.compile(
            "application/json\\s*(;(?!.*charset\\s*=).*|;.*charset\\s*=\\s*[\"']?utf-?8.*)?", Pattern.CASE_INSENSITIVE);
    private static final int OTHER_BYTES = 256 * 1024;
    static final Problem TOO_SLOW = Problem.of("BODY_TOO_SLOW", "seconds", BodyReader.SECONDS_TO_SEND);

    private final OpenApiRequestValidator contract;
    private final WebhookHeaders webhooks;
    private final ApplicationAvailability availability;

    RequestLimitFilter(
            OpenApiRequestValidator contract, WebhookHeaders webhooks, ApplicationAvailability availability) {
        this.contract = contract;
        this.webhooks = webhooks;
        this.availability = availability;
    }

    /** When a slow body is complete. */
    @Override
    protected boolean shouldNotFilterAsyncDispatch() {
        return false;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        boolean api = request.getRequestURI().startsWith("/v1/");
        Object arrived = request.getAttribute(BodyReader.BODY);
        Problem problem = arrived == null ? refusal(request, response, api) : null;
        if (problem != null) {
            problem.write(request, response);
            return;
        }
        byte[] body = arrived instanceof byte[] slow ? slow : body(request, response, api ? API_BYTES : OTHER_BYTES);
        if (body == null) {
            return;
        }
        if (api && isJson(request) && !isText(body)) {
            OpenApiRequestValidator.NOT_UTF_8.write(request, response);
            return;
        }
        lookAtAll(request);
        chain.doFilter(new ReadRequest(request, body), response);
    }

    /** Why a request is refused without its body. */
    private @Nullable Problem refusal(HttpServletRequest request, HttpServletResponse response, boolean api) {
        if ((api || webhooks.isWebhook(request))
                && availability.getReadinessState() != ReadinessState.ACCEPTING_TRAFFIC) {
            response.setHeader("Retry-After", "2");
            return ProblemErrorController.NOT_READY;
        }
        if (api) {
            Set<String> methods = contract.methods(request.getRequestURI());
            if (methods.isEmpty()) {
                return OpenApiRequestValidator.NOT_THERE;
            }
            if (!methods.contains(request.getMethod())) {
                response.setHeader("Allow", String.join(", ", methods));
                return ProblemErrorController.problem(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
            }
        }
        int limit = api ? API_BYTES : OTHER_BYTES;
        return request.getContentLengthLong() > limit ? tooLarge(limit) : null;
    }

    /** A webhook that is refused whatever it says goes on without a body, and is refused and counted by its route. */
    private byte @Nullable [] body(HttpServletRequest request, HttpServletResponse response, int limit)
            throws IOException {
        if (webhooks.isWebhook(request) && !webhooks.mayBeTenpays(request)) {
            if (request.getContentLengthLong() != 0) {
                response.setHeader("Connection", "close");
            }
            return new byte[0];
        }
        return new BodyReader(request, response, limit).read();
    }

    static Problem tooLarge(int limit) {
        return Problem.of("BODY_TOO_LARGE", "limit", limit);
    }

    /** Camel hands on JSON as characters, and what can't be one as a question mark. */
    private static boolean isText(byte[] body) {
        try {
            OpenApiRequestValidator.text(body);
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

    /** Spring's firewall refuses a name or a value when it is read: on a route's thread it could no longer be answered. */
    private static void lookAtAll(HttpServletRequest request) {
        Collections.list(request.getParameterNames()).forEach(request::getParameterValues);
        Collections.list(request.getHeaderNames()).forEach(name -> Collections.list(request.getHeaders(name)));
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
