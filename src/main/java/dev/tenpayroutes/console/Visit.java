package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.util.UriUtils;

/** One request of a person: who, in which language and time zone, and how pages write words, amounts and times for them. */
public final class Visit {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
    private static final Pattern ISO_TIME =
            Pattern.compile("\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?(?:Z|[+-]\\d{2}:?\\d{2})");
    private static final String DONE = "console.done";

    private final Console console;
    private final HttpServletRequest request;
    private final HttpServletResponse response;
    private final @Nullable ConsoleUser user;
    private final String language;
    private final ZoneId zone;
    private final String done;

    Visit(
            Console console,
            HttpServletRequest request,
            HttpServletResponse response,
            @Nullable ConsoleUser user,
            String language,
            ZoneId zone) {
        this.console = console;
        this.request = request;
        this.response = response;
        this.user = user;
        this.language = language;
        this.zone = zone;
        this.done = takeDone();
    }

    HttpServletRequest request() {
        return request;
    }

    HttpServletResponse response() {
        return response;
    }

    public ConsoleUser user() {
        return Objects.requireNonNull(user, "a page was reached without a login");
    }

    public boolean isKnown() {
        return user != null;
    }

    public String language() {
        return language;
    }

    public ZoneId zone() {
        return zone;
    }

    /** Whether the person's role has the scope of this operation of the contract. */
    public boolean may(String operation) {
        return user != null && console.contract().operation(operation).allows(user.client());
    }

    public boolean isOperator() {
        return user != null && user.role() == Role.OPERATOR;
    }

    /** Words of the catalogue. */
    public String text(String key, Object... namesAndValues) {
        return console.words().text(key, language, namesAndValues);
    }

    /** A status, or another word of the API. */
    public String word(String kind, JsonNode value) {
        return value.isTextual() ? text(kind + "." + value.asText()) : "";
    }

    /** A sentence of the API, its times in the person's zone. */
    public String sentence(JsonNode text) {
        return ISO_TIME.matcher(text.asText()).replaceAll(found -> Matcher.quoteReplacement(time(found.group())));
    }

    public String money(JsonNode amount) {
        return amount.hasNonNull("total")
                ? Money.shown(
                        amount.path("total").asLong(), amount.path("currency").asText())
                : "";
    }

    public String money(long total, String currency) {
        return Money.shown(total, currency);
    }

    /** A time of the API in the person's zone. */
    public String time(JsonNode time) {
        return time.isTextual() ? time(time.asText()) : "";
    }

    public String time(Instant time) {
        return TIME.format(time.atZone(zone));
    }

    private String time(String iso) {
        try {
            return time(OffsetDateTime.parse(iso.replaceFirst("([+-]\\d{2})(\\d{2})$", "$1:$2"))
                    .toInstant());
        } catch (DateTimeException e) {
            return iso;
        }
    }

    /** The first moment of a day in the person's zone, as the API takes it; empty for what is no day. */
    String begin(String day, int daysLater) {
        try {
            return LocalDate.parse(day)
                    .plusDays(daysLater)
                    .atStartOfDay(zone)
                    .withZoneSameInstant(ZoneOffset.UTC)
                    .format(DateTimeFormatter.ISO_OFFSET_DATE_TIME);
        } catch (DateTimeException e) {
            return "";
        }
    }

    public LocalDate today() {
        return LocalDate.ofInstant(console.clock().instant(), zone);
    }

    public Instant now() {
        return console.clock().instant();
    }

    public String csrfName() {
        return token().getParameterName();
    }

    public String csrf() {
        return token().getToken();
    }

    private CsrfToken token() {
        return (CsrfToken) Objects.requireNonNull(request.getAttribute(CsrfToken.class.getName()));
    }

    /** A new number for a form, so that it does once what it does, however often it is sent. */
    public String newKey() {
        return console.newKey();
    }

    public String path() {
        return request.getRequestURI();
    }

    public String query() {
        return request.getQueryString() == null ? "" : "?" + request.getQueryString();
    }

    /** A part of a path of the console. */
    public String encoded(JsonNode text) {
        return UriUtils.encode(text.asText(), StandardCharsets.UTF_8);
    }

    /** The page of a payment. */
    public String paymentPath(JsonNode row) {
        return "/console/payments/" + encoded(row.path("account")) + "/" + encoded(row.path("orderNo"));
    }

    /** The beginning of the paths of a refund. */
    public String refundPath(JsonNode row) {
        return "/console/refunds/" + encoded(row.path("account")) + "/" + encoded(row.path("refundNo"));
    }

    /** An amount as one types it. */
    public String plain(long total, String currency) {
        return Money.typed(total, currency);
    }

    /** What the person has just done; told once. */
    public String done() {
        return done;
    }

    void setDone(String key) {
        request.getSession().setAttribute(DONE, key);
    }

    private String takeDone() {
        if (user == null || !request.getMethod().equals("GET") || request.getSession(false) == null) {
            return "";
        }
        Object kept = request.getSession().getAttribute(DONE);
        if (kept != null) {
            request.getSession().removeAttribute(DONE);
        }
        return kept == null ? "" : kept.toString();
    }

    public List<Map.Entry<String, String>> pages() {
        return user == null ? List.of() : console.pages(this);
    }

    public boolean isSandbox() {
        return console.isSandbox();
    }

    /** Only a page of this console, whatever was asked for. */
    static String localPath(@Nullable String asked) {
        String fallback = "/console";
        if (asked == null || !asked.matches("/console(?:[/?][!-~&&[^\\\\]]{0,500})?") || asked.contains("//")) {
            return fallback;
        }
        try {
            URI uri = URI.create(asked);
            boolean local = uri.getScheme() == null
                    && uri.getRawAuthority() == null
                    && uri.normalize().getRawPath().startsWith("/console");
            boolean page = !asked.startsWith("/console/login") && !asked.startsWith("/console/logout");
            return local && page ? asked : fallback;
        } catch (IllegalArgumentException e) {
            return fallback;
        }
    }
}
