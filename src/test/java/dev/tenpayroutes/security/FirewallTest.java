package dev.tenpayroutes.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.security.web.firewall.StrictHttpFirewall;

class FirewallTest {

    private final HttpFirewall springs = new StrictHttpFirewall();
    private final HttpFirewall ours = new SecurityConfiguration().firewall();

    private static boolean lets(HttpFirewall firewall, String name, String value) {
        MockHttpServletRequest request = new MockHttpServletRequest("POST", "/webhooks/tenpay/main/payments");
        request.addHeader(name, value);
        try {
            return firewall.getFirewalledRequest(request).getHeader(name) != null;
        } catch (RequestRejectedException e) {
            return false;
        }
    }

    private static boolean allowed(int character) {
        return Character.isDefined(character) && !Character.isISOControl(character);
    }

    private void agreesAbout(Function<String, String> name, Function<String, String> value) {
        // Both decide by a character's category: its edges, and all of the common ones.
        int[] refused = IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
                .filter(character -> character < 0x400
                        || allowed(character) != allowed(character - 1)
                        || allowed(character) != allowed(Math.min(character + 1, Character.MAX_CODE_POINT)))
                .filter(character -> {
                    String text = "a" + Character.toString(character) + "b";
                    boolean lets = lets(ours, name.apply(text), value.apply(text));
                    assertThat(lets)
                            .describedAs("U+%04X", character)
                            .isEqualTo(lets(springs, name.apply(text), value.apply(text)));
                    return !lets;
                })
                .toArray();
        assertThat(refused).contains('\0', '\r', '\n', 0x7f, 0x9f, 0xfffe).doesNotContain('a', 'é', 0x4e2d, 0x1f600);
    }

    @Test
    void aHeadersValueIsRefusedForTheSameCharactersAsBySpring() {
        agreesAbout(text -> "X-Text", text -> text);
        assertThat(lets(ours, "X-Text", "a\tb")).isTrue();
    }

    @Test
    void aHeadersNameIsRefusedForTheSameCharactersAsBySpring() {
        agreesAbout(text -> text, text -> "value");
        assertThat(lets(ours, "a\tb", "value")).isFalse();
    }
}
