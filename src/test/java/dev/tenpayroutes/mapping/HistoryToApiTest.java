package dev.tenpayroutes.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class HistoryToApiTest {

    private final Mapping mapping = new Mapping("history-to-api.jq");

    @Test
    void anEventIsShownWithoutOurKeysAndWithoutWhatItHasNot() {
        assertThat(mapping.apply("""
                                [{"id":7,"payment_id":3,"refund_id":null,"source":"order","outcome":"STORED",
                                  "status_before":null,"status_after":"CREATED","detail":null,
                                  "at":"2026-11-23T08:00:00+00:00"},
                                 {"id":8,"payment_id":3,"refund_id":null,"source":"checkout-pay","outcome":"NO_ANSWER",
                                  "status_before":"CREATED","status_after":"CREATED","detail":"no answer in time",
                                  "at":"2026-11-23T08:00:09+00:00"}]
                                """, Map.of()).toString())
                .isEqualTo(
                        "{\"items\":[{\"at\":\"2026-11-23T08:00:00+00:00\",\"source\":\"order\",\"outcome\":\"STORED\","
                                + "\"statusAfter\":\"CREATED\"},{\"at\":\"2026-11-23T08:00:09+00:00\",\"source\":\"checkout-pay\","
                                + "\"outcome\":\"NO_ANSWER\",\"statusBefore\":\"CREATED\",\"statusAfter\":\"CREATED\","
                                + "\"detail\":\"no answer in time\"}]}");
    }
}
