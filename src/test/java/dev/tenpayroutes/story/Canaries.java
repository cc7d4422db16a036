package dev.tenpayroutes.story;

import java.io.IOException;
import java.math.BigInteger;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Secrets that sing when they are found where they don't belong: as they are, or in base64, hex or URL encoding. */
final class Canaries {

    /** Every way a secret may be written, and whose it is. */
    private final Map<String, String> songs = new LinkedHashMap<>();

    /** @return a secret with characters that every encoding changes; the name makes it its own */
    String make(String name) {
        return watch(name, "Canary+" + name + "/%" + Integer.toHexString(name.hashCode()));
    }

    String watch(String name, String secret) {
        byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
        songs.put(secret, name);
        songs.put(URLEncoder.encode(secret, StandardCharsets.UTF_8), name + ", URL-encoded");
        songs.put(HexFormat.of().formatHex(bytes), name + ", in hex");
        songs.put(HexFormat.of().withUpperCase().formatHex(bytes), name + ", in hex");
        // Inside a longer text (user:secret) base64 has three spellings of the same bytes; its ends depend on
        // neighbours.
        for (int before = 0; before < 3; before++) {
            byte[] shifted = new byte[before + bytes.length];
            System.arraycopy(bytes, 0, shifted, before, bytes.length);
            for (Base64.Encoder encoder : List.of(Base64.getEncoder(), Base64.getUrlEncoder())) {
                String text = encoder.withoutPadding().encodeToString(shifted);
                songs.put(text.substring(before == 0 ? 0 : before + 1, text.length() - 2), name + ", in base64");
            }
        }
        return secret;
    }

    /** Every line of its PEM file, and its secret numbers, as Java prints them and in hex. */
    void watchKey(String name, Path pem) throws IOException, GeneralSecurityException {
        List<String> lines = Files.readAllLines(pem);
        lines.stream()
                .filter(line -> !line.startsWith("-----") && line.length() > 20)
                .forEach(line -> songs.put(line, name));
        RSAPrivateCrtKey key = (RSAPrivateCrtKey) KeyFactory.getInstance("RSA")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder()
                        .decode(String.join("", lines.subList(1, lines.size() - 1)))));
        for (BigInteger number : List.of(key.getPrivateExponent(), key.getPrimeP(), key.getPrimeQ())) {
            songs.put(number.toString().substring(0, 60), name + ", a number of it");
            songs.put(number.toString(16).substring(0, 60), name + ", a number of it in hex");
            songs.put(number.toString(16).toUpperCase(Locale.ROOT).substring(0, 60), name + ", a number of it in hex");
        }
    }

    /** @return which secrets a text holds, each with the line where it is found first; and any {@code BEGIN} of a key */
    List<String> heardIn(String text) {
        List<String> heard = new ArrayList<>();
        Map<String, String> all = new LinkedHashMap<>(songs);
        all.put("BEGIN", "the beginning of a PEM file");
        all.forEach((song, name) -> {
            int at = text.indexOf(song);
            if (at >= 0) {
                int from = Math.max(text.lastIndexOf('\n', at) + 1, at - 200);
                int to = Math.min(text.length(), at + song.length() + 40);
                heard.add(name + ": …" + text.substring(from, to).replace("\n", "\\n"));
            }
        });
        return heard;
    }
}
