package dev.tenpayroutes.security;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.Date;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A little issuer of tokens on this machine: discovery, keys, and tokens in any state of repair. */
public final class TestIssuer implements AutoCloseable {

    /** What the issuer answers; tests replace one of these to break it. */
    public volatile String discovery;

    /** How it is asked for its keys. */
    public final AtomicInteger asked = new AtomicInteger();

    public volatile boolean silent;
    public volatile int status = 200;

    /** Making keys is the slowest thing a test does. */
    private static final RSAKey FIRST = rsa("first");

    private static final RSAKey SECOND = rsa("second");
    private static final ECKey ELLIPTIC = ec();

    RSAKey key = FIRST;
    volatile String keys;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Clock clock;

    public TestIssuer(Clock clock) {
        this.clock = clock;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/.well-known/openid-configuration", http -> answer(http, discovery));
        server.createContext("/keys", http -> {
            asked.incrementAndGet();
            answer(http, keys);
        });
        discovery = "{\"issuer\":\"" + url() + "\",\"jwks_uri\":\"" + url() + "/keys\"}";
        publish(key);
        server.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** From now on the issuer signs by a new key, and publishes that alone. */
    void rotate() {
        key = SECOND;
        publish(key);
    }

    private void publish(RSAKey key) {
        keys = new JWKSet(java.util.List.of(key.toPublicJWK(), ELLIPTIC.toPublicJWK())).toString();
    }

    private void answer(HttpExchange http, String body) throws IOException {
        if (silent) {
            // The exchange is left open: the caller waits.
            return;
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        http.getResponseHeaders().set("Content-Type", "application/json");
        http.sendResponseHeaders(status, bytes.length);
        http.getResponseBody().write(bytes);
        http.close();
    }

    /** A good token of {@code erp-backend} for this service. */
    JWTClaimsSet.Builder claims() {
        Instant now = clock.instant();
        return new JWTClaimsSet.Builder()
                .issuer(url())
                .subject("service-account-erp")
                .audience("tenpay-global-routes")
                .claim("azp", "erp-backend")
                .claim("scope", "payments:read payments:write openid")
                .issueTime(Date.from(now.minusSeconds(600)))
                .expirationTime(Date.from(now.plusSeconds(300)));
    }

    public String token() {
        return token(claims -> {});
    }

    /** A good token with something changed. */
    public String token(Consumer<JWTClaimsSet.Builder> change) {
        JWTClaimsSet.Builder claims = claims();
        change.accept(claims);
        return sign(header(JWSAlgorithm.RS256).build(), claims.build());
    }

    /** A token that makes its reader ask for the issuer's keys once more. */
    public String tokenWithUnknownKey() {
        return sign(
                header(JWSAlgorithm.RS256)
                        .keyID("unknown-" + asked.get() + "-" + System.nanoTime())
                        .build(),
                claims().build());
    }

    JWSHeader.Builder header(JWSAlgorithm algorithm) {
        return new JWSHeader.Builder(algorithm).keyID(key.getKeyID()).type(JOSEObjectType.JWT);
    }

    String sign(JWSHeader header, JWTClaimsSet claims) {
        try {
            boolean ec = JWSAlgorithm.Family.EC.contains(header.getAlgorithm());
            return sign(header, claims, ec ? new ECDSASigner(ELLIPTIC) : new RSASSASigner(key));
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A token that says this, whatever it is. */
    String sign(String claims) {
        try {
            JWSObject token = new JWSObject(header(JWSAlgorithm.RS256).build(), new Payload(claims));
            token.sign(new RSASSASigner(key));
            return token.serialize();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    static String sign(JWSHeader header, JWTClaimsSet claims, JWSSigner signer) {
        try {
            SignedJWT token = new SignedJWT(header, claims);
            token.sign(signer);
            return token.serialize();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    static RSAKey rsa(String id) {
        try {
            return new RSAKeyGenerator(2048).keyID(id).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ECKey ec() {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID("ec").generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
