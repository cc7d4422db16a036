package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.RefundHolds;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;

/** What needs a person, the sums of days, and how the accounts are. */
@ConsolePage
public class OverviewPages {

    private static final int DAYS = 7;
    private static final int CHART_HEIGHT = 160;
    private static final int DAY_WIDTH = 40;

    private final Console console;
    private final Accounts accounts;
    private final RefundHolds holds;

    OverviewPages(Console console, Accounts accounts, RefundHolds holds) {
        this.console = console;
        this.accounts = accounts;
        this.holds = holds;
    }

    /** A day's sums of one currency, and the heights of their bars. */
    public record Bar(String date, int x, long paid, int paidHeight, long refunded, int refundedHeight) {}

    /** The bars of one currency. */
    public record Chart(String currency, int width, int height, List<Bar> bars) {}

    /** An account, whether its refunds are on hold. */
    public record AccountState(Account account, boolean onHold) {}

    @GetMapping("/console/reviews")
    ResponseEntity<String> reviews(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        Map<String, String> values = new LinkedHashMap<>();
        for (String name : List.of("account", "cursor")) {
            values.put(name, Objects.requireNonNullElse(request.getParameter(name), ""));
        }
        Answer reviews = console.call(visit, "listReviews", values);
        return console.page(reviews.status(), "reviews", visit, Map.of("reviews", reviews));
    }

    @GetMapping("/console/reports")
    ResponseEntity<String> reports(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        String to = given(request, "to", visit.today().toString());
        String from = given(request, "from", visit.today().minusDays(DAYS - 1L).toString());
        String account = given(request, "account", "");
        Answer report = console.call(
                visit,
                "getDailyReport",
                Map.of(
                        "from",
                        from,
                        "to",
                        to,
                        "account",
                        account,
                        "timeZone",
                        visit.zone().getId()));
        return console.page(
                report.status(),
                "reports",
                visit,
                Map.of(
                        "report",
                        report,
                        "from",
                        from,
                        "to",
                        to,
                        "account",
                        account,
                        "charts",
                        report.isGood() ? charts(from, to, report.body().path("items")) : List.of()));
    }

    private static String given(HttpServletRequest request, String name, String otherwise) {
        String value = request.getParameter(name);
        return value == null || value.isBlank() ? otherwise : value.strip();
    }

    private static List<Chart> charts(String from, String to, JsonNode lines) {
        Map<String, Map<String, long[]>> sums = new TreeMap<>();
        for (JsonNode line : lines) {
            long[] day = sums.computeIfAbsent(line.path("currency").asText(), currency -> new TreeMap<>())
                    .computeIfAbsent(line.path("date").asText(), date -> new long[2]);
            day[0] = Math.addExact(day[0], line.at("/payments/total").asLong());
            day[1] = Math.addExact(day[1], line.at("/refunds/total").asLong());
        }
        List<Chart> charts = new ArrayList<>();
        sums.forEach((currency, days) -> charts.add(chart(currency, from, to, days)));
        return charts;
    }

    private static Chart chart(String currency, String from, String to, Map<String, long[]> days) {
        long most = days.values().stream()
                .mapToLong(day -> Math.max(day[0], day[1]))
                .max()
                .orElse(0);
        List<Bar> bars = new ArrayList<>();
        try {
            for (LocalDate day = LocalDate.parse(from); !day.isAfter(LocalDate.parse(to)); day = day.plusDays(1)) {
                long[] sum = days.getOrDefault(day.toString(), new long[2]);
                bars.add(new Bar(
                        day.toString(),
                        bars.size() * DAY_WIDTH,
                        sum[0],
                        height(sum[0], most),
                        sum[1],
                        height(sum[1], most)));
            }
        } catch (DateTimeParseException e) {
            return new Chart(currency, DAY_WIDTH, CHART_HEIGHT, List.of());
        }
        return new Chart(currency, bars.size() * DAY_WIDTH, CHART_HEIGHT, bars);
    }

    /** In whole pixels; what is something is seen. */
    private static int height(long sum, long most) {
        if (sum <= 0 || most <= 0) {
            return 0;
        }
        // The largest sums of money times pixels are within a long, since amounts have 15 digits at most; sums have
        // more.
        long part = most > Long.MAX_VALUE / CHART_HEIGHT ? sum / (most / CHART_HEIGHT) : sum * CHART_HEIGHT / most;
        return (int) Math.min(CHART_HEIGHT, Math.max(1, part));
    }

    @GetMapping("/console/accounts")
    ResponseEntity<String> accounts(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        Set<String> held = holds.all();
        List<AccountState> states = visit.user().accounts().stream()
                .map(accounts::get)
                .map(account -> new AccountState(account, held.contains(account.name())))
                .toList();
        return console.page("accounts", visit, Map.of("accounts", states));
    }
}
