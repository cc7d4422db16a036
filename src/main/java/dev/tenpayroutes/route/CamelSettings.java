package dev.tenpayroutes.route;

import dev.tenpayroutes.wire.Wire;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.spi.HeaderFilterStrategy;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What Camel needs to be told in Java. */
@Configuration(proxyBeanMethods = false)
class CamelSettings {

    /**
     * Headers by allow-list, in both directions: a client's headers become message headers, which steer Camel
     * components ({@code CamelSqlQuery}, say), and message headers become headers of the answer. The parameters of a query
     * come as headers too: they are kept out with the others, and {@code api.Contract} sets those that it has checked.
     */
    @Bean
    HeaderFilterStrategy allowedHeaders(Wire wire) {
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

    private static Set<String> lower(String... names) {
        return Stream.of(names).map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toUnmodifiableSet());
    }
}
