package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.wechat.pay.java.core.util.PemUtil;
import dev.tenpayroutes.account.Accounts;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.actuate.health.HealthEndpointGroups;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/** Several accounts whose Tenpay is elsewhere: behind TLS, and behind a proxy that wants a name and a password. */
@DisplayName("several accounts")
@TestPropertySource(
        properties = {
            "tenpay.call-timeout=8s",
            "tenpay.poll.claim-interval=100ms",
            "tenpay.reload-interval=100ms",
            "spring.ssl.bundle.pem.tenpay.options.enabled-protocols=TLSv1.3",
            "camel.component.http.proxy-host=127.0.0.1",
            "camel.component.http.proxy-auth-method=Basic",
            "camel.component.http.proxy-auth-username=merchant",
            "camel.component.http.non-proxy-hosts=127.0.0.1",
            "tenpay.clients.family.accounts=rotating,broken,moody,othername,untrusted,outdated",
            "tenpay.clients.family.scopes=payments:read,payments:write,refunds:write",
            "tenpay.clients.family.requests-per-second=10000"
        })
@DirtiesContext
class AccountsStoryTest extends Story {

    /** How many orders come in at least while keys are rotated; thousands by -Plong. */
    private static final int ORDERS = Integer.getInteger("rotation.orders", 400);

    private static final String FAMILY = "family-key-from-a-file-of-its-own";
    private static final String PROXY_PASSWORD = "proxy pass: +word";
    private static final TestAccount ROTATING = TestAccount.create("rotating");
    private static final TestAccount STEADY = TestAccount.create("steady");
    private static final TestAccount BROKEN = copyOfSteady("broken");
    private static final TestAccount MOODY = copyOfSteady("moody");
    private static final StrictProxy PROXY = new StrictProxy("merchant", PROXY_PASSWORD);
    private static final Map<String, SdkTenpayServer> TENPAY = new ConcurrentHashMap<>();

    @Autowired
    private Accounts accounts;

    @Autowired
    private HealthEndpointGroups groups;

    @DynamicPropertySource
    static void family(DynamicPropertyRegistry registry) throws IOException {
        Path folder = STEADY.folder();
        identity("localhost", "localhost");
        identity("elsewhere", "elsewhere.example.com");
        identity("stranger", "localhost");
        List<String> trusted = new ArrayList<>(Files.readAllLines(folder.resolve("tls-localhost.pem")));
        trusted.addAll(Files.readAllLines(folder.resolve("tls-elsewhere.pem")));
        Files.write(folder.resolve("trusted.pem"), trusted);
        // Its owner pasted the certificate where the key should be.
        replace(BROKEN, "merchant-key.pem", STEADY, "merchant-cert.pem");

        account(registry, ROTATING, tenpay("rotating", ROTATING, "localhost", "TLSv1.3"));
        SdkTenpayServer steady = tenpay("steady", STEADY, "localhost", "TLSv1.3");
        account(registry, BROKEN, steady);
        account(registry, MOODY, steady);
        account(registry, new TestAccount("othername", folder), tenpay("othername", STEADY, "elsewhere", "TLSv1.3"));
        account(registry, new TestAccount("untrusted", folder), tenpay("untrusted", STEADY, "stranger", "TLSv1.3"));
        account(registry, new TestAccount("outdated", folder), tenpay("outdated", STEADY, "localhost", "TLSv1.2"));
        registry.add("camel.component.http.proxy-port", PROXY::port);
        registry.add("camel.component.http.proxy-auth-password", () -> PROXY_PASSWORD);
        registry.add("tenpay.clients.family.api-key", () -> FAMILY);
        registry.add(
                "spring.ssl.bundle.pem.tenpay.truststore.certificate",
                () -> folder.resolve("trusted.pem").toUri().toString());
    }

    private static void account(DynamicPropertyRegistry registry, TestAccount account, SdkTenpayServer tenpay) {
        String prefix = "tenpay.accounts." + account.name() + ".";
        account.settings().forEach((setting, value) -> registry.add(setting, () -> value));
        registry.add(
                prefix + "merchant-id",
                () -> Long.toString(2_480_000_000L + account.name().hashCode() % 100_000));
        registry.add(prefix + "base-url", tenpay::url);
    }

    @AfterAll
    static void close() {
        TENPAY.values().forEach(SdkTenpayServer::close);
        PROXY.close();
    }

    private static TestAccount copyOfSteady(String name) {
        try {
            Path folder = Files.createTempDirectory("account-" + name);
            Files.createDirectory(folder.resolve("platform"));
            TestAccount copy = new TestAccount(name, folder);
            for (String file : List.of("merchant-key.pem", "merchant-cert.pem", "platform/platform.pem")) {
                replace(copy, file, STEADY, file);
            }
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void replace(TestAccount of, String file, TestAccount by, String other) throws IOException {
        Files.copy(by.folder().resolve(other), of.folder().resolve(file), StandardCopyOption.REPLACE_EXISTING);
    }

    /** A server's key and certificate, which names a host. */
    private static void identity(String name, String host) throws IOException {
        String file = STEADY.folder().resolve("tls-" + name).toString();
        TestAccount.run(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=" + host,
                "-addext",
                "subjectAltName=DNS:" + host,
                "-keyout",
                file + ".key",
                "-out",
                file + ".pem");
        TestAccount.run(
                "openssl",
                "pkcs12",
                "-export",
                "-inkey",
                file + ".key",
                "-in",
                file + ".pem",
                "-passout",
                "pass:x",
                "-out",
                file + ".p12");
    }

    private static SdkTenpayServer tenpay(String name, TestAccount account, String identity, String version)
            throws IOException {
        try (InputStream in = Files.newInputStream(STEADY.folder().resolve("tls-" + identity + ".p12"))) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, "x".toCharArray());
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(keys, "x".toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(factory.getKeyManagers(), null, null);
            SdkTenpayServer tenpay = new SdkTenpayServer(account, new HttpsConfigurator(context) {
                @Override
                public void configure(HttpsParameters parameters) {
                    SSLParameters chosen = context.getDefaultSSLParameters();
                    chosen.setProtocols(new String[] {version});
                    parameters.setSSLParameters(chosen);
                }
            });
            TENPAY.put(name, tenpay);
            return tenpay;
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    private Answer postOrder(String number, String account) {
        String order = order(number).replace("{\"orderNo\"", "{\"account\":\"" + account + "\",\"orderNo\"");
        return send("POST", "/v1/payments", FAMILY, order);
    }

    private Answer webhook(String account, String body, TenpaySigner signer) {
        return sendBytes(
                "POST",
                "/webhooks/tenpay/" + account + "/payments",
                null,
                TenpaySigner.bytes(body),
                "application/json",
                signer.headers(body));
    }

    /** Returns after a payment was asked about that only this program's poller takes at once. */
    private void aTurnOfThePoller() {
        String number = newNumber();
        assertThat(postOrder(number, "rotating").status()).isEqualTo(201);
        db.sql("update payment set next_poll_at = now() where order_no = ?")
                .param(number)
                .update();
        eventually().until(() -> TENPAY.get("rotating").calls("inquiry-payment", number) > 0);
    }

    private void becomes(String account, boolean works) {
        eventually().until(() -> accounts.get(account).isAvailable() == works);
    }

    private void signs(String account, Path certificate) {
        String serial = PemUtil.getSerialNumber(PemUtil.loadX509FromPath(certificate.toString()));
        eventually()
                .until(() -> new BigInteger(accounts.get(account).credential().serial(), 16)
                        .equals(new BigInteger(serial, 16)));
    }

    @Test
    void aBrokenAccountStopsItselfOnlyAndHealsWhenItsFileIsRight() throws IOException {
        String number = newNumber();

        Answer refused = postOrder(number, "broken");

        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.text("code")).isEqualTo("ACCOUNT_UNAVAILABLE");
        assertThat(refused.headers()).containsKey("retry-after");
        assertThat(refused.content()).doesNotContain(BROKEN.folder().toString());
        assertThat(count("select count(*) from payment where order_no = ?", number))
                .isZero();
        assertThat(postOrder(newNumber(), "moody").status()).isEqualTo(201);
        assertThat(post("/v1/payments", order(newNumber())).status()).isEqualTo(201);

        Answer ready = get("/actuator/health/readiness");
        assertThat(ready.status()).isEqualTo(200);
        assertThat(ready.text("status")).isEqualTo("UP");
        assertThat(groups.get("readiness").isMember("merchantAccounts")).isFalse();
        Answer strangers = send("GET", "/actuator/health/accounts", null, null);
        assertThat(strangers.status()).isEqualTo(200);
        assertThat(strangers.content()).contains("WARNING").doesNotContain("broken", "main");
        assertThat(send("GET", "/actuator/health/accounts", NEIGHBOUR, null).content())
                .contains("macau")
                .doesNotContain("broken", "rotating");
        assertThat(send("GET", "/actuator/health/accounts", FAMILY, null).content())
                .contains("tenpay.accounts.broken.private-key holds a certificate and no private key. Remedy: ")
                .doesNotContain("macau");
        assertThat(get("/actuator/metrics/tenpay.account.available?tag=account:broken")
                        .content())
                .contains("\"value\":0.0");

        replace(BROKEN, "merchant-key.pem", STEADY, "merchant-key.pem");
        becomes("broken", true);
        assertThat(postOrder(number, "broken").status()).isEqualTo(201);
        assertThat(TENPAY.get("steady").calls("checkout-pay", number)).isEqualTo(1);
    }

    @Test
    void callsNothingWhileAccountIsUnavailable() throws IOException {
        String number = newNumber();
        assertThat(postOrder(number, "moody").status()).isEqualTo(201);
        Files.delete(MOODY.folder().resolve("platform/platform.pem"));
        becomes("moody", false);
        // A turn that began while the account still worked may take it yet.
        aTurnOfThePoller();
        db.sql("update payment set next_poll_at = now() - interval '1 minute' where order_no = ?")
                .param(number)
                .update();
        int asked = TENPAY.get("steady").calls("inquiry-payment", number);
        String path = "/v1/payments/" + number;

        for (String call : List.of("/sync", "/close", "/refunds")) {
            String body = call.equals("/refunds") ? refund(newRefundNumber(), 100) : null;
            Answer answer = send("POST", path + call, FAMILY, body);
            assertThat(answer.status()).as(call).isEqualTo(503);
            assertThat(answer.text("code")).as(call).isEqualTo("ACCOUNT_UNAVAILABLE");
        }
        assertThat(send("GET", path, FAMILY, null).text("status")).isEqualTo("PENDING");
        String notification = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD");
        assertThat(webhook("moody", notification, TENPAY.get("steady").signer()).status())
                .isEqualTo(503);
        aTurnOfThePoller();
        assertThat(count(
                        "select count(*) from payment where order_no = ? and polls = 0 and next_poll_at < now()",
                        number))
                .isOne();

        replace(MOODY, "platform/platform.pem", STEADY, "platform/platform.pem");
        becomes("moody", true);
        eventually().until(() -> TENPAY.get("steady").calls("inquiry-payment", number) > asked);
        assertThat(webhook("moody", notification, TENPAY.get("steady").signer()).status())
                .isEqualTo(200);
    }

    @Test
    void aNotificationOfOneAccountIsNothingOnThePathOfAnother() {
        String number = newNumber();
        String notification = TenpaySigner.notification("EV-" + number, number, "SUCCESS", 1050, "SGD");
        TenpaySigner steady = TENPAY.get("steady").signer();
        assertThat(webhook("rotating", notification, steady).status()).isEqualTo(401);
        assertThat(webhook("moody", notification, steady).status()).isEqualTo(200);
    }

    /** The certificates of both sides are replaced while orders come in: on the same paths, then as a second pair. */
    @Test
    void keysAndCertificatesAreReplacedUnderLoadAndNoOrderFails() throws Exception {
        SdkTenpayServer tenpay = TENPAY.get("rotating");
        TestAccount second = TestAccount.create("second");
        TestAccount third = TestAccount.create("third");
        tenpay.accept(second.folder().resolve("merchant-cert.pem"));
        tenpay.accept(third.folder().resolve("merchant-cert.pem"));
        Path before = ROTATING.folder().resolve("before.pem");
        Files.copy(ROTATING.folder().resolve("merchant-cert.pem"), before);
        AtomicBoolean over = new AtomicBoolean();
        Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();
        List<CompletableFuture<Void>> tills = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        for (int till = 0; till < 4; till++) {
            tills.add(CompletableFuture.runAsync(
                    () -> {
                        while (!over.get()) {
                            int status = postOrder(newNumber(), "rotating").status();
                            statuses.computeIfAbsent(status, any -> new AtomicInteger())
                                    .incrementAndGet();
                        }
                    },
                    threads));
        }
        AtomicInteger taken = statuses.computeIfAbsent(201, any -> new AtomicInteger());
        someMore(taken);

        replace(ROTATING, "platform/new.pem", second, "platform/platform.pem");
        String platform = PemUtil.getSerialNumber(PemUtil.loadX509FromPath(
                second.folder().resolve("platform/platform.pem").toString()));
        eventually().until(() -> accounts.get("rotating").platformKey(platform).isPresent());
        tenpay.signWith(new TenpaySigner(
                second.folder().resolve("platform-key.pem"), second.folder().resolve("platform/platform.pem")));
        someMore(taken);

        replace(ROTATING, "merchant-key.pem", second, "merchant-key.pem");
        someMore(taken);
        signs("rotating", before);
        replace(ROTATING, "merchant-cert.pem", second, "merchant-cert.pem");
        signs("rotating", second.folder().resolve("merchant-cert.pem"));
        someMore(taken);

        replace(ROTATING, "merchant-key.pem.next", third, "merchant-key.pem");
        replace(ROTATING, "merchant-cert.pem.next", third, "merchant-cert.pem");
        signs("rotating", third.folder().resolve("merchant-cert.pem"));
        Files.delete(ROTATING.folder().resolve("platform/platform.pem"));
        someMore(taken);

        for (String file : List.of("merchant-key.pem", "merchant-cert.pem")) {
            Files.move(
                    ROTATING.folder().resolve(file + ".next"),
                    ROTATING.folder().resolve(file),
                    StandardCopyOption.REPLACE_EXISTING);
            someMore(taken);
        }
        signs("rotating", third.folder().resolve("merchant-cert.pem"));
        over.set(true);
        tills.forEach(CompletableFuture::join);
        threads.shutdown();

        LoggerFactory.getLogger(getClass()).warn("rotated under load: {} orders taken, statuses {}", taken, statuses);
        assertThat(statuses).containsOnlyKeys(201);
        assertThat(taken).hasValueGreaterThan(ORDERS);
        assertThat(tenpay.refusals()).isEmpty();
    }

    @Test
    void sendsOnceMoreWithOtherPairWhenSignatureIsRefused() throws IOException {
        SdkTenpayServer tenpay = TENPAY.get("steady");
        TestAccount unknown = TestAccount.create("unknown");
        int refusals = tenpay.refusals().size();
        replace(MOODY, "merchant-key.pem.next", unknown, "merchant-key.pem");
        replace(MOODY, "merchant-cert.pem.next", unknown, "merchant-cert.pem");
        try {
            signs("moody", unknown.folder().resolve("merchant-cert.pem"));
            String first = newNumber();
            assertThat(postOrder(first, "moody").status()).isEqualTo(201);
            assertThat(tenpay.refusals()).hasSize(refusals + 1);
            assertThat(tenpay.calls("checkout-pay", first)).isEqualTo(1);
            assertThat(history(first)).containsExactly("order STORED CREATED", "checkout-pay CHANGED PENDING");
            signs("moody", MOODY.folder().resolve("merchant-cert.pem"));
            assertThat(postOrder(newNumber(), "moody").status()).isEqualTo(201);
            assertThat(tenpay.refusals()).hasSize(refusals + 1);
        } finally {
            Files.delete(MOODY.folder().resolve("merchant-key.pem.next"));
            Files.delete(MOODY.folder().resolve("merchant-cert.pem.next"));
        }
    }

    /** A part of all orders: one for each time that the files have changed, and one before. */
    private static void someMore(AtomicInteger taken) {
        int enough = taken.get() + ORDERS / 7;
        eventually().atMost(Duration.ofMinutes(5)).until(() -> taken.get() > enough);
    }

    @ParameterizedTest
    @CsvSource({
        "othername,SSLPeerUnverifiedException",
        "untrusted,SSLHandshakeException",
        "outdated,SSLHandshakeException"
    })
    void aServerThatIsNotProvenToBeTenpayHearsNothing(String account, String why) {
        String number = newNumber();
        assertThat(postOrder(number, account).status()).isEqualTo(202);
        assertThat(history(number)).containsExactly("order STORED CREATED", "checkout-pay NO_RESPONSE CREATED");
        assertThat(db.sql("select h.detail::text from history h join payment p on p.id = h.payment_id"
                                + " where p.order_no = ? and h.source = 'checkout-pay'")
                        .param(number)
                        .query(String.class)
                        .single())
                .contains("no answer: " + why);
        assertThat(TENPAY.get(account).calls("checkout-pay", number)).isZero();
    }

    @Test
    void authenticatesToProxyAndNotToTenpay() {
        String number = newNumber();
        assertThat(postOrder(number, "moody").status()).isEqualTo(201);
        String target = TENPAY.get("steady").url().replace("https://", "");
        assertThat(PROXY.opened()).contains(target);
        assertThat(PROXY.refused())
                .contains("CONNECT " + target + " HTTP/1.1")
                .noneMatch(line -> line.startsWith("POST"));
        assertThat(TENPAY.get("steady").headersOf(number)).doesNotContainKey("Proxy-authorization");
    }

    @Test
    void certificatesThatEndSoonAreAWarningAndAMetric() {
        Answer health = send("GET", "/actuator/health/certificates", FAMILY, null);
        assertThat(health.status()).isEqualTo(200);
        assertThat(health.text("status")).isEqualTo("WARNING");
        assertThat(health.content()).contains("\"daysLeft\":29").doesNotContain("macau");
        assertThat(get("/actuator/metrics/tenpay.certificate.expiry?tag=account:moody&tag=kind:merchant")
                        .content())
                .contains("\"value\":29.0");
    }
}
