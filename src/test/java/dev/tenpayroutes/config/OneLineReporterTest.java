package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.apache.camel.FailedToCreateRouteException;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.core.io.support.SpringFactoriesLoader.ArgumentResolver;

class OneLineReporterTest {

    private static final String URL = "jdbc:postgresql://db.example.com/tenpay?user=routes&password=s3cret";

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger("start");
    private boolean wasAdditive;

    @BeforeEach
    void listen() {
        wasAdditive = logger.isAdditive();
        logger.setAdditive(false);
        logger.addAppender(log);
        log.start();
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(log);
        logger.setAdditive(wasAdditive);
    }

    /** What Spring Boot does with the analyzers and reporters of spring.factories. */
    private static boolean report(Throwable failure, @Nullable String url) {
        StandardEnvironment environment = new StandardEnvironment();
        if (url != null) {
            environment
                    .getPropertySources()
                    .addFirst(new MapPropertySource("test", Map.of("spring.datasource.url", url)));
        }
        SpringFactoriesLoader factories = SpringFactoriesLoader.forDefaultResourceLocation();
        ArgumentResolver arguments = ArgumentResolver.of(Environment.class, environment)
                .and(BeanFactory.class, new DefaultListableBeanFactory());
        for (FailureAnalyzer analyzer :
                factories.load(FailureAnalyzer.class, arguments, (type, name, unavailable) -> {})) {
            FailureAnalysis analysis = analyzer.analyze(failure);
            if (analysis != null) {
                new OneLineReporter().report(analysis);
                return true;
            }
        }
        return false;
    }

    /** What is logged for a failure that Spring has wrapped twice. */
    private String line(Throwable failure) {
        Throwable wrapped =
                new BeanCreationException("accounts", "failed", new BeanCreationException("x", "y", failure));
        assertThat(report(wrapped, URL)).isTrue();
        assertThat(log.list).hasSize(1);
        ILoggingEvent event = log.list.get(0);
        assertThat(event.getLevel()).isEqualTo(Level.ERROR);
        assertThat(event.getThrowableProxy()).isNull();
        assertThat(event.getFormattedMessage()).hasLineCount(1).doesNotContain("s3cret");
        return event.getFormattedMessage();
    }

    @Test
    void aSettingThatCannotWorkIsNamedWithItsRemedy() {
        assertThat(line(new InvalidConfigurationException("tenpay.base-url", "is not set", "set it")))
                .isEqualTo("Can't start: tenpay.base-url is not set. Remedy: set it");
    }

    @Test
    void eachSettingHasALineOfItsOwn() {
        assertThat(report(
                        new InvalidConfigurationException(List.of(
                                ConfigurationProblem.error("tenpay.a", "is wrong", "correct it"),
                                ConfigurationProblem.error("tenpay.b", "is not set", "set it"))),
                        null))
                .isTrue();
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly(
                        "Can't start: tenpay.a is wrong. Remedy: correct it",
                        "Can't start: tenpay.b is not set. Remedy: set it");
    }

    @Test
    void portInUseIsNamed() {
        assertThat(line(new PortInUseException(8080))).contains("Port 8080 was already in use. Remedy: ");
    }

    @Test
    void settingOfAnotherLibraryIsNamedWithoutItsValue() {
        StandardEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .addFirst(new MapPropertySource("test", Map.of("spring.datasource.hikari.max-lifetime", "s3cret")));
        Throwable failure =
                catchThrowable(() -> Binder.get(environment).bind("spring.datasource.hikari.max-lifetime", Long.class));
        assertThat(line(failure))
                .isEqualTo(
                        "Can't start: spring.datasource.hikari.max-lifetime can't be read as Long. Remedy: correct the"
                                + " setting, or take it out");
    }

    @ParameterizedTest
    @CsvSource({
        "28P01,'refuses the username, the password or this machine',correct spring.datasource.username",
        "28000,'refuses the username, the password or this machine',pg_hba.conf",
        "3D000,does not exist on this server,create database",
        "08001,does not answer,start it",
        "53300,has no connection left for this instance,max_connections",
        "53400,has no connection left for this instance,maximum-pool-size",
        "53100,has no space left on its disk,make room",
        "57P03,'is starting, stopping or recovering',pg_isready",
        "42501,denies the user a right,create on schema",
        "25006,is read-only,name the primary",
        "55P03,was not migrated,pg_stat_activity",
        "42P07,can't be migrated,keep the data as it is",
    })
    void databaseThatCannotBeUsedIsNamedWithItsRemedy(String state, String what, String remedy) {
        String line = line(new FlywayException("for user s3cret", new SQLException("password s3cret", state)));
        assertThat(line)
                .startsWith("Can't start: spring.datasource.url jdbc:postgresql://db.example.com/tenpay: the database ")
                .contains(what, "(SQL state " + state + "). Remedy: ", remedy)
                .doesNotContain("empty database", "delete");
    }

    @Test
    void stateBehindThePoolsOwnFailureCounts() {
        SQLException pools = new SQLException("store - Connection is not available");
        pools.initCause(new SQLException("FATAL: remaining connection slots are reserved", "53300"));
        assertThat(line(pools)).contains("has no connection left");
    }

    @Test
    void standbyIsToldFromServerThatDoesNotAnswer() {
        assertThat(line(new SQLException("Could not find a server with specified targetServerType: primary", "08001")))
                .contains("is read-only: a standby");
    }

    @Test
    void aBrokenRouteIsNamedWithItsReason() {
        assertThat(line(new FailedToCreateRouteException(
                        "payment-poll",
                        "payment-poll.camel.yaml:2",
                        "Route(payment-poll)",
                        new IllegalArgumentException("no bean\n  x"))))
                .contains("payment-poll")
                .contains("no bean x")
                .endsWith(". Remedy: correct the file in routes/");
    }

    @Test
    void whatIsNotKnownIsLeftToSpringBoot() {
        assertThat(report(new IllegalArgumentException("s3cret"), null)).isFalse();
        assertThat(report(new BeanCreationException("a", "b", new NullPointerException()), null))
                .isFalse();
        assertThat(log.list).isEmpty();
    }

    @Test
    void databaseIsNamedWithoutAnEnvironment() {
        FailureAnalysis analysis = new DatabaseFailureAnalyzer((Environment) null)
                .analyze(new FlywayException("x", new SQLException("password s3cret", "08001")));
        new OneLineReporter().report(analysis);
        assertThat(log.list.get(0).getFormattedMessage())
                .startsWith("Can't start: spring.datasource.url")
                .contains("does not answer")
                .doesNotContain("s3cret");
    }
}
