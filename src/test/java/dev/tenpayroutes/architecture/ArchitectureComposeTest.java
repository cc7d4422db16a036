package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** What docker-compose.yml and the Dockerfile promise, as far as it can be read from them without a Docker engine. */
class ArchitectureComposeTest {

    /** Images that bring a user of their own, none of them root. */
    private static final Map<String, String> USERS =
            Map.of("prometheus", "65534:65534", "alertmanager", "65534:65534", "grafana", "472:0");

    private Map<String, Map<String, Object>> services;

    @BeforeEach
    void read() throws IOException {
        Map<String, Map<String, Map<String, Object>>> compose =
                new Yaml().load(Files.readString(Path.of("docker-compose.yml")));
        services = compose.get("services");
    }

    @Test
    void composeRunsProductionWithMountedRoutesAndSecretFiles() {
        Map<String, Object> routes = services.get("routes");
        assertThat(routes.get("environment").toString())
                .contains(
                        "SPRING_PROFILES_ACTIVE=production", "SPRING_CONFIG_IMPORT=configtree:/run/secrets/settings/");
        assertThat(routes.get("volumes").toString()).contains("source=./routes, target=/app/routes, read_only=true");
        assertThat(routes.get("secrets").toString()).contains("spring.datasource.password");
        // A folder: a single file that is mounted stays the old one when another is moved over it.
        assertThat(routes.get("volumes").toString())
                .contains("source=./secrets/merchant, target=/run/merchant, read_only=true");
        assertThat(routes.get("environment").toString())
                .contains(
                        "PRIVATEKEY=/run/merchant/merchant-key.pem",
                        "MAIN_CERTIFICATE=/run/merchant/merchant-cert.pem");
        assertThat(routes.get("environment").toString().toLowerCase()).doesNotContain("password=", "api_key=");
    }

    /** A tag is another image after each release; a digest is one image, for every platform, for ever. */
    @Test
    void pinsEveryForeignImageByDigest() throws IOException {
        List<String> images = new java.util.ArrayList<>();
        services.values().forEach(service -> images.add(String.valueOf(service.get("image"))));
        Files.readString(Path.of("Dockerfile"))
                .lines()
                .filter(line -> line.startsWith("FROM "))
                .forEach(line -> images.add(line.split(" ")[1]));
        images.removeIf("tenpay-global-routes"::equals);

        assertThat(images).hasSizeGreaterThan(4).allMatch(image -> image.matches("[^@:]+:[^@:]+@sha256:[0-9a-f]{64}"));
    }

    @Test
    void publishesOnePortAndRunsNothingAsRoot() throws IOException {
        assertThat(services.get("routes").get("ports"))
                .asInstanceOf(InstanceOfAssertFactories.LIST)
                .hasSize(1);
        services.forEach((name, service) -> {
            if (name.startsWith("postgres")) {
                assertThat(service).as(name).doesNotContainKey("ports");
            } else {
                assertThat(service.get("user")).as(name).isEqualTo(USERS.getOrDefault(name, "10001:10001"));
                assertThat(service.get("read_only")).as(name).isEqualTo(true);
                assertThat(service.get("cap_drop")).as(name).isEqualTo(List.of("ALL"));
            }
        });
        assertThat(Files.readString(Path.of("Dockerfile"))).contains("\nUSER 10001:10001\n", "\nHEALTHCHECK ");
    }

    @Test
    void theSandboxIsASeparateServiceThatStartsOnlyWhenAskedFor() {
        assertThat(services.get("sandbox").get("profiles")).isEqualTo(List.of("sandbox"));
        assertThat(services.get("sandbox").get("environment").toString()).contains("SPRING_PROFILES_ACTIVE=sandbox");
        assertThat(services.get("sandbox").get("ports").toString()).contains("127.0.0.1:");
    }

    /** A service without a profile would start beside the sandbox. */
    @Test
    void startsNothingThatItsProfileDoesNotName() {
        assertThat(services)
                .allSatisfy((name, service) -> assertThat(service.get("profiles"))
                        .as(name)
                        .asInstanceOf(InstanceOfAssertFactories.LIST)
                        .hasSize(1));
        services.forEach((name, service) -> {
            if (service.get("depends_on") instanceof Map<?, ?> needed && !name.equals("lb")) {
                needed.keySet()
                        .forEach(other -> assertThat(services.get(other).get("profiles"))
                                .as(name + " needs " + other)
                                .isEqualTo(service.get("profiles")));
            }
        });
        assertThat(services.get("sandbox").get("volumes").toString()).contains("source=./routes, target=/app/routes");
    }

    @Test
    void logsOfEveryServiceAreBounded() {
        assertThat(services)
                .allSatisfy((name, service) ->
                        assertThat(service.get("logging").toString()).as(name).contains("max-size=10m", "max-file=5"));
    }

    @Test
    void publishesMonitoringOnLoopbackAndWebhooksAlone() throws IOException {
        for (String name : List.of("prometheus", "alertmanager", "grafana", "jaeger")) {
            assertThat(services.get(name).get("ports").toString()).as(name).startsWith("[127.0.0.1:");
        }
        assertThat(Files.readString(Path.of("src/deploy/nginx-tls.conf")))
                .contains("location /webhooks/tenpay/ {", "limit_except POST { deny all; }", "return 404;")
                .containsOnlyOnce("proxy_pass ");
    }

    @Test
    void loadBalancerRetriesWhatStoppingInstanceRefuses() throws IOException {
        Map<String, Object> lb = services.get("lb");
        assertThat(lb.get("profiles")).isEqualTo(List.of("lb"));
        assertThat(lb.get("ports").toString()).contains("127.0.0.1").endsWith(":8080]");
        assertThat(lb.get("volumes").toString()).contains("source=./src/deploy/nginx.conf");
        assertThat(lb.get("depends_on").toString()).contains("routes", "service_healthy");
        String conf = Files.readString(Path.of("src/deploy/nginx.conf"));
        // Docker's DNS has every instance under the service's name.
        assertThat(services).containsKey("routes");
        assertThat(conf)
                .contains(
                        "resolver 127.0.0.11 ",
                        "set $routes routes;",
                        "proxy_pass http://$routes:8080;",
                        "listen 8080;")
                .containsPattern("proxy_next_upstream .*\\berror\\b.*\\bhttp_503\\b.*\\bnon_idempotent\\b")
                .doesNotContain("proxy_set_header Authorization", "proxy_cache");
        assertThat(services.get("routes").get("ports").toString()).contains("ROUTES_PORT");
    }

    @Test
    void loadBalancerBoundsWhatOneAddressMayHold() throws IOException {
        assertThat(Files.readString(Path.of("src/deploy/nginx.conf")))
                .containsPattern("limit_conn_zone \\$binary_remote_addr zone=addresses:")
                .containsPattern("limit_conn addresses \\d{2,3};")
                .containsPattern("client_header_timeout \\ds;")
                .containsPattern("client_body_timeout \\ds;")
                .containsPattern("keepalive_timeout \\d\\ds;")
                .contains("client_max_body_size 300k;");
    }

    /** Of the one with TLS, all but the certificate, which is the operator's. */
    @ParameterizedTest
    @ValueSource(strings = {"nginx.conf", "nginx-tls.conf"})
    void nginxAcceptsItsFile(String name, @TempDir Path folder) throws Exception {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(bin -> Files.isExecutable(Path.of(bin, "nginx"))),
                "no nginx on this machine");
        Path conf = folder.resolve("nginx.conf");
        Files.writeString(
                conf,
                Files.readString(Path.of("src/deploy", name))
                        .replace("/tmp/", folder + "/")
                        .replace("8443 ssl;", "8443;")
                        .replaceAll("(?m)^ *ssl_certificate.*$", ""));
        Process nginx = new ProcessBuilder("nginx", "-t", "-p", folder.toString(), "-c", conf.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(nginx.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(nginx.waitFor()).as(output).isZero();
    }
}
