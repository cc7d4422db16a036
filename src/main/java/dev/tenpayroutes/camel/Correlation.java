package dev.tenpayroutes.camel;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Processor;
import org.apache.camel.model.ToDefinition;
import org.apache.camel.spi.CamelEvent;
import org.apache.camel.spi.CamelEvent.ExchangeCreatedEvent;
import org.apache.camel.spi.InterceptStrategy;
import org.apache.camel.support.EventNotifierSupport;
import org.apache.camel.support.SynchronizationAdapter;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.stereotype.Component;

/**
 * Gives every exchange the ids by which it can be followed, as variables for mappings and statements and as fields of its log
 * lines: {@code requestId}, the caller's where there is one, else a new one for a poll, an order by Kafka or a notification tried
 * again; and {@code traceparent} (W3C), only of what is sampled.
 *
 * <p>Traces, only where an OTLP endpoint is set: a span for each poll, and inside a span one for each statement and call. Not by
 * camel-opentelemetry2, whose spans of a request would begin a trace of their own instead of going on with the server's.
 */
@Component
public final class Correlation extends EventNotifierSupport implements InterceptStrategy {

    public static final String REQUEST_ID = "requestId";
    public static final String TRACEPARENT = "traceparent";

    private static final Pattern OWN_WORK = Pattern.compile("(seda|kafka):.*");
    private static final Pattern TRACED = Pattern.compile("(sql|coalesce|http|kafka):.*");

    private final SecureRandom random;
    private final @Nullable Tracer tracer;

    Correlation(SecureRandom random, ObjectProvider<OpenTelemetry> telemetry) {
        this.random = random;
        OpenTelemetry available = telemetry.getIfAvailable();
        this.tracer = available == null ? null : available.getTracer("tenpay-global-routes");
        setIgnoreCamelContextEvents(true);
        setIgnoreCamelContextInitEvents(true);
        setIgnoreRouteEvents(true);
        setIgnoreServiceEvents(true);
        setIgnoreExchangeAsyncProcessingStartedEvents(true);
        setIgnoreExchangeCompletedEvent(true);
        setIgnoreExchangeFailedEvents(true);
        setIgnoreExchangeRedeliveryEvents(true);
        setIgnoreExchangeSentEvents(true);
        setIgnoreExchangeSendingEvents(true);
        setIgnoreStepEvents(true);
    }

    @Override
    public void notify(CamelEvent event) {
        if (event instanceof ExchangeCreatedEvent created) {
            Exchange exchange = created.getExchange();
            Endpoint from = exchange.getFromEndpoint();
            if (from != null
                    && OWN_WORK.matcher(from.getEndpointUri().replace("://", ":"))
                            .matches()) {
                begin(exchange);
            } else {
                set(exchange);
            }
        }
    }

    /** For work of a scheduler's: each part is a request of its own. */
    @Bean
    Processor beginOwnRequest() {
        return this::begin;
    }

    private void begin(Exchange exchange) {
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        String before = MDC.get(REQUEST_ID);
        MDC.put(REQUEST_ID, HexFormat.of().formatHex(bytes));
        Span span = tracer == null
                ? Span.getInvalid()
                : tracer.spanBuilder(String.valueOf(exchange.getFromRouteId()))
                        .setSpanKind(SpanKind.CONSUMER)
                        .startSpan();
        Scope scope = tracer == null ? Scope.noop() : span.makeCurrent();
        set(exchange);
        exchange.getExchangeExtension().addOnCompletion(new SynchronizationAdapter() {
            @Override
            public void onDone(Exchange done) {
                scope.close();
                span.end();
                if (before == null) {
                    MDC.remove(REQUEST_ID);
                } else {
                    MDC.put(REQUEST_ID, before);
                }
            }
        });
    }

    private static void set(Exchange exchange) {
        String id = MDC.get(REQUEST_ID);
        if (id != null) {
            exchange.setVariable("requestId", id);
        }
        String traceparent = traceparent(Span.current().getSpanContext());
        if (traceparent != null) {
            exchange.setVariable("traceparent", traceparent);
        }
    }

    private static @Nullable String traceparent(SpanContext span) {
        return span.isSampled() ? "00-" + span.getTraceId() + "-" + span.getSpanId() + "-01" : null;
    }

    /** A span for each statement and call, named after its step, inside a span that is there; a scheduler's tick has none. */
    @Override
    public Processor wrapProcessorInInterceptors(
            CamelContext context, NamedNode node, Processor target, @Nullable Processor next) {
        if (tracer == null
                || !(node instanceof ToDefinition to)
                || !TRACED.matcher(to.getUri()).matches()) {
            return target;
        }
        boolean call = to.getUri().startsWith("http:");
        return exchange -> {
            if (!Span.current().getSpanContext().isSampled()) {
                target.process(exchange);
                return;
            }
            Span span = tracer.spanBuilder(node.getId())
                    .setSpanKind(SpanKind.CLIENT)
                    .setAttribute("requestId", String.valueOf(exchange.getVariable(REQUEST_ID)))
                    .startSpan();
            Scope scope = span.makeCurrent();
            try {
                if (call) {
                    exchange.getMessage().setHeader(TRACEPARENT, traceparent(span.getSpanContext()));
                }
                target.process(exchange);
                if (exchange.getException() != null) {
                    span.setStatus(
                            StatusCode.ERROR, exchange.getException().getClass().getSimpleName());
                }
            } finally {
                scope.close();
                span.end();
            }
        };
    }

    /** Links the current span to the one of this traceparent of another trace, such as a notification's to its order's. */
    public static void linkTo(@Nullable String traceparent) {
        String[] parts = traceparent == null ? new String[0] : traceparent.split("-");
        if (parts.length == 4
                && !parts[1].equals(Span.current().getSpanContext().getTraceId())) {
            Span.current()
                    .addLink(SpanContext.createFromRemoteParent(
                            parts[1], parts[2], TraceFlags.fromHex(parts[3], 0), TraceState.getDefault()));
        }
    }
}
