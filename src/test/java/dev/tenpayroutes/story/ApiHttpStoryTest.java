package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.story.PublishedContract.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/**
 * The calls of {@code docs/api.http}, sent from top to bottom. Read here is the syntax that both IntelliJ and Visual Studio
 * Code understand: variables, a name, comments, a request line, headers, a body.
 */
@DisplayName("docs/api.http")
class ApiHttpStoryTest extends Story {

    private static final Path FILE = Path.of("docs/api.http");
    private static final Pattern VARIABLE = Pattern.compile("(?m)^@(\\w+) = (\\S+)$");
    private static final Pattern REQUEST = Pattern.compile("""
            (?<name>.+)
            # (?<status>\\d{3})
            (?<method>[A-Z]+) \\{\\{host}}(?<path>/\\S+)
            (?<headers>(?:[A-Za-z-]+: .+\n)*)(?:
            (?<body>[^\n][\\s\\S]*))?""");

    private record Sent(String name, String method, String path, int due, Answer answer) {}

    private List<Sent> sendAll() throws IOException {
        String text = Files.readString(FILE);
        Map<String, String> variables = new HashMap<>();
        VARIABLE.matcher(text).results().forEach(variable -> variables.put(variable.group(1), variable.group(2)));
        assertThat(variables).containsOnlyKeys("host", "key", "number", "refund", "event");
        variables.put("number", newNumber());
        variables.put("refund", newRefundNumber());
        List<Sent> sent = new ArrayList<>();
        for (String part : text.substring(text.indexOf("### ") + 4).split("\n### ")) {
            Matcher request = REQUEST.matcher(part.strip() + "\n");
            assertThat(request.matches()).as(part).isTrue();
            Sent call = send(request, variables);
            // As a person does: the id of one that is listed.
            JsonNode listed = call.answer().body().path("items").path(0).path("id");
            if (call.path().startsWith("/v1/events?")) {
                variables.put("event", listed.asText());
            }
            sent.add(call);
        }
        return sent;
    }

    private Sent send(Matcher request, Map<String, String> variables) {
        String method = request.group("method");
        String path = filled(request.group("path"), variables);
        String body = request.group("body");
        List<String[]> headers = filled(request.group("headers"), variables)
                .lines()
                .map(line -> line.split(": ", 2))
                .toList();
        Answer answer = sendBytes(
                method,
                path,
                null,
                body == null ? null : filled(body, variables).strip().getBytes(StandardCharsets.UTF_8),
                headers.stream()
                        .filter(header -> header[0].equals("Content-Type"))
                        .map(header -> header[1])
                        .findFirst()
                        .orElse("text/plain"),
                headers.stream()
                        .filter(header -> !header[0].equals("Content-Type"))
                        .flatMap(Stream::of)
                        .toArray(String[]::new));
        return new Sent(request.group("name"), method, path, Integer.parseInt(request.group("status")), answer);
    }

    private static String filled(String text, Map<String, String> variables) {
        String filled = text;
        for (Map.Entry<String, String> variable : variables.entrySet()) {
            filled = filled.replace("{{" + variable.getKey() + "}}", variable.getValue());
        }
        assertThat(filled).doesNotContain("{{");
        return filled;
    }

    @Test
    void everyCallIsThereAndAnswersWhatIsWrittenAboveIt() throws IOException {
        List<Sent> sent = sendAll();

        assertThat(sent)
                .allSatisfy(call -> assertThat(call.answer().status())
                        .as(call.name() + ": " + call.answer().content())
                        .isEqualTo(call.due()));
        for (Operation operation : PublishedContract.THE.operations()) {
            assertThat(sent)
                    .as(operation.id())
                    .anyMatch(call -> call.method().equals(operation.method())
                            && operation.isAt(call.path().replaceFirst("\\?.*", ""))
                            && call.due() < 300);
        }
    }

    @Test
    void withoutBrokersNothingOfKafkaIsThere(@Autowired CamelContext camel) {
        assertThat(camel.getRoute("payment-create")).isNotNull();
        assertThat(camel.hasComponent("kafka")).isNull();
        assertThat(camel.getRoutes())
                .extracting(route -> route.getEndpoint().getEndpointUri())
                .noneMatch(uri -> uri.startsWith("kafka:") || uri.contains("kafka-events?"));
    }
}
