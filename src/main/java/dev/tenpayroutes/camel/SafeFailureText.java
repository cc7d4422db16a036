package dev.tenpayroutes.camel;

import java.sql.SQLException;
import org.apache.camel.Exchange;

/** What the log says of a failure. */
public final class SafeFailureText {

    private static final String OUR_OWN = "dev.tenpayroutes.";

    private SafeFailureText() {}

    /** What failures of one cause have in common: the route that failed, and the innermost failure's kind. */
    public static String kind(Exchange exchange) {
        Throwable innermost = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
        while (innermost != null && innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return exchange.getProperty(Exchange.FAILURE_ROUTE_ID)
                + (innermost == null ? "" : " " + innermost.getClass().getName())
                + (innermost instanceof SQLException sql ? " " + sql.getSQLState() : "");
    }

    /**
     * During which call and of what, the kinds of failures, and where in the code the innermost one arose; not the words of
     * others' failures, which quote what was being worked on, personal data among it.
     */
    public static String of(Exchange exchange) {
        StringBuilder words = new StringBuilder();
        words.append(exchange.getVariable("source", "", String.class)).append(' ');
        words.append(exchange.getVariable("number", "", String.class)).append(' ');
        Throwable innermost = null;
        for (Throwable cause = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
                cause != null;
                cause = cause.getCause()) {
            words.append(cause.getClass().getSimpleName());
            if (cause instanceof SQLException sql) {
                return words.append(", SQL state ")
                        .append(sql.getSQLState())
                        .toString()
                        .strip();
            }
            if (cause.getClass().getName().startsWith(OUR_OWN)) {
                words.append(" (").append(cause.getMessage()).append(')');
            }
            words.append(cause.getCause() == null ? "" : ", ");
            innermost = cause;
        }
        if (innermost != null && innermost.getStackTrace().length > 0) {
            words.append(" at ").append(innermost.getStackTrace()[0]);
        }
        return words.toString().strip();
    }
}
