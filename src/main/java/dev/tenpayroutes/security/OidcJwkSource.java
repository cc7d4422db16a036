package dev.tenpayroutes.security;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.text.ParseException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An issuer's public keys, as it tells them now: by its discovery document (OpenID Connect Discovery 1.0), so that they
 * may move. Only over https, or on this machine: an attacker who changes them on the way could make tokens.
 */
final class OidcJwkSource implements JWKSetSource<SecurityContext> {

    private static final Logger LOG = LoggerFactory.getLogger(OidcJwkSource.class);
    private static final int MILLIS = 2000;
    private static final int LARGEST = 256 * 1024;
    private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

    private final JsonMapper json = new JsonMapper();
    private final DefaultResourceRetriever http = new DefaultResourceRetriever(MILLIS, MILLIS, LARGEST);
    private final String issuer;
    private volatile boolean given;

    OidcJwkSource(String issuer) {
        this.issuer = issuer;
    }

    static boolean isTrustworthy(String url) {
        try {
            URI uri = new URI(url);
            boolean near =
                    "http".equals(uri.getScheme()) && uri.getHost() != null && THIS_MACHINE.contains(uri.getHost());
            return near || ("https".equals(uri.getScheme()) && uri.getHost() != null);
        } catch (URISyntaxException e) {
            return false;
        }
    }

    /** Whether the issuer gave its keys when it was last asked. */
    boolean given() {
        return given;
    }

    @Override
    public JWKSet getJWKSet(JWKSetCacheRefreshEvaluator evaluator, long now, @Nullable SecurityContext context)
            throws JWKSetUnavailableException {
        try {
            JsonNode about = json.readTree(get(issuer.replaceFirst("/$", "") + "/.well-known/openid-configuration"));
            if (!issuer.equals(about.path("issuer").asText())) {
                throw new IOException("its discovery document is about another issuer");
            }
            JWKSet keys = JWKSet.parse(get(about.path("jwks_uri").asText()));
            given = true;
            return keys;
        } catch (IOException | ParseException e) {
            given = false;
            String why = e instanceof JacksonException ? "its discovery document is not JSON" : e.getMessage();
            LOG.warn("{} does not give its keys: {}", issuer, why);
            throw new JWKSetUnavailableException("the issuer does not give its keys", e);
        }
    }

    private String get(String url) throws IOException {
        if (!isTrustworthy(url)) {
            throw new IOException("it names an address that is not https: " + url);
        }
        return http.retrieveResource(URI.create(url).toURL()).getContent();
    }

    @Override
    public void close() {
        // Nothing is held open.
    }
}
