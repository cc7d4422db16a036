package dev.tenpayroutes.camel;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.thisptr.jackson.jq.JsonQuery;
import net.thisptr.jackson.jq.Scope;
import org.apache.camel.CamelContext;
import org.apache.camel.language.jq.JqFunctions;
import org.jspecify.annotations.Nullable;

/**
 * The functions and variables that a mapping uses and nothing defines: jq refuses such a text, jackson-jq only once a message
 * comes to that place. It has no public way to ask for names, so its compiled tree is read; a name defined anywhere in the
 * text counts as known everywhere in it.
 */
final class JqNames {

    private static final String LIBRARY = "net.thisptr.jackson.jq.";
    private static final Set<String> GIVEN = Set.of("ENV", "__loc__");

    private final Set<String> used = new HashSet<>();
    private final Set<String> defined = new HashSet<>();

    private JqNames() {}

    /** The functions that every mapping has; to be kept, since reading them takes some ten milliseconds. */
    static Scope functions(CamelContext camel) {
        Scope known = Scope.newEmptyScope();
        JqFunctions.load(camel, known);
        JqFunctions.loadLocal(known);
        return known;
    }

    /** The first name, by the alphabet, that nothing defines: {@code word/2} for a function of two arguments, {@code $word}. */
    static Optional<String> unknown(JsonQuery query, Scope known) {
        JqNames names = new JqNames();
        names.read(query);
        return names.used.stream()
                .filter(name -> !names.defined.contains(name))
                .filter(name -> name.startsWith("$") ? !GIVEN.contains(name.substring(1)) : !isFunction(known, name))
                .sorted()
                .findFirst();
    }

    private static boolean isFunction(Scope known, String name) {
        int slash = name.lastIndexOf('/');
        return known.getFunction(name.substring(0, slash), Integer.parseInt(name.substring(slash + 1))) != null;
    }

    private void read(Object tree) {
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> left = new ArrayDeque<>(List.of(tree));
        while (!left.isEmpty()) {
            Object node = left.pop();
            if (node instanceof Collection<?> several) {
                several.forEach(one -> push(left, one));
            } else if (node instanceof Map<?, ?> map) {
                map.values().forEach(one -> push(left, one));
            } else if (node.getClass().getName().startsWith(LIBRARY) && !(node instanceof Enum) && seen.add(node)) {
                note(node);
                for (Class<?> type = node.getClass(); type != Object.class; type = type.getSuperclass()) {
                    for (Field field : type.getDeclaredFields()) {
                        if (!Modifier.isStatic(field.getModifiers())) {
                            push(left, value(node, field));
                        }
                    }
                }
            }
        }
    }

    private static void push(Deque<Object> left, @Nullable Object one) {
        if (one != null) {
            left.push(one);
        }
    }

    private void note(Object node) {
        switch (node.getClass().getSimpleName()) {
            case "FunctionCall" ->
                used.add(value(node, "name") + "/" + list(node, "args").size());
            case "VariableAccess", "VariableKeyFieldConstruction" -> used.add("$" + value(node, "name"));
            case "ValueMatcher" -> defined.add("$" + value(node, "name"));
            case "FunctionDefinition" -> {
                List<?> parameters = list(node, "args");
                defined.add(value(node, "fname") + "/" + parameters.size());
                for (Object parameter : parameters) {
                    // A parameter $x is a variable and a function.
                    String name = parameter.toString();
                    defined.add(name);
                    defined.add(name.replace("$", "") + "/0");
                }
            }
            default -> {
                // Nothing that has a name of its own.
            }
        }
    }

    private static List<?> list(Object node, String field) {
        return value(node, field) instanceof List<?> list ? list : List.of();
    }

    private static @Nullable Object value(Object node, String field) {
        try {
            return value(node, node.getClass().getDeclaredField(field));
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException("another jackson-jq than this was written for: " + node.getClass(), e);
        }
    }

    private static @Nullable Object value(Object node, Field field) {
        try {
            field.setAccessible(true);
            return field.get(node);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
