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
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.test.context.TestPropertySource;

/** As docs/runbook.md has it: the database under the running program becomes an older copy of itself. */
@DisplayName("After a restore or a failover that lost commits")
@TestPropertySource(properties = "tenpay.poll.first-delay=21s")
class RestoredDatabaseStoryTest extends Story {

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
