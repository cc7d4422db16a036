package dev.tenpaybench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;

/** Draws the results as the charts of docs/performance.md; of several measurements of the same, the last one counts. */
final class Charts {

    private Charts() {}

    private record Result(String[] words) {
        String scenario() {
            return words[1];
        }

        String load() {
            return words[2];
        }

        double number(int field) {
            return Double.parseDouble(words[field]);
        }
    }

    private static final int STORED = 3;
    private static final int INSTANCES = 4;
    private static final int CONNECTIONS = 5;
    /** As the main run is, which is a point of every line: a chart shows what one of these does, and the others stay. */
    private static final Map<Integer, Integer> MAIN = Map.of(STORED, 0, INSTANCES, 1, CONNECTIONS, 32);

    private static final int SIDE = 6;
    private static final int RATE = 8;
    private static final int SOAK_SECONDS = 14;
    private static final int SOAK_MEMORY = 15;

    static void draw(Path results, Path folder) throws IOException {
        List<Result> all = Files.readAllLines(results).stream()
                .map(line -> new Result(line.split("\t")))
                .toList();
        growth(all, "connections", CONNECTIONS, "connections", folder);
        growth(all, "stored", STORED, "stored payments, millions", folder);
        growth(all, "instances", INSTANCES, "instances on the same two cores", folder);
        soak(all, folder);
    }

    private static void growth(List<Result> all, String name, int field, String axis, Path folder) throws IOException {
        XYChart chart = chart(axis, "requests a second");
        Map<String, TreeMap<Double, Double>> lines = new TreeMap<>();
        for (Result result : all) {
            boolean counts = result.load().equals("full")
                    && (result.words()[0].equals(name) || result.words()[0].equals("main"))
                    && !result.scenario().equals("mix")
                    && MAIN.entrySet().stream()
                            .allMatch(other ->
                                    other.getKey() == field || result.number(other.getKey()) == other.getValue());
            if (counts) {
                double x = result.number(field) / (field == STORED ? 1e6 : 1);
                lines.computeIfAbsent(result.scenario() + ", " + result.words()[SIDE], key -> new TreeMap<>())
                        .put(x, result.number(RATE));
            }
        }
        lines.forEach((line, points) -> {
            if (points.size() > 1) {
                chart.addSeries(line, new ArrayList<>(points.keySet()), new ArrayList<>(points.values()));
            }
        });
        save(chart, folder.resolve("performance-" + name));
    }

    private static void soak(List<Result> all, Path folder) throws IOException {
        XYChart chart = chart("seconds under full load", "resident memory, MB");
        TreeMap<Double, Double> memory = new TreeMap<>();
        for (Result result : all) {
            if (result.load().equals("soak")) {
                if (result.number(SOAK_SECONDS) == 0) {
                    memory.clear();
                }
                memory.put(result.number(SOAK_SECONDS), result.number(SOAK_MEMORY));
            }
        }
        if (!memory.isEmpty()) {
            chart.addSeries("ours", new ArrayList<>(memory.keySet()), new ArrayList<>(memory.values()));
        }
        save(chart, folder.resolve("performance-memory"));
    }

    private static XYChart chart(String x, String y) {
        XYChart chart = new XYChartBuilder()
                .width(640)
                .height(360)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        chart.getStyler().setYAxisMin(0.0).setLegendPosition(LegendPosition.OutsideE);
        return chart;
    }

    private static void save(XYChart chart, Path file) throws IOException {
        if (!chart.getSeriesCollection().isEmpty()) {
            ChartEncoder.saveChart(chart, file.toString(), "svg");
        }
    }
}
