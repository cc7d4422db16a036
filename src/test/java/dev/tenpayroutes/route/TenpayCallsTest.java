package dev.tenpayroutes.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client that calls Tenpay does what it is told, once, and nothing of its own. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TenpayCallsTest {

    private final List<Headers> requests = new CopyOnWriteArrayList<>();
    private HttpServer server;
    private int status;

    @BeforeEach
    void aServerThatWouldLikeToBeAskedAgain() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            requests.add(exchange.getRequestHeaders());
            exchange.getResponseHeaders().add("Retry-After", "0");
            exchange.getResponseHeaders().add("Location", "/elsewhere");
            exchange.getResponseHeaders().add("Set-Cookie", "who=me");
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private int call(CloseableHttpClient client) throws IOException {
        HttpPost post = new HttpPost("http://127.0.0.1:" + server.getAddress().getPort() + "/api");
        post.setHeader("Authorization", "signed");
        post.setEntity(new StringEntity("{}"));
        return client.execute(post, response -> response.getCode());
    }

    private CloseableHttpClient client() {
        HttpClientBuilder builder = HttpClientBuilder.create();
        new TenpayCalls().oneHonestAttempt(Duration.ofMillis(700)).configureHttpClient(builder);
        return builder.build();
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void credentialsNeverFollowARedirect(int redirect) throws IOException {
        status = redirect;
        assertThat(call(client())).isEqualTo(redirect);
        assertThat(requests).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 503})
    void aSignedCallIsNeverSentTwiceByTheClientItself(int busy) throws IOException {
        status = busy;
        assertThat(call(client())).isEqualTo(busy);
        assertThat(requests).hasSize(1);
    }

    @Test
    void theBytesThatTheSignatureCoversAreNotAskedForInAnotherCoding() throws IOException {
        status = 200;
        call(client());
        assertThat(requests.get(0)).doesNotContainKey("Accept-encoding");
    }

    @Test
    void anAnswerThatDripsInEndsWithTheCallsTime() {
        status = 200;
        server.createContext("/api", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try {
                // Each byte is in time for a timeout that counts from byte to byte.
                while (true) {
                    exchange.getResponseBody().write(' ');
                    exchange.getResponseBody().flush();
                    new java.util.concurrent.CountDownLatch(1).await(100, java.util.concurrent.TimeUnit.MILLISECONDS);
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        });
        assertThatThrownBy(() -> call(client())).isInstanceOf(InterruptedIOException.class);
    }

    @Test
    void anAnswerWithoutEndIsNotRead() {
        server.createContext("/api", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] part = new byte[64 * 1024];
            for (int i = 0; i < 1024; i++) {
                exchange.getResponseBody().write(part);
            }
        });
        assertThatThrownBy(() -> call(client())).isInstanceOf(IOException.class);
    }

    @Test
    void noCookieTiesOneCallToAnother() throws IOException {
        status = 200;
        CloseableHttpClient client = client();
        call(client);
        call(client);
        assertThat(requests.get(1)).doesNotContainKey("Cookie");
    }
}
