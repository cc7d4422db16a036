package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
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

    @Test
    void refundsOnceHoweverOftenTheFormIsSent() {
        String number = paidPayment();
        Browser finance = as("finance");
        Browser.Page form = finance.get(pageOf(number) + "/refund");
        assertThat(form.text()).contains("SGD 10.50 of SGD 10.50 may still be refunded");
        String action = pageOf(number) + "/refund";
        Browser.Page tooMuch = finance.submit(form, action, "amount", "99.00", "reason", "cold latte");
        assertThat(tooMuch.status()).isEqualTo(422);
        assertThat(tooMuch.html()).contains("aria-invalid=\"true\"", "value=\"99.00\"", "value=\"cold latte\"");
        assertThat(finance.submit(tooMuch, action, "amount", "2.505").text()).contains("Type an amount");

        Map<String, String> fields = Browser.fields(tooMuch, action);
        fields.put("amount", "2.50");
        fields.put("confirm", "yes");
        assertThat(finance.post(action, fields).header("location")).isEqualTo(pageOf(number));
        assertThat(finance.post(action, fields).header("location")).isEqualTo(pageOf(number));
        assertThat(finance.get(pageOf(number)).text()).contains("The refund is on its way.", "SGD 2.50");
        assertThat(count("select count(*) from refund where order_no = ?", number))
                .isEqualTo(1);
        assertThat(count(
                        "select count(*) from console_audit where subject = ? and act = 'REFUND' and outcome = 'DONE'"
                                + " and person = 'finance' and account = 'main' and address = '127.0.0.1'",
                        number))
                .isEqualTo(1);
    }

    @Test
    void asksTenpayAndClosesByRole() {
        String number = pendingPayment();
        Browser support = as("support");
        Browser.Page page = support.get(pageOf(number));
        assertThat(support.submit(page, pageOf(number) + "/ask").header("location"))
                .isEqualTo(pageOf(number));
        assertThat(support.get(pageOf(number)).text())
                .contains("Tenpay was asked.")
                .doesNotContain("Close");
        Map<String, String> forged = Browser.fields(page, pageOf(number) + "/ask");
        assertThat(support.post(pageOf(number) + "/close", forged).status()).isEqualTo(409);
        forged.put("key", "0123456789abcdef0123456789abcdef");
        assertThat(support.post(pageOf(number) + "/close", forged).status()).isEqualTo(403);

        Browser operator = as("operator");
        Browser.Page sure = operator.get(pageOf(number) + "/close");
        assertThat(operator.submit(sure, pageOf(number) + "/close").header("location"))
                .isEqualTo(pageOf(number));
        assertThat(payment(number).text("status")).isEqualTo("CLOSED");
    }

    @Test
    void refusesAViewerEveryAct() {
        String number = paidPayment();
        Browser viewer = as("viewer");
        Map<String, String> token = Browser.fields(viewer.get("/console"), "/console/logout");
        token.put("outcome", "KEEP");
        token.put("note", "because");
        token.put("amount", "1.00");
        token.put("currency", "SGD");
        token.put("confirm", "yes");
        token.put("refundNo", newRefundNumber());
        int key = 0;
        for (String path : List.of(
                pageOf(number) + "/ask",
                pageOf(number) + "/refund",
                pageOf(number) + "/close",
                pageOf(number) + "/resolve",
                "/console/events/main/" + eventId(number, "payment.succeeded") + "/redeliver",
                "/console/events/test")) {
            token.put("key", "%032x".formatted(++key));
            assertThat(viewer.post(path, token).status()).as(path).isEqualTo(403);
        }
        assertThat(viewer.get("/console/audit").status()).isEqualTo(403);
        assertThat(viewer.get("/console/routes").status()).isEqualTo(403);
        assertThat(count("select count(*) from refund where order_no = ?", number))
                .isZero();
    }

    @Test
    void resolvesAReviewOnce() {
        String number = paidPayment();
        reviewed(number);
        Browser finance = as("finance");
        assertThat(finance.get("/console/reviews").text()).contains(number, "stuck");
        Browser.Page form = finance.get(pageOf(number) + "/resolve");
        String action = pageOf(number) + "/resolve";
        Browser operator = as("operator");
        Browser.Page alsoOpen = operator.get(action);
        Browser.Page empty = finance.submit(form, action, "outcome", "KEEP", "note", "");
        assertThat(empty.status()).isEqualTo(400);
        assertThat(empty.html()).contains("aria-invalid=\"true\"").containsPattern("value=\"KEEP\"[^>]*checked");
        assertThat(finance.submit(empty, action, "outcome", "KEEP", "note", "seen in the portal")
                        .header("location"))
                .isEqualTo(pageOf(number));
        assertThat(finance.get(pageOf(number)).text())
                .contains("The review is resolved.", "console:finance", "seen in the portal");
        assertThat(operator.submit(alsoOpen, action, "outcome", "ASK_AGAIN", "note", "late")
                        .text())
                .contains("Another person was first");
    }

    @Test
    void showsReportsEventsAccountsRoutesAndTheAuditLog() {
        String number = paidPayment();
        Browser operator = as("operator");
        assertThat(operator.get("/console/reports").html()).contains("<svg", "class=\"paid\"", "paymentMethod=CARD");
        Browser.Page events = operator.get("/console/events");
        assertThat(events.text()).contains(number, "payment.succeeded");
        assertThat(operator.submit(events, "/console/events/test", "account", "main")
                        .text())
                .contains("main: delivered in", "HTTP 204");
        assertThat(operator.get("/console/accounts").text()).contains("It works.", "Days left");
        assertThat(operator.get("/console/routes").text()).contains("payment-create", "passed");
        assertThat(operator.get("/console/audit").text()).contains("test address", "log in", "127.0.0.1");
        assertThat(as("neighbour").get("/console/audit").text()).doesNotContain(number);
    }

    @Test
    void sendsAnEventAgainAndLetsTheSandboxsShopperPay() {
        String number = pendingPayment();
        Browser operator = as("operator");
        String shopper = pageOf(number) + "/shopper";
        operator.submit(operator.get(pageOf(number)), shopper, "outcome", "SUCCESS");
        isSoon(number, "SUCCEEDED");
        String again = "/console/events/main/" + eventId(number, "payment.succeeded") + "/redeliver";
        Browser.Page sent = operator.submit(operator.get(pageOf(number)), again);
        assertThat(sent.header("location")).isEqualTo(pageOf(number));
        assertThat(operator.get(pageOf(number)).text()).contains("The event is sent again.");
    }

    @Test
    void refusesFormsBeyondItsBounds() {
        Browser browser = as("viewer");
        Map<String, String> large = Map.of("username", "x".repeat(17 * 1024));
        assertThat(browser.post("/console/login", large).status()).isEqualTo(413);
        Map<String, String> many = new java.util.TreeMap<>();
        for (int i = 0; i <= 50; i++) {
            many.put("field" + i, "x");
        }
        assertThat(browser.post("/console/login", many).status()).isEqualTo(400);
    }

    @Test
    void asksASlowFormForItsTokenToo() throws Exception {
        Browser browser = as("viewer");
        String cookies = browser.cookies().stream()
                .map(cookie -> cookie.getName() + "=" + cookie.getValue())
                .collect(java.util.stream.Collectors.joining("; "));
        try (Socket socket = new Socket("127.0.0.1", port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write(("POST /console/logout HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + cookies
                                    + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            Thread.sleep(300);
            socket.getOutputStream().write("a=b".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 403");
        }
        assertThat(browser.get("/console").status()).isEqualTo(200);
    }

    @Test
    void theSandboxsFrontPageLeadsHere() {
        Browser.Page front = new Browser(url("")).get("/");
        assertThat(front.html()).contains("href=\"/console\"", "password <code>sandbox</code>");
        assertThat(new Browser(url("")).login("sandbox", "sandbox").header("location"))
                .isEqualTo("/console");
    }
}
