package dev.tenpayroutes.account;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at accounts, a few at once. Whose files or token don't answer in time holds up no other: that look is left alone,
 * the account says so, and is looked at again once it has answered. One that fails stops no other either.
 */
final class AccountReloader {

    private static final Logger LOG = LoggerFactory.getLogger(AccountReloader.class);
    private static final int AT_ONCE = 4;

    private final Consumer<Account> look;
    /** Unbounded, but there is never more than one thread for each account that doesn't answer, and a few. */
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });

    private final Set<Account> underWay = ConcurrentHashMap.newKeySet();

    AccountReloader(Consumer<Account> look) {
        this.look = look;
    }

    /** Returns when all have been looked at, or each of the others has had this long. */
    synchronized void at(Collection<Account> accounts, Duration longest) {
        List<Account> begun = new ArrayList<>();
        Semaphore room = new Semaphore(AT_ONCE);
        try {
            for (Account account : accounts) {
                if (!underWay.contains(account)) {
                    if (!room.tryAcquire(longest.toNanos(), TimeUnit.NANOSECONDS)) {
                        // Those who have it don't give it back.
                        room = new Semaphore(AT_ONCE - 1);
                    }
                    begin(account, room);
                    begun.add(account);
                }
            }
            if (room.tryAcquire(AT_ONCE, longest.toNanos(), TimeUnit.NANOSECONDS) && underWay.isEmpty()) {
                return;
            }
            begun.stream().filter(underWay::contains).forEach(Account::overdue);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void begin(Account account, Semaphore room) {
        underWay.add(account);
        threads.execute(() -> {
            // A thread dump then shows which account's files are waited for.
            Thread.currentThread().setName("account-reload " + account.name());
            try {
                look.accept(account);
            } catch (RuntimeException e) {
                LOG.error("account {}: its files can't be judged", account.name(), e);
            } finally {
                underWay.remove(account);
                room.release();
            }
        });
    }
}
