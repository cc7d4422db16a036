package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What people live through in the console, and what those try who have no right to be there. */
@DisplayName("the console")
class ConsoleStoryTest extends Story {

    private Browser as(String name) {
        return Browser.of(url(""), name);
    }

    private static String pageOf(String number) {
        return "/console/payments/main/" + number;
    }

    @Test
    void asksWhoOneIsAndLeadsBackToWhereOneWas() {
        Browser browser = new Browser(url(""));
        Browser.Page refused = browser.get("/console/search?q=SO-1");
        assertThat(refused.status()).isEqualTo(302);
        assertThat(refused.header("location")).isEqualTo("/console/login?next=%2Fconsole%2Fsearch%3Fq%3DSO-1");
        Browser.Page login = browser.get(refused.header("location"));
        Browser.Page in = browser.submit(login, "/console/login", "username", "viewer", "password", PASSWORD);
        assertThat(in.header("location")).isEqualTo("/console/search?q=SO-1");
        assertThat(browser.get("/console").text()).contains("Start", "viewer (viewer)", "What needs a person");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://evil.example/",
                "//evil.example/",
                "/console//evil.example",
                "/console/../v1/payments",
                "/consoleevil",
                "/console\\evil.example",
                "javascript:alert(1)",
                "/console/logout"
            })
    void leadsNowhereElse(String next) {
        Browser browser = new Browser(url(""));
        Browser.Page login = browser.get("/console/login");
        Browser.Page in =
                browser.submit(login, "/console/login", "username", "viewer", "password", PASSWORD, "next", next);
        assertThat(in.header("location")).isEqualTo("/console");
    }

    @Test
    void letsNobodyInByAKeyNorCallTheApiByASession() {
        assertThat(send("GET", "/console", KEY, null).status()).isEqualTo(302);
        Browser browser = as("operator");
        assertThat(browser.get("/v1/payments").status()).isEqualTo(401);
        assertThat(browser.cookies()).allSatisfy(cookie -> {
            assertThat(cookie.getPath()).isEqualTo("/console");
            assertThat(cookie.isHttpOnly()).isTrue();
        });
    }

    @Test
    void tellsBrowsersToRunAndFrameNothingElse() {
        Browser.Page login = new Browser(url("")).get("/console/login");
        assertThat(login.header("content-security-policy"))
                .contains("default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'");
        assertThat(login.header("x-frame-options")).isEqualTo("DENY");
        assertThat(login.html()).doesNotContain("style=", "onclick", "http://", "https://");
        assertThat(login.header("set-cookie")).contains("SameSite=Strict", "HttpOnly");
    }

    @Test
    void makesANewSessionAtTheLogin() {
        Browser browser = new Browser(url(""));
        browser.get("/console/login");
        assertThat(browser.cookies()).noneMatch(cookie -> cookie.getName().equals("console-session"));
        browser.login("viewer", PASSWORD);
        String first = session(browser);
        browser.login("viewer", PASSWORD);
        assertThat(session(browser)).isNotEqualTo(first);
    }

    private static String session(Browser browser) {
        return browser.cookies().stream()
                .filter(cookie -> cookie.getName().equals("console-session"))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    @Test
    void locksANameAfterFiveFailures() {
        Browser browser = new Browser(url(""));
        for (int i = 0; i < 5; i++) {
            assertThat(browser.login("forgetful", "wrong").header("location")).contains("?wrong");
        }
        assertThat(browser.login("forgetful", PASSWORD).header("location")).contains("?locked");
        assertThat(browser.get("/console/login?locked").text()).contains("locked for a while");
        assertThat(count("select count(*) from console_audit where person = 'forgetful' and act = 'LOGIN_FAILED'"))
                .isEqualTo(5);
    }

    @Test
    void refusesAFormWithoutItsToken() {
        Browser browser = as("viewer");
        Browser.Page refused = browser.post("/console/logout", Map.of());
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.text()).contains("out of date");
        assertThat(browser.get("/console").status()).isEqualTo(200);
        assertThat(browser.submit(browser.get("/console"), "/console/logout").header("location"))
                .isEqualTo("/console/login?out");
        assertThat(browser.get("/console").status()).isEqualTo(302);
    }

    @Test
    void showsAPaymentFromOrderToTheErpsEar() {
        String number = paidPayment();
        refund(number, newRefundNumber(), 250);
        eventually().untilAsserted(() -> assertThat(events(number)).contains("payment.succeeded"));
        String text = as("viewer").get(pageOf(number)).text();
        assertThat(text)
                .contains("succeeded, SGD 10.50", "The ERP's order was stored.", "SGD 2.50", "2 x latte", "costCentre")
                .contains("payment.succeeded");
    }

    @ParameterizedTest
    @ValueSource(strings = {"orderNo", "prefix", "paymentId", "metadata", "refundNo"})
    void findsAPaymentByAnyNumber(String kind) {
        String number = paidPayment();
        String refund = newRefundNumber();
        refund(number, refund, 250);
        String typed =
                switch (kind) {
                    case "prefix" -> number.substring(0, number.length() - 1);
                    case "paymentId" -> payment(number).text("paymentId");
                    case "metadata" -> "costCentre%3D42";
                    case "refundNo" -> refund;
                    default -> number;
                };
        assertThat(as("viewer").get("/console/search?q=" + typed).html()).contains(pageOf(number) + "\"");
    }

    @Test
    void exportsWhatIsShown() {
        String number = paidPayment();
        Browser.Page csv = as("viewer").get("/console/search.csv?q=" + number);
        assertThat(csv.header("content-type")).startsWith("text/csv");
        assertThat(csv.html()).contains(number + ",main,SUCCEEDED,CARD,SG,10.50,");
        assertThat(count("select count(*) from console_audit where act = 'EXPORT' and outcome = 'DONE'"))
                .isPositive();
    }

    @Test
    void saysBesideTheFieldWhatIsWrongAndKeepsWhatWasTyped() {
        Browser.Page page = as("viewer").get("/console/search?paymentMethod=" + "X".repeat(40) + "&currency=sgd");
        assertThat(page.status()).isEqualTo(400);
        assertThat(page.html()).contains("aria-invalid=\"true\"", "value=\"sgd\"", "X".repeat(40));
    }

    @Test
    void doesNotFindWhatAnotherAccountHas() {
        String number = paidPayment();
        Browser neighbour = as("neighbour");
        Browser.Page page = neighbour.get(pageOf(number));
        assertThat(page.status()).isEqualTo(404);
        assertThat(page.text()).contains("Not found").doesNotContain(number);
        assertThat(neighbour.get("/console/payments/macau/" + number).status()).isEqualTo(404);
        assertThat(neighbour.get("/console/search?q=" + number).html()).doesNotContain(pageOf(number));
        assertThat(neighbour.get("/console/search?account=main").text()).doesNotContain(number);
    }

    @Test
    void runsNothingThatAnOrderBrings() {
        String attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
        String number = newNumber();
        String order = order(number)
                .replace("2 x latte", "<script>alert(1)</script>'>")
                .replace("\"42\"", "\"%s\"");
        assertThat(post("/v1/payments", order.formatted(attack.replace("\"", "\\\"")))
                        .status())
                .isEqualTo(201);
        db.sql("update payment set fail_reason = ? where order_no = ?")
                .param(attack)
                .param(number)
                .update();
        Browser viewer = as("viewer");
        String html = viewer.get(pageOf(number)).html()
                + viewer.get("/console/search?q=" + number).html()
                + viewer.get("/console/search?q=%3Cscript%3Ealert(1)%3C/script%3E%22%27%3E")
                        .html();
        assertThat(html).contains("&lt;script&gt;alert(1)").doesNotContain("<script>alert", "<img");
    }

    @Test
    void speaksChinese() {
        Browser browser = as("viewer");
        Browser.Page page = browser.get("/console/search");
        Browser.Page kept = browser.submit(page, "/console/preferences", "language", "zh", "zone", "Asia/Shanghai");
        assertThat(URI.create(kept.header("location")).getPath()).isEqualTo("/console/search");
        String number = paidPayment();
        assertThat(browser.get(pageOf(number)).text()).contains("付款 " + number, "成功", "ERP 的订单已保存。", "Asia/Shanghai");
    }
}
