package dev.tenpayroutes.api;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The prose of all problems, {@code problems.yaml}: read in full and checked before the first problem is answered.
 *
 * <p>A problem is named {@code CODE}, or {@code CODE.case} where a code has several details.
 */
public final class ProblemCatalog {

    private static final Pattern PLACEHOLDER = Pattern.compile("\\{(\\w+)}");
    private static final Set<String> FIELDS = Set.of("status", "statusNote", "detail", "cases", "cause", "remedy");
    private static final Map<String, Entry> ENTRIES = read();

    private ProblemCatalog() {}

    /** What a name stands for: {@code detail} is a template. */
    public record Detail(int status, String detail) {}

    /**
     * One code.
     *
     * @param status its statuses, as a reader is told of them
     * @param details by case; the one without a case by the empty text
     */
    public record Entry(String status, String cause, String remedy, Map<String, Detail> details) {}

    /** Every code in the order of the file. */
    public static Map<String, Entry> entries() {
        return ENTRIES;
    }

    /**
     * The problem of this name, its detail filled in.
     *
     * @throws IllegalArgumentException when the catalogue has no such name
     */
    static Problem problem(String name, Map<String, ?> values, Map<String, String> extensions) {
        String code = name.replaceFirst("\\..*", "");
        Entry entry = ENTRIES.get(code);
        Detail detail = entry == null
                ? null
                : entry.details().get(name.substring(code.length()).replaceFirst("^\\.", ""));
        if (detail == null) {
            throw new IllegalArgumentException("problems.yaml has no " + name);
        }
        String filled = PLACEHOLDER.matcher(detail.detail()).replaceAll(found -> filled(found, values));
        return new Problem(detail.status(), code, filled, extensions);
    }

    private static String filled(MatchResult placeholder, Map<String, ?> values) {
        Object value = values.get(placeholder.group(1));
        return value == null ? "" : java.util.regex.Matcher.quoteReplacement(value.toString());
    }

    private static Map<String, Entry> read() {
        LoaderOptions strict = new LoaderOptions();
        strict.setAllowDuplicateKeys(false);
        try (InputStream file = ProblemCatalog.class.getResourceAsStream("/problems.yaml")) {
            Map<?, ?> written = new Yaml(new SafeConstructor(strict)).load(Objects.requireNonNull(file));
            Map<String, Entry> entries = new LinkedHashMap<>();
            written.forEach((code, entry) -> entries.put(code.toString(), entry(code.toString(), (Map<?, ?>) entry)));
            return entries;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Entry entry(String code, Map<?, ?> written) {
        List<Object> unknown = new ArrayList<>(written.keySet());
        unknown.removeAll(FIELDS);
        if (!code.matches("[A-Z][A-Z_]+") || !unknown.isEmpty() || !(written.get("status") instanceof Integer status)) {
            throw new IllegalStateException("problems.yaml, " + code + ": needs a status, and doesn't know " + unknown);
        }
        Map<String, Detail> details = new LinkedHashMap<>();
        if (written.get("detail") != null) {
            details.put("", new Detail(status, text(code, written, "detail")));
        }
        if (written.get("cases") instanceof Map<?, ?> cases) {
            cases.forEach((name, detail) -> details.put(
                    name.toString(),
                    detail instanceof Map<?, ?> own
                            ? new Detail((Integer) own.get("status"), text(code, own, "detail"))
                            : new Detail(status, detail.toString())));
        }
        if (details.isEmpty()) {
            throw new IllegalStateException("problems.yaml, " + code + ": needs a detail or cases");
        }
        @Nullable Object note = written.get("statusNote");
        return new Entry(
                note == null ? status.toString() : note.toString(),
                text(code, written, "cause"),
                text(code, written, "remedy"),
                details);
    }

    private static String text(String code, Map<?, ?> map, String field) {
        if (map.get(field) instanceof String text && !text.isBlank()) {
            return text;
        }
        throw new IllegalStateException("problems.yaml, " + code + ": needs " + field);
    }
}
