package dev.tenpayroutes.camel;

import dev.tenpayroutes.config.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.apache.camel.support.ResourceHelper;
import org.apache.camel.support.RouteWatcherReloadStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/**
 * Profile {@code dev}: an edited file of {@code routes/} counts within seconds, without a restart.
 *
 * <p>A broken file is reported with its name, place and reason, and the routes that ran go on running: a file is checked
 * in full before anything is replaced, and should a route still not start, its last good text comes back. A changed
 * mapping or SQL file makes the route files that name it load again. A deleted file's routes stay until the next start.
 */
@Component
@Profile("dev")
class RouteReloader extends RouteWatcherReloadStrategy implements CamelContextConfiguration {

    private static final Logger LOG = LoggerFactory.getLogger("live-routes");

    private final String location;
    private final RouteValidator routeFiles;
    private final List<ReloadableFile> reloadableFiles;
    private final Map<Path, String> lastGood = new HashMap<>();

    RouteReloader(
            @Value("${tenpay.routes}") String location,
            RouteValidator routeFiles,
            List<ReloadableFile> reloadableFiles) {
        this.location = location;
        this.routeFiles = routeFiles;
        this.reloadableFiles = reloadableFiles;
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
            for (Path file : routeFiles()) {
                lastGood.put(file, Files.readString(file));
            }
            camel.addService(this);
        } catch (Exception e) {
            throw new IllegalStateException("can't watch " + getFolder(), e);
        }
    }

    private void reload(Path changed) {
        String name = changed.getFileName().toString();
        try {
            if (!Files.exists(changed)) {
                LOG.warn("{} is gone; what it defined stays until the next start", name);
                return;
            }
            if (Files.size(changed) == 0) {
                // An editor has just begun to write it.
                return;
            }
            Optional<ReloadableFile> reloadable = reloadableFiles.stream()
                    .filter(file -> file.name().equals(name))
                    .findFirst();
            if (reloadable.isPresent()) {
                reloadable.get().load();
            } else {
                routeFiles.check(getCamelContext(), name, Files.readString(changed));
                for (Path routes : name.endsWith(".camel.yaml") ? List.of(changed) : naming(name)) {
                    replace(routes, Files.readString(routes));
                }
            }
            LOG.info("{} reloaded", name);
        } catch (InvalidConfigurationException e) {
            LOG.error("{}", e.line());
        } catch (IOException e) {
            LOG.error("{} can't be read: {}", changed, e.getMessage());
        }
    }

    private void replace(Path file, String text) {
        String before = lastGood.getOrDefault(file, text);
        try {
            load(file, text);
            lastGood.put(file, text);
        } catch (RuntimeException e) {
            load(file, before);
            Throwable reason = e;
            while (reason.getCause() != null) {
                reason = reason.getCause();
            }
            throw new InvalidConfigurationException(
                    file.getFileName().toString(),
                    "does not start: " + reason.getMessage(),
                    "correct the file; its last good text runs");
        }
    }

    private void load(Path file, String text) {
        onRouteReload(List.of(ResourceHelper.fromString("file:" + file, text)), false);
    }

    private List<Path> naming(String name) throws IOException {
        List<Path> naming = new ArrayList<>();
        for (Path file : routeFiles()) {
            if (Files.readString(file).contains("/" + name)) {
                naming.add(file);
            }
        }
        return naming;
    }

    private List<Path> routeFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(getFolder()))) {
            return files.filter(file -> file.toString().endsWith(".camel.yaml")).toList();
        }
    }
}
