package dev.tenpayroutes.mapping;

import static dev.tenpayroutes.mapping.Mapping.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class PaymentMethodsToApiTest {

    private final Mapping mapping = new Mapping("payment-methods-to-api.jq");

    @Test
    void aMethodShowsItsRulesAndNotItsKeyAtTenpay() {
        assertThat(mapping.apply("""
                        {"PAYNOW": {"name": "PayNow, Singapore", "methodKey": "SG_PAYNOW", "regions": ["SG"],
                           "currencies": ["SGD"], "limits": [{"currency": "SGD", "min": 1, "max": 1500000}],
                           "validity": {"min": 1800, "max": 3600}, "closable": false,
                           "refund": {"windowDays": 90, "limits": [{"currency": "SGD", "min": 1, "max": 1500000}]}}}
                        """, Map.of())).isEqualTo(json("""
                        {"items": [{"paymentMethod": "PAYNOW", "name": "PayNow, Singapore", "regions": ["SG"],
                           "currencies": ["SGD"], "limits": [{"currency": "SGD", "min": 1, "max": 1500000}],
                           "validitySeconds": {"min": 1800, "max": 3600}, "closable": false,
                           "refund": {"windowDays": 90, "limits": [{"currency": "SGD", "min": 1, "max": 1500000}]}}]}
                        """));
    }

    @Test
    void aMethodWithoutCurrenciesOrLimitsShowsEmptyLists() {
        assertThat(mapping.apply("""
                        {"CARD": {"name": "Bank card, Singapore", "methodKey": "CARD", "regions": ["SG"],
                           "validity": {"min": 1, "max": 3600}, "closable": true, "refund": {}}}
                        """, Map.of())).isEqualTo(json("""
                        {"items": [{"paymentMethod": "CARD", "name": "Bank card, Singapore", "regions": ["SG"],
                           "currencies": [], "limits": [], "validitySeconds": {"min": 1, "max": 3600}, "closable": true,
                           "refund": {}}]}
                        """));
    }

    @Test
    void theMethodsKeepTheOrderOfTheFile() {
        assertThat(mapping.apply("""
                        {"PAYNOW": {}, "BOC_MACAU": {"validity": {"min": 1, "max": 999, "clampUpTo": 1200}}, "CARD": {}}
                        """, Map.of()).path("items").findValuesAsText("paymentMethod"))
                .containsExactly("PAYNOW", "BOC_MACAU", "CARD");
    }

    @Test
    void noMethodsAreAnEmptyList() {
        assertThat(mapping.apply("{}", Map.of())).isEqualTo(json("{\"items\": []}"));
    }
}
