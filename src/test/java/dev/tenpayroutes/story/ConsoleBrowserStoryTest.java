package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Download;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.support.PropertiesLoaderUtils;

/** The days of people at the console, from login to logout, on every page. */
@DisplayName("the console in a browser")
class ConsoleBrowserStoryTest extends BrowserStory {

    private static List<String> words(ConsoleVisitor visitor, String... keys) {
        return List.of(keys).stream().map(visitor::words).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"en", "zh"})
    void viewerFindsReadsAndExports(String language) throws IOException {
        String number = paidPayment();
        try (ConsoleVisitor viewer = as("viewer", language)) {
            assertThat(viewer.pages())
                    .containsAll(words(viewer, "nav.start", "nav.search", "nav.reports"))
                    .doesNotContainAnyElementsOf(words(viewer, "nav.routes", "nav.audit"));
            viewer.find(number);
            Download csv = viewer.page.waitForDownload(() -> viewer.press("search.csv"));
            assertThat(Files.readString(csv.path())).contains(number + ",main,SUCCEEDED,CARD,SG,10.50,");
            viewer.openFound(number);
            viewer.sees(viewer.words("status.SUCCEEDED"), "SGD 10.50", "2 x latte", "costCentre");
            assertThat(viewer.offers()).isEmpty();
            viewer.turnTo("nav.reports");
            viewer.sees("CARD");
            viewer.turnTo("nav.events");
            assertThat(viewer.offers()).isEqualTo(words(viewer, "reports.show"));
            viewer.logOut();
            viewer.page.goBack();
            viewer.isTitled(viewer.words("login"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"en", "zh"})
    void supportAsksTenpayAndMayNotMoveMoney(String language) {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);
        try (ConsoleVisitor support = as("support", language)) {
            support.find(refundNumber);
            support.openFound(number);
            support.press("ask.do");
            support.sees(support.words("done.asked"));
            support.page.click("td button");
            support.sees(support.words("done.asked"), refundNumber);
            assertThat(support.offers()).isEqualTo(words(support, "ask.do", "ask.do"));

            support.turnTo("nav.search");
            support.page.click("summary");
            support.page.selectOption("#field-status", "SUCCEEDED");
            support.page.fill("#field-q", number);
            support.press("search.find");
            support.page.waitForURL("**/console/search?*q=" + number + "*");
            support.page.reload();
            support.openFound(number);
            support.logOut();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"en", "zh"})
    void financeResolvesRefundsAndReads(String language) {
        String number = paidPayment();
        reviewed(number);
        try (ConsoleVisitor finance = as("finance", language)) {
            finance.turnTo("nav.reviews");
            finance.page.click("main a[href='" + pageOf(number) + "/resolve']");
            finance.page.check("#outcome-KEEP");
            finance.press("resolve.do");
            finance.sees(finance.words("problem.INVALID_REQUEST"));
            assertThat(finance.page.isChecked("#outcome-KEEP")).isTrue();
            finance.page.fill("#field-note", "seen in the portal");
            finance.press("resolve.do");
            finance.sees(finance.words("done.resolved"), "seen in the portal");
            assertThat(finance.offers()).isEqualTo(words(finance, "ask.do", "refund.link"));

            finance.press("refund.link");
            finance.page.fill("#field-amount", "99.00");
            finance.page.fill("#field-reason", "cold latte");
            finance.page.check("#field-confirm");
            finance.press("refund.do");
            finance.sees(finance.words("problem.REFUND_EXCEEDS_PAYMENT"));
            assertThat(finance.page.getAttribute("#field-amount", "aria-invalid"))
                    .isEqualTo("true");
            assertThat(finance.page.inputValue("#field-amount")).isEqualTo("99.00");
            assertThat(finance.page.inputValue("#field-reason")).isEqualTo("cold latte");
            finance.page.fill("#field-amount", "2.50");
            finance.press("refund.do");
            finance.sees(finance.words("done.refunded"), "SGD 2.50");

            finance.turnTo("nav.reports");
            finance.page.locator("td.number a[href*=CARD]").first().click();
            finance.isTitled(finance.words("nav.search"));
            assertThat(finance.page.url()).contains("paymentMethod=CARD", "paidFrom=");
            finance.logOut();
        }
        assertThat(refunds(number)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"en", "zh"})
    void operatorClosesSendsAgainAndSeesTheRest(String language) {
        String open = pendingPayment();
        String paid = paidPayment();
        try (ConsoleVisitor operator = as("operator", language)) {
            operator.find(open);
            operator.openFound(open);
            operator.press("close.link");
            operator.press("close.do");
            operator.sees(operator.words("done.closed"));
            operator.find(paid);
            operator.openFound(paid);
            assertThat(operator.offers()).hasSameElementsAs(words(operator, "ask.do", "refund.link", "redeliver.do"));
            operator.press("redeliver.do");
            operator.sees(operator.words("done.redelivered"));
            operator.turnTo("nav.events");
            operator.page.selectOption("section select", "main");
            operator.press("ping.do");
            operator.sees("HTTP 204");
            operator.turnTo("nav.accounts");
            operator.sees(operator.words("account.works"), operator.words("certificate.days"));
            operator.turnTo("nav.routes");
            operator.page.click("#route-payment-create summary");
            operator.sees("payment-create");
            operator.turnTo("nav.audit");
            operator.sees(open, operator.words("act.CLOSE"), operator.words("act.REDELIVER"), "127.0.0.1");
            operator.logOut();
        }
        assertThat(payment(open).text("status")).isEqualTo("CLOSED");
    }

    @Test
    void isReadWithoutJavaScript() {
        String number = paidPayment();
        try (ConsoleVisitor viewer = as("viewer", "en", new Browser.NewContextOptions().setJavaScriptEnabled(false))) {
            viewer.find(number.substring(0, number.length() - 1));
            viewer.openFound(number);
            viewer.sees("succeeded, SGD 10.50", "What happened");
            for (String page : List.of("nav.reviews", "nav.reports", "nav.events", "nav.accounts", "nav.search")) {
                viewer.turnTo(page);
            }
            viewer.page.click("summary");
            viewer.page.selectOption("#field-status", "SUCCEEDED");
            viewer.press("search.find");
            assertThat(viewer.page.url()).contains("status=SUCCEEDED");
            viewer.logOut();
        }
    }

    /** Every page by its name, with a payment in each state that a page is about. */
    private Map<String, String> everyPage() {
        String number = paidPayment();
        refund(number, newRefundNumber(), 250);
        String review = paidPayment();
        reviewed(review);
        Map<String, String> pages = new LinkedHashMap<>();
        pages.put("start", "/console");
        pages.put("search", "/console/search?q=" + number + "&status=SUCCEEDED");
        pages.put("payment", pageOf(number));
        pages.put("refund", pageOf(number) + "/refund");
        pages.put("resolve", pageOf(review) + "/resolve");
        pages.put("close", pageOf(pendingPayment()) + "/close");
        for (String page : List.of("reviews", "reports", "events", "accounts", "routes", "audit")) {
            pages.put(page, "/console/" + page);
        }
        pages.put("problem", pageOf("NONE"));
        return pages;
    }

    @ParameterizedTest
    @ValueSource(strings = {"en", "zh"})
    void isAccessibleOnPhonesInLightAndDark(String language) throws IOException {
        Map<String, String> pages = everyPage();
        List<String> found = new ArrayList<>();
        Browser.NewContextOptions phone = new Browser.NewContextOptions()
                .setBypassCSP(true)
                .setViewportSize(360, 740)
                .setReducedMotion(ReducedMotion.REDUCE);
        try (ConsoleVisitor visitor = stranger(language, phone)) {
            visitor.open("/console/login?wrong");
            found.addAll(faults("login", visitor.page));
            visitor.logIn("operator");
            for (Map.Entry<String, String> page : pages.entrySet()) {
                visitor.open(page.getValue());
                found.addAll(faults(page.getKey(), visitor.page));
            }
        }
        assertThat(found).isEmpty();
    }

    /** Of the jar that the build names. */
    private static String axe() throws IOException {
        Properties about = PropertiesLoaderUtils.loadProperties(
                new ClassPathResource("META-INF/maven/org.webjars.npm/axe-core/pom.properties"));
        return new ClassPathResource(
                        "META-INF/resources/webjars/axe-core/" + about.getProperty("version") + "/axe.min.js")
                .getContentAsString(StandardCharsets.UTF_8);
    }

    private static List<String> faults(String name, Page page) throws IOException {
        List<String> found = new ArrayList<>();
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
        if (page.evaluate("document.documentElement.scrollWidth > 360").equals(true)) {
            found.add(name + " is wider than a phone: "
                    + page.evaluate("[...document.querySelectorAll('body *')].filter(e =>"
                            + " e.getBoundingClientRect().right > 361 && !e.parentElement.closest('.wide'))"
                            + ".map(e => e.outerHTML.slice(0, 90)).slice(0, 4).join(' | ')"));
        }
        page.addScriptTag(new Page.AddScriptTagOptions().setContent(axe()));
        for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
            page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(scheme));
            Object worst = page.evaluate("""
                    async dark => (await axe.run(document, dark ? {runOnly: ['color-contrast']} : {})).violations
                        .filter(fault => ['serious', 'critical'].includes(fault.impact))
                        .map(fault => fault.id + ': ' + fault.nodes.slice(0, 3)
                            .map(node => node.html.slice(0, 120) + ' ' + node.failureSummary).join(' | '))""", scheme == ColorScheme.DARK);
            for (Object fault : (List<?>) worst) {
                found.add(name + ", " + scheme + ": " + fault);
            }
        }
        return found;
    }

    @Test
    void isUsedByTheKeyboardAlone() {
        String number = paidPayment();
        try (ConsoleVisitor operator = as("operator")) {
            tabTo(operator.page, "input[type=search]");
            operator.page.keyboard().type(number);
            operator.page.keyboard().press("Enter");
            operator.isTitled("Search");
            tabTo(operator.page, "#results a");
            operator.page.keyboard().press("Enter");
            operator.isTitled("Payment " + number);
            String all = "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select,"
                    + " summary, [tabindex=\"0\"]')]";
            int controls = ((Number) operator.page.evaluate(all + ".length")).intValue();
            for (int i = 0; i < controls; i++) {
                operator.page.keyboard().press("Tab");
                operator.page.evaluate("document.activeElement.reached = getComputedStyle(document.activeElement)"
                        + ".outlineStyle + getComputedStyle(document.activeElement).boxShadow != 'nonenone'");
            }
            assertThat(operator.page.evaluate(all + ".filter(e => !e.reached).map(e => e.outerHTML)"))
                    .isEqualTo(List.of());
        }
    }

    private static void tabTo(Page page, String selector) {
        for (int i = 0; i < 40; i++) {
            page.keyboard().press("Tab");
            if (page.evaluate("s => document.activeElement.matches(s)", selector)
                    .equals(true)) {
                return;
            }
        }
        throw new AssertionError("no Tab leads to " + selector);
    }

    /** Writes the pictures of docs/console.md anew: {@code ./mvnw test -Dtest=ConsoleBrowserStoryTest -Ddocs.write=true}. */
    @Test
    @EnabledIfSystemProperty(named = "docs.write", matches = "true")
    void photographsEveryPage() throws IOException {
        Path folder = Files.createDirectories(Path.of("docs/console"));
        Map<String, String> pages = everyPage();
        try (ConsoleVisitor visitor = stranger(
                "en",
                new Browser.NewContextOptions().setViewportSize(1000, 720).setReducedMotion(ReducedMotion.REDUCE))) {
            visitor.open("/console/login");
            photograph(visitor.page, folder.resolve("login.png"));
            visitor.logIn("operator");
            for (Map.Entry<String, String> page : pages.entrySet()) {
                visitor.open(page.getValue());
                photograph(visitor.page, folder.resolve(page.getKey() + ".png"));
            }
            visitor.page.setViewportSize(360, 720);
            visitor.page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
            visitor.open(pages.get("payment"));
            photograph(visitor.page, folder.resolve("phone-dark.png"));
        }
    }

    private static void photograph(Page page, Path file) {
        page.screenshot(new Page.ScreenshotOptions().setPath(file));
    }
}
