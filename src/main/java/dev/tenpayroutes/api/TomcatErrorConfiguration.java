package dev.tenpayroutes.api;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.apache.coyote.ActionCode;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.security.web.firewall.RequestRejectedHandler;

/**
 * What Tomcat or Spring's firewall refuses before any of us sees it (a path that can't be decoded, a broken request line,
 * an unknown method) is a {@link Problem} like every other refusal, and not a page of Tomcat's.
 */
@Configuration(proxyBeanMethods = false)
class TomcatErrorConfiguration {

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> containerProblems() {
        return factory -> {
            factory.addEngineValves(new UnreadBodies());
            factory.addContextCustomizers(
                    context -> context.getParent().getPipeline().addValve(new ProblemValve()));
            factory.addConnectorCustomizers(connector -> {
                // A form is bytes like every other body: its parameters would be read from a body that nothing has
                // limited.
                connector.setParseBodyMethods("NONE");
                // A sender that waits for leave to send hears its refusal first.
                connector.setProperty("continueResponseTiming", "onRead");
            });
        };
    }

    /** Left to itself it would call for the error page, and refuse that for the same method again. */
    @Bean
    RequestRejectedHandler firewallProblems() {
        return (request, response, e) -> ProblemErrorController.problem(HttpServletResponse.SC_BAD_REQUEST)
                .write(request, response);
    }

    /** What can't be decoded: Tomcat leaves such a parameter out in silence, and Spring fails over such a path. */
    private static final Pattern UNREADABLE = Pattern.compile("%(?![0-9A-Fa-f]{2})|[?&]=");

    /**
     * A letter, digit, '-', '.', '_' or '~' that is percent-encoded (RFC 3986, 2.3): what reads the path as it was sent and
     * what reads it decoded would see two different paths.
     */
    private static final Pattern NEEDLESSLY_ENCODED =
            Pattern.compile("(?i)%(2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])");

    @Bean
    FilterRegistrationBean<Filter> readableTargets() {
        FilterRegistrationBean<Filter> first = new FilterRegistrationBean<>((request, response, chain) -> {
            HttpServletRequest http = (HttpServletRequest) request;
            String query = http.getQueryString() == null ? "" : "?" + http.getQueryString();
            if (UNREADABLE.matcher(http.getRequestURI() + query).find()
                    || NEEDLESSLY_ENCODED.matcher(http.getRequestURI()).find()) {
                ProblemErrorController.problem(HttpServletResponse.SC_BAD_REQUEST)
                        .write(http, (HttpServletResponse) response);
            } else {
                chain.doFilter(request, response);
            }
        });
        first.setOrder(Ordered.HIGHEST_PRECEDENCE);
        return first;
    }

    /** Stands inside Tomcat's own, which then finds the answer written. */
    private static final class ProblemValve extends ErrorReportValve {

        @Override
        protected void report(Request request, Response response, @Nullable Throwable failure) {
            boolean open =
                    response.getStatus() >= 400 && response.getContentWritten() == 0 && response.setErrorReported();
            AtomicBoolean writable = new AtomicBoolean();
            response.getCoyoteResponse().action(ActionCode.IS_IO_ALLOWED, writable);
            if (open && writable.get()) {
                try {
                    ProblemErrorController.problem(response.getStatus())
                            .write(request.getRequest(), response.getResponse());
                    response.finishResponse();
                } catch (IOException e) {
                    getContainer().getLogger().debug("a refusal could not be written", e);
                }
            }
        }
    }
}
