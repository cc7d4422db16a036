package dev.tenpaybench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * One measurement of one program.
 *
 * @param rate requests a second, counted to the moment when all of their work was done
 * @param p50 and p99, in milliseconds, as the caller waits; 0 where there is no caller
 * @param cpu the program's processor time for each request, in milliseconds
 * @param databaseCpu PostgreSQL's
 * @param otherCpu that of the loader and of the stub
 */
record Figures(double rate, double p50, double p99, double cpu, double databaseCpu, double otherCpu) {

    static double median(List<Figures> all, ToDoubleFunction<Figures> of) {
        return median(all.stream().mapToDouble(of).toArray());
    }

    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length == 0 ? 0 : sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%7.0f/s  p50 %7.2f  p99 %7.2f  CPU %5.2f + %4.2f + %4.2f",
                rate,
                p50,
                p99,
                cpu,
                databaseCpu,
                otherCpu);
    }
}
