package dev.tenpayroutes.delivery;

import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayProperties;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * The ERP's addresses, by account: a program that started can sign for each of them, and may send there as far as that can
 * be known before a name is looked up.
 *
 * <p>An unusable setting is a {@link InvalidConfigurationException} at start-up that names the setting and the remedy, never its value.
 */
@Component
public class WebhookEndpoints {

    /** Every event there is. */
    static final List<String> TYPES = List.of(
            "payment.pending",
            "payment.succeeded",
            "payment.failed",
            "payment.closed",
            "payment.expired",
            "payment.review",
            "payment.review_resolved",
            "refund.pending",
            "refund.succeeded",
            "refund.failed",
            "refund.review",
            "refund.review_resolved");

    private static final Set<String> OURS = Set.of(
            "host",
            "content-length",
            "content-type",
            "transfer-encoding",
            "connection",
            "upgrade",
            "te",
            "trailer",
            "expect");

    private final Map<String, WebhookEndpoint> endpoints = new LinkedHashMap<>();

    private final List<ConfigurationProblem> problems = new ArrayList<>();

    @Autowired
    WebhookEndpoints(TenpayProperties settings, Accounts accounts, EgressPolicy networks) {
        this(settings, accounts.names(), networks);
    }

    WebhookEndpoints(TenpayProperties settings, Set<String> accounts, EgressPolicy networks) {
        read(settings, accounts, networks);
        if (!problems.isEmpty()) {
            throw new InvalidConfigurationException(problems);
        }
    }

    private WebhookEndpoints() {}

    private void read(TenpayProperties settings, Set<String> accounts, EgressPolicy networks) {
        settings.accounts().forEach((name, of) -> {
            AccountProperties.Events address = of.events();
            if (address != null && accounts.contains(name)) {
                add(name, address, networks);
            }
        });
    }

    /** All that can't work of the settings of events; addresses are judged once the allowed networks can be read. */
    public static List<ConfigurationProblem> problems(TenpayProperties settings, Set<String> accounts) {
        try {
            WebhookEndpoints endpoints = new WebhookEndpoints();
            endpoints.read(settings, accounts, new EgressPolicy(settings));
            return endpoints.problems;
        } catch (InvalidConfigurationException e) {
            return List.of(e.problem());
        }
    }

    private void add(String name, AccountProperties.Events address, EgressPolicy networks) {
        String prefix = "tenpay.accounts." + name + ".events.";
        if (address.url() == null || address.url().isBlank()) {
            if (!address.secrets().isEmpty()
                    || !address.headers().isEmpty()
                    || !address.types().isEmpty()) {
                problems.add(ConfigurationProblem.error(
                        prefix + "url",
                        "is not set, but other settings of " + prefix + "* are",
                        "set the ERP's https address for events, or take the others out"));
            }
            return;
        }
        URI url = collectProblem(() -> url(prefix + "url", address.url().strip(), networks));
        List<byte[]> secrets = collectProblem(() -> secrets(prefix + "secrets", address.secrets()));
        Map<String, String> headers = collectProblem(() -> headers(prefix + "headers", address.headers()));
        List<String> types = collectProblem(() -> types(prefix + "types", address.types()));
        if (url != null && secrets != null && headers != null && types != null) {
            endpoints.put(name, new WebhookEndpoint(name, url, secrets, headers, types));
        }
    }

    private <T> @Nullable T collectProblem(Supplier<T> part) {
        try {
            return part.get();
        } catch (InvalidConfigurationException e) {
            problems.add(e.problem());
            return null;
        }
    }

    Optional<WebhookEndpoint> find(@Nullable String account) {
        return Optional.ofNullable(account).map(endpoints::get);
    }

    Collection<WebhookEndpoint> all() {
        return endpoints.values();
    }

    private static URI url(String setting, String text, EgressPolicy networks) {
        String remedy = "set the ERP's address for events, such as https://erp.example.com/tenpay-events";
        URI url;
        try {
            url = new URI(text);
        } catch (URISyntaxException e) {
            throw new InvalidConfigurationException(setting, "is not a URL", remedy);
        }
        boolean http = "http".equals(url.getScheme());
        if (Accounts.hasUnderscore(url)) {
            throw new InvalidConfigurationException(setting, Accounts.UNDERSCORE, Accounts.UNDERSCORE_REMEDY);
        }
        if (!(http || "https".equals(url.getScheme())) || url.getHost() == null || url.getRawFragment() != null) {
            throw new InvalidConfigurationException(setting, "is not an https URL with a host", remedy);
        }
        if (url.getRawUserInfo() != null) {
            throw new InvalidConfigurationException(
                    setting,
                    "holds a name and password",
                    "send them as a header: " + setting.replace("url", "headers.Authorization"));
        }
        if (http && !networks.allowsAny()) {
            throw new InvalidConfigurationException(
                    setting,
                    "is not https",
                    "give it TLS; plain http is sent only to networks that tenpay.events.allowed-networks names");
        }
        String host = url.getHost();
        if (host.startsWith("[") || host.matches("[0-9.]+")) {
            try {
                if (!networks.permits(InetAddress.getByName(host), !http)) {
                    throw new InvalidConfigurationException(
                            setting,
                            "leads to an address inside",
                            "name its network in tenpay.events.allowed-networks if the ERP is really there");
                }
            } catch (UnknownHostException e) {
                throw new InvalidConfigurationException(setting, "has a host that is no address", remedy);
            }
        }
        return url;
    }

    private static List<byte[]> secrets(String setting, List<String> secrets) {
        String remedy = "make one with: echo whsec_$(openssl rand -base64 32)";
        if (secrets.isEmpty()) {
            throw new InvalidConfigurationException(setting, "is not set", remedy);
        }
        return secrets.stream()
                .map(secret -> {
                    String text = secret.strip();
                    if (!text.startsWith("whsec_")) {
                        throw new InvalidConfigurationException(
                                setting, "holds one that doesn't start with whsec_", remedy);
                    }
                    byte[] key;
                    try {
                        key = Base64.getDecoder().decode(text.substring("whsec_".length()));
                    } catch (IllegalArgumentException e) {
                        throw new InvalidConfigurationException(
                                setting, "holds one that isn't base64 after whsec_", remedy);
                    }
                    if (key.length < 24 || key.length > 64) {
                        throw new InvalidConfigurationException(
                                setting, "holds one of " + key.length + " bytes, where 24 to 64 are needed", remedy);
                    }
                    return key;
                })
                .toList();
    }

    private static Map<String, String> headers(String setting, Map<String, String> headers) {
        headers.forEach((name, value) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            if (!name.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]+")) {
                throw new InvalidConfigurationException(
                        setting, "holds a name that is no header's: " + name, "correct the name");
            }
            if (OURS.contains(lower) || lower.startsWith("webhook-")) {
                throw new InvalidConfigurationException(
                        setting + "." + name, "is a header that is set here", "take it out; a route sets Content-Type");
            }
            if (!value.matches("[\\x20-\\x7e]*")) {
                throw new InvalidConfigurationException(
                        setting + "." + name, "holds a character that no header has", "use printable ASCII");
            }
        });
        return Map.copyOf(headers);
    }

    private static List<String> types(String setting, List<String> types) {
        types.forEach(type -> {
            if (!TYPES.contains(type)) {
                throw new InvalidConfigurationException(
                        setting, "names an event that there isn't: " + type, "use some of " + TYPES);
            }
        });
        return List.copyOf(types);
    }
}
