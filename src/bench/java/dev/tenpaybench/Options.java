package dev.tenpaybench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What is measured, as words {@code name=value}; what isn't given is as in {@link #KNOWN}. */
record Options(Map<String, String> given) {

    private static final Map<String, String> KNOWN = new TreeMap<>(Map.ofEntries(
            // What is measured: orders, webhooks, polls, mix; or events, or lists, alone.
            Map.entry("scenarios", "orders,webhooks,polls,mix"),
            // How often each program is measured, in turn.
            Map.entry("pairs", "10"),
            // How long one measurement takes, about.
            Map.entry("seconds", "5"),
            // One or several numbers.
            Map.entry("connections", "32"),
            // How many requests each program gets before it is measured, of each scenario.
            Map.entry("warm", "12000"),
            // How many paid payments each database holds before.
            Map.entry("stored", "0"),
            Map.entry("instances", "1"),
            // Whether latency at half of the slower program's rate is measured too.
            Map.entry("half", "true"),
            // Instead: how many seconds this program alone works on a mix, with a look at its memory now and then.
            Map.entry("soak", "0"),
            // The JVM of both programs and its flags.
            Map.entry("java", System.getProperty("java.home")),
            Map.entry("flags", "-Xms256m -Xmx256m"),
            // Flags for this program alone.
            Map.entry("ours-flags", ""),
            // A file for a recording of where this program's time goes (JFR, Java 25 or newer); nothing is compared
            // then.
            Map.entry("profile", ""),
            Map.entry("jar", "target/tenpay-global-routes.jar"),
            // Instead of the other program: this one before a change, and flags for it alone.
            Map.entry("before", ""),
            Map.entry("before-flags", ""),
            // A name for this run in the file of results.
            Map.entry("name", "run")));

    static Options of(List<String> words) {
        Map<String, String> given = new TreeMap<>(KNOWN);
        for (String word : words) {
            String[] parts = word.split("=", 2);
            if (parts.length != 2 || !KNOWN.containsKey(parts[0])) {
                throw new IllegalArgumentException(
                        "unknown option " + word + "; known, with what they are else: " + KNOWN);
            }
            given.put(parts[0], parts[1]);
        }
        return new Options(given);
    }

    /** These options, and for each that was given there, that one. */
    Options with(String words) {
        Map<String, String> both = new TreeMap<>(given);
        for (String word : words.isEmpty() ? new String[0] : words.split(" ")) {
            String[] parts = word.split("=", 2);
            both.put(parts[0], parts[1]);
        }
        return new Options(both);
    }

    String text(String name) {
        return given.get(name);
    }

    Path path(String name) {
        return Path.of(given.get(name)).toAbsolutePath();
    }

    int number(String name) {
        return Integer.parseInt(given.get(name));
    }

    List<String> list(String name) {
        return List.of(given.get(name).split(","));
    }

    List<String> java(String side) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(text("java"), "bin", "java").toString());
        String profile = !side.equals("ours") || text("profile").isEmpty()
                ? ""
                : "-XX:StartFlightRecording:jdk.CPUTimeSample#enabled=true,jdk.CPUTimeSample#throttle=5ms,filename="
                        + path("profile");
        for (String flags : List.of(text("flags"), given.getOrDefault(side + "-flags", ""), profile)) {
            command.addAll(flags.isBlank() ? Set.of() : List.of(flags.strip().split("\\s+")));
        }
        return command;
    }
}
