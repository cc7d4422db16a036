package dev.tenpayroutes.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.Charset;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.component.platform.http.springboot.PlatformHttpMessage;
import org.apache.camel.http.common.DefaultHttpBinding;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.spi.RestClientRequestValidator.ValidationContext;
import org.apache.camel.spi.RestClientRequestValidator.ValidationError;
import org.apache.camel.support.DefaultExchange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

class OpenApiRequestValidatorTest {

    private static final String ORDER = """
            {"orderNo": "SO-2026-000123", "account": "main", "paymentMethod": "PAYNOW", "region": "SG",
             "amount": {"total": 1050, "currency": "SGD"}, "description": "2 x latte", "validitySeconds": 1800,
             "payer": {"openId": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
             "goods": [{"id": "latte", "name": "Latte", "category": "drinks", "quantity": 2, "unitPrice": {"total": 525, "currency": "SGD"}}],
             "metadata": {"costCentre": "42"}}
            """;
    private static final JsonMapper JSON = new JsonMapper();
    private static final ValidationContext CONTEXT =
            new ValidationContext("application/json", "application/json", true, Map.of(), Map.of(), Set.of(), Set.of());

    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();

    private static OpenApiRequestValidator contract;

    @BeforeAll
    static void start() throws IOException {
        CAMEL.start();
        contract = new OpenApiRequestValidator();
    }

    @AfterAll
    static void stop() {
        CAMEL.stop();
    }

    private static Exchange post(String path, @Nullable String type, byte @Nullable [] body) {
        Exchange exchange = new DefaultExchange(CAMEL);
        exchange.getMessage().setHeader(Exchange.HTTP_METHOD, "POST");
        exchange.getMessage().setHeader(Exchange.HTTP_PATH, path);
        if (type != null) {
            exchange.getMessage().setHeader(Exchange.CONTENT_TYPE, type);
        }
        exchange.getMessage().setBody(body);
        return exchange;
    }

    private static Exchange order(byte[] body) {
        return post("/v1/payments", "application/json", body);
    }

    private static @Nullable ValidationError check(Exchange exchange) {
        return contract.validate(exchange, CONTEXT);
    }

    private static void accepted(String body) throws JsonProcessingException {
        Exchange exchange = order(body.getBytes(UTF_8));
        assertThat(check(exchange)).as(body).isNull();
        assertThat(exchange.getMessage().getBody()).isEqualTo(JSON.readTree(body));
    }

    /** The detail of a refusal; the exchange then carries nothing of the request but what the answer needs. */
    private static String refused(int status, String code, Exchange exchange) {
        ValidationError error = check(exchange);
        assertThat(error).as("accepted").isNotNull();
        assertThat(error.statusCode()).isEqualTo(status);
        assertThat(exchange.getMessage().getHeaders())
                .isEqualTo(Map.of(Exchange.CONTENT_TYPE, "application/problem+json"));
        try {
            JsonNode problem = JSON.readTree(error.body());
            assertThat(problem.get("status").intValue()).isEqualTo(status);
            assertThat(problem.get("code").textValue()).isEqualTo(code);
            return problem.get("detail").textValue();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String refused(byte[] body) {
        return refused(400, "INVALID_REQUEST", order(body));
    }

    private static String refused(String body) {
        return refused(body.getBytes(UTF_8));
    }

    /** The example order with one value replaced, or added where the pointer's last step isn't there. */
    private static String with(String pointer, String value) {
        try {
            ObjectNode order = (ObjectNode) JSON.readTree(ORDER);
            int last = pointer.lastIndexOf('/');
            ((ObjectNode) order.at(pointer.substring(0, last)))
                    .putRawValue(pointer.substring(last + 1), new com.fasterxml.jackson.databind.util.RawValue(value));
            return JSON.writeValueAsString(order);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String without(String pointer) {
        try {
            ObjectNode order = (ObjectNode) JSON.readTree(ORDER);
            int last = pointer.lastIndexOf('/');
            assertThat(((ObjectNode) order.at(pointer.substring(0, last))).remove(pointer.substring(last + 1)))
                    .as(pointer)
                    .isNotNull();
            return order.toString();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void theExampleOrderPassesAndBecomesTheBody() throws Exception {
        accepted(ORDER);
    }

    @ParameterizedTest
    @CsvSource({"/account", "/validitySeconds", "/payer", "/goods", "/metadata", "/goods/0/category"})
    void whatIsOptionalMayBeLeftOut(String pointer) throws Exception {
        accepted(without(pointer));
    }

    @ParameterizedTest
    @CsvSource({
        "orderNo,'',orderNo",
        "paymentMethod,'',paymentMethod",
        "region,'',region",
        "amount,'',amount",
        "description,'',description",
        "total,/amount,total",
        "currency,/amount,currency",
        "openId,/payer,openId",
        "id,/goods/0,id",
        "name,/goods/0,name",
        "quantity,/goods/0,quantity",
        "unitPrice,/goods/0,unitPrice",
        "total,/goods/0/unitPrice,total",
        "currency,/goods/0/unitPrice,currency",
    })
    void whatIsRequiredMustBeThere(String field, String parent, String named) {
        assertThat(refused(without(parent + "/" + field)))
                .isEqualTo((parent.isEmpty() ? "the body" : parent) + " required property '" + named + "' not found");
    }

    @ParameterizedTest
    @CsvSource({
        "/notify_url,the body",
        "/orderno,the body",
        "/amount/decimals,/amount",
        "/payer/name,/payer",
        "/goods/0/price,/goods/0",
        "/goods/0/unitPrice/tax,/goods/0/unitPrice",
    })
    void aFieldThatTheContractDoesNotHaveIsRefused(String pointer, String place) {
        assertThat(refused(with(pointer, "\"https://evil.example\"")))
                .startsWith(place + " property '" + pointer.substring(pointer.lastIndexOf('/') + 1) + "'")
                .doesNotContain("evil");
    }

    /** By place, values that are refused there; half of a character and U+0000 are none that PostgreSQL can keep. */
    private static final String WRONG = """
            /amount/total "87654321" 10.5 87654321.5 0 -87654321 8765432187654321 8.5e-3 null true [87654321] {} 1050.0 1e3
            /amount/total 876543218765432187654321 1.05e3
            /goods/0/unitPrice/total "87654321" 10.5 0 -87654321 8765432187654321 null true [87654321] {}
            /amount/currency "sgd" "SG" "SGDD" "ＳＧＤ"
            /orderNo "SO-26" "SO-2026-000123-SO-2026-000123-SO-2" "SO/2026/000123" "SO\\u00202026\\u0020000123" "訂單訂單訂單"
            /account "Main" "../main"
            /region "sg" "SGP"
            /paymentMethod "" "PAYNOWPAYNOWPAYNOWPAYNOWPAYNOWPAYNOW"
            /payer/openId "o\\u0020U\\u0020p\\u0020F"
            /goods/0/unitPrice/currency "sgd"
            /validitySeconds 0 86401 -1 1800.5 "1800" null
            /goods/0/quantity 0 1000001 2.5 "2"
            /metadata/costCentre 42 null {} ["42"] true "4\\u00002" "secret\\ud83dword"
            /goods/0/category "secret\\u0000word" "secret\\u0007word" "secret\\nword" "secret\\u001bword" "secret\\u007fword"
            /description "" "secret\\u0000word" "secret\\u0007word" "secret\\nword" "secret\\rword" "secret\\tword"
            /description "secret\\u001bword" "secret\\u007fword" "secret\\ud83dword"
            /goods/0/id "" "secret\\u0000word" "secret\\u0007word" "secret\\nword" "secret\\u001bword" "secret\\u007fword"
            /goods/0/name "" "secret\\u0000word" "secret\\u0007word" "secret\\nword" "secret\\u001bword" "secret\\u007fword"
            /goods/0/name "secret\\ud83dword"
            """;

    static Stream<Arguments> wrong() {
        return WRONG.lines()
                .map(line -> line.split(" "))
                .flatMap(words -> Stream.of(words).skip(1).map(value -> arguments(words[0], value)));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void wrongValueIsRefusedAtItsPlaceAndNotRepeated(String pointer, String value) {
        assertThat(refused(with(pointer, value)))
                .startsWith(pointer + " ")
                .doesNotContain("87654321", "10.5", "8.5", "secret", "word", "86401", "SO-2026", "訂單", "PAYNOWPAY");
    }

    @Test
    void aNumberBeyondEveryLimitIsRefusedWhereverItStands() {
        String range = """
                {"createdFrom":"2026-11-23T00:00:00Z","createdTo":"2026-11-24T00:00:00Z",\
                "settledBefore":"2026-11-24T00:00:00Z","status":%s}""";
        Exchange exchange = post(
                "/v1/events/redeliver",
                "application/json",
                range.formatted("1e400").getBytes(UTF_8));
        assertThat(refused(400, "INVALID_REQUEST", exchange)).contains("number that is too large");
        assertThat(refused(with("/amount/total", "-1e400"))).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "999999999999999"})
    void anAmountMayBeOneToFifteenDigits(String total) throws Exception {
        accepted(with("/amount/total", total));
    }

    @ParameterizedTest
    @ValueSource(strings = {"NaN", "Infinity", "-Infinity", "01050", "+1050", "1050.", ".5", "0x41A", "1_050"})
    void aNumberThatIsNotJsonIsRefused(String total) {
        assertThat(refused(ORDER.replace("1050", total)))
                .startsWith("the body is not well-formed JSON, line 2, column ")
                .doesNotContain(total);
    }

    @ParameterizedTest
    @CsvSource({
        "/orderNo,SO-2026-000123",
        "/account,main",
        "/region,SG",
        "/amount/currency,SGD",
        "/description,2 x latte",
        "/payer/openId,oUpF8uMuAJO",
        "/goods/0/id,latte",
        "/goods/0/name,Latte",
        "/goods/0/category,drinks",
    })
    void aLineBreakAtTheEndIsRefused(String pointer, String value) {
        // In many a regular expression "$" also means "before the last line break".
        for (String lineBreak : new String[] {"\\n", "\\r\\n", "\\u0085", "\\u2028"}) {
            boolean allowed = lineBreak.length() > 4 && pointer.matches("/description|/goods/.*");
            if (!allowed) {
                assertThat(refused(with(pointer, "\"" + value + lineBreak + "\"")))
                        .as(lineBreak)
                        .startsWith(pointer + " ");
            }
        }
    }

    @Test
    void aZeroCharacterInANameOfMetadataIsRefused() {
        // PostgreSQL can't keep it.
        assertThat(refused(ORDER.replace("costCentre", "cost\\u0000Centre"))).startsWith("/metadata");
    }

    @Test
    void metadataMayHaveLineBreaksAndAnyCharacterElse() throws Exception {
        accepted(with("/metadata/costCentre", "\"42\\n拿铁 ☕ \\ud83d\\ude00\""));
    }

    @Test
    void metadataHasAtMostFiftyEntriesOfFiveHundredCharacters() throws Exception {
        StringBuilder entries = new StringBuilder("{\"k0\":\"" + "x".repeat(500) + "\"");
        for (int i = 1; i < 50; i++) {
            entries.append(",\"k").append(i).append("\":\"v\"");
        }
        accepted(with("/metadata", entries + "}"));
        assertThat(refused(with("/metadata", entries + ",\"k50\":\"v\"}"))).startsWith("/metadata ");
        assertThat(refused(with("/metadata/costCentre", "\"" + "x".repeat(501) + "\"")))
                .startsWith("/metadata/costCentre ")
                .doesNotContain("xx");
    }

    @Test
    void goodsAreAtMostAHundred() {
        String one = "{\"id\":\"a\",\"name\":\"A\",\"quantity\":1,\"unitPrice\":{\"total\":1,\"currency\":\"SGD\"}}";
        assertThat(check(order(
                        with("/goods", "[" + (one + ",").repeat(99) + one + "]").getBytes(UTF_8))))
                .isNull();
        assertThat(refused(with("/goods", "[" + (one + ",").repeat(100) + one + "]")))
                .startsWith("/goods ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "\"orderNo\": \"SO-2026-000123\";\"orderNo\": \"SO-2026-000123\", \"orderNo\": \"SO-2026-000124\"",
                "\"total\": 1050;\"total\": 1050, \"total\": 1",
                "\"costCentre\": \"42\";\"costCentre\": \"42\", \"costCentre\": \"42\"",
            })
    void aFieldGivenTwiceIsRefused(String once, String twice) {
        assertThat(refused(ORDER.replace(once, twice)))
                .startsWith("the body is not well-formed JSON, line ")
                .doesNotContain("000124");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "{}", "1", "\"secret\"", "]", ","})
    void anythingAfterTheOrderIsRefused(String more) {
        assertThat(refused(ORDER + more))
                .startsWith("the body is not well-formed JSON, line ")
                .doesNotContain("secret");
    }

    @Test
    void aHundredLevelsAreRefused() {
        assertThat(refused(with("/metadata/costCentre", "[".repeat(100) + "]".repeat(100))))
                .startsWith("the body breaks a limit: 20 levels, ");
        assertThat(refused("[".repeat(100))).startsWith("the body breaks a limit: 20 levels, ");
    }

    @Test
    void moreThanAnOrderCanHoldIsRefusedWhileItIsRead() {
        assertThat(refused("[" + "1,".repeat(20_000) + "1]")).contains("10000 parts");
        assertThat(refused(with("/amount/total", "1".repeat(31)))).contains("30 a number");
        assertThat(refused("{\"" + "n".repeat(257) + "\":1}")).contains("256 characters a name");
        assertThat(refused("{\"" + "n".repeat(60_000) + "\":1}")).doesNotContain("nnn");
        assertThat(refused("\"" + "x".repeat(70_000) + "\"")).startsWith("the body breaks a limit");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "\n",
                "{",
                "{\"orderNo\"",
                "secret",
                "'secret'",
                "<order>secret</order>",
                "orderNo=secret"
            })
    void aBodyThatIsNotJsonIsRefused(String body) {
        assertThat(refused(body)).startsWith("the body ").doesNotContain("secret", "order>", "orderNo");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "null", "1", "true", "\"secret\""})
    void aBodyThatIsNotAnObjectIsRefused(String body) {
        assertThat(refused(body)).startsWith("the body ").doesNotContain("secret");
    }

    @Test
    void noBodyAtAllIsRefused() {
        assertThat(refused(400, "INVALID_REQUEST", post("/v1/payments", "application/json", null)))
                .startsWith("the body ");
    }

    @Test
    void bytesThatAreNotUtf8AreRefused() {
        byte[] body = ORDER.replace("2 x latte", "café").getBytes(Charset.forName("ISO-8859-1"));
        assertThat(refused(body)).startsWith("the body ").doesNotContain("caf");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "text/plain",
                "text/json",
                "application/xml",
                "application/x-www-form-urlencoded",
                "application/jsonx",
                "application/json, text/plain",
                "text/plain;application/json",
                "application/octet-stream"
            })
    void anotherContentTypeIsRefused(@Nullable String type) {
        assertThat(refused(415, "UNSUPPORTED_MEDIA_TYPE", post("/v1/payments", type, ORDER.getBytes(UTF_8))))
                .isEqualTo("send the body as Content-Type: application/json, in UTF-8");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json",
                "Application/JSON",
                "application/json;charset=utf-8",
                "application/json ; x=y"
            })
    void everySpellingOfTheContentTypePasses(String type) {
        assertThat(check(post("/v1/payments", type, ORDER.getBytes(UTF_8)))).isNull();
    }

    @Test
    void atMostFiveThingsAreNamedAtOnce() {
        assertThat(refused("{\"a\":1,\"b\":1,\"c\":1,\"d\":1}").split("; ")).hasSize(5);
    }

    @Test
    void anOperationWithoutABodyIsNotHeldToOne() {
        Exchange sync = post("/v1/payments/SO-2026-000123/sync", null, null);
        assertThat(check(sync)).isNull();
        assertThat(sync.getMessage().getBody()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "/description",
        "/goods/0/id",
        "/goods/0/name",
        "/goods/0/category",
        "/metadata/costCentre",
        "/metadata/paymentMethod",
        "/metadata/orderNo",
    })
    void aCardNumberInFreeTextIsRefusedAtItsPlaceAndNotQuoted(String pointer) {
        for (String card :
                new String[] {"4111111111111111", "card 4111 1111 1111 1111 exp 12/27", "4111-1111-1111-1111"}) {
            assertThat(refused(
                            422,
                            "CARD_NUMBER_NOT_ALLOWED",
                            order(with(pointer, "\"" + card + "\"").getBytes(UTF_8))))
                    .isEqualTo(pointer
                            + " holds what looks like a card number; take it out, such numbers are not stored here")
                    .doesNotContain("4111");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"4111111111111111", "my 4111 1111 1111 1111"})
    void aCardNumberAsANameIsRefusedAndNotQuoted(String card) {
        for (String parent : new String[] {"/metadata", "/payer", "/goods/0", ""}) {
            assertThat(refused(
                            422,
                            "CARD_NUMBER_NOT_ALLOWED",
                            order(with(parent + "/" + card, "\"x\"").getBytes(UTF_8))))
                    .startsWith((parent.isEmpty() ? "the body" : parent) + " holds ")
                    .doesNotContain("4111");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ISO-8859-1", "UTF-16LE", "UTF-16BE", "UTF-32LE"})
    void whatIsNotUtf8IsNotGuessedAt(String charset) throws Exception {
        String body = with("/description", "\"caf\u00e9\"");
        accepted(body);
        assertThat(check(order(("\ufeff" + body).getBytes(UTF_8)))).isNull();
        assertThat(refused(400, "INVALID_REQUEST", order(body.getBytes(charset))))
                .containsAnyOf("UTF-8", "JSON");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/bogus", "/goods/0/bogus", "/payer/bogus", "/region/bogus", "/account/bogus"})
    void aCardNumberIsNotQuotedFromAPlaceThatTheContractDoesNotHave(String pointer) {
        int last = pointer.lastIndexOf('/');
        String parent = pointer.substring(0, last);
        String body = parent.equals("/region") || parent.equals("/account")
                ? with(parent, "{\"bogus\": [\"4111111111111111\"]}")
                : with(pointer, "[{\"a\": \"4111111111111111\"}]");
        assertThat(refused(422, "CARD_NUMBER_NOT_ALLOWED", order(body.getBytes(UTF_8))))
                .startsWith(pointer)
                .doesNotContain("4111");
    }

    @Test
    void aCardNumberAsTheWholeBodyIsRefused() {
        assertThat(refused(422, "CARD_NUMBER_NOT_ALLOWED", order("\"4111111111111111\"".getBytes(UTF_8))))
                .startsWith("the body holds");
    }

    @Test
    void anIdentifierMayHappenToLookLikeACardNumber() throws Exception {
        accepted(with("/orderNo", "\"4111111111111111\""));
        accepted(with("/payer/openId", "\"4111111111111111\""));
        accepted(with("/paymentMethod", "\"4111111111111111\""));
        accepted(with("/amount/total", "378282246310005"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"2 x latte", "EAN 4006381333931 250 ml", "4111 1111 1111 1112", "call +65 6123 4567"})
    void whatIsNoCardNumberPasses(String text) throws Exception {
        accepted(with("/description", "\"" + text + "\""));
        accepted(with("/metadata/" + text, "\"" + text + "\""));
    }

    /** An operation with headers: this contract is the test's own. */
    private static @Nullable ValidationError checkHeaders(String... headers) throws IOException {
        OpenApiRequestValidator own = new OpenApiRequestValidator(new ByteArrayResource("""
                paths:
                  /v1/payments:
                    post:
                      parameters:
                        - $ref: "#/components/parameters/IdempotencyKey"
                        - { name: X-Page, in: header, schema: { type: integer, minimum: 1 } }
                components:
                  parameters:
                    IdempotencyKey:
                      name: Idempotency-Key
                      in: header
                      schema: { type: string, minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]*$" }
                """.getBytes(UTF_8)));
        MockHttpServletRequest request = new MockHttpServletRequest("POST", "/v1/payments");
        for (int i = 0; i < headers.length; i += 2) {
            request.addHeader(headers[i], headers[i + 1]);
        }
        Exchange exchange = post("/v1/payments", "application/json", null);
        PlatformHttpMessage message =
                new PlatformHttpMessage(exchange, new DefaultHttpBinding(), request, new MockHttpServletResponse());
        message.setHeader(Exchange.HTTP_METHOD, "POST");
        message.setHeader(Exchange.HTTP_PATH, "/v1/payments");
        exchange.setIn(message);
        return own.validate(exchange, CONTEXT);
    }

    @Test
    void aHeaderThatTheContractNamesMayBeLeftOutOrGivenOnce() throws Exception {
        assertThat(checkHeaders()).isNull();
        assertThat(checkHeaders("idempotency-key", "a~!\"", "X-Page", "1", "X-Other", "\u0000", "Accept", "*/*"))
                .isNull();
        assertThat(checkHeaders("Idempotency-Key", "x".repeat(255))).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "two words", "é", "拿铁", "a\tb", "a\u007f", "a\n"})
    void aHeaderOfAnotherFormIsRefusedAndNotQuoted(String value) throws Exception {
        ValidationError error = checkHeaders("Idempotency-Key", value);
        assertThat(error).as("accepted").isNotNull();
        assertThat(error.statusCode()).isEqualTo(400);
        assertThat(error.body())
                .contains("\"code\":\"INVALID_REQUEST\"", "\"detail\":\"header Idempotency-Key ")
                .doesNotContain("two words", "拿铁");
    }

    @Test
    void aHeaderThatIsTooLongIsRefused() throws Exception {
        assertThat(checkHeaders("Idempotency-Key", "x".repeat(256)).body()).contains("header Idempotency-Key ");
    }

    @Test
    void aHeaderThatTheContractNamesIsRefusedWhenGivenTwice() throws Exception {
        for (String second : new String[] {"a", "b"}) {
            assertThat(checkHeaders("Idempotency-Key", "a", "idempotency-key", second)
                            .body())
                    .contains("header Idempotency-Key may be given once");
        }
    }

    @Test
    void aNumberInAHeaderIsHeldToItsRule() throws Exception {
        assertThat(checkHeaders("X-Page", "0").statusCode()).isEqualTo(400);
        assertThat(checkHeaders("X-Page", "one").statusCode()).isEqualTo(400);
    }

    @Test
    void aPathIsNamedAsItIsWritten() throws Exception {
        OpenApiRequestValidator own = new OpenApiRequestValidator(new ByteArrayResource("""
                paths:
                  /v1/openapi.yaml: { get: {} }
                  /v1/payments/{orderNo}/close: { post: {} }
                components: {}
                """.getBytes(UTF_8)));
        assertThat(own.methods("/v1/openapi.yaml")).containsExactly("GET");
        assertThat(own.methods("/v1/openapiXyaml")).isEmpty();
        assertThat(own.methods("/v1/payments/SO.1/close")).containsExactly("POST");
        assertThat(own.methods("/v1/payments/SO/1/close")).isEmpty();
        assertThat(own.methods("/v1/payments//close")).isEmpty();
    }

    @Test
    void ofTwoPathsTheOneWithoutAParameterIsMeantWhicheverComesFirst() throws Exception {
        OpenApiRequestValidator own = new OpenApiRequestValidator(new ByteArrayResource("""
                paths:
                  /v1/events/{eventId}: { get: {} }
                  /v1/events/redeliver: { post: {} }
                components: {}
                """.getBytes(UTF_8)));
        assertThat(own.methods("/v1/events/redeliver")).containsExactly("POST");
        assertThat(own.methods("/v1/events/5")).containsExactly("GET");
    }
}
