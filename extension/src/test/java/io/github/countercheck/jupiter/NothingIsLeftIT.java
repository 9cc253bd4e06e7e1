// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertPath;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.Flow;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import io.github.countercheck.Vantage;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.session.Image;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** At the end of a run all that was started for measuring is gone: containers, cables and shells. */
class NothingIsLeftIT {

    /** Looks into the daemon's namespace on its own, without what is tested here. */
    private static final GenericContainer<?> witness = new GenericContainer<>(Image.BUSYBOX.reference())
            .withNetworkMode("host")
            .withCommand("sleep", "600");

    @BeforeAll
    static void startWitness() {
        witness.start();
    }

    @AfterAll
    static void stopWitness() {
        witness.stop();
    }

    @ParameterizedTest
    @ValueSource(strings = {"local", "toolbox"})
    void ofARunThatUsedEveryPlaceAndFailedInPart(String reader) {
        Set<String> containers = toolContainers();
        Set<String> cables = cables();
        Set<Long> processes = processes();

        Events tests = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(EveryPlace.class))
                .configurationParameter("countercheck.reader", reader)
                .configurationParameter("countercheck.await", "0ms")
                .configurationParameter("countercheck.required", "true")
                .execute()
                .testEvents();

        assertThat(tests.succeeded().count()).isEqualTo(1);
        assertThat(tests.failed().count()).isEqualTo(1);
        assertThat(EveryPlace.containers)
                .as("what there was to remove: peer, sender and host")
                .hasSizeGreaterThanOrEqualTo(3 + containers.size());
        assertThat(EveryPlace.cables).as("the cable there was to remove").hasSize(1 + cables.size());
        assertThat(EveryPlace.processes.size() > processes.size())
                .as("a shell of this machine's")
                .isEqualTo(reader.equals("local"));
        assertThat(toolContainers()).isEqualTo(containers);
        // The kernel takes a namespace apart, and reaps a process, after the call has returned.
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(cables()).isEqualTo(cables));
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(processes()).isEqualTo(processes));
    }

    private static Set<String> toolContainers() {
        return DockerClientFactory.lazyClient()
                .listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(List.of("countercheck.network"))
                .exec()
                .stream()
                .map(com.github.dockerjava.api.model.Container::getId)
                .collect(Collectors.toSet());
    }

    private static Set<String> cables() {
        String devices;
        try {
            devices = witness.execInContainer("cat", "/proc/net/dev").getStdout();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        assertThat(devices).contains("docker0:");
        return devices.lines()
                .map(String::strip)
                .filter(line -> line.startsWith("ccp"))
                .map(line -> line.substring(0, line.indexOf(':')))
                .collect(Collectors.toSet());
    }

    private static Set<Long> processes() {
        return ProcessHandle.current()
                .descendants()
                .filter(ProcessHandle::isAlive)
                .map(ProcessHandle::pid)
                .collect(Collectors.toSet());
    }

    @ContainerNetworkTest
    static class EveryPlace {

        static final Set<String> containers = ConcurrentHashMap.newKeySet();
        static final Set<String> cables = ConcurrentHashMap.newKeySet();
        static final Set<Long> processes = ConcurrentHashMap.newKeySet();

        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @BeforeAll
        static void forget() {
            containers.clear();
            cables.clear();
            processes.clear();
        }

        @Test
        void sends(Traffic traffic) {
            Flow flow = traffic.traced().toPublishedPort(web, 80);
            assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT);
            traffic.from(web).toOutside();
            traffic.from(Vantage.HOST).toPublishedPort(web, 80);
            containers.addAll(toolContainers());
            cables.addAll(cables());
            processes.addAll(processes());
        }

        @Test
        void fails(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(9));
        }
    }
}
