package dev.tenpayroutes.story;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.tenpayroutes.story.PublishedContract.Operation;
import dev.tenpayroutes.story.RawHttp.Request;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a client may get wrong, and what an attacker tries: each turns a good request into a doubtful one. */
enum RequestFuzzer {
    VALUE {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            ObjectNode body = tree(request);
            JsonPointer place = any(places(body), random);
            List<String> values = new ArrayList<>(VALUES);
            List<String> limits = limits(body.at(place), PublishedContract.THE.rule(operation.request(), place));
            // The limits of a place are few, and there is most to find.
            String value = limits.isEmpty() || random.nextBoolean() ? any(values, random) : any(limits, random);
            put(body, place, value);
            return with(request, body);
        }
    },
    FIELD_GONE {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            ObjectNode body = tree(request);
            JsonPointer place = any(places(body), random);
            if (body.at(place.head()) instanceof ObjectNode parent) {
                parent.remove(place.last().getMatchingProperty());
            } else {
                ((ArrayNode) body.at(place.head())).removeAll();
            }
            return with(request, body);
        }
    },
    FIELD_MORE {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            ObjectNode body = tree(request);
            List<ObjectNode> objects = places(body).stream()
                    .map(body::at)
                    .filter(ObjectNode.class::isInstance)
                    .map(ObjectNode.class::cast)
                    .toList();
            ObjectNode object = objects.isEmpty() || random.nextBoolean() ? body : any(objects, random);
            object.putRawValue(any(NAMES, random), new RawValue(any(VALUES, random)));
            return with(request, body);
        }
    },
    FIELD_TWICE {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            String name = any(places(tree(request)), random).last().getMatchingProperty();
            // What was cut before may be empty.
            String text = text(request);
            String rest = text.substring(Math.min(1, text.length()));
            return with(request, "{\"" + name + "\":" + any(VALUES, random) + "," + rest);
        }
    },
    BYTES {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            byte[] body = request.body();
            int at = random.nextInt(body.length + 1);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.write(body, 0, at);
            bytes.writeBytes(any(BAD_BYTES, random).getBytes(ISO_8859_1));
            bytes.write(body, at, body.length - at);
            return with(request, bytes.toByteArray());
        }
    },
    CUT {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            return with(request, Arrays.copyOf(request.body(), random.nextInt(request.body().length + 1)));
        }
    },
    WHOLE_BODY {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            String text = text(request);
            return switch (random.nextInt(8)) {
                case 0 -> with(request, "\ufeff" + text);
                case 1 -> with(request, text.getBytes(random.nextBoolean() ? UTF_16LE : UTF_16BE));
                case 2 -> with(request, "[" + text + "]");
                case 3 -> with(request, text + text);
                case 4 -> with(request, "[".repeat(30_000));
                case 5 -> with(request, "{\"a\":".repeat(1_000) + "1" + "}".repeat(1_000));
                case 6 -> with(request, any(VALUES, random));
                default -> with(request, text.replaceFirst("\\{", "{" + " ".repeat(70_000)));
            };
        }
    },
    CONTENT_TYPE {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            List<String> others = request.headers().stream()
                    .filter(line -> !line.startsWith("Content-Type"))
                    .toList();
            return new Request(request.method(), request.target(), others, request.body())
                    .withHeader("Content-Type: " + any(TYPES, random));
        }
    },
    QUERY {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            List<String> names = new ArrayList<>(operation.query().keySet());
            names.addAll(List.of("surprise", "orderNo", "%00", "%zz", "", "CamelSqlQuery", "CamelHttpUri"));
            String name = any(names, random);
            String value =
                    any(Stream.concat(QUERY_VALUES.stream(), SEGMENTS.stream()).toList(), random);
            String more = name + (random.nextInt(10) == 0 ? "" : "=" + value);
            String twice = random.nextInt(5) == 0 ? "&" + more : "";
            return to(request, request.target() + (request.target().contains("?") ? "&" : "?") + more + twice);
        }
    },
    PATH {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            String[] parts = request.target().split("/", -1);
            // Paths outside /v1 are no part of the contract.
            int at = 2 + random.nextInt(parts.length - 2);
            parts[at] = random.nextBoolean() ? any(SEGMENTS, random) : parts[at] + any(SEGMENTS, random);
            return to(request, String.join("/", parts));
        }
    },
    HEADER {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            List<String> names = new ArrayList<>(HEADER_NAMES);
            operation.query().keySet().forEach(names::add);
            return request.withHeader(
                    random.nextInt(10) == 0
                            ? any(HEADERS, random)
                            : any(names, random) + ": " + any(HEADER_VALUES, random));
        }
    },
    METHOD {
        @Override
        Request apply(Request request, Operation operation, Random random) {
            return new Request(any(METHODS, random), request.target(), request.headers(), request.body());
        }
    };

    /** Of headers that are handed on or handed back: it may never come back. */
    static final String MARK = "mark7f3a9c";

    static final List<RequestFuzzer> OF_BODIES =
            List.of(VALUE, VALUE, VALUE, FIELD_GONE, FIELD_MORE, FIELD_TWICE, BYTES, CUT, WHOLE_BODY, CONTENT_TYPE);
    static final List<RequestFuzzer> OF_ALL = List.of(QUERY, PATH, HEADER, METHOD);

    private static final String EMOJI = "\ud83d\ude00";

    /** The dictionary; an array in place of a text is text, text, how often the second is repeated, and so on. */
    private static final JsonNode WORDS = words();

    private static final List<String> VALUES = words("values");
    private static final List<String> NAMES = words("names");
    private static final List<String> BAD_BYTES = words("bad-bytes");
    private static final List<String> TYPES = words("types");
    /** Raw parts of a target: sent as they are. */
    private static final List<String> SEGMENTS = words("segments");

    private static final List<String> QUERY_VALUES = words("query-values");
    private static final List<String> HEADER_NAMES = words("header-names");
    private static final List<String> HEADER_VALUES = words("header-values");
    private static final List<String> HEADERS = words("headers");
    private static final List<String> METHODS = words("methods");

    private static JsonNode words() {
        try (InputStream file = RequestFuzzer.class.getResourceAsStream("/fuzz-words.json")) {
            return Story.JSON.readTree(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> words(String list) {
        List<String> words = new ArrayList<>();
        for (JsonNode entry : WORDS.path(list)) {
            StringBuilder word = new StringBuilder(entry.asText());
            for (int i = 0; i < entry.size(); i++) {
                boolean repeated = entry.path(i + 1).isInt();
                word.append(
                        repeated
                                ? entry.get(i).asText().repeat(entry.get(++i).asInt())
                                : entry.get(i).asText());
            }
            words.add(word.toString());
        }
        return words;
    }

    private static final Pattern LENGTHS = Pattern.compile("\\{(\\d+),(\\d+)}\\$$");

    abstract Request apply(Request request, Operation operation, Random random);

    private static <T> T any(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }

    private static String text(Request request) {
        return new String(request.body(), UTF_8);
    }

    /** The body as it still is JSON; empty where an earlier mutation has left none. */
    private static ObjectNode tree(Request request) {
        try {
            JsonNode body = Story.JSON.readTree(request.body());
            if (body instanceof ObjectNode object && !object.isEmpty()) {
                return object;
            }
        } catch (IOException e) {
            // Another one has broken it: begin anew.
        }
        return Story.JSON.createObjectNode().put("orderNo", "SO-2026-000123");
    }

    private static List<JsonPointer> places(JsonNode body) {
        List<JsonPointer> places = new ArrayList<>();
        collect(body, JsonPointer.empty(), places);
        return places;
    }

    private static void collect(JsonNode node, JsonPointer at, List<JsonPointer> places) {
        if (!at.matches()) {
            places.add(at);
        }
        node.properties().forEach(field -> collect(field.getValue(), at.appendProperty(field.getKey()), places));
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            collect(node.get(i), at.appendIndex(i), places);
        }
    }

    private static void put(ObjectNode body, JsonPointer place, String value) {
        JsonNode parent = body.at(place.head());
        if (parent instanceof ObjectNode object) {
            object.putRawValue(place.last().getMatchingProperty(), new RawValue(value));
        } else {
            ((ArrayNode) parent).removeAll().addRawValue(new RawValue(value));
        }
    }

    /** Values at both sides of what the contract allows at a place. */
    private static List<String> limits(JsonNode value, JsonNode rule) {
        List<String> limits = new ArrayList<>();
        for (String limit : List.of("minimum", "maximum")) {
            if (rule.has(limit)) {
                long n = rule.path(limit).asLong();
                Stream.of(n - 1, n, n + 1).forEach(number -> limits.add(Long.toString(number)));
            }
        }
        Matcher lengths = LENGTHS.matcher(rule.path("pattern").asText());
        if (lengths.find()) {
            texts(limits, "a", Integer.parseInt(lengths.group(1)), Integer.parseInt(lengths.group(2)));
        }
        if (rule.has("maxLength")) {
            int most = rule.path("maxLength").asInt();
            Stream.of("x", EMOJI, "\u4e2d", "e\u0301")
                    .forEach(unit -> texts(limits, unit, rule.path("minLength").asInt(), most));
        }
        if (rule.has("maxItems")) {
            int most = rule.path("maxItems").asInt();
            Stream.of(most, most + 1)
                    .forEach(n -> limits.add("[" + (value.path(0) + ",").repeat(n - 1) + value.path(0) + "]"));
        }
        if (rule.has("maxProperties")) {
            int most = rule.path("maxProperties").asInt();
            Stream.of(most, most + 1).forEach(n -> {
                ObjectNode object = Story.JSON.createObjectNode();
                for (int i = 0; i < n; i++) {
                    object.put("k" + i, "v");
                }
                limits.add(object.toString());
            });
        }
        return limits;
    }

    private static void texts(List<String> texts, String unit, int least, int most) {
        Stream.of(least - 1, least, most, most + 1)
                .filter(n -> n >= 0)
                .forEach(n -> texts.add("\"" + unit.repeat(n) + "\""));
    }

    private static Request to(Request request, String target) {
        return new Request(request.method(), target, request.headers(), request.body());
    }

    private static Request with(Request request, byte[] body) {
        return new Request(request.method(), request.target(), request.headers(), body);
    }

    private static Request with(Request request, String body) {
        return with(request, body.getBytes(UTF_8));
    }

    private static Request with(Request request, JsonNode body) {
        try {
            return with(request, Story.JSON.writeValueAsBytes(body));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
