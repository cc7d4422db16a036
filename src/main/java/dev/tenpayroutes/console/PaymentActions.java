package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.util.UriUtils;

/** What a person does about one payment: ask Tenpay, refund, close, resolve its review. Each form leads back to the payment. */
@ConsolePage
public class PaymentActions {

    private static final String PAYMENT = "/console/payments/{account}/{orderNo}";
    private static final Set<String> ABOUT_THE_AMOUNT =
            Set.of("REFUND_EXCEEDS_PAYMENT", "AMOUNT_OUT_OF_RANGE", "AMOUNT_UNREADABLE");
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final Console console;

    PaymentActions(Console console) {
        this.console = console;
    }

    /**
     * A form as it was typed, and what is wrong with it.
     *
     * @param problem of the last sending
     */
    public record Form(Map<String, String> typed, Answer problem) {
        public String typed(String name) {
            return typed.getOrDefault(name, "");
        }

        /** The words for a field that the problem is about. */
        public String error(Visit visit, String field) {
            return wrongField(problem).equals(field) ? visit.text("problem." + problem.code()) : "";
        }
    }

    private static String wrongField(Answer problem) {
        if (ABOUT_THE_AMOUNT.contains(problem.code())) {
            return "amount";
        }
        return problem.detail().startsWith("/") ? problem.detail().substring(1).replaceFirst("(?s)\\W.*", "") : "";
    }

    static Form form(HttpServletRequest request, Answer problem, String... names) {
        Map<String, String> typed = new HashMap<>();
        for (String name : names) {
            typed.put(
                    name,
                    Objects.requireNonNullElse(request.getParameter(name), "").strip());
        }
        return new Form(typed, problem);
    }

    @PostMapping(PAYMENT + "/ask")
    ResponseEntity<String> ask(
            @PathVariable String account,
            @PathVariable String orderNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        return act(visit(request, response), "ASK", "syncPayment", account, orderNo, "done.asked");
    }

    @GetMapping(PAYMENT + "/close")
    ResponseEntity<String> closeForm(
            @PathVariable String account,
            @PathVariable String orderNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        return form(visit(request, response), "close", account, orderNo, form(request, Answer.none()));
    }

    @PostMapping(PAYMENT + "/close")
    ResponseEntity<String> close(
            @PathVariable String account,
            @PathVariable String orderNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        return act(visit(request, response), "CLOSE", "closePayment", account, orderNo, "done.closed");
    }

    @GetMapping(PAYMENT + "/refund")
    ResponseEntity<String> refundForm(
            @PathVariable String account,
            @PathVariable String orderNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        Map<String, String> typed = new HashMap<>();
        typed.put("refundNo", "C" + console.newKey().substring(1).toUpperCase(Locale.ROOT));
        return form(visit(request, response), "refund", account, orderNo, new Form(typed, Answer.none()));
    }

    @PostMapping(PAYMENT + "/refund")
    ResponseEntity<String> refund(
            @PathVariable String account,
            @PathVariable String orderNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        Visit visit = visit(request, response);
        Form form = form(request, Answer.none(), "refundNo", "amount", "currency", "reason", "confirm");
        Long total = Money.minor(form.typed("amount"), form.typed("currency")).orElse(null);
        Answer answer;
        if (total == null) {
            answer = Operations.answer(422, "{\"code\":\"AMOUNT_UNREADABLE\"}");
        } else if (!form.typed("confirm").equals("yes")) {
            answer = Operations.answer(422, "{\"code\":\"NOT_CONFIRMED\",\"detail\":\"/confirm\"}");
        } else {
            ObjectNode body = JSON.objectNode().put("refundNo", form.typed("refundNo"));
            body.putObject("amount").put("total", total).put("currency", form.typed("currency"));
            if (!form.typed("reason").isEmpty()) {
                body.put("reason", form.typed("reason"));
            }
            answer = console.act(
                    visit,
                    "REFUND",
                    "createRefund",
                    Map.of("account", account, "orderNo", orderNo),
                    body,
                    request.getParameter("key"));
        }
        return answer.isGood()
                ? back(visit, account, orderNo, "done.refunded")
                : form(visit, "refund", account, orderNo, new Form(form.typed(), answer));
    }

    @GetMapping(PAYMENT + "/resolve")
    ResponseEntity<String> resolveForm(
            @PathVariable String account,
            @PathVariable String orderNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        return form(visit(request, response), "resolve", account, orderNo, form(request, Answer.none()));
    }

    @PostMapping(PAYMENT + "/resolve")
    ResponseEntity<String> resolve(
            @PathVariable String account,
            @PathVariable String orderNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        Visit visit = visit(request, response);
        Form form = form(request, Answer.none(), "outcome", "note");
        Answer answer = console.act(
                visit,
                "RESOLVE",
                "resolvePaymentReview",
                Map.of("account", account, "orderNo", orderNo),
                decision(form),
                request.getParameter("key"));
        return answer.isGood()
                ? back(visit, account, orderNo, "done.resolved")
                : form(visit, "resolve", account, orderNo, new Form(form.typed(), answer));
    }

    static JsonNode decision(Form form) {
        return JSON.objectNode().put("outcome", form.typed("outcome")).put("note", form.typed("note"));
    }

    private ResponseEntity<String> act(
            Visit visit, String act, String operation, String account, String orderNo, String done) {
        Answer answer = console.act(
                visit,
                act,
                operation,
                Map.of("account", account, "orderNo", orderNo),
                null,
                visit.request().getParameter("key"));
        return answer.isGood() ? back(visit, account, orderNo, done) : console.problem(visit, answer);
    }

    /** The page of a form, beside the payment that it is about. */
    private ResponseEntity<String> form(Visit visit, String template, String account, String orderNo, Form form) {
        Map<String, String> here = Map.of("account", account, "orderNo", orderNo);
        Answer payment = console.call(visit, "getPayment", here);
        if (!payment.isGood()) {
            return console.problem(visit, payment);
        }
        long left = payment.body().at("/amount/total").asLong();
        for (JsonNode refund : console.call(
                        visit, "listRefunds", Map.of("account", account, "orderNo", orderNo, "limit", "100"))
                .body()
                .path("items")) {
            left -= refund.path("status").asText().equals("FAILED")
                    ? 0
                    : refund.at("/amount/total").asLong();
        }
        return console.page(
                form.problem().status(),
                template,
                visit,
                Map.of(
                        "payment",
                        payment.body(),
                        "form",
                        form,
                        "left",
                        Math.max(0, left),
                        "method",
                        console.method(visit, payment.body())));
    }

    private static ResponseEntity<String> back(Visit visit, String account, String orderNo, String done) {
        visit.setDone(done);
        return Console.redirect("/console/payments/" + UriUtils.encode(account, StandardCharsets.UTF_8) + "/"
                + UriUtils.encode(orderNo, StandardCharsets.UTF_8));
    }

    private Visit visit(HttpServletRequest request, HttpServletResponse response) {
        return console.visit(request, response);
    }
}
