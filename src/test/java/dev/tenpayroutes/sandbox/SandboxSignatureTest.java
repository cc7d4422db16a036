package dev.tenpayroutes.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import com.wechat.pay.java.core.auth.WechatPay2Credential;
import com.wechat.pay.java.core.auth.WechatPay2Validator;
import com.wechat.pay.java.core.certificate.InMemoryCertificateProvider;
import com.wechat.pay.java.core.cipher.RSAVerifier;
import com.wechat.pay.java.core.http.HttpHeaders;
import dev.tenpayroutes.sandbox.SandboxStage.Signed;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.test.web.servlet.request.MockMvcRequestBuilders;

class SandboxSignatureTest {

    private SandboxStage stage;

    @BeforeEach
    void setUp(@TempDir Path root) {
        stage = new SandboxStage(root);
    }

    @AfterEach
    void tearDown() throws Exception {
        stage.close();
    }

    private Signed valid() {
        return stage.signed("inquiry-payment", stage.inquiry("SO-0001").toString());
    }

    private void isAccepted(MockHttpServletResponse answer) throws Exception {
        assertThat(answer.getContentAsString()).contains("ORDER_NOT_EXIST");
        assertThat(answer.getStatus()).isEqualTo(404);
    }

    private void isRefused(MockHttpServletResponse answer) throws Exception {
        assertThat(answer.getStatus()).isEqualTo(401);
        assertThat(SandboxStage.JSON
                        .readTree(answer.getContentAsByteArray())
                        .path("code")
                        .asText())
                .isEqualTo("SIGN_ERROR");
        isSigned(answer);
    }

    /** By the SDK's judgement, its own freshness check included. */
    private void isSigned(MockHttpServletResponse answer) throws Exception {
        HttpHeaders headers = new HttpHeaders();
        answer.getHeaderNames().forEach(name -> headers.addHeader(name, answer.getHeader(name)));
        var verifier = new RSAVerifier(new InMemoryCertificateProvider(List.of(stage.folder.platformCertificate())));
        assertThat(new WechatPay2Validator(verifier)
                        .validate(headers, new String(answer.getContentAsByteArray(), StandardCharsets.UTF_8)))
                .isTrue();
    }

    static Stream<Arguments> brokenRequests() {
        return Stream.of(
                broken("scheme", request -> request.withScheme("WECHATPAY2-RSA-RSA2048")),
                broken("merchant", request -> request.with("mchid", "2480000002")),
                broken("nonce", request -> request.with("nonce_str", "0123456789abcdef0123456789abcdef")),
                broken("timestamp", request -> request.with("timestamp", nextSecond(request))),
                broken("timestamp in words", request -> request.with("timestamp", "now")),
                broken("serial", request -> request.with("serial_no", "0BADC0DE")),
                broken("signature", request -> request.with("signature", otherSignature(request))),
                broken("signature that is no base64", request -> request.with("signature", "!")),
                broken("empty signature", request -> request.with("signature", "")),
                broken("body", request -> request.withBody("{}".getBytes(StandardCharsets.UTF_8))),
                broken("path", request -> request.withPath("/api/payment/v1/close-payment")),
                broken("query", request -> request.withPath(request.path() + "?a=1")));
    }

    private static Arguments broken(String what, UnaryOperator<Signed> breaking) {
        return argumentSet(what, breaking);
    }

    private static String nextSecond(Signed request) {
        return Long.toString(Long.parseLong(request.field("timestamp")) + 1);
    }

    private static String otherSignature(Signed request) {
        String good = request.field("signature");
        return (good.startsWith("A") ? "B" : "A") + good.substring(1);
    }

    @ParameterizedTest
    @MethodSource("brokenRequests")
    void aRequestWithOneThingBrokenIsRefused(UnaryOperator<Signed> breaking) throws Exception {
        isAccepted(stage.send(valid()));
        isRefused(stage.send(breaking.apply(valid())));
    }

    static Stream<Arguments> brokenHeaders() {
        return Stream.of(
                argumentSet("no scheme", (UnaryOperator<String>) h -> h.substring(h.indexOf(' ') + 1)),
                argumentSet("scheme alone", (UnaryOperator<String>) h -> "WECHATPAY2-SHA256-RSA2048 "),
                argumentSet("no mchid", without("mchid")),
                argumentSet("no nonce", without("nonce_str")),
                argumentSet("no signature", without("signature")),
                argumentSet("no timestamp", without("timestamp")),
                argumentSet("no serial", without("serial_no")),
                argumentSet("a field twice", (UnaryOperator<String>) h -> h + ",mchid=\"2480000001\""),
                argumentSet("a field too many", (UnaryOperator<String>) h -> h + ",x=\"1\""),
                argumentSet("a comma too many", (UnaryOperator<String>) h -> h + ","),
                argumentSet("a quote too few", (UnaryOperator<String>) h -> h.substring(0, h.length() - 1)));
    }

    private static UnaryOperator<String> without(String field) {
        return header -> header.replaceFirst(field + "=\"[^\"]*\",?", "").replaceFirst(",$", "");
    }

    @ParameterizedTest
    @MethodSource("brokenHeaders")
    void anAuthorizationOfAnotherShapeIsRefused(UnaryOperator<String> breaking) throws Exception {
        Signed request = valid();
        isRefused(stage.send(request, breaking.apply(request.authorization())));
        isAccepted(stage.send(request));
    }

    @Test
    void aRequestWithoutAuthorizationIsRefused() throws Exception {
        isRefused(stage.mvc
                .perform(MockMvcRequestBuilders.post("/api/payment/v1/refund").content("{}"))
                .andReturn()
                .getResponse());
    }

    @Test
    void aNonceTooShortToBeRandomIsRefused() throws Exception {
        // Validly signed: only its length is wrong.
        String nonce = "0123456789abcdef0123456789abcde";
        isRefused(stage.send(stage.signed(valid().path(), valid().body(), stage.clock.instant(), nonce)));
        isAccepted(stage.send(stage.signed(valid().path(), valid().body(), stage.clock.instant(), nonce + "f")));
    }

    @Test
    void aTimestampMayBe300SecondsOffAndNotOneMore() throws Exception {
        for (int offset : new int[] {-300, 300}) {
            isAccepted(stage.send(stage.signed(
                    valid().path(), valid().body(), stage.clock.instant().plusSeconds(offset))));
        }
        for (int offset : new int[] {-301, 301}) {
            isRefused(stage.send(stage.signed(
                    valid().path(), valid().body(), stage.clock.instant().plusSeconds(offset))));
        }
    }

    @Test
    void aRequestIsAcceptedOnce() throws Exception {
        Signed request = valid();
        isAccepted(stage.send(request));
        isRefused(stage.send(request));
    }

    @Test
    void aNonceFromTheFutureIsRememberedUntilItsTimestampIsTooOld() throws Exception {
        Signed request = stage.signed(
                valid().path(), valid().body(), stage.clock.instant().plusSeconds(300));
        isAccepted(stage.send(request));
        stage.clock.pass(Duration.ofSeconds(600));
        assertThat(stage.send(request).getContentAsString()).contains("used before");
    }

    @Test
    void aBodyIsSignedAsTheBytesItIs() throws Exception {
        // Not UTF-8: decoding it before checking would sign something else.
        byte[] body = {'{', (byte) 0xff, (byte) 0xfe, '}'};
        Signed good = stage.signed(valid().path(), new byte[0], stage.clock.instant());
        isRefused(stage.send(good.withBody(body)));
        isSigned(stage.send(good));
        assertThat(stage.send(stage.signed(valid().path(), new byte[0], stage.clock.instant()))
                        .getContentAsString())
                .contains("PARAM_ERROR");
    }

    @Test
    void theOfficialSdksCredentialIsAccepted() throws Exception {
        String body = stage.checkout("SO-0001").toString();
        var credential = new WechatPay2Credential("2480000001", stage.merchantSigner());
        Signed request = stage.signed("checkout-pay", body);
        String authorization =
                credential.getAuthorization(URI.create("http://127.0.0.1" + request.path() + "?x=%7Cy"), "POST", body);
        Signed withQuery = request.withPath(request.path() + "?x=%7Cy");
        MockHttpServletResponse answer = stage.send(withQuery, authorization);
        assertThat(answer.getStatus()).as(answer.getContentAsString()).isEqualTo(200);
        isSigned(answer);
    }

    @Test
    void theOfficialSdkAcceptsTheSignatureOfEveryAnswer() throws Exception {
        isSigned(stage.call("checkout-pay", stage.checkout("SO-0001")));
        isSigned(stage.call("inquiry-payment", stage.inquiry("SO-0001")));
        isSigned(stage.call("close-payment", stage.inquiry("SO-0001")));
        isSigned(stage.call("refund", stage.refund("SO-0001", "RF-0001", 1)));
        isSigned(stage.call("inquiry-refund", stage.inquiry("SO-0001").put("out_refund_no", "RF-0001")));
        isSigned(stage.call("checkout-pay", stage.inquiry("SO-0001")));
    }
}
