package dev.tenpayroutes.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tenpayroutes.account.Account;
import dev.tenpayroutes.config.SignatureProperties;
import dev.tenpayroutes.signature.SignatureVerifier.UnverifiedException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import javax.security.auth.x500.X500Principal;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.component.http.HttpEndpoint;
import org.apache.camel.support.DefaultExchange;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.jsse.SSLContextParameters;
import org.apache.camel.support.jsse.TrustManagersParameters;
import org.apache.hc.client5.http.classic.HttpClient;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.Configurable;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;

/** Looks at what lies between Tenpay and us, with the HTTP client and the route that calls take. */
final class TenpayCheck {

    /** As {@code tenpay-request} names it: the same client, with its proxy, trust store and timeouts. */
    private static final String CLIENT =
            "http:tenpay?throwExceptionOnFailure=false&copyHeaders=false&skipRequestHeaders=false";

    private static final Timeout MAX_WAIT = Timeout.ofSeconds(3);
    private static final Duration SMALL = Duration.ofSeconds(30);
    private static final long FEW_DAYS = 10;
    private static final int MAX_NAME_LENGTH = 150;
    private static final int MAX_RESPONSE_LENGTH = 64 * 1024;

    private final ApplicationContext context;
    private final Clock clock;
    private final SecureRandom random;
    private final CamelContext camel;
    private final HttpClient client;
    private final Duration freshness;

    TenpayCheck(ApplicationContext context, Clock clock, SecureRandom random) {
        this.context = context;
        this.clock = clock;
        this.random = random;
        this.camel = context.getBean(CamelContext.class);
        this.client = camel.getEndpoint(CLIENT, HttpEndpoint.class).getHttpClient();
        this.freshness = context.getBean(SignatureProperties.class).freshness();
    }

    private record Answer(
            int status,
            @Nullable String date,
            String body,
            @Nullable SSLSession session) {}

    private Answer send(HttpUriRequestBase request) throws IOException {
        return send(client, request);
    }

    private static Answer send(HttpClient client, HttpUriRequestBase request) throws IOException {
        HttpClientContext seen = HttpClientContext.create();
        if (client instanceof Configurable configured) {
            request.setConfig(RequestConfig.copy(configured.getConfig())
                    .setResponseTimeout(MAX_WAIT)
                    .build());
        }
        return client.execute(request, seen, response -> {
            HttpEntity entity = response.getEntity();
            String body = entity == null ? "" : EntityUtils.toString(entity, MAX_RESPONSE_LENGTH);
            String date = response.containsHeader("Date")
                    ? response.getFirstHeader("Date").getValue()
                    : null;
            return new Answer(response.getCode(), date, body, seen.getSSLSession());
        });
    }

    /** Whether the base URL can be reached, who is there by its certificates, and how far our clock is from its. */
    List<CheckResult> reach(URI url) {
        List<CheckResult> lines = new ArrayList<>();
        try {
            Answer answer = send(new HttpGet(url + "/"));
            if (answer.status() == 407) {
                return List.of(
                        CheckResult.fail(url + ": the proxy refuses us (407)", "correct the proxy's credentials"));
            }
            lines.add(CheckResult.ok(url + " answers"));
            chain(url, answer, lines);
            lines.add(clock(url, answer.date()));
        } catch (IOException e) {
            lines.add(CheckResult.fail(url + " " + trouble(e), remedy(e)));
            if (e instanceof SSLException) {
                lines.addAll(presented(url));
            }
        }
        return lines;
    }

    /** What whom we don't trust shows of itself, on the same way: a handshake that is refused before anything is sent. */
    private List<CheckResult> presented(URI url) {
        PresentedCertificates presented = new PresentedCertificates();
        TrustManagersParameters trust = new TrustManagersParameters();
        trust.setTrustManager(presented);
        SSLContextParameters tls = new SSLContextParameters();
        tls.setTrustManagers(trust);
        tls.setSecureSocketProtocols(context.getBean(SSLContextParameters.class).getSecureSocketProtocols());
        String name = "presented-" + url.getHost() + "-" + url.getPort();
        camel.getRegistry().bind(name, tls);
        try {
            send(
                    camel.getEndpoint(CLIENT + "&sslContextParameters=#" + name, HttpEndpoint.class)
                            .getHttpClient(),
                    new HttpGet(url + "/"));
        } catch (IOException e) {
            // As it must: who was shown is refused.
        }
        return presented.chain().stream()
                .map(certificate -> CheckResult.warn(
                        url.getHost() + ": shows certificate " + words(certificate),
                        "if it is Tenpay's, or that of a proxy of yours, trust its issuer:"
                                + " spring.ssl.bundle.pem.tenpay.truststore.certificate"))
                .toList();
    }

    private long daysLeft(X509Certificate certificate) {
        return Duration.between(clock.instant(), certificate.getNotAfter().toInstant())
                .toDays();
    }

    private String words(X509Certificate certificate) {
        return name(certificate.getSubjectX500Principal()) + " by " + name(certificate.getIssuerX500Principal()) + ", "
                + daysLeft(certificate) + " days left";
    }

    /** A certificate may hold any text, and a terminal obeys some of it. */
    private static String name(X500Principal of) {
        String name = of.getName().replaceAll("[\\p{Cntrl}\\p{Cf}]", "?");
        return name.length() > MAX_NAME_LENGTH ? name.substring(0, MAX_NAME_LENGTH) + "…" : name;
    }

    private void chain(URI url, Answer answer, List<CheckResult> lines) throws IOException {
        if (answer.session() == null) {
            if (!isHere(url)) {
                lines.add(CheckResult.warn(
                        url + " is not https: any host on the way can read it", "give the https address of Tenpay"));
            }
            return;
        }
        for (Certificate certificate : answer.session().getPeerCertificates()) {
            if (certificate instanceof X509Certificate x509) {
                String words = url.getHost() + ": " + answer.session().getProtocol() + ", certificate " + words(x509);
                lines.add(
                        daysLeft(x509) >= FEW_DAYS
                                ? CheckResult.ok(words)
                                : CheckResult.warn(words, "if it isn't replaced in time, calls fail: ask whose it is"));
            }
        }
    }

    private CheckResult clock(URI url, @Nullable String date) {
        try {
            Duration apart = Duration.between(
                            DateTimeFormatter.RFC_1123_DATE_TIME.parse(String.valueOf(date), Instant::from),
                            clock.instant())
                    .abs();
            String words = "clock: " + apart.toSeconds() + " s from that of " + url.getHost();
            String remedy = "set this machine's clock by NTP; beyond " + freshness.toSeconds()
                    + " s no answer and no notification counts";
            return apart.compareTo(freshness) > 0
                    ? CheckResult.fail(words, remedy)
                    : apart.compareTo(SMALL) > 0 ? CheckResult.warn(words, remedy) : CheckResult.ok(words);
        } catch (DateTimeException e) {
            return CheckResult.warn(
                    "clock: " + url.getHost() + " doesn't tell the time", "compare this machine's clock by hand");
        }
    }

    /** Whether Tenpay could send its notifications to us: by the looks of the URL, and by trying it from here. */
    List<CheckResult> notify(URI url, String account, Set<URI> baseUrls) throws IOException {
        boolean elsewhere = baseUrls.stream().anyMatch(base -> !isHere(base));
        List<CheckResult> lines = new ArrayList<>();
        String setting = "tenpay.notify-base-url " + url;
        if (elsewhere && isHere(url)) {
            return List.of(CheckResult.fail(
                    setting + " is this machine: Tenpay can't reach it", "set it to our public https address"));
        }
        if (elsewhere && isPrivate(url)) {
            lines.add(CheckResult.warn(
                    setting + " leads to a private address, as seen from here",
                    "see to it that its name leads to us from the internet as well"));
        }
        if (elsewhere && !"https".equals(url.getScheme())) {
            lines.add(
                    CheckResult.warn(setting + " is not https", "put a proxy with TLS in front, and name its address"));
        }
        if (!url.getRawPath().isEmpty()) {
            lines.add(CheckResult.warn(
                    setting + " has a path: Tenpay will send to " + url.getRawPath() + "/webhooks/…",
                    "leave it only if a proxy takes it off again"));
        }
        if (lines.isEmpty()) {
            lines.add(CheckResult.ok(setting + ", by its looks"));
        }
        lines.add(webhook(url + "/webhooks/tenpay/" + account + "/payments"));
        return lines;
    }

    private CheckResult webhook(String hook) {
        String fromHere =
                "nothing to do if it isn't running yet, or only the internet reaches it that way; else make the"
                        + " proxy pass POST on";
        try {
            HttpPost post = new HttpPost(hook);
            post.setEntity(new StringEntity("{}", ContentType.APPLICATION_JSON));
            Answer answer = send(post);
            return answer.status() == 401 && answer.body().contains("\"FAIL\"")
                    ? CheckResult.ok(hook + " leads to this program, and refuses what Tenpay hasn't signed")
                    : CheckResult.warn(
                            hook + " is answered with " + answer.status() + ", not by this program", fromHere);
        } catch (IOException e) {
            return CheckResult.warn(hook + " " + trouble(e) + ", asked from here", fromHere);
        }
    }

    /** Asks about an order that can't exist, by the route that all calls take, and explains the answer. */
    List<CheckResult> ask(Account account) throws Exception {
        String name = "account " + account.name() + ": Tenpay, asked about an order that doesn't exist, ";
        if (!account.isAvailable()) {
            return List.of(CheckResult.fail(
                    "account " + account.name() + ": Tenpay wasn't asked", "correct the account first"));
        }
        Exchange asked = inquire(account);
        String status = asked.getVariable("tenpayStatus", "", String.class);
        if (status.equals("none")) {
            return List.of(unanswered(name, asked));
        }
        JsonNode answer = asked.getMessage().getBody(JsonNode.class);
        String code = answer.path("code").asText();
        String said =
                name + "says " + (code.matches("[A-Z_]{1,40}") ? code : "nothing we know") + " (HTTP " + status + ")";
        String serial = account.credential().serial();
        return List.of(
                switch (status + " " + code) {
                    case "404 ORDER_NOT_EXIST" -> CheckResult.ok(said + ", signed and verified: all is well");
                    case "401 SIGN_ERROR" ->
                        CheckResult.fail(
                                said,
                                "is the certificate " + serial + " uploaded in the portal, for merchant "
                                        + account.merchantId()
                                        + "; is the clock right; else see docs/tenpay-assumptions.md, W1");
                    case "403 NO_AUTH" ->
                        CheckResult.fail(
                                said,
                                "is merchant-id " + account.merchantId() + " right, and enabled for Tenpay Global at "
                                        + account.baseUrl());
                    default ->
                        CheckResult.warn(
                                said + ", signed and verified",
                                status.startsWith("5") || status.equals("429")
                                        ? "Tenpay has trouble or is busy: try again later"
                                        : "compare it with docs/tenpay-assumptions.md, W5 and W8");
                });
    }

    private Exchange inquire(Account account) throws Exception {
        String location = context.getEnvironment().getProperty("tenpay.routes", "");
        byte[] nonce = new byte[8];
        random.nextBytes(nonce);
        String number = "preflight-" + HexFormat.of().formatHex(nonce);
        Exchange exchange = new DefaultExchange(camel);
        exchange.setVariable("account", account.name());
        exchange.setVariable("source", "inquiry-payment");
        exchange.setVariable("number", number);
        exchange.getMessage()
                .setBody(JsonNodeFactory.instance
                        .objectNode()
                        .put("merchant_id", account.merchantId())
                        .put("order_no", number));
        Expression body = camel.resolveLanguage("jq")
                .createExpression("resource:" + location + "/mappings/payment-to-inquiry.jq");
        body.init(camel);
        exchange.getMessage().setBody(body.evaluate(exchange, byte[].class));
        context.getBean(ProducerTemplate.class).send("direct:tenpay-request", exchange);
        if (exchange.getException() != null) {
            throw exchange.getException();
        }
        return exchange;
    }

    /** Makes ready what {@link #ask} needs. */
    void loadRoute() throws Exception {
        String location = context.getEnvironment().getProperty("tenpay.routes", "");
        camel.start();
        for (String file : List.of("error-handling", "tenpay-request")) {
            PluginHelper.getRoutesLoader(camel)
                    .loadRoutes(PluginHelper.getResourceLoader(camel)
                            .resolveResource(location + "/" + file + ".camel.yaml"));
        }
    }

    private static CheckResult unanswered(String name, Exchange asked) {
        String problem = asked.getVariable("tenpayProblem", "", String.class);
        Throwable failure = asked.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
        if (!(failure instanceof UnverifiedException unverified)) {
            return CheckResult.fail(name + "gave nothing usable: " + problem, "see what is said of its base URL");
        }
        return CheckResult.fail(
                name + "gave nothing that counts: " + problem,
                switch (unverified.reason()) {
                    case MISSING, MALFORMED ->
                        "was it Tenpay that answered: is tenpay.base-url right, and is there a proxy of yours in between;"
                                + " else see docs/tenpay-assumptions.md, W2";
                    case STALE -> "set this machine's clock by NTP";
                    case UNKNOWN_SERIAL ->
                        "download the platform certificate of this merchant from the portal into the account's folder";
                    case WRONG, REPLAYED ->
                        "is the platform certificate of this environment (UAT or production), and does a proxy change"
                                + " answers; else see docs/tenpay-assumptions.md, W2";
                });
    }

    private static String trouble(IOException failure) {
        if (failure instanceof UnknownHostException) {
            return "has a name that is unknown here";
        }
        if (failure instanceof ConnectException) {
            return "refuses the connection";
        }
        if (failure instanceof InterruptedIOException) {
            return "does not answer in time";
        }
        if (failure instanceof SSLException) {
            Throwable root = failure;
            while (root.getCause() != null) {
                root = root.getCause();
            }
            return "can't prove who it is (TLS: "
                    + String.valueOf(root.getMessage()).replaceAll("\\s+", " ") + ")";
        }
        return "does not answer (" + failure.getClass().getSimpleName() + ")";
    }

    private static String remedy(IOException failure) {
        return failure instanceof SSLException
                ? "put the certificate authority of Tenpay, or that of your proxy, into the trust store; never turn the check off"
                : "correct the address, start what should be there, or let us through the firewall or proxy";
    }

    private static boolean isHere(URI url) {
        String host = url.getHost().toLowerCase(Locale.ROOT);
        return host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]") || host.equals("0.0.0.0");
    }

    private static boolean isPrivate(URI url) {
        try {
            InetAddress address = InetAddress.getByName(url.getHost());
            return address.isSiteLocalAddress()
                    || address.isLinkLocalAddress()
                    || address.isLoopbackAddress()
                    || address.isAnyLocalAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
