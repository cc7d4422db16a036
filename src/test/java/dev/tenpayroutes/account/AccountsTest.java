package dev.tenpayroutes.account;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayProperties;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import dev.tenpayroutes.signature.KeyFixture;
import dev.tenpayroutes.signature.Rsa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccountsTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-23T08:00:00Z"), ZoneOffset.UTC);
    private static final String PASSWORD = "s3cret-passw0rd";
    private static final String API_KEY = "0123456789abcdef0123456789ABCDEF";

    @TempDir
    private Path folder;

    private KeyMaterialFixture papers;

    @BeforeEach
    void papers() throws IOException {
        papers = new KeyMaterialFixture(folder);
    }

    private static Accounts accounts(TenpayProperties settings) {
        return new Accounts(settings, Rsa.fastest(), CLOCK);
    }

    /** What stops the start, and that the line carries no secret. */
    private String refusal(TenpayProperties settings) {
        InvalidConfigurationException refusal =
                catchThrowableOfType(InvalidConfigurationException.class, () -> accounts(settings));
        assertThat(refusal).as("started").isNotNull();
        String line = refusal.line();
        assertThat(line).hasLineCount(1).contains(". Remedy: ").startsWith(refusal.getMessage());
        assertThat(line).doesNotContain(PASSWORD, "BEGIN", "0123456789abcdef0123456789ABCDE");
        return line;
    }

    private String refusal(AccountProperties files) {
        return refusal(TenpayPropertiesFixture.accounts(
                "https://uat.tenpayglobal.com", "https://erp.example.com", Map.of("main", files)));
    }

    static AccountProperties with(AccountProperties files, String setting, @Nullable String value) {
        return new AccountProperties(
                setting.equals("merchant-id") ? value : files.merchantId(),
                setting.equals("app-id") ? value : files.appId(),
                setting.equals("base-url") ? value : files.baseUrl(),
                setting.equals("private-key") ? value : files.privateKey(),
                setting.equals("private-key-password") ? value : files.privateKeyPassword(),
                setting.equals("private-key-password-file") ? value : files.privateKeyPasswordFile(),
                setting.equals("pkcs11-config") ? value : files.pkcs11Config(),
                setting.equals("certificate") ? value : files.certificate(),
                setting.equals("platform-certificates") ? value : files.platformCertificates(),
                setting.equals("api-key") ? value : files.apiKey(),
                setting.equals("api-key-file") ? value : files.apiKeyFile(),
                files.refundsOnHold(),
                files.events());
    }

    private String refusalOf(String setting, @Nullable String value) {
        return refusal(with(papers.files(), setting, value));
    }

    private Path write(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    @Test
    void oneMerchantIdMayNotBeTwoAccounts() {
        TenpayProperties two = papers.settings("main", "macau");
        Map<String, AccountProperties> accounts = new HashMap<>(two.accounts());
        accounts.put(
                "macau",
                with(accounts.get("macau"), "merchant-id", accounts.get("main").merchantId()));
        assertThat(refusal(TenpayPropertiesFixture.accounts(two.baseUrl(), two.notifyBaseUrl(), accounts)))
                .contains(".merchant-id is that of the account ", "one payment would settle the orders of both");
    }

    @Test
    void completeSettingsMakeAnAccountThatCanSignAndVerify() {
        Accounts accounts = accounts(papers.settings("main", "macau"));
        Account main = accounts.get("main");
        assertThat(main.name()).isEqualTo("main");
        assertThat(main.merchantId()).isEqualTo("2480000001");
        assertThat(main.appId()).isEqualTo("wx0123456789abcdef");
        assertThat(main.credential().merchantId()).isEqualTo("2480000001");
        assertThat(main.credential().serial()).isEqualTo("0A1B2C3D");
        assertThat(main.platformKey("7E2A54C1D9F0")).isPresent();
        assertThat(main.cipher()).isNotNull();
        assertThat(main.baseUrl()).hasToString("https://uat.tenpayglobal.com");
        assertThat(accounts.notifyUrl("macau", "refunds"))
                .isEqualTo("https://erp.example.com/webhooks/tenpay/macau/refunds");
    }

    @Test
    void anAccountThatIsNotInTheSettingsIsNotFound() {
        Accounts accounts = accounts(papers.settings("main"));
        assertThat(accounts.find("macau")).isEmpty();
        assertThat(accounts.find(null)).isEmpty();
        assertThatThrownBy(() -> accounts.get("macau"))
                .hasMessage("no account macau: restore tenpay.accounts.macau.*, its stored payments need it");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void theApiKeyMayBeLeftOut(@Nullable String apiKey) {
        TenpayProperties settings = TenpayPropertiesFixture.accounts(
                "https://uat.tenpayglobal.com",
                "https://erp.example.com",
                Map.of("main", with(papers.files(), "api-key", apiKey)));
        assertThat(accounts(settings).get("main").cipher()).isNull();
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void theBaseUrlIsNeeded(@Nullable String url) {
        assertThat(refusal(TenpayPropertiesFixture.accounts(
                        url, "https://erp.example.com", Map.of("main", papers.files()))))
                .isEqualTo("tenpay.base-url is not set. Remedy: set it to https://uat.tenpayglobal.com for UAT, or to"
                        + " the URL the Tenpay Global team gave you");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void theNotifyBaseUrlIsNeeded(@Nullable String url) {
        assertThat(refusal(TenpayPropertiesFixture.accounts(
                        "https://uat.tenpayglobal.com", url, Map.of("main", papers.files()))))
                .isEqualTo("tenpay.notify-base-url is not set. Remedy: set it to the public https address at which"
                        + " Tenpay reaches this service, without /webhooks");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "uat.tenpayglobal.com",
                "ftp://uat.tenpayglobal.com",
                "https:",
                "https://?x",
                "https://uat.tenpayglobal.com?x=1",
                "https://uat tenpayglobal.com",
                "file:/etc/passwd"
            })
    void aBaseUrlThatCannotBeCalledIsRefused(String url) {
        assertThat(refusal(TenpayPropertiesFixture.accounts(
                        url, "https://erp.example.com", Map.of("main", papers.files()))))
                .isEqualTo("tenpay.base-url is not an http or https URL with a host: " + url
                        + ". Remedy: set it to https://uat.tenpayglobal.com for UAT, or to the URL the Tenpay Global"
                        + " team gave you");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://erp_app/tenpay", "https://erp_app:8443"})
    void namesUnderscoreOfHostAndRemedy(String url) {
        assertThat(refusal(TenpayPropertiesFixture.accounts(
                        "https://uat.tenpayglobal.com", url, Map.of("main", papers.files()))))
                .startsWith("tenpay.notify-base-url has a host name with an underscore")
                .contains("network alias");
    }

    @Test
    void aNotifyBaseUrlThatCannotBeCalledIsRefused() {
        assertThat(refusal(TenpayPropertiesFixture.accounts(
                        "https://uat.tenpayglobal.com", "erp.example.com", Map.of("main", papers.files()))))
                .isEqualTo(
                        "tenpay.notify-base-url is not an http or https URL with a host: erp.example.com. Remedy: set"
                                + " it to the public https address at which Tenpay reaches this service, without /webhooks");
    }

    @Test
    void aUrlWithAPasswordIsRefusedWithoutThePassword() {
        assertThat(refusal(TenpayPropertiesFixture.accounts(
                        "https://user:" + PASSWORD + "@uat.tenpayglobal.com",
                        "https://erp.example.com",
                        Map.of("main", papers.files()))))
                .startsWith("tenpay.base-url is not an http or https URL with a host");
    }

    @Test
    void aUrlWithAFragmentIsRefused() {
        assertThat(refusal(TenpayPropertiesFixture.accounts(
                        "https://uat.tenpayglobal.com/#x", "https://erp.example.com", Map.of("main", papers.files()))))
                .startsWith("tenpay.base-url ");
    }

    @Test
    void anAccountIsNeeded() {
        assertThat(refusal(TenpayPropertiesFixture.accounts(
                        "https://uat.tenpayglobal.com", "https://erp.example.com", Map.of())))
                .isEqualTo("tenpay.accounts names no merchant account. Remedy: set tenpay.accounts.main.merchant-id,"
                        + " .app-id, .private-key, .certificate, .platform-certificates");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Main", "my_account", "-main", "a/b", "", "a23456789012345678901234567890123", "a,b"})
    void aNameThatCannotBePartOfAPathIsRefused(String name) {
        assertThat(refusal(papers.settings(name)))
                .isEqualTo("tenpay.accounts." + name + " is not a usable account name. Remedy: use 1 to 32 of a-z, 0-9"
                        + " and -, since it is part of the webhook's path");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void theMerchantIdIsNeeded(@Nullable String value) {
        assertThat(refusalOf("merchant-id", value))
                .isEqualTo("tenpay.accounts.main.merchant-id is not set. Remedy: copy it from the merchant portal");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void theAppIdIsNeeded(@Nullable String value) {
        assertThat(refusalOf("app-id", value))
                .isEqualTo("tenpay.accounts.main.app-id is not set. Remedy: set the mini program's app id");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void thePrivateKeyIsNeeded(@Nullable String value) {
        assertThat(refusalOf("private-key", value))
                .isEqualTo("tenpay.accounts.main.private-key is not set. Remedy: name the PEM file of the merchant's"
                        + " private key");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void theCertificateIsNeeded(@Nullable String value) {
        assertThat(refusalOf("certificate", value))
                .isEqualTo("tenpay.accounts.main.certificate is not set. Remedy: name the PEM file of the certificate"
                        + " you uploaded in the merchant portal");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  "})
    void theFolderOfPlatformCertificatesIsNeeded(@Nullable String value) {
        assertThat(refusalOf("platform-certificates", value))
                .isEqualTo("tenpay.accounts.main.platform-certificates is not set. Remedy: name the folder with the"
                        + " platform certificate downloaded from the merchant portal");
    }

    @Test
    void aPrivateKeyFileThatIsMissingIsRefused() {
        Path missing = folder.resolve("missing.pem");
        assertThat(refusalOf("private-key", missing.toString()))
                .isEqualTo("tenpay.accounts.main.private-key names a file that does not exist: " + missing
                        + ". Remedy: name a file that holds a private key in PEM or PKCS#12 form");
    }

    @Test
    void aCertificateInPlaceOfThePrivateKeyIsRefused() {
        assertThat(refusalOf("private-key", folder.resolve("certificate.pem").toString()))
                .isEqualTo(
                        "tenpay.accounts.main.private-key holds a certificate and no private key. Remedy: name a file that holds a"
                                + " private key in PEM or PKCS#12 form");
    }

    @Test
    void aPrivateKeyThatIsNotRsaIsRefused() throws IOException {
        Path ec = write("ec.pem", KeyMaterialFixture.key(KeyMaterialFixture.ec()));
        assertThat(refusalOf("private-key", ec.toString()))
                .isEqualTo("tenpay.accounts.main.private-key holds a key that is not RSA. Remedy: name a file that"
                        + " holds a private key in PEM or PKCS#12 form");
    }

    @Test
    void aPrivateKeyThatIsNotTheCertificatesIsRefused() throws IOException {
        Path other = write("other.pem", KeyMaterialFixture.key(KeyFixture.STRANGER));
        assertThat(refusalOf("private-key", other.toString()))
                .isEqualTo("tenpay.accounts.main.private-key is not the key of tenpay.accounts.main.certificate (serial"
                        + " 0A1B2C3D). Remedy: give the key and the certificate that were made together");
    }

    @Test
    void thePrivateKeysTextInPlaceOfItsFileIsRefusedWithoutTheText() {
        String pem = KeyMaterialFixture.key(KeyFixture.MERCHANT);
        assertThat(refusalOf("private-key", pem))
                .startsWith("tenpay.accounts.main.private-key ")
                .doesNotContain(pem.lines().skip(1).findFirst().orElseThrow());
    }

    @Test
    void aWrongPasswordIsRefusedWithoutThePassword() throws IOException {
        Path damaged = write(
                "encrypted.pem",
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                        + "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                        + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n-----END RSA PRIVATE KEY-----\n");
        AccountProperties files = with(papers.files(), "private-key", damaged.toString());
        assertThat(refusal(with(files, "private-key-password", PASSWORD)))
                .isEqualTo("tenpay.accounts.main.private-key can't be decrypted: the private-key-password is wrong or"
                        + " the file is damaged. Remedy: name a file that holds a private key in PEM or PKCS#12 form");
    }

    @Test
    void aCertificateFileWithoutACertificateIsRefused() {
        assertThat(refusalOf("certificate", folder.resolve("key.pem").toString()))
                .isEqualTo("tenpay.accounts.main.certificate holds no certificate. Remedy: name a file that holds a"
                        + " certificate in PEM or PKCS#12 form");
    }

    @Test
    void aPlatformFolderThatIsMissingIsRefused() {
        Path missing = folder.resolve("missing");
        assertThat(refusalOf("platform-certificates", missing.toString()))
                .isEqualTo("tenpay.accounts.main.platform-certificates names a folder that does not exist: " + missing
                        + ". Remedy: make it and put the platform certificate from the merchant portal into it");
    }

    @Test
    void anEmptyPlatformFolderIsRefused() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThat(refusalOf("platform-certificates", empty.toString()))
                .isEqualTo("tenpay.accounts.main.platform-certificates holds no usable platform certificate: " + empty
                        + " is empty. Remedy: download the Tenpay Global platform certificate from the merchant portal"
                        + " and put it there as PEM");
    }

    @Test
    void aPlatformFolderWithNothingButAnExpiredCertificateIsRefused() throws IOException {
        KeyPair keys = KeyFixture.TENPAY;
        Path file = papers.platform.resolve("tenpay.pem");
        Files.writeString(
                file,
                KeyMaterialFixture.certificate("7E2A54C1D9F0", keys, KeyMaterialFixture.FROM, "2026-11-23T07:59:59Z"));
        assertThat(refusal(papers.settings("main")))
                .isEqualTo("tenpay.accounts.main.platform-certificates holds no usable platform certificate: "
                        + papers.platform + " (it has the file tenpay.pem, which"
                        + " is valid only from 2026-01-01T00:00:00Z to 2026-11-23T07:59:59Z: ignored). Remedy:"
                        + " download the Tenpay Global platform certificate from the merchant portal and put it there as"
                        + " PEM");
    }

    /** A copy of the wrong file: what we sign ourselves would pass for Tenpay's. */
    @Test
    void theMerchantsOwnCertificateIsNotTakenForTenpays() throws IOException {
        Path own = papers.platform.resolve("own.pem");
        Files.copy(folder.resolve("certificate.pem"), own);
        assertThat(accounts(papers.settings("main")).get("main").findings())
                .extracting(ConfigurationProblem::problem)
                .anyMatch(
                        problem -> problem.matches("holds this account's own certificate \\w+, which is not Tenpay's"));
        Files.delete(papers.platform.resolve("tenpay.pem"));
        assertThat(refusal(papers.settings("main")))
                .startsWith("tenpay.accounts.main.platform-certificates holds this account's own certificate ");
    }

    @Test
    void anApiKeyFromAnEnvironmentVariableThatIsNotSetSaysSo() {
        assertThat(refusalOf("api-key", "${TENPAY_API_KEY}"))
                .isEqualTo("tenpay.accounts.main.api-key names the environment variable ${TENPAY_API_KEY}, which is not"
                        + " set. Remedy: set it, or leave the setting out");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0123456789abcdef0123456789ABCDE", "0123456789abcdef0123456789ABCDEFF"})
    void anApiKeyOfAnotherLengthIsRefusedWithoutTheKey(String apiKey) {
        assertThat(refusalOf("api-key", apiKey))
                .isEqualTo("tenpay.accounts.main.api-key must have exactly 32 characters. Remedy: copy the API key from"
                        + " the merchant portal again");
    }

    @Test
    void settingsAndAccountsNeverShowASecret() {
        AccountProperties files = with(papers.files(), "private-key-password", PASSWORD);
        TenpayProperties settings = TenpayPropertiesFixture.accounts(
                "https://uat.tenpayglobal.com", "https://erp.example.com", Map.of("main", files));
        assertThat(files).hasToString("AccountProperties[merchantId=2480000001, secrets=***]");
        assertThat(settings.toString()).contains("secrets=***").doesNotContain(PASSWORD, API_KEY);
        assertThat(accounts(settings).get("main").credential().toString()).contains("key=***");
        assertThat(accounts(settings).get("main").toString())
                .isEqualTo("Account[main, merchantId=2480000001]")
                .doesNotContain(PASSWORD, API_KEY)
                .doesNotContain(((java.security.interfaces.RSAPublicKey) KeyFixture.MERCHANT.getPublic())
                        .getModulus()
                        .toString(16));
    }

    @Test
    void keyThatEveryUserMayReadDrawsAWarning() throws IOException {
        assumeTrue(folder.getFileSystem().supportedFileAttributeViews().contains("posix"));
        Files.setPosixFilePermissions(folder.resolve("key.pem"), PosixFilePermissions.fromString("rw-r--r--"));
        Account account = accounts(papers.settings("main")).get("main");
        assertThat(account.isAvailable()).isTrue();
        assertThat(account.findings())
                .singleElement()
                .satisfies(problem -> assertThat(problem.line())
                        .startsWith(
                                "tenpay.accounts.main.private-key names a file that every user of this machine may read")
                        .contains("chmod 600"));
    }
}
