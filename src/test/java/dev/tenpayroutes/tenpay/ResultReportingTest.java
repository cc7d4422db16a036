package dev.tenpayroutes.tenpay;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.account.AccountLabels;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

class ResultReportingTest {

    static TenpayMetrics metrics() {
        return new TenpayMetrics(
                new SimpleMeterRegistry(),
                new AccountLabels(TenpayPropertiesFixture.accounts(null, null, Map.of())),
                Clock.systemUTC());
    }

    @ParameterizedTest
    @CsvSource({
        "PAID,REFUSED,INFO",
        "NOT_CLOSABLE,REFUSED,INFO",
        "REFUSED,REFUSED,WARN",
        "CONFLICT,REFUSED,ERROR",
        "DENIED,REFUSED,ERROR",
        "STATUS,MISMATCH,ERROR",
        "STATUS,CHANGED,INFO"
    })
    void reportsNewsAtLevelOfItsAnswer(String answer, String verdict, String level) throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("payment-status");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        logger.addAppender(log);
        log.start();
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            Exchange exchange = new DefaultExchange(context);
            exchange.setVariable("source", "close-payment");
            exchange.setVariable("number", "SO-1");
            exchange.getMessage()
                    .setBody(new ObjectMapper()
                            .createObjectNode()
                            .put("account", "main")
                            .put("status", "PENDING")
                            .put("resultCode", answer)
                            .put("outcome", verdict)
                            .put("detail", "ORDER_PAID: paid"));
            new ResultReporting().reportResult(metrics()).process(exchange);
        } finally {
            logger.detachAppender(log);
        }
        assertThat(log.list).hasSize(1);
        assertThat(log.list.get(0).getLevel()).hasToString(level);
        assertThat(log.list.get(0).getFormattedMessage())
                .startsWith("close-payment SO-1 of account main: " + verdict)
                .endsWith("ORDER_PAID");
    }
}
