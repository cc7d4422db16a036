package dev.tenpayroutes.sandbox;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.context.annotation.Profile;

/**
 * How the stand-in behaves.
 *
 * @param folder where keys, the journal and the embedded database are kept between runs
 * @param payAfter time from checkout-pay until the shopper pays
 * @param refundAfter time from refund until it succeeds
 * @param encryptNotifications whether a notification's resource is encrypted with the account's API key
 * @param retryDelays waits between the attempts to deliver one notification; when they are used up, it is given up
 * @param lateBy how long an answer is held back by the fault LATE
 * @param serverUrl a PostgreSQL on which the sandbox makes a database of its own; an embedded one unless set
 * @param serverUsername user who may make databases there
 * @param serverPassword that user's password
 */
@Profile(SandboxInitializer.PROFILE)
@ConfigurationProperties(SandboxProperties.PREFIX)
record SandboxProperties(
        @DefaultValue("target/sandbox") String folder,
        @DefaultValue("3s") Duration payAfter,
        @DefaultValue("2s") Duration refundAfter,
        @DefaultValue("true") boolean encryptNotifications,

        @DefaultValue({"1s", "1s", "2s", "5s", "10s", "30s", "60s"})
        List<Duration> retryDelays,

        @DefaultValue("15s") Duration lateBy,
        @Nullable String serverUrl,
        @DefaultValue("postgres") String serverUsername,
        @DefaultValue("") String serverPassword) {

    static final String PREFIX = "tenpay.sandbox";
}
