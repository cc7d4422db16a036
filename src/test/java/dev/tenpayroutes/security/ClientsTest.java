package dev.tenpayroutes.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tenpayroutes.account.Accounts;
import dev.tenpayroutes.account.KeyMaterialFixture;
import dev.tenpayroutes.config.ClientProperties;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import dev.tenpayroutes.delivery.OrderConsumerConfiguration;
import dev.tenpayroutes.signature.Rsa;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.env.MockEnvironment;

class ClientsTest {

    private static final String KEY = "tEaZ0f4mVqk2yJ7rB9sL";
    /** printf %s tEaZ0f4mVqk2yJ7rB9sL | sha256sum */
    private static final String SHA256 = "5da87d1d832c151bd867da0019c980264f47295b1f4e23b278f1453637fa5c34";

    private static final List<String> MAIN = List.of("main");
    private static final List<String> SCOPES = List.of("payments:read", "payments:write");

    private static Accounts accounts;

    @BeforeAll
    static void accounts(@TempDir Path folder) throws IOException {
        Clock clock = Clock.fixed(Instant.parse("2026-11-23T08:00:00Z"), ZoneOffset.UTC);
        accounts = new Accounts(new KeyMaterialFixture(folder).settings("main", "macau"), Rsa.fastest(), clock);
    }

    private static Clients clients(String profile, Map<String, ClientProperties> settings, String... properties) {
        MockEnvironment environment = new MockEnvironment();
        environment.setActiveProfiles(profile);
        for (String property : properties) {
            environment.setProperty(property, "https://issuer.example.com");
        }
        return new Clients(TenpayPropertiesFixture.clients(settings), accounts, environment);
    }

    private static Clients clients(ClientProperties key) {
        return clients("production", Map.of("erp", key));
    }

    private static ClientProperties key(
            List<String> keys, List<String> hashes, List<String> accounts, List<String> scopes) {
        return new ClientProperties(keys, hashes, null, accounts, scopes, 200);
    }

    private static ClientProperties byKey(String... keys) {
        return key(List.of(keys), List.of(), MAIN, SCOPES);
    }

    private static ClientProperties byHash(String... hashes) {
        return key(List.of(), List.of(hashes), MAIN, SCOPES);
    }

    private static ClientProperties byToken(@Nullable String id, String... keys) {
        return new ClientProperties(List.of(keys), List.of(), id, MAIN, SCOPES, 200);
    }

    private static String refusal(ClientProperties key) {
        InvalidConfigurationException refusal =
                catchThrowableOfType(InvalidConfigurationException.class, () -> clients(key));
        assertThat(refusal).as("started").isNotNull();
        return refusal.line();
    }

    @Test
    void aClientIsKnownByItsKey() {
        assertThat(clients(byKey(KEY)).byApiKey("tEaZ0f4mVqk2yJ7rB9sL"))
                .contains(new Client("erp", List.of("main"), List.of("payments:read", "payments:write")));
    }

    @Test
    void aClientIsKnownByTheHashOfItsKey() {
        assertThat(clients(byHash(SHA256)).byApiKey("tEaZ0f4mVqk2yJ7rB9sL"))
                .contains(new Client("erp", List.of("main"), List.of("payments:read", "payments:write")));
    }

    @Test
    void aHashMayBeInUpperCaseOrHaveSpaceAround() {
        assertThat(clients(byHash(" " + SHA256.toUpperCase(java.util.Locale.ROOT) + "\n"))
                        .byApiKey(KEY))
                .isPresent();
    }

    @Test
    void theHashCountsWhereBothAreGiven() {
        Clients clients = clients(key(List.of("another key of 20 and more"), List.of(SHA256), MAIN, SCOPES));
        assertThat(clients.byApiKey(KEY)).isPresent();
        assertThat(clients.byApiKey("another key of 20 and more")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "tEaZ0f4mVqk2yJ7rB9s",
                "tEaZ0f4mVqk2yJ7rB9sLL",
                "teaz0f4mvqk2yj7rb9sl",
                "tEaZ0f4mVqk2yJ7rB9sM",
                " tEaZ0f4mVqk2yJ7rB9sL",
                "5da87d1d832c151bd867da0019c980264f47295b1f4e23b278f1453637fa5c34"
            })
    void anyOtherKeyIsNobodys(String key) {
        assertThat(clients(byKey(KEY)).byApiKey(key)).isEmpty();
        assertThat(clients(byHash(SHA256)).byApiKey(key)).isEmpty();
    }

    @Test
    void everyClientHasItsOwnKeyAccountsAndScopes() {
        Map<String, ClientProperties> settings = new LinkedHashMap<>();
        settings.put("erp", byKey(KEY));
        settings.put(
                "desk",
                key(List.of("desk-key-desk-key-desk"), List.of(), List.of("macau", "main"), List.of("refunds:write")));
        Clients clients = clients("production", settings);
        assertThat(clients.byApiKey(KEY)).contains(new Client("erp", MAIN, SCOPES));
        assertThat(clients.byApiKey("desk-key-desk-key-desk"))
                .contains(new Client("desk", List.of("macau", "main"), List.of("refunds:write")));
    }

    @Test
    void aClientIsNeeded() {
        InvalidConfigurationException refusal =
                catchThrowableOfType(InvalidConfigurationException.class, () -> clients("production", Map.of()));
        assertThat(refusal.line())
                .isEqualTo(
                        "tenpay.clients names no client. Remedy: set tenpay.clients.erp.api-key-sha256, .accounts and"
                                + " .scopes, so that an ERP may call");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", ","})
    void aKeyIsNeeded(String blank) {
        List<String> none = List.of(blank.split(","));
        assertThat(refusal(key(none, none, MAIN, SCOPES)))
                .isEqualTo("tenpay.clients.erp.api-key-sha256 is not set. Remedy: make a key with openssl rand -hex 32"
                        + " and give its SHA-256");
    }

    @Test
    void theSandboxesKeyIsRefusedOutsideTheSandbox() {
        assertThat(refusal(byKey("sandbox-key")))
                .isEqualTo(
                        "tenpay.clients.erp.api-key is the sandbox's, which everybody knows. Remedy: make a key with:"
                                + " openssl rand -hex 32");
    }

    @Test
    void aShortKeyIsGoodEnoughForTheSandbox() {
        assertThat(clients("sandbox", Map.of("erp", byKey("sandbox-key"))).byApiKey("sandbox-key"))
                .isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tEaZ0f4mVqk2yJ7rB9sL",
                "5da87d1d832c151bd867da0019c980264f47295b1f4e23b278f1453637fa5c3",
                "5da87d1d832c151bd867da0019c980264f47295b1f4e23b278f1453637fa5c340",
                "5da87d1d832c151bd867da0019c980264f47295b1f4e23b278f1453637fa5c3g",
                "5da87d1d832c151bd867da0019c980264f47295b1f4e23b278f1453637fa5c34  -"
            })
    void aHashThatIsNotSixtyFourHexDigitsIsRefusedWithoutTheValue(String hash) {
        assertThat(refusal(byHash(hash)))
                .isEqualTo("tenpay.clients.erp.api-key-sha256 is not a SHA-256 hash of 64 hex digits. Remedy: make it"
                        + " with: printf %s \"$KEY\" | sha256sum | cut -c1-64");
    }

    @Test
    void theHashOfAnEmptyKeyIsRefused() {
        // What the remedy's command gives where $KEY isn't set; an empty X-API-Key header would then let every caller
        // in.
        assertThat(refusal(byHash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")))
                .startsWith("tenpay.clients.erp.api-key-sha256 ");
    }

    @Test
    void eachOfAClientsKeysCountsSoThatOneCanBeReplaced() {
        Clients clients = clients(byKey("the-old-key-of-this-client", " ", "the-new-key-of-this-client"));
        assertThat(clients.byApiKey("the-old-key-of-this-client")).isPresent();
        assertThat(clients.byApiKey("the-new-key-of-this-client")).isPresent();
        assertThat(clients.byApiKey(" ")).isEmpty();
        assertThat(clients.byApiKey("the-old-key-of-this-client, ,the-new-key-of-this-client"))
                .isEmpty();
    }

    @Test
    void eachOfAClientsHashesCountsSoThatOneCanBeReplaced() {
        // printf %s the-next-key-of-this-client | sha256sum
        Clients clients =
                clients(byHash(SHA256, "", "a7a2252736164f7188203f8dcb39b63af87709533c439b5ab2e6784bb86eafdc"));
        assertThat(clients.byApiKey(KEY)).isPresent();
        assertThat(clients.byApiKey("the-next-key-of-this-client")).isPresent();
        assertThat(clients.byApiKey("")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "5da87d1d832c151bd867da0019c980264f47295b1f4e23b278f1453637fa5c3",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "the-next-key-of-this-client",
            })
    void everyHashOfAListIsChecked(String second) {
        assertThat(refusal(byHash(SHA256, second)))
                .startsWith("tenpay.clients.erp.api-key-sha256 ")
                .doesNotContain(second);
    }

    @Test
    void refusesSandboxKeyInListAndAsHash() {
        assertThat(refusal(byKey(KEY, "sandbox-key"))).startsWith("tenpay.clients.erp.api-key is the sandbox's");
        // printf %s sandbox-key | sha256sum
        assertThat(refusal(byHash("db6bcf6a2a36ee93dafa7dfcdc40973da39f2e2843e4c6f76e08aefc767b0caa")))
                .startsWith("tenpay.clients.erp.api-key-sha256 is the hash of the sandbox's key");
    }

    @Test
    void aKeyOfTwoClientsIsRefusedWhereverItStandsInTheirLists() {
        Map<String, ClientProperties> settings = new LinkedHashMap<>();
        settings.put("erp", byKey("a-first-key-of-the-erp-system", KEY));
        settings.put("desk", byHash("a7a2252736164f7188203f8dcb39b63af87709533c439b5ab2e6784bb86eafdc", SHA256));
        assertThat(catchThrowableOfType(InvalidConfigurationException.class, () -> clients("production", settings)))
                .hasMessageStartingWith("tenpay.clients.desk.");
    }

    @Test
    void aClientIsKnownByTheNameThatTokensHaveForIt() {
        Clients clients = clients("production", Map.of("erp", byToken("erp-backend")), BearerTokens.ISSUER);
        assertThat(clients.byOAuth2ClientId("erp-backend")).contains(new Client("erp", MAIN, SCOPES));
        assertThat(clients.byOAuth2ClientId("erp")).isEmpty();
        assertThat(clients.byOAuth2ClientId("")).isEmpty();
        assertThat(clients.byApiKey("erp-backend")).isEmpty();
    }

    @Test
    void aClientThatOnlyTokensKnowNeedsAnIssuer() {
        assertThat(refusal(byToken("erp-backend")))
                .isEqualTo(
                        "tenpay.clients.erp.oauth2-client-id is this client's only credential, but there is no issuer"
                                + " of tokens. Remedy: set spring.security.oauth2.resourceserver.jwt.issuer-uri, or give the"
                                + " client an api-key-sha256");
        assertThat(clients(byToken("erp-backend", KEY)).byApiKey(KEY)).isPresent();
    }

    @Test
    void anIssuerAloneIsNoCredentialOfAClient() {
        assertThat(catchThrowableOfType(
                        InvalidConfigurationException.class,
                        () -> clients("production", Map.of("erp", byToken(" ")), BearerTokens.ISSUER)))
                .hasMessage("tenpay.clients.erp.api-key-sha256 is not set");
    }

    @Test
    void twoClientsWithOneNameInTokensAreRefused() {
        Map<String, ClientProperties> settings = new LinkedHashMap<>();
        settings.put("erp", byToken("erp-backend"));
        settings.put("desk", byToken(" erp-backend "));
        assertThat(catchThrowableOfType(
                        InvalidConfigurationException.class,
                        () -> clients("production", settings, BearerTokens.ISSUER)))
                .hasMessage("tenpay.clients.desk.oauth2-client-id is that of another client as well");
    }

    @Test
    void twoClientsWithOneKeyAreRefused() {
        Map<String, ClientProperties> settings = new LinkedHashMap<>();
        settings.put("erp", byKey(KEY));
        settings.put("desk", byHash(SHA256));
        assertThat(catchThrowableOfType(InvalidConfigurationException.class, () -> clients("production", settings)))
                .as("started, though the two can't be told apart")
                .isNotNull();
    }

    @Test
    void accountsAreNeeded() {
        assertThat(refusal(key(List.of(KEY), List.of(), List.of(), SCOPES)))
                .isEqualTo("tenpay.clients.erp.accounts is not set. Remedy: list the accounts this client may see, its"
                        + " default first");
    }

    @Test
    void anUnknownAccountIsRefused() {
        assertThat(refusal(key(List.of(KEY), List.of(), List.of("main", "Macau"), SCOPES)))
                .isEqualTo("tenpay.clients.erp.accounts names the account Macau, which tenpay.accounts doesn't have."
                        + " Remedy: name an account of tenpay.accounts");
    }

    @Test
    void scopesAreNeeded() {
        assertThat(refusal(key(List.of(KEY), List.of(), MAIN, List.of())))
                .isEqualTo(
                        "tenpay.clients.erp.scopes must be one or more of payments:read, payments:write,"
                                + " refunds:write, accounts:write, metrics:read, but is []. Remedy: list what this client may do");
    }

    @ParameterizedTest
    @CsvSource({"payments:*", "admin", "Payments:read", "payments:read payments:write"})
    void anUnknownScopeIsRefused(String scope) {
        assertThat(refusal(key(List.of(KEY), List.of(), MAIN, List.of("payments:read", scope))))
                .isEqualTo("tenpay.clients.erp.scopes must be one or more of payments:read, payments:write,"
                        + " refunds:write, accounts:write, metrics:read, but is [payments:read, " + scope
                        + "]. Remedy: list what this client may"
                        + " do");
    }

    @Test
    void settingsNeverShowAKey() {
        assertThat(TenpayPropertiesFixture.clients(Map.of(
                        "erp", new ClientProperties(List.of(KEY), List.of(SHA256), "erp-backend", MAIN, SCOPES, 200))))
                .asString()
                .endsWith("clients={erp=ClientProperties[accounts=[main], scopes=[payments:read, payments:write],"
                        + " apiKey=***]}]");
    }

    @ParameterizedTest
    @CsvSource({
        "'',tenpay.orders.kafka.client is not set",
        "eprom,'tenpay.orders.kafka.client names eprom, which tenpay.clients doesn''t have'",
        "erp,tenpay.orders.kafka.client names a client without the scope payments:write",
    })
    void ordersByKafkaNeedAClientThatMayOrder(String name, String refusal) {
        Clients clients = clients(key(List.of(KEY), List.of(), MAIN, List.of("payments:read")));
        assertThat(catchThrowableOfType(
                                InvalidConfigurationException.class,
                                () -> new OrderConsumerConfiguration("kafka:9093", name, clients))
                        .line())
                .startsWith(refusal)
                .contains("Remedy: ");
        assertThat(new OrderConsumerConfiguration("", name, clients))
                .as("without brokers it isn't looked at")
                .isNotNull();
        assertThat(new OrderConsumerConfiguration("kafka:9093", "erp", clients(byKey(KEY))))
                .isNotNull();
    }
}
