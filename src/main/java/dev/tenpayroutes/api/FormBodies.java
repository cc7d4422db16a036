package dev.tenpayroutes.api;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the forms that people post, at most {@value #MAX_BYTES} bytes and {@value #MAX_FIELDS} fields, before security looks for
 * the token in them: Tomcat reads no body here, see {@link TomcatErrorConfiguration}. A posted form has the parameters of its body
 * and none of its query.
 */
public final class FormBodies implements Filter {

    static final int MAX_BYTES = 16 * 1024;
    static final int MAX_FIELDS = 50;
    private static final String FORM = "application/x-www-form-urlencoded";

    @Override
    public void doFilter(ServletRequest servlet, ServletResponse answer, FilterChain chain)
            throws IOException, ServletException {
        HttpServletRequest request = (HttpServletRequest) servlet;
        HttpServletResponse response = (HttpServletResponse) answer;
        if (!request.getMethod().equals("POST")) {
            chain.doFilter(request, response);
            return;
        }
        if (request.getContentLengthLong() > MAX_BYTES) {
            RequestLimitFilter.tooLarge(MAX_BYTES).write(request, response);
            return;
        }
        byte[] body = request.getAttribute(BodyReader.BODY) instanceof byte[] slow
                ? slow
                : new BodyReader(request, response, MAX_BYTES).read();
        if (body == null) {
            return;
        }
        // So that RequestLimitFilter doesn't wait for it again.
        request.setAttribute(BodyReader.BODY, body);
        Map<String, String[]> fields;
        try {
            boolean form = String.valueOf(request.getContentType()).startsWith(FORM);
            fields = form ? fields(OpenApiRequestValidator.text(body)) : Map.of();
        } catch (IOException | IllegalArgumentException e) {
            ProblemErrorController.problem(HttpServletResponse.SC_BAD_REQUEST).write(request, response);
            return;
        }
        chain.doFilter(new Form(request, fields), response);
    }

    private static Map<String, String[]> fields(String body) {
        Map<String, List<String>> found = new LinkedHashMap<>();
        String[] pairs = body.isEmpty() ? new String[0] : body.split("&", MAX_FIELDS + 1);
        if (pairs.length > MAX_FIELDS) {
            throw new IllegalArgumentException("too many fields");
        }
        for (String pair : pairs) {
            String[] parts = pair.split("=", 2);
            found.computeIfAbsent(decoded(parts[0]), name -> new ArrayList<>())
                    .add(parts.length == 2 ? decoded(parts[1]) : "");
        }
        Map<String, String[]> fields = new LinkedHashMap<>();
        found.forEach((name, values) -> fields.put(name, values.toArray(String[]::new)));
        return Collections.unmodifiableMap(fields);
    }

    private static String decoded(String text) {
        String decoded = URLDecoder.decode(text, StandardCharsets.UTF_8);
        if (!StorableText.storable(decoded)) {
            throw new IllegalArgumentException("a field can't be stored");
        }
        return decoded;
    }

    /** Dispatched again when a slow body is complete, it is a request like any other: security looks at it now. */
    private static final class Form extends HttpServletRequestWrapper {

        private final Map<String, String[]> fields;

        Form(HttpServletRequest request, Map<String, String[]> fields) {
            super(request);
            this.fields = fields;
        }

        @Override
        public DispatcherType getDispatcherType() {
            return super.getDispatcherType() == DispatcherType.ASYNC
                    ? DispatcherType.REQUEST
                    : super.getDispatcherType();
        }

        @Override
        public @Nullable String getParameter(String name) {
            String[] values = fields.get(name);
            return values == null ? null : values[0];
        }

        @Override
        public Map<String, String[]> getParameterMap() {
            return fields;
        }

        @Override
        public Enumeration<String> getParameterNames() {
            return Collections.enumeration(fields.keySet());
        }

        @Override
        public String @Nullable [] getParameterValues(String name) {
            String[] values = fields.get(name);
            return values == null ? null : values.clone();
        }
    }
}
