package dev.tenpayroutes.payment;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tenpayroutes.api.ProblemException;
import dev.tenpayroutes.security.Client;
import dev.tenpayroutes.security.SecurityConfiguration;
import org.apache.camel.Processor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of {@code reviews}. */
@Configuration(proxyBeanMethods = false)
class ReviewProcessors {

    /**
     * Sets the decision of the body as {@code reviewOutcome} and {@code reviewNote}, and {@code client}, which made it. To send
     * money back needs the scope for refunds as well.
     */
    @Bean
    Processor reviewDecision() {
        return exchange -> {
            Client client = SecurityConfiguration.clientOf(exchange);
            JsonNode body = exchange.getMessage().getMandatoryBody(JsonNode.class);
            String outcome = body.path("outcome").asText();
            if (outcome.equals("REFUND") && !client.scopes().contains(SecurityConfiguration.REFUND)) {
                throw new ProblemException("FORBIDDEN.refund-outcome", "scope", SecurityConfiguration.REFUND);
            }
            // A refund finds its caller's payment once more, when the message is another than the request's.
            exchange.setProperty(SecurityConfiguration.CLIENT, client);
            exchange.setVariable("reviewOutcome", outcome);
            exchange.setVariable("reviewNote", body.path("note").asText());
            exchange.setVariable("client", client.name());
        };
    }
}
