package dev.tenpayroutes.camel;

import dev.tenpayroutes.config.SignatureProperties;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.component.platform.http.spi.PlatformHttpEngine;
import org.apache.camel.component.platform.http.springboot.SpringBootPlatformHttpConsumer;
import org.apache.camel.component.platform.http.springboot.SpringBootPlatformHttpEngine;
import org.apache.camel.spi.HeaderFilterStrategy;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerAdapter;
import org.springframework.web.servlet.ModelAndView;

/** What Camel needs to be told in Java. */
@Configuration(proxyBeanMethods = false)
class CamelConfiguration {

    /**
     * Headers by allow-list, in both directions: a client's headers become message headers, which steer Camel
     * components ({@code CamelSqlQuery}, say), and message headers become headers of the answer. The parameters of a query
     * come as headers too: they are kept out with the others, and {@code api.Contract} sets those that it has checked.
     */
    @Bean
    HeaderFilterStrategy allowedHeaders(SignatureProperties wire) {
        Set<String> in = lower(
                "Content-Type",
                "Idempotency-Key",
                wire.timestampHeader(),
                wire.nonceHeader(),
                wire.serialHeader(),
                wire.signatureHeader());
        Set<String> out = lower("Content-Type", "Retry-After", "Allow");
        return new HeaderFilterStrategy() {
            @Override
            public boolean applyFilterToExternalHeaders(String name, Object value, Exchange exchange) {
                return !in.contains(name.toLowerCase(Locale.ROOT));
            }

            @Override
            public boolean applyFilterToCamelHeaders(String name, Object value, Exchange exchange) {
                return !out.contains(name.toLowerCase(Locale.ROOT));
            }
        };
    }

    /** What a producer names a header steers nothing here: not even the offset that is committed, in other letter case. */
    @Bean
    HeaderFilterStrategy noHeaders() {
        return new HeaderFilterStrategy() {
            @Override
            public boolean applyFilterToExternalHeaders(String name, Object value, Exchange exchange) {
                return true;
            }

            @Override
            public boolean applyFilterToCamelHeaders(String name, Object value, Exchange exchange) {
                return true;
            }
        };
    }

    /** Without a second pool of threads, which a stop would wait for as well. */
    @Bean("platform-http-engine")
    PlatformHttpEngine callerThreadEngine(@Value("${server.port}") int port) {
        return new SpringBootPlatformHttpEngine(port, Runnable::run);
    }

    /** Without an asynchronous dispatch, which would take the answer through filters and dispatcher a second time. */
    @Bean
    HandlerAdapter synchronousHandlerAdapter() {
        return new SynchronousHandlerAdapter();
    }

    private static final class SynchronousHandlerAdapter implements HandlerAdapter, Ordered {
        @Override
        public boolean supports(Object handler) {
            return handler instanceof HandlerMethod method
                    && method.getBean() instanceof SpringBootPlatformHttpConsumer;
        }

        @Override
        public @Nullable ModelAndView handle(HttpServletRequest request, HttpServletResponse response, Object route) {
            ((SpringBootPlatformHttpConsumer) ((HandlerMethod) route).getBean())
                    .service(request, response)
                    .join();
            return null;
        }

        @Override
        @Deprecated
        public long getLastModified(HttpServletRequest request, Object route) {
            return -1;
        }

        /** Before the one that would do it later. */
        @Override
        public int getOrder() {
            return 0;
        }
    }

    /** Whether the program is stopping. {@code ${camelContext.stopping}} says the same, but at start Camel looks at all of its own methods for each place of it. */
    @Bean
    ShutdownState program(CamelContext camel) {
        return camel::isStopping;
    }

    /** What routes ask about the program. */
    @FunctionalInterface
    public interface ShutdownState {
        boolean stopping();
    }

    private static Set<String> lower(String... names) {
        return Stream.of(names).map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toUnmodifiableSet());
    }
}
