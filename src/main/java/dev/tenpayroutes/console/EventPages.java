package dev.tenpayroutes.console;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;

/** What ERPs were told: by status; sending again; a ping to an ERP's address. */
@ConsolePage
class EventPages {

    private final Console console;

    EventPages(Console console) {
        this.console = console;
    }

    @GetMapping("/console/events")
    ResponseEntity<String> events(HttpServletRequest request, HttpServletResponse response) {
        return list(console.visit(request, response), Answer.none());
    }

    private ResponseEntity<String> list(Visit visit, Answer ping) {
        Map<String, String> filters = new LinkedHashMap<>();
        if (ping.body().isMissingNode()) {
            for (String name : List.of("status", "account", "cursor")) {
                filters.put(name, Objects.requireNonNullElse(visit.request().getParameter(name), ""));
            }
        }
        Answer events = console.call(visit, "listEvents", filters);
        return console.page(
                events.isGood() ? ping.status() : events.status(),
                "events-page",
                visit,
                Map.of("events", events, "filters", filters, "ping", ping));
    }

    @PostMapping("/console/events/{account}/{eventId}/redeliver")
    ResponseEntity<String> redeliver(
            @PathVariable String account,
            @PathVariable String eventId,
            HttpServletRequest request,
            HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        Answer answer = console.act(
                visit,
                "REDELIVER",
                "redeliverEvent",
                Map.of("account", account, "eventId", eventId),
                null,
                request.getParameter("key"));
        if (!answer.isGood()) {
            return console.problem(visit, answer);
        }
        visit.setDone("done.redelivered");
        Answer event = console.call(visit, "getEvent", Map.of("account", account, "eventId", eventId));
        return Console.redirect(event.isGood() ? visit.paymentPath(event.body()) : "/console/events");
    }

    /** Its outcome is shown at once: it is nothing that is kept. */
    @PostMapping("/console/events/test")
    ResponseEntity<String> ping(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        String account = Objects.requireNonNullElse(request.getParameter("account"), "");
        Answer answer =
                console.act(visit, "PING", "testEvents", Map.of("account", account), null, request.getParameter("key"));
        return list(visit, answer);
    }
}
