package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import dev.tenpayroutes.story.PublishedContract.Operation;
import dev.tenpayroutes.story.RawHttp.Request;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/**
 * Whatever is sent, the answer is one that the contract has, it is never 5xx, it shows nothing of the inside, and what
 * breaks the contract isn't accepted. {@code -Dfuzz.count} requests of each operation; {@code -Dfuzz.seed} chooses others.
 */
@DisplayName("merchant-api.yaml, fuzzed")
@ExtendWith(OutputCaptureExtension.class)
class ContractFuzzTest extends Story {

    /** Other stories of this program refund as well. */
    @AfterEach
    void releaseRefunds() {
        send("DELETE", "/v1/accounts/main/refund-hold", KEY, null);
    }

    private static final Logger LOG = LoggerFactory.getLogger(ContractFuzzTest.class);
    private static final long SEED = Long.getLong("fuzz.seed", 20261123);
    private static final int COUNT = Integer.getInteger("fuzz.count", 100);
    private static final int MAX_SHOWN = 10;

    private static final PublishedContract CONTRACT = PublishedContract.THE;

    private static final Pattern INSIDE = Pattern.compile(
            "\\b(org|com|net|java|javax|jakarta|dev)\\.[a-z]+\\.|Exception|Throwable|\\bat [\\w.$]+\\(|SQL ?state|syntax error|relation \""
                    + "|[Pp]ostgres|PSQL|[Tt]omcat|[Cc]atalina|[Cc]amel[A-Z/ -]|Apache|[Ss]pring|[Jj]ackson|networknt|/(tmp|home|work|usr|target|src)/"
                    + "|\\.(java|jar|sql|jq|yaml)\\b");
    /** The head of a stack trace; other errors may be about what other stories have left undone. */
    private static final Pattern FAILURE = Pattern.compile("^(Caused by: )?[\\w.$]+(Exception|Error)\\b");

    private static final Set<String> SHOWN_AS_SENT = Set.of(
            "orderNo", "account", "paymentMethod", "region", "amount", "description", "metadata", "refundNo", "reason");

    private static final JsonMapper STRICT = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private record Step(RequestFuzzer mutation, long seed) {}

    private static List<RequestFuzzer> mutations(List<Step> steps) {
        return steps.stream().map(Step::mutation).toList();
    }

    private Map<String, Call> good;

    @Test
    void nothingThatIsSentLeadsOutOfTheContract(CapturedOutput log) {
        good = goodCalls();
        Map<String, String> complaints = new TreeMap<>();
        for (Operation operation : CONTRACT.operations()) {
            for (int i = 0; i < COUNT; i++) {
                List<Step> steps = steps(operation, new Random(Objects.hash(SEED, operation.id(), i)));
                if (complaint(operation, steps).isPresent()) {
                    List<Step> shortest = shortest(operation, steps);
                    complaint(operation, shortest)
                            .ifPresent(complaint -> complaints.put(operation.id() + mutations(shortest), complaint));
                }
            }
        }
        LOG.info("{} requests of each operation with fuzz.seed={}", COUNT, SEED);
        assertThat(complaints.values().stream().limit(MAX_SHOWN))
                .as("%d complaints with -Dfuzz.seed=%d -Dfuzz.count=%d", complaints.size(), SEED, COUNT)
                .isEmpty();
        assertThat(get("/actuator/health/readiness").text("status")).isEqualTo("UP");
        pendingPayment();
        assertThat(log.getAll()
                        .lines()
                        .filter(line -> FAILURE.matcher(line).find())
                        .map(line -> "the log: " + line)
                        .filter(line -> !CONTRACT.isNotYet(line)))
                .as("stack traces in the log")
                .isEmpty();
        assertThat(log.getAll()).as("what a caller sent, in the log").doesNotContain(RequestFuzzer.MARK);
    }

    private static List<Step> steps(Operation operation, Random random) {
        List<RequestFuzzer> mutations = new ArrayList<>(RequestFuzzer.OF_ALL);
        if (operation.request() != null) {
            mutations.addAll(RequestFuzzer.OF_BODIES);
        }
        List<Step> steps = new ArrayList<>();
        do {
            steps.add(new Step(mutations.get(random.nextInt(mutations.size())), random.nextLong()));
        } while (random.nextInt(4) == 0);
        return steps;
    }

    /** Without every step that isn't needed to complain. */
    private List<Step> shortest(Operation operation, List<Step> steps) {
        for (Step step : steps) {
            List<Step> fewer = steps.stream().filter(other -> other != step).toList();
            if (complaint(operation, fewer).isPresent()) {
                return shortest(operation, fewer);
            }
        }
        return steps;
    }

    private Optional<String> complaint(Operation operation, List<Step> steps) {
        Request sound = sound(operation);
        Request request = sound;
        for (Step step : steps) {
            request = step.mutation().apply(request, operation, new Random(step.seed()));
        }
        Request sent = request;
        return complaint(operation, sound, sent)
                .map(complaint -> complaint + "\n  " + sent.curl("http://127.0.0.1:8080"))
                .filter(complaint -> !CONTRACT.isNotYet(complaint));
    }

    private Optional<String> complaint(Operation operation, Request sound, Request sent) {
        Answer answer;
        try {
            answer = RawHttp.send(port(), sent);
        } catch (UncheckedIOException e) {
            return Optional.of("no answer, " + e.getMessage());
        } catch (AssertionError e) {
            return Optional.of(e.getMessage());
        }
        return CONTRACT.complaint(sent.method(), sent.target(), answer)
                .or(() -> Optional.ofNullable(wrong(operation, sound, sent, answer))
                        .map(what -> PublishedContract.told(sent.method(), sent.target(), what, answer)));
    }

    /** A request of the contract's examples under a number of its own. */
    private Request sound(Operation operation) {
        Call call = good.get(operation.id());
        if (operation.request() == null) {
            return new Request(call.method(), call.path(), List.of("X-API-Key: " + KEY), new byte[0]);
        }
        ObjectNode body = operation.requests().values().iterator().next().deepCopy();
        Stream.of("orderNo", "refundNo").filter(body::has).forEach(number -> body.put(number, newNumber()));
        return new Request(
                call.method(),
                call.path(),
                List.of("X-API-Key: " + KEY, "Content-Type: application/json"),
                body.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String wrong(Operation operation, Request sound, Request sent, Answer answer) {
        if (answer.status() >= 500) {
            return "a fault of ours";
        }
        if (answer.status() >= 300 && INSIDE.matcher(answer.content()).find()) {
            return "something of the inside is shown";
        }
        if (answer.headers().toString().contains(RequestFuzzer.MARK)) {
            return "a header is handed back in " + answer.headers();
        }
        String broken = answer.status() < 300 && sent.method().equals(operation.method())
                ? broken(operation, sound, sent, answer)
                : null;
        return broken == null ? null : "although " + broken;
    }

    /** Why a request should not have been accepted; null when it was right. */
    private static String broken(Operation operation, Request sound, Request sent, Answer answer) {
        String[] target = sent.target().split("\\?", 2);
        if (!sound.target().split("\\?", 2)[0].equals(decoded(target[0]))) {
            return "the path is another";
        }
        if (target.length > 1 && !isGood(operation, target[1])) {
            return "the query breaks the contract";
        }
        for (Map.Entry<String, Schema> header : operation.headers().entrySet()) {
            List<String> values = sent.headers().stream()
                    .filter(line -> line.startsWith(header.getKey() + ":"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .toList();
            if (values.size() > 1 || values.stream().anyMatch(value -> !isGood(header.getValue(), value))) {
                return "the header " + header.getKey() + " breaks the contract";
            }
        }
        return operation.request() == null ? null : broken(operation, sent.body(), answer);
    }

    private static String broken(Operation operation, byte[] body, Answer answer) {
        JsonNode read;
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
            read = STRICT.readTree(text.replaceFirst("^\ufeff", ""));
        } catch (CharacterCodingException e) {
            return "the body is not UTF-8";
        } catch (IOException e) {
            return "the body is not JSON";
        }
        if (!operation.request().validate(read).isEmpty()) {
            return "the body breaks the contract: " + operation.request().validate(read);
        }
        for (Map.Entry<String, JsonNode> field : read.properties()) {
            if (SHOWN_AS_SENT.contains(field.getKey())
                    && !field.getValue().equals(answer.body().path(field.getKey()))) {
                return field.getKey() + " is shown in another way than it was sent";
            }
        }
        return null;
    }

    private static boolean isGood(Operation operation, String query) {
        Set<String> seen = new HashSet<>();
        for (String pair : query.split("&")) {
            String[] parts = pair.split("=", 2);
            String name = decoded(parts[0].replace('+', ' '));
            String value = decoded(parts.length == 1 ? "" : parts[1].replace('+', ' '));
            boolean nothing = pair.isEmpty();
            if (!nothing
                    && (value == null
                            || !seen.add(name)
                            || !operation.query().containsKey(name)
                            || !isGood(operation.query().get(name), value))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isGood(Schema schema, String value) {
        boolean number = value.matches("-?[0-9]{1,18}")
                && schema.getSchemaNode().path("type").asText().equals("integer");
        return schema.validate(
                        number
                                ? JSON.getNodeFactory().numberNode(Long.parseLong(value))
                                : JSON.getNodeFactory().textNode(value))
                .isEmpty();
    }

    /** A part of a target as it is meant; null where it means nothing. */
    private static String decoded(String part) {
        byte[] bytes = new byte[part.length()];
        int length = 0;
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            if (c == '%') {
                if (!part.substring(i).matches("(?s)%[0-9a-fA-F]{2}.*")) {
                    return null;
                }
                bytes[length++] = (byte) Integer.parseInt(part, i + 1, i + 3, 16);
                i += 2;
            } else {
                bytes[length++] = (byte) c;
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
