package dev.tenpayroutes.console;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import java.util.Objects;
import java.util.function.BinaryOperator;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Profile;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;

/** The sandbox's shopper and bank, at the payment that they decide; there is none elsewhere. */
@ConsolePage
@Profile("sandbox")
class SandboxActions {

    private final Console console;
    private final BinaryOperator<String> shopper;

    /** @param shopper takes an order's number and an outcome */
    SandboxActions(Console console, @Qualifier("sandboxShopperDecision") BinaryOperator<String> shopper) {
        this.console = console;
        this.shopper = shopper;
    }

    @PostMapping("/console/payments/{account}/{orderNo}/shopper")
    ResponseEntity<String> decide(
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
        String outcome = Objects.requireNonNullElse(request.getParameter("outcome"), "");
        Answer answer = console.audit()
                .once(
                        visit,
                        new Audit.Act("SHOPPER", account, orderNo, request.getParameter("key")),
                        form -> Operations.answer(
                                shopper.apply(orderNo, outcome).equals("DONE") ? 200 : 409,
                                "{\"code\":\"SHOPPER_CANNOT\"}"));
        if (!answer.isGood()) {
            return console.problem(visit, answer);
        }
        visit.setDone("done.shopper");
        return Console.redirect(visit.paymentPath(payment.body()));
    }
}
