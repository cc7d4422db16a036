package dev.tenpayroutes.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.availability.ApplicationAvailabilityBean;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.mock.web.MockFilterChain;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.security.web.firewall.RequestRejectedException;

class RequestLimitFilterTest {

    private final ApplicationAvailabilityBean availability = new ApplicationAvailabilityBean();
    private final MockHttpServletResponse response = new MockHttpServletResponse();
    private final MockFilterChain route = new MockFilterChain();
    private boolean mayBeTenpays = true;
    private RequestLimitFilter gate;

    @BeforeEach
    void aProgramThatIsReady() throws IOException {
        WebhookHeaders headers = new WebhookHeaders(null, null, null) {
            @Override
            boolean mayBeTenpays(HttpServletRequest request) {
                return mayBeTenpays;
            }
        };
        gate = new RequestLimitFilter(new OpenApiRequestValidator(), headers, availability);
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
    void refusesBodyThatIsNotUtf8() throws Exception {
        byte[] body = "{\"\": \"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(pass(post("/v1/payments", body))).isEqualTo(400);
        assertThat(response.getContentAsString()).contains("the body is not UTF-8");
        assertThat(route.getRequest()).isNull();
    }

    @Test
    void theBytesOfANotificationAreItsSignaturesMatter() throws Exception {
        byte[] body = {'{', (byte) 0xff, 0, '}'};
        assertThat(pass(post("/webhooks/tenpay/main/payments", body))).isEqualTo(200);
        assertThat(route.getRequest().getInputStream().readAllBytes()).isEqualTo(body);
    }

    @Test
    void answersRetryLaterBeforeRoutesAreStarted() throws Exception {
        is(ReadinessState.REFUSING_TRAFFIC);
        assertThat(pass(post("/v1/payments", new byte[0]))).isEqualTo(503);
        assertThat(response.getHeader("Retry-After")).isEqualTo("2");
        assertThat(response.getContentAsString()).contains("\"code\":\"NOT_READY\"");
        assertThat(route.getRequest()).isNull();
    }

    @Test
    void refusesNotificationBeforeRoutesAreStarted() throws Exception {
        is(ReadinessState.REFUSING_TRAFFIC);
        assertThat(pass(post("/webhooks/tenpay/main/payments", new byte[0]))).isEqualTo(503);
    }

    @Test
    void aPathThatTheContractDoesNotNameIsNotThere() throws Exception {
        assertThat(pass(post("/v1/payments/", new byte[0]))).isEqualTo(404);
        assertThat(route.getRequest()).isNull();
    }

    @Test
    void readsNothingOfAWebhookWhoseHeadersAreNotTenpays() throws Exception {
        mayBeTenpays = false;
        // It goes on to be refused, and counted, like every other that isn't verified.
        assertThat(pass(unreadable("/webhooks/tenpay/main/payments", 100))).isEqualTo(200);
        assertThat(route.getRequest().getInputStream().readAllBytes()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"/v1/payments,65537", "/webhooks/tenpay/main/payments,262145", "/,262145", "/actuator/health,262145"})
    void readsNothingOfABodyThatIsTooLongForItsPath(String path, long length) throws Exception {
        assertThat(pass(unreadable(path, length))).isEqualTo(413);
        assertThat(route.getRequest()).isNull();
    }

    private static MockHttpServletRequest unreadable(String path, long length) {
        return new MockHttpServletRequest("POST", path) {
            @Override
            public long getContentLengthLong() {
                return length;
            }

            @Override
            public ServletInputStream getInputStream() {
                throw new AssertionError("it is read");
            }
        };
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
        assertThat(pass(form)).isEqualTo(200);
        assertThat(route.getRequest().getContentType()).isEqualTo("application/octet-stream");
    }
}
