package dev.tenpayroutes.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.core.importer.resolvers.SelectedClassResolverFromClasspath;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The rules of the house for Java; a failure names class, file and line. */
class ArchitectureJavaTest {

    private static final String ALL = "dev.tenpayroutes..";
    private static final String SANDBOX = "dev.tenpayroutes.sandbox..";
    private static final String MAIN_CLASS = "dev.tenpayroutes.TenpayGlobalRoutes";

    /** Which packages each package may use; the order leaves no room for a cycle. */
    private static final Map<String, Set<String>> USES = Map.ofEntries(
            entry("config", Set.of()),
            entry("signature", Set.of("config")),
            entry("account", Set.of("config", "signature")),
            entry("camel", Set.of("config", "signature")),
            entry("api", Set.of("config", "signature", "account")),
            entry("security", Set.of("config", "account", "api")),
            entry("tenpay", Set.of("config", "signature", "account", "camel")),
            entry("payment", Set.of("config", "account", "camel", "api", "security")),
            entry("delivery", Set.of("config", "account", "camel", "api", "security")),
            entry("console", Set.of("config", "account", "camel", "api", "security")),
            entry(
                    "cli",
                    Set.of(
                            "config",
                            "signature",
                            "account",
                            "camel",
                            "api",
                            "security",
                            "tenpay",
                            "payment",
                            "delivery")),
            entry("sandbox", Set.of()));

    private static final JavaClasses MAIN;
    private static final JavaClasses EVERYTHING;

    static {
        // The rules look at names; of foreign classes only the JDK's own kinship counts (which class is a Throwable).
        // To read every library's classes as well would take ten times as long.
        ArchConfiguration.get().setClassResolver(SelectedClassResolverFromClasspath.class);
        ArchConfiguration.get().setClassResolverArguments("java");
        EVERYTHING = new ClassFileImporter().importPackages("dev.tenpayroutes");
        MAIN = EVERYTHING.that(DescribedPredicate.describe(
                "are the program's",
                type -> ImportOption.Predefined.DO_NOT_INCLUDE_TESTS.includes(
                        Location.of(type.getSource().orElseThrow().getUri()))));
    }

    private static final Set<String> WEAK_RANDOMNESS =
            Set.of("java.util.Random", "java.util.SplittableRandom", "java.util.concurrent.ThreadLocalRandom");
    private static final Set<String> RANDOMNESS = Set.of(
            "java.lang.Math.random",
            "java.lang.StrictMath.random",
            "java.util.UUID.randomUUID",
            "java.security.SecureRandom.<init>",
            "java.security.SecureRandom.getInstance",
            "java.security.SecureRandom.getInstanceStrong");
    private static final Pattern CLOCKS = Pattern.compile(
            "java\\.time\\.([a-z]+\\.)?\\w+\\.now"
                    + "|java\\.time\\.Clock\\.(system|tick)\\w*|java\\.time\\.InstantSource\\.system"
                    + "|java\\.lang\\.System\\.currentTimeMillis|java\\.util\\.Date\\.<init>|java\\.util\\.Calendar\\.getInstance");

    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/|//[^\n]*", Pattern.DOTALL);
    private static final Pattern PUBLIC_TYPE = Pattern.compile(
            "^public (?:(?:final|abstract|sealed|non-sealed|strictfp) )*(?:class|interface|record|enum|@interface) (\\w+)",
            Pattern.MULTILINE);

    private final List<Violation> violations = new ArrayList<>();

    @Test
    void theSandboxUsesNothingOfTheProgram() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage(SANDBOX)
                        .should()
                        .dependOnClassesThat(resideInAPackage(ALL).and(resideOutsideOfPackage(SANDBOX)))
                        .because(
                                "a wrong canonical string must not sign and verify itself. Remedy: write it again in the sandbox"));
    }

    @Test
    void theProgramUsesNothingOfTheSandbox() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(SANDBOX)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(SANDBOX)
                .because("only the profile sandbox may start it. Remedy: let the sandbox's own configuration find it"));
    }

    @Test
    void packageUsesOnlyWhatItsRuleAllows() {
        USES.forEach((name, uses) -> {
            String self = "dev.tenpayroutes." + name + "..";
            DescribedPredicate<JavaClass> forbidden = resideInAPackage(ALL).and(resideOutsideOfPackage(self));
            for (String used : uses) {
                forbidden = forbidden.and(resideOutsideOfPackage("dev.tenpayroutes." + used + ".."));
            }
            check(noClasses()
                    .that()
                    .resideInAPackage(self)
                    .should()
                    .dependOnClassesThat(forbidden)
                    .because(name + " may know " + (uses.isEmpty() ? "no other package" : String.join(", ", uses))
                            + ". Remedy: pass in plain values, or move the class"));
        });
    }

    @Test
    void everyPackageHasARuleOfWhatItMayUse() {
        assertThat(MAIN.stream()
                        .map(JavaClass::getPackageName)
                        .filter(name -> !name.equals("dev.tenpayroutes"))
                        .map(name -> name.split("\\.")[2]))
                .isSubsetOf(USES.keySet());
    }

    @Test
    void signatureUsesNoCamel() {
        check(noClasses()
                .that()
                .resideInAPackage("dev.tenpayroutes.signature..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.camel..")
                .because("it is used by hand-written vectors too. Remedy: pass in what it needs as plain values"));
    }

    @Test
    void noClassIsLongerThan400Lines() {
        for (Path file : Architecture.files(Architecture.MAIN, ".java")) {
            long lines = Architecture.read(file).lines().count();
            if (lines > 400) {
                violations.add(new Violation(
                        Architecture.place(file, 400),
                        lines + " lines, of at most 400",
                        "find the second responsibility and give it a class of its own"));
            }
        }
        Violation.none(violations);
    }

    @Test
    void noClassIsAnImplUtilHelperManagerOrDto() {
        classes()
                .should()
                .haveNameNotMatching(".*(?:Impl|Util|Utils|Helper|Manager|Dto|DTO)(?:\\$.*)?")
                .because("such names say nothing. Remedy: name the class after what it is or does")
                .check(EVERYTHING);
    }

    @Test
    void nothingIsInjectedIntoFields() {
        check(GeneralCodingRules.NO_CLASSES_SHOULD_USE_FIELD_INJECTION.because(
                "what a class needs shows in its constructor. Remedy: take it there"));
    }

    @Test
    void nothingWritesToStandardOutput() {
        check(noClasses()
                .that()
                // It hands it to a command, which speaks to the person who typed it.
                .doNotHaveFullyQualifiedName(MAIN_CLASS)
                .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS)
                .because("logs carry ids and states and have levels. Remedy: use a logger"));
    }

    @Test
    void randomnessIsInjected() {
        check(noClasses()
                .that(mayNotChooseClockOrRandomness())
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "are weak sources of randomness", type -> WEAK_RANDOMNESS.contains(type.getName())))
                .orShould()
                .accessTargetWhere(DescribedPredicate.describe(
                        "a source of randomness is made", access -> RANDOMNESS.contains(name(access))))
                .because("tests choose it, and nonces need a strong one. Remedy: take the SecureRandom bean"));
    }

    @Test
    void theClockIsInjected() {
        check(noClasses()
                .that(mayNotChooseClockOrRandomness())
                .should()
                .accessTargetWhere(DescribedPredicate.describe(
                        "the machine's clock is read",
                        access -> CLOCKS.matcher(name(access)).matches() && !isGivenAClock(access)))
                .because("tests choose the time. Remedy: take the Clock bean"));
    }

    @Test
    void moneyIsNeverFloatingPoint() {
        check(classes().that().resideOutsideOfPackage(SANDBOX).should(haveNoFloatingPoint()));
    }

    @Test
    void everyPackageIsNullMarked() {
        Architecture.files(Architecture.MAIN, ".java").stream()
                .map(Path::getParent)
                .distinct()
                .forEach(folder -> {
                    Path info = folder.resolve("package-info.java");
                    String text = Files.exists(info)
                            ? COMMENT.matcher(Architecture.read(info)).replaceAll("")
                            : "";
                    if (!text.contains("@NullMarked")) {
                        violations.add(new Violation(
                                Architecture.place(info, 1),
                                "the package is not @NullMarked",
                                "write package-info.java with one sentence of Javadoc and @NullMarked"));
                    }
                });
        Violation.none(violations);
    }

    /** That the Javadoc states the guarantee first, then why, is for a reader. */
    @Test
    void everyPublicTypeHasJavadoc() {
        for (Path file : Architecture.files(Architecture.MAIN, ".java")) {
            String text = Architecture.read(file);
            Matcher type = PUBLIC_TYPE.matcher(text);
            while (type.find()) {
                // Only annotations may stand between the Javadoc and the type.
                String above = text.substring(0, type.start());
                int from = above.lastIndexOf("*/") + 2;
                boolean has = from > 1
                        && above.lastIndexOf("/**", from) > above.lastIndexOf("*/", from - 3)
                        && above.substring(from).strip().matches("(?s)(@.*)?")
                        && !above.substring(from).contains(";");
                if (!has) {
                    violations.add(new Violation(
                            Architecture.place(file, Architecture.lineOf(text, type.start())),
                            type.group(1) + " is public and has no Javadoc",
                            "state its guarantee in one sentence, then why; or make it package-private"));
                }
            }
        }
        Violation.none(violations);
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(MAIN);
    }

    private static DescribedPredicate<JavaClass> mayNotChooseClockOrRandomness() {
        return DescribedPredicate.describe(
                "are neither TenpayGlobalRoutes nor the sandbox",
                type -> !type.getName().equals(MAIN_CLASS)
                        && !resideInAPackage(SANDBOX).test(type));
    }

    private static String name(JavaAccess<?> access) {
        return access.getTargetOwner().getName() + "." + access.getName();
    }

    /** {@code Instant.now(clock)} and {@code new Date(millis)} read no clock of their own. */
    private static boolean isGivenAClock(JavaAccess<?> access) {
        return access.getTarget() instanceof CodeUnitAccessTarget target
                && target.getRawParameterTypes().stream()
                        .map(JavaClass::getName)
                        .anyMatch(type -> type.equals("java.time.Clock") || type.equals("long"));
    }

    private static ArchCondition<JavaClass> haveNoFloatingPoint() {
        Set<String> floating = Set.of("double", "float", "java.lang.Double", "java.lang.Float");
        return new ArchCondition<>(
                "have no field and no parameter of double or float, because money is long minor units."
                        + " Remedy: use long") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (JavaField field : type.getFields()) {
                    if (floating.contains(field.getRawType().getName())) {
                        events.add(SimpleConditionEvent.violated(
                                field,
                                field.getDescription() + " is floating point in " + field.getSourceCodeLocation()));
                    }
                }
                for (JavaCodeUnit unit : type.getCodeUnits()) {
                    for (JavaClass parameter : unit.getRawParameterTypes()) {
                        if (floating.contains(parameter.getName())) {
                            events.add(SimpleConditionEvent.violated(
                                    unit,
                                    unit.getDescription() + " takes floating point in "
                                            + unit.getSourceCodeLocation()));
                        }
                    }
                }
            }
        };
    }
}
