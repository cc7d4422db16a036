package dev.tenpayroutes.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * What a route answered to a person's call.
 *
 * @param status as HTTP has it
 * @param body JSON; of a refusal a problem of the catalogue
 * @param stream the CSV that was asked for; its taker closes it
 */
public record Answer(int status, JsonNode body, @Nullable InputStream stream) {

    static Answer none() {
        return new Answer(200, MissingNode.getInstance(), null);
    }

    public boolean isGood() {
        return status < 300;
    }

    /** The problem's code; empty where there is none. */
    public String code() {
        return isGood() ? "" : body.path("code").asText("INTERNAL_ERROR");
    }

    public String detail() {
        return isGood() ? "" : body.path("detail").asText("");
    }

    /** What another account has is not there. */
    public boolean isNotThere() {
        return status == 404 || code().equals("ACCOUNT_UNKNOWN");
    }
}
