// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.assertNotMasqueraded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.countercheck.ruleset.Family;
import io.github.countercheck.traffic.Conntrack;
import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.Probe;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.junit.jupiter.Container;

/** Conntrack is asked for the tuple that the sender really used, wherever it sends from, and tracks in any case. */
@ContainerNetworkTest(await = "200ms")
class TrackedFlowsIT {

    private static final Network SECOND = Network.newNetwork();

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> onTwoNetworks = TestWeb.container();

    @AfterAll
    static void close() {
        SECOND.close();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CONTAINER")
    void whatCallsAPublishedPort(Vantage vantage, Traffic traffic) {
        Flow flow = traffic.from(vantage).times(2).toPublishedPort(web, 80);

        assertThat(flow.answered()).as(flow::toString).isTrue();
        assertThat(flow.probes()).allSatisfy(TrackedFlowsIT::isTracked);
    }

    @Test
    void whatAContainerOnTwoNetworksSends(Traffic traffic) {
        web.getDockerClient()
                .connectToNetworkCmd()
                .withContainerId(onTwoNetworks.getContainerId())
                .withNetworkId(SECOND.getId())
                .exec();
        // Which of the networks leads outside is up to the daemon; each has its own gateway on the link.
        List<Flow> flows = web
                .getDockerClient()
                .inspectContainerCmd(onTwoNetworks.getContainerId())
                .exec()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .stream()
                .map(network -> traffic.from(onTwoNetworks).to(network.getGateway(), web.getMappedPort(80)))
                .toList();

        assertThat(traffic.from(onTwoNetworks).toOutside().probes()).allSatisfy(TrackedFlowsIT::isTracked);
        assertThat(flows).allSatisfy(flow -> assertThat(flow.probes()).allSatisfy(TrackedFlowsIT::isTracked));
        assertThat(flows)
                .extracting(flow -> flow.probes().get(0).tuple().source())
                .hasSize(2)
                .doesNotHaveDuplicates();
    }

    @Test
    void whatIsSentWhereNoRuleAsksForTracking(Traffic traffic) {
        assumeTrue(
                !Conntrack.isAskedFor(Family.IPV4, traffic.snapshot().rulesets()),
                "the daemon writes rules; run with ci/with-docker --config and \"iptables\": false");
        Flow flow = traffic.from(web).toOutside();

        assertThat(flow.probes()).allSatisfy(TrackedFlowsIT::isTracked);
        assertThat(flow.probes().get(0).conntrack().entry().orElseThrow().isSnat())
                .isFalse();
        assertNotMasqueraded(web);
    }

    private static void isTracked(Probe probe) {
        assertThat(probe.conntrack()).as(probe::toString).isInstanceOf(ConntrackAnswer.Found.class);
    }
}
