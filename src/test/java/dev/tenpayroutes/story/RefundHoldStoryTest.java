package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.test.context.TestPropertySource;

@DisplayName("refund-hold")
@TestPropertySource(properties = {"tenpay.accounts.macau.refunds-on-hold=true", "tenpay.poll.first-delay=21s"})
@ExtendWith(OutputCaptureExtension.class)
class RefundHoldStoryTest extends Story {

    private static final String MAIN = "/v1/accounts/main/refund-hold";

    private Answer hold() {
        Answer answer = send("PUT", MAIN, KEY, null);
        assertThat(answer.status()).isEqualTo(200);
        return answer;
    }

    private Answer release() {
        Answer answer = send("DELETE", MAIN, KEY, null);
        assertThat(answer.status()).isEqualTo(200);
        return answer;
    }

    private Answer accountHealth(String key) {
        return send("GET", "/actuator/health/accounts", key, null);
    }

    @AfterEach
    void released() {
        release();
    }

    @Test
    void refusesNewRefundsUntilReleased() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        hold();

        Answer refused = refund(number, refundNumber, 250);

        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.text("code")).isEqualTo("REFUNDS_ON_HOLD");
        assertThat(count("select count(*) from refund where refund_no = ?", refundNumber))
                .isZero();
        release();
        assertThat(refund(number, refundNumber, 250).status()).isEqualTo(201);
    }

    @Test
    void showsWhoHoldsSinceWhen(CapturedOutput log) {
        Answer held = hold();
        Answer again = hold();

        assertThat(held.body().path("onHold").asBoolean()).isTrue();
        assertThat(held.text("heldBy")).isEqualTo("sandbox");
        assertThat(again.body()).isEqualTo(held.body());
        assertThat(get(MAIN).body()).isEqualTo(held.body());
        release();
        assertThat(release().body().toString()).isEqualTo("{\"account\":\"main\",\"onHold\":false}");
        assertThat(log.getAll().split("account main: refunds on hold, by client sandbox", -1))
                .hasSize(2);
        assertThat(log.getAll().split("account main: refunds released, by client sandbox", -1))
                .hasSize(2);
    }

    @Test
    void needsItsScopeAndTheCallersAccount() {
        assertThat(send("PUT", MAIN, without("accounts:write"), null).status()).isEqualTo(403);
        assertThat(send("DELETE", MAIN, without("accounts:write"), null).status())
                .isEqualTo(403);
        assertThat(send("PUT", MAIN, NEIGHBOUR, null).text("code")).isEqualTo("ACCOUNT_UNKNOWN");
        assertThat(send("PUT", "/v1/accounts/mian/refund-hold", KEY, null).status())
                .isEqualTo(422);
        assertThat(send("GET", MAIN, READER, null).text("account")).isEqualTo("main");
    }

    @Test
    void goesOnWithPaymentsAndKnownRefunds() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        refund(number, refundNumber, 250);
        hold();

        assertThat(refund(number, refundNumber, 250).status()).isEqualTo(200);
        assertThat(post("/v1/refunds/" + refundNumber + "/sync", null).status()).isEqualTo(200);
        bank(refundNumber, "SUCCESS");
        refundIsSoon(refundNumber, "SUCCEEDED");
        assertThat(paidPayment()).isNotBlank();
    }

    @Test
    void sendsNoRefundAgainWhileOnHold() {
        String number = paidPayment();
        String refundNumber = newRefundNumber();
        fault(refundNumber, "refund", "RESET_BEFORE");
        assertThat(refund(number, refundNumber, 250).status()).isEqualTo(202);
        hold();
        long sent = refundCallsAtTenpay(refundNumber, "refund");
        db.sql("update refund set next_poll_at = now(), submitting_until = null,"
                        + " submitted_at = now() - interval '1 hour' where refund_no = ?")
                .param(refundNumber)
                .update();

        eventually()
                .untilAsserted(() -> assertThat(refundCallsAtTenpay(refundNumber, "inquiry-refund"))
                        .isPositive());
        assertThat(refund(number, refundNumber, 250).status()).isEqualTo(202);
        assertThat(refundCallsAtTenpay(refundNumber, "refund")).isEqualTo((int) sent);
        release();
        db.sql("update refund set next_poll_at = now() where refund_no = ?")
                .param(refundNumber)
                .update();
        refundIsSoon(refundNumber, "PENDING");
    }

    @Test
    void healthWarnsAndNamesTheAccount() {
        hold();

        Answer health = accountHealth(KEY);

        assertThat(health.text("status")).isEqualTo("WARNING");
        assertThat(health.body()
                        .at("/components/merchantAccounts/details/main/refundsOnHold")
                        .asBoolean())
                .isTrue();
        release();
        assertThat(accountHealth(KEY)
                        .body()
                        .at("/components/merchantAccounts/details/main/refundsOnHold")
                        .asBoolean(true))
                .isFalse();
    }

    @Test
    void holdsByTheSettingAsWell() {
        String macau = "/v1/accounts/macau/refund-hold";

        Answer held = send("GET", macau, NEIGHBOUR, null);
        Answer released = send("DELETE", macau, NEIGHBOUR, null);

        assertThat(held.text("heldBy")).isEqualTo("setting");
        assertThat(released.body()).isEqualTo(held.body());
        assertThat(accountHealth(NEIGHBOUR).text("status")).isEqualTo("WARNING");
        // A payment of that account, as if it were one: no shopper of the sandbox pays there.
        String number = paidPayment();
        alsoInMacau(number);
        assertThat(send("POST", "/v1/payments/" + number + "/refunds", NEIGHBOUR, refund(newRefundNumber(), 250))
                        .text("code"))
                .isEqualTo("REFUNDS_ON_HOLD");
    }

    private String mine;

    private void admin(String... statements) throws SQLException {
        String url = settings.getRequiredProperty("spring.datasource.url").replace("/" + mine, "/template1");
        try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private void closedFor(String... statements) throws SQLException {
        admin(
                "alter database " + mine + " allow_connections false",
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + mine + "'",
                "select pg_sleep(1)");
        admin(statements);
    }

    private void copied() throws SQLException {
        mine = databaseName();
        closedFor("create database older template " + mine, "alter database " + mine + " allow_connections true");
        eventually().ignoreExceptions().until(() -> get("/v1/payments").status() == 200);
    }

    private void failedOver() throws SQLException {
        closedFor("alter database " + mine + " rename to lost", "alter database older rename to " + mine);
        eventually().ignoreExceptions().until(() -> get("/v1/payments").status() == 200);
    }

    private void notifiedAgain(String kind, String body) {
        Answer answer = send("POST", "/webhooks/tenpay/main/" + kind, null, body, tenpay().headers(body));
        assertThat(answer.status()).isEqualTo(200);
    }

    private static List<String> runbookQueries() throws IOException {
        String section = Files.readString(Path.of("docs/runbook.md")).split("## After a restore")[1];
        List<String> queries = Pattern.compile("```sql\\s(.*?);\\s*```", Pattern.DOTALL)
                .matcher(section)
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(queries).hasSize(3);
        return queries;
    }

    /** As docs/runbook.md has it: the database under the running program becomes an older copy of itself. */
    @Test
    void theHoldKeepsLostRefundsFromBeingPaidTwice() throws Exception {
        String number = paidPayment();
        copied();
        String notified = newRefundNumber();
        String silent = newRefundNumber();
        for (String refundNumber : new String[] {notified, silent}) {
            assertThat(refund(number, refundNumber, 200).status()).isEqualTo(201);
            bank(refundNumber, "SUCCESS");
            refundIsSoon(refundNumber, "SUCCEEDED");
        }
        String lost = paidPayment();

        failedOver();

        assertThat(refunded(number)).isZero();
        assertThat(refundOf(notified).status()).isEqualTo(404);
        assertThat(payment(lost).status()).isEqualTo(404);
        assertThat(send("PUT", "/v1/accounts/main/refund-hold", KEY, null).status())
                .isEqualTo(200);
        String another = newRefundNumber();
        assertThat(refund(number, another, 1050).text("code")).isEqualTo("REFUNDS_ON_HOLD");

        // What Tenpay sends again brings one back, an inquiry the other; a lost order is posted again.
        notifiedAgain(
                "refunds",
                TenpaySigner.refundNotification("EV-" + UUID.randomUUID(), number, notified, "SUCCESS", 200, "SGD"));
        assertThat(post("/v1/refunds/" + silent + "/sync", null).text("status")).isEqualTo("SUCCEEDED");
        notifiedAgain("payments", TenpaySigner.notification("EV-" + UUID.randomUUID(), lost, "SUCCESS", 1050, "SGD"));
        assertThat(db.sql(
                                "select number from notification where kind = 'payments' and state in ('WAITING', 'GIVEN_UP')")
                        .query(String.class)
                        .list())
                .containsExactly(lost);
        notifiedAgain(
                "payments", TenpaySigner.notification("EV-" + UUID.randomUUID(), newNumber(), "SUCCESS", 1, "SGD"));
        assertThat(post("/v1/payments", order(lost)).status()).isIn(200, 201, 202);
        isSoon(lost, "SUCCEEDED");
        assertThat(refundOf(notified).text("status")).isEqualTo("SUCCEEDED");
        assertThat(refunded(number)).isEqualTo(400);

        runbookQueries()
                .forEach(sql ->
                        assertThat(db.sql(sql).query().listOfRows()).as(sql).isNotEmpty());
        assertThat(send("DELETE", "/v1/accounts/main/refund-hold", KEY, null).status())
                .isEqualTo(200);
        assertThat(refund(number, another, 651).text("code")).isEqualTo("REFUND_EXCEEDS_PAYMENT");
        assertThat(refund(number, another, 650).status()).isEqualTo(201);
        assertThat(refund(number, notified, 200).status()).isEqualTo(200);
    }
}
