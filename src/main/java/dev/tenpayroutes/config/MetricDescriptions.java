package dev.tenpayroutes.config;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.MeterFilter;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.ClassPathResource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** Gives every metric of the program its description and unit from {@code metrics.yaml}, the one list of them. */
@Configuration(proxyBeanMethods = false)
public class MetricDescriptions {

    /**
     * @param unit null where it is a count, or a timer, which has its own
     * @param type counter, gauge, timer or summary
     * @param labels a {@code *} at the end: bounded by {@code tenpay.metrics.accounts}
     */
    public record Entry(String description, @Nullable String unit, String type, List<String> labels) {}

    /** All metrics of the program, by name. */
    public static Map<String, Entry> all() {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        try (InputStream in = new ClassPathResource("metrics.yaml").getInputStream()) {
            Map<String, Map<String, Object>> written = new Yaml(new SafeConstructor(options)).load(in);
            Map<String, Entry> entries = new TreeMap<>();
            written.forEach((name, entry) -> entries.put(name, entry(entry)));
            return entries;
        } catch (IOException e) {
            throw new IllegalStateException("metrics.yaml can't be read", e);
        }
    }

    private static Entry entry(Map<String, Object> written) {
        List<?> labels = written.get("labels") instanceof List<?> some ? some : List.of();
        return new Entry(
                (String) written.get("description"),
                (String) written.get("unit"),
                (String) written.get("type"),
                labels.stream().map(Object::toString).toList());
    }

    @Bean
    static MeterFilter describeMetrics() {
        Map<String, Entry> entries = all();
        return new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                Entry entry = entries.get(id.getName());
                return entry == null
                        ? id
                        : new Meter.Id(
                                id.getName(),
                                Tags.of(id.getTags()),
                                unit(entry, id),
                                entry.description(),
                                id.getType());
            }
        };
    }

    /** A timer has its own. */
    private static @Nullable String unit(Entry entry, Meter.Id id) {
        return id.getType() == Meter.Type.TIMER ? id.getBaseUnit() : entry.unit();
    }
}
