package dev.tenpayroutes.mapping;

import static dev.tenpayroutes.mapping.Mapping.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class PaymentToInquiryTest {

    private final Mapping mapping = new Mapping("payment-to-inquiry.jq");

    @Test
    void anInquiryNamesTheMerchantAndOurOwnNumberAndNothingElse() {
        String row = PaymentRow.with(PaymentRow.CREATED, "tenpay_payment_id", "null", "\"4200\"");
        assertThat(mapping.apply(row, Map.of())).isEqualTo(json("""
                {"merchant_id": "2480000001", "out_trade_no": "SO-2026-000123"}
                """));
    }
}
