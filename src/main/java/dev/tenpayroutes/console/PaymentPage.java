package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;

/** One payment from order to money to the ERP's ear. */
@ConsolePage
class PaymentPage {

    private static final String PATH = "/console/payments/{account}/{orderNo}";
    private static final int MAX_EVENTS = 20;

    private final Console console;

    PaymentPage(Console console) {
        this.console = console;
    }

    @GetMapping(PATH)
    ResponseEntity<String> payment(
            @PathVariable String account,
            @PathVariable String orderNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        Map<String, String> here = Map.of("account", account, "orderNo", orderNo);
        Answer payment = console.call(visit, "getPayment", here);
        if (!payment.isGood()) {
            return console.problem(visit, payment);
        }
        Map<String, String> all = new HashMap<>(here);
        all.put("limit", "100");
        Map<String, String> some = new HashMap<>(here);
        some.put("limit", String.valueOf(MAX_EVENTS));
        List<JsonNode> events = new ArrayList<>();
        console.call(visit, "listEvents", some).body().path("items").forEach(event -> {
            Answer whole = console.call(
                    visit,
                    "getEvent",
                    Map.of("account", account, "eventId", event.path("id").asText()));
            events.add(whole.isGood() ? whole.body() : event);
        });
        return console.page(
                "payment",
                visit,
                Map.of(
                        "payment",
                        payment.body(),
                        "history",
                        console.call(visit, "listPaymentEvents", all).body().path("items"),
                        "refunds",
                        console.call(visit, "listRefunds", all).body().path("items"),
                        "events",
                        events,
                        "method",
                        console.method(visit, payment.body())));
    }
}
