package dev.tenpayroutes.sandbox;

import org.springframework.context.annotation.Profile;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The sandbox's front page: who may log in, and where things are. */
@RestController
@Profile(SandboxInitializer.PROFILE)
final class SandboxFront {

    private static final String PAGE = """
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>Sandbox · Tenpay Global Routes</title></head>
            <body>
            <main>
            <h1>Sandbox of Tenpay Global Routes</h1>
            <p>A Tenpay stand-in inside; no money moves.</p>
            <ul>
            <li><a href="/console">Console</a>: name <code>sandbox</code>, password <code>sandbox</code>.
            At a payment are the shopper's buttons.</li>
            <li><a href="/docs">The merchant API</a>: header <code>X-API-Key: sandbox-key</code>.</li>
            <li><a href="/sandbox/events">The events that the ERP received</a>.</li>
            </ul>
            </main>
            </body>
            </html>
            """;

    @GetMapping({"/sandbox", "/"})
    ResponseEntity<String> front() {
        return ResponseEntity.ok()
                .contentType(MediaType.parseMediaType("text/html;charset=UTF-8"))
                .header("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
                .body(PAGE);
    }
}
