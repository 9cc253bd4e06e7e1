// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.Comparator;
import org.apiguardian.api.API;

/**
 * One binding of a container port. A port published for both address families is two of these.
 *
 * @param transport its transport protocol
 * @param containerPort the port that the container listens on
 * @param hostAddress the host address it is bound to; {@code 0.0.0.0} or {@code ::} is any address of that family. Engines
 *     before 27 list {@code ::} also where they write no IPv6 rule: docker-proxy listens there.
 * @param hostPort the port on the host, or 0 where the daemon opens the port without giving it one: in gateway mode
 *     {@code routed} clients use the container's own address
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record PublishedPort(Transport transport, int containerPort, InetAddress hostAddress, int hostPort) {

    /** The order in which a container's bindings are kept. */
    static final Comparator<PublishedPort> ORDER = Comparator.comparing(PublishedPort::transport)
            .thenComparingInt(PublishedPort::containerPort)
            .thenComparing(p -> Cidr.format(p.hostAddress()))
            .thenComparingInt(PublishedPort::hostPort);

    /** Tells whether the port is bound to every host address of its family. */
    public boolean isOnAnyAddress() {
        return hostAddress.isAnyLocalAddress();
    }

    /** Tells whether it is what a packet to that address and port calls. */
    public boolean isCalledBy(Transport sent, InetAddress destination, int port) {
        return sent == transport && port == hostPort && (isOnAnyAddress() || hostAddress.equals(destination));
    }
}
