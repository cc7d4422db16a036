package dev.tenpayroutes.sandbox;

/** An error answer of W8: nothing was changed. The message tells the integrator what to mend and is sent as it is. */
final class TenpayApiException extends RuntimeException {

    private final int status;
    private final String code;

    TenpayApiException(int status, String code, String message) {
        super(message, null, false, false);
        this.status = status;
        this.code = code;
    }

    static TenpayApiException invalid(String message) {
        return new TenpayApiException(400, "PARAM_ERROR", message);
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }

    String message() {
        return String.valueOf(getMessage());
    }
}
