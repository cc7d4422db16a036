package dev.tenpayroutes.sandbox;

import java.security.SecureRandom;
import java.time.Clock;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
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

    @Bean
    SandboxShopper sandboxShopper(SandboxLedger ledger, SandboxFaults faults) {
        return new SandboxShopper(ledger, faults);
    }

    /** The calls carry a signature instead of a login, and the shopper's calls carry nothing. */
    @Bean
    @Order(1)
    SecurityFilterChain sandboxSecurity(HttpSecurity http) throws Exception {
        return http.securityMatcher("/api/payment/**", "/sandbox/**")
                .authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                .csrf(AbstractHttpConfigurer::disable)
                .sessionManagement(session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .build();
    }
}
