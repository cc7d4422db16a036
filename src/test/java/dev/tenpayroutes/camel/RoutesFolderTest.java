package dev.tenpayroutes.camel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

class RoutesFolderTest {

    @TempDir
    private Path home;

    private String beside() {
        return RoutesFolder.beside(home);
    }

    @Test
    void aFolderWithRouteFilesCounts() throws IOException {
        Files.createDirectory(home.resolve("routes"));
        Files.createFile(home.resolve("routes/polling.camel.yaml"));
        assertThat(beside()).isEqualTo("file:" + home.resolve("routes").toAbsolutePath());
    }

    @Test
    void folderWithoutRoutesCountsAndIsRefusedLater() throws IOException {
        Files.createDirectory(home.resolve("routes"));
        assertThat(beside()).isEqualTo("file:" + home.resolve("routes").toRealPath());
    }

    @Test
    void linkToAFolderIsFollowed() throws IOException {
        Path elsewhere = Files.createDirectory(home.resolve("elsewhere"));
        Files.createSymbolicLink(home.resolve("routes"), elsewhere);
        assertThat(beside()).isEqualTo("file:" + elsewhere.toRealPath());
    }

    @Test
    void withoutAFolderTheInsideOfTheJarCounts() {
        assertThat(beside()).isEqualTo("classpath:routes");
    }

    @Test
    void aFileOfThatNameDoesNotCount() throws IOException {
        Files.createFile(home.resolve("routes"));
        assertThat(beside()).isEqualTo("classpath:routes");
    }

    @Test
    void inDevelopmentTheWorkingDirectoryIsHome() {
        StandardEnvironment environment = new StandardEnvironment();
        new RoutesFolder().postProcessEnvironment(environment, new SpringApplication());
        assertThat(environment.getProperty("tenpay.routes"))
                .isEqualTo("file:" + Path.of("routes").toAbsolutePath());
    }

    @Test
    void aSettingGoesBeforeWhatIsFound() {
        StandardEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .addLast(new MapPropertySource("set", java.util.Map.of("tenpay.routes", "file:/elsewhere")));
        new RoutesFolder().postProcessEnvironment(environment, new SpringApplication());
        assertThat(environment.getProperty("tenpay.routes")).isEqualTo("file:/elsewhere");
    }
}
