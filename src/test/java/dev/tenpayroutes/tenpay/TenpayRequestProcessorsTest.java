package dev.tenpayroutes.tenpay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.KeyMaterialFixture;
import dev.tenpayroutes.config.SignatureProperties;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import dev.tenpayroutes.signature.Rsa;
import dev.tenpayroutes.signature.SignaturePropertiesFixture;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.ProviderException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.Processor;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The client that calls Tenpay does what it is told, once, and nothing of its own. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TenpayRequestProcessorsTest {

    private static final TenpayProperties SETTINGS = TenpayPropertiesFixture.shipped();
    private static final SignatureProperties WIRE = SignaturePropertiesFixture.other();

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
        new TenpayRequestProcessors()
                .singleAttemptClient(Duration.ofMillis(700), WIRE)
                .configureHttpClient(builder);
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
        // By its size: time would end it as well, but memory first.
        assertThatThrownBy(() -> call(client()))
                .isInstanceOf(IOException.class)
                .hasMessage("the answer is larger than 1048576 bytes");
    }

    @Test
    void countsUnsignableCallAsUnsent(@TempDir Path folder) throws Exception {
        Clock clock = Clock.fixed(Instant.parse("2026-11-23T08:00:00Z"), ZoneOffset.UTC);
        Accounts accounts = new Accounts(new KeyMaterialFixture(folder).settings("main"), Rsa.fastest(), clock);
        CircuitBreakerRegistry breakers = CircuitBreakerRegistry.of(CircuitBreakerConfig.custom()
                .permittedNumberOfCallsInHalfOpenState(1)
                .build());
        CircuitBreaker breaker = breakers.circuitBreaker("main submissions");
        breaker.transitionToOpenState();
        breaker.transitionToHalfOpenState();
        CamelContext camel = new DefaultCamelContext();
        try {
            Exchange exchange = new DefaultExchange(camel);
            exchange.setVariable("account", "main");
            exchange.setVariable("source", "checkout-pay");
            exchange.setVariable("tenpayPath", "/api/payment/v1/checkout-pay");
            SecureRandom broken = new SecureRandom() {
                @Override
                public void nextBytes(byte[] bytes) {
                    throw new ProviderException("the token is away");
                }
            };
            TenpayRequestProcessors calls = new TenpayRequestProcessors();
            Processor sign = calls.signRequest(accounts, WIRE, Rsa.fastest(), clock, broken, breakers, SETTINGS);

            assertThatThrownBy(() -> sign.process(exchange)).isInstanceOf(InvalidPayloadException.class);
            exchange.getMessage().setBody(new byte[] {'{', '}'});
            assertThatThrownBy(() -> sign.process(exchange)).isInstanceOf(ProviderException.class);
            exchange.setProperty(Exchange.EXCEPTION_CAUGHT, new ProviderException("the token is away"));
            calls.recordNoResponse(accounts, ResultReportingTest.metrics(), clock)
                    .process(exchange);

            assertThat(exchange.getVariable("tenpayUnsent")).isEqualTo("true");
            assertThat(exchange.getVariable("tenpayProblem")).isEqualTo("not asked: ProviderException");
            assertThat(breaker.getMetrics().getNumberOfFailedCalls()).isZero();
            assertThat(breaker.tryAcquirePermission()).isTrue();
        } finally {
            camel.stop();
        }
    }

    /** 20 s in all, of which a call may take 9 s. */
    @ParameterizedTest
    @CsvSource({
        "inquiry-payment, 11000, true",
        "inquiry-payment, 11001, false",
        "inquiry-refund, 11001, false",
        "inquiry-payment, , true"
    })
    void asksNothingMoreWhenOrderMustBeAnswered(String source, Long age, boolean asked, @TempDir Path folder)
            throws Exception {
        Clock clock = Clock.fixed(Instant.parse("2026-11-23T08:00:00Z"), ZoneOffset.UTC);
        Accounts accounts = new Accounts(new KeyMaterialFixture(folder).settings("main"), Rsa.fastest(), clock);
        CircuitBreakerRegistry breakers = CircuitBreakerRegistry.ofDefaults();
        CamelContext camel = new DefaultCamelContext();
        try {
            Exchange exchange = new DefaultExchange(camel);
            exchange.setVariable("account", "main");
            exchange.setVariable("source", source);
            exchange.setVariable("tenpayPath", "/api/payment/v1/" + source);
            exchange.getMessage().setBody(new byte[] {'{', '}'});
            if (age != null) {
                exchange.setVariable("leaseAskedAt", clock.instant().minusMillis(age));
            }
            TenpayRequestProcessors calls = new TenpayRequestProcessors();
            Throwable refusal = catchThrowable(() -> calls.signRequest(
                            accounts, WIRE, Rsa.fastest(), clock, new SecureRandom(), breakers, SETTINGS)
                    .process(exchange));
            assertThat(refusal == null).isEqualTo(asked);
            if (!asked) {
                exchange.setProperty(Exchange.EXCEPTION_CAUGHT, refusal);
                calls.recordNoResponse(accounts, ResultReportingTest.metrics(), clock)
                        .process(exchange);
                assertThat(exchange.getVariable("tenpayUnsent")).isEqualTo("true");
                assertThat(exchange.getVariable("tenpayProblem", String.class)).contains("polling");
            }
        } finally {
            camel.stop();
        }
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
