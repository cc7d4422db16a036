package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.config.TenpayProperties;
import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.output.StringOutput;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.security.Principal;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.Authentication;

/** What all pages of the console share: who asks, the routes, the words, and how a page is made. */
final class Console {

    static final String ZONE = "console-zone";
    static final String LANGUAGE = "console-language";
    private static final MediaType HTML = MediaType.parseMediaType("text/html;charset=UTF-8");

    private final Operations operations;
    private final Contract contract;
    private final Words words;
    private final Audit audit;
    private final Clock clock;
    private final SecureRandom random;
    private final ZoneId zone;
    private final boolean sandbox;
    private final TemplateEngine templates = TemplateEngine.createPrecompiled(ContentType.Html);

    Console(
            Operations operations,
            Contract contract,
            Words words,
            Audit audit,
            Clock clock,
            SecureRandom random,
            TenpayProperties settings,
            boolean sandbox) {
        this.operations = operations;
        this.contract = contract;
        this.words = words;
        this.audit = audit;
        this.clock = clock;
        this.random = random;
        this.zone = ZoneId.of(settings.console().timeZone());
        this.sandbox = sandbox;
    }

    Visit visit(HttpServletRequest request, HttpServletResponse response) {
        ConsoleUser user = user(request.getUserPrincipal());
        String chosen = cookie(request, LANGUAGE);
        String language = List.of("en", "zh").contains(chosen)
                ? chosen
                : user != null
                        ? user.language()
                        : request.getLocale().getLanguage().equals(Locale.CHINESE.getLanguage()) ? "zh" : "en";
        return new Visit(this, request, response, user, language, zone(cookie(request, ZONE)));
    }

    /** The person behind a login by password or by an OIDC provider. */
    static @Nullable ConsoleUser user(@Nullable Principal login) {
        Object principal = login instanceof Authentication proof ? proof.getPrincipal() : null;
        return principal instanceof ConsoleUser user
                ? user
                : principal instanceof OidcPerson person ? person.user() : null;
    }

    private ZoneId zone(String chosen) {
        try {
            return chosen.isEmpty() ? zone : ZoneId.of(chosen);
        } catch (DateTimeException e) {
            return zone;
        }
    }

    private static String cookie(HttpServletRequest request, String name) {
        Cookie[] cookies = request.getCookies();
        if (cookies != null) {
            for (Cookie cookie : cookies) {
                if (cookie.getName().equals(name)) {
                    return cookie.getValue().replace('~', '/');
                }
            }
        }
        return "";
    }

    Answer call(Visit visit, String operation, Map<String, String> values) {
        return operations.call(visit, operation, values, null, null);
    }

    Answer csv(Visit visit, String operation, Map<String, String> values) {
        return operations.csv(visit, operation, values);
    }

    /**
     * Does once what a form asks for, and notes it: who, what, from where and with what outcome. The form that was sent before
     * does nothing.
     *
     * @param values the operation's parameters; the audit log shows account and number of them
     * @param key the form's
     */
    Answer act(
            Visit visit,
            String act,
            String operation,
            Map<String, String> values,
            @Nullable JsonNode body,
            @Nullable String key) {
        String subject =
                values.getOrDefault("orderNo", values.getOrDefault("refundNo", values.getOrDefault("eventId", "")));
        return audit.once(
                visit,
                new Audit.Act(act, values.getOrDefault("account", ""), subject, key),
                form -> operations.call(visit, operation, values, body, form));
    }

    /** The rules of a payment's method; missing where it has none any more. */
    JsonNode method(Visit visit, JsonNode payment) {
        JsonNode methods = call(visit, "listPaymentMethods", Map.of()).body().path("items");
        for (JsonNode method : methods) {
            if (method.path("paymentMethod").equals(payment.path("paymentMethod"))) {
                return method;
            }
        }
        return methods.path(-1);
    }

    Audit audit() {
        return audit;
    }

    String html(String template, Visit visit, Map<String, Object> model) {
        Map<String, Object> values = new HashMap<>(model);
        values.put("visit", visit);
        StringOutput page = new StringOutput();
        templates.render(template + ".jte", values, page);
        return page.toString();
    }

    ResponseEntity<String> page(String template, Visit visit, Map<String, Object> model) {
        return page(200, template, visit, model);
    }

    ResponseEntity<String> page(int status, String template, Visit visit, Map<String, Object> model) {
        return ResponseEntity.status(status).contentType(HTML).body(html(template, visit, model));
    }

    /** A whole page that says what is wrong. */
    ResponseEntity<String> problem(Visit visit, Answer answer) {
        return answer.isNotThere()
                ? notThere(visit)
                : page(answer.status(), "problem", visit, Map.of("problem", answer));
    }

    ResponseEntity<String> notThere(Visit visit) {
        return page(404, "problem", visit, Map.of("problem", Operations.answer(404, "{\"code\":\"NOT_FOUND\"}")));
    }

    static ResponseEntity<String> redirect(String path) {
        return ResponseEntity.status(303).header("Location", path).build();
    }

    List<Map.Entry<String, String>> pages(Visit visit) {
        List<Map.Entry<String, String>> pages = new ArrayList<>(List.of(
                Map.entry("/console", "nav.start"),
                Map.entry("/console/search", "nav.search"),
                Map.entry("/console/reviews", "nav.reviews"),
                Map.entry("/console/reports", "nav.reports"),
                Map.entry("/console/events", "nav.events"),
                Map.entry("/console/accounts", "nav.accounts")));
        if (visit.isOperator()) {
            pages.add(Map.entry("/console/routes", "nav.routes"));
            pages.add(Map.entry("/console/audit", "nav.audit"));
        }
        return pages;
    }

    String newKey() {
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    Contract contract() {
        return contract;
    }

    Words words() {
        return words;
    }

    Clock clock() {
        return clock;
    }

    boolean isSandbox() {
        return sandbox;
    }
}
