package dev.tenpayroutes.payment;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import dev.tenpayroutes.api.ProblemException;
import dev.tenpayroutes.camel.ReloadableFile;
import dev.tenpayroutes.config.InvalidConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Currency;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.Resource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The rules of {@code payment-methods.yaml}: what a method allows is data, how a rule is checked is here.
 *
 * <p>A broken rule is told with its code, the limit and the value. Amounts are {@code long}
 * minor units throughout. Safe for use by many threads; {@link #load} replaces all rules or none.
 */
@Configuration(proxyBeanMethods = false)
public class PaymentMethods implements ReloadableFile {

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            // YAML reads an unquoted NO (Norway) as false.
            .withCoercionConfig(
                    LogicalType.Textual, text -> text.setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
            .build();

    record Limit(String currency, long min, long max) {}

    record Validity(int min, int max, @Nullable Integer clampUpTo) {
        Validity {
            if (min < 1 || max < min || (clampUpTo != null && clampUpTo <= max)) {
                throw new IllegalArgumentException("validity needs 1 <= min <= max < clampUpTo");
            }
        }

        boolean clamps(int seconds) {
            return clampUpTo != null && seconds > max && seconds <= clampUpTo;
        }
    }

    record Refund(@Nullable Integer windowDays, @Nullable List<Limit> limits) {}

    record Method(
            String name,
            String methodKey,
            List<String> regions,
            @Nullable List<String> currencies,
            @Nullable List<Limit> limits,
            Validity validity,
            boolean closable,
            Refund refund) {

        Method {
            if (methodKey == null || regions == null || validity == null || refund == null) {
                throw new IllegalArgumentException("methodKey, regions, validity and refund are needed");
            }
        }
    }

    private record Rules(Map<String, Method> methods, JsonNode asWritten) {}

    private final Resource file;
    private volatile Rules rules;

    PaymentMethods(@Value("${tenpay.routes}/payment-methods.yaml") Resource file) {
        this.file = file;
        this.rules = read();
    }

    @Override
    public String name() {
        return "payment-methods.yaml";
    }

    @Override
    public void load() {
        rules = read();
    }

    /** The names of all methods. */
    Set<String> names() {
        return rules.methods().keySet();
    }

    private Rules read() {
        try (InputStream in = file.getInputStream()) {
            LoaderOptions options = new LoaderOptions();
            options.setAllowDuplicateKeys(false);
            JsonNode tree = JSON.valueToTree(new Yaml(new SafeConstructor(options)).load(in));
            Map<String, Method> methods = JSON.convertValue(
                    tree, JSON.getTypeFactory().constructMapType(Map.class, String.class, Method.class));
            return new Rules(Map.copyOf(methods), tree);
        } catch (IOException | RuntimeException e) {
            String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw new InvalidConfigurationException(
                    file.getDescription(),
                    "can't be read: " + reason,
                    "correct the file; its head says what each word means");
        }
    }

    /**
     * Checks an order against its method's rules; sets {@code methodKey} and {@code validitySeconds}, or {@code brokenRule}
     * and {@code why}: a rule that was changed since doesn't break an order that was taken before.
     */
    @Bean
    Processor paymentMethodRules() {
        return exchange -> {
            try {
                check(exchange, exchange.getMessage().getMandatoryBody(JsonNode.class));
            } catch (ProblemException e) {
                exchange.setVariable("violatedRule", e.problem().code());
                exchange.setVariable("detail", e.problem().detail());
            }
        };
    }

    private void check(Exchange exchange, JsonNode order) {
        String name = order.path("paymentMethod").asText();
        Method method = rules.methods().get(name);
        if (method == null) {
            throw new ProblemException("PAYMENT_METHOD_UNKNOWN.order", "methods", sorted(), "method", name);
        }
        String region = order.path("region").asText();
        if (!method.regions().contains(region)) {
            throw new ProblemException(
                    "REGION_NOT_SUPPORTED.order", "method", name, "regions", method.regions(), "region", region);
        }
        check(name, method, order.path("amount"));
        exchange.setVariable("methodKey", method.methodKey());
        exchange.setVariable("validitySeconds", validity(name, method, order));
    }

    private static void check(String name, Method method, JsonNode amount) {
        if (!amount.path("total").canConvertToLong()) {
            throw new ProblemException("AMOUNT_OUT_OF_RANGE.too-large");
        }
        long total = amount.path("total").longValue();
        String currency = amount.path("currency").asText();
        boolean allowed = method.currencies() == null
                ? isIso4217(currency)
                : method.currencies().contains(currency);
        if (!allowed) {
            throw new ProblemException(
                    "CURRENCY_NOT_SUPPORTED.order",
                    "method",
                    name,
                    "currencies",
                    method.currencies() == null ? "ISO 4217 currencies" : method.currencies(),
                    "currency",
                    currency);
        }
        for (Limit limit : method.limits() == null ? List.<Limit>of() : method.limits()) {
            if (limit.currency().equals(currency) && (total < limit.min() || total > limit.max())) {
                throw new ProblemException(
                        "AMOUNT_OUT_OF_RANGE.order",
                        "method",
                        name,
                        "min",
                        limit.min(),
                        "max",
                        limit.max(),
                        "currency",
                        currency,
                        "total",
                        total);
            }
        }
    }

    private static int validity(String name, Method method, JsonNode order) {
        Validity validity = method.validity();
        int seconds = order.path("validitySeconds").asInt(validity.max());
        if (validity.clamps(seconds)) {
            return validity.max();
        }
        if (seconds < validity.min() || seconds > validity.max()) {
            int longest = validity.clampUpTo() == null ? validity.max() : validity.clampUpTo();
            throw new ProblemException(
                    "VALIDITY_OUT_OF_RANGE.order",
                    "method",
                    name,
                    "min",
                    validity.min(),
                    "max",
                    longest,
                    "seconds",
                    seconds);
        }
        return seconds;
    }

    /** Sets {@code refundRules}: what the method of the body's payment says of refunds in its currency, as JSON. */
    @Bean
    Processor refundRules() {
        return exchange -> {
            JsonNode payment = exchange.getMessage().getMandatoryBody(JsonNode.class);
            String name = payment.path("payment_method").asText();
            ObjectNode found = JSON.createObjectNode().put("method", name);
            Method method = rules.methods().get(name);
            if (method != null) {
                found.put("windowDays", method.refund().windowDays());
                for (Limit limit : method.refund().limits() == null
                        ? List.<Limit>of()
                        : method.refund().limits()) {
                    if (limit.currency().equals(payment.path("currency").asText())) {
                        found.put("min", limit.min()).put("max", limit.max());
                    }
                }
            }
            exchange.setVariable("refundRules", found.toString());
        };
    }

    /** Refuses to close an open payment whose method can't be closed; one that is final already passes. */
    @Bean
    Processor requireClosable() {
        return exchange -> {
            JsonNode payment = exchange.getMessage().getMandatoryBody(JsonNode.class);
            String name = payment.path("payment_method").asText();
            Method method = rules.methods().get(name);
            boolean open =
                    Set.of("CREATED", "PENDING").contains(payment.path("status").asText());
            if (open && method != null && !method.closable()) {
                throw new ProblemException("CLOSE_NOT_SUPPORTED.method", "method", name);
            }
        };
    }

    /** The rules as they are written become the body. */
    @Bean
    Processor listPaymentMethods() {
        return exchange -> exchange.getMessage().setBody(rules.asWritten());
    }

    private List<String> sorted() {
        return rules.methods().keySet().stream().sorted().toList();
    }

    private static boolean isIso4217(String code) {
        return Currency.getAvailableCurrencies().stream()
                .anyMatch(c -> c.getCurrencyCode().equals(code));
    }
}
