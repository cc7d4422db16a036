package dev.tenpayroutes.start;

import dev.tenpayroutes.route.PaymentMethods;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import net.thisptr.jackson.jq.JsonQuery;
import net.thisptr.jackson.jq.Versions;
import net.thisptr.jackson.jq.exception.JsonQueryException;
import org.apache.camel.CamelContext;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.spi.Resource;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.RouteWatcherReloadStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/**
 * Profile {@code dev}: an edited file of {@code routes/} counts within seconds, without a restart.
 *
 * <p>A broken file is reported with file, place and reason, and the routes that ran go on running: a file is read in
 * full before anything is replaced. A changed mapping or SQL file makes the route files that name it load again. A
 * deleted file's routes stay until the next start.
 */
@Component
@Profile("dev")
class LiveRoutes extends RouteWatcherReloadStrategy implements CamelContextConfiguration {

    private static final Logger LOG = LoggerFactory.getLogger("live-routes");

    private final String location;
    private final PaymentMethods paymentMethods;

    LiveRoutes(@Value("${tenpay.routes}") String location, PaymentMethods paymentMethods) {
        this.location = location;
        this.paymentMethods = paymentMethods;
        setRemoveAllRoutes(false);
        setRecursive(true);
        setFileFilter(file -> file.getName().matches("[^.].*\\.(yaml|jq|sql)"));
        setResourceReload((name, resource) -> reload(Path.of(name)));
        if (location.startsWith("file:")) {
            setFolder(location.substring("file:".length()));
        }
    }

    @Override
    public void beforeApplicationStart(CamelContext camel) {
        // Nothing to watch before the routes are there.
    }

    @Override
    public void afterApplicationStart(CamelContext camel) {
        if (getFolder() == null) {
            LOG.warn("profile dev has nothing to watch: routes come from {}", location);
            return;
        }
        try {
            camel.addService(this);
        } catch (Exception e) {
            throw new IllegalStateException("can't watch " + getFolder(), e);
        }
    }

    private void reload(Path changed) throws IOException {
        String file = changed.getFileName().toString();
        if (!Files.exists(changed)) {
            LOG.warn("{} is gone; what it defined stays until the next start", file);
            return;
        }
        try {
            if (file.equals("payment-methods.yaml")) {
                paymentMethods.load();
            } else {
                if (file.endsWith(".jq")) {
                    JsonQuery.compile(Files.readString(changed), Versions.JQ_1_7);
                }
                for (Resource routes : file.endsWith(".camel.yaml") ? List.of(resource(changed)) : naming(file)) {
                    tryOut(routes);
                    onRouteReload(List.of(routes), false);
                }
            }
            LOG.info("{} reloaded", file);
        } catch (JsonQueryException e) {
            LOG.error("{} is broken and was not loaded: {}", changed, e.getMessage());
        } catch (Exception e) {
            LOG.error("{} is broken and was not loaded: {}", changed, reason(e));
        }
    }

    /** Reads a route file in full into a builder that is thrown away: a broken one ends here. */
    private void tryOut(Resource routes) throws Exception {
        for (RoutesBuilder builder :
                PluginHelper.getRoutesLoader(getCamelContext()).findRoutesBuilders(List.of(routes))) {
            if (builder instanceof RouteBuilder dsl) {
                dsl.setCamelContext(getCamelContext());
                dsl.configure();
            }
        }
    }

    private List<Resource> naming(String file) throws IOException {
        try (Stream<Path> files = Files.list(Path.of(getFolder()))) {
            return files.filter(path -> path.toString().endsWith(".camel.yaml"))
                    .filter(path -> read(path).contains("/" + file))
                    .map(this::resource)
                    .toList();
        }
    }

    private Resource resource(Path path) {
        return PluginHelper.getResourceLoader(getCamelContext()).resolveResource("file:" + path);
    }

    private static String read(Path path) {
        try {
            return Files.readString(path, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String reason(Throwable failure) {
        StringBuilder reason = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage()).strip();
            if (reason.indexOf(message) < 0) {
                reason.append(reason.isEmpty() ? "" : ": ").append(message);
            }
        }
        return reason.toString();
    }
}
