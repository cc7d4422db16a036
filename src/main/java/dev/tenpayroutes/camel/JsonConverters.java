package dev.tenpayroutes.camel;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import org.apache.camel.CamelContext;
import org.apache.camel.TypeConverterExists;
import org.apache.camel.spi.TypeConverterRegistry;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.apache.camel.support.SimpleTypeConverter;
import org.apache.camel.support.SimpleTypeConverter.ConversionMethod;
import org.springframework.stereotype.Component;

/**
 * Text and bytes become JSON, and JSON becomes text or bytes, by the program's one mapper and on one line. Camel's own
 * converters, which stay for all other types, look for a mapper among all beans each time and break text into lines.
 */
@Component
class JsonConverters implements CamelContextConfiguration {

    private final ObjectMapper json;

    JsonConverters(ObjectMapper json) {
        this.json = json;
    }

    @Override
    public void beforeApplicationStart(CamelContext camel) {
        TypeConverterRegistry converters = camel.getTypeConverterRegistry();
        TypeConverterExists before = converters.getTypeConverterExists();
        converters.setTypeConverterExists(TypeConverterExists.Override);
        add(converters, JsonNode.class, String.class, (type, exchange, text) -> json.readTree((String) text));
        add(converters, JsonNode.class, byte[].class, (type, exchange, bytes) -> json.readTree((byte[]) bytes));
        add(converters, String.class, JsonNode.class, (type, exchange, node) -> text(node));
        add(converters, byte[].class, JsonNode.class, (type, exchange, node) -> bytes(node));
        converters.setTypeConverterExists(before);
    }

    private static String text(Object node) {
        return node instanceof TextNode text ? text.textValue() : node.toString();
    }

    private byte[] bytes(Object node) throws JsonProcessingException {
        return node instanceof TextNode text ? text.textValue().getBytes(UTF_8) : json.writeValueAsBytes(node);
    }

    private static void add(TypeConverterRegistry converters, Class<?> to, Class<?> from, ConversionMethod method) {
        converters.addTypeConverter(to, from, new SimpleTypeConverter(false, method));
    }

    @Override
    public void afterApplicationStart(CamelContext camel) {
        // Nothing to do by then.
    }
}
