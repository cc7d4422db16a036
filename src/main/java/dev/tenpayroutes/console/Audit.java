package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tenpayroutes.api.Problem;
import java.util.function.Function;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.support.DefaultExchange;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Notes what people do: first that it begins, then how it ended, so that nothing is done without a note. The note of a form holds its
 * number, which makes the second sending of a form do nothing, on whichever instance.
 */
final class Audit {

    private static final Logger LOG = LoggerFactory.getLogger("console");
    /** The exchange property with the {@link Note} of the routes of {@code console-audit}. */
    static final String NOTE = Note.class.getName();

    private static final int MAX_TEXT = 64;
    private static final String DONE = "DONE";

    /** @param form the number of the form; none for what is no form's */
    record Act(
            String name,
            String account,
            String subject,
            @Nullable String form) {}

    /** What the statements need. */
    record Note(
            String person,
            Act act,
            String address,
            @Nullable String requestId,
            String outcome,
            long id,
            @Nullable String cursor,
            String accounts) {}

    private final CamelContext camel;
    private final ProducerTemplate routes;

    Audit(CamelContext camel, ProducerTemplate routes) {
        this.camel = camel;
        this.routes = routes;
    }

    /** Does what a form asks for unless that form was sent before; a form without a number does nothing. */
    Answer once(Visit visit, Act act, Function<String, Answer> call) {
        String form = act.form();
        if (form == null || !form.matches("[0-9a-f]{32}")) {
            return Operations.answer(400, Problem.of("BAD_REQUEST").json());
        }
        Answer begun = begin(visit, act);
        if (!begun.isGood()) {
            return begun;
        }
        if (!begun.body().path("fresh").asBoolean()) {
            return isDone(begun.body().path("first"), act)
                    ? Answer.none()
                    : Operations.answer(409, "{\"code\":\"FORM_SENT\"}");
        }
        Answer answer = call.apply(form);
        end(visit, begun.body().path("id").asLong(), answer.isGood() ? DONE : answer.code());
        return answer;
    }

    /** Whether this very act was done by the first sending: a form's number does for nothing else. */
    private static boolean isDone(JsonNode first, Act act) {
        return first.path("outcome").asText().equals(DONE)
                && first.path("act").asText().equals(act.name())
                && first.path("account").asText().equals(cut(act.account()))
                && first.path("subject").asText().equals(cut(act.subject()));
    }

    /** Notes what is no form's and has happened: a login, a logout, an export. */
    void note(Visit visit, String person, String act, String subject, String outcome) {
        send("direct:console-audit-note", note(visit, person, new Act(act, "", subject, null), outcome, 0));
    }

    private Answer begin(Visit visit, Act act) {
        return send("direct:console-audit", note(visit, visit.user().name(), act, "", 0));
    }

    private void end(Visit visit, long id, String outcome) {
        send("direct:console-audit-end", note(visit, visit.user().name(), new Act("", "", "", null), outcome, id));
    }

    /** A page of the log, newest first. */
    Answer list(Visit visit, @Nullable String cursor) {
        Note note = new Note(visit.user().name(), new Act("", "", "", null), "", null, "", 0, cursor, accounts(visit));
        return send("direct:console-audit-list", note);
    }

    private static String accounts(Visit visit) {
        return String.join(",", visit.user().accounts());
    }

    private static Note note(Visit visit, String person, Act act, String outcome, long id) {
        Act bounded = new Act(act.name(), cut(act.account()), cut(act.subject()), act.form());
        return new Note(
                cut(person), bounded, visit.request().getRemoteAddr(), MDC.get("requestId"), outcome, id, null, "");
    }

    /** What was typed may be anything: what can't be read in a log is a question mark. */
    private static String cut(String text) {
        String plain = text.replaceAll("[^\\p{L}\\p{N}\\p{P}\\p{S} ]", "?");
        return plain.length() > MAX_TEXT ? plain.substring(0, MAX_TEXT) : plain;
    }

    private Answer send(String route, Note note) {
        Exchange exchange = new DefaultExchange(camel);
        exchange.setProperty(NOTE, note);
        routes.send(route, exchange);
        int status = exchange.getMessage().getHeader(Exchange.HTTP_RESPONSE_CODE, 200, Integer.class);
        if (exchange.getException() != null) {
            LOG.error("{} failed: {}", route, exchange.getException().getClass().getName());
            status = 500;
        }
        JsonNode none = MissingNode.getInstance();
        return exchange.getMessage().getBody() == null || status == 500 && exchange.getException() != null
                ? new Answer(status, none, null)
                : Operations.answer(status, exchange.getMessage().getBody());
    }
}
