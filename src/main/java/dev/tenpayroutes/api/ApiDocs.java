package dev.tenpayroutes.api;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.commonmark.node.Heading;
import org.commonmark.node.Node;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;
import org.commonmark.renderer.text.TextContentRenderer;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/**
 * The pages for people: {@code /docs} shows the contract, {@code /docs/errors} what each error code means; a problem's
 * {@code type} leads there. Everything on them comes from this program: browsers are told to fetch and run nothing else.
 */
@RestController
class ApiDocs {

    /** Each code is a section of this page. */
    static final String ERRORS = "/docs/errors";

    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    private static final MediaType HTML = new MediaType("text", "html", StandardCharsets.UTF_8);
    private static final MediaType CSS = new MediaType("text", "css", StandardCharsets.UTF_8);
    private static final MediaType JAVASCRIPT = new MediaType("text", "javascript", StandardCharsets.UTF_8);

    private record File(MediaType type, Resource content) {}

    private final Map<String, File> files = new HashMap<>();
    private final File contract = new File(HTML, ours("index.html"));
    private final String errors;

    ApiDocs() throws IOException {
        files.put("page.css", new File(CSS, ours("page.css")));
        files.put("start.js", new File(JAVASCRIPT, ours("start.js")));
        files.put("swagger-ui.css", new File(CSS, theirs("swagger-ui.css")));
        files.put("swagger-ui-bundle.js", new File(JAVASCRIPT, theirs("swagger-ui-bundle.js")));
        files.put("favicon-32x32.png", new File(MediaType.IMAGE_PNG, theirs("favicon-32x32.png")));
        errors = text(ours("errors.html")).replace("{errors}", html(text(ours("errors.md"))));
    }

    @GetMapping("/docs")
    ResponseEntity<Resource> contract() {
        return page(contract.type()).body(contract.content());
    }

    @GetMapping("/docs/")
    ResponseEntity<Void> contractBesideItsFiles() {
        return ResponseEntity.status(HttpStatus.PERMANENT_REDIRECT)
                .header(HttpHeaders.LOCATION, "../docs")
                .build();
    }

    @GetMapping(ERRORS)
    ResponseEntity<String> errors() {
        return page(HTML).body(errors);
    }

    @GetMapping("/docs/{name}")
    ResponseEntity<Resource> file(@PathVariable String name) {
        File file = files.get(name);
        if (file == null) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND);
        }
        return page(file.type()).body(file.content());
    }

    private static ResponseEntity.BodyBuilder page(MediaType type) {
        return ResponseEntity.ok().contentType(type).header("Content-Security-Policy", POLICY);
    }

    private static Resource ours(String name) {
        return new ClassPathResource("docs/" + name);
    }

    /** Its version is a part of the path, and is said in pom.xml alone. */
    private static Resource theirs(String name) throws IOException {
        Properties about = new Properties();
        try (InputStream in =
                new ClassPathResource("META-INF/maven/org.webjars/swagger-ui/pom.properties").getInputStream()) {
            about.load(in);
        }
        return new ClassPathResource(
                "META-INF/resources/webjars/swagger-ui/" + about.getProperty("version") + "/" + name);
    }

    private static String text(Resource file) throws IOException {
        return file.getContentAsString(StandardCharsets.UTF_8);
    }

    /** A heading's anchor is its text in small letters, as on Git hosts. */
    static String html(String markdown) {
        Node document = Parser.builder().build().parse(markdown);
        TextContentRenderer words = TextContentRenderer.builder().build();
        return HtmlRenderer.builder()
                .attributeProviderFactory(context -> (node, tag, attributes) -> {
                    if (node instanceof Heading) {
                        attributes.put("id", words.render(node).toLowerCase(Locale.ROOT));
                    }
                })
                .build()
                .render(document);
    }
}
