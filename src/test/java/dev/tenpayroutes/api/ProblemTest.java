package dev.tenpayroutes.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

class ProblemTest {

    @Test
    void aProblemHasTheMembersOfRfc9457AndAStableCode() {
        assertThat(new Problem(409, "ORDER_CONFLICT", "use a new number").json())
                .isEqualTo("{\"type\":\"/docs/errors#order_conflict\",\"title\":\"Order conflict\",\"status\":409,"
                        + "\"code\":\"ORDER_CONFLICT\",\"detail\":\"use a new number\"}");
    }

    @Test
    void tenpaysOwnWordsAreMembersOfTheirOwn() {
        assertThat(new Problem(422, "TENPAY_REFUSED", "no", Map.of("tenpayCode", "PARAM_ERROR")).json())
                .isEqualTo("{\"type\":\"/docs/errors#tenpay_refused\",\"title\":\"Tenpay refused\",\"status\":422,"
                        + "\"code\":\"TENPAY_REFUSED\",\"detail\":\"no\",\"tenpayCode\":\"PARAM_ERROR\"}");
    }

    @Test
    void anyCharacterOfADetailIsKeptAsJson() throws Exception {
        String detail = "a \"quoted\" \\ line\nbreak \u0000 拿铁 \u2028";
        String json = new Problem(400, "INVALID_REQUEST", detail).json();
        assertThat(new JsonMapper().readTree(json).get("detail").textValue()).isEqualTo(detail);
    }

    @Test
    void outsideTheRoutesAProblemIsWrittenAsUtf8WithItsLength() throws Exception {
        MockHttpServletResponse response = new MockHttpServletResponse();
        new Problem(413, "BODY_TOO_LARGE", "拿铁").write(new MockHttpServletRequest(), response);
        assertThat(response.getStatus()).isEqualTo(413);
        assertThat(response.getContentType()).isEqualTo("application/problem+json");
        assertThat(new String(response.getContentAsByteArray(), StandardCharsets.UTF_8))
                .isEqualTo("{\"type\":\"/docs/errors#body_too_large\",\"title\":\"Body too large\",\"status\":413,"
                        + "\"code\":\"BODY_TOO_LARGE\",\"detail\":\"拿铁\"}");
        assertThat(response.getContentLength()).isEqualTo(response.getContentAsByteArray().length);
    }

    @Test
    void aProblemThatIsThrownCarriesItselfAndNoStackTrace() {
        ProblemException thrown = new ProblemException("NOT_FOUND");
        assertThat(thrown.problem()).isEqualTo(new Problem(404, "NOT_FOUND", "there is nothing at this path"));
        assertThat(thrown).hasMessage("NOT_FOUND");
        assertThat(thrown.getStackTrace()).isEmpty();
    }
}
