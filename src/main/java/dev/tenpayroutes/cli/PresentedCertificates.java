package dev.tenpayroutes.cli;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.X509TrustManager;

/** Keeps the certificates that a server presents, and trusts none: no request is ever sent by it. */
final class PresentedCertificates implements X509TrustManager {

    private List<X509Certificate> chain = List.of();

    /** The server's own certificate first; empty before a handshake. */
    List<X509Certificate> chain() {
        return chain;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind) throws CertificateException {
        this.chain = List.of(chain);
        throw new CertificateException("only looked at");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind) throws CertificateException {
        throw new CertificateException("no client");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
