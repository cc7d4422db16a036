package dev.tenpayroutes.config;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;

/** Logs, once everything runs, version, port and routes; in the sandbox also what to type next. */
@Configuration(proxyBeanMethods = false)
class StartupMessage {

    private static final Logger LOG = LoggerFactory.getLogger("start");
    private static final String ORDER = """
            {"orderNo":"SO-2026-000123","paymentMethod":"PAYNOW","region":"SG",\
            "amount":{"total":1050,"currency":"SGD"},"description":"2 x latte"}""";

    private final Environment environment;
    private final String routes;

    StartupMessage(Environment environment, @Value("${tenpay.routes}") String routes) {
        this.environment = environment;
        this.routes = routes;
    }

    @EventListener
    void ready(ApplicationReadyEvent event) {
        String port = environment.getProperty("local.server.port");
        LOG.info(
                "tenpay-global-routes {} ready on port {} in {} s, routes from {}",
                ProgramVersion.read(),
                port,
                event.getTimeTaken() == null ? "?" : event.getTimeTaken().toMillis() / 1000.0,
                routes);
        if (environment.acceptsProfiles(Profiles.of("sandbox"))) {
            String url = "http://127.0.0.1:" + port;
            LOG.info("""
                    sandbox: a Tenpay stand-in inside, no money moves

                      URL      {}
                      API key  sandbox-key
                      console  {}/console, name sandbox, password sandbox

                    Post an order (next, in another terminal), then look at it, now and in 5 seconds:

                      curl -s {}/v1/payments -H 'X-API-Key: sandbox-key' -H 'Content-Type: application/json' -d '{}'
                      curl -s {}/v1/payments/SO-2026-000123 -H 'X-API-Key: sandbox-key'
                    """, url, url, url, ORDER, url);
        }
    }
}
