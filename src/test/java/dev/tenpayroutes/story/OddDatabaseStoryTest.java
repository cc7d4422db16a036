package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.sandbox.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/**
 * The main stories on a server whose locale is Turkish, where the small I has no dot, and whose defaults for dates, times,
 * intervals, bytes, texts, arrays and transactions are all others than PostgreSQL's.
 */
@DisplayName("a database of odd settings")
@DirtiesContext
class OddDatabaseStoryTest extends Story {

    private static final EmbeddedPostgres POSTGRES;

    static {
        try {
            POSTGRES = EmbeddedPostgres.builder()
                    .setPort(FreePort.find())
                    .setLocaleConfig("locale-provider", "icu")
                    .setLocaleConfig("icu-locale", "tr-TR")
                    .setServerConfig("datestyle", "SQL,DMY")
                    .setServerConfig("timezone", "Asia/Kathmandu")
                    .setServerConfig("intervalstyle", "sql_standard")
                    .setServerConfig("bytea_output", "escape")
                    .setServerConfig("standard_conforming_strings", "off")
                    .setServerConfig("array_nulls", "off")
                    .setServerConfig("extra_float_digits", "-15")
                    .setServerConfig("default_transaction_isolation", "serializable")
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @DynamicPropertySource
    static void server(DynamicPropertyRegistry registry) {
        registry.add("tenpay.sandbox.server-url", () -> POSTGRES.getJdbcUrl("postgres", "postgres"));
    }

    @AfterAll
    static void close() throws IOException {
        POSTGRES.close();
    }

    private List<String> eventTypes(String number) {
        return db.sql("select e.type from erp_event e join payment p on p.id = e.payment_id where p.order_no = ?"
                        + " order by e.id")
                .param(number)
                .query(String.class)
                .list();
    }

    @Test
    void foldsTextAsTurkishDoesOutsideOurStatements() {
        assertThat(db.sql("select lower('FAILED')").query(String.class).single())
                .isEqualTo("faıled");
        assertThat(db.sql("select cast(cast('2026-11-30 10:00+00' as timestamptz) as text)")
                        .query(String.class)
                        .single())
                .isEqualTo("2026-11-30 10:00:00+00");
    }

    @Test
    void paymentsAndRefundsReachTheirEndsWithTheirEvents() {
        String number = paidPayment();
        String refunded = newRefundNumber();
        assertThat(refund(number, refunded, 250).status()).isEqualTo(201);
        bank(refunded, "SUCCESS");
        refundIsSoon(refunded, "SUCCEEDED");
        String failed = pendingPayment();
        shopper(failed, "FAILED");
        isSoon(failed, "FAILED");

        eventually()
                .untilAsserted(() -> assertThat(eventTypes(number))
                        .contains("payment.succeeded", "refund.succeeded")
                        .allMatch(type -> type.matches("(payment|refund)\\.[a-z]+")));
        assertThat(eventTypes(failed)).contains("payment.failed").allMatch(type -> type.matches("payment\\.[a-z]+"));
        JsonNode payment = payment(number).body();
        assertThat(payment.path("paidAt").asText()).matches("20\\d\\d-\\d\\d-\\d\\dT[0-9:.]+(Z|\\+00:00)");
        assertThat(payment.path("refunded").path("total").asLong()).isEqualTo(250);
        assertThat(payment(failed).body().hasNonNull("review")).isFalse();
    }

    @Test
    void textOfEveryLanguageIsKeptAndListsAreCutIntoPages() {
        String number = newNumber();
        String words = "两杯拿铁 Şişli İ ı ğ \\\\ ' %";
        assertThat(post("/v1/payments", order(number).replace("2 x latte", words))
                        .status())
                .isEqualTo(201);
        String other = pendingPayment();

        assertThat(payment(number).text("description")).isEqualTo(words.replace("\\\\", "\\"));
        JsonNode first = get("/v1/payments?limit=1").body();
        assertThat(first.path("items").get(0).path("orderNo").asText()).isEqualTo(other);
        JsonNode second = get("/v1/payments?limit=1&cursor="
                        + first.path("nextCursor").asText())
                .body();
        assertThat(second.path("items").get(0).path("orderNo").asText()).isEqualTo(number);
        assertThat(post("/v1/payments", order(number).replace("2 x latte", words))
                        .status())
                .as("the same order again")
                .isEqualTo(200);
        assertThat(get("/v1/payments/" + number + "/events").status()).isEqualTo(200);
    }
}
