package dev.tenpaybench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tenpayroutes.api.OpenApiRequestValidator;
import dev.tenpayroutes.config.SignatureProperties;
import dev.tenpayroutes.signature.RequestSigner;
import dev.tenpayroutes.signature.Rsa;
import dev.tenpayroutes.signature.SignatureVerifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.language.jq.JqExpression;
import org.apache.camel.spi.RestClientRequestValidator.ValidationError;
import org.apache.camel.support.DefaultExchange;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the small parts of an order and of a notification cost, each alone. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class Parts {

    private static final String ORDER = """
            {"orderNo": "SO-2026-000123", "paymentMethod": "PAYNOW", "region": "SG",
             "amount": {"total": 1050, "currency": "SGD"}, "description": "2 x latte", "validitySeconds": 1800,
             "payer": {"openId": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
             "goods": [{"id": "latte", "name": "Latte", "quantity": 2, "unitPrice": {"total": 525, "currency": "SGD"}}],
             "metadata": {"costCentre": "42"}}""";

    private RequestSigner signer;
    private RequestSigner.Credential credential;
    private SignatureVerifier verifier;
    private PublicKey platformKey;
    private SignatureProperties.SignatureHeaders headers;
    private byte[] body;
    private DefaultCamelContext camel;
    private JqExpression toPayment;
    private JqExpression news;
    private JsonNode order;
    private JsonNode answer;
    private OpenApiRequestValidator contract;

    @Setup
    public void setUp() throws Exception {
        SignatureProperties wire = new SignatureProperties(
                "WECHATPAY2-SHA256-RSA2048",
                "mchid=\"{mchid}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{timestamp}\",serial_no=\"{serial}\"",
                "{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n",
                "{timestamp}\n{nonce}\n{body}\n",
                "Wechatpay-Timestamp",
                "Wechatpay-Nonce",
                "Wechatpay-Serial",
                "Wechatpay-Signature",
                "Request-ID",
                Duration.ofDays(1));
        Rsa rsa = Rsa.fastest();
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        signer = new RequestSigner(wire, rsa, Clock.systemUTC(), new SecureRandom());
        credential = new RequestSigner.Credential(
                Answers.MERCHANT, "AB", rsa.privateKey(pair.getPrivate().getEncoded()));
        verifier = new SignatureVerifier(wire, rsa, Clock.systemUTC());
        platformKey = rsa.publicKey(pair.getPublic().getEncoded());
        byte[] message = new Answers(rsa, credential.key(), "AB").answer("inquiry-payment", "SO-2026-000123");
        String text = new String(message, StandardCharsets.UTF_8);
        headers = new SignatureProperties.SignatureHeaders(
                header(text, "Timestamp"), header(text, "Nonce"), "AB", header(text, "Signature"));
        body = text.substring(text.indexOf("\r\n\r\n") + 4).getBytes(StandardCharsets.UTF_8);
        ObjectMapper json = new ObjectMapper();
        order = json.readTree(ORDER);
        answer = json.readTree(body);
        camel = new DefaultCamelContext();
        camel.start();
        toPayment = mapping("order-to-payment");
        news = mapping("tenpay-result");
        contract = new OpenApiRequestValidator();
    }

    private JqExpression mapping(String name) throws Exception {
        JqExpression mapping = new JqExpression(Files.readString(Path.of("routes/mappings/" + name + ".jq")));
        mapping.setResultType(String.class);
        mapping.init(camel);
        return mapping;
    }

    private static String header(String message, String name) {
        int from = message.indexOf("Wechatpay-" + name + ": ") + name.length() + 12;
        return message.substring(from, message.indexOf('\r', from));
    }

    private Exchange exchange(Object content) {
        Exchange exchange = new DefaultExchange(camel);
        exchange.getMessage().setBody(content);
        exchange.setVariable("source", "inquiry-payment");
        exchange.setVariable("tenpayStatus", "200");
        return exchange;
    }

    @Benchmark
    public String signACall() throws Exception {
        return signer.authorization(credential, "POST", "/api/payment/v1/inquiry-payment", body);
    }

    @Benchmark
    public String verifyAnAnswer() throws Exception {
        return verifier.verify(headers, serial -> Optional.of(platformKey), body);
    }

    @Benchmark
    public Object mapAnOrder() {
        return toPayment.evaluate(exchange(order));
    }

    @Benchmark
    public Object mapTenpaysNews() {
        return news.evaluate(exchange(answer));
    }

    @Benchmark
    public ValidationError holdAnOrderToTheContract() {
        Exchange exchange = exchange(ORDER.getBytes(StandardCharsets.UTF_8));
        exchange.getMessage().setHeader(Exchange.HTTP_METHOD, "POST");
        exchange.getMessage().setHeader(Exchange.HTTP_PATH, "/v1/payments");
        exchange.getMessage().setHeader(Exchange.CONTENT_TYPE, "application/json");
        return contract.validate(exchange, null);
    }
}
