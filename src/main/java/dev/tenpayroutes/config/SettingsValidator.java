package dev.tenpayroutes.config;

import jakarta.validation.ConstraintViolation;
import jakarta.validation.Path;
import jakarta.validation.Validation;
import jakarta.validation.Validator;
import jakarta.validation.ValidatorFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hibernate.validator.messageinterpolation.ParameterMessageInterpolator;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.util.ClassUtils;

/**
 * Reads {@link TenpayProperties} and all that is wrong with them: unknown names, values of the wrong kind, violated
 * constraints, and what the packages' {@link SettingsCheck}s find. Values of secrets are never repeated.
 */
public final class SettingsValidator {

    private static final String PREFIX = "tenpay";
    /** Not imported: the sandbox and the rest know nothing of each other. */
    private static final String SANDBOX = "dev.tenpayroutes.sandbox.SandboxProperties";

    /** What Kubernetes and Docker set for each service called tenpay-something. */
    private static final Pattern SERVICE_LINK = Pattern.compile(
            "TENPAY(_\\w+)?_(SERVICE_(HOST|PORT(_\\w+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)");
    /** What SQL and Java read alike. */
    private static final Pattern DURATION = Pattern.compile("[1-9][0-9]{0,8}(ms|s|m|h|d)");

    private static final Pattern UNSET = Pattern.compile("\\$\\{([A-Za-z][\\w.-]*)}");
    private static final List<String> WITH_PLACEHOLDERS = List.of("tenpay.", "spring.datasource.", "camel.component.");

    /**
     * @param settings what could be read; parts that couldn't are missing
     * @param problems all that can't work
     */
    public record Result(@Nullable TenpayProperties settings, List<ConfigurationProblem> problems) {}

    private final ConfigurableEnvironment environment;
    private final List<ConfigurationProblem> problems = new ArrayList<>();
    /** By the setting's name, which has one problem at most of its own. */
    private final Map<String, ConfigurationProblem> values = new TreeMap<>();

    private SettingsValidator(ConfigurableEnvironment environment) {
        this.environment = environment;
    }

    public static Result validate(ConfigurableEnvironment environment) {
        return new SettingsValidator(environment).validate();
    }

    /** The names of all settings {@code tenpay.*}. */
    static SettingNames names() {
        return new SettingNames()
                .add(PREFIX, TenpayProperties.class)
                .add(PREFIX + ".sandbox", ClassUtils.resolveClassName(SANDBOX, null));
    }

    private Result validate() {
        unknownNames();
        unsetPlaceholders();
        TenpayProperties settings = read();
        if (settings != null) {
            constraints(settings);
        }
        problems.addAll(values.values());
        if (!environment
                .getProperty("spring.datasource.hikari.auto-commit", "true")
                .equals("true")) {
            problems.add(ConfigurationProblem.error(
                    "spring.datasource.hikari.auto-commit",
                    "is false, so that nothing would be stored",
                    "take it out: each statement is a transaction of its own"));
        }
        if (environment.getProperty("spring.datasource.url", "").isBlank()) {
            problems.add(ConfigurationProblem.error(
                    "spring.datasource.url",
                    "is not set",
                    "set spring.datasource.url, .username and .password to a PostgreSQL 15 or newer"));
        }
        if (settings != null) {
            for (SettingsCheck check :
                    SpringFactoriesLoader.forDefaultResourceLocation().load(SettingsCheck.class)) {
                problems.addAll(check.problems(settings, environment));
            }
        }
        return new Result(settings, List.copyOf(problems));
    }

    private void unknownNames() {
        SettingNames known = names();
        ConfigurationPropertyName prefix = ConfigurationPropertyName.of(PREFIX);
        Map<String, ConfigurationProblem> unknown = new TreeMap<>();
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (!(source instanceof IterableConfigurationPropertySource names)
                    || !(source.getUnderlyingSource() instanceof PropertySource<?> written)) {
                continue;
            }
            boolean variables = written instanceof SystemEnvironmentPropertySource;
            names.stream()
                    .filter(prefix::isAncestorOf)
                    .filter(name -> !known.contains(name, variables))
                    .filter(name -> !variables
                            || !SERVICE_LINK.matcher(variable(name.toString())).matches())
                    .forEach(name -> unknown.putIfAbsent(
                            name.toString(), unknown(name, known.nearest(name).orElse(null), variables)));
        }
        problems.addAll(unknown.values());
    }

    private static ConfigurationProblem unknown(
            ConfigurationPropertyName name, @Nullable String nearest, boolean variable) {
        String written = variable ? variable(name.toString()) + " (" + name + ")" : name.toString();
        return ConfigurationProblem.error(
                written,
                "is not a setting",
                (nearest == null
                                ? "look for its name in docs/settings.md, or take it out"
                                : "write " + (variable ? variable(nearest) : nearest))
                        + "; settings of your own routes need another first word than tenpay");
    }

    private static String variable(String name) {
        return name.replace("-", "")
                .replace('.', '_')
                .replace("[", "_")
                .replace("]", "")
                .toUpperCase(Locale.ROOT);
    }

    /** A placeholder that stands for nothing would count as the text itself: as a password, say. */
    private void unsetPlaceholders() {
        PropertySourcesPlaceholdersResolver resolver = new PropertySourcesPlaceholdersResolver(environment);
        Set<String> seen = new HashSet<>();
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source instanceof IterableConfigurationPropertySource names) {
                names.stream()
                        .filter(name -> WITH_PLACEHOLDERS.stream().anyMatch(name.toString()::startsWith))
                        // An account's own stop that account and no other, which judges them itself.
                        .filter(name -> !name.toString().matches("tenpay\\.accounts\\.[^.]+\\.(?!events).*"))
                        .filter(name -> seen.add(name.toString()))
                        .forEach(name -> unsetPlaceholder(
                                name.toString(),
                                resolver.resolvePlaceholders(
                                        source.getConfigurationProperty(name).getValue())));
            }
        }
    }

    private void unsetPlaceholder(String name, @Nullable Object value) {
        Matcher placeholder = UNSET.matcher(String.valueOf(value));
        if (placeholder.find()) {
            values.put(
                    name,
                    ConfigurationProblem.error(
                            name,
                            "names ${" + placeholder.group(1) + "}, which is not set",
                            "set the environment variable " + placeholder.group(1) + ", or leave the setting out"));
        }
    }

    private @Nullable String property(String name) {
        try {
            return environment.getProperty(name);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private @Nullable TenpayProperties read() {
        ApplicationConversionService strict = new ApplicationConversionService();
        strict.addConverter(String.class, Duration.class, SettingsValidator::duration);
        Binder binder = new Binder(
                ConfigurationPropertySources.get(environment),
                new PropertySourcesPlaceholdersResolver(environment),
                List.<ConversionService>of(strict),
                null,
                null,
                null);
        return binder.bind(PREFIX, Bindable.of(TenpayProperties.class), new Collector())
                .orElse(null);
    }

    private static Duration duration(String text) {
        if (!DURATION.matcher(text.strip()).matches()) {
            throw new IllegalArgumentException("not a duration");
        }
        return DurationStyle.detectAndParse(text.strip());
    }

    /** Goes on after a value of the wrong kind: the others count as well. */
    private final class Collector implements BindHandler {
        @Override
        public @Nullable Object onFailure(
                ConfigurationPropertyName name, Bindable<?> target, BindContext context, Exception error)
                throws Exception {
            String setting = name.toString();
            if (values.keySet().stream().noneMatch(known -> known.equals(setting) || known.startsWith(setting + "."))) {
                values.put(setting, wrongKind(setting, target));
            }
            return null;
        }
    }

    private ConfigurationProblem wrongKind(String setting, Bindable<?> target) {
        Class<?> type = ClassUtils.resolvePrimitiveIfNecessary(target.getType().toClass());
        boolean durations = Collection.class.isAssignableFrom(type)
                && target.getType().getGeneric(0).toClass() == Duration.class;
        String shown = shown(setting, type, durations);
        if (durations) {
            return ConfigurationProblem.error(
                    setting,
                    "is not a list of durations" + shown,
                    "give whole numbers with their units and commas between, such as 5s,30s,5m");
        }
        if (type == Duration.class) {
            return ConfigurationProblem.error(
                    setting,
                    "is not a duration" + shown,
                    "give a whole number with its unit, such as 500ms, 30s, 10m, 6h or 1d");
        }
        if (Number.class.isAssignableFrom(type)) {
            return ConfigurationProblem.error(setting, "is not a whole number" + shown, "give a number");
        }
        if (type == Boolean.class) {
            return ConfigurationProblem.error(setting, "is neither true nor false" + shown, "give true or false");
        }
        return type.isRecord() || Map.class.isAssignableFrom(type)
                ? ConfigurationProblem.error(
                        setting,
                        "is a group of settings and has no value",
                        "set those that begin with " + setting + ".")
                : ConfigurationProblem.error(setting, "can't be read", "compare it with docs/settings.md");
    }

    /** Only what can't be a secret. */
    private String shown(String setting, Class<?> type, boolean durations) {
        String value = String.valueOf(property(setting));
        boolean harmless = durations || type == Duration.class || Number.class.isAssignableFrom(type);
        return harmless && value.length() <= 80 ? ": " + value.replaceAll("\\p{Cntrl}", "?") : "";
    }

    private void constraints(TenpayProperties settings) {
        try (ValidatorFactory factory = Validation.byDefaultProvider()
                .configure()
                .messageInterpolator(new ParameterMessageInterpolator())
                .buildValidatorFactory()) {
            Validator validator = factory.getValidator();
            for (ConstraintViolation<TenpayProperties> violation : validator.validate(settings)) {
                ConfigurationProblem problem = problem(violation);
                if (values.keySet().stream()
                        .noneMatch(known ->
                                problem.setting().equals(known) || known.startsWith(problem.setting() + "."))) {
                    values.put(problem.setting(), problem);
                }
            }
        }
    }

    private ConfigurationProblem problem(ConstraintViolation<TenpayProperties> violation) {
        String[] words = violation.getMessage().split("\\. Remedy: ", 2);
        if (words[0].startsWith(PREFIX + ".")) {
            String[] sentence = words[0].split(" ", 2);
            return ConfigurationProblem.error(sentence[0], sentence[1], words[1]);
        }
        StringBuilder name = new StringBuilder(PREFIX);
        for (Path.Node node : violation.getPropertyPath()) {
            if (node.getKey() != null) {
                name.append('.').append(node.getKey());
            }
            if (node.getName() != null && !node.getName().startsWith("<")) {
                name.append('.')
                        .append(node.getName()
                                .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                                .toLowerCase(Locale.ROOT));
            }
        }
        String annotation = violation
                .getConstraintDescriptor()
                .getAnnotation()
                .annotationType()
                .getSimpleName();
        String value = violation.getInvalidValue() instanceof Number number ? ", but is " + number : "";
        return switch (annotation) {
            case "NotNull", "NotBlank", "NotEmpty" ->
                ConfigurationProblem.error(
                        name.toString(), "is empty", "give it a value, or take it out for its default");
            case "Min", "Max" ->
                ConfigurationProblem.error(
                        name.toString(), words[0] + value, "give such a number, or take it out for its default");
            default ->
                ConfigurationProblem.error(name.toString(), words[0], words.length == 2 ? words[1] : "correct it");
        };
    }

    /**
     * Makes what can be judged in spite of these problems: each setting that has one gets its default again, where it has
     * one. For those who want to report all that is wrong, never for a start.
     */
    public static void useDefaults(ConfigurableEnvironment environment, List<ConfigurationProblem> problems) {
        Map<String, Object> defaults = new LinkedHashMap<>();
        for (ConfigurationProblem problem : problems) {
            for (PropertySource<?> source : environment.getPropertySources()) {
                Object value = source.getProperty(problem.setting());
                if (value != null && source.getName().contains("class path resource [application.yaml]")) {
                    defaults.put(problem.setting(), value);
                }
            }
        }
        environment.getPropertySources().addFirst(new MapPropertySource("defaults", defaults));
    }
}
