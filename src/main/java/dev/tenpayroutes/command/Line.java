package dev.tenpayroutes.command;

import dev.tenpayroutes.account.SettingException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thing that was looked at.
 *
 * @param remedy what a person should do; null where all is well
 */
record Line(State state, String words, @Nullable String remedy) {

    enum State {
        OK,
        WARN,
        FAIL
    }

    static Line ok(String words) {
        return new Line(State.OK, words, null);
    }

    static Line warn(String words, String remedy) {
        return new Line(State.WARN, words, remedy);
    }

    static Line fail(String words, String remedy) {
        return new Line(State.FAIL, words, remedy);
    }

    /** @param line what start-up would say: the problem, and the remedy behind it */
    static Line of(State state, String line) {
        String[] parts = line.split("\\. Remedy: ", 2);
        return new Line(state, parts[0], parts.length == 2 ? parts[1] : "correct it");
    }

    /** @param well what to say when nothing is wrong */
    static List<Line> of(List<SettingException> problems, String well) {
        return problems.isEmpty()
                ? List.of(ok(well))
                : problems.stream()
                        .map(problem -> of(State.FAIL, problem.line()))
                        .toList();
    }
}
