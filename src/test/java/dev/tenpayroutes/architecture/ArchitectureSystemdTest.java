package dev.tenpayroutes.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The systemd unit: no root, nothing writable, and stopped in the time that the program takes for it. */
class ArchitectureSystemdTest {

    private static final Path UNIT = Path.of("src/deploy/systemd/tenpay-global-routes.service");

    @Test
    void runsAsUserWithoutRightsAndStopsInTime() {
        assertThat(Architecture.read(UNIT).lines())
                .contains(
                        "User=tenpay",
                        "ProtectSystem=strict",
                        "NoNewPrivileges=true",
                        "CapabilityBoundingSet=",
                        "SystemCallFilter=@system-service",
                        "SuccessExitStatus=143",
                        "TimeoutStopSec=25",
                        "Restart=on-failure");
        assertThat(Architecture.read(Path.of("docs/operations.md"))).contains(UNIT.toString());
    }

    @Test
    void systemdItselfFindsItHardened() throws Exception {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(bin -> Files.isExecutable(Path.of(bin, "systemd-analyze"))),
                "no systemd-analyze on this machine");
        Process analyze = new ProcessBuilder(
                        "systemd-analyze", "security", "--offline=true", "--threshold=20", UNIT.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(analyze.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(analyze.waitFor()).as(output).isZero();
    }
}
