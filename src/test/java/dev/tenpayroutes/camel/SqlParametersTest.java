package dev.tenpayroutes.camel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A statement takes its values from exchange variables and settings, wherever else the same name stands. */
class SqlParametersTest {

    private final SqlParameters parameters = new SqlParameters();
    private final DefaultCamelContext camel = new DefaultCamelContext();
    private final Exchange exchange = new DefaultExchange(camel);

    @BeforeEach
    void aCallerPutsTheNamesEverywhere() {
        Properties settings = new Properties();
        settings.put("tenpay.lease", "15s");
        camel.getPropertiesComponent().setInitialProperties(settings);
        exchange.setVariable("account", "main");
        exchange.getMessage().setHeader("account", "another's");
        exchange.getMessage().setHeader("variable.account", "another's");
        exchange.getMessage().setBody(Map.of("account", "another's", "variable.account", "another's"));
    }

    private List<Object> values(String sql) {
        List<Object> values = new ArrayList<>();
        parameters
                .createPopulateIterator(
                        sql, "", 1, exchange, exchange.getMessage().getBody())
                .forEachRemaining(values::add);
        return values;
    }

    @Test
    void valuesAreTheVariablesAndSettingsInTheirOrder() {
        exchange.setVariable("notification", new byte[] {1, 2});
        String sql =
                "select :?${variable.account}, :?${variable.notification}, :?${properties:tenpay.lease}, :?${variable.account}";
        assertThat(parameters.prepareQuery(sql, true, exchange)).isEqualTo("select ?, ?, ?, ?");
        assertThat(values(sql)).containsExactly("main", new byte[] {1, 2}, "15s", "main");
    }

    @Test
    void aVariableThatIsNotSetIsNullAndNeverWhatTheCallerSent() {
        exchange.removeVariable("account");
        assertThat(values("select :?${variable.account}")).containsExactly((Object) null);
    }

    @Test
    void eachExchangeHasItsOwnValues() {
        String sql = "select :?${variable.account}";
        assertThat(values(sql)).containsExactly("main");
        exchange.setVariable("account", "second");
        assertThat(values(sql)).containsExactly("second");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ":?account",
                ":?${body}",
                ":?${header.account}",
                ":?${body[account]}",
                ":?in:account",
                ":?$simple{body}"
            })
    void whatACallerCanPutSomewhereIsRefused(String parameter) {
        assertThatThrownBy(() -> parameters.prepareQuery("select " + parameter, true, exchange))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("variable.x");
        assertThat(parameters.prepareQuery("select :?${variable.account}", true, exchange))
                .isEqualTo("select ?");
    }

    @Test
    void aSettingThatIsNotThereIsRefused() {
        assertThatThrownBy(() -> parameters.prepareQuery("select :?${properties:tenpay.leese}", true, exchange))
                .hasMessageContaining("tenpay.leese");
    }
}
