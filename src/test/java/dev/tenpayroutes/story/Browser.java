package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.web.util.HtmlUtils;

/** A browser without a script: pages, cookies and the forms on them. */
final class Browser {

    private static final Pattern FIELD = Pattern.compile("<(?:input|textarea)([^>]*)>");
    private static final Pattern FORM = Pattern.compile("<form([^>]*)>(.*?)</form>", Pattern.DOTALL);

    private final CookieManager cookies = new CookieManager();
    private final HttpClient http = HttpClient.newBuilder()
            .cookieHandler(cookies)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final String base;

    record Page(int status, String html, Map<String, List<String>> headers) {
        String header(String name) {
            return String.join(",", headers.getOrDefault(name, List.of()));
        }

        /** What a person reads. */
        String text() {
            return HtmlUtils.htmlUnescape(html.replaceAll("<[^>]*>", " ")).replaceAll("\\s+", " ");
        }
    }

    Browser(String base) {
        this.base = base;
    }

    Page get(String path) {
        return send(path, HttpRequest.newBuilder().GET());
    }

    Page post(String path, Map<String, String> fields) {
        String body = fields.entrySet().stream()
                .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
                .collect(Collectors.joining("&"));
        return send(
                path,
                HttpRequest.newBuilder()
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private Page send(String path, HttpRequest.Builder request) {
        try {
            HttpResponse<String> answer = http.send(
                    request.uri(URI.create(base + path))
                            .timeout(Duration.ofSeconds(20))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            return new Page(answer.statusCode(), answer.body(), answer.headers().map());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The fields of a page's form of this action, as they are. */
    static Map<String, String> fields(Page page, String action) {
        Matcher form = FORM.matcher(page.html());
        while (form.find()) {
            if (attribute(form.group(1), "action").equals(action)) {
                Map<String, String> fields = new LinkedHashMap<>();
                Matcher field = FIELD.matcher(form.group(2));
                while (field.find()) {
                    fields.put(attribute(field.group(1), "name"), attribute(field.group(1), "value"));
                }
                return fields;
            }
        }
        throw new AssertionError("no form of " + action + " in " + page.text());
    }

    /** Sends a page's form with some fields filled in; where it leads is read by {@code header("location")}. */
    Page submit(Page page, String action, String... namesAndValues) {
        Map<String, String> fields = fields(page, action);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return post(action, fields);
    }

    Page login(String name, String password) {
        return submit(get("/console/login"), "/console/login", "username", name, "password", password);
    }

    /** A browser in which a person of the stories is logged in. */
    static Browser of(String base, String name) {
        Browser browser = new Browser(base);
        assertThat(browser.login(name, Story.PASSWORD).header("location")).isEqualTo("/console");
        return browser;
    }

    List<HttpCookie> cookies() {
        return new ArrayList<>(cookies.getCookieStore().getCookies());
    }

    private static String attribute(String tag, String name) {
        Matcher value = Pattern.compile("\\b" + name + "=\"([^\"]*)\"").matcher(tag);
        return value.find() ? HtmlUtils.htmlUnescape(value.group(1)) : "";
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
