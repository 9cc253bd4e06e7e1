// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static io.github.countercheck.docker.RuleShape.Part.DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.DPORT;
import static io.github.countercheck.docker.RuleShape.Part.NOT_DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.NOT_SOURCE;
import static io.github.countercheck.docker.RuleShape.Part.SOURCE;
import static io.github.countercheck.docker.RuleShape.Part.SPORT;

import io.github.countercheck.docker.RuleShape.Part;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds out whom a rule of a known role serves: by the bridge that it names, by addresses, by published ports. */
final class SubjectFinder {

    private final DockerFacts facts;

    SubjectFinder(DockerFacts facts) {
        this.facts = facts;
    }

    ClassifiedRule describe(Rule rule, RuleShape shape, RuleRole role, Set<Hook> hooks) {
        ClassifiedRule bare = ClassifiedRule.of(rule, role, hooks);
        return switch (role) {
            case FOREIGN, EMBEDDED_DNS -> bare;
            case PORT_DNAT -> portDnat(bare, shape);
            case PORT_ACCEPT, HAIRPIN_SELF, DIRECT_ACCESS_DROP, TRUSTED_IF_ACCEPT ->
                containerPort(bare, shape, DESTINATION, DPORT);
            case LINK_ACCEPT ->
                shape.has(DPORT)
                        ? containerPort(bare, shape, DESTINATION, DPORT)
                        : containerPort(bare, shape, SOURCE, SPORT);
            case LOOPBACK_PORT_DROP, WSL2_LOOPBACK_ACCEPT -> loopbackPort(bare, shape);
            case SCTP_CHECKSUM -> sctpPort(bare, shape);
            case INGRESS_DNAT -> ingressDnat(bare, shape);
            case INGRESS_ACCEPT -> bare.withPort(shape.transport(), null).withHost(null, shape.port(DPORT));
            case INGRESS_RETURN_TRAFFIC ->
                bare.withPort(shape.transport(), null).withHost(null, shape.port(SPORT));
            case MASQUERADE, SNAT -> subnet(bare, shape, SOURCE);
            case INTERNAL_IN_DROP -> subnet(bare, shape, NOT_SOURCE);
            case INTERNAL_OUT_DROP -> subnet(bare, shape, NOT_DESTINATION);
            default -> bare.withPlace(null, bridge(shape));
        };
    }

    private @Nullable NetworkFacts bridge(RuleShape shape) {
        String device = shape.device();
        return device == null ? null : facts.networkOfBridge(device).orElse(null);
    }

    private ClassifiedRule portDnat(ClassifiedRule bare, RuleShape shape) {
        DnatTarget to = DnatTarget.of(bare.rule());
        return to == null
                ? bare
                : at(bare, shape, to.address())
                        .withPort(shape.transport(), to.port())
                        .withHost(shape.address(DESTINATION), shape.port(DPORT));
    }

    private ClassifiedRule containerPort(ClassifiedRule bare, RuleShape shape, Part address, Part port) {
        return at(bare, shape, shape.address(address)).withPort(shape.transport(), shape.port(port));
    }

    /** The bridge that the rule names says in which network to look for the address; else the address alone does. */
    private ClassifiedRule at(ClassifiedRule bare, RuleShape shape, @Nullable InetAddress address) {
        NetworkFacts network = bridge(shape);
        if (address == null) {
            return bare.withPlace(null, network);
        }
        if (network == null) {
            network = facts.networkOf(address).orElse(null);
        }
        ContainerFacts container =
                network == null ? null : facts.containerAt(address, network).orElse(null);
        return bare.withPlace(container, network);
    }

    /** These rules know the host's side only. */
    private ClassifiedRule loopbackPort(ClassifiedRule bare, RuleShape shape) {
        Transport transport = shape.transport();
        InetAddress hostAddress = shape.address(DESTINATION);
        Integer hostPort = shape.port(DPORT);
        ClassifiedRule onHost = bare.withPort(transport, null).withHost(hostAddress, hostPort);
        for (ContainerFacts container : facts.containers()) {
            for (PublishedPort port : container.ports()) {
                if (port.transport() == transport
                        && port.hostAddress().equals(hostAddress)
                        && Integer.valueOf(port.hostPort()).equals(hostPort)) {
                    return onHost.withPlace(container, null).withPort(transport, port.containerPort());
                }
            }
        }
        return onHost;
    }

    /** These rules name no address, so that one of two containers with the same port cannot be told from the other. */
    private ClassifiedRule sctpPort(ClassifiedRule bare, RuleShape shape) {
        Integer port = shape.port(SPORT);
        List<ContainerFacts> publishers = facts.containers().stream()
                .filter(c -> c.ports().stream()
                        .anyMatch(p -> p.transport() == Transport.SCTP
                                && Integer.valueOf(p.containerPort()).equals(port)))
                .toList();
        ContainerFacts container = publishers.size() == 1 ? publishers.get(0) : null;
        return bare.withPlace(container, null).withPort(shape.transport(), port);
    }

    private ClassifiedRule ingressDnat(ClassifiedRule bare, RuleShape shape) {
        DnatTarget to = DnatTarget.of(bare.rule());
        NetworkFacts network = to == null ? null : facts.networkOf(to.address()).orElse(null);
        return bare.withPlace(null, network).withPort(shape.transport(), null).withHost(null, shape.port(DPORT));
    }

    /** A bridge whose subnet was changed keeps the rule for the old one until it is removed by hand. */
    private ClassifiedRule subnet(ClassifiedRule bare, RuleShape shape, Part part) {
        Cidr subnet = shape.net(part);
        NetworkFacts network = bridge(shape);
        boolean current = network != null && subnet != null && network.has(subnet);
        return bare.withPlace(null, current ? network : null).withSubnet(subnet);
    }
}
