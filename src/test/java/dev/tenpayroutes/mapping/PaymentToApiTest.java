package dev.tenpayroutes.mapping;

import static dev.tenpayroutes.mapping.Mapping.json;
import static dev.tenpayroutes.mapping.PaymentRow.with;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PaymentToApiTest {

    private final Mapping mapping = new Mapping("payment-to-api.jq");

    private JsonNode api(String row) {
        return mapping.apply(row, Map.of());
    }

    @Test
    void aPaymentThatTenpayHasNotAnsweredShowsOnlyWhatIsKnown() {
        assertThat(api(PaymentRow.CREATED)).isEqualTo(json("""
                {"orderNo": "SO-2026-000123", "account": "main", "status": "CREATED", "paymentMethod": "PAYNOW",
                 "region": "SG", "amount": {"total": 1050, "currency": "SGD"}, "description": "2 x latte",
                 "expiresAt": "2026-11-23T08:30:00+00:00", "refunded": {"total": 0, "currency": "SGD"},
                 "metadata": {"costCentre": "42"}, "createdAt": "2026-11-23T08:00:00.123456+00:00",
                 "updatedAt": "2026-11-23T08:00:00.123456+00:00"}
                """));
    }

    @Test
    void aPaidPaymentShowsEverything() {
        String row = with(PaymentRow.CREATED, "status", "\"CREATED\"", "\"SUCCEEDED\"");
        row = with(row, "review", "null", "\"LATE_SUCCESS\"");
        row = with(row, "tenpay_payment_id", "null", "\"4200\"");
        row = with(row, "prepay_info", "null", "\"prepay\"");
        row = with(row, "paid_at", "null", "\"2026-11-23T08:10:00+00:00\"");
        row = with(row, "refunded", "0", "1050");
        assertThat(api(row)).isEqualTo(json("""
                {"orderNo": "SO-2026-000123", "account": "main", "status": "SUCCEEDED", "paymentMethod": "PAYNOW",
                 "region": "SG", "amount": {"total": 1050, "currency": "SGD"}, "description": "2 x latte",
                 "paymentId": "4200", "prepayInfo": "prepay", "expiresAt": "2026-11-23T08:30:00+00:00",
                 "paidAt": "2026-11-23T08:10:00+00:00", "refunded": {"total": 1050, "currency": "SGD"},
                 "review": "LATE_SUCCESS", "metadata": {"costCentre": "42"},
                 "createdAt": "2026-11-23T08:00:00.123456+00:00", "updatedAt": "2026-11-23T08:00:00.123456+00:00"}
                """));
    }

    @Test
    void aFailedPaymentSaysWhy() {
        String row = with(PaymentRow.CREATED, "status", "\"CREATED\"", "\"FAILED\"");
        row = with(row, "fail_reason", "null", "\"PARAM_ERROR: because\"");
        assertThat(api(row).path("failReason").asText()).isEqualTo("PARAM_ERROR: because");
    }

    @Test
    void emptyMetadataIsShown() {
        String row = with(PaymentRow.CREATED, "metadata", "{\"costCentre\": \"42\"}", "{}");
        assertThat(api(row).path("metadata")).isEqualTo(json("{}"));
    }

    @Test
    void whatIsOnlyForTenpayOrForUsIsNotShown() {
        assertThat(api(PaymentRow.CREATED).toString())
                .doesNotContain(
                        "oUpF8uMuAJO", "wx0123456789abcdef", "2480000001", "webhooks", "latte\",\"name", "poll");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "999999999999999"})
    void anAmountIsExactToTheLastDigit(String total) {
        JsonNode payment = api(with(PaymentRow.CREATED, "amount", "1050", total));
        assertThat(payment.at("/amount/total").toString()).isEqualTo(total);
    }
}
