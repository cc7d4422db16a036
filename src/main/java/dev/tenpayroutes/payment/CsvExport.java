package dev.tenpayroutes.payment;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Currency;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.StreamCache;
import org.jspecify.annotations.Nullable;

/**
 * A list as CSV (RFC 4180), read page by page while it is sent: memory holds one page, however long the list is.
 *
 * <p>Amounts have the decimals of their currency (ISO 4217), times are of one zone, and a text that a spreadsheet would run as a
 * formula begins with an apostrophe. After {@value #MAX_ROWS} rows it fails, so that a cut list never passes for a whole one.
 */
final class CsvExport extends InputStream implements StreamCache {

    static final int MAX_ROWS = 1_000_000;
    private static final String BYTE_ORDER_MARK = "\ufeff";
    private static final String FORMULA = "=+-@\t\r";
    private static final Map<String, Integer> DECIMALS = Currency.getAvailableCurrencies().stream()
            .collect(Collectors.toUnmodifiableMap(
                    Currency::getCurrencyCode, currency -> Math.max(0, currency.getDefaultFractionDigits())));
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    static final List<Column> PAYMENTS = List.of(
            text("orderNo", "order_no"),
            text("account", "account"),
            text("status", "status"),
            text("paymentMethod", "payment_method"),
            text("region", "region"),
            money("amount", "amount"),
            money("refunded", "refunded"),
            text("currency", "currency"),
            text("description", "description"),
            text("paymentId", "tenpay_payment_id"),
            time("createdAt", "created_at"),
            time("paidAt", "paid_at"),
            time("expiresAt", "expires_at"),
            text("failReason", "fail_reason"),
            text("review", "review"),
            text("metadata", "metadata"));

    static final List<Column> REFUNDS = List.of(
            text("refundNo", "refund_no"),
            text("orderNo", "order_no"),
            text("account", "account"),
            text("status", "status"),
            text("origin", "origin"),
            money("amount", "amount"),
            text("currency", "currency"),
            text("reason", "reason"),
            text("refundId", "tenpay_refund_id"),
            time("createdAt", "created_at"),
            time("refundedAt", "refunded_at"),
            text("failReason", "fail_reason"),
            text("review", "review"));

    /** One column: its header, and its cell of a row. */
    record Column(String header, Cell cell) {}

    /** What a row shows in a zone. */
    @FunctionalInterface
    interface Cell {
        String of(JsonNode row, ZoneId zone);
    }

    /**
     * A page of rows.
     *
     * @param next where the next page begins; null after the last one
     */
    record Page(List<JsonNode> rows, @Nullable String next) {}

    private final List<Column> columns;
    private final ZoneId zone;
    private final Function<String, Page> pages;
    private final Runnable end;
    private InputStream part;
    private @Nullable String next;
    private int rows;
    private boolean ended;

    /**
     * @param first the first page
     * @param pages the page that begins at a cursor
     * @param end once nothing more is read
     */
    CsvExport(List<Column> columns, ZoneId zone, Page first, Function<String, Page> pages, Runnable end) {
        this.columns = columns;
        this.zone = zone;
        this.pages = pages;
        this.end = end;
        String header = columns.stream().map(Column::header).collect(Collectors.joining(","));
        part = new ByteArrayInputStream(
                (BYTE_ORDER_MARK + header + ",timeZone\r\n" + lines(first)).getBytes(StandardCharsets.UTF_8));
    }

    private String lines(Page page) {
        next = page.next();
        rows += page.rows().size();
        StringBuilder lines = new StringBuilder();
        for (JsonNode row : page.rows()) {
            for (Column column : columns) {
                lines.append(quoted(column.cell().of(row, zone))).append(',');
            }
            lines.append(zone.getId()).append("\r\n");
        }
        return lines.toString();
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        int read = part.read(bytes, from, length);
        while (read < 0 && next != null) {
            if (rows >= MAX_ROWS) {
                throw new IOException("a list of more than " + MAX_ROWS + " rows");
            }
            part = new ByteArrayInputStream(lines(pages.apply(next)).getBytes(StandardCharsets.UTF_8));
            read = part.read(bytes, from, length);
        }
        return read;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public void close() {
        if (!ended) {
            ended = true;
            end.run();
        }
    }

    /** Camel would keep any other stream before it is sent. */
    @Override
    public void reset() {
        // It is read once.
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
        try (this) {
            transferTo(out);
        }
    }

    @Override
    public StreamCache copy(Exchange exchange) {
        throw new UnsupportedOperationException("an export is read once");
    }

    @Override
    public boolean inMemory() {
        return false;
    }

    @Override
    public long length() {
        return -1;
    }

    @Override
    public long position() {
        return -1;
    }

    private static Column text(String header, String field) {
        return new Column(header, (row, zone) -> {
            JsonNode value = row.path(field);
            String text = value.isContainerNode() ? value.toString() : value.asText("");
            if (value.isNull() || text.equals("{}")) {
                return "";
            }
            return !text.isEmpty() && FORMULA.indexOf(text.charAt(0)) >= 0 ? "'" + text : text;
        });
    }

    private static Column money(String header, String field) {
        return new Column(header, (row, zone) -> {
            String code = row.path("currency").asText();
            return BigDecimal.valueOf(row.path(field).asLong(), DECIMALS.getOrDefault(code, 0))
                    .toPlainString();
        });
    }

    private static Column time(String header, String field) {
        return new Column(
                header,
                (row, zone) -> row.hasNonNull(field)
                        ? TIME.format(
                                OffsetDateTime.parse(row.path(field).asText()).atZoneSameInstant(zone))
                        : "");
    }

    private static String quoted(String cell) {
        return cell.chars().anyMatch(c -> c == '"' || c == ',' || c == '\n' || c == '\r')
                ? '"' + cell.replace("\"", "\"\"") + '"'
                : cell;
    }
}
