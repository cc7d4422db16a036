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
            // What is beside /v1 is no part of the contract.
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

    /** JSON, or what only looks like it. */
    private static final List<String> VALUES = Stream.of(
                    // Types
                    "null",
                    "true",
                    "0",
                    "-1",
                    "1",
                    "\"\"",
                    "\" \"",
                    "\"text\"",
                    "\"1050\"",
                    "[]",
                    "{}",
                    "[[]]",
                    "[1]",
                    "{\"a\":{}}",
                    // Numbers
                    "1.5",
                    "1050.0",
                    "1.05e3",
                    "1e400",
                    "-0",
                    "0.1e1",
                    "1E-400",
                    "01",
                    "+1",
                    "0x1F",
                    "NaN",
                    "Infinity",
                    "1_000",
                    "2147483648",
                    "9223372036854775807",
                    "9223372036854775808",
                    "-9223372036854775809",
                    "9".repeat(29),
                    "9".repeat(5_000),
                    // Characters
                    "\"\\u0000\"",
                    "\"a\\u0000b\"",
                    "\"\\ud800\"",
                    "\"a\\udc00b\"",
                    "\"\\ud83d\\ude00\"",
                    "\"" + EMOJI + "\"",
                    "\"\\u202eabc\"",
                    "\"e\\u0301\"",
                    "\"\\ufeff\"",
                    "\"\\ufffe\"",
                    "\"\\u2028\"",
                    "\"\\u0085\"",
                    "\"a\\nb\"",
                    "\"\\u001b[31m\"",
                    "\"\\x\"",
                    "\"\\u12\"",
                    "\"a\nb\"",
                    "\"\u0130\u0131\"",
                    "\"\u06f1\u06f2\"",
                    "\"" + "\u0e49".repeat(60) + "\"",
                    // Languages
                    "\"${sys.user.dir}\"",
                    "\"${bean:clients}\"",
                    "\"#{7*191}\"",
                    "\"{{tenpay.call-timeout}}\"",
                    "\"${header.X-API-Key}\"",
                    "\"' or '1'='1\"",
                    "\"'; drop table payment; --\"",
                    "\":#${variable.accounts}\"",
                    "\"?#\"",
                    "\"\\\" | env\"",
                    "\"\\\\(env)\"",
                    "\"$ENV\"",
                    "\"<script>alert(1)</script>\"",
                    "\"\\r\\nX-Injected: 1\"",
                    "\"%0d%0a\"",
                    "\"../../etc/passwd\"",
                    "\"${jndi:ldap://127.0.0.1:1/a}\"",
                    // Sizes
                    "\"" + "x".repeat(200) + "\"",
                    "\"" + EMOJI.repeat(130) + "\"",
                    "\"" + "x".repeat(60_000) + "\"",
                    "[".repeat(30) + "]".repeat(30),
                    "[" + "1,".repeat(2_000) + "1]")
            .toList();

    private static final List<String> NAMES = List.of(
            "surprise",
            "orderno",
            "OrderNo",
            "account",
            "status",
            "refundNo",
            "reason",
            "id",
            "total",
            "currency",
            "metadata",
            "__proto__",
            "",
            "\ud800",
            "\u0000",
            "a\u0000b",
            "$ref",
            "@class",
            "@type",
            "${sys.user.dir}",
            "' or 1=1",
            "x".repeat(300),
            "a/b~c",
            EMOJI,
            "notify_url");

    private static final List<String> BAD_BYTES = List.of(
            "\u0000",
            "\u00ff",
            "\u00fe\u00ff",
            "\u00c0\u0080",
            "\u00c3(",
            "\u00ed\u00a0\u0080",
            "\u00f4\u0090\u0080\u0080",
            "\u00e2\u0082",
            "\u00ef\u00bb\u00bf",
            "\"",
            "{",
            "}",
            ",",
            ":",
            "\\",
            "/*x*/",
            "//x\n",
            "\u0001",
            "\u007f",
            "'",
            "e",
            "-",
            "9",
            "\r\n");

    private static final List<String> TYPES = List.of(
            "text/plain",
            "application/xml",
            "application/jsonx",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "application/json;charset=utf-16",
            "application/json;charset=nonsense",
            "application/json; charset=\"",
            "APPLICATION/JSON",
            "application/json;",
            "application/problem+json",
            "application/*",
            "*/*",
            "",
            "json",
            "application/json, text/plain",
            "application/octet-stream",
            "text/json");

    /** Raw parts of a target: sent as they are. */
    private static final List<String> SEGMENTS = List.of(
            "%2f",
            "%2F..%2F",
            "%00",
            "%7c",
            "|",
            "..",
            ".",
            "%2e%2e",
            "%2e",
            ";x=1",
            ";",
            "%3b",
            "%5c",
            "\\",
            "%zz",
            "%",
            "%2",
            "%ff",
            "%c0%ae",
            "%ed%a0%80",
            "%f0%9f%98%80",
            "\u00e9",
            "\u00f0\u009f\u0098\u0080",
            "%e4%b8%ad",
            "a%20b",
            "+",
            "*",
            "%2a",
            "%25",
            "%2541",
            "%0d%0aX:1",
            "%0a",
            "%09",
            "%7f",
            "A".repeat(33),
            "A".repeat(3_000),
            "'",
            "%27%20or%20%271%27=%271",
            "$%7bsys.user.dir%7d",
            "%24%7Bbean:clients%7D",
            "%7b%7btenpay.call-timeout%7d%7d",
            "%22%20%7c%20env",
            "{x}",
            "<x>",
            "[0]",
            "^",
            "`",
            "",
            "SO-2026-000123",
            "null",
            "-1",
            "0",
            "CON",
            "@",
            "=",
            "!",
            "~",
            "%E2%80%AE",
            "x?y",
            "x#y");

    private static final List<String> QUERY_VALUES = List.of(
            "PENDING",
            "SUCCEEDED",
            "pending",
            "LATE_SUCCESS",
            "main",
            "macau",
            "nobody",
            "1",
            "200",
            "201",
            "0",
            "-1",
            "1e2",
            "010",
            "99999999999999999999",
            "true",
            "1-1",
            "99999999999999999-999999999999999999",
            "999999999999999999-1",
            "2026-11-23T00:00:00Z",
            "2026-11-23T00:00:00%2B08:00",
            "2026-11-23T00:00:00+08:00",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-02-30T00:00:00Z",
            "2026-06-30T23:59:60Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T00:00:00%2B18:00",
            "2026-11-23T00:00:00-15:59",
            "2026-11-23t00:00:00z",
            "2026-11-23T00:00:00.1234567890Z",
            "2026-11-23",
            "now()",
            "infinity",
            "%D9%A1",
            "PENDING%0a",
            "PENDING&status=FAILED",
            "%20PENDING",
            "x".repeat(2_000));

    private static final List<String> HEADER_NAMES = List.of(
            "CamelSqlQuery",
            "CamelHttpUri",
            "CamelHttpPath",
            "CamelHttpMethod",
            "CamelHttpResponseCode",
            "CamelHttpQuery",
            "CamelJqVariables",
            "CamelBeanMethodName",
            "orderNo",
            "refundNo",
            "accounts",
            "Idempotency-Key",
            "Idempotency-Key",
            "X-API-Key",
            "Authorization",
            "Cookie",
            "Accept",
            "Accept-Encoding",
            "Accept-Language",
            "Content-Encoding",
            "Content-Language",
            "Transfer-Encoding",
            "Expect",
            "Upgrade",
            "Connection",
            "Host",
            "Range",
            "If-Match",
            "Origin",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-HTTP-Method-Override",
            "X-Original-URL",
            "Forwarded",
            "Via",
            "TE",
            "Trailer",
            "Date",
            "Wechatpay-Signature",
            "traceparent",
            "X-Request-Id",
            "breadcrumbId",
            "x y",
            "",
            "\u00e9");

    private static final List<String> HEADER_VALUES = List.of(
            MARK,
            "",
            " ",
            "0",
            "1",
            "-1",
            "10000",
            "abc",
            "gzip",
            "identity",
            "100-continue",
            "close, " + MARK,
            "macau",
            "main",
            "PAID",
            "yesterday",
            "select '" + MARK + "'",
            "http://127.0.0.1:1/" + MARK,
            "${sys.user.dir}",
            "${jndi:ldap://127.0.0.1:1/a}",
            "#{7*191}",
            "bytes=0-1",
            "null",
            "*",
            "\u00e9\u00ff",
            "a\u0001b",
            "\u00f0\u009f\u0098\u0080",
            "a b",
            "a,b",
            "\"",
            "text/html",
            "application/xml;q=0.1",
            "Bearer x",
            "Basic eDp4",
            "DELETE",
            "/v1/payment-methods",
            "x".repeat(255),
            "x".repeat(256),
            "x".repeat(7_000),
            "x".repeat(20_000));

    private static final List<String> HEADERS = List.of(
            "Content-Length: 0",
            "Content-Length: -1",
            "Content-Length: abc",
            "Content-Length: 99999999999999999999",
            "Transfer-Encoding: chunked, chunked",
            "no colon",
            " folded");

    private static final List<String> METHODS = List.of(
            "GET",
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
            "HEAD",
            "OPTIONS",
            "TRACE",
            "CONNECT",
            "PROPFIND",
            "get",
            "X",
            "G%45T",
            "GET\u00e9",
            "A".repeat(300));

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
        } catch (java.io.IOException e) {
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
