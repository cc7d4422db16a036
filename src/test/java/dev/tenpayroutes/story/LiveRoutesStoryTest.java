package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

@DisplayName("profile dev")
@ActiveProfiles("dev")
@ExtendWith(OutputCaptureExtension.class)
@DirtiesContext
class LiveRoutesStoryTest extends Story {

    private static final ErpReceiver ERP = new ErpReceiver();

    private static Path routes;

    @DynamicPropertySource
    static void aFolderToEdit(DynamicPropertyRegistry registry) throws IOException {
        Path folder = Files.createTempDirectory("live");
        try (Stream<Path> files = Files.walk(Path.of("routes"))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file));
            }
        }
        routes = folder.resolve("routes");
        registry.add("tenpay.routes", () -> "file:" + routes);
        registry.add("tenpay.accounts.main.events.url", ERP::url);
        registry.add("tenpay.accounts.main.events.secrets", () -> ErpReceiver.SECRET);
    }

    private void edit(String file, String what, String by) {
        try {
            Path path = routes.resolve(file);
            Path draft = routes.resolveSibling("draft");
            String text = Files.readString(path);
            assertThat(text).contains(what);
            Files.writeString(draft, text.replace(what, by));
            Files.move(draft, path, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void anEditedMappingCountsWithoutARestart() {
        String number = pendingPayment();
        edit("mappings/payment-to-api.jq", "  region,", "  region: (.region + \"!\"),");
        eventually()
                .untilAsserted(() -> assertThat(payment(number).text("region")).isEqualTo("SG!"));
        edit("mappings/payment-to-api.jq", "  region: (.region + \"!\"),", "  region,");
        eventually()
                .untilAsserted(() -> assertThat(payment(number).text("region")).isEqualTo("SG"));
    }

    @Test
    void anEditedRuleCountsWithoutARestart() {
        edit("payment-methods.yaml", "min: 60,", "min: 2000,");
        eventually()
                .untilAsserted(() -> assertThat(
                                post("/v1/payments", order(newNumber())).text("code"))
                        .isEqualTo("AMOUNT_OUT_OF_RANGE"));
        edit("payment-methods.yaml", "min: 2000,", "min: 60,");
        eventually()
                .untilAsserted(() -> assertThat(
                                post("/v1/payments", order(newNumber())).status())
                        .isEqualTo(201));
    }

    @Test
    void aNewMethodIsANewEntryOfOneFileAndNothingElse() {
        edit("payment-methods.yaml", "PAYNOW:\n", """
                PROMPTPAY:
                  name: PromptPay, Thailand
                  methodKey: PROMPTPAY
                  regions: [TH]
                  currencies: [THB]
                  limits:
                    - { currency: THB, min: 2000, max: 5000000 }
                  validity: { min: 60, max: 600 }
                  closable: true
                  refund:
                    windowDays: 30
                    limits:
                      - { currency: THB, min: 100, max: 5000000 }
                PAYNOW:
                """);
        String number = newNumber();
        String order = order(number)
                .replace("CARD", "PROMPTPAY")
                .replace("\"SG\"", "\"TH\"")
                .replace("1050", "2050")
                .replace("SGD", "THB");

        eventually()
                .untilAsserted(
                        () -> assertThat(post("/v1/payments", order).status()).isIn(200, 201));

        assertThat(get("/v1/payment-methods").body().findValuesAsText("paymentMethod"))
                .contains("PROMPTPAY");
        assertThat(post("/v1/payments", order.replace(number, newNumber()).replace("2050", "1999"))
                        .text("detail"))
                .isEqualTo("PROMPTPAY takes 2000 to 5000000 THB in minor units, but amount.total is 1999");
        shopper(number, "SUCCESS");
        isSoon(number, "SUCCEEDED");
        String path = "/v1/payments/" + number + "/refunds";
        String small = refund(newRefundNumber(), 99).replace("SGD", "THB");
        assertThat(post(path, small).text("detail")).contains("PROMPTPAY refunds 100 to 5000000 THB");
        assertThat(post(path, small.replace("99,", "100,")).status()).isEqualTo(201);
    }

    /** It says during which call, of which order, and how; not the words of the failure, which quote what was mapped. */
    @Test
    void aMappingThatFailsAtAnOrderIsReportedWithoutWhatTheOrderSays(CapturedOutput output) {
        String number = newNumber();
        String name = "mappings/payment-to-checkout.jq";
        edit(name, "  description,", "  description: (.description | tonumber),");
        eventually().untilAsserted(() -> assertThat(output.getOut()).contains("payment-to-checkout.jq reloaded"));

        Answer answer = post("/v1/payments", order(number).replace("2 x latte", "a secret gift"));

        assertThat(answer.status()).isEqualTo(500);
        assertThat(output.getOut())
                .contains("createPayment answered 500: checkout-pay " + number
                        + " RuntimeCamelException, JsonQueryException, NumberFormatException at ")
                .doesNotContain("a secret gift");
        edit(name, "  description: (.description | tonumber),", "  description,");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "tenpay-result.camel.yaml;description:;descriptoin:;tenpay-result.camel.yaml is broken: Unsupported field: descriptoin",
                "tenpay-result.camel.yaml;tenpay-result.jq;tenpay-olds.jq;tenpay-result.camel.yaml names mappings/tenpay-olds.jq, which is not there",
                "tenpay-result.camel.yaml;reportResult;reportOlds;tenpay-result.camel.yaml names the bean reportOlds, which is not there",
                "kafka-orders.camel.yaml;precondition:;precondtion:;kafka-orders.camel.yaml is broken: Unsupported field: precondtion",
                "mappings/tenpay-result.jq;def statuses:;def statuses;tenpay-result.jq is broken: Encountered",
                "mappings/tenpay-result.jq;then storable | .[;then storabel | .[;tenpay-result.jq uses storabel/0, which nothing defines",
                "mappings/payment-to-api.jq;.limit as $limit;.limit as $limti;payment-to-api.jq uses $limit, which nothing defines",
                "polling.camel.yaml;expression: .account;expression: .account | lentgh;polling.camel.yaml uses lentgh/0, which nothing defines",
                "sql/payment-status.sql;join payment p;join paymnet p;payment-status.sql, line 22, is broken: ERROR: relation \"paymnet\" does not exist",
            })
    void aBrokenFileIsReportedWithItsPlaceAndTheOldRoutesGoOn(
            String file, String what, String by, String report, CapturedOutput output) {
        edit(file, what, by);

        eventually().untilAsserted(() -> assertThat(output.getOut()).contains(report));
        assertThat(payment(pendingPayment()).text("status")).isEqualTo("PENDING");

        edit(file, by, what);
        String name = Path.of(file).getFileName().toString();
        eventually().untilAsserted(() -> assertThat(output.getOut()).contains(name + " reloaded"));
        assertThat(payment(pendingPayment()).text("status")).isEqualTo("PENDING");
    }

    @Test
    void theErpHearsOfAPaymentInXmlWhereThatIsWhatItReads() throws IOException {
        theErpHears(
                "application/xml",
                "@html \"<payment no='\\(.orderNo)' status='\\(.status)'><text>\\(.description)</text></payment>\"",
                "<payment no='%s' status='PENDING'><text>2 &lt; 3 &amp; latte</text></payment>");
    }

    @Test
    void theErpHearsOfAPaymentAsAFlatFormWhereThatIsWhatItReads() throws IOException {
        theErpHears(
                "application/x-www-form-urlencoded",
                "@uri \"no=\\(.orderNo)&status=\\(.status)&text=\\(.description)\"",
                "no=%s&status=PENDING&text=2%%20%%3C%%203%%20%%26%%20latte");
    }

    /** A mapping and two words of the route make another body, and the signature is of that. */
    private void theErpHears(String type, String mapping, String body) throws IOException {
        String payment = "payment-to-erp.jq\n" + " ".repeat(24) + "resultType: byte[]";
        String json = Files.readString(routes.resolve("mappings/payment-to-erp.jq"));
        edit("mappings/payment-to-erp.jq", json, "# A payment -> what our old ERP reads.\n" + mapping + "\n");
        edit("erp-webhook.camel.yaml", payment, payment.replace("byte[]", "java.lang.String"));
        edit("erp-webhook.camel.yaml", "expression: application/json", "expression: " + type);
        try {
            eventually().untilAsserted(() -> {
                String number = newNumber();
                post("/v1/payments", order(number).replace("2 x latte", "2 < 3 & latte"));
                eventually().untilAsserted(() -> assertThat(ERP.of(number)).isNotEmpty());
                assertThat(ERP.of(number).get(0).body()).isEqualTo(body.formatted(number));
                assertThat(ERP.of(number).get(0).headers().get("Content-type")).containsExactly(type);
            });
            assertThat(ERP.complaints()).isEmpty();
        } finally {
            edit("erp-webhook.camel.yaml", "expression: " + type, "expression: application/json");
            edit("erp-webhook.camel.yaml", payment.replace("byte[]", "java.lang.String"), payment);
            Files.writeString(routes.resolve("mappings/payment-to-erp.jq"), json);
        }
    }
}
