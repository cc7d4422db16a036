package dev.tenpayroutes.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Currency;
import java.util.regex.Pattern;

/** The rules of W4 for a request's fields. Each is a {@link TenpayApiException} when it is broken. */
final class SandboxRules {

    static final Pattern NUMBER = Pattern.compile("[0-9A-Za-z_\\-|*]{6,32}");

    private static final Pattern QUANTITY = Pattern.compile("[1-9][0-9]{0,8}");

    private SandboxRules() {}

    static void checkSameContent(JsonNode known, JsonNode request) {
        require(known.equals(request), 409, "ORDER_CONFLICT", "the number is known with other content");
    }

    /** Every piece of W4 that may be left out, but not be wrong. */
    static void checkOptional(JsonNode request) {
        if (request.has("mch_region")) {
            text(request, "mch_region");
        }
        if (request.has("payer")) {
            text(request.path("payer"), "openid");
        }
        valid(!request.has("goods") || request.path("goods").isArray(), "goods must be a list");
        for (JsonNode item : request.path("goods")) {
            text(item, "goods_id");
            text(item, "goods_name");
            valid(
                    QUANTITY.matcher(text(item, "goods_quantity")).matches(),
                    "goods_quantity must be a string of digits");
            checkAmount(item.path("goods_unit_price"), "goods_unit_price", 0);
        }
    }

    static void checkAmount(JsonNode amount, String name, long least) {
        JsonNode total = amount.path("total");
        valid(
                total.isIntegralNumber() && total.canConvertToLong() && total.longValue() >= least,
                name + ".total must be an integer of at least " + least);
        try {
            Currency.getInstance(text(amount, "currency"));
        } catch (IllegalArgumentException e) {
            throw TenpayApiException.invalid(name + ".currency must be an ISO 4217 code");
        }
    }

    static Instant expiry(JsonNode request) {
        try {
            return OffsetDateTime.parse(text(request, "expire_time")).toInstant();
        } catch (DateTimeParseException e) {
            throw TenpayApiException.invalid("expire_time must be an RFC 3339 time");
        }
    }

    static void checkNotifyUrl(JsonNode request) {
        try {
            URI url = URI.create(text(request, "notify_url"));
            valid(
                    url.getHost() != null && ("http".equals(url.getScheme()) || "https".equals(url.getScheme())),
                    "notify_url must be an absolute http or https URL");
        } catch (IllegalArgumentException e) {
            throw TenpayApiException.invalid("notify_url must be an absolute http or https URL");
        }
    }

    static String number(JsonNode request, String name) {
        String number = text(request, name);
        valid(NUMBER.matcher(number).matches(), name + " must be 6 to 32 of 0-9 A-Z a-z _ - | *");
        return number;
    }

    static String text(JsonNode object, String name) {
        JsonNode value = object.path(name);
        valid(value.isTextual() && !value.textValue().isBlank(), name + " must be a string that isn't empty");
        return value.textValue();
    }

    static void valid(boolean good, String message) {
        require(good, 400, "PARAM_ERROR", message);
    }

    static void require(boolean good, int status, String code, String message) {
        if (!good) {
            throw new TenpayApiException(status, code, message);
        }
    }
}
