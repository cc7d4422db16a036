package dev.tenpayroutes.console;

import dev.tenpayroutes.security.Client;
import dev.tenpayroutes.security.SecurityConfiguration;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.web.util.UriUtils;

/** A person's request, as the merchant API would see it: what a page asks for, and nothing that the browser sent. */
final class ApiRequest extends HttpServletRequestWrapper {

    private final Client client;
    private final String method;
    private final String path;
    private final Map<String, String> query;
    private final Map<String, String> headers;

    /** @param headers by their names in small letters */
    ApiRequest(
            HttpServletRequest request,
            Client client,
            String method,
            String path,
            Map<String, String> query,
            Map<String, String> headers) {
        super(request);
        this.client = client;
        this.method = method;
        this.path = path;
        this.query = query;
        this.headers = headers;
    }

    @Override
    public @Nullable Object getAttribute(String name) {
        return name.equals(SecurityConfiguration.CLIENT) ? client : super.getAttribute(name);
    }

    @Override
    public String getMethod() {
        return method;
    }

    @Override
    public String getRequestURI() {
        return path;
    }

    @Override
    public @Nullable String getQueryString() {
        return query.isEmpty()
                ? null
                : query.entrySet().stream()
                        .map(entry -> entry.getKey() + "="
                                + UriUtils.encode(entry.getValue(), java.nio.charset.StandardCharsets.UTF_8))
                        .collect(Collectors.joining("&"));
    }

    @Override
    public @Nullable String getParameter(String name) {
        return query.get(name);
    }

    @Override
    public Map<String, String[]> getParameterMap() {
        return query.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> new String[] {entry.getValue()}));
    }

    @Override
    public Enumeration<String> getParameterNames() {
        return Collections.enumeration(query.keySet());
    }

    @Override
    public String @Nullable [] getParameterValues(String name) {
        String value = query.get(name);
        return value == null ? null : new String[] {value};
    }

    @Override
    public @Nullable String getHeader(String name) {
        return headers.get(name.toLowerCase(Locale.ROOT));
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
        String value = getHeader(name);
        return Collections.enumeration(value == null ? List.of() : List.of(value));
    }

    @Override
    public Enumeration<String> getHeaderNames() {
        return Collections.enumeration(headers.keySet());
    }
}
