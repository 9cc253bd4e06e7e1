// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.DockerDaemon;
import io.github.countercheck.daemon.DaemonContainer;
import io.github.countercheck.validate.PromisedPaths;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.Events;
import org.testcontainers.containers.Container.ExecResult;

/** Rules are taken away from a daemon behind its back; the contracts that these were to keep fail, and no other. */
class BrokenContractsIT {

    @Test
    void theContractsOfTheMissingRulesFail() {
        Events tests = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(WithoutRules.class))
                .configurationParameter("countercheck.required", "true")
                .execute()
                .testEvents();

        List<String> failures = tests.failed().stream()
                .map(event -> event.getRequiredPayload(TestExecutionResult.class)
                        .getThrowable()
                        .map(Throwable::getMessage)
                        .orElse(""))
                .toList();
        assertThat(failures)
                .anySatisfy(message -> assertThat(message)
                        .startsWith("Engine 28.5")
                        .contains(" with default does not keep what it promises of"
                                + " external-to-published/tcp over IPv4")
                        .contains("expected  ANSWERED DNAT from ", "actual    ANSWERED DOCKER_PROXY from ", "NO_RULE"))
                .anySatisfy(message -> assertThat(message)
                        .startsWith("Engine 28.5")
                        .contains(" with default does not keep what it promises of"
                                + " container-to-outside/tcp over IPv4")
                        .contains("expected  ANSWERED MASQUERADE from ", "MASQUERADE_MISSING"))
                .anySatisfy(message -> assertThat(message)
                        .contains(
                                " direct-to-published/tcp over IPv4",
                                "expected  TIMED_OUT BLOCKED_BY DIRECT_ACCESS_DROP"))
                .hasSize(3);
        assertThat(tests.succeeded().stream().map(BrokenContractsIT::name))
                .containsExactly("internalNetworksHaveNoWayOutAsPromised(PromisedPaths)");
    }

    private static String name(Event event) {
        return event.getTestDescriptor().getDisplayName();
    }

    @ContainerNetworkTest
    @DockerDaemon(image = "28.5")
    static class WithoutRules
            implements PublishedPortContract, MasqueradeContract, DirectRoutingContract, InternalNetworkContract {

        /** After the containers of the contracts were started. */
        @BeforeEach
        void removeRules(PromisedPaths paths, DaemonContainer daemon) throws Exception {
            ExecResult removed = daemon.execInContainer("/bin/sh", "-c", """
                    iptables -t nat -S | grep -e '-j DNAT' -e '-j MASQUERADE' | sed 's/^-A/-t nat -D/' >/tmp/rules
                    iptables -t raw -S | grep -e '-j DROP' | sed 's/^-A/-t raw -D/' >>/tmp/rules
                    while read -r rule; do iptables $rule || exit; done </tmp/rules
                    """);
            assertThat(removed.getExitCode()).as(removed + " of " + paths).isZero();
        }
    }
}
