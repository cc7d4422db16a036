package dev.tenpayroutes.payment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.springboot.PlatformHttpMessage;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.ClassPathResource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What is stored, in words by code, for people: in English, or in Chinese where {@code Accept-Language} prefers it. The words
 * are those of {@code sentences.yaml}.
 */
@Configuration(proxyBeanMethods = false)
class Sentences {

    private final Map<String, Map<String, String>> catalogue;

    Sentences() throws IOException {
        try (InputStream in = new ClassPathResource("sentences.yaml").getInputStream()) {
            catalogue = new Yaml(new SafeConstructor(new LoaderOptions())).load(in);
        }
    }

    /** Sets {@code language}, in which the caller is answered. Before anything replaces the request's message. */
    @Bean
    Processor requestedLanguage() {
        return exchange -> {
            String accepted =
                    exchange.getIn(PlatformHttpMessage.class).getRequest().getHeader("Accept-Language");
            exchange.setVariable(
                    "language",
                    accepted != null && accepted.toLowerCase(Locale.ROOT).startsWith("zh") ? "zh" : "en");
        };
    }

    /** Adds {@code explanation} to a row of {@code payment-detail.sql}: how it stands, what the ERP knows, and what is next. */
    @Bean
    Processor explainPayment() {
        return exchange -> {
            ObjectNode row = (ObjectNode) exchange.getMessage().getMandatoryBody(JsonNode.class);
            ObjectNode explanation = row.putObject("explanation");
            String review = row.path("review").textValue();
            sentence(
                    explanation.putObject("summary"),
                    exchange,
                    review == null ? "payment." + row.path("status").asText() : "review." + review,
                    null,
                    Map.of("expiresAt", text(row, "expires_at"), "paidAt", text(row, "paid_at")));
            JsonNode event = row.path("last_event");
            String told = event.path("status").asText("NONE");
            ObjectNode erp = explanation.putObject("erp").put("told", told.equals("DELIVERED"));
            if (event.hasNonNull("type")) {
                erp.put("event", event.path("type").asText());
            }
            sentence(
                    erp,
                    exchange,
                    "erp." + told,
                    told.equals("DELIVERED") ? event.path("delivered_at").textValue() : null,
                    Map.of());
            next(explanation.putObject("nextStep"), exchange, row, event);
        };
    }

    private void next(ObjectNode step, Exchange exchange, JsonNode row, JsonNode event) {
        if (row.hasNonNull("review")) {
            sentence(step, exchange, "next.REVIEW", null, Map.of());
        } else if (row.hasNonNull("next_poll_at")) {
            sentence(step, exchange, "next.ASK_TENPAY", row.path("next_poll_at").asText(), Map.of());
        } else if (event.hasNonNull("next_attempt_at")) {
            sentence(
                    step,
                    exchange,
                    "next.TELL_ERP",
                    event.path("next_attempt_at").asText(),
                    Map.of());
        } else if (row.hasNonNull("reconcile_at")) {
            sentence(step, exchange, "next.CONFIRM", row.path("reconcile_at").asText(), Map.of());
        } else {
            sentence(step, exchange, "next.NONE", null, Map.of());
        }
    }

    /** Adds {@code code} and {@code text} to each row of a page of history. */
    @Bean
    Processor explainHistory() {
        return exchange -> {
            for (JsonNode row :
                    exchange.getMessage().getMandatoryBody(JsonNode.class).path("history")) {
                String source = row.path("source").asText();
                String outcome = row.path("outcome").asText();
                ((ObjectNode) row)
                        .put("code", source + "." + outcome)
                        .put(
                                "text",
                                words(
                                        exchange,
                                        "outcome." + outcome,
                                        Map.of(
                                                "source", words(exchange, "source." + source, Map.of()),
                                                "before", text(row, "status_before"),
                                                "after", text(row, "status_after"))));
            }
        };
    }

    private void sentence(
            ObjectNode target, Exchange exchange, String code, @Nullable String at, Map<String, String> values) {
        target.put("code", code);
        target.put("text", words(exchange, code, at == null ? values : Map.of("at", at)));
        if (at != null) {
            target.put("at", at);
        }
    }

    private String words(Exchange exchange, String code, Map<String, String> values) {
        Map<String, String> sentence = catalogue.get(code);
        // A code of a later version, while instances of both run.
        String words = sentence == null
                ? code
                : Objects.requireNonNull(sentence.get(exchange.getVariable("language", "en", String.class)));
        for (Map.Entry<String, String> value : values.entrySet()) {
            words = words.replace("{" + value.getKey() + "}", value.getValue());
        }
        return words;
    }

    private static String text(JsonNode row, String field) {
        return row.path(field).asText("");
    }
}
