// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the daemon said, found by what rules name: bridges, subnets, addresses. A host with hundreds of networks has rules
 * for each of them, and each of those would look through all.
 */
final class FactsIndex {

    private final DockerFacts facts;
    private final Map<String, NetworkFacts> ofBridge = new HashMap<>();
    private final Map<Cidr, NetworkFacts> ofSubnet = new HashMap<>();
    private final Set<Integer> prefixLengthsOfIpv4 = new LinkedHashSet<>();
    private final Set<Integer> prefixLengthsOfIpv6 = new LinkedHashSet<>();
    private final Map<InetAddress, List<ContainerFacts>> owners = new HashMap<>();

    FactsIndex(DockerFacts facts) {
        this.facts = facts;
        for (NetworkFacts network : facts.networks()) {
            if (network.bridge() != null) {
                ofBridge.putIfAbsent(network.bridge(), network);
            }
            for (Cidr subnet : network.subnets()) {
                ofSubnet.merge(subnet.network(), network, DockerFacts::bridgeFirst);
                prefixLengths(subnet.isIpv6()).add(subnet.prefixLength());
            }
        }
        for (ContainerFacts container : facts.containers()) {
            container
                    .addresses()
                    .forEach(address -> owners.computeIfAbsent(address, none -> new ArrayList<>())
                            .add(container));
        }
    }

    DockerFacts facts() {
        return facts;
    }

    /** As {@link DockerFacts#networkOfBridge}. */
    @Nullable
    NetworkFacts networkOfBridge(@Nullable String device) {
        return ofBridge.get(device);
    }

    /** As {@link DockerFacts#networkOfSubnet}. */
    @Nullable
    NetworkFacts networkOfSubnet(Cidr subnet) {
        return ofSubnet.get(subnet.network());
    }

    /** As {@link DockerFacts#networkOf}. */
    @Nullable
    NetworkFacts networkOf(InetAddress address) {
        NetworkFacts found = null;
        for (int length : prefixLengths(address instanceof Inet6Address)) {
            NetworkFacts network = ofSubnet.get(new Cidr(address, length).network());
            if (network != null) {
                found = found == null ? network : DockerFacts.bridgeFirst(found, network);
            }
        }
        return found;
    }

    /** Returns the containers that have the address, in whichever network. */
    List<ContainerFacts> containersAt(InetAddress address) {
        return owners.getOrDefault(address, List.of());
    }

    private Set<Integer> prefixLengths(boolean ipv6) {
        return ipv6 ? prefixLengthsOfIpv6 : prefixLengthsOfIpv4;
    }
}
