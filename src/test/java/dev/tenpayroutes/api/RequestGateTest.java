package dev.tenpayroutes.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenpayroutes.wire.Wire;
import dev.tenpayroutes.wire.Wires;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Enumeration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.availability.ApplicationAvailabilityBean;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.mock.web.MockFilterChain;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.security.web.firewall.RequestRejectedException;

class RequestGateTest {

    private static final Wire WIRE = Wires.other();

    private final ApplicationAvailabilityBean availability = new ApplicationAvailabilityBean();
    private final MockHttpServletResponse response = new MockHttpServletResponse();
    private final MockFilterChain route = new MockFilterChain();
    private Instant now = Instant.parse("2026-11-23T08:00:00Z");
    private RequestGate gate;

    private final Clock clock = new Clock() {
        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    };

    @BeforeEach
    void aProgramThatIsReady() throws IOException {
        gate = new RequestGate(new Contract(), WIRE, availability, clock);
        is(ReadinessState.ACCEPTING_TRAFFIC);
    }

    private void is(ReadinessState state) {
        availability.onApplicationEvent(new AvailabilityChangeEvent<>(this, state));
    }

    private static MockHttpServletRequest post(String path, byte[] body) {
        MockHttpServletRequest request = new MockHttpServletRequest("POST", path);
        request.setContent(body);
        request.setContentType("application/json");
        return request;
    }

    private static <T extends MockHttpServletRequest> T signed(T request) {
        for (String header : List.of("X-T", "X-N", "X-C", "X-S")) {
            request.addHeader(header, "something");
        }
        return request;
    }

    private int pass(HttpServletRequest request) throws Exception {
        gate.doFilter(request, response, route);
        return response.getStatus();
    }

    @Test
    void aRequestInOrderReachesItsRouteWithItsBytes() throws Exception {
        byte[] body = "{\"\": \"\u00e9\"}".getBytes(StandardCharsets.UTF_8);
        assertThat(pass(post("/v1/payments", body))).isEqualTo(200);
        assertThat(route.getRequest().getInputStream().readAllBytes()).isEqualTo(body);
    }

    @Test
    void aBodyThatIsNotUtf8IsRefusedBeforeItsBytesBecomeOtherCharacters() throws Exception {
        byte[] body = "{\"\": \"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(pass(post("/v1/payments", body))).isEqualTo(400);
        assertThat(response.getContentAsString()).contains("the body is not UTF-8");
        assertThat(route.getRequest()).isNull();
    }

    @Test
    void theBytesOfANotificationAreItsSignaturesMatter() throws Exception {
        byte[] body = {'{', (byte) 0xff, 0, '}'};
        assertThat(pass(signed(post("/webhooks/tenpay/main/payments", body)))).isEqualTo(200);
        assertThat(route.getRequest().getInputStream().readAllBytes()).isEqualTo(body);
    }

    @Test
    void beforeTheRoutesAreThereACallerHearsToComeBackAndNotThatThereIsNoSuchPayment() throws Exception {
        is(ReadinessState.REFUSING_TRAFFIC);
        assertThat(pass(post("/v1/payments", new byte[0]))).isEqualTo(503);
        assertThat(response.getHeader("Retry-After")).isEqualTo("2");
        assertThat(response.getContentAsString()).contains("\"code\":\"NOT_READY\"");
        assertThat(route.getRequest()).isNull();
    }

    @Test
    void aNotificationBeforeTheRoutesAreThereIsSentAgainByTenpay() throws Exception {
        is(ReadinessState.REFUSING_TRAFFIC);
        assertThat(pass(post("/webhooks/tenpay/main/payments", new byte[0]))).isEqualTo(503);
    }

    @Test
    void aPathThatTheContractDoesNotNameIsNotThere() throws Exception {
        assertThat(pass(post("/v1/payments/", new byte[0]))).isEqualTo(404);
        assertThat(route.getRequest()).isNull();
    }

    @Test
    void aBodyThatDripsInIsCutOffAfterFiveSeconds() throws Exception {
        assertThat(pass(signed(slow()))).isEqualTo(408);
        assertThat(now).isBetween(Instant.parse("2026-11-23T08:00:05Z"), Instant.parse("2026-11-23T08:00:07Z"));
    }

    private MockHttpServletRequest slow() {
        return new MockHttpServletRequest("POST", "/webhooks/tenpay/main/payments") {
            @Override
            public ServletInputStream getInputStream() {
                return dripping();
            }
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-T", "X-N", "X-C", "X-S"})
    void ofANotificationWithoutOneOfItsSignaturesHeadersNothingIsRead(String header) throws Exception {
        MockHttpServletRequest slow = signed(slow());
        slow.removeHeader(header);
        // It goes on to be refused, and counted, like every other that isn't verified.
        assertThat(pass(slow)).isEqualTo(200);
        assertThat(route.getRequest().getInputStream().readAllBytes()).isEmpty();
        assertThat(response.getHeader("Connection")).isEqualTo("close");
        assertThat(now).isEqualTo(Instant.parse("2026-11-23T08:00:00Z"));
    }

    @Test
    void ofABodyThatSaysItIsTooLargeNothingIsRead() throws Exception {
        MockHttpServletRequest large = new MockHttpServletRequest("POST", "/v1/payments") {
            @Override
            public long getContentLengthLong() {
                return 65_537;
            }

            @Override
            public ServletInputStream getInputStream() {
                return dripping();
            }
        };
        assertThat(pass(large)).isEqualTo(413);
        assertThat(response.getHeader("Connection")).isEqualTo("close");
        assertThat(now).isEqualTo(Instant.parse("2026-11-23T08:00:00Z"));
    }

    @Test
    void aBodyThatDoesNotSayItsLengthIsMeasuredAndNotReadOn() throws Exception {
        MockHttpServletRequest chunked = post("/v1/payments", new byte[100_000]);
        HttpServletRequest unmeasured = new jakarta.servlet.http.HttpServletRequestWrapper(chunked) {
            @Override
            public long getContentLengthLong() {
                return -1;
            }
        };
        assertThat(pass(unmeasured)).isEqualTo(413);
        assertThat(response.getHeader("Connection")).isEqualTo("close");
        assertThat(chunked.getInputStream().readAllBytes()).isNotEmpty();
    }

    /** As Spring's firewall does it. */
    @Test
    void whatIsRefusedWhenItIsReadIsReadBeforeARouteIsReached() {
        MockHttpServletRequest header = new MockHttpServletRequest("GET", "/v1/payments") {
            @Override
            public Enumeration<String> getHeaders(String name) {
                throw new RequestRejectedException(name);
            }
        };
        header.addHeader("X-Odd", "\u0085");
        MockHttpServletRequest parameter = new MockHttpServletRequest("GET", "/v1/payments") {
            @Override
            public String[] getParameterValues(String name) {
                throw new RequestRejectedException(name);
            }
        };
        parameter.addParameter("limit", "\u0000");
        for (MockHttpServletRequest refused : List.of(header, parameter)) {
            assertThatThrownBy(() -> pass(refused)).isInstanceOf(RequestRejectedException.class);
            assertThat(route.getRequest()).isNull();
        }
    }

    @Test
    void aFormIsBytesLikeEverythingElseThatIsNotJson() throws Exception {
        MockHttpServletRequest form = post("/webhooks/tenpay/main/payments", "a=b".getBytes(StandardCharsets.UTF_8));
        form.setContentType("application/x-www-form-urlencoded");
        assertThat(pass(signed(form))).isEqualTo(200);
        assertThat(route.getRequest().getContentType()).isEqualTo("application/octet-stream");
    }

    /** A byte a second. */
    private ServletInputStream dripping() {
        return new ServletInputStream() {
            @Override
            public int read() {
                now = now.plusSeconds(1);
                return ' ';
            }

            @Override
            public int read(byte[] bytes, int offset, int length) {
                bytes[offset] = (byte) read();
                return 1;
            }

            @Override
            public boolean isFinished() {
                return false;
            }

            @Override
            public boolean isReady() {
                return true;
            }

            @Override
            public void setReadListener(ReadListener listener) {
                throw new UnsupportedOperationException();
            }
        };
    }
}
