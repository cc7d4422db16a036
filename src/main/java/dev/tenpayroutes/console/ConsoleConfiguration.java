package dev.tenpayroutes.console;

import dev.tenpayroutes.api.FormBodies;
import dev.tenpayroutes.api.OpenApiRequestValidator;
import dev.tenpayroutes.config.TenpayProperties;
import jakarta.servlet.DispatcherType;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import org.apache.camel.CamelContext;
import org.apache.camel.ProducerTemplate;
import org.apache.catalina.session.ManagerBase;
import org.springframework.boot.autoconfigure.security.SecurityProperties;
import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.server.CookieSameSiteSupplier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;

/** The console's parts, where it is on. */
@Configuration(proxyBeanMethods = false)
@Conditional(ConsoleIsOn.class)
class ConsoleConfiguration {

    /** Each holds some hundred bytes; before a login only an OIDC login makes one. */
    private static final int MAX_SESSIONS = 2000;

    @Bean
    Console console(
            CamelContext camel,
            ProducerTemplate routes,
            OpenApiRequestValidator validator,
            Clock clock,
            SecureRandom random,
            TenpayProperties settings,
            Environment environment)
            throws IOException {
        Contract contract = new Contract();
        return new Console(
                new Operations(camel, routes, validator, contract),
                contract,
                new Words(),
                new Audit(camel, routes),
                clock,
                random,
                settings,
                isSandbox(environment));
    }

    @Bean
    ConsoleUsers consoleUsers(TenpayProperties settings, Environment environment) {
        return new ConsoleUsers(settings, isSandbox(environment));
    }

    private static boolean isSandbox(Environment environment) {
        return environment.acceptsProfiles(Profiles.of("sandbox"));
    }

    /** Before Spring Security, which looks for the token of a form in its fields. */
    @Bean
    FilterRegistrationBean<FormBodies> consoleForms() {
        FilterRegistrationBean<FormBodies> filter = new FilterRegistrationBean<>(new FormBodies());
        filter.addUrlPatterns("/console/*");
        filter.setDispatcherTypes(DispatcherType.REQUEST, DispatcherType.ASYNC);
        filter.setOrder(SecurityProperties.DEFAULT_FILTER_ORDER - 1);
        return filter;
    }

    /** A login at an OIDC provider comes back from another site, with the session that it began in. */
    @Bean
    CookieSameSiteSupplier consoleSameSite(Environment environment) {
        return ConsoleIsOn.hasOidc(environment) ? CookieSameSiteSupplier.ofLax() : CookieSameSiteSupplier.ofStrict();
    }

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> consoleSessions() {
        return factory -> factory.addContextCustomizers(context -> {
            if (context.getManager() instanceof ManagerBase manager) {
                manager.setMaxActiveSessions(MAX_SESSIONS);
            }
        });
    }
}
