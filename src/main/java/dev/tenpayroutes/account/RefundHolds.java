package dev.tenpayroutes.account;

import dev.tenpayroutes.config.TenpayProperties;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * The accounts that send Tenpay no refund until a person has compared the store with Tenpay: by an operation of the API, which
 * counts for all instances, or by the setting of this one. {@code refund-insert.sql} decides; this class reads.
 */
@Component
public class RefundHolds {

    private static final Logger LOG = LoggerFactory.getLogger(RefundHolds.class);

    private final Set<String> bySetting = new TreeSet<>();
    private final JdbcClient store;

    RefundHolds(TenpayProperties settings, JdbcClient store) {
        this.store = store;
        settings.accounts().forEach((account, own) -> {
            if (own.refundsOnHold()) {
                bySetting.add(account);
                LOG.warn("account {}: refunds on hold by tenpay.accounts.{}.refunds-on-hold", account, account);
            }
        });
    }

    /** Whether this instance's settings hold the account. */
    public boolean bySetting(@Nullable String account) {
        return account != null && bySetting.contains(account);
    }

    /** The accounts on hold now; without the store, those that the settings hold. */
    public Set<String> all() {
        Set<String> held = new TreeSet<>(bySetting);
        try {
            held.addAll(store.sql("select account from refund_hold")
                    .query(String.class)
                    .list());
        } catch (DataAccessException e) {
            LOG.debug("The store doesn't answer, which its own health says");
        }
        return held;
    }
}
