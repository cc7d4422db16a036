package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.RefundHolds;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;

/** The first page: today's sums, what needs a person, what waits, what is unwell. */
@ConsolePage
public class StartPage {

    private static final String SOME = "5";

    private final Console console;
    private final Accounts accounts;
    private final RefundHolds holds;

    StartPage(Console console, Accounts accounts, RefundHolds holds) {
        this.console = console;
        this.accounts = accounts;
        this.holds = holds;
    }

    /** Today's sums of one currency. */
    public record Sums(String currency, long payments, long paid, long refunds, long refunded, long net) {
        Sums plus(JsonNode line) {
            return new Sums(
                    currency,
                    payments + line.at("/payments/count").asLong(),
                    Math.addExact(paid, line.at("/payments/total").asLong()),
                    refunds + line.at("/refunds/count").asLong(),
                    Math.addExact(refunded, line.at("/refunds/total").asLong()),
                    Math.addExact(net, line.path("net").asLong()));
        }
    }

    @GetMapping("/console")
    ResponseEntity<String> start(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        String today = visit.today().toString();
        Answer report = console.call(
                visit,
                "getDailyReport",
                Map.of("from", today, "to", today, "timeZone", visit.zone().getId()));
        Map<String, Sums> sums = new TreeMap<>();
        report.body().path("items").forEach(line -> {
            String currency = line.path("currency").asText();
            sums.put(
                    currency,
                    sums.getOrDefault(currency, new Sums(currency, 0, 0, 0, 0, 0))
                            .plus(line));
        });
        List<String> unwell = new ArrayList<>();
        for (String name : visit.user().accounts()) {
            Account account = accounts.get(name);
            if (!account.isAvailable() || holds.all().contains(name)) {
                unwell.add(name);
            }
        }
        return console.page(
                "start",
                visit,
                Map.of(
                        "problem",
                        report,
                        "sums",
                        List.copyOf(sums.values()),
                        "reviews",
                        console.call(visit, "listReviews", Map.of("limit", SOME)),
                        "waiting",
                        console.call(visit, "listPayments", Map.of("status", "PENDING", "limit", SOME)),
                        "dead",
                        console.call(visit, "listEvents", Map.of("status", "DEAD", "limit", SOME)),
                        "unwell",
                        unwell));
    }
}
