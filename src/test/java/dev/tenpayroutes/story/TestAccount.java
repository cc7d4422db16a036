package dev.tenpayroutes.story;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A merchant account and its Tenpay side, made by the {@code openssl} command line as a merchant would make it.
 *
 * @param name the account's name
 * @param folder where the files are
 */
record TestAccount(String name, Path folder) {

    static final String API_KEY = "0123456789abcdef0123456789abcdef";

    static TestAccount create(String name) {
        try {
            Path folder = Files.createTempDirectory("account-" + name);
            Files.createDirectory(folder.resolve("platform"));
            certificate(folder.resolve("merchant-key.pem"), folder.resolve("merchant-cert.pem"));
            certificate(folder.resolve("platform-key.pem"), folder.resolve("platform/platform.pem"));
            return new TestAccount(name, folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Map<String, String> settings() {
        String prefix = "tenpay.accounts." + name + ".";
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put(prefix + "merchant-id", "2480000002");
        settings.put(prefix + "app-id", "wxfedcba9876543210");
        settings.put(prefix + "private-key", folder.resolve("merchant-key.pem").toString());
        settings.put(prefix + "certificate", folder.resolve("merchant-cert.pem").toString());
        settings.put(
                prefix + "platform-certificates", folder.resolve("platform").toString());
        settings.put(prefix + "api-key", API_KEY);
        return settings;
    }

    private static void certificate(Path key, Path certificate) throws IOException {
        run(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=test",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString());
    }

    static void run(String... command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(command[0] + " failed");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
