// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static io.github.countercheck.docker.RuleShape.Part.COMMENT;
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
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Target;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds out whom a rule of a known role serves: by the bridge that it names, by addresses, by published ports. */
final class SubjectFinder {

    private static final Pattern NETAVARK_COMMENT = Pattern.compile("dnat name: (.+) id: ([0-9a-f]+)");

    private final Ruleset ruleset;
    private final DockerFacts facts;
    private final FactsIndex index;
    private final ChainReach reach;
    private final BridgeChains chains;

    SubjectFinder(Ruleset ruleset, FactsIndex index, ChainReach reach, BridgeChains chains) {
        this.ruleset = ruleset;
        this.facts = index.facts();
        this.index = index;
        this.reach = reach;
        this.chains = chains;
    }

    ClassifiedRule describe(Rule rule, RuleShape shape, RuleRole role, Set<Hook> hooks) {
        ClassifiedRule bare = ClassifiedRule.of(rule, role, hooks);
        return switch (role) {
            case FOREIGN, EMBEDDED_DNS -> bare;
            case PORT_DNAT -> portDnat(bare, shape);
            case PORT_JUMP ->
                NetavarkRoles.owns(rule) ? netavarkPort(bare, shape, target(rule)) : onBridge(bare, shape);
            case HAIRPIN_MARK -> netavarkPort(bare, shape, rule.chain());
            case PORT_ACCEPT, HAIRPIN_SELF, DIRECT_ACCESS_DROP, TRUSTED_IF_ACCEPT ->
                containerPort(bare, shape, DESTINATION, DPORT);
            case LINK_ACCEPT ->
                shape.has(DPORT)
                        ? containerPort(bare, shape, DESTINATION, DPORT)
                        : containerPort(bare, shape, SOURCE, SPORT);
            case LOOPBACK_PORT_DROP, WSL2_LOOPBACK_ACCEPT -> loopbackPort(bare, shape);
            case SCTP_CHECKSUM -> sctpPort(bare, shape);
            case INGRESS_DNAT -> ingressDnat(bare, shape);
            case INGRESS_ACCEPT, INGRESS_MARK, INGRESS_TASK_REDIRECT ->
                bare.withPort(shape.transport(), null).withHost(null, shape.ports(DPORT));
            case INGRESS_RETURN_TRAFFIC ->
                bare.withPort(shape.transport(), null).withHost(null, shape.ports(SPORT));
            case INGRESS_TASK_ACCEPT ->
                bare.withPort(shape.transport(), shape.has(DPORT) ? shape.ports(DPORT) : shape.ports(SPORT));
            case INGRESS_SNAT -> withinSubnet(bare, shape.net(DESTINATION));
            case MASQUERADE, SNAT ->
                NetavarkRoles.owns(rule) ? withinSubnet(bare, leavingNet(rule)) : subnet(bare, shape, SOURCE);
            case INTERNAL_IN_DROP -> subnet(bare, shape, NOT_SOURCE);
            case INTERNAL_OUT_DROP -> subnet(bare, shape, NOT_DESTINATION);
            case MASQUERADE_JUMP, DNS_ACCEPT -> withinSubnet(bare, shape.net(SOURCE));
            case NO_MASQUERADE -> withinSubnet(bare, shape.net(DESTINATION));
            case DNS_DNAT -> bare.withPlace(null, network(shape.address(DESTINATION)));
            case RETURN_TRAFFIC ->
                shape.has(DESTINATION) ? withinSubnet(bare, shape.net(DESTINATION)) : onBridge(bare, shape);
            case OUTBOUND_ACCEPT -> shape.has(SOURCE) ? withinSubnet(bare, shape.net(SOURCE)) : onBridge(bare, shape);
            default -> onBridge(bare, shape);
        };
    }

    private ClassifiedRule onBridge(ClassifiedRule bare, RuleShape shape) {
        return bare.withPlace(null, bridge(bare.rule(), shape));
    }

    /** Names the rule none, its chain may be for one only. */
    private @Nullable NetworkFacts bridge(Rule rule, RuleShape shape) {
        String device = shape.device() == null ? chains.device(rule) : shape.device();
        return index.networkOfBridge(device);
    }

    private @Nullable NetworkFacts network(@Nullable InetAddress address) {
        return address == null ? null : index.networkOf(address);
    }

    private ClassifiedRule withinSubnet(ClassifiedRule bare, @Nullable Cidr subnet) {
        NetworkFacts network = subnet == null ? null : index.networkOfSubnet(subnet);
        return bare.withPlace(null, network).withSubnet(subnet);
    }

    private ClassifiedRule portDnat(ClassifiedRule bare, RuleShape shape) {
        DnatTarget to = DnatTarget.of(bare.rule());
        return to == null
                ? bare
                : at(bare, shape, to.address())
                        .withPort(shape.transport(), to.ports())
                        .withHost(shape.address(DESTINATION), shape.dports());
    }

    private ClassifiedRule containerPort(ClassifiedRule bare, RuleShape shape, Part address, Part port) {
        return at(bare, shape, shape.address(address)).withPort(shape.transport(), shape.ports(port));
    }

    /** The bridge that the rule names says in which network to look for the address; else the address alone does. */
    private ClassifiedRule at(ClassifiedRule bare, RuleShape shape, @Nullable InetAddress address) {
        NetworkFacts network = bridge(bare.rule(), shape);
        if (address == null) {
            return bare.withPlace(null, network);
        }
        if (network == null) {
            network = network(address);
        }
        // A host with hundreds of containers has rules for each of them: only those with the address are looked at.
        DockerFacts near = new DockerFacts(facts.networks(), index.containersAt(address));
        Optional<ContainerFacts> container =
                network == null ? near.containerAt(address) : near.containerAt(address, network);
        return bare.withPlace(container.orElse(null), network);
    }

    private static String target(Rule rule) {
        Target target = rule.target();
        return target == null ? "" : target.name();
    }

    /**
     * The rules around Podman's translations name the host's side. The translations in that chain tell the container's;
     * the comment that one of them has does so even where they are gone.
     */
    private ClassifiedRule netavarkPort(ClassifiedRule bare, RuleShape shape, String translations) {
        PortRange hostPorts = shape.dports();
        ClassifiedRule onHost = bare.withPort(shape.transport(), null).withHost(shape.address(DESTINATION), hostPorts);
        List<ClassifiedRule> served = ruleset.chain(bare.rule().table(), translations).stream()
                .flatMap(c -> c.rules().stream())
                .filter(r -> DnatTarget.of(r) != null)
                .map(r -> portDnat(ClassifiedRule.of(r, RuleRole.PORT_DNAT, Set.of()), RuleShape.of(r)))
                .filter(r -> isOneOf(r, onHost))
                .toList();
        ClassifiedRule described = served.isEmpty() ? onHost : sameContainer(onHost, served);
        Matcher comment = NETAVARK_COMMENT.matcher(
                Optional.ofNullable(shape.name(COMMENT)).orElse(""));
        if (!comment.matches()) {
            return described;
        }
        Optional<ContainerFacts> container = facts.container(comment.group(2));
        return described.withPlace(
                container.orElse(described.container()),
                facts.network(comment.group(1)).orElse(described.network()));
    }

    private static boolean isOneOf(ClassifiedRule translation, ClassifiedRule onHost) {
        PortRange wanted = onHost.hostPorts();
        PortRange ports = translation.hostPorts();
        boolean sameAddress =
                onHost.hostAddress() == null || Objects.equals(translation.hostAddress(), onHost.hostAddress());
        return sameAddress
                && translation.transport() == onHost.transport()
                && wanted != null
                && ports != null
                && wanted.contains(ports);
    }

    private static ClassifiedRule sameContainer(ClassifiedRule onHost, List<ClassifiedRule> served) {
        ClassifiedRule first = served.get(0);
        ClassifiedRule last = served.get(served.size() - 1);
        boolean same = served.stream()
                .allMatch(r -> Objects.equals(DnatTarget.of(r.rule()), DnatTarget.of(first.rule()))
                        || Objects.equals(r.container(), first.container()));
        PortRange from = first.ports();
        PortRange to = last.ports();
        if (!same || from == null || to == null || to.last() < from.first()) {
            return onHost.withPlace(null, first.network());
        }
        return onHost.withPlace(first.container(), first.network())
                .withPort(onHost.transport(), new PortRange(from.first(), to.last()));
    }

    /** Podman asks for the source on the way to the translation. */
    private @Nullable Cidr leavingNet(Rule rule) {
        return reach.jumpsTo(rule.table(), rule.chain()).stream()
                .map(jump -> RuleShape.of(jump).net(SOURCE))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /** These rules know the host's side only. */
    private ClassifiedRule loopbackPort(ClassifiedRule bare, RuleShape shape) {
        Transport transport = shape.transport();
        InetAddress hostAddress = shape.address(DESTINATION);
        PortRange hostPort = shape.ports(DPORT);
        ClassifiedRule onHost = bare.withPort(transport, null).withHost(hostAddress, hostPort);
        for (ContainerFacts container : facts.containers()) {
            for (PublishedPort port : container.ports()) {
                if (port.transport() == transport
                        && port.hostAddress().equals(hostAddress)
                        && new PortRange(port.hostPort()).equals(hostPort)) {
                    return onHost.withPlace(container, onlyNetwork(container))
                            .withPort(transport, new PortRange(port.containerPort()));
                }
            }
        }
        return onHost;
    }

    /** These rules name no address, so that one of two containers with the same port cannot be told from the other. */
    private ClassifiedRule sctpPort(ClassifiedRule bare, RuleShape shape) {
        PortRange port = shape.ports(SPORT);
        List<ContainerFacts> publishers = facts.containers().stream()
                .filter(c -> c.ports().stream()
                        .anyMatch(
                                p -> p.transport() == Transport.SCTP && new PortRange(p.containerPort()).equals(port)))
                .toList();
        ContainerFacts container = publishers.size() == 1 ? publishers.get(0) : null;
        return bare.withPlace(container, container == null ? null : onlyNetwork(container))
                .withPort(shape.transport(), port);
    }

    private @Nullable NetworkFacts onlyNetwork(ContainerFacts container) {
        List<NetworkFacts> networks = facts.networksOf(container);
        return networks.size() == 1 ? networks.get(0) : null;
    }

    private ClassifiedRule ingressDnat(ClassifiedRule bare, RuleShape shape) {
        DnatTarget to = DnatTarget.of(bare.rule());
        return bare.withPlace(null, network(to == null ? null : to.address()))
                .withPort(shape.transport(), null)
                .withHost(null, shape.ports(DPORT));
    }

    /** A bridge whose subnet was changed keeps the rule for the old one until it is removed by hand. */
    private ClassifiedRule subnet(ClassifiedRule bare, RuleShape shape, Part part) {
        Cidr subnet = shape.net(part);
        NetworkFacts network = bridge(bare.rule(), shape);
        boolean current = network != null && (subnet == null || network.has(subnet));
        return bare.withPlace(null, current ? network : null).withSubnet(subnet);
    }
}
