package dev.tenpayroutes.property;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The database explains itself: each table, view and column has a comment; views for reports show nothing that is secret. */
class SchemaCommentsTest {

    private static List<String> texts(Statement statement, String sql) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
        }
        return texts;
    }

    @Test
    void everyTableViewAndColumnHasComment() throws Exception {
        try (Database database = new Database();
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            assertThat(texts(statement, """
                    select c.relname || coalesce('.' || a.attname, '')
                    from pg_class c
                    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                    cross join lateral (values (0), (a.attnum)) as part (number)
                    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p')
                      and c.relname <> 'flyway_schema_history' and col_description(c.oid, part.number) is null
                      and (part.number > 0 or obj_description(c.oid, 'pg_class') is null)
                    """)).as("without a comment").isEmpty();
            List<String> shown = texts(statement, """
                    select table_name || '.' || column_name from information_schema.columns
                    where table_name like 'report\\_%'""");
            assertThat(shown)
                    .contains("report_payment.order_no", "report_event.status")
                    .hasSizeGreaterThan(40);
            assertThat(shown)
                    .noneMatch(
                            column -> column.matches(
                                    ".*\\.(content|metadata|prepay_info|description|reason|detail|data|body|review_theirs|.*_url)"));
        }
    }
}
