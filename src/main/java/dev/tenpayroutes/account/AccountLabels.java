package dev.tenpayroutes.account;

import dev.tenpayroutes.config.TenpayProperties;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/**
 * The label {@code account} of metrics that have many series for each account: the first {@code tenpay.metrics.accounts} of the
 * settings have their own, and all others share {@value #OTHER}, so that hundreds of accounts don't make a million series.
 *
 * <p>Metrics of one or a few series for each account, which a person must be able to name (certificates, circuit breakers,
 * availability), keep every account's name.
 */
@Component
public final class AccountLabels {

    /** No account can have this name. */
    public static final String OTHER = "_other";

    private final Set<String> own;
    private final Set<String> all;

    public AccountLabels(TenpayProperties settings) {
        Set<String> names = settings.accounts().keySet();
        own = names.stream().limit(settings.metrics().accounts()).collect(Collectors.toCollection(LinkedHashSet::new));
        all = new LinkedHashSet<>(own);
        if (names.size() > own.size()) {
            all.add(OTHER);
        }
    }

    /** The label of an account, whether it is in the settings or not. */
    public String of(String account) {
        return own.contains(account) ? account : OTHER;
    }

    /** All labels that are in use from the start. */
    public Set<String> all() {
        return Set.copyOf(all);
    }
}
