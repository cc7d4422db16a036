package dev.tenpayroutes.story;

import com.microsoft.playwright.Browser;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Stories of people at the console in one real browser, which is started once for a class. */
abstract class BrowserStory extends Story {

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

    final ConsoleVisitor stranger(String language, Browser.NewContextOptions options) {
        return new ConsoleVisitor(chromium, url(""), language, options);
    }

    final ConsoleVisitor as(String name, String language, Browser.NewContextOptions options) {
        ConsoleVisitor visitor = stranger(language, options);
        visitor.open("/console");
        visitor.logIn(name);
        return visitor;
    }

    final ConsoleVisitor as(String name, String language) {
        return as(name, language, new Browser.NewContextOptions());
    }

    final ConsoleVisitor as(String name) {
        return as(name, "en");
    }

    static String pageOf(String number) {
        return "/console/payments/main/" + number;
    }

    final int refunds(String number) {
        return count("select count(*) from refund where order_no = ? and account = 'main'", number);
    }
}
