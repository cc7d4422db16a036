package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tenpayroutes.client.Amount;
import dev.tenpayroutes.client.ApiClient;
import dev.tenpayroutes.client.ApiException;
import dev.tenpayroutes.client.EventOutcome;
import dev.tenpayroutes.client.EventSource;
import dev.tenpayroutes.client.Goods;
import dev.tenpayroutes.client.Order;
import dev.tenpayroutes.client.Payer;
import dev.tenpayroutes.client.Payment;
import dev.tenpayroutes.client.PaymentMethod;
import dev.tenpayroutes.client.PaymentStatus;
import dev.tenpayroutes.client.PaymentsApi;
import dev.tenpayroutes.client.Problem;
import dev.tenpayroutes.client.ReferenceApi;
import dev.tenpayroutes.client.Refund;
import dev.tenpayroutes.client.RefundRequest;
import dev.tenpayroutes.client.RefundStatus;
import dev.tenpayroutes.client.Refunds;
import dev.tenpayroutes.client.RefundsApi;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What an integrator lives through who has a client generated from the contract, and writes no HTTP. */
@DisplayName("a client generated from merchant-api.yaml")
class GeneratedClientStoryTest extends Story {

    private PaymentsApi payments;
    private RefundsApi refunds;
    private ReferenceApi reference;
    private ApiClient client;

    @BeforeEach
    void aClientWithAKey() {
        client = new ApiClient();
        client.updateBaseUri(url(""));
        client.setRequestInterceptor(request -> request.header("X-API-Key", KEY));
        payments = new PaymentsApi(client);
        refunds = new RefundsApi(client);
        reference = new ReferenceApi(client);
    }

    private static Amount sgd(long total) {
        return new Amount().total(total).currency("SGD");
    }

    private static Order newOrder() {
        return new Order()
                .orderNo(newNumber())
                .paymentMethod("CARD")
                .region("SG")
                .amount(sgd(1050))
                .description("2 x latte")
                .validitySeconds(600)
                .payer(new Payer().openId("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"))
                .addGoodsItem(new Goods().id("latte").name("Latte").quantity(2).unitPrice(sgd(525)))
                .putMetadataItem("costCentre", "42");
    }

    private Problem problem(ApiException e) {
        assertThat(e.getResponseHeaders().firstValue("Content-Type")).hasValue("application/problem+json");
        try {
            return client.getObjectMapper().readValue(e.getResponseBody(), Problem.class);
        } catch (com.fasterxml.jackson.core.JsonProcessingException notOne) {
            throw new AssertionError(e.getResponseBody(), notOne);
        }
    }

    @Test
    void anOrderIsMadePaidAndRefundedAndItsHistoryTellsSo() throws ApiException {
        Order order = newOrder();
        String number = order.getOrderNo();

        Payment created = payments.createPayment(order, UUID.randomUUID().toString());

        assertThat(created.getStatus()).isEqualTo(PaymentStatus.PENDING);
        assertThat(created.getPrepayInfo()).isNotBlank();
        assertThat(created.getAmount()).isEqualTo(sgd(1050));
        assertThat(created.getMetadata()).containsEntry("costCentre", "42");
        assertThat(created.getExpiresAt()).isAfter(created.getCreatedAt());

        shopper(number, "SUCCESS");
        Payment paid = payments.syncPayment(number, null, null);

        assertThat(paid.getStatus()).isEqualTo(PaymentStatus.SUCCEEDED);
        assertThat(paid.getPaidAt()).isNotNull();

        String refundNumber = newRefundNumber();
        Refund refund = refunds.createRefund(
                number, new RefundRequest().refundNo(refundNumber).amount(sgd(250)), null, null);
        bank(refundNumber, "SUCCESS");
        Refund refunded = refunds.syncRefund(refundNumber, null, null);

        assertThat(refund.getStatus()).isEqualTo(RefundStatus.PENDING);
        assertThat(refunded.getStatus()).isEqualTo(RefundStatus.SUCCEEDED);
        assertThat(refunds.getRefund(refundNumber, null)).isEqualTo(refunded);
        assertThat(refunds.listRefunds(number, null, null, null).getItems()).containsExactly(refunded);
        assertThat(payments.getPayment(number, null).getRefunded().getTotal()).isEqualTo(250);
        assertThat(payments.listPaymentEvents(number, null, null, null).getItems())
                .anySatisfy(event -> {
                    assertThat(event.getSource()).isEqualTo(EventSource.ORDER);
                    assertThat(event.getOutcome()).isEqualTo(EventOutcome.STORED);
                })
                .anySatisfy(event -> {
                    assertThat(event.getSource()).isEqualTo(EventSource.CHECKOUT_PAY);
                    assertThat(event.getOutcome()).isEqualTo(EventOutcome.CHANGED);
                })
                .anySatisfy(event -> assertThat(event.getRefundNo()).isEqualTo(refundNumber));
    }

    @Test
    void anOpenOrderIsClosed() throws ApiException {
        String number = pendingPayment();
        assertThat(payments.closePayment(number, "main", null).getStatus()).isEqualTo(PaymentStatus.CLOSED);
    }

    @Test
    void allRefundsOfAPaymentAreListedPageByPage() throws ApiException {
        String number = paidPayment();
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String refund = newRefundNumber();
            refunds.createRefund(number, new RefundRequest().refundNo(refund).amount(sgd(100)), null, null);
            made.add(refund);
        }

        List<String> listed = new ArrayList<>();
        String cursor = null;
        do {
            Refunds page = refunds.listRefunds(number, null, 3, cursor);
            page.getItems().forEach(refund -> listed.add(refund.getRefundNo()));
            cursor = page.getNextCursor();
        } while (cursor != null);

        assertThat(listed).isEqualTo(made);
    }

    @Test
    void aNumberMayHoldCharactersThatAPathMustEscape() throws ApiException {
        Order order = newOrder().orderNo("A_b-c|d*" + System.nanoTime() % 1_000_000_000L);
        payments.createPayment(order, null);
        assertThat(payments.getPayment(order.getOrderNo(), null).getOrderNo()).isEqualTo(order.getOrderNo());
    }

    @Test
    void theMethodsAndTheContractAreRead() throws ApiException, IOException {
        PaymentMethod card = reference.listPaymentMethods().getItems().get(0);
        assertThat(card.getPaymentMethod()).isEqualTo("CARD");
        assertThat(card.getLimits().get(0).getMax()).isEqualTo(1_500_000);
        assertThat(card.getRefund().getWindowDays()).isNull();
        assertThat(reference.getContract())
                .hasSameBinaryContentAs(
                        Path.of("src/main/resources/openapi/merchant-api.yaml").toFile());
    }

    @Test
    void anErrorIsAProblem() throws ApiException {
        Order order = newOrder();
        payments.createPayment(order, null);
        order.setDescription("3 x latte");

        ApiException conflict = catchThrowableOfType(ApiException.class, () -> payments.createPayment(order, null));

        assertThat(conflict.getCode()).isEqualTo(409);
        assertThat(problem(conflict).getCode()).isEqualTo("ORDER_CONFLICT");
        assertThat(problem(conflict).getDetail()).contains("other content");
        assertThat(problem(conflict).getTenpayCode()).isNull();

        Order another = newOrder();
        fault(another.getOrderNo(), "checkout-pay", "PARAM_ERROR");
        ApiException refused = catchThrowableOfType(ApiException.class, () -> payments.createPayment(another, null));

        assertThat(refused.getCode()).isEqualTo(422);
        assertThat(problem(refused).getTenpayCode()).isEqualTo("PARAM_ERROR");
    }
}
