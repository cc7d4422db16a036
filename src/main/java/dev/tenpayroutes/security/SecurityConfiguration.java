package dev.tenpayroutes.security;

import dev.tenpayroutes.api.Problem;
import dev.tenpayroutes.config.TenpayProperties;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Objects;
import org.apache.camel.Exchange;
import org.apache.camel.component.platform.http.springboot.PlatformHttpMessage;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.security.oauth2.resource.OAuth2ResourceServerProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.authorization.AuthenticatedAuthorizationManager;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.config.web.PathPatternRequestMatcherBuilderFactoryBean;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.StrictHttpFirewall;
import org.springframework.web.servlet.handler.HandlerMappingIntrospector;

/**
 * Who may call what. The merchant API needs a client with the right scope, known by an API key or a bearer token; webhooks
 * need none of it, since their signature is the key; health is open; the contract and its pages need a client unless
 * {@code tenpay.docs.public} opens them; everything else needs a client.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(OAuth2ResourceServerProperties.class)
public class SecurityConfiguration {

    public static final String CLIENT = Client.class.getName();
    private static final String READ = "payments:read";
    static final String WRITE = "payments:write";
    /** For monitoring, which must not see a payment; its figures are those of all accounts. */
    private static final String METRICS = "metrics:read";

    public static final String REFUND = "refunds:write";
    /** To ask Tenpay, and nothing else: for support. */
    private static final String SYNC = "payments:sync";

    private static final String REVIEWS = "reviews:write";
    private static final String ACCOUNTS = "accounts:write";

    @Bean
    SecurityFilterChain erpSecurity(
            HttpSecurity http, Clients clients, BearerTokens tokens, RateLimits limits, TenpayProperties settings)
            throws Exception {
        ClientAuthenticationFilter caller = new ClientAuthenticationFilter(clients, tokens, limits);
        return http.csrf(AbstractHttpConfigurer::disable)
                .formLogin(AbstractHttpConfigurer::disable)
                .httpBasic(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .requestCache(AbstractHttpConfigurer::disable)
                .sessionManagement(session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .addFilterBefore(caller, AuthorizationFilter.class)
                .authorizeHttpRequests(requests -> requests
                        // An asynchronous dispatch is the rest of a request that was let in, see BodyReader.
                        .dispatcherTypeMatchers(DispatcherType.ERROR, DispatcherType.ASYNC)
                        .permitAll()
                        .requestMatchers(HttpMethod.POST, "/webhooks/tenpay/*/*")
                        .permitAll()
                        .requestMatchers("/actuator/health/**")
                        .permitAll()
                        .requestMatchers("/actuator/**")
                        .hasAuthority(METRICS)
                        .requestMatchers("/docs/**", "/v1/openapi.yaml")
                        .access(
                                settings.docs().open()
                                        ? (authentication, request) -> new AuthorizationDecision(true)
                                        : AuthenticatedAuthorizationManager.authenticated())
                        .requestMatchers(
                                HttpMethod.POST, "/v1/payments/*/review/resolve", "/v1/refunds/*/review/resolve")
                        .hasAuthority(REVIEWS)
                        .requestMatchers(HttpMethod.POST, "/v1/payments/*/sync")
                        .hasAnyAuthority(SYNC, WRITE)
                        .requestMatchers(HttpMethod.POST, "/v1/refunds/*/sync")
                        .hasAnyAuthority(SYNC, REFUND)
                        .requestMatchers(HttpMethod.POST, "/v1/payments/*/refunds", "/v1/refunds/**")
                        .hasAuthority(REFUND)
                        .requestMatchers(HttpMethod.GET, "/v1/**")
                        .hasAuthority(READ)
                        .requestMatchers("/v1/accounts/**")
                        .hasAuthority(ACCOUNTS)
                        .requestMatchers("/v1/**")
                        .hasAuthority(WRITE)
                        .anyRequest()
                        .authenticated())
                .exceptionHandling(handling -> handling.authenticationEntryPoint(
                                (request, response, e) -> caller.refuse(request, response))
                        .accessDeniedHandler((request, response, e) ->
                                Problem.of("FORBIDDEN").write(request, response)))
                .build();
    }

    /** Each filter and rule timed for each request costs as much as all of them together, and is unused. */
    @Bean
    SecurityObservationSettings noSecurityObservations() {
        return SecurityObservationSettings.noObservations();
    }

    /** Spring's own rules, without the pattern that it asks about each header at each reading. */
    @Bean
    HttpFirewall firewall() {
        StrictHttpFirewall firewall = new StrictHttpFirewall();
        firewall.setAllowedHeaderNames(name -> isPrintable(name, false));
        firewall.setAllowedHeaderValues(value -> isPrintable(value, true));
        return firewall;
    }

    /** Whether each character has a meaning and controls nothing. */
    private static boolean isPrintable(String text, boolean mayHaveTabs) {
        int next;
        for (int i = 0; i < text.length(); i += Character.charCount(next)) {
            next = text.codePointAt(i);
            boolean plain = next >= ' ' && next <= '~';
            if (!plain && !(mayHaveTabs && next == '\t') && isEmptyOrControls(next)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isEmptyOrControls(int character) {
        int type = Character.getType(character);
        return type == Character.UNASSIGNED || type == Character.CONTROL;
    }

    /** The rules above by the path alone, as Spring Security 7 has them, and not by looking for the handler of each request. */
    @Bean
    PathPatternRequestMatcherBuilderFactoryBean pathPatterns() {
        return new PathPatternRequestMatcherBuilderFactoryBean();
    }

    /** The handler isn't used before the dispatcher looks it up, so it need not be looked up twice. */
    @Bean
    static BeanPostProcessor noHandlerKept() {
        return new BeanPostProcessor() {
            @Override
            public Object postProcessAfterInitialization(Object bean, String name) {
                return bean instanceof HandlerMappingIntrospector ? new NothingKept() : bean;
            }
        };
    }

    private static final class NothingKept extends HandlerMappingIntrospector {
        @Override
        public Filter createCacheFilter() {
            return (request, response, chain) -> chain.doFilter(request, response);
        }
    }

    /** The proof that a request is a client's. */
    static final class ClientAuthentication extends AbstractAuthenticationToken {

        private static final long serialVersionUID = 1L;
        private final transient Client client;

        ClientAuthentication(Client client) {
            super(client.scopes().stream().map(SimpleGrantedAuthority::new).toList());
            this.client = client;
            setAuthenticated(true);
        }

        @Override
        public Object getCredentials() {
            return "";
        }

        @Override
        public Client getPrincipal() {
            return client;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ClientAuthentication that && client.equals(that.client);
        }

        @Override
        public int hashCode() {
            return client.hashCode();
        }
    }

    /** The client of a request that was let in: the route runs on another thread than the security context. */
    public static Client clientOf(HttpServletRequest request) {
        if (request.getAttribute(CLIENT) instanceof Client client) {
            return client;
        }
        throw new IllegalStateException("a route was reached without a client");
    }

    /** The client of an exchange: that of its request, or its property {@link #CLIENT} where it came by Kafka. */
    public static Client clientOf(Exchange exchange) {
        PlatformHttpMessage message = exchange.getIn(PlatformHttpMessage.class);
        return message == null
                ? Objects.requireNonNull(
                        exchange.getProperty(CLIENT, Client.class), "a route was reached without a client")
                : clientOf(message.getRequest());
    }
}
