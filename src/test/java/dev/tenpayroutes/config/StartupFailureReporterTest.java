package dev.tenpayroutes.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.tenpayroutes.signature.SignatureProperties;
import java.sql.SQLException;
import java.util.Map;
import org.apache.camel.FailedToCreateRouteException;
import org.flywaydb.core.api.FlywayException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.autoconfigure.jdbc.DataSourceProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;

class StartupFailureReporterTest {

    @EnableConfigurationProperties(SignatureProperties.class)
    private static final class WireSettings {}

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

    /** What is logged for a failure that Spring has wrapped twice. */
    private String line(Throwable failure) {
        GenericApplicationContext context = new GenericApplicationContext();
        context.getEnvironment()
                .getPropertySources()
                .addFirst(new MapPropertySource("test", Map.of("spring.datasource.url", URL)));
        Throwable wrapped =
                new BeanCreationException("accounts", "failed", new BeanCreationException("x", "y", failure));
        assertThat(new StartupFailureReporter(context).reportException(wrapped)).isTrue();
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
    void aPortInUseIsNamed() {
        assertThat(line(new PortInUseException(8080)))
                .isEqualTo("Can't start: server.port 8080 is in use. Remedy: stop what listens there, or set another"
                        + " server.port");
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
        "42501,denies the user a right,grant create",
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
    void aMissingDatabaseIsNamed() throws Exception {
        DataSourceProperties properties = new DataSourceProperties();
        properties.setBeanClassLoader(new ClassLoader(null) {});
        properties.afterPropertiesSet();
        Throwable failure = catchThrowable(properties::determineUrl);
        assertThat(line(failure))
                .isEqualTo("Can't start: spring.datasource.url is not set. Remedy: set spring.datasource.url, .username"
                        + " and .password to a PostgreSQL 15 or newer");
    }

    @Test
    void aWireLayoutThatCannotWorkIsNamed() {
        new ApplicationContextRunner()
                .withUserConfiguration(WireSettings.class)
                .withInitializer(new ConfigDataApplicationContextInitializer())
                .withPropertyValues("spring.profiles.active=production", "tenpay.wire.answer-to-verify={nonce}")
                .run(context -> assertThat(line(context.getStartupFailure()))
                        .startsWith("Can't start: ")
                        .contains("tenpay.wire: a text to sign must contain {body} exactly once, but is: {nonce}")
                        .contains(". Remedy: "));
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
    void whatItDoesNotKnowIsLeftToSpringBoot() {
        assertThat(new StartupFailureReporter(null).reportException(new IllegalArgumentException("s3cret")))
                .isFalse();
        assertThat(new StartupFailureReporter(null)
                        .reportException(new BeanCreationException("a", "b", new NullPointerException())))
                .isFalse();
        assertThat(log.list).isEmpty();
    }

    @Test
    void withoutAContextTheDatabaseIsStillNamed() {
        assertThat(new StartupFailureReporter(null)
                        .reportException(new FlywayException("x", new SQLException("password s3cret", "08001"))))
                .isTrue();
        assertThat(log.list).hasSize(1);
        assertThat(log.list.get(0).getFormattedMessage())
                .startsWith("Can't start: spring.datasource.url")
                .contains("does not answer")
                .doesNotContain("s3cret");
    }
}
