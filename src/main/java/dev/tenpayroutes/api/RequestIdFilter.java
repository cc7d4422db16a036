package dev.tenpayroutes.api;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
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
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
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
 * log (logger {@code access}, level INFO) has method, operation of the contract, status, milliseconds, client and, of a refusal,
 * the problem's code: never a path, a query or a body. Of one client's refusals it has at most {@value #REFUSED_LINES} a second,
 * and as many of all requests without a client.
 *
 * <p>Metrics: {@code tenpay.api.requests}, the time of each request by operation and class of status, and {@code
 * tenpay.api.refusals} by operation and problem code. All series exist from the start, and no request adds one.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
public final class RequestIdFilter extends OncePerRequestFilter {

    /** The attribute of a request with the name of its client, once that is known. */
    public static final String CLIENT_NAME = "dev.tenpayroutes.clientName";

    /** The attribute of a request with the code of the problem that it is answered with. */
    static final String CODE = "dev.tenpayroutes.problemCode";

    static final String HEADER = "X-Request-Id";
    static final String MDC_KEY = "requestId";

    private static final Logger ACCESS = LoggerFactory.getLogger("access");
    private static final Pattern SANE = Pattern.compile("[0-9A-Za-z._-]{8,64}");
    private static final String ATTRIBUTE = RequestIdFilter.class.getName();
    private static final String BEGAN = ATTRIBUTE + ".began";
    private static final String WAITS = ATTRIBUTE + ".waits";
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

    private static final int REFUSED_LINES = 20;

    private static final class Lines {
        private final AtomicLong second = new AtomicLong();
        private final AtomicInteger written = new AtomicInteger();
    }

    /** By client; of those only the settings' ones have a name. */
    private final Map<String, Lines> refusedLines = new ConcurrentHashMap<>();

    private final SecureRandom random;
    private final OpenApiRequestValidator contract;
    private final Map<String, Timer> timers = new HashMap<>();
    private final Map<String, Counter> refusals = new HashMap<>();
    private final Counter unexpected;

    RequestIdFilter(SecureRandom random, OpenApiRequestValidator contract, MeterRegistry meters) {
        this.random = random;
        this.contract = contract;
        List<String> operations = new ArrayList<>(contract.responses().keySet());
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
        contract.responses()
                .forEach((operation, responses) -> ProblemCatalog.entries().forEach((code, entry) -> {
                    if (entry.details().values().stream()
                            .anyMatch(detail -> responses.has(Integer.toString(detail.status())))) {
                        refusals.put(
                                operation + code,
                                meters.counter("tenpay.api.refusals", "operation", operation, "code", code));
                    }
                }));
        this.unexpected = meters.counter("tenpay.api.refusals", "operation", OTHER, "code", OTHER);
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
            } else if (request.getAttribute(WAITS) == null) {
                request.setAttribute(WAITS, true);
                request.getAsyncContext().addListener(new RecordAtEnd(id, request, response));
            }
            MDC.remove(MDC_KEY);
        }
    }

    /** A body that never becomes complete is refused without another dispatch. */
    private final class RecordAtEnd implements AsyncListener {
        private final String id;
        private final HttpServletRequest request;
        private final HttpServletResponse response;

        private RecordAtEnd(String id, HttpServletRequest request, HttpServletResponse response) {
            this.id = id;
            this.request = request;
            this.response = response;
        }

        @Override
        public void onComplete(AsyncEvent event) {
            MDC.put(MDC_KEY, id);
            try {
                record(request, response);
            } finally {
                MDC.remove(MDC_KEY);
            }
        }

        @Override
        public void onTimeout(AsyncEvent event) {
            // The body's reader answers.
        }

        @Override
        public void onError(AsyncEvent event) {
            // The body's reader answers.
        }

        @Override
        public void onStartAsync(AsyncEvent event) {
            // Never again by this request.
        }
    }

    private void record(HttpServletRequest request, HttpServletResponse response) {
        if (request.getAttribute(BEGAN) instanceof Long began) {
            request.removeAttribute(BEGAN);
            record(request, response.getStatus(), Duration.ofNanos(System.nanoTime() - began));
        }
    }

    private void record(HttpServletRequest request, int status, Duration took) {
        String operation = operation(request);
        String code = status < 400
                ? ""
                : Objects.requireNonNullElse(request.getAttribute(CODE), "").toString();
        Timer timer = timers.get(operation + OUTCOMES.get(Math.min(Math.max(status / 100, 1), 5) - 1));
        if (timer != null) {
            timer.record(took);
        }
        if (!code.isEmpty()) {
            refusals.getOrDefault(operation + code, unexpected).increment();
        }
        Object client = request.getAttribute(CLIENT_NAME);
        boolean each = client != null && status < 400;
        if (!operation.equals(OTHER) && (each || mayLog(client == null ? "-" : client.toString()))) {
            ACCESS.atInfo()
                    .addKeyValue("call", operation)
                    .addKeyValue("outcome", code.isEmpty() ? Integer.toString(status) : code)
                    .log(
                            "{} {} {} {} ms client {}{}",
                            request.getMethod(),
                            operation,
                            status,
                            took.toMillis(),
                            client == null ? "-" : client,
                            code.isEmpty() ? "" : " " + code);
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

    /** At most {@link #REFUSED_LINES} a second of each client, and of all requests without one. */
    private boolean mayLog(String client) {
        Lines lines = refusedLines.computeIfAbsent(client, first -> new Lines());
        long second = System.nanoTime() / 1_000_000_000L;
        if (lines.second.getAndSet(second) != second) {
            lines.written.set(0);
        }
        return lines.written.incrementAndGet() <= REFUSED_LINES;
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
