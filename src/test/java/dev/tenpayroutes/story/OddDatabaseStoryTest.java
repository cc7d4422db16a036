package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What the odd server of the stories does to texts and times: nothing that the program's own statements would show. */
@DisplayName("a database of odd settings")
class OddDatabaseStoryTest extends Story {

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
