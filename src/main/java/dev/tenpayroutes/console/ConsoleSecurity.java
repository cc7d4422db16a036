package dev.tenpayroutes.console;

import dev.tenpayroutes.config.ConsoleProperties;
import dev.tenpayroutes.config.TenpayProperties;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.authentication.LockedException;
import org.springframework.security.config.ObjectPostProcessor;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestRedirectFilter;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.csrf.CookieCsrfTokenRepository;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.web.util.UriUtils;

/**
 * Who may see the console: a chain of its own, so that no session counts at the merchant API and no API key here. Pages run and
 * fetch nothing but what this program serves, and no other site may frame them.
 */
@Configuration(proxyBeanMethods = false)
@Conditional(ConsoleIsOn.class)
class ConsoleSecurity {

    static final String LOGIN = "/console/login";
    static final String OIDC = "/console/oidc";

    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
                    + " form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /** A minute and an instance. */
    static final int MAX_NOTED_FAILURES = 60;

    private final Console console;
    private final ConsoleProperties settings;
    private long notedMinute;
    private int notedFailures;

    ConsoleSecurity(Console console, TenpayProperties settings) {
        this.console = console;
        this.settings = settings.console();
    }

    @Bean
    @Order(2)
    SecurityFilterChain consoleChain(
            HttpSecurity http, ConsoleUsers users, Clock clock, ObjectProvider<ClientRegistrationRepository> providers)
            throws Exception {
        LoginAttempts attempts = new LoginAttempts(settings.loginFailures(), settings.lockout(), clock);
        http.securityMatcher("/console", "/console/**")
                .authenticationProvider(new PasswordLogin(users, attempts))
                .authorizeHttpRequests(requests -> requests.dispatcherTypeMatchers(DispatcherType.ERROR)
                        .permitAll()
                        .requestMatchers(LOGIN, "/console/assets/**")
                        .permitAll()
                        .anyRequest()
                        .hasAuthority(PasswordLogin.PERSON.get(0).getAuthority()))
                .csrf(csrf -> csrf.csrfTokenRepository(csrfCookie()))
                .requestCache(AbstractHttpConfigurer::disable)
                .httpBasic(AbstractHttpConfigurer::disable)
                .formLogin(form ->
                        form.loginPage(LOGIN).successHandler(this::loggedIn).failureHandler(this::refused))
                .logout(logout -> logout.logoutUrl("/console/logout")
                        .addLogoutHandler((request, response, login) -> loggedOut(request, response))
                        .logoutSuccessUrl(LOGIN + "?out"))
                .headers(headers -> headers.contentSecurityPolicy(policy -> policy.policyDirectives(POLICY))
                        .referrerPolicy(policy -> policy.policy(ReferrerPolicy.NO_REFERRER))
                        .crossOriginOpenerPolicy(policy -> policy.policy(
                                org.springframework.security.web.header.writers.CrossOriginOpenerPolicyHeaderWriter
                                        .CrossOriginOpenerPolicy.SAME_ORIGIN)))
                .exceptionHandling(handling -> handling.authenticationEntryPoint(
                                (request, response, e) -> toLogin(request, response))
                        .accessDeniedHandler((request, response, e) -> write(
                                response,
                                403,
                                "problem",
                                console.visit(request, response),
                                Operations.answer(403, "{\"code\":\"FORM_STALE\"}"))));
        if (providers.getIfAvailable() != null) {
            http.oauth2Login(oidc -> oidc.loginPage(LOGIN)
                    .authorizationEndpoint(endpoint -> endpoint.baseUri(OIDC))
                    .redirectionEndpoint(endpoint -> endpoint.baseUri(OIDC + "/code/*"))
                    .userInfoEndpoint(info -> info.oidcUserService(new OidcPeople(users, settings.oidc())))
                    .successHandler(this::loggedIn)
                    .failureHandler(this::refused)
                    .withObjectPostProcessor(new ObjectPostProcessor<OAuth2AuthorizationRequestRedirectFilter>() {
                        @Override
                        public <F extends OAuth2AuthorizationRequestRedirectFilter> F postProcess(F filter) {
                            filter.setAuthenticationFailureHandler(
                                    (request, response, e) -> response.sendRedirect(LOGIN + "?away"));
                            return filter;
                        }
                    }));
        }
        return http.build();
    }

    /** In a cookie, so that what is not logged in takes no memory here. */
    private static CookieCsrfTokenRepository csrfCookie() {
        CookieCsrfTokenRepository tokens = new CookieCsrfTokenRepository();
        tokens.setCookieName("console-csrf");
        tokens.setCookiePath("/console");
        tokens.setCookieCustomizer(cookie -> cookie.sameSite("Strict").httpOnly(true));
        return tokens;
    }

    private void loggedIn(HttpServletRequest request, HttpServletResponse response, Authentication login)
            throws IOException {
        request.getSession().setMaxInactiveInterval((int) settings.idleTimeout().toSeconds());
        ConsoleUser user = Console.user(login);
        console.audit().note(console.visit(request, response), user == null ? "" : user.name(), "LOGIN", "", "DONE");
        response.sendRedirect(Visit.localPath(request.getParameter("next")));
    }

    private void loggedOut(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        if (visit.isKnown()) {
            console.audit().note(visit, visit.user().name(), "LOGOUT", "", "DONE");
        }
    }

    private void refused(HttpServletRequest request, HttpServletResponse response, AuthenticationException e)
            throws IOException {
        boolean busy = e instanceof PasswordLogin.TooManyAtOnce;
        String why = e instanceof LockedException ? "locked" : busy ? "busy" : "wrong";
        // A locked name is noted when it becomes locked, and not each time after that.
        if (why.equals("wrong") && mayNote()) {
            String typed = request.getParameter("username");
            console.audit()
                    .note(console.visit(request, response), typed == null ? "" : typed, "LOGIN_FAILED", "", "REFUSED");
        }
        String next = Visit.localPath(request.getParameter("next"));
        response.sendRedirect(LOGIN + "?" + why + "&next=" + UriUtils.encode(next, StandardCharsets.UTF_8));
    }

    /** Anyone may fail to log in, as often as they like: no more than some failures a minute are noted. */
    private synchronized boolean mayNote() {
        long minute = System.nanoTime() / 60_000_000_000L;
        if (minute != notedMinute) {
            notedMinute = minute;
            notedFailures = 0;
        }
        return ++notedFailures <= MAX_NOTED_FAILURES;
    }

    /** Back to where one was; a part of a page that a script asked for leads its whole page there. */
    private static void toLogin(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String query = request.getQueryString() == null ? "" : "?" + request.getQueryString();
        String path = request.getRequestURI();
        String here = Visit.localPath(request.getMethod().equals("GET") ? path + query : pageOfAct(path));
        String login = LOGIN + "?next=" + UriUtils.encode(here, StandardCharsets.UTF_8);
        if (request.getHeader("HX-Request") != null) {
            response.setHeader("HX-Redirect", login);
        } else {
            response.sendRedirect(login);
        }
    }

    /** The page of what an act is about, where the act has none of its own. */
    private static String pageOfAct(String path) {
        return path.replaceFirst("^(/console/payments/[^/]+/[^/]+)/(?:ask|shopper)$", "$1")
                .replaceFirst("^/console/refunds/[^/]+/([^/]+)/ask$", "/console/search?q=$1")
                .replaceFirst("^/console/events/.*", "/console/events")
                .replaceFirst("^/console/preferences$", "/console");
    }

    private void write(HttpServletResponse response, int status, String template, Visit visit, Answer problem)
            throws IOException {
        byte[] page = console.html(template, visit, java.util.Map.of("problem", problem))
                .getBytes(StandardCharsets.UTF_8);
        response.setStatus(status);
        response.setContentType("text/html;charset=UTF-8");
        response.setContentLength(page.length);
        response.getOutputStream().write(page);
    }
}
