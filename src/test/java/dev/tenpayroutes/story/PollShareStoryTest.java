package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/** One account's Tenpay answers each call validly, in a second. A tenth of everything: 700 due, 6 s and 32 places. */
@DisplayName("polling, beside an account that is slow")
@TestPropertySource(
        properties = {
            "tenpay.notify-base-url=http://127.0.0.1:1",
            "tenpay.poll.claim-interval=200ms",
            "tenpay.poll.concurrency=8",
            "tenpay.poll.first-delay=1h",
            "tenpay.poll.interval=1h"
        })
@DirtiesContext
class PollShareStoryTest extends Story {

    private static final int DUE = 120;
    private static final TestAccount SLOW = TestAccount.create("slow");
    private static final SdkTenpayServer TENPAY;

    static {
        try {
            TENPAY = new SdkTenpayServer(SLOW, "WECHATPAY2-SHA256-RSA2048", "Wechatpay");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @DynamicPropertySource
    static void slow(DynamicPropertyRegistry registry) {
        SLOW.settings().forEach((setting, value) -> registry.add(setting, () -> value));
        registry.add("tenpay.accounts.slow.merchant-id", () -> "2480099999");
        registry.add("tenpay.accounts.slow.base-url", TENPAY::url);
    }

    @AfterAll
    static void close() {
        TENPAY.close();
    }

    @Test
    void asksOtherAccountAtOnceAndSlowOneWithAllOtherPlaces() {
        String number = newNumber();
        // The first call of a cold program may be late.
        while (post("/v1/payments", order(number)).status() != 201) {
            number = newNumber();
        }
        String other = number;
        TENPAY.answerAfter(Duration.ofSeconds(1));
        db.sql("insert into payment overriding system value select (jsonb_populate_record(p, jsonb_build_object('id',"
                        + " 3000000000 + n, 'account', 'slow', 'order_no', 'SLOW-' || n, 'submitting_until', null,"
                        + " 'next_poll_at', now() - interval '1 minute'))).* from payment p, generate_series(1, ?) n"
                        + " where p.order_no = ?")
                .param(DUE)
                .param(other)
                .update();
        Instant begun = Instant.now();
        eventually().until(() -> asked("slow") > 8);
        Instant due = Instant.now();
        db.sql("update payment set next_poll_at = now() where order_no = ?")
                .param(other)
                .update();

        eventually().until(() -> history(other).contains("inquiry-payment CONFIRMED PENDING"));
        Duration delay = Duration.between(due, Instant.now());
        assertThat(delay).isLessThan(Duration.ofSeconds(3));
        assertThat(asked("slow")).isLessThan(DUE / 2);
        eventually().atMost(Duration.ofMinutes(1)).until(() -> asked("slow") == DUE);
        Duration all = Duration.between(begun, Instant.now());
        LoggerFactory.getLogger(getClass()).warn("the other account waited {}, the slow one took {}", delay, all);
        // Alone, the slow one has seven of the eight places.
        assertThat(all).isLessThan(Duration.ofMillis(1400L * DUE / 7));
    }

    private int asked(String account) {
        return count(
                "select count(*) from history h join payment p on p.id = h.payment_id where p.account = ?"
                        + " and h.source = 'inquiry-payment'",
                account);
    }
}
