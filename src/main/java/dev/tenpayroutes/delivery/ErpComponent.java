package dev.tenpayroutes.delivery;

import java.util.Map;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.CamelContextHelper;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.support.DefaultEndpoint;
import org.apache.camel.support.DefaultProducer;

/**
 * {@code erp:webhook}: signs the body for the ERP of the exchange's account and starts to send it. The exchange goes on at
 * once; the delivery ends by itself and is collected by {@code collectFinishedAttempts}. Camel finds it by META-INF/services.
 */
public final class ErpComponent extends DefaultComponent {

    @Override
    protected Endpoint createEndpoint(String uri, String name, Map<String, Object> parameters) {
        if (!name.equals("webhook")) {
            throw new IllegalArgumentException("erp:" + name + " is unknown; use erp:webhook");
        }
        return new ErpEndpoint(uri, this);
    }

    private final class ErpEndpoint extends DefaultEndpoint {
        ErpEndpoint(String uri, ErpComponent component) {
            super(uri, component);
        }

        @Override
        public Producer createProducer() {
            Processor send = CamelContextHelper.mandatoryLookup(getCamelContext(), "sendEvent", Processor.class);
            return new DefaultProducer(this) {
                @Override
                public void process(Exchange exchange) throws Exception {
                    send.process(exchange);
                }
            };
        }

        @Override
        public Consumer createConsumer(Processor processor) {
            throw new UnsupportedOperationException("events are sent to an ERP, and never read from it");
        }
    }
}
