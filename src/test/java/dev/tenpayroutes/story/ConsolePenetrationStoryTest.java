package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.options.SameSiteAttribute;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What attackers try at the console by a real browser, and what impatient people do there. */
@DisplayName("attacks on the console")
class ConsolePenetrationStoryTest extends BrowserStory {

    private static final String ATTACK = "<img src=x onerror=alert(1)><script>alert(2)</script>";

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
                    .allMatch(fault -> fault.contains("Content Security Policy")
                            || fault.contains("asked: https://evil.example/"));
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
            assertThat(finance.page.frames().get(1).locator("nav").count()).isZero();
            assertThat(finance.takeFaults()).allMatch(fault -> fault.contains("frame-ancestors"));
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
        String asked = "select count(*) from console_audit where subject = ? and act = 'ASK'";
        // A visitor each: the second click's answer may still come, and no browser goes back to the answer of a form.
        try (ConsoleVisitor finance = as("finance")) {
            finance.open(pageOf(number));
            finance.control("ask.do").dblclick();
            eventually().untilAsserted(() -> assertThat(count(asked, number)).isEqualTo(1));
        }
        try (ConsoleVisitor finance = as("finance")) {
            finance.open(pageOf(number) + "/refund");
            finance.page.fill("#field-amount", "1.50");
            finance.page.check("#field-confirm");
            finance.control("refund.do").dblclick();
            eventually().untilAsserted(() -> assertThat(refunds(number)).isEqualTo(1));
        }
        try (ConsoleVisitor finance = as("finance")) {
            finance.open(pageOf(number) + "/refund");
            finance.page.fill("#field-amount", "2.50");
            finance.page.check("#field-confirm");
            finance.press("refund.do");
            finance.sees("SGD 2.50");
            while (!finance.page.url().endsWith("/refund")) {
                finance.page.goBack();
            }
            finance.page.waitForResponse(
                    answer -> answer.request().method().equals("POST"),
                    () -> finance.page.evaluate("document.querySelector('main form').submit()"));
        }
        assertThat(refunds(number)).isEqualTo(2);
        assertThat(count(asked, number)).isEqualTo(1);
    }

    @Test
    void aFormBentToAnotherAccountOrCurrencyDoesNothing() {
        String number = paidPayment();
        alsoInMacau(number);
        try (ConsoleVisitor neighbour = as("neighbour");
                ConsoleVisitor finance = as("finance")) {
            neighbour.open("/console/payments/macau/" + number + "/refund");
            neighbour.page.check("#field-confirm");
            neighbour.page.evaluate("document.querySelector('main form').action = '" + pageOf(number) + "/refund'");
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
}
