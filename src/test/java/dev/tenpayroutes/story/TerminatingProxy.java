package dev.tenpayroutes.story;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * A company's proxy that ends TLS by a certificate of its own. It passes on every call, keeps every signed answer, and
 * can give the caller another one than Tenpay's.
 */
final class TerminatingProxy implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** An answer as it came, signature and all. */
    record Recorded(int status, Map<String, List<String>> headers, byte[] body) {

        /** The headers of its signature, as name, value, name, value. */
        String[] signature() {
            List<String> signature = new ArrayList<>();
            headers.forEach((name, values) -> {
                if (name.toLowerCase(java.util.Locale.ROOT).startsWith("wechatpay-")) {
                    signature.add(name);
                    signature.add(values.get(0));
                }
            });
            return signature.toArray(String[]::new);
        }
    }

    private static final Recorded NOTHING = new Recorded(502, Map.of(), new byte[0]);

    private final HttpsServer server;
    private final String target;
    private final HttpClient client = HttpClient.newHttpClient();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Recorded> recorded = new ConcurrentHashMap<>();
    private final Map<String, Recorded> instead = new ConcurrentHashMap<>();

    /** @param folder gets the proxy's certificate as {@code proxy.pem}, to be trusted */
    TerminatingProxy(Path folder, String target) throws IOException {
        this.target = target;
        Path store = folder.resolve("proxy.p12");
        TestAccount.run(("openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -addext"
                        + " subjectAltName=DNS:localhost -keyout " + folder + "/proxy.key -out " + folder
                        + "/proxy.pem")
                .split(" "));
        TestAccount.run(("openssl pkcs12 -export -passout pass:x -inkey " + folder + "/proxy.key -in " + folder
                        + "/proxy.pem -out " + store)
                .split(" "));
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls(store)));
        server.setExecutor(threads);
        server.createContext("/", this::pass);
        server.start();
    }

    private static SSLContext tls(Path store) throws IOException {
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, "x".toCharArray());
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(keys, "x".toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(factory.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    String url() {
        return "https://localhost:" + server.getAddress().getPort();
    }

    /** Tenpay's last answer to this call about this number, whether the caller got it or not. */
    Recorded recorded(String call, String number) {
        return recorded.get(call + " " + number);
    }

    /** The next such call reaches Tenpay, and the caller gets this answer. */
    void answer(String call, String number, Recorded answer) {
        instead.put(call + " " + number, answer);
    }

    /** The next such call reaches Tenpay, and the caller gets nothing. */
    void withhold(String call, String number) {
        answer(call, number, NOTHING);
    }

    private void pass(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        JsonNode request = JSON.readTree(body);
        String number = request.path("out_refund_no")
                .asText(request.path("out_trade_no").asText());
        String key = exchange.getRequestURI().getPath().replaceFirst(".*/", "") + " " + number;
        try {
            HttpResponse<byte[]> answer = client.send(
                    HttpRequest.newBuilder(URI.create(target + exchange.getRequestURI()))
                            .header(
                                    "Authorization",
                                    exchange.getRequestHeaders().getFirst("Authorization"))
                            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            Recorded real = new Recorded(answer.statusCode(), answer.headers().map(), answer.body());
            recorded.put(key, real);
            Recorded given = instead.containsKey(key) ? instead.remove(key) : real;
            String[] signature = given.signature();
            for (int i = 0; i < signature.length; i += 2) {
                exchange.getResponseHeaders().add(signature[i], signature[i + 1]);
            }
            exchange.sendResponseHeaders(given.status(), given.body().length == 0 ? -1 : given.body().length);
            exchange.getResponseBody().write(given.body());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            exchange.close();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
