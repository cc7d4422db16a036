package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("the contract's pages, and what the server itself refuses")
class PagesStoryTest extends Story {

    private static final Pattern LINK = Pattern.compile("(?:href|src)=\"([^\"#]+)\"");
    private static final Pattern HEADING = Pattern.compile("<h2 id=\"([^\"]+)\">([^<]+)</h2>");

    /** What a server answers to bytes that no client of ours would send. */
    private String raw(String request) throws IOException {
        int port = Integer.parseInt(settings.getRequiredProperty("server.port"));
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    private String page(String path) throws IOException {
        String answer =
                raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nX-API-Key: " + KEY + "\r\nConnection: close\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 200");
        return answer;
    }

    @Test
    void theContractIsAPageWhoseFilesAreAllHere() throws IOException {
        String page = page("/docs");
        assertThat(page).contains("Content-Type: text/html;charset=UTF-8", "id=\"swagger-ui\"");
        List<String> files = new ArrayList<>();
        LINK.matcher(page).results().map(link -> link.group(1)).forEach(files::add);
        assertThat(files).contains("docs/swagger-ui-bundle.js", "docs/start.js", "docs/errors", "v1/openapi.yaml");
        for (String file : files) {
            if (!file.equals("v1/openapi.yaml")) {
                page("/" + file);
            }
        }
        assertThat(page("/docs/start.js")).contains("url: \"v1/openapi.yaml\"", "validatorUrl: null");
        assertThat(get("/v1/openapi.yaml").status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/docs", "/docs/errors", "/docs/start.js", "/docs/swagger-ui-bundle.js"})
    void aPageTakesNothingFromAnotherHostAndRunsNoScriptOfItsOwnText(String path) throws IOException {
        String answer = page(path);
        String policy = answer.lines()
                .filter(line -> line.startsWith("Content-Security-Policy: "))
                .findFirst()
                .orElse("");
        assertThat(policy)
                .contains("default-src 'none'; ", "script-src 'self';", "frame-ancestors 'none'")
                .doesNotContain("unsafe", "http", "*");
        assertThat(answer).contains("X-Content-Type-Options: nosniff");
        if (path.equals("/docs")) {
            assertThat(answer).doesNotContain("<style", "style=", "onload=", "<script>", "//");
        }
    }

    @Test
    void aProblemsTypeLeadsToItsSection() throws IOException {
        String type = get("/v1/payments/SO-000000").text("type");
        assertThat(type).isEqualTo("/docs/errors#payment_not_found");
        String page = page(type.substring(0, type.indexOf('#')));
        assertThat(page).contains("<h2 id=\"payment_not_found\">PAYMENT_NOT_FOUND</h2>");
        List<MatchResult> headings = HEADING.matcher(page).results().toList();
        assertThat(headings)
                .hasSizeGreaterThan(30)
                .allMatch(heading -> heading.group(1).equalsIgnoreCase(heading.group(2)));
    }

    @Test
    void aSlashTooManyLeadsToThePage() throws IOException {
        assertThat(raw("GET /docs/ HTTP/1.1\r\nHost: x\r\nX-API-Key: " + KEY + "\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 308")
                .contains("Location: ../docs");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/docs/nothing",
                "/docs/index.html",
                "/docs/errors.md",
                "/docs/swagger-initializer.js",
                "/docs/..%2fapplication.yaml",
                "/docs/application.yaml",
                "/webjars/swagger-ui/swagger-ui.css",
                "/swagger-ui/index.html"
            })
    void nothingElseOfTheInsideIsServed(String path) {
        Answer answer = get(path);
        assertThat(answer.status()).isIn(400, 404);
        assertThat(answer.type()).isEqualTo("application/problem+json");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET /v1/payments/a%2fb HTTP/1.1",
                "GET /v1/payments/%00 HTTP/1.1",
                "GET /v1/payments/a%5cb HTTP/1.1",
                "GET /v1/payments/%zz HTTP/1.1",
                "GET /v1/payments;a=b HTTP/1.1",
                "GET /v1//payments HTTP/1.1",
                "GET /v1/../payments HTTP/1.1",
                "GET /<script> HTTP/1.1",
                "G@T / HTTP/1.1",
                "TRACE / HTTP/1.1",
                "PURGE /v1/payments HTTP/1.1",
                "GET / HTTP/9.9",
                "rubbish",
                "GET / HTTP/1.1\\r\\nHost: y",
                "GET / HTTP/1.1\\r\\nBad Header: y",
                "POST /v1/payments HTTP/1.1\\r\\nTransfer-Encoding: y",
                "POST /v1/payments HTTP/1.1\\r\\nContent-Length: -5",
                "POST /v1/payments HTTP/1.1\\r\\nContent-Length: 5\\r\\nContent-Length: 6",
            })
    void whatTheServerItselfRefusesIsAProblemThatSaysNothingOfTheServer(String start) throws IOException {
        isBadRequest(raw(start.replace("\\r\\n", "\r\n") + "\r\nHost: x\r\nConnection: close\r\n\r\n"));
    }

    @Test
    void aHeaderThatIsTooLongIsAProblemToo() throws IOException {
        isBadRequest(raw("GET /v1/payments HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + "x".repeat(20_000)
                + "\r\n\r\n"));
    }

    private static void isBadRequest(String answer) {
        assertThat(answer)
                .startsWith("HTTP/1.1 400")
                .contains("Content-Type: application/problem+json", "\"code\":\"BAD_REQUEST\"")
                .doesNotContainIgnoringCase("tomcat", "apache", "<html", "exception", "\nServer:");
    }
}
