package dev.tenpaybench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process of the benchmark, and what the kernel says of its processor time and memory ({@code /proc}, so Linux only). */
final class Proc implements AutoCloseable {

    private static final double TICKS_PER_SECOND = 100;

    private final Process process;
    private final BufferedReader out;
    private final PrintWriter in;

    /** @param log where its output goes; null when its output is answers to {@link #ask} */
    Proc(List<String> command, Path folder, Map<String, String> environment, Path log) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().putAll(environment);
        if (log == null) {
            builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        } else {
            builder.redirectErrorStream(true).redirectOutput(log.toFile());
        }
        process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
        out = process.inputReader(StandardCharsets.UTF_8);
        in = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    }

    static Proc java(String java, List<String> flags, Class<?> main, String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(java));
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(args));
        return new Proc(command, Path.of("").toAbsolutePath(), Map.of(), null);
    }

    String ask(String line) throws IOException {
        in.println(line);
        return read();
    }

    String read() throws IOException {
        String answer = out.readLine();
        if (answer == null) {
            throw new IOException("a process of the benchmark ended; its words are above");
        }
        return answer;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Seconds of processor time so far. */
    double cpu() throws IOException {
        return cpu(pid());
    }

    /** Resident memory, in MB. */
    long rss() throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
                .findFirst()
                .orElse(0);
    }

    private static double cpu(long pid) throws IOException {
        String[] fields = stat(pid);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
    }

    /** Of a process with all its children, those that have ended included: PostgreSQL, a connection a process. */
    static double cpuOfFamily(long parent) throws IOException {
        String[] fields = stat(parent);
        double sum = cpu(parent) + (Long.parseLong(fields[13]) + Long.parseLong(fields[14])) / TICKS_PER_SECOND;
        List<ProcessHandle> children =
                ProcessHandle.of(parent).orElseThrow().children().toList();
        for (ProcessHandle child : children) {
            sum += Files.exists(Path.of("/proc/" + child.pid())) ? cpu(child.pid()) : 0;
        }
        return sum;
    }

    /** The fields after the name, which may itself contain blanks. */
    private static String[] stat(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
