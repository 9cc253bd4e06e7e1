// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.PortBinding;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.docker.DockerFactsReader;
import io.github.countercheck.netns.Owner;
import io.github.countercheck.session.Image;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.lifecycle.Startables;

/** A daemon in a container: it runs containers, does not disturb another one, and is gone afterwards. */
class DaemonContainerIT {

    @Test
    void twoOfThemRunContainersOfTheSameAddressAndPort() {
        Set<String> before = ours();
        try (DaemonContainer one = new DaemonContainer("28.5");
                DaemonContainer other = new DaemonContainer("28.5-legacy").withConfig("{\"live-restore\": true}")) {
            Startables.deepStart(one, other).join();

            GenericContainer<?> first = web(one);
            GenericContainer<?> second = web(other);

            assertThat(one.client().listContainersCmd().exec()).hasSize(1);
            assertThat(addresses(other)).isEqualTo(addresses(one));
            assertThat(ours()).as("of each the daemon and its tools").hasSize(4 + before.size());

            other.restart();
            assertThat(other.client()
                            .inspectContainerCmd(second.getContainerId())
                            .exec()
                            .getState()
                            .getPidLong())
                    .as("the process, which lived on")
                    .isEqualTo(second.getCurrentContainerInfo().getState().getPidLong());
            first.stop();
            assertThat(one.client().listContainersCmd().withShowAll(true).exec())
                    .isEmpty();
        }
        assertThat(ours()).isEqualTo(before);
    }

    private static List<InetAddress> addresses(DaemonContainer daemon) {
        return DockerFactsReader.read(daemon.client()).containers().get(0).addresses();
    }

    private static GenericContainer<?> web(DaemonContainer daemon) {
        GenericContainer<?> web = daemon.container(Image.TOOL_LESS.reference())
                .withCreateContainerCmdModifier(
                        create -> create.getHostConfig().withPortBindings(PortBinding.parse("8080:80")))
                .withExposedPorts(80);
        web.start();
        return web;
    }

    @Test
    void aConfigurationThatItDoesNotTakeIsToldAtOnceInItsOwnWords() {
        Set<String> before = ours();
        Instant start = Instant.now();
        try (DaemonContainer daemon = new DaemonContainer("28.5").withConfig("{\"userland-poxy\": false}")) {
            assertThatThrownBy(daemon::start)
                    .isInstanceOf(CountercheckException.class)
                    .hasMessageContaining("Engine 28.5")
                    .hasMessageContaining(" did not start: unable to configure the Docker daemon with file"
                            + " /etc/docker/daemon.json: the following directives don't match any configuration option:"
                            + " userland-poxy");
        }
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(60));
        assertThat(ours()).isEqualTo(before);
    }

    @Test
    void whatAKilledRunLeftIsRemovedByTheNextOneAndNothingElse() throws Exception {
        Set<String> volumes = volumes();
        Process killed = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ToBeKilled.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader told = killed.inputReader()) {
            String owner = told.lines()
                    .filter(line -> Owner.parse(line).isPresent())
                    .findFirst()
                    .orElseThrow();
            killed.destroyForcibly().waitFor();
            assertThat(of(owner)).as("what there is to remove").hasSize(2);
            assertThat(volumes()).hasSizeGreaterThan(volumes.size());
            assertThat(directories()).anyMatch(directory -> owner.equals(ownerOf(directory)));

            try (GenericContainer<?> other = new GenericContainer<>(Image.TOOL_LESS.reference());
                    DaemonContainer next = new DaemonContainer("28.5")) {
                other.start();
                next.start();

                assertThat(of(owner)).isEmpty();
                assertThat(directories()).noneMatch(directory -> owner.equals(ownerOf(directory)));
                assertThat(other.isRunning()).isTrue();
            }
            assertThat(volumes()).isEqualTo(volumes);
        } finally {
            killed.destroyForcibly();
        }
    }

    private static List<Path> directories() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName().toString().startsWith("countercheck-daemon-"))
                    .toList();
        }
    }

    private static String ownerOf(Path directory) {
        try {
            return Files.readString(directory.resolve("owner"));
        } catch (IOException e) {
            return "";
        }
    }

    private static Set<String> volumes() {
        return DockerClientFactory.lazyClient().listVolumesCmd().exec().getVolumes().stream()
                .map(InspectVolumeResponse::getName)
                .collect(Collectors.toSet());
    }

    /** A run that ends in the middle. */
    static final class ToBeKilled {

        private ToBeKilled() {}

        public static void main(String[] arguments) throws InterruptedException {
            try (DaemonContainer daemon = new DaemonContainer("28.5")) {
                daemon.start();
                System.out.println(Owner.SELF);
                new CountDownLatch(1).await();
            }
        }
    }

    private static Set<String> ours() {
        return of(Owner.SELF.toString());
    }

    private static Set<String> of(String owner) {
        DockerClient client = DockerClientFactory.lazyClient();
        return client.listContainersCmd().withShowAll(true).withLabelFilter(Map.of(Owner.LABEL, owner)).exec().stream()
                .map(Container::getId)
                .collect(Collectors.toSet());
    }
}
