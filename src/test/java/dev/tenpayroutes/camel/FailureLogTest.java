package dev.tenpayroutes.camel;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

class FailureLogTest {

    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
    private final FailureLog log = new FailureLog(logger(), nanos::get);

    private Logger logger() {
        Logger logger = (Logger) LoggerFactory.getLogger(FailureLogTest.class);
        logger.setAdditive(false);
        logger.addAppender(lines);
        lines.start();
        return logger;
    }

    private List<String> messages() {
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void leavesOutRepetitionsAndCountsThemLater() {
        for (int n = 1; n <= 100; n++) {
            log.log(Level.ERROR, "away", "order {} failed", n);
        }
        log.log(Level.WARN, "slow", "order {} is slow", 101);
        assertThat(messages())
                .containsExactly(
                        "order 1 failed",
                        "order 2 failed",
                        "order 3 failed",
                        "order 4 failed",
                        "order 5 failed",
                        "order 101 is slow");
        lines.list.clear();
        nanos.addAndGet(FailureLog.PERIOD.toNanos() - 1);
        log.log(Level.ERROR, "away", "order {} failed", 102);
        assertThat(messages()).isEmpty();
        nanos.incrementAndGet();
        log.log(Level.ERROR, "away", "order {} failed", 103);
        log.log(Level.ERROR, "away", "order {} failed", 104);
        assertThat(messages())
                .containsExactly("order 103 failed (96 more of this kind were left out)", "order 104 failed");
        assertThat(lines.list.get(0).getLevel()).hasToString("ERROR");
    }

    @Test
    void keepsBoundedNumberOfKinds() {
        for (int n = 0; n < 5000; n++) {
            log.log(Level.ERROR, "kind " + n, "failed");
        }
        assertThat(log)
                .extracting("kinds")
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
                .hasSizeLessThanOrEqualTo(1000);
    }
}
