// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import java.net.InetAddress;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * What the daemon said at one moment about its networks and containers. The daemon is asked over its API, so this is its
 * intention; what it really wrote is in the ruleset.
 *
 * @param networks its networks, in the order of their names
 * @param containers the containers that were asked for, in the order of their names
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record DockerFacts(List<NetworkFacts> networks, List<ContainerFacts> containers) {

    /** A daemon of which nothing is known: rules get their role, but no container and no network. */
    public static final DockerFacts NONE = new DockerFacts(List.of(), List.of());

    /** Copies the lists. */
    public DockerFacts {
        networks = List.copyOf(networks);
        containers = List.copyOf(containers);
    }

    /** Puts both into the order of their names, so that equal daemons give equal facts. */
    static DockerFacts inOrder(Collection<NetworkFacts> networks, Collection<ContainerFacts> containers) {
        return new DockerFacts(
                networks.stream()
                        .sorted(Comparator.comparing(NetworkFacts::name).thenComparing(NetworkFacts::id))
                        .toList(),
                containers.stream()
                        .sorted(Comparator.comparing(ContainerFacts::name).thenComparing(ContainerFacts::id))
                        .toList());
    }

    /** Returns the network with that id or name; an id wins over a name. */
    public Optional<NetworkFacts> network(String idOrName) {
        return networks.stream()
                .filter(n -> n.id().equals(idOrName))
                .findFirst()
                .or(() ->
                        networks.stream().filter(n -> n.name().equals(idOrName)).findFirst());
    }

    /** Returns the network whose bridge device that is. */
    public Optional<NetworkFacts> networkOfBridge(String device) {
        return networks.stream().filter(n -> device.equals(n.bridge())).findFirst();
    }

    /** Returns the network that has exactly that subnet, a bridge network where drivers share it. */
    public Optional<NetworkFacts> networkOfSubnet(Cidr subnet) {
        return networks.stream().filter(n -> n.has(subnet)).reduce(DockerFacts::bridgeFirst);
    }

    /** Returns the network that the address lies in, a bridge network where drivers share the subnet. */
    public Optional<NetworkFacts> networkOf(InetAddress address) {
        return networks.stream().filter(n -> n.contains(address)).reduce(DockerFacts::bridgeFirst);
    }

    /** Returns the container with that id or name; an id wins over a name. */
    public Optional<ContainerFacts> container(String idOrName) {
        return containers.stream()
                .filter(c -> c.id().equals(idOrName))
                .findFirst()
                .or(() -> containers.stream()
                        .filter(c -> c.name().equals(idOrName))
                        .findFirst());
    }

    /** Returns the container that has the address in a bridge network, or else in any network. */
    public Optional<ContainerFacts> containerAt(InetAddress address) {
        return networks.stream()
                .filter(n -> n.bridge() != null)
                .flatMap(n -> containerAt(address, n).stream())
                .findFirst()
                .or(() -> containers.stream().filter(c -> c.owns(address)).findFirst());
    }

    /** Returns the container that has the address in that network. */
    public Optional<ContainerFacts> containerAt(InetAddress address, NetworkFacts network) {
        return containers.stream()
                .filter(c -> c.endpoint(network).filter(e -> e.has(address)).isPresent())
                .findFirst();
    }

    /** Returns the networks that the container is in, in the order of its endpoints. */
    public List<NetworkFacts> networksOf(ContainerFacts container) {
        return container.endpoints().stream()
                .flatMap(e -> networks.stream().filter(n -> n.id().equals(e.networkId())))
                .toList();
    }

    /** Macvlan and ipvlan networks may repeat a bridge network's subnet; netfilter rules exist for bridges only. */
    static NetworkFacts bridgeFirst(NetworkFacts earlier, NetworkFacts later) {
        return earlier.bridge() == null && later.bridge() != null ? later : earlier;
    }
}
