package dev.tenpayroutes;

import dev.tenpayroutes.cli.Commands;
import dev.tenpayroutes.config.SignatureProperties;
import dev.tenpayroutes.config.TenpayProperties;
import java.security.SecureRandom;
import java.time.Clock;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.security.servlet.UserDetailsServiceAutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * The program. The behaviour lives in {@code routes/}; the beans here are what YAML can't say: cryptography, exact
 * money, and the checks at the two doors.
 */
@SpringBootApplication(exclude = UserDetailsServiceAutoConfiguration.class)
@EnableConfigurationProperties(TenpayProperties.class)
public class TenpayGlobalRoutes {

    public static void main(String[] args) {
        int exit = Commands.areSettings(args)
                ? Commands.START
                : new Commands(System.out, System.err, Clock.systemUTC(), new SecureRandom()).run(args);
        if (exit == Commands.START) {
            SpringApplication.run(TenpayGlobalRoutes.class, args);
        } else {
            System.exit(exit);
        }
    }

    /** How Tenpay's requests and responses are signed. */
    @Bean
    SignatureProperties signatureProperties(TenpayProperties settings) {
        return settings.wire();
    }

    /** The only clock: signatures and freshness. Schedules and expiry use the database's. */
    @Bean
    Clock clock() {
        return Clock.systemUTC();
    }

    /** The only source of randomness: nonces. */
    @Bean
    SecureRandom secureRandom() {
        return new SecureRandom();
    }
}
