// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.DaemonMatrix;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import io.github.countercheck.daemon.DaemonContainer;
import io.github.countercheck.netns.Command;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.Events;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** A class is run with each engine and each configuration, no more at a time than there are processors. */
class DaemonMatrixIT {

    @Test
    void runsTheClassWithEachPair() {
        Events events = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(Masquerading.class))
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
                .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
                .configurationParameter("junit.jupiter.execution.parallel.config.fixed.parallelism", "2")
                .configurationParameter("countercheck.required", "true")
                .execute()
                .allEvents();

        List<String> runs = events.finished().stream()
                .map(Event::getTestDescriptor)
                .map(descriptor -> descriptor.getDisplayName())
                .filter(name -> name.startsWith("["))
                // The whole version stands there where the image's tag tells it.
                .map(name -> name.replaceFirst("28\\.5\\.\\d+", "28.5"))
                .toList();
        assertThat(runs)
                .containsExactlyInAnyOrder(
                        "[28.5, default]",
                        "[28.5, ip-masq-off.json]",
                        "[28.5-legacy, default]",
                        "[28.5-legacy, ip-masq-off.json]");
        // Those that masquerade pass; of the others the assertion says that nothing does.
        assertThat(events.failed().stream().map(DaemonMatrixIT::failure))
                .hasSize(2)
                .allMatch(
                        failure -> failure.matches(
                                "\\[28\\.5(\\.\\d+)?(-legacy)?, ip-masq-off\\.json]: flows not masqueraded for container web .*"));
        assertThat(Masquerading.hasLegacyTables).containsExactlyInAnyOrder(false, true);
        assertThat(Path.of("target/countercheck/DaemonMatrixIT.Masquerading")
                        .resolve("masquerades-28.5.2-legacy-ip-masq-off.json.html"))
                .content()
                .contains("configuration ip-masq-off.json", "rules in iptables-legacy", "✗ failed");
        assertThat(Masquerading.most.get())
                .as("daemons at the same time")
                .isLessThanOrEqualTo(Runtime.getRuntime().availableProcessors());
    }

    private static String failure(Event event) {
        return event.getTestDescriptor()
                        .getParent()
                        .map(TestDescriptor::getDisplayName)
                        .orElseThrow()
                + ": "
                + event.getRequiredPayload(TestExecutionResult.class)
                        .getThrowable()
                        .map(Throwable::getMessage)
                        .map(message -> message.lines().findFirst().orElse(""))
                        .orElse("");
    }

    @ContainerNetworkTest(await = "5s")
    @DaemonMatrix(
            images = {"28.5", "28.5-legacy"},
            configs = {"", "ip-masq-off.json"})
    static class Masquerading {

        static final Set<Boolean> hasLegacyTables = ConcurrentHashMap.newKeySet();
        static final AtomicInteger running = new AtomicInteger();
        static final AtomicInteger most = new AtomicInteger();

        @Container
        final GenericContainer<?> web = TestWeb.container();

        @Test
        void masquerades(Traffic traffic, DaemonContainer daemon) {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            try {
                Command legacyTables = Command.of("cat", "/proc/net/ip_tables_names");
                hasLegacyTables.add(!daemon.host()
                        .own()
                        .run(legacyTables, Duration.ofSeconds(10))
                        .output()
                        .isBlank());
                traffic.from(web).toOutside();
                assertMasqueraded(web);
            } finally {
                running.decrementAndGet();
            }
        }
    }
}
