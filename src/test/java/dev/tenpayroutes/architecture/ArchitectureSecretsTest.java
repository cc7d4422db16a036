package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.type.filter.AnnotationTypeFilter;

/** Whatever prints a settings class (a log line, an exception, a debugger's note) prints no secret. */
class ArchitectureSecretsTest {

    /** What may be shown; all else of a settings class is taken for a secret, a file's name too: people paste keys there. */
    private static final Set<String> HARMLESS =
            Set.of("baseUrl", "notifyBaseUrl", "merchantId", "accounts", "scopes", "oauth2ClientId");

    private static final String CANARY = "canary-of-";

    private final List<Violation> violations = new ArrayList<>();

    @Test
    void settingsPrintNoSecret() throws Exception {
        List<Class<?>> settings = settings();
        assertThat(settings).extracting(Class::getSimpleName).contains("TenpayProperties");
        for (Class<?> type : settings) {
            String printed = made(type).toString();
            printed.lines()
                    .flatMap(line -> Stream.of(line.split("[^\\w-]")))
                    .filter(word -> word.startsWith(CANARY) && !HARMLESS.contains(word.substring(CANARY.length())))
                    .forEach(word -> violations.add(new Violation(
                            type.getName(),
                            "prints its " + word.substring(CANARY.length()) + ": " + printed,
                            "write a toString that names only what is harmless")));
        }
        Violation.none(violations);
    }

    private static List<Class<?>> settings() throws ClassNotFoundException {
        var scanner = new ClassPathScanningCandidateComponentProvider(false);
        scanner.addIncludeFilter(new AnnotationTypeFilter(ConfigurationProperties.class));
        List<Class<?>> types = new ArrayList<>();
        for (var bean : scanner.findCandidateComponents("dev.tenpayroutes")) {
            types.add(Class.forName(bean.getBeanClassName()));
        }
        return types;
    }

    /** A settings record whose every text is a canary that carries the name of its place. */
    private static Object made(Class<?> type) throws ReflectiveOperationException {
        assertThat(type.isRecord()).as("%s is a record", type).isTrue();
        List<Class<?>> types = new ArrayList<>();
        List<Object> values = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            types.add(component.getType());
            values.add(value(component.getName(), component.getGenericType()));
        }
        Constructor<?> constructor = type.getDeclaredConstructor(types.toArray(Class<?>[]::new));
        constructor.setAccessible(true);
        return constructor.newInstance(values.toArray());
    }

    private static Object value(String name, Type type) throws ReflectiveOperationException {
        if (type instanceof ParameterizedType generic) {
            Type[] of = generic.getActualTypeArguments();
            return generic.getRawType().equals(Map.class)
                    ? Map.of("main", value(name, of[1]))
                    : List.of(value(name, of[0]));
        }
        if (type instanceof Class<?> plain && plain.isRecord()) {
            return made(plain);
        }
        return switch (type.getTypeName()) {
            case "java.lang.String" -> CANARY + name;
            case "int" -> 1;
            case "boolean" -> true;
            case "java.lang.Boolean" -> Boolean.TRUE;
            case "java.lang.Integer" -> 1;
            case "java.time.Duration" -> Duration.ofSeconds(1);
            default ->
                throw new IllegalStateException(name + " is a " + type.getTypeName() + ": teach this test to make one");
        };
    }
}
