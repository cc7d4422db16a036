package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.story.ErpReceiver.Delivery;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/** The ERP is told, and takes it or doesn't. */
@DisplayName("erp-notify")
@TestPropertySource(
        properties = {
            "tenpay.events.tick=50ms",
            "tenpay.events.timeout=1s",
            "tenpay.events.lease=3s",
            "tenpay.events.retry-delays=300ms,600ms,900ms",
            "tenpay.events.longest-pause=2s"
        })
class EventStoryTest extends Story {

    private static final ErpReceiver ERP = new ErpReceiver();
    private static final ErpReceiver MACAU_ERP = new ErpReceiver();

    @DynamicPropertySource
    static void receivers(DynamicPropertyRegistry registry) {
        String main = "tenpay.accounts.main.events.";
        registry.add(main + "url", ERP::url);
        registry.add(main + "secrets", () -> ErpReceiver.SECRET);
        registry.add(main + "headers.X-Erp-Key", () -> "an erp's own key");
        String macau = "tenpay.accounts.macau.events.";
        registry.add(macau + "url", MACAU_ERP::url);
        registry.add(macau + "secrets", () -> ErpReceiver.SECRET);
        registry.add(macau + "types", () -> "payment.succeeded,refund.succeeded");
    }

    @AfterEach
    void everySignatureWasGoodAndTheReceiversAreWellAgain() {
        assertThat(ERP.complaints()).isEmpty();
        assertThat(MACAU_ERP.complaints()).isEmpty();
        ERP.answers(ErpReceiver.status(204));
        MACAU_ERP.answers(ErpReceiver.status(204));
    }

    private static List<String> types(String number) {
        return ERP.of(number).stream().map(Delivery::type).toList();
    }

    @Test
    void theErpHearsEveryResultOnceInOrderAndSigned() {
        String number = pendingPayment();
        Answer pending = payment(number);
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        Answer paid = payment(number);
        String refund = newRefundNumber();
        refund(number, refund, 250);
        bank(refund, "SUCCESS");
        refundIsSoon(refund, "SUCCEEDED");

        eventually()
                .untilAsserted(() -> assertThat(types(number))
                        .containsExactly("payment.pending", "payment.succeeded", "refund.pending", "refund.succeeded"));

        List<Delivery> heard = ERP.of(number);
        assertThat(heard.get(0).json().path("data")).isEqualTo(pending.body());
        assertThat(heard.get(1).json().path("data")).isEqualTo(paid.body());
        assertThat(heard.get(3).json().path("data")).isEqualTo(refundOf(refund).body());
        assertThat(heard).extracting(Delivery::id).doesNotHaveDuplicates();
        assertThat(heard.get(0).json().path("timestamp").asText()).matches("20[0-9-]+T[0-9:.]+\\+00:00");
        assertThat(heard.get(0).headers().get("X-erp-key")).containsExactly("an erp's own key");
        assertThat(heard.get(0).headers().get("Content-type")).containsExactly("application/json");
    }

    @Test
    void anEventThatIsNotTakenComesAgainTheSameButNewlySignedAndOnlyItsOwnPaymentWaits() {
        String failing = newNumber();
        ERP.answers((exchange, delivery) -> ErpReceiver.status(delivery.body().contains(failing) ? 500 : 204)
                .to(exchange, delivery));
        post("/v1/payments", order(failing));
        shopper(failing, "SUCCESS");
        isSoon(failing, "SUCCEEDED");
        String other = paidPayment();
        eventually()
                .untilAsserted(() -> assertThat(types(other)).containsExactly("payment.pending", "payment.succeeded"));
        eventually().untilAsserted(() -> assertThat(ERP.of(failing)).hasSizeGreaterThanOrEqualTo(2));
        ERP.answers(ErpReceiver.status(204));

        eventually().untilAsserted(() -> assertThat(types(failing)).endsWith("payment.succeeded"));

        List<Delivery> heard = ERP.of(failing);
        List<Delivery> first = heard.subList(0, heard.size() - 1);
        assertThat(first).extracting(Delivery::type).containsOnly("payment.pending");
        assertThat(first).extracting(Delivery::id).containsOnly(first.get(0).id());
        assertThat(first).extracting(Delivery::body).containsOnly(first.get(0).body());
        assertThat(heard.get(1).at() - heard.get(0).at()).isGreaterThan(270_000_000L);
    }
}
