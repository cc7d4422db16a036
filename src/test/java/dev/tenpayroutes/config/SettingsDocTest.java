package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.DocTree;
import com.sun.source.doctree.LiteralTree;
import com.sun.source.doctree.ParamTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ClassPathResource;

/**
 * The middle of docs/settings.md is made of the settings records, their Javadoc and {@code application.yaml}. To make it
 * anew: {@code ./mvnw test -Dtest=SettingsDocTest -Dsettings.write=true}.
 */
class SettingsDocTest {

    private static final Path FILE = Path.of("docs/settings.md");
    private static final String START =
            "<!-- generated: ./mvnw test -Dtest=SettingsDocTest -Dsettings.write=true -->\n";
    private static final String END = "<!-- end of the generated part -->\n";
    private static final List<String> SOURCES = List.of(
            "config/TenpayProperties",
            "config/AccountProperties",
            "config/ClientProperties",
            "config/ConsoleProperties",
            "config/SignatureProperties",
            "config/ReadShare",
            "sandbox/SandboxProperties");

    private final Map<String, Map<String, String>> meanings = new HashMap<>();
    private final StringBuilder text = new StringBuilder();
    private PropertySource<?> shipped;

    @Test
    void documentsEverySettingAsItIs() throws Exception {
        shipped = new YamlPropertySourceLoader()
                .load("shipped", new ClassPathResource("application.yaml"))
                .get(0);
        readMeanings();
        section("tenpay", "", TenpayProperties.class);
        section("tenpay.sandbox", "The sandbox", Class.forName("dev.tenpayroutes.sandbox.SandboxProperties"));

        String written = Files.readString(FILE);
        String wanted = written.substring(0, written.indexOf(START) + START.length())
                + text
                + written.substring(written.indexOf(END));
        if (Boolean.getBoolean("settings.write")) {
            Files.writeString(FILE, wanted);
        }
        assertThat(Files.readString(FILE))
                .as("docs/settings.md is of another version. Remedy: the command in its comment")
                .isEqualTo(wanted);
    }

    /** First the settings of its own, then each group as a section. */
    private void section(String prefix, String about, Class<?> settings) {
        String rows = Stream.of(parameters(settings))
                .filter(setting -> group(setting.getParameterizedType()) == null)
                .map(setting -> row(prefix, settings, setting))
                .collect(Collectors.joining());
        if (!rows.isEmpty()) {
            text.append("\n## `").append(prefix).append("`\n\n");
            if (!about.isEmpty()) {
                text.append(about.substring(0, 1).toUpperCase() + about.substring(1))
                        .append(".\n\n");
            }
            text.append("| name | kind | default | meaning |\n|---|---|---|---|\n")
                    .append(rows);
        }
        for (Parameter setting : parameters(settings)) {
            Class<?> group = group(setting.getParameterizedType());
            if (group != null) {
                boolean map = setting.getType() == Map.class;
                section(
                        prefix + "." + SettingNames.name(setting) + (map ? ".<name>" : ""),
                        meaning(settings, setting),
                        group);
            }
        }
    }

    private static Parameter[] parameters(Class<?> settings) {
        return settings.getDeclaredConstructors()[0].getParameters();
    }

    /** The record of a group, or of the values of a map. */
    private static Class<?> group(Type type) {
        if (type instanceof ParameterizedType generic) {
            return generic.getRawType() == Map.class ? group(generic.getActualTypeArguments()[1]) : null;
        }
        return type instanceof Class<?> plain && plain.isRecord() ? plain : null;
    }

    private String row(String prefix, Class<?> settings, Parameter setting) {
        String name = prefix + "." + SettingNames.name(setting);
        DefaultValue own = setting.getAnnotation(DefaultValue.class);
        Object written = shipped.getProperty(name);
        String usual = written != null ? written.toString() : own != null ? String.join(",", own.value()) : "";
        usual = usual.replace("\n", "\\n");
        return "| `" + SettingNames.name(setting) + (setting.getType() == Map.class ? ".<name>" : "") + "` | "
                + kind(setting.getParameterizedType()) + " | " + (usual.isEmpty() ? "" : "`" + usual + "`") + " | "
                + meaning(settings, setting) + " |\n";
    }

    private static String kind(Type type) {
        if (type instanceof ParameterizedType generic) {
            Type of = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
            return generic.getRawType() == Map.class ? kind(of) : "list of " + kind(of);
        }
        return type == Duration.class
                ? "duration"
                : type == boolean.class ? "true or false" : type == String.class ? "text" : "number";
    }

    private String meaning(Class<?> settings, Parameter setting) {
        String meaning = meanings.getOrDefault(settings.getName().replaceFirst(".*\\.", ""), Map.of())
                .get(setting.getName());
        assertThat(meaning).as("@param %s of %s", setting.getName(), settings).isNotBlank();
        return meaning;
    }

    private void readMeanings() throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            List<Path> sources = SOURCES.stream()
                    .map(name -> Path.of("src/main/java/dev/tenpayroutes/" + name + ".java"))
                    .toList();
            JavacTask task = (JavacTask) compiler.getTask(
                    null, files, null, List.of("-proc:none"), null, files.getJavaFileObjectsFromPaths(sources));
            DocTrees docs = DocTrees.instance(task);
            for (CompilationUnitTree unit : task.parse()) {
                new TreePathScanner<Void, Void>() {
                    @Override
                    public Void visitClass(ClassTree type, Void none) {
                        DocCommentTree doc = docs.getDocCommentTree(getCurrentPath());
                        if (doc != null) {
                            String outer = getCurrentPath().getParentPath().getLeaf() instanceof ClassTree outside
                                    ? outside.getSimpleName() + "$"
                                    : "";
                            meanings.put(outer + type.getSimpleName(), meanings(doc));
                        }
                        return super.visitClass(type, none);
                    }
                }.scan(new TreePath(unit), null);
            }
        }
    }

    private static Map<String, String> meanings(DocCommentTree doc) {
        return doc.getBlockTags().stream()
                .filter(ParamTree.class::isInstance)
                .map(ParamTree.class::cast)
                .collect(Collectors.toMap(param -> param.getName().toString(), SettingsDocTest::words));
    }

    private static String words(ParamTree param) {
        return param.getDescription().stream()
                .map(part -> part.getKind() == DocTree.Kind.CODE
                        ? "`" + ((LiteralTree) part).getBody().getBody() + "`"
                        : part.toString())
                .collect(Collectors.joining())
                .replaceAll("\\s+", " ")
                .replace("see console.md", "[console.md](console.md)")
                .replace("see tenpay-assumptions.md", "[tenpay-assumptions.md](tenpay-assumptions.md)")
                .strip();
    }
}
