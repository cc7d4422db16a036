package dev.tenpayroutes.config;

import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * A stop ends within 20 s whatever hangs: 10 s for requests ({@code spring.lifecycle.timeout-per-shutdown-phase}), 8 s for
 * routes ({@code camel.main.shutdown-timeout}), and then Tomcat, which would grant those same requests another 5 s.
 */
@Configuration(proxyBeanMethods = false)
class TomcatShutdown {

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> requestsThatHangAreLeft() {
        return factory -> factory.addConnectorCustomizers(
                connector -> connector.setProperty("executorTerminationTimeoutMillis", "500"));
    }
}
