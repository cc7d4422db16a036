package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Download;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.SameSiteAttribute;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The days of people at the console in a real browser, and what attackers try there. */
@DisplayName("the console in a browser")
class ConsoleBrowserStoryTest extends Story {

    private static final String AXE = "/META-INF/resources/webjars/axe-core/4.6.3/axe.min.js";
    private static final String ATTACK = "<img src=x onerror=alert(1)><script>alert(2)</script>";

    private static Chromium chromium;

    @BeforeAll
    static void start() {
        chromium = Chromium.start();
    }

    @AfterAll
    static void stop() {
        if (chromium != null) {
            chromium.close();
        }
    }

    private ConsoleVisitor stranger(String language, Browser.NewContextOptions options) {
        return new ConsoleVisitor(chromium, url(""), language, options);
    }

    private ConsoleVisitor as(String name, String language, Browser.NewContextOptions options) {
        ConsoleVisitor visitor = stranger(language, options);
        visitor.open("/console");
        visitor.logIn(name);
        return visitor;
    }

    private ConsoleVisitor as(String name, String language) {
        return as(name, language, new Browser.NewContextOptions());
    }

    private ConsoleVisitor as(String name) {
        return as(name, "en");
    }

    private static String pageOf(String number) {
        return "/console/payments/main/" + number;
    }

    private static List<String> words(ConsoleVisitor visitor, String... keys) {
        return List.of(keys).stream().map(visitor::words).toList();
    }

    private int refunds(String number) {
        return count("select count(*) from refund where order_no = ? and account = 'main'", number);
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
            assertThat(operator.offers()).isEqualTo(words(operator, "ask.do", "refund.link", "redeliver.do"));
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
        Browser.NewContextOptions phone =
                new Browser.NewContextOptions().setBypassCSP(true).setViewportSize(360, 740);
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

    private static List<String> faults(String name, Page page) throws IOException {
        List<String> found = new ArrayList<>();
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
        if (page.evaluate("document.documentElement.scrollWidth > 360").equals(true)) {
            found.add(name + " is wider than a phone: "
                    + page.evaluate("[...document.querySelectorAll('body *')].filter(e =>"
                            + " e.getBoundingClientRect().right > 361 && !e.parentElement.closest('.wide'))"
                            + ".map(e => e.outerHTML.slice(0, 90)).slice(0, 4).join(' | ')"));
        }
        try (InputStream axe = Chromium.class.getResourceAsStream(AXE)) {
            page.addScriptTag(new Page.AddScriptTagOptions()
                    .setContent(new String(axe.readAllBytes(), StandardCharsets.UTF_8)));
        }
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

    @Test
    void showsLiterallyWhatOrdersBringEvenWithoutItsPolicy() {
        String number = newNumber();
        String order = order(number).replace("2 x latte", ATTACK).replace("\"42\"", "\"" + ATTACK + "\"");
        assertThat(post("/v1/payments", order).status()).isEqualTo(201);
        String withOpenId = order(newNumber()).replaceFirst("\\{", "{\"payer\":{\"openId\":\"" + ATTACK + "\"},");
        assertThat(post("/v1/payments", withOpenId).status()).isEqualTo(400);
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);
        reviewed(number);
        assertThat(post("/v1/payments/" + number + "/review/resolve", KEEP.replace("compared", ATTACK))
                        .status())
                .isEqualTo(200);
        db.sql("update payment set fail_reason = ?, review = 'STUCK' where order_no = ?")
                .params(List.of(ATTACK, number))
                .update();
        db.sql("update refund set reason = ?, fail_reason = ? where order_no = ?")
                .params(List.of(ATTACK, ATTACK, number))
                .update();
        try (ConsoleVisitor operator = as("operator", "en", new Browser.NewContextOptions().setBypassCSP(true))) {
            for (String path : List.of(
                    pageOf(number),
                    pageOf(number) + "/refund",
                    pageOf(number) + "/resolve",
                    "/console/search?q=" + refundNumber,
                    "/console/search?q=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E&currency=%22%3E%3Cimg%20src=x%3E",
                    "/console/reviews",
                    "/console/events",
                    "/console/reports?from=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
                    "/console/audit",
                    "/console")) {
                operator.open(path);
                assertThat(operator.page.locator("main img, body script").count())
                        .as(path)
                        .isZero();
            }
            operator.open(pageOf(number));
            int literal = operator.page.locator("main").innerText().split("<img src=x onerror", -1).length - 1;
            assertThat(literal).isGreaterThanOrEqualTo(5);
        }
    }

    @Test
    void itsPolicyRunsAndLoadsNothingThatGotIn() {
        try (ConsoleVisitor visitor = as("viewer")) {
            Object refused = visitor.page.evaluate("""
                    () => new Promise(done => {
                        const refused = new Set();
                        document.addEventListener('securitypolicyviolation', event => {
                            refused.add(event.effectiveDirective);
                            if (refused.size == 6) done([...refused].sort());
                        });
                        setTimeout(() => done([...refused].sort()), 5000);
                        document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="alert(1)">'
                            + '<img src="https://evil.example/a.png"><iframe src="https://evil.example/"></iframe>'
                            + '<p style="color: red">');
                        const script = document.createElement('script');
                        script.textContent = 'alert(2)';
                        document.body.append(script);
                        fetch('https://evil.example/').catch(() => 0);
                    })""");
            assertThat(refused)
                    .isEqualTo(List.of(
                            "connect-src",
                            "frame-src",
                            "img-src",
                            "script-src-attr",
                            "script-src-elem",
                            "style-src-attr"));
            assertThat(visitor.takeFaults())
                    .allSatisfy(fault -> assertThat(fault).contains("Content Security Policy"));
        }
    }

    @Test
    void aSessionPlantedBeforeTheLoginIsWorthNothing() {
        try (ConsoleVisitor attacker = as("viewer");
                ConsoleVisitor victim = stranger("en", new Browser.NewContextOptions())) {
            String planted = attacker.session();
            victim.plant(planted);
            victim.open("/console/login");
            victim.logIn("operator");
            assertThat(victim.session()).isNotEqualTo(planted);
            attacker.open("/console/audit");
            assertThat(attacker.page.content()).doesNotContain("operator (operator)");
        }
    }

    @Test
    void aPageOfAnotherServerActsAndFramesNothing() {
        String number = paidPayment();
        String form = """
                <form method="post" action="%s"><input name="amount" value="2.50"><input name="currency" value="SGD">
                <input name="refundNo" value="%s"><input name="confirm" value="yes">
                <input name="key" value="0123456789abcdef0123456789abcde1"></form><script>document.forms[0].submit()</script>""".formatted(url(pageOf(number) + "/refund"), newRefundNumber());
        try (ConsoleVisitor finance = as("finance")) {
            finance.openForeign(form);
            finance.isTitled("That did not work");
            finance.sees("This form is not from here");
            assertThat(refunds(number)).isZero();

            finance.openForeign("<iframe src=\"" + url(pageOf(number)) + "\"></iframe>");
            assertThat(finance.page.frames()).hasSize(2);
            assertThat(finance.page.frames().get(1).locator("h1").count()).isZero();
            assertThat(finance.takeFaults())
                    .allMatch(fault -> fault.contains(":49151/") || fault.contains("frame-ancestors"));
            finance.open("/console");
            finance.isTitled("Start");
        }
    }

    @Test
    void itsCookiesAreForTheConsoleAlone() {
        try (ConsoleVisitor viewer = as("viewer", "zh")) {
            assertThat(viewer.cookies()).hasSize(4).allSatisfy(cookie -> {
                assertThat(cookie.httpOnly).as(cookie.name).isTrue();
                assertThat(cookie.sameSite).as(cookie.name).isEqualTo(SameSiteAttribute.STRICT);
                assertThat(cookie.path).as(cookie.name).isEqualTo("/console");
            });
            assertThat(viewer.page.evaluate("document.cookie")).isEqualTo("");
        }
    }

    @Test
    void leadsBackToWhereOneWasWhenTheSessionHasEnded() {
        String number = paidPayment();
        try (ConsoleVisitor support = as("support")) {
            support.open(pageOf(number));
            support.loseSession();
            support.press("ask.do");
            support.logIn("support");
            support.isTitled("Payment " + number);

            support.open("/console/search");
            support.loseSession();
            support.page.fill("#field-q", number);
            support.press("search.find");
            support.logIn("support");
            support.isTitled("Search");
            support.openFound(number);
        }
    }

    @Test
    void doubleClicksAndTheBackButtonDoNothingTwice() {
        String number = paidPayment();
        try (ConsoleVisitor finance = as("finance")) {
            finance.open(pageOf(number));
            finance.control("ask.do").dblclick();
            finance.open(pageOf(number) + "/refund");
            finance.page.fill("#field-amount", "2.50");
            finance.page.check("#field-confirm");
            finance.control("refund.do").dblclick();
            eventually().untilAsserted(() -> assertThat(refunds(number)).isEqualTo(1));
            finance.open(pageOf(number));
            finance.sees("SGD 2.50");
            while (!finance.page.url().endsWith("/refund")) {
                finance.page.goBack();
            }
            finance.page.waitForResponse(
                    answer -> answer.request().method().equals("POST"),
                    () -> finance.page.evaluate("document.querySelector('main form').submit()"));
        }
        assertThat(refunds(number)).isEqualTo(1);
        assertThat(count("select count(*) from console_audit where subject = ? and act = 'ASK'", number))
                .isEqualTo(1);
    }

    @Test
    void aFormBentToAnotherAccountOrCurrencyDoesNothing() {
        String number = paidPayment();
        alsoInMacau(number);
        try (ConsoleVisitor neighbour = as("neighbour");
                ConsoleVisitor finance = as("finance")) {
            neighbour.open("/console/payments/macau/" + number + "/refund");
            neighbour.page.check("#field-confirm");
            neighbour.page.evaluate(
                    "document.querySelector('main form').action = '" + pageOf(number) + "/refund'");
            neighbour.press("refund.do");
            neighbour.isTitled("Not found");

            finance.open(pageOf(number) + "/refund");
            finance.page.check("#field-confirm");
            finance.page.fill("#field-amount", "250");
            finance.page.evaluate("document.querySelector('input[name=currency]').value = 'JPY'");
            finance.press("refund.do");
            com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat(
                            finance.page.locator("main [role=alert]"))
                    .isVisible();
        }
        assertThat(refunds(number)).isZero();
    }

    /** Writes the pictures of docs/console.md anew: {@code ./mvnw test -Dtest=ConsoleBrowserStoryTest -Ddocs.write=true}. */
    @Test
    @EnabledIfSystemProperty(named = "docs.write", matches = "true")
    void photographsEveryPage() throws IOException {
        Path folder = Files.createDirectories(Path.of("docs/console"));
        Map<String, String> pages = everyPage();
        try (ConsoleVisitor visitor =
                stranger("en", new Browser.NewContextOptions().setViewportSize(1000, 720))) {
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
