package dev.tenpayroutes.tenpay;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Until when an exchange may call Tenpay: checkout-pay and refund only while no other instance can hold the submission lease,
 * and any call only while it ends before the order or refund must be answered.
 */
@Configuration(proxyBeanMethods = false)
class CallDeadlines {

    /** Set by tenpay-request when it signs. */
    static final String SIGNED_AT = "tenpaySignedAt";

    private static final String ASKED_AT = "leaseAskedAt";

    /** The calls that only the holder of the lease may make. */
    private static final Set<String> SUBMISSIONS = Set.of("checkout-pay", "refund");

    /** How long all calls for one order or refund may take together: the shopper's screen gives up after 30 s. */
    private static final Duration RESPONSE_WITHIN = Duration.ofSeconds(20);

    /** Notes when the lease is asked for: before the statement that takes it, since it begins in the database. */
    @Bean
    Processor submissionLease(Clock clock) {
        return exchange -> exchange.setVariable(ASKED_AT, clock.instant());
    }

    /** After a pause of the machine another instance may hold the lease; a clock that was set back can't tell. */
    static final class LeaseExpiredException extends Exception {
        private LeaseExpiredException() {
            super("another instance may hold the lease of this call by now", null, false, false);
        }
    }

    /** The order or refund is answered now: with 202, since the poller asks. */
    static final class ResponseDueException extends Exception {
        private ResponseDueException() {
            super("no time is left for this call", null, false, false);
        }
    }

    /** @param timeout how long the call may take */
    static void require(Exchange exchange, Clock clock, Duration lease, Duration timeout)
            throws LeaseExpiredException, ResponseDueException {
        if (SUBMISSIONS.contains(exchange.getVariable("source", String.class))
                && !isHeld(exchange, clock, lease.minus(timeout))) {
            throw new LeaseExpiredException();
        }
        if (isResponseDue(exchange, clock, timeout)) {
            throw new ResponseDueException();
        }
    }

    /** Whether the lease, or for other calls the signature, is younger than {@code longest}. */
    static boolean isHeld(Exchange exchange, Clock clock, Duration longest) {
        Instant begun = SUBMISSIONS.contains(exchange.getVariable("source", String.class))
                ? exchange.getVariable(ASKED_AT, Instant.class)
                : exchange.getProperty(SIGNED_AT, Instant.class);
        Duration age = begun == null ? longest.negated() : Duration.between(begun, clock.instant());
        return !age.isNegative() && age.compareTo(longest) <= 0;
    }

    /** Whether another call could end too late for the request that asked for the lease. */
    static boolean isResponseDue(Exchange exchange, Clock clock, Duration timeout) {
        Instant begun = exchange.getVariable(ASKED_AT, Instant.class);
        return begun != null
                && clock.instant().isAfter(begun.plus(RESPONSE_WITHIN).minus(timeout));
    }
}
