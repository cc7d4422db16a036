package dev.tenpayroutes.mapping;

import static dev.tenpayroutes.mapping.Mapping.json;
import static dev.tenpayroutes.mapping.PaymentRow.with;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PaymentToCheckoutTest {

    private static final String PAYER = "\"payer\": {\"openId\": \"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o\"},";

    private final Mapping mapping = new Mapping("payment-to-checkout.jq");

    private JsonNode call(String row) {
        return mapping.apply(row, Map.of());
    }

    @Test
    void aStoredPaymentBecomesTheBodyOfCheckoutPay() {
        assertThat(call(PaymentRow.CREATED)).isEqualTo(json("""
                {"merchant_id": "2480000001", "app_id": "wx0123456789abcdef", "out_trade_no": "SO-2026-000123",
                 "method_key": "PAYNOW", "mch_region": "SG", "amount": {"total": 1050, "currency": "SGD"},
                 "description": "2 x latte", "expire_time": "2026-11-23T08:30:00+00:00",
                 "notify_url": "https://erp.example.com/webhooks/tenpay/main/payments",
                 "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
                 "goods": [{"goods_id": "latte", "goods_name": "Latte", "goods_category": "drinks", "goods_quantity": "2",
                   "goods_unit_price": {"total": 525, "currency": "SGD"}}]}
                """));
    }

    @Test
    void thePayerAndTheGoodsAreLeftOutWhenTheOrderHasNone() {
        String row = PaymentRow.CREATED.replace(PAYER, "").replaceFirst("(?s)\"goods\": \\[.*?}}],", "");
        assertThat(call(row)).isEqualTo(json("""
                {"merchant_id": "2480000001", "app_id": "wx0123456789abcdef", "out_trade_no": "SO-2026-000123",
                 "method_key": "PAYNOW", "mch_region": "SG", "amount": {"total": 1050, "currency": "SGD"},
                 "description": "2 x latte", "expire_time": "2026-11-23T08:30:00+00:00",
                 "notify_url": "https://erp.example.com/webhooks/tenpay/main/payments"}
                """));
    }

    @Test
    void aCategoryIsLeftOutWhenTheGoodsHaveNone() {
        String row = PaymentRow.CREATED.replace("\"category\": \"drinks\",", "");
        assertThat(call(row).at("/goods/0")).isEqualTo(json("""
                {"goods_id": "latte", "goods_name": "Latte", "goods_quantity": "2",
                 "goods_unit_price": {"total": 525, "currency": "SGD"}}
                """));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "1000000"})
    void aQuantityIsTextWithoutAPointOrAnExponent(String quantity) {
        JsonNode sent =
                call(with(PaymentRow.CREATED, "quantity", "2", quantity)).at("/goods/0/goods_quantity");
        assertThat(sent.toString()).isEqualTo("\"" + quantity + "\"");
    }

    @Test
    void metadataIsNeverSentToTenpay() {
        assertThat(call(PaymentRow.CREATED).toString()).doesNotContain("metadata", "costCentre", "42\"}");
    }

    @Test
    void theKeyOfTheMethodIsTenpaysNotOurs() {
        String row = with(PaymentRow.CREATED, "method_key", "\"PAYNOW\"", "\"SG_PAYNOW\"");
        assertThat(call(row).path("method_key").asText()).isEqualTo("SG_PAYNOW");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "999999999999999"})
    void anAmountIsExactToTheLastDigit(String total) {
        JsonNode sent = call(with(PaymentRow.CREATED, "amount", "1050", total));
        assertThat(sent.at("/amount/total").toString()).isEqualTo(total);
    }
}
