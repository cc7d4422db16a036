package dev.tenpayroutes.console;

import dev.tenpayroutes.config.ConsoleProperties;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.boot.autoconfigure.security.oauth2.client.OAuth2ClientProperties;
import org.springframework.boot.autoconfigure.security.oauth2.client.OAuth2ClientPropertiesMapper;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.security.oauth2.client.oidc.userinfo.OidcUserRequest;
import org.springframework.security.oauth2.client.oidc.userinfo.OidcUserService;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.registration.InMemoryClientRegistrationRepository;
import org.springframework.security.oauth2.client.registration.SupplierClientRegistrationRepository;
import org.springframework.security.oauth2.client.userinfo.OAuth2UserService;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;

/** Lets in whom an OIDC provider knows, with the role and the accounts of the groups in the claim; none without such a group. */
final class OidcPeople implements OAuth2UserService<OidcUserRequest, OidcUser> {

    private final OidcUserService provider = new OidcUserService();
    private final ConsoleUsers users;
    private final String claim;

    OidcPeople(ConsoleUsers users, ConsoleProperties.Oidc settings) {
        this.users = users;
        this.claim = settings.groupsClaim();
    }

    @Override
    public OidcUser loadUser(OidcUserRequest request) {
        OidcUser known = provider.loadUser(request);
        String name = Stream.of(known.getPreferredUsername(), known.getEmail(), known.getSubject())
                .filter(text -> text != null && !text.isBlank())
                .findFirst()
                .orElse("");
        String language = known.getLocale() == null ? "en" : known.getLocale().replaceFirst("[-_].*", "");
        return users.ofGroups(name, groups(known.getClaims().get(claim)), language)
                .map(user -> new OidcPerson(known, user))
                .orElseThrow(() -> new OAuth2AuthenticationException("no_group"));
    }

    private static Collection<String> groups(Object claim) {
        return claim instanceof Collection<?> list
                ? list.stream().map(String::valueOf).toList()
                : claim instanceof String one ? List.of(one.split("[ ,]+")) : List.of();
    }

    /** Asks the provider about itself when the first person logs in, so that a start doesn't depend on it. */
    @Configuration(proxyBeanMethods = false)
    @Conditional(Registered.class)
    @EnableConfigurationProperties(OAuth2ClientProperties.class)
    static class Providers {
        @Bean
        ClientRegistrationRepository clientRegistrationRepository(OAuth2ClientProperties settings) {
            settings.getRegistration().values().stream()
                    .filter(registration -> registration.getRedirectUri() == null)
                    .forEach(registration ->
                            registration.setRedirectUri("{baseUrl}" + ConsoleSecurity.OIDC + "/code/{registrationId}"));
            return new SupplierClientRegistrationRepository(() -> {
                List<ClientRegistration> registrations = List.copyOf(new OAuth2ClientPropertiesMapper(settings)
                        .asClientRegistrations()
                        .values());
                return new InMemoryClientRegistrationRepository(registrations);
            });
        }
    }

    static final class Registered implements org.springframework.context.annotation.Condition {
        @Override
        public boolean matches(
                org.springframework.context.annotation.ConditionContext context, AnnotatedTypeMetadata metadata) {
            Environment environment = context.getEnvironment();
            return ConsoleIsOn.hasOidc(environment);
        }
    }
}
