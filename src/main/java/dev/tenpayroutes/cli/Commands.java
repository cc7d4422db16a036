package dev.tenpayroutes.cli;

import dev.tenpayroutes.config.InvalidConfigurationException;
import java.io.PrintStream;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The commands of the jar. An unknown word is refused, so that a typing error never starts the program.
 *
 * @param out where a command speaks to the person who typed it
 */
public record Commands(PrintStream out, Clock clock, SecureRandom random) {

    /** The command among a start's arguments: the first that is no option. */
    public static Optional<String> named(String... arguments) {
        return Stream.of(arguments)
                .filter(argument -> !argument.startsWith("-"))
                .findFirst();
    }

    /** @return the exit code: 0 when all went well, else 1 */
    public int run(String command, String... arguments) {
        List<String> options = new ArrayList<>(List.of(arguments));
        options.remove(command);
        try {
            switch (command) {
                case "preflight" -> {
                    return new Preflight(clock, random).run(options, out) ? 0 : 1;
                }
                case "new-key" -> {
                    new NewKey(clock, random).run(options, out);
                    return 0;
                }
                default ->
                    throw new InvalidConfigurationException(
                            command, "is not a command", "say preflight or new-key; or nothing, to start the program");
            }
        } catch (InvalidConfigurationException e) {
            out.println(e.line());
            return 1;
        }
    }
}
