package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import dev.tenpayroutes.config.MetricDescriptions;
import io.kubernetes.client.openapi.JSON;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V2HorizontalPodAutoscaler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/**
 * The manifests are of Kubernetes' own schema, as its generated models hold them to it (no field that it doesn't have, none
 * missing that it needs, no wrong type), and say the same as the program, the image and the settings.
 */
class ArchitectureKubernetesTest {

    private static final Path FOLDER = Path.of("src/deploy/kubernetes");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private interface Check {
        void of(JsonElement json) throws Exception;
    }

    /** What there is in the folder, and how its schema is checked. A new kind is a new line here. */
    private static final Map<String, Check> KINDS = Map.of(
            "apps/v1 Deployment", V1Deployment::validateJsonElement,
            "v1 Service", V1Service::validateJsonElement,
            "policy/v1 PodDisruptionBudget", V1PodDisruptionBudget::validateJsonElement,
            "autoscaling/v2 HorizontalPodAutoscaler", V2HorizontalPodAutoscaler::validateJsonElement,
            "networking.k8s.io/v1 NetworkPolicy", V1NetworkPolicy::validateJsonElement);

    private static final Map<String, Class<?>> MODELS = Map.of(
            "apps/v1 Deployment", V1Deployment.class,
            "v1 Service", V1Service.class,
            "policy/v1 PodDisruptionBudget", V1PodDisruptionBudget.class,
            "autoscaling/v2 HorizontalPodAutoscaler", V2HorizontalPodAutoscaler.class,
            "networking.k8s.io/v1 NetworkPolicy", V1NetworkPolicy.class);

    private static JsonNode manifest(String file) {
        List<Map<String, Object>> documents = Architecture.yaml(FOLDER.resolve(file));
        assertThat(documents).as(file).hasSize(1);
        return MAPPER.valueToTree(documents.get(0));
    }

    private static List<String> manifests() {
        return Architecture.files(FOLDER, ".yaml").stream()
                .map(Architecture::name)
                .filter(name -> !name.equals("kustomization.yaml"))
                .toList();
    }

    private static void check(JsonNode manifest) {
        String kind = manifest.path("apiVersion").asText() + " "
                + manifest.path("kind").asText();
        assertThat(KINDS).containsKey(kind);
        try {
            KINDS.get(kind).of(JsonParser.parseString(manifest.toString()));
            Object model = JSON.deserialize(manifest.toString(), MODELS.get(kind));
            assertThat(model).isNotNull();
        } catch (Exception e) {
            throw new IllegalArgumentException(kind + ": " + e.getMessage(), e);
        }
    }

    private static JsonNode pod() {
        return manifest("deployment.yaml").at("/spec/template/spec");
    }

    private static JsonNode container() {
        return pod().at("/containers/0");
    }

    private static Stream<JsonNode> each(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    @Test
    void everyManifestIsOfItsSchema() {
        assertThat(manifests()).hasSize(KINDS.size());
        manifests().forEach(file -> check(manifest(file)));
    }

    /** The check is no good if it lets anything pass: a field is misspelt wherever there is one. */
    @Test
    void aFieldThatTheSchemaDoesNotHaveIsFoundWhereverItIs() {
        int tried = 0;
        for (String file : manifests()) {
            for (JsonNode place : List.of(manifest(file).path("spec"), manifest(file))) {
                assertThat(place.isObject()).isTrue();
            }
            JsonNode whole = manifest(file);
            for (ObjectNode place : objects(whole)) {
                place.put("mispelt", 1);
                assertThatThrownBy(() -> check(whole)).as(file + ": " + place).hasMessageContaining("mispelt");
                place.remove("mispelt");
                tried++;
            }
        }
        assertThat(tried).isGreaterThan(60);
    }

    /** All of a manifest's objects but those with free names. */
    private static List<ObjectNode> objects(JsonNode node) {
        List<ObjectNode> found = new ArrayList<>();
        if (node instanceof ObjectNode object) {
            found.add(object);
            object.properties().forEach(field -> {
                if (!Set.of("labels", "matchLabels", "selector", "requests", "limits", "annotations")
                                .contains(field.getKey())
                        || field.getValue().has("matchLabels")) {
                    found.addAll(objects(field.getValue()));
                }
            });
        } else if (node instanceof ArrayNode array) {
            array.forEach(item -> found.addAll(objects(item)));
        }
        return found;
    }

    @Test
    void theKustomizationNamesEveryManifestAndNothingElse() {
        JsonNode kustomization = manifest("kustomization.yaml");
        assertThat(each(kustomization.path("resources")).map(JsonNode::asText))
                .containsExactlyInAnyOrderElementsOf(manifests());
        assertThat(kustomization.at("/images/0/name").asText())
                .isEqualTo(container().path("image").asText());
        String version = Architecture.read(Path.of("pom.xml")).replaceFirst("(?s).*?<version>(.*?)</version>.*", "$1");
        assertThat(kustomization.at("/images/0/newTag").asText()).isEqualTo(version.replace("-SNAPSHOT", ""));
    }

    /** PostgreSQL as it comes: max_connections 100, superuser_reserved_connections 3. */
    private static final int CONNECTIONS = 97;

    @Test
    void connectionsOfAllPodsFitPostgresDefault() {
        JsonNode deployment = manifest("deployment.yaml").path("spec");
        int pods = manifest("hpa.yaml").at("/spec/maxReplicas").asInt();
        int surge = deployment.at("/strategy/rollingUpdate/maxSurge").asInt();
        // A pod needs 10 s and more until the next one may follow it, and one that is told to stop ends within 30 s.
        int ending = (30 - 1) / (10 + deployment.path("minReadySeconds").asInt()) + 1;
        int pool = each(manifest("kustomization.yaml").at("/configMapGenerator/0/literals"))
                .map(JsonNode::asText)
                .filter(literal -> literal.startsWith("spring.datasource.hikari.maximum-pool-size="))
                .mapToInt(literal -> Integer.parseInt(literal.replaceFirst(".*=", "")))
                .findFirst()
                .orElseThrow();
        assertThat((pods + surge + ending) * pool)
                .as("%d pods, %d more in an update, %d ending, with %d connections each", pods, surge, ending, pool)
                .isLessThanOrEqualTo(CONNECTIONS);
    }

    @Test
    void connectionsOfScaledComposeServicesFitPostgresDefault() {
        String compose = Architecture.read(Path.of("docker-compose.yml"));
        int services = Integer.parseInt(compose.replaceFirst("(?s).*?--scale routes=(\\d+).*", "$1"));
        Map<?, ?> spring =
                (Map<?, ?>) Architecture.yaml(Architecture.SETTINGS).get(0).get("spring");
        Map<?, ?> hikari = (Map<?, ?>) ((Map<?, ?>) spring.get("datasource")).get("hikari");
        assertThat(services * (Integer) hikari.get("maximum-pool-size")).isLessThanOrEqualTo(CONNECTIONS);
        assertThat(compose).doesNotContain("max_connections");
    }

    /** Story MemoryIT runs the program in the least of it. */
    @Test
    void leastMemoryIsStatedOnceAndTheSame() {
        String least = container().at("/resources/requests/memory").asText();
        assertThat(Architecture.read(Path.of("docs/operations.md")))
                .contains("at least " + least.replace("Mi", " MB") + " of memory");
    }

    @Test
    void everySettingThatIsAFileThereIsOneOfTheProgram() {
        Set<String> known = new TreeSet<>(Architecture.settings());
        // Those without a value in application.yaml: the metadata that Spring Boot makes of our records has them.
        String metadata = Architecture.read(Path.of("target/classes/META-INF/spring-configuration-metadata.json"));
        List<String> literals = each(manifest("kustomization.yaml").at("/configMapGenerator/0/literals"))
                .map(literal -> literal.asText().replaceFirst("=.*", ""))
                .toList();
        List<String> secrets = Architecture.read(FOLDER.resolve("kustomization.yaml"))
                .lines()
                .filter(line -> line.contains("--from-literal="))
                .map(line -> line.replaceFirst(".*--from-literal=([^=]+)=.*", "$1"))
                .toList();
        assertThat(literals).hasSizeGreaterThan(10);
        assertThat(secrets).hasSize(4);
        Set<String> spring =
                Set.of("spring.datasource.url", "spring.datasource.username", "spring.datasource.password");
        for (String name : Stream.concat(literals.stream(), secrets.stream()).toList()) {
            String ofOne = name.replaceFirst("^tenpay\\.(accounts|clients)\\.\\w+\\.", "");
            boolean record = !ofOne.equals(name)
                    && Architecture.files(Architecture.MAIN, "Properties.java").stream()
                            .anyMatch(file -> Architecture.read(file).matches("(?s).*[ (]" + camel(ofOne) + "[,)].*"));
            assertThat(known.contains(name)
                            || spring.contains(name)
                            || metadata.contains("\"name\": \"" + name + "\"")
                            || record)
                    .as(name)
                    .isTrue();
        }
        assertThat(literals)
                .as("secrets are no literals")
                .noneMatch(name -> name.matches(".*(key|password|secret).*") && !name.endsWith(".private-key"));
    }

    private static String camel(String name) {
        StringBuilder camel = new StringBuilder();
        for (String word : name.split("-")) {
            camel.append(camel.isEmpty() ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        // A hash's name ends in a number.
        return camel.toString().replace("Sha256", "Sha256");
    }

    @Test
    void thePodIsTheImagesUserOnADiskThatItCannotWrite() {
        String dockerfile = Architecture.read(Path.of("Dockerfile"));
        JsonNode security = pod().path("securityContext");
        String user = security.path("runAsUser").asText() + ":"
                + security.path("runAsGroup").asText();
        assertThat(dockerfile).contains("\nUSER " + user + "\n");
        assertThat(security.path("runAsNonRoot").asBoolean()).isTrue();
        assertThat(security.path("fsGroup").asText())
                .isEqualTo(security.path("runAsGroup").asText());
        JsonNode container = container().path("securityContext");
        assertThat(container.path("readOnlyRootFilesystem").asBoolean()).isTrue();
        assertThat(container.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
        assertThat(container.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
        assertThat(pod().path("automountServiceAccountToken").asBoolean(true)).isFalse();
        assertThat(container().path("volumeMounts").toString()).contains("{\"name\":\"tmp\",\"mountPath\":\"/tmp\"}");
    }

    @Test
    void portsAndProbesAreTheProgramsOwn() {
        Map<String, Object> settings = Architecture.yaml(Architecture.SETTINGS).get(0);
        assertThat(container().at("/ports/0/containerPort").asInt())
                .isEqualTo(((Map<?, ?>) settings.get("server")).get("port"));
        String name = container().at("/ports/0/name").asText();
        assertThat(manifest("service.yaml").at("/spec/ports/0/targetPort").asText())
                .isEqualTo(name);
        assertThat(manifest("networkpolicy.yaml")
                        .at("/spec/ingress/0/ports/0/port")
                        .asText())
                .isEqualTo(name);
        Map<String, String> probes = Map.of(
                "startupProbe", "/actuator/health/readiness",
                "readinessProbe", "/actuator/health/readiness",
                "livenessProbe", "/actuator/health/liveness");
        probes.forEach((probe, path) -> {
            assertThat(container().at("/" + probe + "/httpGet/path").asText()).isEqualTo(path);
            assertThat(container().at("/" + probe + "/httpGet/port").asText()).isEqualTo(name);
        });
        // The image's own check asks the same.
        assertThat(Architecture.read(Path.of("Dockerfile"))).contains("GET /actuator/health/readiness");
    }

    @Test
    void aPodHasTheTimeToAnswerWhatItHasTaken() {
        JsonNode preStop = container().at("/lifecycle/preStop/exec/command");
        int sleep = preStop.path(1).asInt();
        assertThat(preStop.path(0).asText()).isEqualTo("sleep");
        // As docker-compose.yml gives it to the program, which ShutdownIT holds to 20 s.
        String compose = Architecture.read(Path.of("docker-compose.yml"));
        int stop = Integer.parseInt(compose.replaceFirst("(?s).*stop_grace_period: (\\d+)s.*", "$1"));
        assertThat(sleep).isPositive();
        assertThat(stop).isGreaterThan(20);
        assertThat(pod().path("terminationGracePeriodSeconds").asInt()).isGreaterThanOrEqualTo(sleep + stop);
        JsonNode rolling = manifest("deployment.yaml").at("/spec/strategy/rollingUpdate");
        assertThat(rolling.path("maxUnavailable").asInt(-1)).isZero();
        assertThat(rolling.path("maxSurge").asInt()).isPositive();
        assertThat(manifest("hpa.yaml").at("/spec/minReplicas").asInt()).isGreaterThan(1);
    }

    /** Killed in a migration, it would begin it anew, for ever. */
    @Test
    void aPodHasTheTimeForALongMigration() {
        JsonNode startup = container().path("startupProbe");
        assertThat(startup.path("periodSeconds").asInt()
                        * startup.path("failureThreshold").asInt())
                .isGreaterThanOrEqualTo(1800);
        // A migration has no time limit of its own.
        assertThat(Architecture.read(Path.of("src/main/resources/db/migration/beforeEachMigrate.sql")))
                .contains("statement_timeout = 0");
    }

    @Test
    void namesAreAnsweredForAndPrometheusIsLetIn() {
        JsonNode policy = manifest("networkpolicy.yaml");
        List<JsonNode> names = each(policy.at("/spec/egress"))
                .filter(rule -> each(rule.path("ports"))
                        .anyMatch(port -> port.path("port").asInt() == 53))
                .toList();
        assertThat(names).hasSize(1);
        assertThat(each(names.get(0).path("ports"))
                        .map(port -> port.path("protocol").asText()))
                .containsExactlyInAnyOrder("UDP", "TCP");
        assertThat(names.get(0).path("to").toString())
                .contains("\"kubernetes.io/metadata.name\":\"kube-system\"")
                .contains("169.254.20.10/32");
        // One peer: pods of that name in that namespace, and not either of both.
        assertThat(each(policy.at("/spec/ingress")).map(rule -> rule.path("from")))
                .anySatisfy(from -> {
                    assertThat(from).hasSize(1);
                    assertThat(from.at("/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name")
                                    .asText())
                            .isEqualTo("monitoring");
                    assertThat(from.at("/0/podSelector/matchLabels/app.kubernetes.io~1name")
                                    .asText())
                            .isEqualTo("prometheus");
                });
        assertThat(each(policy.at("/spec/ingress")))
                .allSatisfy(
                        rule -> assertThat(rule.at("/ports/0/port").asText()).isEqualTo("http"));
    }

    @Test
    void everythingIsAboutThePodsOfTheDeployment() {
        JsonNode deployment = manifest("deployment.yaml");
        JsonNode labels = deployment.at("/spec/template/metadata/labels");
        for (JsonNode selector : List.of(
                deployment.at("/spec/selector/matchLabels"),
                pod().at("/topologySpreadConstraints/0/labelSelector/matchLabels"),
                manifest("service.yaml").at("/spec/selector"),
                manifest("pdb.yaml").at("/spec/selector/matchLabels"),
                manifest("networkpolicy.yaml").at("/spec/podSelector/matchLabels"))) {
            assertThat(selector).isEqualTo(labels);
        }
        assertThat(manifest("hpa.yaml").at("/spec/scaleTargetRef/name").asText())
                .isEqualTo(deployment.at("/metadata/name").asText());
    }

    @Test
    void everyMountHasItsVolumeAndEveryFileItsMount() {
        Set<String> volumes = each(pod().path("volumes"))
                .map(volume -> volume.path("name").asText())
                .collect(Collectors.toCollection(TreeSet::new));
        Map<String, String> mounts = each(container().path("volumeMounts"))
                .collect(Collectors.toMap(
                        mount -> mount.path("mountPath").asText(),
                        mount -> mount.path("name").asText()));
        assertThat(mounts.values()).containsExactlyInAnyOrderElementsOf(volumes);
        assertThat(container().path("volumeMounts").toString()).doesNotContain("subPath");
        String files = each(container().path("env"))
                .map(env -> env.path("value").asText())
                .collect(Collectors.joining(","));
        Set<String> trees = Architecture.all(java.util.regex.Pattern.compile("configtree:(/[\\w/]+)/"), files);
        assertThat(trees).hasSize(2).isSubsetOf(mounts.keySet());
        each(manifest("kustomization.yaml").at("/configMapGenerator/0/literals"))
                .map(literal -> literal.asText().replaceFirst(".*?=", ""))
                .filter(value -> value.startsWith("/"))
                .forEach(file -> assertThat(mounts.keySet()).anyMatch(file::startsWith));
    }

    @Test
    void theAutoscalerReadsAMetricThatTheProgramHas() {
        String metric =
                manifest("hpa.yaml").at("/spec/metrics/0/external/metric/name").asText();
        assertThat(MetricDescriptions.all())
                .containsKey(metric.replaceFirst("_seconds$", "").replace('_', '.'));
        assertThat(Architecture.read(Architecture.SETTINGS)).containsPattern("include: .*\\bprometheus\\b");
        // Its queues are rows of the statement that measures them.
        String queues =
                Architecture.read(FOLDER.resolve("hpa.yaml")).replaceFirst("(?s).*queue=~\"([a-z|]+)\".*", "$1");
        String measured = Architecture.read(Architecture.SQL.resolve("store-state.sql"));
        assertThat(List.of(queues.split("\\|")))
                .hasSizeGreaterThan(2)
                .allSatisfy(queue -> assertThat(measured).contains("('" + queue + "', array["));
    }
}
