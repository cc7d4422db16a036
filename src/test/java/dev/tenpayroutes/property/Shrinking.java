package dev.tenpayroutes.property;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Takes steps out of a history that went wrong, as long as it still goes wrong: what is left is what it takes. */
final class Shrinking {

    private Shrinking() {}

    static List<Step> shortest(List<Step> wrong, Predicate<List<Step>> goesWrong) {
        List<Step> left = wrong;
        for (int size = Math.max(1, left.size() / 2); size > 0; size /= 2) {
            boolean again = true;
            while (again) {
                again = false;
                for (int at = left.size() - size; at >= 0; at--) {
                    List<Step> fewer = new ArrayList<>(left.subList(0, at));
                    fewer.addAll(left.subList(at + size, left.size()));
                    if (goesWrong.test(fewer)) {
                        left = fewer;
                        again = true;
                        at = Math.min(at, left.size() - size + 1);
                    }
                }
            }
        }
        return left;
    }

    static String readable(List<Step> steps) {
        return steps.stream().map(step -> "\n  " + step).collect(Collectors.joining());
    }
}
