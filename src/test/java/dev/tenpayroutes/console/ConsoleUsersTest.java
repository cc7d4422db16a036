package dev.tenpayroutes.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.config.ConfigurationProblem;
import dev.tenpayroutes.config.TenpayProperties;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ClassPathResource;

class ConsoleUsersTest {

    private static final String BCRYPT = "$2a$10$abcdefghijklmnopqrstuu5s0qM4pU0JkL8nY3xJ8uQmW0e7bq9lK";
    private static final String ARGON2 = "$argon2id$v=19$m=16384,t=2,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo";
    private static final String SANDBOX = "$2a$10$Ts8hPJNr2uNqiQ32SbB30.PfhwlwD6bCgSsu52HoADAVfAW4WWzC.";

    static ConsoleUsers users(String... namesAndValues) throws Exception {
        Map<String, Object> settings = new HashMap<>(Map.of(
                "tenpay.accounts.main.merchant-id", "1",
                "tenpay.accounts.macau.merchant-id", "2",
                "tenpay.console.users.anna.password-hash", BCRYPT,
                "tenpay.console.users.anna.role", "finance",
                "tenpay.console.users.anna.accounts", "main"));
        for (int i = 0; i < namesAndValues.length; i += 2) {
            settings.put("tenpay.console." + namesAndValues[i], namesAndValues[i + 1]);
        }
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("test", settings));
        environment
                .getPropertySources()
                .addLast(new YamlPropertySourceLoader()
                        .load("shipped", new ClassPathResource("application.yaml"))
                        .get(0));
        return new ConsoleUsers(
                Binder.get(environment).bind("tenpay", TenpayProperties.class).get(), false);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "users.anna.password-hash | secret        | is no bcrypt hash",
                "users.anna.password-hash | {noop}secret  | is no bcrypt hash",
                "users.anna.password-hash | $2a$04$abcdefghijklmnopqrstuu5s0qM4pU0JkL8nY3xJ8uQmW0e7bq9lK | is no bcrypt hash",
                "users.anna.password-hash | 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8 | is no bcrypt hash",
                "users.anna.password-hash | " + SANDBOX + " | is that of the sandbox",
                "users.anna.role          | boss          | is no role",
                "users.anna.accounts      | paris         | names the account paris",
                "users.anna.language      | fr            | is neither en nor zh",
                "oidc.groups.staff.role   | boss          | is no role",
                "time-zone                | Mars/Base     | is no time zone"
            })
    void refusesWhatCannotWork(String setting, String value, String problem) throws Exception {
        assertThat(users(setting, value).problems())
                .extracting(ConfigurationProblem::line)
                .anyMatch(line -> line.contains("tenpay.console." + setting) && line.contains(problem))
                .noneMatch(line -> line.contains(value) && setting.endsWith("hash"));
    }

    @Test
    void knowsPeopleByHashesOfBothKinds() throws Exception {
        ConsoleUsers users =
                users("users.ben.password-hash", ARGON2, "users.ben.role", "viewer", "users.ben.accounts", "macau");
        assertThat(users.problems()).isEmpty();
        assertThat(users.byName("anna").orElseThrow().hash()).isEqualTo("{bcrypt}" + BCRYPT);
        assertThat(users.byName("ben").orElseThrow().hash()).isEqualTo("{argon2}" + ARGON2);
        assertThat(users.byName("carl")).isEmpty();
    }

    @Test
    void takesTheStrongestRoleOfSeveralGroups() throws Exception {
        ConsoleUsers users = users(
                "oidc.groups.a.role",
                "viewer",
                "oidc.groups.a.accounts",
                "macau",
                "oidc.groups.b.role",
                "finance",
                "oidc.groups.b.accounts",
                "main");
        ConsoleUser both =
                users.ofGroups("dora", List.of("a", "b", "other"), "zh").orElseThrow();
        assertThat(both).isEqualTo(new ConsoleUser("dora", Role.FINANCE, List.of("macau", "main"), "zh"));
        assertThat(users.ofGroups("dora", List.of("other"), "en")).isEmpty();
    }
}
