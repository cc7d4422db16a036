package dev.tenpayroutes.console;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.security.oauth2.client.OAuth2ClientProperties;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseCookie;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;

/** The login, what a person likes (language, time zone), and what is not there. */
@ConsolePage
class LoginPages {

    private static final long A_YEAR = 365L * 24 * 60 * 60;

    private final Console console;
    private final List<String> providers;
    private final boolean hasPasswords;

    LoginPages(
            Console console,
            ObjectProvider<OAuth2ClientProperties> oidc,
            dev.tenpayroutes.config.TenpayProperties settings) {
        this.console = console;
        this.providers = oidc.stream()
                .flatMap(known -> known.getRegistration().keySet().stream())
                .sorted()
                .toList();
        this.hasPasswords = !settings.console().users().isEmpty();
    }

    @GetMapping(ConsoleSecurity.LOGIN)
    ResponseEntity<String> login(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        String why = Stream.of("wrong", "locked", "busy", "away", "out")
                .filter(name -> request.getParameter(name) != null)
                .findFirst()
                .map(name -> "login." + name)
                .orElse("");
        return console.page(
                "login",
                visit,
                Map.of(
                        "why",
                        why,
                        "next",
                        Visit.localPath(request.getParameter("next")),
                        "providers",
                        providers,
                        "hasPasswords",
                        hasPasswords));
    }

    @PostMapping("/console/preferences")
    ResponseEntity<String> preferences(HttpServletRequest request, HttpServletResponse response) {
        String language = String.valueOf(request.getParameter("language"));
        String zone = String.valueOf(request.getParameter("zone")).strip();
        if (List.of("en", "zh").contains(language)) {
            keep(request, response, Console.LANGUAGE, language);
        }
        try {
            keep(request, response, Console.ZONE, ZoneId.of(zone).getId().replace('/', '~'));
        } catch (DateTimeException e) {
            Visit visit = console.visit(request, response);
            return console.page(
                    400, "problem", visit, Map.of("problem", Operations.answer(400, "{\"code\":\"ZONE_UNKNOWN\"}")));
        }
        return Console.redirect(Visit.localPath(request.getParameter("next")));
    }

    private static void keep(HttpServletRequest request, HttpServletResponse response, String name, String value) {
        response.addHeader(
                HttpHeaders.SET_COOKIE,
                ResponseCookie.from(name, value)
                        .path("/console")
                        .httpOnly(true)
                        .secure(request.isSecure())
                        .sameSite("Strict")
                        .maxAge(A_YEAR)
                        .build()
                        .toString());
    }

    @GetMapping("/console/**")
    ResponseEntity<String> notThere(HttpServletRequest request, HttpServletResponse response) {
        return console.notThere(console.visit(request, response));
    }
}
