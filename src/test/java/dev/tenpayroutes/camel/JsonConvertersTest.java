package dev.tenpayroutes.camel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import org.apache.camel.TypeConversionException;
import org.apache.camel.TypeConverter;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JsonConvertersTest {

    private static final String TEXT = "{\"amount\":{\"total\":9007199254740993},\"name\":\"Zoë\",\"review\":null}";

    private final DefaultCamelContext camel = new DefaultCamelContext();
    private final ObjectMapper json = new ObjectMapper();

    @BeforeEach
    void start() {
        new JsonConverters(json).beforeApplicationStart(camel);
        camel.start();
    }

    @AfterEach
    void stop() {
        camel.stop();
    }

    private <T> T converted(Class<T> type, Object value) throws Exception {
        TypeConverter converters = camel.getTypeConverter();
        return converters.mandatoryConvertTo(type, new DefaultExchange(camel), value);
    }

    @Test
    void textAndBytesBecomeJsonAndComeBackAsTheyWereOnOneLine() throws Exception {
        JsonNode node = converted(JsonNode.class, TEXT);
        assertThat(node).isEqualTo(converted(JsonNode.class, TEXT.getBytes(UTF_8)));
        assertThat(converted(String.class, node)).isEqualTo(TEXT);
        assertThat(converted(byte[].class, node)).isEqualTo(TEXT.getBytes(UTF_8));
    }

    @Test
    void aTextIsItselfWithoutQuotes() throws Exception {
        assertThat(converted(String.class, TextNode.valueOf("Zoë"))).isEqualTo("Zoë");
        assertThat(converted(byte[].class, TextNode.valueOf("Zoë"))).isEqualTo("Zoë".getBytes(UTF_8));
    }

    @Test
    void asBytesWhatIsBeyondTheBasicPlaneIsEscapedAsTheMapperDoes() throws Exception {
        JsonNode node = converted(JsonNode.class, "{\"name\":\"😀\"}");
        assertThat(converted(byte[].class, node)).isEqualTo("{\"name\":\"\\uD83D\\uDE00\"}".getBytes(UTF_8));
        assertThat(converted(String.class, node)).isEqualTo("{\"name\":\"😀\"}");
    }

    @Test
    void whatIsNoJsonIsRefused() {
        assertThatThrownBy(() -> converted(JsonNode.class, "{\"amount\":")).isInstanceOf(TypeConversionException.class);
    }
}
