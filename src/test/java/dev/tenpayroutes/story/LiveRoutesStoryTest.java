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
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

@DisplayName("profile dev")
@ActiveProfiles("dev")
@ExtendWith(OutputCaptureExtension.class)
class LiveRoutesStoryTest extends Story {

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

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "payment-status.camel.yaml;description:;descriptoin:;payment-status.camel.yaml is broken: Unsupported field: descriptoin",
                "payment-status.camel.yaml;payment-news.jq;payment-olds.jq;payment-status.camel.yaml names mappings/payment-olds.jq, which is not there",
                "payment-status.camel.yaml;reportNews;reportOlds;payment-status.camel.yaml does not start: No bean could be found in the registry for: reportOlds",
                "mappings/payment-news.jq;def statuses:;def statuses;payment-news.jq is broken: Encountered",
                "sql/payment-status.sql;from payment;from paymnet;payment-status.sql, line 9, is broken: ERROR: relation \"paymnet\" does not exist",
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
}
