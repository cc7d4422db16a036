package dev.tenpayroutes.story;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenpayroutes.sandbox.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.awaitility.Awaitility;

/** A Kafka broker in a process of its own: it can be killed, and comes back with what it had on its disk. */
final class Broker implements AutoCloseable {

    private final Path folder;
    private final int port = FreePort.find();
    private Process process;

    Broker() {
        try {
            folder = Files.createTempDirectory("broker");
            Files.writeString(folder.resolve("meta.properties"), """
                    version=1
                    cluster.id=b25lLWJyb2tlci1vbmx5LQ
                    node.id=1
                    """);
            int controller = FreePort.find();
            Files.writeString(folder.resolve("server.properties"), """
                    process.roles=broker,controller
                    node.id=1
                    controller.quorum.voters=1@127.0.0.1:%2$d
                    listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
                    controller.listener.names=CONTROLLER
                    inter.broker.listener.name=PLAINTEXT
                    log.dirs=%3$s
                    auto.create.topics.enable=false
                    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
                    allow.everyone.if.no.acl.found=true
                    offsets.topic.replication.factor=1
                    offsets.topic.num.partitions=1
                    transaction.state.log.replication.factor=1
                    transaction.state.log.num.partitions=1
                    transaction.state.log.min.isr=1
                    group.initial.rebalance.delay.ms=0
                    group.min.session.timeout.ms=1000
                    # After a kill the old session ends after this time; until then no other process may be this broker.
                    broker.session.timeout.ms=1500
                    broker.heartbeat.interval.ms=300
                    """.formatted(port, controller, folder));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    boolean isRunning() {
        return process != null && process.isAlive();
    }

    void start() {
        try {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx256m",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            "kafka.Kafka",
                            folder.resolve("server.properties").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("broker.log").toFile())
                    .start();
            // Whatever ends these tests ends it.
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .failFast("the broker ended", () -> !process.isAlive())
                .until(() -> Files.readString(folder.resolve("broker.log")).contains("Kafka Server started"));
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
        assertThat(process.onExit()
                        .completeOnTimeout(null, 10, TimeUnit.SECONDS)
                        .join())
                .isNotNull();
    }

    void topics(Map<String, Integer> partitions) throws InterruptedException, ExecutionException {
        try (Admin admin = Admin.create(settings())) {
            List<NewTopic> topics = partitions.entrySet().stream()
                    .map(topic -> new NewTopic(topic.getKey(), topic.getValue(), (short) 1))
                    .toList();
            admin.createTopics(topics).all().get();
        }
    }

    /** Sets one of a topic's own settings. */
    void configure(String topic, String name, String value) throws InterruptedException, ExecutionException {
        try (Admin admin = Admin.create(settings())) {
            admin.incrementalAlterConfigs(Map.of(
                            new ConfigResource(ConfigResource.Type.TOPIC, topic),
                            List.of(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET))))
                    .all()
                    .get();
        }
    }

    /** No client may read a topic, as when access rights are being changed. */
    void denyReading(String topic) throws InterruptedException, ExecutionException {
        deny(topic, AclOperation.READ);
    }

    void denyWriting(String topic) throws InterruptedException, ExecutionException {
        deny(topic, AclOperation.WRITE);
    }

    private void deny(String topic, AclOperation operation) throws InterruptedException, ExecutionException {
        try (Admin admin = Admin.create(settings())) {
            admin.createAcls(List.of(
                            acl(topic, AclOperation.ALL, AclPermissionType.ALLOW),
                            acl(topic, operation, AclPermissionType.DENY)))
                    .all()
                    .get();
        }
    }

    void allowReading() throws InterruptedException, ExecutionException {
        try (Admin admin = Admin.create(settings())) {
            admin.deleteAcls(List.of(AclBindingFilter.ANY)).all().get();
        }
    }

    private static AclBinding acl(String topic, AclOperation operation, AclPermissionType permission) {
        return new AclBinding(
                new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL),
                new AccessControlEntry("User:ANONYMOUS", "*", operation, permission));
    }

    private Properties settings() {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", address());
        return settings;
    }

    @Override
    public void close() {
        if (isRunning()) {
            kill();
        }
    }
}
