// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.assertNoDnatHit;
import static io.github.countercheck.NetworkAssertions.assertReturnTrafficAccepted;
import static io.github.countercheck.NetworkAssertions.times;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.dockerjava.api.model.PortBinding;
import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.Flow;
import io.github.countercheck.Traffic;
import io.github.countercheck.traffic.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/** A published port, called from outside the Docker host: nat PREROUTING, DNAT, filter FORWARD, the container. */
@ContainerNetworkTest
class PublishedPortIT {

    /** As {@code docker run -P}: Docker chooses the host's port. */
    @Container
    static final GenericContainer<?> randomPort = Web.container();

    /** As {@code docker run -p 18080:80}. */
    @Container
    static final GenericContainer<?> fixedPort = portBinding("18080:80");

    /** As {@code docker run -p 172.17.0.1:18081:80}: published on one address of the host, here the default bridge's. */
    @Container
    static final GenericContainer<?> oneAddress = portBinding("172.17.0.1:18081:80");

    @Test
    void randomPortIsTranslatedOncePerConnection(Traffic traffic) {
        Flow flow = traffic.times(3).http("/").toPublishedPort(randomPort, 80);

        assertTrue(flow.answered(), flow::toString);
        assertTrue(flow.reply().endsWith("hello\n"), flow::reply);
        assertDnatHit(randomPort, 80, times(3));
        assertForwardAccepted(randomPort, 80, times(3));
    }

    @Test
    void fixedPortIsTranslated(Traffic traffic) {
        Flow flow = traffic.toPublishedPort(fixedPort, 80);

        assertEquals(18080, flow.probes().get(0).tuple().destinationPort());
        assertDnatHit(fixedPort, 80, times(1));
        assertForwardAccepted(fixedPort, 80, times(1));
    }

    @Test
    void laterPacketsOfAConnectionAreReturnTraffic(Traffic traffic) {
        traffic.http("/").toPublishedPort(fixedPort, 80);

        assertForwardAccepted(fixedPort, 80, times(1));
        assertReturnTrafficAccepted(fixedPort);
    }

    @Test
    void portOnOneAddressIsTranslatedThere(Traffic traffic) {
        traffic.times(2).toPublishedPort(oneAddress, 80);

        assertDnatHit(oneAddress, 80, times(2));
    }

    @Test
    void portOnOneAddressIsNotTranslatedElsewhere(Traffic traffic) {
        String otherAddress = traffic.toPublishedPort(randomPort, 80)
                .probes()
                .get(0)
                .tuple()
                .destination()
                .getHostAddress();

        Flow flow = traffic.to(otherAddress, 18081);

        assertEquals(Outcome.REFUSED, flow.outcome());
        assertNoDnatHit(flow, oneAddress, 80);
    }

    private static GenericContainer<?> portBinding(String binding) {
        GenericContainer<?> container = Web.container()
                // The usual wait strategy connects by way of localhost, where not every one of these is published.
                .waitingFor(Wait.forSuccessfulCommand("wget -q -O /dev/null http://127.0.0.1/"));
        container.withCreateContainerCmdModifier(
                create -> create.getHostConfig().withPortBindings(List.of(PortBinding.parse(binding))));
        return container;
    }
}
