package dev.tenpayroutes.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class HistoryToApiTest {

    private final Mapping mapping = new Mapping("history-to-api.jq");

    @Test
    void anEventIsShownWithoutOurKeysAndWithoutWhatItHasNot() {
        assertThat(mapping.apply("""
                                {"limit":2,"history":[{"id":7,"cursor":"7","source":"order","outcome":"STORED",
                                  "status_before":null,"status_after":"CREATED","detail":null,
                                  "at":"2026-11-23T08:00:00+00:00"},
                                 {"id":8,"cursor":"8","source":"checkout-pay","outcome":"NO_RESPONSE",
                                  "status_before":"CREATED","status_after":"CREATED","detail":"no answer in time",
                                  "at":"2026-11-23T08:00:09+00:00"}]}
                                """, Map.of()).toString())
                .isEqualTo(
                        "{\"items\":[{\"at\":\"2026-11-23T08:00:00+00:00\",\"source\":\"order\",\"outcome\":\"STORED\","
                                + "\"statusAfter\":\"CREATED\"},{\"at\":\"2026-11-23T08:00:09+00:00\",\"source\":\"checkout-pay\","
                                + "\"outcome\":\"NO_RESPONSE\",\"statusBefore\":\"CREATED\",\"statusAfter\":\"CREATED\","
                                + "\"detail\":\"no answer in time\"}]}");
    }

    @Test
    void namesTheLastRowShownWhereThereAreMore() {
        String page = "{\"limit\":1,\"history\":[{\"cursor\":\"900719925474099312\"},{\"cursor\":\"8\"}]}";
        assertThat(mapping.apply(page, Map.of()).toString())
                .isEqualTo("{\"items\":[{}],\"nextCursor\":\"900719925474099312\"}");
    }
}
