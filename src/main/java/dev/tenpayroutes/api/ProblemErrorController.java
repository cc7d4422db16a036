package dev.tenpayroutes.api;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.web.servlet.error.ErrorController;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** What no route answered (unknown paths, wrong methods, the container's own refusals) is a {@link Problem} too. */
@RestController
class ProblemErrorController implements ErrorController {

    static final Problem NOT_READY = Problem.of("NOT_READY");

    @RequestMapping("/error")
    void error(HttpServletRequest request, HttpServletResponse response) throws IOException {
        int status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer code ? code : 404;
        problem(status).write(request, response);
    }

    /** What a status of the container's own means. */
    static Problem problem(int status) {
        return switch (status) {
            // 501 and 505 are about how the request was sent, and no fault of ours.
            case 400, 501, 505 -> Problem.of("BAD_REQUEST");
            case 404 -> OpenApiRequestValidator.NOT_THERE;
            case 405 -> Problem.of("METHOD_NOT_ALLOWED");
            // The container's own, when nothing more comes at all.
            case 408 -> RequestLimitFilter.TOO_SLOW;
            // Also the container's answer to a route that takes too long: what it was asked may still happen.
            case 503 -> NOT_READY;
            default ->
                status < 500
                        ? new Problem(
                                status,
                                "BAD_REQUEST",
                                Problem.of("BAD_REQUEST.refused").detail())
                        : Problem.of("INTERNAL_ERROR");
        };
    }
}
