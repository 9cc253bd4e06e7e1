// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples;

import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertNotMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertOutboundAccepted;
import static io.github.countercheck.NetworkAssertions.assertReturnTrafficAccepted;
import static io.github.countercheck.NetworkAssertions.subnetOf;
import static io.github.countercheck.NetworkAssertions.times;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.Flow;
import io.github.countercheck.Traffic;
import io.github.countercheck.session.Image;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/** A container calls the outside: filter FORWARD, nat POSTROUTING, MASQUERADE; the answer comes back as return traffic. */
@ContainerNetworkTest
class OutboundIT {

    /** A network of this run; Testcontainers removes it at the end. */
    private static final Network NETWORK = Network.SHARED;

    @Container
    static final GenericContainer<?> onDefaultBridge = Web.container();

    @Container
    static final GenericContainer<?> onNetwork = Web.container().withNetwork(NETWORK);

    /** Holds no shell and no tool; its traffic is sent by a container that joins its network namespace. */
    @Container
    static final GenericContainer<?> toolLess = new GenericContainer<>(Image.TOOL_LESS.reference())
            .withExposedPorts(80)
            .waitingFor(Wait.forHttp("/"));

    @Test
    void defaultBridgeIsMasqueraded(Traffic traffic) {
        Flow flow = traffic.times(2).from(onDefaultBridge).toOutside();

        assertMasqueraded(subnetOf(onDefaultBridge));
        assertMasqueraded(onDefaultBridge, times(2));
        InetAddress container = flow.probes().get(0).tuple().source();
        assertNotEquals(container, flow.sourceSeen().orElseThrow(), "the peer saw the container's own address");
    }

    @Test
    void userDefinedNetworkIsMasqueradedByARuleOfItsOwn(Traffic traffic) {
        traffic.from(onNetwork).toOutside();

        assertMasqueraded(NETWORK);
        assertMasqueraded(onNetwork, times(1));
        assertNotMasqueraded(onDefaultBridge);
    }

    @Test
    void answersComeBackAsReturnTraffic(Traffic traffic) {
        Flow flow = traffic.udp().from(onNetwork).toOutside();

        assertTrue(flow.answered(), flow::toString);
        assertOutboundAccepted(onNetwork);
        assertReturnTrafficAccepted(onNetwork);
    }

    @Test
    void imageWithoutToolsIsMasqueraded(Traffic traffic) {
        Flow flow = traffic.from(toolLess).toOutside();

        assertTrue(flow.answered(), flow::toString);
        assertMasqueraded(toolLess, times(1));
    }
}
