package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.util.UriUtils;

/** Finds payments and refunds by any number that a person holds, or by filters; the same as CSV. */
@ConsolePage
public class SearchPage {

    private static final String ORDER_NO = "[0-9A-Za-z_|*-]{1,32}";
    private static final int MAX_ACCOUNTS = 20;
    private static final List<String> SAME =
            List.of("account", "status", "review", "paymentMethod", "currency", "cursor");

    private final Console console;

    SearchPage(Console console) {
        this.console = console;
    }

    /** What was typed, field by field, and what it found. */
    public record Found(
            Map<String, String> typed,
            boolean refunds,
            Set<JsonNode> rows,
            Set<JsonNode> otherRows,
            String nextCursor,
            Answer problem,
            String wrongField) {
        public String typed(String name) {
            return typed.getOrDefault(name, "");
        }

        /** The same search elsewhere in it, or as another kind. */
        public String link(String path, String cursor) {
            StringJoiner query = new StringJoiner("&", "?", "");
            typed.forEach((name, value) -> {
                if (!name.equals("cursor")) {
                    query.add(name + "=" + UriUtils.encode(value, StandardCharsets.UTF_8));
                }
            });
            if (!cursor.isEmpty()) {
                query.add("cursor=" + UriUtils.encode(cursor, StandardCharsets.UTF_8));
            }
            return path + query;
        }
    }

    @GetMapping("/console/search")
    ResponseEntity<String> search(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        Map<String, String> typed = typed(request);
        boolean refunds = "refunds".equals(typed.get("kind"));
        Map<String, String> filters = filters(visit, typed, refunds);
        String number = typed.getOrDefault("q", "");
        Set<JsonNode> rows = new LinkedHashSet<>();
        Set<JsonNode> others = new LinkedHashSet<>();
        Answer page = list(visit, typed, filters, refunds);
        if (page.isGood()) {
            page.body().path("items").forEach(rows::add);
        }
        if (!number.isEmpty()) {
            lookUp(visit, number, refunds ? others : rows, refunds ? rows : others);
        }
        Found found = new Found(
                typed,
                refunds,
                rows,
                others,
                page.body().path("nextCursor").asText(""),
                page,
                page.isGood() ? "" : wrongField(page.detail()));
        return console.page(page.isGood() ? 200 : page.status(), "search", visit, Map.of("found", found));
    }

    /** A number that can't be an order's leads to nothing by its beginning. */
    private Answer list(Visit visit, Map<String, String> typed, Map<String, String> filters, boolean refunds) {
        String number = typed.getOrDefault("q", "");
        if (number.contains("=")) {
            filters.put("metadata", number);
        } else if (number.matches(ORDER_NO)) {
            filters.put("orderNoPrefix", number);
        } else if (!number.isEmpty()) {
            return Answer.none();
        }
        Answer page = console.call(visit, refunds ? "searchRefunds" : "listPayments", filters);
        return !number.isEmpty() && page.status() == 400 && page.detail().contains("orderNoPrefix")
                ? Answer.none()
                : page;
    }

    /** By Tenpay's ids and by a refund's number. */
    private void lookUp(Visit visit, String number, Set<JsonNode> payments, Set<JsonNode> refunds) {
        collect(console.call(visit, "listPayments", Map.of("paymentId", number)), payments);
        collect(console.call(visit, "listPayments", Map.of("refundId", number)), payments);
        collect(console.call(visit, "searchRefunds", Map.of("refundId", number)), refunds);
        Answer refund = console.call(visit, "getRefund", Map.of("refundNo", number));
        if (refund.code().equals("ACCOUNT_AMBIGUOUS")) {
            visit.user().accounts().stream().limit(MAX_ACCOUNTS).forEach(account -> {
                Answer one = console.call(visit, "getRefund", Map.of("refundNo", number, "account", account));
                if (one.isGood()) {
                    refunds.add(one.body());
                }
            });
        } else if (refund.isGood()) {
            refunds.add(refund.body());
        }
    }

    private static void collect(Answer page, Set<JsonNode> rows) {
        if (page.isGood()) {
            page.body().path("items").forEach(rows::add);
        }
    }

    @GetMapping("/console/search.csv")
    @Nullable ResponseEntity<String> csv(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Visit visit = console.visit(request, response);
        Map<String, String> typed = typed(request);
        boolean refunds = "refunds".equals(typed.get("kind"));
        Map<String, String> filters = filters(visit, typed, refunds);
        filters.remove("cursor");
        String number = typed.getOrDefault("q", "");
        if (!number.isEmpty()) {
            filters.put(number.contains("=") ? "metadata" : "orderNoPrefix", number);
        }
        Answer answer = console.csv(visit, refunds ? "searchRefunds" : "listPayments", filters);
        console.audit()
                .note(
                        visit,
                        visit.user().name(),
                        "EXPORT",
                        refunds ? "refunds" : "payments",
                        answer.isGood() ? "DONE" : answer.code());
        if (!answer.isGood()) {
            return console.problem(visit, answer);
        }
        response.setContentType("text/csv;charset=UTF-8");
        response.setHeader(
                "Content-Disposition", "attachment; filename=\"" + (refunds ? "refunds" : "payments") + ".csv\"");
        try (InputStream csv = Objects.requireNonNull(answer.stream());
                OutputStream out = response.getOutputStream()) {
            csv.transferTo(out);
        }
        return null;
    }

    private static Map<String, String> typed(HttpServletRequest request) {
        Map<String, String> typed = new LinkedHashMap<>();
        for (String name : List.of(
                "q",
                "kind",
                "account",
                "status",
                "review",
                "paymentMethod",
                "currency",
                "amountFrom",
                "amountTo",
                "createdFrom",
                "createdTo",
                "paidFrom",
                "paidTo",
                "cursor")) {
            String value = request.getParameter(name);
            if (value != null && !value.isBlank()) {
                typed.put(name, value.strip());
            }
        }
        return typed;
    }

    /** As the API takes them; what can't be read is handed on as it is, and refused there. */
    private static Map<String, String> filters(Visit visit, Map<String, String> typed, boolean refunds) {
        Map<String, String> filters = new LinkedHashMap<>();
        SAME.stream().filter(typed::containsKey).forEach(name -> filters.put(name, typed.get(name)));
        if (typed.containsKey("currency")) {
            filters.put("currency", typed.get("currency").toUpperCase(java.util.Locale.ROOT));
        }
        for (String name : List.of("createdFrom", "createdTo", "paidFrom", "paidTo")) {
            String day = typed.get(name);
            if (day != null) {
                String begin = visit.begin(day, name.endsWith("To") ? 1 : 0);
                filters.put(name, begin.isEmpty() ? day : begin);
            }
        }
        for (String name : List.of("amountFrom", "amountTo")) {
            String amount = typed.get(name);
            if (amount != null) {
                filters.put(
                        name,
                        Money.minor(amount, filters.getOrDefault("currency", ""))
                                .map(String::valueOf)
                                .orElse(amount));
            }
        }
        return filters;
    }

    /** The field that a refusal names, if it names one. */
    private static String wrongField(String detail) {
        return detail.replaceFirst("(?s)^query parameter (\\w+).*", "$1").replaceFirst("(?s)^.*\\W.*$", "");
    }
}
