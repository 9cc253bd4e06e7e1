// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * What the daemon says about one container.
 *
 * @param id its full id
 * @param name its name without the leading slash
 * @param networkMode what it was started with: {@code bridge}, a network's name, {@code host}, {@code none} or
 *     {@code container:<id>}
 * @param pid its first process as the daemon's host numbers it; 0 for a container that does not run
 * @param endpoints the networks it is in. A container that shares another's network namespace has none.
 * @param ports its bindings, in the order of transport and container port
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record ContainerFacts(
        String id, String name, String networkMode, long pid, List<Endpoint> endpoints, List<PublishedPort> ports) {

    /** Copies the lists. */
    public ContainerFacts {
        endpoints = List.copyOf(endpoints);
        ports = List.copyOf(ports);
    }

    /** Returns the bindings of that container port; empty where it is not published. */
    public List<PublishedPort> ports(Transport transport, int containerPort) {
        return ports.stream()
                .filter(p -> p.transport() == transport && p.containerPort() == containerPort)
                .toList();
    }

    /** Tells whether the address is the container's own in one of its networks. */
    public boolean owns(InetAddress address) {
        return endpoints.stream().anyMatch(e -> e.has(address));
    }

    /** Returns the container's own addresses, both families, in the order of its networks. */
    public List<InetAddress> addresses() {
        return endpoints.stream()
                .flatMap(e -> Stream.of(Optional.ofNullable(e.ipv4()), Optional.ofNullable(e.ipv6())))
                .flatMap(Optional::stream)
                .toList();
    }

    /** Returns the container's place in that network. */
    public Optional<Endpoint> endpoint(NetworkFacts network) {
        return endpoints.stream()
                .filter(e -> e.networkId().equals(network.id()))
                .findFirst();
    }
}
