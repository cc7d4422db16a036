package dev.tenpayroutes.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletResponse;

class SandboxRulesTest {

    private SandboxStage stage;

    @BeforeEach
    void setUp(@TempDir Path root) {
        stage = new SandboxStage(root);
    }

    @AfterEach
    void tearDown() throws Exception {
        stage.close();
    }

    private JsonNode payment(String number) throws Exception {
        return stage.call("inquiry-payment", stage.inquiry(number), 200);
    }

    private JsonNode refund(String number) throws Exception {
        return stage.call(
                "inquiry-refund",
                SandboxStage.JSON
                        .createObjectNode()
                        .put("merchant_id", "2480000001")
                        .put("out_refund_no", number),
                200);
    }

    private void isRefused(String call, ObjectNode body, int status, String code) throws Exception {
        assertThat(stage.call(call, body, status).path("code").asText()).isEqualTo(code);
    }

    private MockHttpServletResponse shopper(String path, String body) throws Exception {
        // As curl sends it without a -H.
        return stage.mvc
                .perform(post(path)
                        .contentType("application/x-www-form-urlencoded")
                        .content(body))
                .andReturn()
                .getResponse();
    }

    private JsonNode view(String path) throws Exception {
        return SandboxStage.JSON.readTree(
                stage.mvc.perform(get(path)).andReturn().getResponse().getContentAsByteArray());
    }

    @Test
    void theSameOrderTwiceIsOnePayment() throws Exception {
        ObjectNode order = stage.checkout("SO-0001");
        JsonNode first = stage.call("checkout-pay", order, 200);
        stage.clock.pass(Duration.ofHours(1));
        JsonNode again = stage.call("checkout-pay", order, 200);
        assertThat(again.path("payment_id")).isEqualTo(first.path("payment_id"));
        assertThat(again.path("prepay_info")).isEqualTo(first.path("prepay_info"));
        assertThat(first.path("payment_id").asText()).startsWith("4200");
        assertThat(view("/sandbox/payments/SO-0001").at("/calls/checkout-pay").asInt())
                .isEqualTo(2);
    }

    @Test
    void theSameContentInAnotherOrderOfFieldsIsTheSameContent() throws Exception {
        ObjectNode order = stage.checkout("SO-0001");
        JsonNode first = stage.call("checkout-pay", order, 200);
        ObjectNode turned = SandboxStage.JSON.createObjectNode();
        turned.set("goods", order.remove("goods"));
        turned.setAll(order);
        assertThat(stage.call("checkout-pay", turned, 200)).isEqualTo(first);
    }

    @Test
    void theSameNumberWithOtherContentIsAConflict() throws Exception {
        ObjectNode order = stage.checkout("SO-0001");
        stage.call("checkout-pay", order, 200);
        isRefused("checkout-pay", order.put("description", "3 x latte"), 409, "ORDER_CONFLICT");
    }

    @Test
    void theShopperPaysInTime() throws Exception {
        stage.call("checkout-pay", stage.checkout("SO-0001"), 200);
        assertThat(payment("SO-0001").path("status").asText()).isEqualTo("PROCESSING");
        stage.clock.pass(Duration.ofSeconds(2));
        stage.ledger.settleDue();
        assertThat(payment("SO-0001").path("status").asText()).isEqualTo("PROCESSING");
        stage.clock.pass(Duration.ofSeconds(1));
        stage.ledger.settleDue();
        assertThat(payment("SO-0001").path("status").asText()).isEqualTo("SUCCESS");
        assertThat(payment("SO-0001").path("success_time").asText()).endsWith("+08:00");
    }

    @Test
    void expiresUnpaidOrder() throws Exception {
        ObjectNode order = stage.checkout("SO-0001")
                .put("expire_time", stage.clock.instant().plusSeconds(2).toString());
        stage.call("checkout-pay", order, 200);
        stage.clock.pass(Duration.ofSeconds(10));
        stage.ledger.settleDue();
        assertThat(payment("SO-0001").path("status").asText()).isEqualTo("EXPIRED");
    }

    @Test
    void anOpenCardOrderIsClosedForGood() throws Exception {
        stage.call("checkout-pay", stage.checkout("SO-0001"), 200);
        assertThat(stage.call("close-payment", stage.inquiry("SO-0001"), 200)
                        .path("status")
                        .asText())
                .isEqualTo("CLOSED");
        stage.clock.pass(Duration.ofHours(1));
        stage.ledger.settleDue();
        assertThat(payment("SO-0001").path("status").asText()).isEqualTo("CLOSED");
        assertThat(stage.call("close-payment", stage.inquiry("SO-0001"), 200)
                        .path("status")
                        .asText())
                .isEqualTo("CLOSED");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PAYNOW", "BOC_MACAU"})
    void someMethodsCannotBeClosed(String method) throws Exception {
        stage.call("checkout-pay", stage.checkout("SO-0001").put("method_key", method), 200);
        isRefused("close-payment", stage.inquiry("SO-0001"), 409, "CLOSE_NOT_SUPPORTED");
    }

    @Test
    void aPaidOrderCannotBeClosed() throws Exception {
        stage.paid("SO-0001");
        isRefused("close-payment", stage.inquiry("SO-0001"), 409, "ORDER_PAID");
    }

    @Test
    void whatDoesNotExistIsNotFound() throws Exception {
        isRefused("inquiry-payment", stage.inquiry("SO-0001"), 404, "ORDER_NOT_EXIST");
        isRefused("close-payment", stage.inquiry("SO-0001"), 404, "ORDER_NOT_EXIST");
        isRefused("refund", stage.refund("SO-0001", "RF-0001", 1), 404, "ORDER_NOT_EXIST");
        isRefused("inquiry-refund", stage.inquiry("SO-0001").put("out_refund_no", "RF-0001"), 404, "REFUND_NOT_EXIST");
    }

    @Test
    void refundsNeverExceedThePayment() throws Exception {
        stage.paid("SO-0001");
        stage.call("refund", stage.refund("SO-0001", "RF-0001", 1000), 200);
        isRefused("refund", stage.refund("SO-0001", "RF-0002", 51), 409, "REFUND_EXCEEDED");
        isRefused("refund", stage.refund("SO-0001", "RF-0002", Long.MAX_VALUE), 409, "REFUND_EXCEEDED");
        stage.call("refund", stage.refund("SO-0001", "RF-0002", 50), 200);
        isRefused("refund", stage.refund("SO-0001", "RF-0003", 1), 409, "REFUND_EXCEEDED");
    }

    @Test
    void aFailedRefundGivesItsMoneyBackToThePayment() throws Exception {
        stage.paid("SO-0001");
        stage.call("refund", stage.refund("SO-0001", "RF-0001", 1050), 200);
        assertThat(shopper("/sandbox/refunds/RF-0001/outcome", "FAILED").getStatus())
                .isEqualTo(200);
        assertThat(refund("RF-0001").path("fail_reason").asText()).isNotEmpty();
        stage.call("refund", stage.refund("SO-0001", "RF-0002", 1050), 200);
    }

    @Test
    void theSameRefundTwiceIsOneRefund() throws Exception {
        stage.paid("SO-0001");
        JsonNode first = stage.call("refund", stage.refund("SO-0001", "RF-0001", 1050), 200);
        assertThat(stage.call("refund", stage.refund("SO-0001", "RF-0001", 1050), 200))
                .isEqualTo(first);
        isRefused("refund", stage.refund("SO-0001", "RF-0001", 1), 409, "ORDER_CONFLICT");
        assertThat(first.path("refund_id").asText()).startsWith("5030");
    }

    @Test
    void aRefundSucceedsInTime() throws Exception {
        stage.paid("SO-0001");
        stage.call("refund", stage.refund("SO-0001", "RF-0001", 1050), 200);
        assertThat(refund("RF-0001").path("status").asText()).isEqualTo("PROCESSING");
        stage.clock.pass(Duration.ofSeconds(2));
        stage.ledger.settleDue();
        assertThat(refund("RF-0001").path("status").asText()).isEqualTo("SUCCESS");
    }

    @Test
    void anUnpaidOrderIsNotRefunded() throws Exception {
        stage.call("checkout-pay", stage.checkout("SO-0001"), 200);
        isRefused("refund", stage.refund("SO-0001", "RF-0001", 1), 409, "ORDER_NOT_PAID");
    }

    @ParameterizedTest
    @ValueSource(strings = {"FAILED", "\"FAILED\"", "{\"outcome\":\"FAILED\"}", " FAILED\n"})
    void theShopperDecidesInPlaceOfThePlan(String body) throws Exception {
        stage.call("checkout-pay", stage.checkout("SO-0001"), 200);
        assertThat(shopper("/sandbox/payments/SO-0001/outcome", body).getContentAsString())
                .contains("\"status\":\"FAILED\"");
        stage.clock.pass(Duration.ofHours(1));
        stage.ledger.settleDue();
        assertThat(payment("SO-0001").path("status").asText()).isEqualTo("FAILED");
    }

    @ParameterizedTest
    @ValueSource(strings = {"FAILED", "EXPIRED", "CLOSED"})
    void aSuccessMayComeAfterAnotherEnd(String first) throws Exception {
        stage.call("checkout-pay", stage.checkout("SO-0001"), 200);
        shopper("/sandbox/payments/SO-0001/outcome", first);
        shopper("/sandbox/payments/SO-0001/outcome", "SUCCESS");
        shopper("/sandbox/payments/SO-0001/outcome", "SUCCESS");
        JsonNode view = view("/sandbox/payments/SO-0001");
        assertThat(view.path("status").asText()).isEqualTo("SUCCESS");
        assertThat(view.path("notifications").findValuesAsText("event_type"))
                .containsExactly("PAYMENT." + first, "PAYMENT.SUCCESS");
    }

    @Test
    void theShopperIsToldWhatIsPossible() throws Exception {
        stage.call("checkout-pay", stage.checkout("SO-0001"), 200);
        MockHttpServletResponse answer = shopper("/sandbox/payments/SO-0001/outcome", "PAID");
        assertThat(answer.getStatus()).isEqualTo(400);
        assertThat(answer.getContentAsString()).contains("CLOSED, EXPIRED, FAILED, SUCCESS");
        assertThat(shopper("/sandbox/refunds/RF-0001/outcome", "CLOSED").getStatus())
                .isEqualTo(400);
        assertThat(shopper("/sandbox/payments/SO-0002/outcome", "SUCCESS").getStatus())
                .isEqualTo(404);
        assertThat(shopper("/sandbox/refunds/RF-0002/outcome", "SUCCESS").getStatus())
                .isEqualTo(404);
    }

    static Stream<Arguments> invalidOrders() {
        return Stream.of(
                invalid("no merchant", order -> order.remove("merchant_id")),
                invalid("no app", order -> order.remove("app_id")),
                invalid("number too short", order -> order.put("out_trade_no", "SO-01")),
                invalid("number too long", order -> order.put("out_trade_no", "S".repeat(33))),
                invalid("number with a letter that isn't allowed", order -> order.put("out_trade_no", "SO-0001/")),
                invalid("unknown method", order -> order.put("method_key", "WECHAT_PAY")),
                invalid("no amount", order -> order.remove("amount")),
                invalid("amount of zero", order -> amount(order).put("total", 0)),
                invalid("negative amount", order -> amount(order).put("total", -1)),
                invalid("amount with a fraction", order -> amount(order).put("total", 10.5)),
                invalid("amount as text", order -> amount(order).put("total", "1050")),
                invalid("unknown currency", order -> amount(order).put("currency", "SGX")),
                invalid("currency in lower case", order -> amount(order).put("currency", "sgd")),
                invalid("no description", order -> order.remove("description")),
                invalid("no expiry", order -> order.remove("expire_time")),
                invalid("expiry in the past", order -> order.put("expire_time", "2020-01-01T00:00:00+08:00")),
                invalid("expiry without offset", order -> order.put("expire_time", "2099-01-01T00:00:00")),
                invalid("no notify_url", order -> order.remove("notify_url")),
                invalid("relative notify_url", order -> order.put("notify_url", "/webhooks")),
                invalid("payer without openid", order -> order.putObject("payer")),
                invalid("goods that are no list", order -> order.put("goods", "latte")),
                invalid("quantity as a number", order -> ((ObjectNode) order.at("/goods/0")).put("goods_quantity", 2)));
    }

    private static Arguments invalid(String what, Consumer<ObjectNode> breaking) {
        return argumentSet(what, breaking);
    }

    private static ObjectNode amount(ObjectNode order) {
        return (ObjectNode) order.path("amount");
    }

    @ParameterizedTest
    @MethodSource("invalidOrders")
    void anOrderWithOneFieldWrongIsRefused(Consumer<ObjectNode> breaking) throws Exception {
        ObjectNode order = stage.checkout("SO-0001");
        stage.call("checkout-pay", order.deepCopy(), 200);
        ObjectNode broken = stage.checkout("SO-0002");
        breaking.accept(broken);
        isRefused("checkout-pay", broken, 400, "PARAM_ERROR");
    }

    @Test
    void aBodyThatIsNoJsonObjectIsRefused() throws Exception {
        for (String body : new String[] {"", "[]", "{", "{} {}", "{\"a\":1,\"a\":2}"}) {
            MockHttpServletResponse answer = stage.send(stage.signed("refund", body));
            assertThat(new String(answer.getContentAsByteArray(), StandardCharsets.UTF_8))
                    .contains("PARAM_ERROR");
        }
    }

    @Test
    void anotherMerchantOrAppHasNoAccess() throws Exception {
        isRefused("checkout-pay", stage.checkout("SO-0001").put("merchant_id", "2480000002"), 403, "NO_AUTH");
        isRefused("checkout-pay", stage.checkout("SO-0001").put("app_id", "wxffffffffffffffff"), 403, "NO_AUTH");
        isRefused("inquiry-payment", stage.inquiry("SO-0001").put("merchant_id", "2480000002"), 403, "NO_AUTH");
    }
}
