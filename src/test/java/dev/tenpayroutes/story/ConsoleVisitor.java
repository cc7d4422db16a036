package dev.tenpayroutes.story;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.Cookie;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.yaml.snakeyaml.Yaml;

/** A person who uses the console by a browser, in a language. What no page may do is noted, and fails the story at its end. */
final class ConsoleVisitor implements AutoCloseable {

    private static final Map<String, Map<String, String>> WORDS = words();
    private static final String SESSION = "console-session";

    private static final String FOREIGN = "http://127.0.0.1:49151/";

    private final BrowserContext context;
    private final String base;
    private final String language;
    private final List<String> faults = new ArrayList<>();
    final Page page;

    ConsoleVisitor(Chromium chromium, String base, String language, Browser.NewContextOptions options) {
        PlaywrightAssertions.setDefaultAssertionTimeout(20_000);
        this.base = base;
        this.language = language;
        context = chromium.context(options.setLocale(language.equals("zh") ? "zh-CN" : "en-SG"));
        page = context.newPage();
        page.onDialog(this::dialog);
        page.onPageError(error -> faults.add("a script failed: " + error));
        page.onRequest(request -> {
            if (!request.url().startsWith(base + "/console")
                    && !request.url().equals(FOREIGN)
                    && !request.url().startsWith("data:")) {
                faults.add("another host was asked: " + request.url());
            }
        });
        page.onConsoleMessage(message -> {
            if (message.text().contains("Content Security Policy")) {
                faults.add(message.text());
            }
        });
    }

    private void dialog(Dialog dialog) {
        faults.add("a script ran: " + dialog.message());
        dialog.dismiss();
    }

    private static Map<String, Map<String, String>> words() {
        try (InputStream words = ConsoleVisitor.class.getResourceAsStream("/console/words.yaml")) {
            return new Yaml().load(words);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the console says for a key, in this person's language. */
    String words(String key) {
        return WORDS.get(key).get(language);
    }

    void open(String path) {
        page.navigate(base + path);
    }

    /** Fills in the login that is on the screen, and is led to where it was for. */
    void logIn(String name) {
        isTitled(words("login"));
        page.fill("#username", name);
        page.fill("#password", Story.PASSWORD);
        page.press("#password", "Enter");
        assertThat(page.locator("nav form button")).isVisible();
        if (!language.equals(page.getAttribute("html", "lang").substring(0, 2))) {
            page.selectOption("select[name=language]", language);
            page.click("footer button");
            assertThat(page.locator("html"))
                    .hasAttribute("lang", java.util.regex.Pattern.compile("^" + language + ".*"));
        }
    }

    void logOut() {
        page.click("nav form button");
        sees(words("login.out"));
    }

    /** Types a number into the search box of the start page. */
    void find(String number) {
        open("/console");
        page.fill("main input[type=search]", number);
        page.press("main input[type=search]", "Enter");
        isTitled(words("nav.search"));
    }

    void openFound(String orderNo) {
        page.locator("main a:text-is('" + orderNo + "')").first().click();
        isTitled(words("payment.title").replace("{number}", orderNo));
    }

    void turnTo(String key) {
        page.click("nav a:text-is('" + words(key) + "')");
        isTitled(words(key));
    }

    /** A link or button of the page by its words. */
    Locator control(String key) {
        return page.locator("main :is(a, button):text-is(\"" + words(key) + "\")");
    }

    void press(String key) {
        control(key).first().click();
    }

    /** The acts that the page offers. */
    List<String> offers() {
        return page.locator("main button, main a[role=button]").allInnerTexts();
    }

    List<String> pages() {
        return page.locator("nav a").allInnerTexts();
    }

    void isTitled(String title) {
        assertThat(page.locator("h1")).hasText(title);
    }

    void sees(String... texts) {
        for (String text : texts) {
            assertThat(page.locator("main")).containsText(text);
        }
    }

    String session() {
        return context.cookies().stream()
                .filter(cookie -> cookie.name.equals(SESSION))
                .findFirst()
                .orElseThrow()
                .value;
    }

    List<Cookie> cookies() {
        return context.cookies();
    }

    /** Gives this browser the session of another one. */
    void plant(String session) {
        context.addCookies(List.of(new Cookie(SESSION, session)
                .setDomain("127.0.0.1")
                .setPath("/console")
                .setHttpOnly(true)));
    }

    /** As after the idle time: the browser has a session that the program doesn't know. */
    void loseSession() {
        plant("0123456789ABCDEF0123456789ABCDEF");
    }

    /** Opens a page of another server on this machine, to which the browser gives the console's cookies. */
    void openForeign(String html) {
        page.route(
                FOREIGN,
                route -> route.fulfill(new com.microsoft.playwright.Route.FulfillOptions()
                        .setContentType("text/html")
                        .setBody(html)));
        page.navigate(FOREIGN);
    }

    /** What happened that never may; forgotten by this. */
    List<String> takeFaults() {
        List<String> taken = List.copyOf(faults);
        faults.clear();
        return taken;
    }

    @Override
    public void close() {
        context.close();
        Assertions.assertThat(faults).isEmpty();
    }
}
