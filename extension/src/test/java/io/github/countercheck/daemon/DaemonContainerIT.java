// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.PortBinding;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.docker.DockerFactsReader;
import io.github.countercheck.netns.Owner;
import io.github.countercheck.session.Image;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
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
                DaemonContainer other = new DaemonContainer("20.10").withConfig("{\"live-restore\": true}")) {
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
                    .hasMessageContaining("Engine 28.5.2 did not start: unable to configure the Docker daemon with file"
                            + " /etc/docker/daemon.json: the following directives don't match any configuration option:"
                            + " userland-poxy");
        }
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(30));
        assertThat(ours()).isEqualTo(before);
    }

    private static Set<String> ours() {
        DockerClient client = DockerClientFactory.lazyClient();
        return client
                .listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(Map.of(Owner.LABEL, Owner.SELF.toString()))
                .exec()
                .stream()
                .map(Container::getId)
                .collect(Collectors.toSet());
    }
}
