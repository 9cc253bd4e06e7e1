// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples;

import static io.github.countercheck.NetworkAssertions.UDP;
import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.times;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.Flow;
import io.github.countercheck.Traffic;
import io.github.countercheck.session.Image;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/** A published UDP port: conntrack makes a flow of datagrams too, so the nat table counts each exchange once. */
@ContainerNetworkTest
class UdpIT {

    private static final ExposedPort PORT = ExposedPort.udp(9053);

    @Container
    static final GenericContainer<?> echo = new GenericContainer<>(Image.TOOLBOX.reference())
            .withCommand("socat", "UDP4-RECVFROM:9053,fork", "EXEC:cat")
            .withCreateContainerCmdModifier(create -> create.withExposedPorts(PORT)
                    .getHostConfig()
                    .withPortBindings(new PortBinding(Ports.Binding.empty(), PORT)))
            .waitingFor(Wait.forSuccessfulCommand("grep -qi :235D /proc/net/udp"));

    @Test
    void datagramsAreTranslatedOncePerExchange(Traffic traffic) {
        Flow flow = traffic.udp().times(3).payload("ping").toPublishedPort(echo, 9053);

        assertTrue(flow.answered(), flow::toString);
        assertEquals("ping", flow.reply());
        assertDnatHit(echo, 9053, UDP, times(3));
        assertForwardAccepted(echo, 9053, UDP, times(3));
    }
}
