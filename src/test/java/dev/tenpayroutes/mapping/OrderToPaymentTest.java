package dev.tenpayroutes.mapping;

import static dev.tenpayroutes.mapping.Mapping.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrderToPaymentTest {

    private static final String ORDER = """
            {"orderNo": "SO-2026-000123", "account": "main", "paymentMethod": "PAYNOW", "region": "SG",
             "amount": {"total": 1050, "currency": "SGD"}, "description": "2 x latte", "validitySeconds": 1800,
             "payer": {"openId": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
             "goods": [{"id": "latte", "name": "Latte", "category": "drinks", "quantity": 2, "unitPrice": {"total": 525, "currency": "SGD"}}],
             "metadata": {"costCentre": "42"}}
            """;

    private static final String SMALLEST = """
            {"orderNo": "SO-2026-000123", "paymentMethod": "PAYNOW", "region": "SG",
             "amount": {"total": 1050, "currency": "SGD"}, "description": "2 x latte"}
            """;

    private static final Map<String, ?> SET_BEFORE = Map.of(
            "account", "main",
            "methodKey", "PAYNOW",
            "validitySeconds", 1800,
            "merchantId", "2480000001",
            "appId", "wx0123456789abcdef",
            "notifyUrl", "https://erp.example.com/webhooks/tenpay/main/payments");

    private final Mapping mapping = new Mapping("order-to-payment.jq");

    @Test
    void anOrderBecomesTheRowWithWhatItsAccountAndItsMethodAdd() {
        assertThat(mapping.apply(ORDER, SET_BEFORE)).isEqualTo(json("""
                {"account": "main", "orderNo": "SO-2026-000123", "paymentMethod": "PAYNOW", "methodKey": "PAYNOW",
                 "region": "SG", "total": 1050, "currency": "SGD", "description": "2 x latte", "validitySeconds": "1800",
                 "metadata": {"costCentre": "42"},
                 "content": {"orderNo": "SO-2026-000123", "paymentMethod": "PAYNOW", "region": "SG",
                   "amount": {"total": 1050, "currency": "SGD"}, "description": "2 x latte", "validitySeconds": 1800,
                   "payer": {"openId": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
                   "goods": [{"id": "latte", "name": "Latte", "category": "drinks", "quantity": 2,
                     "unitPrice": {"total": 525, "currency": "SGD"}}],
                   "metadata": {"costCentre": "42"}},
                 "merchantId": "2480000001", "appId": "wx0123456789abcdef",
                 "notifyUrl": "https://erp.example.com/webhooks/tenpay/main/payments"}
                """));
    }

    @Test
    void theSmallestOrderHasEmptyMetadataAndNothingElseIsInvented() {
        assertThat(mapping.apply(SMALLEST, SET_BEFORE)).isEqualTo(json("""
                {"account": "main", "orderNo": "SO-2026-000123", "paymentMethod": "PAYNOW", "methodKey": "PAYNOW",
                 "region": "SG", "total": 1050, "currency": "SGD", "description": "2 x latte", "validitySeconds": "1800",
                 "metadata": {},
                 "content": {"orderNo": "SO-2026-000123", "paymentMethod": "PAYNOW", "region": "SG",
                   "amount": {"total": 1050, "currency": "SGD"}, "description": "2 x latte"},
                 "merchantId": "2480000001", "appId": "wx0123456789abcdef",
                 "notifyUrl": "https://erp.example.com/webhooks/tenpay/main/payments"}
                """));
    }

    @Test
    void namingTheDefaultAccountDoesNotMakeItAnotherOrder() {
        JsonNode named = mapping.apply(ORDER, SET_BEFORE);
        JsonNode unnamed = mapping.apply(ORDER.replace("\"account\": \"main\",", ""), SET_BEFORE);
        assertThat(named).isEqualTo(unnamed);
    }

    @Test
    void theAccountIsTheOneThatWasCheckedNotTheOneThatWasWritten() {
        JsonNode row = mapping.apply(ORDER.replace("\"main\"", "\"other\""), SET_BEFORE);
        assertThat(row.path("account").asText()).isEqualTo("main");
        assertThat(row.toString()).doesNotContain("other");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "1050", "999999999999999"})
    void anAmountIsExactToTheLastDigit(String total) {
        JsonNode row = mapping.apply(SMALLEST.replace("1050", total), SET_BEFORE);
        assertThat(row.get("total").toString()).isEqualTo(total);
        assertThat(row.at("/content/amount/total").toString()).isEqualTo(total);
    }
}
