package dev.tenpayroutes.api;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.http.MediaType;

/**
 * What an ERP hears when something is wrong (RFC 9457): a stable {@code code}, what is wrong, what to do. Never a stack
 * trace, a class name, SQL or a secret.
 *
 * @param status HTTP status
 * @param code stable, upper snake case; docs/errors.md has a section for each, to which the {@code type} leads
 * @param detail one sentence for the person who reads it
 * @param extensions further members, such as Tenpay's own code
 */
public record Problem(int status, String code, String detail, Map<String, String> extensions) {

    /** Media type of the answer. */
    public static final String MEDIA_TYPE = MediaType.APPLICATION_PROBLEM_JSON_VALUE;

    private static final JsonMapper JSON = new JsonMapper();

    public Problem(int status, String code, String detail) {
        this(status, code, detail, Map.of());
    }

    /**
     * A problem of the catalogue.
     *
     * @param name {@code CODE} or {@code CODE.case}
     * @param namesAndValues what stands for the placeholders of its detail, in turn
     */
    public static Problem of(String name, Object... namesAndValues) {
        Map<String, Object> values = new HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            values.put(namesAndValues[i].toString(), namesAndValues[i + 1]);
        }
        return ProblemCatalog.problem(name, values, Map.of());
    }

    /** A problem of the catalogue with further members. */
    public static Problem of(String name, Map<String, ?> values, Map<String, String> extensions) {
        return ProblemCatalog.problem(name, values, extensions);
    }

    public String json() {
        return json(MDC.get(RequestIdFilter.MDC_KEY));
    }

    private String json(@Nullable String requestId) {
        String words = code.toLowerCase(Locale.ROOT);
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("type", ApiDocs.ERRORS + "#" + words);
        body.put("title", code.charAt(0) + words.substring(1).replace('_', ' '));
        body.put("status", status);
        body.put("code", code);
        body.put("detail", detail);
        extensions.forEach(body::put);
        if (requestId != null) {
            body.put("requestId", requestId);
        }
        try {
            return JSON.writeValueAsString(body);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Notes the code with its request, for the access log and the metrics. */
    public void noteAt(HttpServletRequest request) {
        request.setAttribute(RequestIdFilter.CODE, code);
    }

    /** Answers outside the routes: filters and the servlet container. */
    public void write(HttpServletRequest request, HttpServletResponse response) throws IOException {
        noteAt(request);
        byte[] body = json(response.getHeader(RequestIdFilter.HEADER)).getBytes(StandardCharsets.UTF_8);
        response.setStatus(status);
        response.setContentType(MEDIA_TYPE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
