package dev.tenpayroutes.api;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Who may call what. The merchant API needs an {@code X-API-Key} with the right scope; webhooks need none of it, since
 * their signature is the key; health is open; everything else needs a client.
 */
@Configuration(proxyBeanMethods = false)
class Door {

    private static final String CLIENT = Client.class.getName();
    private static final String READ = "payments:read";
    private static final String WRITE = "payments:write";
    private static final String REFUND = "refunds:write";

    @Bean
    SecurityFilterChain erpSecurity(HttpSecurity http, Clients clients) throws Exception {
        return http.csrf(AbstractHttpConfigurer::disable)
                .formLogin(AbstractHttpConfigurer::disable)
                .httpBasic(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .requestCache(AbstractHttpConfigurer::disable)
                .sessionManagement(session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .addFilterBefore(new ApiKeyFilter(clients), AuthorizationFilter.class)
                .authorizeHttpRequests(requests -> requests
                        // Camel's answers come back by an asynchronous dispatch of a request that was let in before.
                        .dispatcherTypeMatchers(
                                jakarta.servlet.DispatcherType.ASYNC, jakarta.servlet.DispatcherType.ERROR)
                        .permitAll()
                        .requestMatchers(HttpMethod.POST, "/webhooks/tenpay/*/*")
                        .permitAll()
                        .requestMatchers("/actuator/health/**")
                        .permitAll()
                        .requestMatchers(HttpMethod.POST, "/v1/payments/*/refunds", "/v1/refunds/**")
                        .hasAuthority(REFUND)
                        .requestMatchers(HttpMethod.GET, "/v1/**")
                        .hasAuthority(READ)
                        .requestMatchers("/v1/**")
                        .hasAuthority(WRITE)
                        .anyRequest()
                        .authenticated())
                .exceptionHandling(handling -> handling.authenticationEntryPoint((request, response, e) -> new Problem(
                                        401, "UNAUTHENTICATED", "send your API key in the X-API-Key header")
                                .write(response))
                        .accessDeniedHandler((request, response, e) -> new Problem(
                                        403, "FORBIDDEN", "this client's scopes do not allow the call")
                                .write(response)))
                .build();
    }

    /** Lets a known key in as its {@link Client}; a wrong key is the same as none. */
    private static final class ApiKeyFilter extends OncePerRequestFilter {

        private final Clients clients;

        ApiKeyFilter(Clients clients) {
            this.clients = clients;
        }

        @Override
        protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                throws ServletException, IOException {
            Optional.ofNullable(request.getHeader("X-API-Key"))
                    .flatMap(clients::byApiKey)
                    .ifPresent(client -> {
                        SecurityContext context = SecurityContextHolder.createEmptyContext();
                        context.setAuthentication(new ClientAuthentication(client));
                        SecurityContextHolder.setContext(context);
                        request.setAttribute(CLIENT, client);
                    });
            chain.doFilter(request, response);
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
    static Client clientOf(HttpServletRequest request) {
        if (request.getAttribute(CLIENT) instanceof Client client) {
            return client;
        }
        throw new IllegalStateException("a route was reached without a client");
    }
}
