package dev.tenpayroutes.config;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.MeterFilter;
import java.io.IOException;
import java.io.InputStream;
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

    /** @param unit null where it is a count */
    public record Entry(String description, @Nullable String unit) {}

    /** All metrics of the program, by name. */
    public static Map<String, Entry> all() {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        try (InputStream in = new ClassPathResource("metrics.yaml").getInputStream()) {
            Map<String, Map<String, String>> written = new Yaml(new SafeConstructor(options)).load(in);
            Map<String, Entry> entries = new TreeMap<>();
            written.forEach((name, entry) -> entries.put(name, new Entry(entry.get("description"), entry.get("unit"))));
            return entries;
        } catch (IOException e) {
            throw new IllegalStateException("metrics.yaml can't be read", e);
        }
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
