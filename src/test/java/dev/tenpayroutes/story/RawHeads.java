package dev.tenpayroutes.story;

import java.util.List;

/** Heads of HTTP answers and requests that are odd and, as far as the transport goes, whole. */
final class RawHeads {

    /** Lines of a head that nothing depends on; every character is one byte. */
    static final List<String> LABELS = List.of(
            "Content-Type: text/html; charset=utf8mb4",
            "Content-Type: application/json; charset=",
            "Content-Type: application/json; charset=\"utf-8",
            "Content-Type: application/json; charset='no such'",
            "Content-Type: ;;;,=\"\\",
            "Content-Type:",
            "Content-Type: \u00ff/\u00fe; charset=\u00e9",
            "Content-Type: application/x-java-serialized-object",
            "Content-Type: application/x-www-form-urlencoded",
            "Content-Type: multipart/form-data",
            "Content-Type: a/b\r\nContent-Type: c/d; charset=x",
            "Content-Encoding: gzip",
            "Content-Encoding: identity",
            "Content-Encoding: br, nonsense;q=",
            "Set-Cookie: =;;; Expires=never; Domain=\u00ff",
            "Date: never",
            "Retry-After: -1",
            "Retry-After: Wed, 99 Foo 2026 77:00:00 GMT",
            "Retry-After: 99999999999999999999",
            "X-\u00e9\u00ff: \u00e9",
            "Location: http://[::bad",
            "CamelHttpResponseCode: 500",
            "CamelHttpUri: http://127.0.0.1:1/");

    /** What an answer that means 200 may begin with. */
    static final List<String> BEGINNINGS = List.of(
            "HTTP/1.1 200 OK",
            "HTTP/1.1 200",
            "HTTP/1.1 200 ",
            "HTTP/1.0 200 OK",
            "HTTP/1.1 200 \u00e9\u00ff",
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK");

    private RawHeads() {}
}
