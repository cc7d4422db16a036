package dev.tenpayroutes.cli;

import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.account.AccountCertificate;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.camel.RouteValidator;
import dev.tenpayroutes.cli.CheckResult.State;
import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.OneLineReporter;
import dev.tenpayroutes.config.SettingsInitializer;
import dev.tenpayroutes.config.SettingsValidator;
import dev.tenpayroutes.config.SignatureProperties;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.payment.PaymentMethods;
import dev.tenpayroutes.security.Clients;
import dev.tenpayroutes.signature.Rsa;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintStream;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.component.http.springboot.HttpComponentAutoConfiguration;
import org.apache.camel.component.http.springboot.HttpComponentConverter;
import org.apache.camel.spring.boot.CamelAutoConfiguration;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.apache.camel.spring.boot.TypeConversionConfiguration;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.AnnotatedBeanDefinition;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration;
import org.springframework.boot.autoconfigure.jackson.JacksonAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.AnnotationBeanNameGenerator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.FilterType;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.Environment;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code preflight}: everything that start-up would refuse, and what else can be seen beforehand, all at once.
 *
 * <p>Changes nothing: nothing is migrated, polled or listened to, and no secret is printed. It asks the same classes as
 * start-up does, with the same settings. A host that doesn't answer delays no other check.
 */
@Command(
        name = "preflight",
        description =
                "Checks settings, files, routes, the database and the way to Tenpay before a start; changes nothing.",
        mixinStandardHelpOptions = true)
final class Preflight implements Callable<Integer> {

    /** Clients give up on a dead host after 5 s or less; this is for what hangs in spite of them. */
    private static final Duration MAX_LENGTH = Duration.ofSeconds(30);

    private static final String PROGRAM = "dev.tenpayroutes";
    private static final String STORE = "spring.datasource.url";

    /** The table is not to be mixed with a log, and two connections are enough. */
    private static final List<String> QUIET = List.of(
            "--logging.threshold.console=OFF",
            "--logging.threshold.file=OFF",
            "--camel.main.routes-include-pattern=false",
            "--camel.main.shutdown-timeout=1",
            "--spring.datasource.hikari.maximum-pool-size=2",
            "--spring.datasource.hikari.minimum-idle=0",
            // Nothing is written, whatever a check would do.
            "--spring.datasource.hikari.read-only=true",
            // A look waits less long than the work itself.
            "--spring.datasource.hikari.data-source-properties.socketTimeout=5");

    /** What the checks need of the program, each made only when it is asked for. */
    @ImportAutoConfiguration({
        CamelAutoConfiguration.class,
        TypeConversionConfiguration.class,
        HttpComponentAutoConfiguration.class,
        HttpComponentConverter.class,
        JacksonAutoConfiguration.class,
        DataSourceAutoConfiguration.class,
        FlywayAutoConfiguration.class,
        SslAutoConfiguration.class
    })
    @ComponentScan(
            basePackages = {
                "dev.tenpayroutes.account",
                "dev.tenpayroutes.camel",
                "dev.tenpayroutes.tenpay",
                "dev.tenpayroutes.payment"
            },
            // Judged one by one, and not by a start.
            excludeFilters =
                    @ComponentScan.Filter(type = FilterType.ASSIGNABLE_TYPE, classes = CamelContextConfiguration.class),
            lazyInit = true)
    static class Beans {

        @Bean
        MeterRegistry meters() {
            return new SimpleMeterRegistry();
        }

        @Bean
        SignatureProperties signatureProperties(TenpayProperties settings) {
            return settings.wire();
        }
    }

    @Option(names = "--online", description = "asks Tenpay as well, about an order that doesn't exist")
    private boolean online;

    @Parameters(paramLabel = "--<setting>=<value>", description = "settings, as for a start")
    private List<String> settings = new ArrayList<>();

    @Spec
    private CommandSpec spec;

    private final Clock clock;
    private final SecureRandom random;
    private final PrintStream out;
    private List<ConfigurationProblem> wrong = List.of();

    Preflight(Clock clock, SecureRandom random, PrintStream out) {
        this.clock = clock;
        this.random = random;
        this.out = out;
    }

    /** @return 0 where nothing stands in the way of a start */
    @Override
    public Integer call() {
        Commands.refuseUnknown(spec, settings);
        List<String> arguments = new ArrayList<>(QUIET);
        arguments.addAll(settings);
        SpringApplication program = new SpringApplication(Beans.class);
        program.setWebApplicationType(WebApplicationType.NONE);
        program.setLazyInitialization(true);
        List<ApplicationContextInitializer<?>> initializers = new ArrayList<>(program.getInitializers());
        initializers.removeIf(SettingsInitializer.class::isInstance);
        initializers.add(this::judgeSettings);
        program.setInitializers(initializers);
        List<CheckResult> lines;
        try (ConfigurableApplicationContext context = program.run(arguments.toArray(String[]::new))) {
            lines = lines(context);
        } catch (Exception e) {
            lines = failures("the program", e, "");
        }
        lines.forEach(line -> print(line, out));
        long warnings = count(lines, State.WARN);
        long failures = count(lines, State.FAIL);
        out.printf("%nLooked at %d things: %d warnings, %d failures.%n", lines.size(), warnings, failures);
        return failures == 0 ? 0 : 1;
    }

    /** All that a start would refuse; the rest is judged with the defaults of what is wrong. */
    private void judgeSettings(ConfigurableApplicationContext context) {
        wrong = SettingsValidator.validate(context.getEnvironment()).problems();
        SettingsValidator.useDefaults(context.getEnvironment(), wrong);
        TenpayProperties readable =
                SettingsValidator.validate(context.getEnvironment()).settings();
        GenericApplicationContext beans = (GenericApplicationContext) context;
        beans.registerBean(TenpayProperties.class, () -> readable);
        beans.registerBean(Clock.class, () -> clock);
        beans.registerBean(SecureRandom.class, () -> random);
    }

    private boolean hasDatabase() {
        return wrong.stream().noneMatch(problem -> problem.setting().startsWith("spring.datasource."));
    }

    private static void print(CheckResult line, PrintStream out) {
        out.printf(
                "%-6s%s%n",
                line.state() == State.FAIL ? "FAIL" : line.state().name().toLowerCase(Locale.ROOT), line.words());
        if (line.remedy() != null) {
            out.printf("        Remedy: %s%n", line.remedy());
        }
    }

    private static long count(List<CheckResult> lines, State state) {
        return lines.stream().filter(line -> line.state() == state).count();
    }

    /** First what this machine alone can say, then all that must be waited for, at the same time. */
    private List<CheckResult> lines(ConfigurableApplicationContext context) throws Exception {
        Environment settings = context.getEnvironment();
        TenpayProperties written = context.getBean(TenpayProperties.class);
        URI baseUrl = url("tenpay.base-url", written.baseUrl());
        Rsa rsa = context.getBean(Rsa.class);
        List<Account> accounts = Accounts.read(written, baseUrl, rsa, clock);

        List<CheckResult> lines =
                new ArrayList<>(CheckResult.all(wrong, "settings: names, values and what belongs together"));
        accounts.forEach(account -> lines.addAll(account(account)));
        Set<String> names = written.accounts().keySet();
        Clients.validate(written, names, settings)
                .weaknesses()
                .forEach(weakness -> lines.add(CheckResult.of(State.WARN, weakness)));
        if (hasDatabase()) {
            lines.addAll(guarded("routes", () -> routes(context)));
        } else {
            lines.add(CheckResult.warn(
                    "routes: not judged, since they need the database's settings",
                    "correct those first, and repeat this"));
        }

        Map<String, Callable<List<CheckResult>>> checks = new LinkedHashMap<>();
        if (hasDatabase()) {
            checks.put(STORE, new DatabaseCheck(context)::lines);
        }
        lines.addAll(guarded("the way to Tenpay", () -> {
            TenpayCheck tenpay = new TenpayCheck(context, clock, random);
            Set<URI> baseUrls = new LinkedHashSet<>();
            accounts.stream()
                    .filter(account -> account.isAvailable() && account.hasBaseUrl())
                    .map(Account::baseUrl)
                    .forEach(baseUrls::add);
            baseUrls.forEach(base -> checks.put(base.toString(), () -> tenpay.reach(base)));
            URI notifyUrl = url("tenpay.notify-base-url", written.notifyBaseUrl());
            if (notifyUrl != null && !accounts.isEmpty()) {
                checks.put(
                        "tenpay.notify-base-url",
                        () -> tenpay.notify(notifyUrl, accounts.get(0).name(), baseUrls));
            }
            if (online && (baseUrl == null || accounts.stream().noneMatch(Account::isAvailable))) {
                return List.of(
                        CheckResult.fail("Tenpay wasn't asked for any account", "correct what stands above first"));
            }
            if (online) {
                tenpay.loadRoute();
                accounts.forEach(
                        account -> checks.put("account " + account.name() + " online", () -> tenpay.ask(account)));
            }
            return List.of();
        }));
        lines.addAll(inParallel(checks, settings));
        return lines;
    }

    /** One failure never takes the place of the others. */
    private static List<CheckResult> guarded(String name, Callable<List<CheckResult>> check) {
        try {
            return check.call();
        } catch (Exception e) {
            return failures(name, e, "");
        }
    }

    private List<CheckResult> account(Account account) {
        List<CheckResult> lines = new ArrayList<>();
        String name = "account " + account.name() + ": ";
        account.findings().forEach(problem -> lines.add(CheckResult.of(problem)));
        if (account.isAvailable()) {
            lines.add(CheckResult.ok(
                    name + "signs as merchant " + account.merchantId() + ", and its key is its certificate's"));
        }
        Instant now = clock.instant();
        for (AccountCertificate certificate : account.certificates()) {
            long days = certificate.daysLeft(now);
            boolean merchants = certificate.kind() == AccountCertificate.Kind.MERCHANT;
            String words = name + (merchants ? "certificate " : "platform certificate ") + certificate.serial() + ", "
                    + days + " days left";
            if (days > AccountCertificate.DAYS_TO_WARN) {
                lines.add(CheckResult.ok(words));
            } else if (days >= 0) {
                lines.add(CheckResult.warn(
                        words,
                        merchants
                                ? "make a new pair by new-key, upload its certificate, put both beside these as .next"
                                : "look for its successor in the merchant portal, and put it beside this one"));
            }
        }
        return lines;
    }

    private static List<CheckResult> routes(ConfigurableApplicationContext context) {
        CamelContext camel = context.getBean(CamelContext.class);
        Environment settings = context.getEnvironment();
        String location = settings.getProperty("tenpay.routes", "");
        RouteValidator files =
                new RouteValidator(location, context.getBeanProvider(DataSource.class), beans(context)::contains);
        List<CheckResult> lines = new ArrayList<>();
        List<InvalidConfigurationException> problems =
                new ArrayList<>(files.problems(camel, RouteValidator.Kind.ROUTES));
        if (problems.isEmpty()) {
            problems.addAll(files.endpointProblems(camel));
        }
        lines.addAll(CheckResult.of(problems, "routes of " + location));
        lines.addAll(CheckResult.of(files.problems(camel, RouteValidator.Kind.MAPPINGS), "mappings of " + location));
        try {
            context.getBean(PaymentMethods.class);
            lines.add(CheckResult.ok("payment methods of " + location));
        } catch (RuntimeException e) {
            lines.addAll(failures("payment-methods.yaml", e, ""));
        }
        return lines;
    }

    /** The names of all beans of the program, most of which aren't made here. */
    private static Set<String> beans(ConfigurableApplicationContext context) {
        Set<String> names = new HashSet<>();
        ClassPathScanningCandidateComponentProvider classes =
                new ClassPathScanningCandidateComponentProvider(true, context.getEnvironment());
        for (BeanDefinition found : classes.findCandidateComponents(PROGRAM)) {
            names.add(AnnotationBeanNameGenerator.INSTANCE.generateBeanName(
                    found, (BeanDefinitionRegistry) context.getBeanFactory()));
            ((AnnotatedBeanDefinition) found)
                    .getMetadata()
                    .getAnnotatedMethods(Bean.class.getName())
                    .forEach(method -> names.add(method.getMethodName()));
        }
        return names;
    }

    /** Each in a thread of its own: one without an answer delays no other, and is told apart. */
    private static List<CheckResult> inParallel(Map<String, Callable<List<CheckResult>>> checks, Environment settings) {
        ExecutorService threads = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "preflight");
            thread.setDaemon(true);
            return thread;
        });
        long end = System.nanoTime() + MAX_LENGTH.toNanos();
        Map<String, Future<List<CheckResult>>> running = new LinkedHashMap<>();
        checks.forEach((name, check) -> running.put(name, threads.submit(check)));
        List<CheckResult> lines = new ArrayList<>();
        running.forEach((name, check) -> {
            try {
                lines.addAll(check.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS));
            } catch (TimeoutException e) {
                lines.add(CheckResult.fail(
                        name + " gives no answer within " + MAX_LENGTH.toSeconds() + " s",
                        "look whether it is there, and whether a firewall lets us through"));
            } catch (ExecutionException e) {
                lines.addAll(failures(name, e.getCause(), settings.getProperty(STORE, "")));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        threads.shutdownNow();
        return lines;
    }

    /** In the words of start-up; what it doesn't know is named by its kind only, since messages quote values. */
    private static List<CheckResult> failures(String name, Throwable failure, String databaseUrl) {
        List<CheckResult> known = OneLineReporter.lines(failure, databaseUrl).stream()
                .map(line -> CheckResult.of(State.FAIL, line))
                .toList();
        return known.isEmpty()
                ? List.of(CheckResult.fail(
                        name + " can't be checked: "
                                + failure.getClass().getSimpleName().replaceFirst("Exception$", ""),
                        "start the program, its log says more"))
                : known;
    }

    /** Null when it is none, which was said already. */
    private static @Nullable URI url(String setting, @Nullable String value) {
        try {
            return Accounts.url(setting, value, "");
        } catch (InvalidConfigurationException e) {
            return null;
        }
    }
}
