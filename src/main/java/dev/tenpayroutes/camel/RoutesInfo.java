package dev.tenpayroutes.camel;

import dev.tenpayroutes.config.ProgramVersion;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/** Which routes run, for {@code /actuator/info} and the metric {@code application.info}: where from, which, and what a merchant changed. */
@Configuration(proxyBeanMethods = false)
class RoutesInfo implements InfoContributor {

    private static final String SHIPPED = "classpath:routes";

    private final String routes;

    RoutesInfo(@Value("${tenpay.routes}") String routes) {
        this.routes = routes;
    }

    /** The version, commit and routes as a metric, always 1. */
    @Bean
    MeterBinder applicationInfo() {
        return meters -> Gauge.builder("application.info", () -> 1)
                .tag("version", ProgramVersion.read())
                .tag("commit", ProgramVersion.commit())
                .tag("routes", from() + " " + digest(files(routes)))
                .register(meters);
    }

    @Override
    public void contribute(Info.Builder info) {
        Map<String, String> here = files(routes);
        Map<String, String> shipped = files(SHIPPED);
        List<String> changed = here.keySet().stream()
                .filter(name -> shipped.containsKey(name) && !here.get(name).equals(shipped.get(name)))
                .toList();
        List<String> added = here.keySet().stream()
                .filter(name -> !shipped.containsKey(name))
                .toList();
        info.withDetail("version", ProgramVersion.read())
                .withDetail("commit", ProgramVersion.commit())
                .withDetail(
                        "routes",
                        Map.of(
                                "from",
                                from(),
                                "digest",
                                digest(here),
                                "shipped",
                                digest(shipped),
                                "changed",
                                changed,
                                "added",
                                added));
    }

    private String from() {
        return routes.startsWith("classpath:") ? "jar" : "folder";
    }

    /** Each file's digest by its name. */
    private static Map<String, String> files(String folder) {
        try {
            Map<String, String> files = new TreeMap<>();
            for (Resource file : new PathMatchingResourcePatternResolver().getResources(folder + "/**/*.*")) {
                if (file.isReadable()) {
                    String name = file.getURL().toString().replaceFirst(".*/routes/", "");
                    files.put(name, hash(file.getContentAsByteArray()));
                }
            }
            return files;
        } catch (IOException e) {
            // Being edited, perhaps: a page of facts is no reason to fail.
            return Map.of();
        }
    }

    private static String digest(Map<String, String> files) {
        return hash(files.toString().getBytes(StandardCharsets.UTF_8)).substring(0, 12);
    }

    private static String hash(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
