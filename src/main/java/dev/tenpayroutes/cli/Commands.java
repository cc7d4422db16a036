package dev.tenpayroutes.cli;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.ProgramVersion;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line of the jar: no command starts the program, and settings follow as {@code --name=value}. A word or option
 * that isn't known is refused with the usage, so that a typing error never starts anything; values aren't repeated, since
 * they may be secrets.
 */
@Command(
        name = "java -jar tenpay-global-routes.jar",
        description = {
            "Integration routes between an ERP and Tenpay Global Checkout.",
            "Without a command, starts them."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Commands.Version.class,
        subcommandsRepeatable = false)
public final class Commands implements Callable<Integer> {

    /** No command was given: the program is to be started. */
    public static final int START = -1;

    /** Names of settings have a dot; these are Spring Boot's two that don't. */
    private static final Pattern SETTING = Pattern.compile("(?s)--(\\w[\\w-]*(\\.[\\w\\[\\]*-]+)+|debug|trace)(=.*)?");

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "--<setting>=<value>", description = "settings: docs/settings.md has all of them")
    private List<String> settings = new ArrayList<>();

    private final PrintWriter out;
    private final CommandLine line;

    /** @param out where a command speaks to the person who typed it */
    public Commands(PrintStream out, PrintStream errors, Clock clock, SecureRandom random) {
        this.out = new PrintWriter(out, true, StandardCharsets.UTF_8);
        this.line = new CommandLine(this)
                .addSubcommand(new Preflight(clock, random, out))
                .addSubcommand(new NewKey(clock, random, out));
        line.setOut(this.out)
                .setErr(new PrintWriter(errors, true, StandardCharsets.UTF_8))
                .setUnmatchedOptionsArePositionalParams(true)
                .setOverwrittenOptionsAllowed(true)
                .setExecutionExceptionHandler((failure, command, arguments) -> explain(failure))
                .setParameterExceptionHandler((failure, arguments) -> refuse(failure));
        // Its options are its own, and none is a setting.
        line.getSubcommands().get("new-key").setUnmatchedOptionsArePositionalParams(false);
    }

    /** Whether there is nothing but settings, so that no command needs to be looked for. */
    public static boolean areSettings(String... arguments) {
        return Stream.of(arguments)
                .allMatch(argument -> SETTING.matcher(argument).matches());
    }

    /** @return the exit code: 0 when all went well, 1 when not, 2 for a command line that isn't understood; or START */
    public int run(String... arguments) {
        return line.execute(arguments);
    }

    @Override
    public Integer call() {
        refuseUnknown(spec, settings);
        return START;
    }

    /** @param arguments those that are no option of the command */
    static void refuseUnknown(CommandSpec command, List<String> arguments) {
        for (String argument : arguments) {
            if (!areSettings(argument)) {
                throw new ParameterException(
                        command.commandLine(),
                        argument.startsWith("-")
                                ? argument.replaceFirst("(?s)=.*", "") + " is not an option"
                                : argument.matches("[\\w-]{1,20}")
                                        ? argument + " is not a command"
                                        : "an argument is neither a command nor an option");
            }
        }
    }

    private int explain(Exception failure) throws Exception {
        if (failure instanceof InvalidConfigurationException invalid) {
            invalid.problems().stream().map(ConfigurationProblem::line).forEach(out::println);
            return CommandLine.ExitCode.SOFTWARE;
        }
        throw failure;
    }

    private static int refuse(ParameterException failure) {
        CommandLine command = failure.getCommandLine();
        String words = failure instanceof UnmatchedArgumentException unmatched
                ? unmatched.getUnmatched().stream()
                        .map(argument ->
                                argument.startsWith("-") ? argument.replaceFirst("(?s)=.*", "") : "an argument")
                        .collect(Collectors.joining(", ", "", " is not understood"))
                : failure instanceof MissingParameterException || failure.getArgSpec() == null
                        ? failure.getMessage()
                        : ((OptionSpec) failure.getArgSpec()).longestName() + " can't have that value";
        command.getErr().println(words);
        command.usage(command.getErr());
        return CommandLine.ExitCode.USAGE;
    }

    /** The version of the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"tenpay-global-routes " + ProgramVersion.read()};
        }
    }
}
