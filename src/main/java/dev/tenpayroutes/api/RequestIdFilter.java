package dev.tenpayroutes.api;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Gives every request an id, times it, and writes one line of the access log. The first filter of all, so that refusals of the
 * later ones have an id too.
 *
 * <p>The id is the caller's {@code X-Request-Id} where it is 8 to 64 of {@code 0-9 A-Z a-z . _ -}, else a new one; another value
 * is ignored, since it would end in log files. It is echoed, and stands in the log lines and problems of the request. The access
 * log (logger {@code access}, level INFO) has method, operation of the contract, status, milliseconds and client: never a path,
 * a query or a body.
 *
 * <p>Metric {@code tenpay.api.requests}: the time of each request by operation and class of status. All series exist from the
 * start, and no request adds one.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
public final class RequestIdFilter extends OncePerRequestFilter {

    /** The attribute of a request with the name of its client, once that is known. */
    public static final String CLIENT_NAME = "dev.tenpayroutes.clientName";

    static final String HEADER = "X-Request-Id";
    static final String MDC_KEY = "requestId";

    private static final Logger ACCESS = LoggerFactory.getLogger("access");
    private static final Pattern SANE = Pattern.compile("[0-9A-Za-z._-]{8,64}");
    private static final String ATTRIBUTE = RequestIdFilter.class.getName();
    private static final String BEGAN = ATTRIBUTE + ".began";
    private static final String OTHER = "other";
    private static final String WEBHOOK = "webhook";
    private static final List<String> OUTCOMES = List.of("1xx", "2xx", "3xx", "4xx", "5xx");
    private static final Duration[] OBJECTIVES = {
        Duration.ofMillis(100),
        Duration.ofMillis(500),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(20)
    };

    private static final int ANONYMOUS_LINES = 20;

    private final AtomicLong anonymousSecond = new AtomicLong();
    private final AtomicInteger anonymousLines = new AtomicInteger();
    private final SecureRandom random;
    private final OpenApiRequestValidator contract;
    private final Map<String, Timer> timers = new HashMap<>();

    RequestIdFilter(SecureRandom random, OpenApiRequestValidator contract, MeterRegistry meters) {
        this.random = random;
        this.contract = contract;
        List<String> operations = new ArrayList<>(contract.operationIds());
        operations.addAll(List.of(WEBHOOK, OTHER));
        for (String operation : operations) {
            for (String outcome : OUTCOMES.subList(1, OUTCOMES.size())) {
                timers.put(
                        operation + outcome,
                        Timer.builder("tenpay.api.requests")
                                .tag("operation", operation)
                                .tag("outcome", outcome)
                                .serviceLevelObjectives(OBJECTIVES)
                                .register(meters));
            }
        }
    }

    /** A slow body's request comes here twice, the second time when the body is complete. */
    @Override
    protected boolean shouldNotFilterAsyncDispatch() {
        return false;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (request.getAttribute(ATTRIBUTE) == null) {
            request.setAttribute(ATTRIBUTE, id(request.getHeader(HEADER)));
            request.setAttribute(BEGAN, System.nanoTime());
        }
        String id = (String) request.getAttribute(ATTRIBUTE);
        response.setHeader(HEADER, id);
        MDC.put(MDC_KEY, id);
        try {
            chain.doFilter(request, response);
        } finally {
            if (!request.isAsyncStarted()) {
                record(request, response);
            }
            MDC.remove(MDC_KEY);
        }
    }

    private void record(HttpServletRequest request, HttpServletResponse response) {
        String operation = operation(request);
        int status = response.getStatus();
        Duration took = Duration.ofNanos(System.nanoTime() - (Long) request.getAttribute(BEGAN));
        Timer timer = timers.get(operation + OUTCOMES.get(Math.min(Math.max(status / 100, 1), 5) - 1));
        if (timer != null) {
            timer.record(took);
        }
        if (!operation.equals(OTHER) && mayLog(request)) {
            ACCESS.info(
                    "{} {} {} {} ms client {}",
                    request.getMethod(),
                    operation,
                    status,
                    took.toMillis(),
                    client(request));
        }
    }

    private String operation(HttpServletRequest request) {
        String path = request.getRequestURI();
        if (path.startsWith("/webhooks/tenpay/")) {
            return WEBHOOK;
        }
        String operation = path.startsWith("/v1/") ? contract.operationId(request.getMethod(), path) : null;
        return operation == null ? OTHER : operation;
    }

    /** Requests without a client are anyone's: of those at most {@link #ANONYMOUS_LINES} a second are logged. */
    private boolean mayLog(HttpServletRequest request) {
        if (request.getAttribute(CLIENT_NAME) != null) {
            return true;
        }
        long second = System.nanoTime() / 1_000_000_000L;
        if (anonymousSecond.getAndSet(second) != second) {
            anonymousLines.set(0);
        }
        return anonymousLines.incrementAndGet() <= ANONYMOUS_LINES;
    }

    private static String client(HttpServletRequest request) {
        Object name = request.getAttribute(CLIENT_NAME);
        return name == null ? "-" : name.toString();
    }

    private String id(@Nullable String given) {
        if (given != null && SANE.matcher(given).matches()) {
            return given;
        }
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
