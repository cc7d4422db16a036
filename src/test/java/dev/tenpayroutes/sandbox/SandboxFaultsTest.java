package dev.tenpayroutes.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.delete;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.wechat.pay.java.core.cipher.RSAVerifier;
import com.wechat.pay.java.core.util.PemUtil;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletResponse;

class SandboxFaultsTest {

    private SandboxStage stage;

    @BeforeEach
    void setUp(@TempDir Path root) throws Exception {
        stage = new SandboxStage(root);
        stage.paid("SO-0001");
    }

    @AfterEach
    void tearDown() throws Exception {
        stage.close();
    }

    private MockHttpServletResponse ask(String json) throws Exception {
        return stage.mvc
                .perform(post("/sandbox/faults").content(json))
                .andReturn()
                .getResponse();
    }

    private void fault(String call, String fault) throws Exception {
        assertThat(ask("{\"call\":\"" + call + "\",\"fault\":\"" + fault + "\"}")
                        .getStatus())
                .isEqualTo(200);
    }

    private MockHttpServletResponse inquire() throws Exception {
        return stage.call("inquiry-payment", stage.inquiry("SO-0001"));
    }

    private boolean isValid(MockHttpServletResponse answer) throws Exception {
        String message = answer.getHeader("Wechatpay-Timestamp") + "\n" + answer.getHeader("Wechatpay-Nonce") + "\n"
                + new String(answer.getContentAsByteArray(), StandardCharsets.UTF_8) + "\n";
        String serial = PemUtil.getSerialNumber(stage.folder.platformCertificate());
        return serial.equals(answer.getHeader("Wechatpay-Serial"))
                && new RSAVerifier(stage.folder.platformCertificate().getPublicKey(), serial)
                        .verify(serial, message, answer.getHeader("Wechatpay-Signature"));
    }

    private long secondsOff(MockHttpServletResponse answer) {
        return Long.parseLong(answer.getHeader("Wechatpay-Timestamp"))
                - stage.clock.instant().getEpochSecond();
    }

    private JsonNode body(MockHttpServletResponse answer) throws Exception {
        return SandboxStage.JSON.readTree(answer.getContentAsByteArray());
    }

    @Test
    void aFaultStrikesAsOftenAsAskedAndOnlyItsCall() throws Exception {
        ask("{\"call\":\"inquiry-payment\",\"fault\":\"UNSIGNED\",\"times\":2}");
        assertThat(stage.call("close-payment", stage.inquiry("SO-0001")).getHeader("Wechatpay-Signature"))
                .isNotNull();
        assertThat(inquire().getHeader("Wechatpay-Signature")).isNull();
        assertThat(inquire().getHeader("Wechatpay-Signature")).isNull();
        assertThat(isValid(inquire())).isTrue();
    }

    @Test
    void aFaultOfOnePaymentOrRefundLeavesTheOthersAlone() throws Exception {
        ask("{\"call\":\"*\",\"number\":\"SO-0002\",\"fault\":\"UNSIGNED\"}");
        ask("{\"call\":\"refund\",\"number\":\"RF-0002\",\"fault\":\"UNSIGNED\"}");
        assertThat(isValid(inquire())).isTrue();
        assertThat(isValid(stage.call("refund", stage.refund("SO-0001", "RF-0001", 1))))
                .isTrue();
        assertThat(isValid(stage.call("refund", stage.refund("SO-0001", "RF-0002", 1))))
                .isFalse();
        assertThat(isValid(stage.call("checkout-pay", stage.checkout("SO-0002"))))
                .isFalse();
    }

    @Test
    void aFaultForEveryCallStrikesAnyAndCanBeTakenBack() throws Exception {
        ask("{\"call\":\"*\",\"fault\":\"UNSIGNED\",\"times\":9}");
        assertThat(inquire().getHeader("Wechatpay-Signature")).isNull();
        assertThat(stage.mvc
                        .perform(delete("/sandbox/faults"))
                        .andReturn()
                        .getResponse()
                        .getStatus())
                .isEqualTo(204);
        assertThat(isValid(inquire())).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "SYSTEM_ERROR, 500, SYSTEM_ERROR",
        "FREQUENCY_LIMITED, 429, FREQUENCY_LIMITED",
        "PARAM_ERROR, 400, PARAM_ERROR",
        "NO_AUTH, 403, NO_AUTH"
    })
    void anErrorStrikesSignedAndBeforeAnythingIsDone(String fault, int status, String code) throws Exception {
        fault("checkout-pay", fault);
        MockHttpServletResponse answer = stage.call("checkout-pay", stage.checkout("SO-0002"));
        assertThat(answer.getStatus()).isEqualTo(status);
        assertThat(body(answer).path("code").asText()).isEqualTo(code);
        assertThat(isValid(answer)).isTrue();
        assertThat(answer.getHeader("Retry-After")).isEqualTo(status == 429 ? "2" : null);
        stage.call("inquiry-payment", stage.inquiry("SO-0002"), 404);
        // Tests of the program prove by this that nothing was sent twice.
        assertThat(stage.ledger.payment("SO-0002").get("calls"))
                .isEqualTo(Map.of("checkout-pay", 1, "inquiry-payment", 1));
    }

    @Test
    void aProxysErrorIsUnsignedHtml() throws Exception {
        fault("checkout-pay", "BAD_GATEWAY");
        MockHttpServletResponse answer = stage.call("checkout-pay", stage.checkout("SO-0002"));
        assertThat(answer.getStatus()).isEqualTo(502);
        assertThat(answer.getHeader("Wechatpay-Signature")).isNull();
        assertThat(answer.getContentAsString()).startsWith("<html>");
        stage.call("inquiry-payment", stage.inquiry("SO-0002"), 404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"UNSIGNED", "BAD_SIGNATURE", "STALE", "FUTURE", "UNKNOWN_SERIAL", "RUBBISH", "LATE"})
    void aSpoiltAnswerComesAfterTheCallWasCarriedOut(String fault) throws Exception {
        fault("checkout-pay", fault);
        stage.call("checkout-pay", stage.checkout("SO-0002"));
        stage.call("inquiry-payment", stage.inquiry("SO-0002"), 200);
    }

    @Test
    void whenAFaultStrikesCanBeTurnedRound() throws Exception {
        ask("{\"call\":\"checkout-pay\",\"fault\":\"SYSTEM_ERROR\",\"when\":\"AFTER\"}");
        stage.call("checkout-pay", stage.checkout("SO-0002"), 500);
        stage.call("inquiry-payment", stage.inquiry("SO-0002"), 200);
        ask("{\"call\":\"checkout-pay\",\"fault\":\"UNSIGNED\",\"when\":\"BEFORE\"}");
        stage.call("checkout-pay", stage.checkout("SO-0003"), 500);
        stage.call("inquiry-payment", stage.inquiry("SO-0003"), 404);
    }

    @Test
    void eachSpoiltSignatureIsSpoiltInOneWay() throws Exception {
        fault("*", "BAD_SIGNATURE");
        MockHttpServletResponse bad = inquire();
        assertThat(isValid(bad)).isFalse();
        assertThat(secondsOff(bad)).isZero();

        fault("*", "STALE");
        MockHttpServletResponse stale = inquire();
        assertThat(isValid(stale)).isTrue();
        assertThat(secondsOff(stale)).isLessThanOrEqualTo(-301);

        fault("*", "FUTURE");
        MockHttpServletResponse future = inquire();
        assertThat(isValid(future)).isTrue();
        assertThat(secondsOff(future)).isGreaterThanOrEqualTo(301);

        fault("*", "UNKNOWN_SERIAL");
        assertThat(inquire().getHeader("Wechatpay-Serial")).isEqualTo("0BADC0DE");

        fault("*", "RUBBISH");
        MockHttpServletResponse rubbish = inquire();
        assertThat(isValid(rubbish)).isTrue();
        assertThat(rubbish.getContentAsString()).doesNotStartWith("{");
    }

    @ParameterizedTest
    @CsvSource({
        "WRONG_MERCHANT, /merchant_id, 2480000000",
        "WRONG_ORDER, /out_trade_no, SO-0000",
        "WRONG_AMOUNT, /amount/total, 1051"
    })
    void aWrongAnswerIsValidlySignedAndWrongInOneField(String fault, String field, String value) throws Exception {
        JsonNode right = body(inquire());
        fault("*", fault);
        MockHttpServletResponse answer = inquire();
        assertThat(isValid(answer)).isTrue();
        assertThat(body(answer).at(field).asText())
                .isEqualTo(value)
                .isNotEqualTo(right.at(field).asText());
        assertThat(body(inquire())).isEqualTo(right);
    }

    @Test
    void aWrongRefundHasAnotherRefundNumber() throws Exception {
        fault("refund", "WRONG_ORDER");
        JsonNode wrong = body(stage.call("refund", stage.refund("SO-0001", "RF-0001", 1)));
        assertThat(wrong.path("out_refund_no").asText()).isNotEqualTo("RF-0001");
        assertThat(wrong.path("out_trade_no").asText()).isEqualTo("SO-0001");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{\"call\":\"pay\",\"fault\":\"UNSIGNED\"}; inquiry-refund",
                "{\"call\":\"refund\",\"fault\":\"BROKEN\"}; WRONG_AMOUNT",
                "{\"call\":\"refund\",\"fault\":\"LATE\",\"when\":\"NEVER\"}; AFTER",
                "{\"call\":\"refund\",\"fault\":\"LATE\",\"times\":0}; positive",
                "{\"call\":\"checkout-pay\",\"fault\":\"WRONG_AMOUNT\"}; no amount",
                "nonsense; UNSIGNED"
            })
    void anUnknownFaultIsRefusedWithAListOfTheKnown(String wish, String hint) throws Exception {
        MockHttpServletResponse answer = ask(wish);
        assertThat(answer.getStatus()).isEqualTo(400);
        assertThat(answer.getContentAsString()).contains(hint);
    }
}
