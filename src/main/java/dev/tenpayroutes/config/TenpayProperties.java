package dev.tenpayroutes.config;

import jakarta.validation.Valid;
import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;
import org.springframework.validation.annotation.Validated;

/**
 * Every setting {@code tenpay.*} of the program; what isn't here is refused by {@link SettingsValidator}, which also reports
 * all violations at once. Defaults are in {@code application.yaml}; docs/settings.md is made of this Javadoc.
 *
 * @param baseUrl Tenpay's base URL; UAT's is public, production's comes from the Tenpay Global team
 * @param notifyBaseUrl public https address of this service, as Tenpay reaches it
 * @param accounts the merchant accounts by name: at least one
 * @param clients the callers of the merchant API by name: at least one
 * @param callTimeout one call to Tenpay, from name resolution to the last byte of the response
 * @param wire the assumed wire format, see tenpay-assumptions.md
 * @param circuitBreaker no calls for a while to a Tenpay that doesn't answer
 * @param poll inquiries about open payments and refunds
 * @param reconcile inquiries that confirm final ones
 * @param notifications what Tenpay has sent
 * @param events what the ERP is sent
 * @param orders orders that come by Kafka
 * @param reloadInterval how soon a new key or certificate is used
 * @param maintenance background maintenance
 * @param retention how long rows are kept; payments and refunds are kept for ever
 * @param metrics bounds of the metrics
 * @param reads limits of GET requests
 * @param docs the pages of the contract
 * @param console the pages for people, see console.md
 * @param routes where routes, mappings and SQL are read: the folder {@code routes/} beside the jar, or the jar
 */
@Validated
@ConfigurationProperties("tenpay")
public record TenpayProperties(
        @Nullable String baseUrl,
        @Nullable String notifyBaseUrl,
        @DefaultValue @Valid Map<String, AccountProperties> accounts,
        @DefaultValue @Valid Map<String, ClientProperties> clients,
        @NotNull Duration callTimeout,
        @NotNull @Valid SignatureProperties wire,
        @NotNull @Valid CircuitBreaker circuitBreaker,
        @NotNull @Valid Poll poll,
        @NotNull @Valid Reconcile reconcile,
        @NotNull @Valid Notifications notifications,
        @NotNull @Valid Events events,
        @NotNull @Valid Orders orders,
        @NotNull Duration reloadInterval,
        @NotNull @Valid Maintenance maintenance,
        @NotNull @Valid Retention retention,
        @NotNull @Valid Metrics metrics,
        @NotNull @Valid ReadShare.Limits reads,
        @NotNull @Valid Docs docs,
        @NotNull @Valid ConsoleProperties console,
        @NotBlank String routes) {

    /**
     * @param slidingWindowSize calls of an account that its circuit breaker counts; it opens when half of them got no
     *     response
     * @param waitDurationInOpenState how long it stays open
     */
    public record CircuitBreaker(
            @NotNull @Min(1) @Max(999_999) Integer slidingWindowSize,
            @NotNull Duration waitDurationInOpenState) {}

    /**
     * @param claimInterval how often due rows are claimed
     * @param batchSize rows per claim
     * @param concurrency inquiries of each of the four queues at a time; lower it if Tenpay answers
     *     {@code FREQUENCY_LIMITED}
     * @param firstDelay from storing a row to the first inquiry
     * @param interval to the second inquiry; doubled each time, give or take a fifth
     * @param maxDelay the longest wait
     * @param afterExpiry inquiry after an order's expiry
     * @param submitLease how long one submission may be under way; at least 2 s more than {@code tenpay.call-timeout}
     * @param resendAfter how long after the last call an order unknown to Tenpay is sent again
     * @param stuckAfter open for so long after expiry: review {@code STUCK}
     * @param refundStuckAfter the same for a refund, from its creation
     * @param stuckInterval inquiries about what is stuck
     */
    public record Poll(
            @NotNull Duration claimInterval,
            @NotNull @Min(1) @Max(999_999) Integer batchSize,
            @NotNull @Min(1) @Max(999_999) Integer concurrency,
            @NotNull Duration firstDelay,
            @NotNull Duration interval,
            @NotNull Duration maxDelay,
            @NotNull Duration afterExpiry,
            @NotNull Duration submitLease,
            @NotNull Duration resendAfter,
            @NotNull Duration stuckAfter,
            @NotNull Duration refundStuckAfter,
            @NotNull Duration stuckInterval) {}

    /**
     * @param claimInterval how often final rows are claimed
     * @param after from a final status to the inquiry that confirms it
     * @param giveUpAfter until when it is repeated
     */
    public record Reconcile(
            @NotNull Duration claimInterval,
            @NotNull Duration after,
            @NotNull Duration giveUpAfter) {}

    /**
     * @param claimInterval how often waiting notifications are claimed
     * @param batchSize notifications per claim
     * @param lease first retry; doubled each time
     * @param maxDelay the longest wait
     * @param giveUpAfter when one whose order never came is given up
     */
    public record Notifications(
            @NotNull Duration claimInterval,
            @NotNull @Min(1) @Max(999_999) Integer batchSize,
            @NotNull Duration lease,
            @NotNull Duration maxDelay,
            @NotNull Duration giveUpAfter) {}

    /**
     * @param allowedNetworks private networks, as CIDR, that events may be sent to
     * @param claimInterval how often due events are claimed
     * @param confirmInterval how often an instance confirms its destinations; after three times that another instance may
     *     take over
     * @param timeout one attempt, from name resolution to the last byte
     * @param lease how long an instance holds an event; at least twice {@code tenpay.events.timeout}
     * @param retryDelays wait after each failure, give or take a tenth; then the event is dead
     * @param maxRetryAfter the longest {@code Retry-After} that is honoured
     * @param inFlight events that an instance sends at a time
     * @param inFlightPerAccount the same for one account, over all instances
     * @param kafka all events of all accounts, to a topic as well
     */
    public record Events(
            @DefaultValue List<String> allowedNetworks,
            @NotNull Duration claimInterval,
            @NotNull Duration confirmInterval,
            @NotNull Duration timeout,
            @NotNull Duration lease,
            @NotEmpty List<@NotNull Duration> retryDelays,
            @NotNull Duration maxRetryAfter,
            @NotNull @Min(1) @Max(999_999) Integer inFlight,
            @NotNull @Min(1) @Max(999_999) Integer inFlightPerAccount,
            @NotNull @Valid EventsKafka kafka) {
        @Override
        public String toString() {
            return "Events[***]";
        }
    }

    /**
     * @param brokers {@code host:port}, separated by commas; without it no events by Kafka
     * @param topic topic of all events
     */
    public record EventsKafka(
            @Nullable String brokers, @NotBlank String topic) {
        @Override
        public String toString() {
            return "EventsKafka[***]";
        }
    }

    /** @param kafka orders that a topic holds */
    public record Orders(@NotNull @Valid OrdersKafka kafka) {}

    /**
     * @param brokers {@code host:port}, separated by commas; without it no orders by Kafka
     * @param topic topic of orders
     * @param deadLetterTopic topic of refused orders
     * @param group consumer group
     * @param client the client whose accounts and scopes apply to every order of the topic
     * @param consumers consumers per instance
     * @param retryAfter retry of a failed order or poll
     */
    public record OrdersKafka(
            @Nullable String brokers,
            @NotBlank String topic,
            @NotBlank String deadLetterTopic,
            @NotBlank String group,
            @Nullable String client,
            @NotNull @Min(1) @Max(1000) Integer consumers,
            @NotNull Duration retryAfter) {
        @Override
        public String toString() {
            return "OrdersKafka[***]";
        }
    }

    /** @param interval how often old rows are purged and queues are measured */
    public record Maintenance(@NotNull Duration interval) {}

    /**
     * @param idempotencyKeys idempotency keys
     * @param history history
     * @param notifications notifications
     * @param events delivered events; others stay
     * @param eventAttempts attempts of delivery
     * @param eventDestinations a destination that no instance confirms; longer than a rolling update
     * @param audit what people did in the console
     */
    public record Retention(
            @NotNull Duration idempotencyKeys,
            @NotNull Duration history,
            @NotNull Duration notifications,
            @NotNull Duration events,
            @NotNull Duration eventAttempts,
            @NotNull Duration eventDestinations,
            @NotNull Duration audit) {}

    /**
     * @param accounts so many accounts, the first of the settings, have series of their own; all others share the label
     *     {@code _other}
     */
    public record Metrics(@NotNull @Min(0) @Max(10_000) Integer accounts) {}

    /** @param open whether {@code /docs} and the contract are shown without credentials */
    public record Docs(@Name("public") boolean open) {}

    @AssertTrue(
            message =
                    "tenpay.poll.submit-lease is not 2 s longer than tenpay.call-timeout. Remedy: make it a few seconds"
                            + " longer than one call may take: else one order may be under way twice")
    boolean isSubmitLeaseLongerThanCall() {
        return poll == null || longer(poll.submitLease(), callTimeout == null ? null : callTimeout.plusSeconds(2), 1);
    }

    @AssertTrue(
            message =
                    "tenpay.events.lease is not twice tenpay.events.timeout. Remedy: make it longer than an attempt and its"
                            + " record may take: else another instance sends the same event")
    boolean isEventLeaseLongerThanAttempt() {
        return events == null || longer(events.lease(), events.timeout(), 2);
    }

    @AssertTrue(
            message =
                    "tenpay.retention.event-destinations is not three times tenpay.events.confirm-interval. Remedy: make it"
                            + " longer: else a destination is deleted before its instance confirms it again")
    boolean isDestinationKeptBetweenConfirmations() {
        return retention == null
                || events == null
                || longer(retention.eventDestinations(), events.confirmInterval(), 3);
    }

    /** A missing one has a violation of its own. */
    private static boolean longer(@Nullable Duration one, @Nullable Duration other, int times) {
        return one == null || other == null || one.compareTo(other.multipliedBy(times)) >= 0;
    }

    @Override
    public String toString() {
        return "TenpayProperties[baseUrl=" + baseUrl + ", notifyBaseUrl=" + notifyBaseUrl + ", accounts=" + accounts
                + ", clients=" + clients + "]";
    }
}
