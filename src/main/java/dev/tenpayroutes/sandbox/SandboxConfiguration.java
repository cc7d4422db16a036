package dev.tenpayroutes.sandbox;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.function.BinaryOperator;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.apache.coyote.CloseNowException;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;

/**
 * The stand-in's beans. None exists without the profile {@code sandbox}, and none needs a bean of the program:
 * {@link SandboxInitializer} supplies the folder.
 */
@Configuration(proxyBeanMethods = false)
@Profile(SandboxInitializer.PROFILE)
@EnableConfigurationProperties(SandboxProperties.class)
class SandboxConfiguration {

    static final String RESET = "sandbox.reset";

    // Not beans: the program has a clock and a source of randomness of its own.
    private final Clock clock = Clock.systemUTC();
    private final SecureRandom random = new SecureRandom();

    @Bean
    SandboxWire sandboxWire(SandboxFolder folder) {
        return new SandboxWire(folder, clock, random);
    }

    @Bean
    SandboxLedger sandboxLedger(SandboxFolder folder, SandboxProperties properties) {
        return new SandboxLedger(folder.journal(), properties, clock, random);
    }

    @Bean
    SandboxNotifier sandboxNotifier(SandboxLedger ledger, SandboxWire wire, SandboxProperties properties) {
        return new SandboxNotifier(ledger, wire, properties.encryptNotifications());
    }

    @Bean
    SandboxFaults sandboxFaults() {
        return new SandboxFaults();
    }

    @Bean
    SandboxApi sandboxApi(SandboxWire wire, SandboxLedger ledger, SandboxFaults faults, SandboxProperties properties) {
        return new SandboxApi(wire, ledger, faults, properties, clock);
    }

    /** For buttons elsewhere: an order's number and what its shopper does; what came of it in a word. */
    @Bean
    BinaryOperator<String> sandboxShopperDecision(SandboxLedger ledger) {
        return (number, outcome) -> {
            try {
                ledger.decidePayment(number, SandboxOrder.Status.valueOf(outcome));
                return "DONE";
            } catch (IllegalArgumentException | TenpayApiException e) {
                return "REFUSED";
            }
        };
    }

    @Bean
    SandboxShopper sandboxShopper(SandboxLedger ledger, SandboxFaults faults) {
        return new SandboxShopper(ledger, faults);
    }

    /** Ends the connection of a request marked with {@link #RESET}: an exception alone would still be answered. */
    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> sandboxResets() {
        return factory -> factory.addEngineValves(new ValveBase(true) {
            @Override
            public void invoke(Request request, Response response) throws IOException, ServletException {
                getNext().invoke(request, response);
                if (request.getAttribute(RESET) != null) {
                    response.getCoyoteResponse().action(ActionCode.CLOSE_NOW, new CloseNowException());
                }
            }
        });
    }

    /** The calls carry a signature instead of a login, and the shopper's calls carry nothing. */
    @Bean
    @Order(1)
    SecurityFilterChain sandboxSecurity(HttpSecurity http) throws Exception {
        return http.securityMatcher("/", "/api/payment/**", "/sandbox/**")
                .authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                .csrf(AbstractHttpConfigurer::disable)
                .sessionManagement(session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .build();
    }
}
