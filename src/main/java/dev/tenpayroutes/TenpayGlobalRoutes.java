package dev.tenpayroutes;

import dev.tenpayroutes.account.AccountProperties;
import dev.tenpayroutes.cli.Commands;
import dev.tenpayroutes.security.ClientProperties;
import dev.tenpayroutes.signature.SignatureProperties;
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
@EnableConfigurationProperties({AccountProperties.class, ClientProperties.class, SignatureProperties.class})
public class TenpayGlobalRoutes {

    public static void main(String[] args) {
        Commands.named(args)
                .ifPresentOrElse(
                        command -> System.exit(
                                new Commands(System.out, Clock.systemUTC(), new SecureRandom()).run(command, args)),
                        () -> SpringApplication.run(TenpayGlobalRoutes.class, args));
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
