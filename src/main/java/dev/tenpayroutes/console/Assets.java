package dev.tenpayroutes.console;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;

/** The style and the script of the pages, all of them from this program. */
@ConsolePage
class Assets {

    private static final String WEBJARS = "META-INF/resources/webjars/";
    private static final MediaType CSS = MediaType.parseMediaType("text/css;charset=UTF-8");
    private static final MediaType JAVASCRIPT = MediaType.parseMediaType("text/javascript;charset=UTF-8");
    private static final CacheControl AN_HOUR = CacheControl.maxAge(Duration.ofHours(1));

    private final Map<String, Resource> files = new HashMap<>();

    Assets() throws IOException {
        files.put("pico.css", theirs("picocss__pico", "css/pico.classless.min.css"));
        files.put("htmx.js", theirs("htmx.org", "dist/htmx.min.js"));
        files.put("console.css", new ClassPathResource("console/console.css"));
    }

    @GetMapping("/console/assets/{name}")
    ResponseEntity<Resource> file(@PathVariable String name) {
        Resource file = files.get(name);
        return file == null
                ? ResponseEntity.notFound().build()
                : ResponseEntity.ok()
                        .contentType(name.endsWith(".css") ? CSS : JAVASCRIPT)
                        .cacheControl(AN_HOUR)
                        .body(file);
    }

    /** Its version is a part of the path, and is said in pom.xml alone. */
    private static Resource theirs(String name, String file) throws IOException {
        Properties about = new Properties();
        try (InputStream in =
                new ClassPathResource("META-INF/maven/org.webjars.npm/" + name + "/pom.properties").getInputStream()) {
            about.load(in);
        }
        return new ClassPathResource(WEBJARS + name + "/" + about.getProperty("version") + "/" + file);
    }
}
