package dev.tenpayroutes.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenpayroutes.config.ConsoleProperties;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.security.oauth2.client.OAuth2ClientProperties;
import org.springframework.security.oauth2.client.oidc.userinfo.OidcUserRequest;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;

class OidcPeopleTest {

    private final OAuth2ClientProperties settings = new OAuth2ClientProperties();
    private final ClientRegistration registration = registration();

    private ClientRegistration registration() {
        OAuth2ClientProperties.Registration company = new OAuth2ClientProperties.Registration();
        company.setClientId("console");
        company.setClientSecret("secret");
        company.setAuthorizationGrantType("authorization_code");
        OAuth2ClientProperties.Provider provider = new OAuth2ClientProperties.Provider();
        provider.setAuthorizationUri("https://login.example.com/authorize");
        provider.setTokenUri("https://login.example.com/token");
        provider.setJwkSetUri("https://login.example.com/keys");
        provider.setUserNameAttribute("sub");
        settings.getRegistration().put("company", company);
        settings.getProvider().put("company", provider);
        ClientRegistrationRepository known = new OidcPeople.Providers().clientRegistrationRepository(settings);
        return known.findByRegistrationId("company");
    }

    private ConsoleUser login(Map<String, Object> more) throws Exception {
        Instant now = Instant.parse("2026-12-01T08:00:00Z");
        Map<String, Object> claims = new HashMap<>(Map.of("sub", "42", "iss", "https://login.example.com"));
        claims.putAll(more);
        OidcPeople people = new OidcPeople(
                ConsoleUsersTest.users("oidc.groups.desk.role", "support", "oidc.groups.desk.accounts", "main"),
                new ConsoleProperties.Oidc("groups", Map.of()));
        OAuth2AccessToken access =
                new OAuth2AccessToken(OAuth2AccessToken.TokenType.BEARER, "access", now, now.plusSeconds(60));
        OidcIdToken id = new OidcIdToken("id", now, now.plusSeconds(60), claims);
        return ((OidcPerson) people.loadUser(new OidcUserRequest(registration, access, id))).user();
    }

    @Test
    void takesRoleAndAccountsFromTheGroups() throws Exception {
        assertThat(login(Map.of("groups", List.of("desk", "all"), "preferred_username", "anna", "locale", "zh-CN")))
                .isEqualTo(new ConsoleUser("anna", Role.SUPPORT, List.of("main"), "zh"));
        assertThat(login(Map.of("groups", "desk")).name()).isEqualTo("42");
    }

    @Test
    void letsNobodyInWithoutAGroupThatCounts() {
        assertThatThrownBy(() -> login(Map.of("groups", List.of("all"))))
                .isInstanceOf(OAuth2AuthenticationException.class);
        assertThatThrownBy(() -> login(Map.of())).isInstanceOf(OAuth2AuthenticationException.class);
    }

    @Test
    void comesBackToAPathOfTheConsole() {
        assertThat(registration.getRedirectUri()).isEqualTo("{baseUrl}/console/oidc/code/{registrationId}");
    }
}
