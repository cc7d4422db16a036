package dev.tenpayroutes.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tenpayroutes.config.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.FileSystemResource;

class PaymentMethodsTest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final DefaultCamelContext CAMEL = new DefaultCamelContext();
    private static final Path SHIPPED = Path.of("routes/payment-methods.yaml");

    @TempDir
    private Path folder;

    private Path file;
    private PaymentMethods methods;

    @BeforeEach
    void copy() throws IOException {
        file = Files.copy(SHIPPED, folder.resolve("payment-methods.yaml"));
        methods = new PaymentMethods(new FileSystemResource(file));
    }

    private void edit(String from, String to) throws IOException {
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    private static ObjectNode order(String method, String region, long total, String currency) {
        ObjectNode order = JSON.createObjectNode();
        order.put("paymentMethod", method).put("region", region);
        order.putObject("amount").put("total", total).put("currency", currency);
        return order;
    }

    private Exchange check(JsonNode order) throws Exception {
        Exchange exchange = new DefaultExchange(CAMEL);
        exchange.getMessage().setBody(order);
        methods.paymentMethodRules().process(exchange);
        assertThat(exchange.getMessage().getBody()).isEqualTo(order);
        return exchange;
    }

    /** The seconds that an order which breaks no rule is valid for. */
    private int validity(JsonNode order) throws Exception {
        return check(order).getVariable("validitySeconds", Integer.class);
    }

    private String methodKey(JsonNode order) throws Exception {
        return check(order).getVariable("methodKey", String.class);
    }

    private String refused(String code, JsonNode order) throws Exception {
        Exchange exchange = check(order);
        assertThat(exchange.getVariable("violatedRule"))
                .as("accepted: %s", order)
                .isEqualTo(code);
        return exchange.getVariable("detail", String.class);
    }

    @ParameterizedTest
    @CsvSource({
        "CARD,SG,60,SGD",
        "CARD,SG,1500000,SGD",
        "PAYNOW,SG,1,SGD",
        "PAYNOW,SG,1500000,SGD",
        "BOC_MACAU,MO,1,MOP",
        "BOC_MACAU,MO,5000000,MOP",
    })
    void anAmountAtTheEdgeOfItsLimitIsTaken(String method, String region, long total, String currency)
            throws Exception {
        assertThat(methodKey(order(method, region, total, currency))).isEqualTo(method);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "AMOUNT_OUT_OF_RANGE;CARD;SG;59 SGD;;CARD takes 60 to 1500000 SGD in minor units, but amount.total is 59",
                "AMOUNT_OUT_OF_RANGE;CARD;SG;1500001 SGD;;CARD takes 60 to 1500000 SGD in minor units, but amount.total is 1500001",
                "AMOUNT_OUT_OF_RANGE;PAYNOW;SG;0 SGD;;PAYNOW takes 1 to 1500000 SGD in minor units, but amount.total is 0",
                "AMOUNT_OUT_OF_RANGE;PAYNOW;SG;1500001 SGD;;PAYNOW takes 1 to 1500000 SGD in minor units, but amount.total is 1500001",
                "AMOUNT_OUT_OF_RANGE;PAYNOW;SG;999999999999999 SGD;;PAYNOW takes 1 to 1500000 SGD in minor units, but amount.total is 999999999999999",
                "AMOUNT_OUT_OF_RANGE;PAYNOW;SG;4294967297 SGD;;PAYNOW takes 1 to 1500000 SGD in minor units, but amount.total is 4294967297",
                "AMOUNT_OUT_OF_RANGE;BOC_MACAU;MO;0 MOP;;BOC_MACAU takes 1 to 5000000 MOP in minor units, but amount.total is 0",
                "AMOUNT_OUT_OF_RANGE;BOC_MACAU;MO;5000001 MOP;;BOC_MACAU takes 1 to 5000000 MOP in minor units, but amount.total is 5000001",
                "CURRENCY_NOT_SUPPORTED;CARD;SG;1050 ABC;;CARD takes ISO 4217 currencies, but amount.currency is ABC",
                "CURRENCY_NOT_SUPPORTED;CARD;SG;1050 sgd;;CARD takes ISO 4217 currencies, but amount.currency is sgd",
                "CURRENCY_NOT_SUPPORTED;CARD;SG;1050 S$;;CARD takes ISO 4217 currencies, but amount.currency is S$",
                "CURRENCY_NOT_SUPPORTED;PAYNOW;SG;1050 USD;;PAYNOW takes [SGD], but amount.currency is USD",
                "CURRENCY_NOT_SUPPORTED;PAYNOW;SG;1050 MOP;;PAYNOW takes [SGD], but amount.currency is MOP",
                "CURRENCY_NOT_SUPPORTED;BOC_MACAU;MO;1050 SGD;;BOC_MACAU takes [MOP], but amount.currency is SGD",
                "CURRENCY_NOT_SUPPORTED;BOC_MACAU;MO;1050 HKD;;BOC_MACAU takes [MOP], but amount.currency is HKD",
                "REGION_NOT_SUPPORTED;CARD;MO;1050 SGD;;CARD is offered in [SG], but region is MO",
                "REGION_NOT_SUPPORTED;CARD;sg;1050 SGD;;CARD is offered in [SG], but region is sg",
                "REGION_NOT_SUPPORTED;PAYNOW;MO;1050 SGD;;PAYNOW is offered in [SG], but region is MO",
                "REGION_NOT_SUPPORTED;PAYNOW;'';1050 SGD;;'PAYNOW is offered in [SG], but region is '",
                "REGION_NOT_SUPPORTED;BOC_MACAU;SG;1050 MOP;;BOC_MACAU is offered in [MO], but region is SG",
                "PAYMENT_METHOD_UNKNOWN;WECHAT_PAY;SG;1050 SGD;;paymentMethod must be one of [BOC_MACAU, CARD, PAYNOW], but is WECHAT_PAY",
                "PAYMENT_METHOD_UNKNOWN;paynow;SG;1050 SGD;;paymentMethod must be one of [BOC_MACAU, CARD, PAYNOW], but is paynow",
                "PAYMENT_METHOD_UNKNOWN;'PAYNOW ';SG;1050 SGD;;'paymentMethod must be one of [BOC_MACAU, CARD, PAYNOW], but is PAYNOW '",
                "VALIDITY_OUT_OF_RANGE;CARD;SG;1050 SGD;0;CARD allows 1 to 3600 s, but validitySeconds is 0",
                "VALIDITY_OUT_OF_RANGE;CARD;SG;1050 SGD;3601;CARD allows 1 to 3600 s, but validitySeconds is 3601",
                "VALIDITY_OUT_OF_RANGE;PAYNOW;SG;1050 SGD;1799;PAYNOW allows 1800 to 3600 s, but validitySeconds is 1799",
                "VALIDITY_OUT_OF_RANGE;PAYNOW;SG;1050 SGD;3601;PAYNOW allows 1800 to 3600 s, but validitySeconds is 3601",
                "VALIDITY_OUT_OF_RANGE;BOC_MACAU;MO;1050 MOP;0;BOC_MACAU allows 1 to 1200 s, but validitySeconds is 0",
                "VALIDITY_OUT_OF_RANGE;BOC_MACAU;MO;1050 MOP;-1;BOC_MACAU allows 1 to 1200 s, but validitySeconds is -1",
                "VALIDITY_OUT_OF_RANGE;BOC_MACAU;MO;1050 MOP;1201;BOC_MACAU allows 1 to 1200 s, but validitySeconds is 1201",
                "VALIDITY_OUT_OF_RANGE;BOC_MACAU;MO;1050 MOP;2147483647;BOC_MACAU allows 1 to 1200 s, but validitySeconds is 2147483647",
            })
    void refusesOrderThatBreaksRuleOfItsMethod(
            String code, String method, String region, String amount, Integer seconds, String detail) throws Exception {
        String[] words = amount.split(" ");
        ObjectNode order = order(method, region, Long.parseLong(words[0]), words[1]);
        assertThat(refused(code, seconds == null ? order : order.put("validitySeconds", seconds)))
                .isEqualTo(detail);
    }

    @ParameterizedTest
    @CsvSource({"USD,1", "USD,999999999999999", "JPY,1", "KRW,1", "CNY,59", "KWD,1500001", "MOP,1"})
    void aCardTakesAnyCurrencyAndLeavesItsLimitToTenpay(String currency, long total) throws Exception {
        assertThat(methodKey(order("CARD", "SG", total, currency))).isEqualTo("CARD");
    }

    /** Without a validity an order has the method's longest; Tenpay's limit for BOC Macau is below its twenty minutes. */
    @ParameterizedTest
    @CsvSource({
        "CARD,SG,SGD,,3600",
        "CARD,SG,SGD,1,1",
        "CARD,SG,SGD,3600,3600",
        "PAYNOW,SG,SGD,,3600",
        "PAYNOW,SG,SGD,1800,1800",
        "PAYNOW,SG,SGD,3600,3600",
        "BOC_MACAU,MO,MOP,,999",
        "BOC_MACAU,MO,MOP,1,1",
        "BOC_MACAU,MO,MOP,999,999",
        "BOC_MACAU,MO,MOP,1000,999",
        "BOC_MACAU,MO,MOP,1200,999",
    })
    void keepsOrClampsValidity(String method, String region, String currency, Integer seconds, int kept)
            throws Exception {
        ObjectNode order = order(method, region, 1050, currency);
        assertThat(validity(seconds == null ? order : order.put("validitySeconds", seconds)))
                .isEqualTo(kept);
    }

    @ParameterizedTest
    @ValueSource(strings = {"clampUpTo: 999", "clampUpTo: 1", "clampUpTo: soon", "clampTo: 1200"})
    void refusesFileWithClampThatCannotApply(String clamp) throws Exception {
        edit("clampUpTo: 1200", clamp);
        assertThatThrownBy(methods::load).isInstanceOf(dev.tenpayroutes.config.InvalidConfigurationException.class);
    }

    @Test
    void theMethodKeyIsTenpaysWordNotOurs() throws Exception {
        edit("methodKey: PAYNOW", "methodKey: SG_PAYNOW_QR");
        methods.load();
        assertThat(methodKey(order("PAYNOW", "SG", 1050, "SGD"))).isEqualTo("SG_PAYNOW_QR");
    }

    @Test
    void aMethodAddedToTheFileWorks() throws Exception {
        ObjectNode order = order("PROMPTPAY", "TH", 2000, "THB");
        refused("PAYMENT_METHOD_UNKNOWN", order);
        Files.writeString(file, Files.readString(file) + """
                PROMPTPAY:
                  name: PromptPay, Thailand
                  methodKey: PROMPT_PAY
                  regions: [TH]
                  currencies: [THB]
                  limits:
                    - { currency: THB, min: 2000, max: 15000000 }
                  validity: { min: 60, max: 900 }
                  closable: true
                  refund:
                    windowDays: 30
                """);
        methods.load();
        assertThat(methodKey(order)).isEqualTo("PROMPT_PAY");
        assertThat(validity(order)).isEqualTo(900);
        assertThat(refused("AMOUNT_OUT_OF_RANGE", order("PROMPTPAY", "TH", 1999, "THB")))
                .isEqualTo("PROMPTPAY takes 2000 to 15000000 THB in minor units, but amount.total is 1999");
    }

    @Test
    void anEditCountsOnceItIsLoaded() throws Exception {
        edit("min: 60, max: 1500000", "min: 60, max: 2000000");
        refused("AMOUNT_OUT_OF_RANGE", order("CARD", "SG", 1500001, "SGD"));
        methods.load();
        assertThat(methodKey(order("CARD", "SG", 1500001, "SGD"))).isEqualTo("CARD");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "CARD:;CARD: [",
                "CARD:;PAYNOW:",
                "closable: true;closeable: true",
                "closable: true;closable: perhaps",
                "min: 60,;minimum: 60,",
                "min: 60,;min: sixty,",
                "min: 60,;min: 60.5,",
                "min: 60,;min: ,",
                "min: 60, max: 1500000;min: 60",
                "validity: { min: 1, max: 3600 };validity:",
                "validity: { min: 1, max: 3600 };validity: { min: 1 }",
                "methodKey: CARD;methodName: CARD",
                "regions: [MO];region: MO",
                "windowDays: 90;windowDays: 90.5",
                "name: PayNow, Singapore;name: !!java.net.URL [https://evil.example]",
            })
    void aBrokenFileIsReportedAndTheOldRulesStay(String from, String to) throws Exception {
        String text = Files.readString(file);
        assertThat(text).contains(from);
        // The tags and the spare word are broken; all else of the file is unchanged.
        Files.writeString(file, text.replaceFirst(java.util.regex.Pattern.quote(from), to));
        InvalidConfigurationException refusal =
                catchThrowableOfType(InvalidConfigurationException.class, methods::load);
        assertThat(refusal).as("loaded").isNotNull();
        assertThat(refusal.line())
                .startsWith("file [" + file + "] can't be read: ")
                .endsWith(". Remedy: correct the file; its head says what each word means")
                .hasLineCount(1);
        assertThat(methodKey(order("CARD", "SG", 60, "SGD"))).isEqualTo("CARD");
        refused("AMOUNT_OUT_OF_RANGE", order("CARD", "SG", 59, "SGD"));
    }

    @Test
    void aFileThatIsGoneOrEmptyIsReportedAndTheOldRulesStay() throws Exception {
        Files.writeString(file, "");
        assertThatThrownBy(methods::load).isInstanceOf(InvalidConfigurationException.class);
        Files.delete(file);
        assertThatThrownBy(methods::load).isInstanceOf(InvalidConfigurationException.class);
        assertThat(methodKey(order("CARD", "SG", 60, "SGD"))).isEqualTo("CARD");
    }

    @Test
    void aBrokenFileStopsTheStart() throws Exception {
        edit("closable: true", "closeable: true");
        assertThatThrownBy(() -> new PaymentMethods(new FileSystemResource(file)))
                .isInstanceOf(InvalidConfigurationException.class);
    }

    @Test
    void norwayMustBeQuotedSinceYamlReadsItAsFalse() throws Exception {
        edit("regions: [MO]", "regions: [NO]");
        assertThatThrownBy(methods::load)
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("Boolean");
        edit("regions: [NO]", "regions: [\"NO\"]");
        methods.load();
        assertThat(methodKey(order("BOC_MACAU", "NO", 1, "MOP"))).isEqualTo("BOC_MACAU");
    }

    @Test
    void theListIsTheFileAsItIsWritten() throws Exception {
        Exchange exchange = new DefaultExchange(CAMEL);
        methods.listPaymentMethods().process(exchange);
        JsonNode list = exchange.getMessage().getBody(JsonNode.class);
        assertThat(list.at("/BOC_MACAU").toString())
                .isEqualTo(
                        "{\"name\":\"BOC Macau mobile banking\",\"methodKey\":\"BOC_MACAU\",\"regions\":[\"MO\"],"
                                + "\"currencies\":[\"MOP\"],\"limits\":[{\"currency\":\"MOP\",\"min\":1,\"max\":5000000}],"
                                + "\"validity\":{\"min\":1,\"max\":999,\"clampUpTo\":1200},\"closable\":false,"
                                + "\"refund\":{\"windowDays\":365,\"limits\":[{\"currency\":\"MOP\",\"min\":1,\"max\":5000000}]}}");
        assertThat(list.at("/CARD/refund").has("windowDays")).isFalse();
        assertThat(list.properties())
                .extracting(java.util.Map.Entry::getKey)
                .containsExactly("CARD", "PAYNOW", "BOC_MACAU");
    }
}
