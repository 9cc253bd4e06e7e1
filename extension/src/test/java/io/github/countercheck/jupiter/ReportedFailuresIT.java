// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.github.dockerjava.api.DockerClient;
import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.Measurement;
import io.github.countercheck.PacketReport;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import io.github.countercheck.netns.AmbientHost;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.DaemonHost;
import io.github.countercheck.netns.Netns;
import io.github.countercheck.netns.RunningCommand;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Image;
import io.github.countercheck.session.Settings;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/** What is added to failures of somebody else's, and that it costs nothing while tests pass. */
class ReportedFailuresIT {

    static GenericContainer<?> web() {
        return TestWeb.container()
                .withExposedPorts(80, 81)
                .waitingFor(Wait.forSuccessfulCommand("wget -q -O - http://127.0.0.1/index.html"));
    }

    @Test
    void aFailureOfSomebodyElsesIsReportedOnceAndStaysAsItWas() {
        Map<String, Throwable> failures = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(OthersFailures.class))
                .configurationParameter("countercheck.required", "true")
                .configurationParameter("countercheck.await", "100ms")
                .execute()
                .testEvents()
                .failed()
                .stream()
                .collect(Collectors.toMap(
                        event -> event.getTestDescriptor().getDisplayName().replaceAll("\\(.*", ""),
                        event -> event.getRequiredPayload(TestExecutionResult.class)
                                .getThrowable()
                                .orElseThrow()));

        assertThat(failures.get("refused"))
                .isExactlyInstanceOf(ConnectException.class)
                .satisfies(refused -> assertThat(reports(refused))
                        .singleElement()
                        .satisfies(report -> assertThat(report.getMessage())
                                .contains("sent      nothing by Traffic in this window", "walk      nat/PREROUTING"))
                        .satisfies(report -> assertThat(report.toJson()).startsWith("{\"headline\":\"what was")));
        assertThat(failures.get("unanswered"))
                .isExactlyInstanceOf(AssertionError.class)
                .hasMessage("not answered")
                .satisfies(unanswered -> assertThat(reports(unanswered))
                        .singleElement()
                        .satisfies(report -> assertThat(report.getMessage())
                                .contains("because   NOT_LISTENING: nobody listens on")));
        assertThat(reports(failures.get("ours"))).isEmpty();
    }

    private static List<PacketReport> reports(Throwable failure) {
        return Arrays.stream(failure.getSuppressed())
                .filter(PacketReport.class::isInstance)
                .map(PacketReport.class::cast)
                .toList();
    }

    /** The daemon's namespace, and what was run in it. */
    private record Recorded(Netns netns, List<String> commands) implements Netns {

        @Override
        public CommandResult run(Command command, Duration limit) {
            commands.add(command.toString());
            return netns.run(command, limit);
        }

        @Override
        public List<CommandResult> run(List<Reading> readings, Duration limit) {
            readings.forEach(reading -> commands.add(reading.command().toString()));
            return netns.run(readings, limit);
        }

        @Override
        public RunningCommand start(Command command) {
            commands.add(command.toString());
            return netns.start(command);
        }

        @Override
        public String description() {
            return netns.description();
        }

        @Override
        public void close() {
            netns.close();
        }
    }

    private record RecordedHost(DaemonHost host, List<String> commands) implements DaemonHost {

        @Override
        public DockerClient client() {
            return host.client();
        }

        @Override
        public Netns own() {
            return new Recorded(host.own(), commands);
        }

        @Override
        public Netns inside(String containerId, String containerName, long pid) {
            return host.inside(containerId, containerName, pid);
        }

        @Override
        public Apart apart(boolean ipv6) {
            return host.apart(ipv6);
        }

        @Override
        public String run(String purpose, List<String> command) {
            return host.run(purpose, command);
        }

        @Override
        public void close() {
            host.close();
        }
    }

    @Test
    void nothingMoreIsRunInTheDaemonsNamespaceWhileTestsPass() {
        List<String> commands = new CopyOnWriteArrayList<>();
        DaemonHost host = new RecordedHost(new AmbientHost(Image.TOOLBOX.reference()), commands);
        try (GenericContainer<?> web = web();
                DaemonSession session = DaemonSession.open(Settings.from(key -> Optional.empty()), host)) {
            web.start();
            try (Measurement passing = Measurement.open(session, Duration.ofMillis(100), Map::of)) {
                passing.traffic().toPublishedPort(web, 80);
                passing.traffic().from(web).toOutside();
                assertDnatHit(web, 80);
            }
            assertThat(commands)
                    .anyMatch(command -> command.startsWith("iptables-nft-save -c"))
                    .noneMatch(ReportedFailuresIT::asksForMore);

            try (Measurement failing = Measurement.open(session, Duration.ofMillis(100), Map::of)) {
                failing.traffic().toPublishedPort(web, 81);
                assertThatThrownBy(() -> assertDnatHit(web, 8080)).isExactlyInstanceOf(AssertionFailedError.class);
            }
            assertThat(commands).filteredOn(ReportedFailuresIT::asksForMore).isNotEmpty();
        }
    }

    private static boolean asksForMore(String command) {
        return command.contains("ip neigh") || command.startsWith("ip route get");
    }

    @ContainerNetworkTest
    static class OthersFailures {

        @Container
        static final GenericContainer<?> web = web();

        @Test
        void refused() throws IOException {
            new Socket(web.getHost(), web.getMappedPort(81)).close();
        }

        @Test
        void unanswered(Traffic traffic) {
            if (!traffic.toPublishedPort(web, 81).answered()) {
                throw new AssertionError("not answered");
            }
        }

        @Test
        void ours() {
            assertDnatHit(web, 80);
        }
    }
}
