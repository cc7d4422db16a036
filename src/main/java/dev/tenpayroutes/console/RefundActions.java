package dev.tenpayroutes.console;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;

/** What a person does about one refund: ask Tenpay, resolve its review. Each form leads back to its payment. */
@ConsolePage
class RefundActions {

    private static final String REFUND = "/console/refunds/{account}/{refundNo}";

    private final Console console;

    RefundActions(Console console) {
        this.console = console;
    }

    @PostMapping(REFUND + "/ask")
    ResponseEntity<String> ask(
            @PathVariable String account,
            @PathVariable String refundNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        Answer answer = console.act(
                visit,
                "ASK",
                "syncRefund",
                Map.of("account", account, "refundNo", refundNo),
                null,
                request.getParameter("key"));
        return answer.isGood() ? back(visit, account, refundNo, "done.asked") : console.problem(visit, answer);
    }

    @GetMapping(REFUND + "/resolve")
    ResponseEntity<String> resolveForm(
            @PathVariable String account,
            @PathVariable String refundNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        return form(console.visit(request, response), account, refundNo, PaymentActions.form(request, Answer.none()));
    }

    @PostMapping(REFUND + "/resolve")
    ResponseEntity<String> resolve(
            @PathVariable String account,
            @PathVariable String refundNo,
            HttpServletRequest request,
            HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        PaymentActions.Form form = PaymentActions.form(request, Answer.none(), "outcome", "note");
        Answer answer = console.act(
                visit,
                "RESOLVE",
                "resolveRefundReview",
                Map.of("account", account, "refundNo", refundNo),
                PaymentActions.decision(form),
                request.getParameter("key"));
        return answer.isGood()
                ? back(visit, account, refundNo, "done.resolved")
                : form(visit, account, refundNo, new PaymentActions.Form(form.typed(), answer));
    }

    private ResponseEntity<String> form(Visit visit, String account, String refundNo, PaymentActions.Form form) {
        Answer refund = console.call(visit, "getRefund", Map.of("account", account, "refundNo", refundNo));
        return refund.isGood()
                ? console.page(
                        form.problem().status(),
                        "resolve",
                        visit,
                        Map.of("payment", refund.body(), "form", form, "left", 0L, "method", refund.body()))
                : console.problem(visit, refund);
    }

    private ResponseEntity<String> back(Visit visit, String account, String refundNo, String done) {
        Answer refund = console.call(visit, "getRefund", Map.of("account", account, "refundNo", refundNo));
        visit.setDone(done);
        return Console.redirect(refund.isGood() ? visit.paymentPath(refund.body()) : "/console");
    }
}
