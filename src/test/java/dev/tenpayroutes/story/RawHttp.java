package dev.tenpayroutes.story;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.tenpayroutes.story.Story.Answer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** HTTP/1.1 byte by byte: sends what no HTTP client would, and reads one answer. */
final class RawHttp {

    /** Longer than the program's own, so that it is heard out. */
    private static final int PATIENCE_MS = 40_000;

    private RawHttp() {}

    /**
     * A request as it goes over the wire; every character of its head is one byte.
     *
     * @param headers whole lines
     */
    record Request(String method, String target, List<String> headers, byte[] body) {

        boolean has(String header) {
            String start = header.toLowerCase(Locale.ROOT) + ":";
            return headers.stream()
                    .anyMatch(line -> line.toLowerCase(Locale.ROOT).startsWith(start));
        }

        Request withHeader(String line) {
            List<String> more = new ArrayList<>(headers);
            more.add(line);
            return new Request(method, target, more, body);
        }

        private byte[] bytes() {
            Request whole = has("Host") ? this : withHeader("Host: localhost");
            if (body.length > 0 && !has("Content-Length") && !has("Transfer-Encoding")) {
                whole = whole.withHeader("Content-Length: " + body.length);
            }
            // The answer then ends with the connection.
            String head = method + " " + target + " HTTP/1.1\r\nConnection: close\r\n"
                    + String.join("\r\n", whole.headers) + "\r\n\r\n";
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.writeBytes(head.getBytes(ISO_8859_1));
            bytes.writeBytes(body);
            return bytes.toByteArray();
        }

        /** What a person types to send the same again. */
        String curl(String server) {
            return "printf '%s' | curl -si -X '%s' --request-target '%s' %s --data-binary @- %s/"
                    .formatted(
                            octal(body, "'\\%"),
                            shell(method),
                            shell(target),
                            headers.stream()
                                    .map(line -> "-H '" + shell(line) + "'")
                                    .collect(Collectors.joining(" ")),
                            server);
        }

        private static String shell(String text) {
            return text.replace("'", "'\\''");
        }

        private static String octal(byte[] bytes, String special) {
            StringBuilder text = new StringBuilder();
            for (byte b : bytes) {
                boolean plain = b >= ' ' && b < 127 && special.indexOf(b) < 0;
                text.append(plain ? String.valueOf((char) b) : "\\%03o".formatted(b & 0xff));
            }
            return text.toString();
        }
    }

    static Answer send(int port, Request request) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(PATIENCE_MS);
            socket.setTcpNoDelay(true);
            socket.getOutputStream().write(request.bytes());
            return answer(new ByteArrayInputStream(socket.getInputStream().readAllBytes()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Answer answer(InputStream in) throws IOException {
        String[] status = line(in).split(" ", 3);
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            String[] parts = header.split(":\\s*", 2);
            headers.computeIfAbsent(parts[0], name -> new ArrayList<>()).add(parts[1]);
        }
        if (status[1].equals("100")) {
            return answer(in);
        }
        byte[] body = headers.containsKey("Transfer-Encoding") ? chunks(in) : in.readAllBytes();
        return Answer.of(Integer.parseInt(status[1]), headers, body);
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int size = size(in); size > 0; size = size(in)) {
            body.write(in.readNBytes(size));
            line(in);
        }
        return body.toByteArray();
    }

    private static int size(InputStream in) throws IOException {
        return Integer.parseInt(line(in), 16);
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the answer ends within a line: " + line.toString(ISO_8859_1));
            }
            line.write(c);
        }
        return line.toString(ISO_8859_1).stripTrailing();
    }
}
