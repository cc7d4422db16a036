package dev.tenpayroutes.cli;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thing that was looked at.
 *
 * @param remedy what a person should do; null where all is well
 */
record CheckResult(State state, String words, @Nullable String remedy) {

    enum State {
        OK,
        WARN,
        FAIL
    }

    static CheckResult ok(String words) {
        return new CheckResult(State.OK, words, null);
    }

    static CheckResult warn(String words, String remedy) {
        return new CheckResult(State.WARN, words, remedy);
    }

    static CheckResult fail(String words, String remedy) {
        return new CheckResult(State.FAIL, words, remedy);
    }

    /** @param line what start-up would report: the problem, and the remedy behind it */
    static CheckResult of(State state, String line) {
        String[] parts = line.split("\\. Remedy: ", 2);
        return new CheckResult(state, parts[0], parts.length == 2 ? parts[1] : "correct it");
    }

    static CheckResult of(ConfigurationProblem problem) {
        return of(problem.isFatal() ? State.FAIL : State.WARN, problem.line());
    }

    static List<CheckResult> of(List<InvalidConfigurationException> problems, String well) {
        return all(problems.stream().map(InvalidConfigurationException::problem).toList(), well);
    }

    /** @param well what to say when nothing is wrong */
    static List<CheckResult> all(List<ConfigurationProblem> problems, String well) {
        return problems.isEmpty()
                ? List.of(ok(well))
                : problems.stream().map(CheckResult::of).toList();
    }
}
