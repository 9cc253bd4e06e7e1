// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.diagnosis.Claim;
import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.PublishedPort;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.RuleSpec;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.Tuple;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a claim is about.
 *
 * @param claim its kind
 * @param table the table whose rules decide
 * @param rules which rules should count
 * @param what what it is that the packets met or did
 * @param deed the rest of the sentence: {@code hit for container web}
 * @param wanted the rule in words, for when there is none
 * @param container the container it is about, if one
 * @param network the network it is about, if one
 * @param transport the protocol it is about
 * @param port the container's port it is about, or 0
 * @param family the one family that it is about, or null where it is about those over which something was sent
 * @param cited the rule that the test wrote, if it wrote one
 */
record Subject(
        Claim claim,
        String table,
        Function<Classification, List<ClassifiedRule>> rules,
        String what,
        String deed,
        String wanted,
        @Nullable ContainerFacts container,
        @Nullable NetworkFacts network,
        Transport transport,
        int port,
        @Nullable Family family,
        @Nullable Rule cited) {

    String held() {
        return what + " " + deed;
    }

    String notHeld() {
        return what + " not " + deed;
    }

    static Subject dnat(ContainerFacts container, int port, Transport transport) {
        return ofPort(
                Claim.DNAT,
                "nat",
                rules -> rules.dnat(container, transport, port),
                "DNAT",
                "hit",
                "translates to",
                container,
                port,
                transport);
    }

    static Subject forward(ContainerFacts container, int port, Transport transport) {
        return ofPort(
                Claim.FORWARD_ACCEPT,
                "filter",
                rules -> rules.portAccept(container, transport, port),
                "new flows",
                "accepted",
                "accepts",
                container,
                port,
                transport);
    }

    private static Subject ofPort(
            Claim claim,
            String table,
            Function<Classification, List<ClassifiedRule>> rules,
            String what,
            String deed,
            String does,
            ContainerFacts container,
            int port,
            Transport transport) {
        return new Subject(
                claim,
                table,
                rules,
                what,
                deed + " for container " + container.name() + ", port " + port + "/" + transport
                        + published(container, port, transport),
                "a rule of the " + table + " table that " + does + " port " + port + "/" + transport + " of "
                        + container.name(),
                container,
                null,
                transport,
                port,
                null,
                null);
    }

    private static String published(ContainerFacts container, int port, Transport transport) {
        List<PublishedPort> bindings = container.ports(transport, port);
        return bindings.isEmpty()
                ? ", not published"
                : ", published on "
                        + bindings.stream()
                                .map(p -> Tuple.endpoint(p.hostAddress(), Integer.toString(p.hostPort())))
                                .collect(Collectors.joining(", "));
    }

    static Subject returnTraffic(ContainerFacts container, List<NetworkFacts> networks) {
        return ofNetwork(
                Claim.RETURN_TRAFFIC, rules -> rules.returnTraffic(container), "return traffic", container, networks);
    }

    static Subject outbound(ContainerFacts container, List<NetworkFacts> networks) {
        return ofNetwork(
                Claim.OUTBOUND_ACCEPT,
                rules -> rules.outboundAccept(container),
                "outbound traffic",
                container,
                networks);
    }

    private static Subject ofNetwork(
            Claim claim,
            Function<Classification, List<ClassifiedRule>> rules,
            String what,
            ContainerFacts container,
            List<NetworkFacts> networks) {
        return new Subject(
                claim,
                "filter",
                rules,
                what,
                "accepted for container " + container.name() + ", network "
                        + networks.stream().map(NetworkFacts::name).collect(Collectors.joining(", ")),
                "a rule of the filter table that accepts it",
                container,
                networks.get(0),
                Transport.TCP,
                0,
                null,
                null);
    }

    static Subject masquerade(ContainerFacts container, List<NetworkFacts> networks) {
        return masquerade(
                rules -> rules.masquerade(container), "container " + container.name(), container, networks, null);
    }

    static Subject masquerade(NetworkFacts network, String whom, @Nullable Family family) {
        return masquerade(rules -> rules.masquerade(network), whom, null, List.of(network), family);
    }

    private static Subject masquerade(
            Function<Classification, List<ClassifiedRule>> rules,
            String whom,
            @Nullable ContainerFacts container,
            List<NetworkFacts> networks,
            @Nullable Family family) {
        return new Subject(
                Claim.MASQUERADE,
                "nat",
                rules,
                "flows",
                "masqueraded for " + whom,
                "a MASQUERADE or SNAT rule for "
                        + networks.stream()
                                .flatMap(network -> network.subnets().stream())
                                .filter(subnet -> family == null || Family.of(subnet.address()) == family)
                                .map(Cidr::toString)
                                .collect(Collectors.joining(", ")),
                container,
                networks.get(0),
                Transport.TCP,
                0,
                family,
                null);
    }

    static Subject hairpin(ContainerFacts container, int port, Transport transport) {
        return ofPort(
                Claim.HAIRPIN,
                "nat",
                rules -> rules.hairpinSelf(container, transport, port),
                "hairpin",
                "masqueraded",
                "masquerades what goes back to",
                container,
                port,
                transport);
    }

    static Subject icc(ContainerFacts from, ContainerFacts to, NetworkFacts network) {
        return new Subject(
                Claim.ICC_ACCEPT,
                "filter",
                rules -> rules.iccAccept(network),
                "packets",
                "accepted from container " + from.name() + " to " + to.name() + ", network " + network.name(),
                "a rule of the filter table that accepts what that network's containers send one another",
                to,
                network,
                Transport.TCP,
                0,
                null,
                null);
    }

    static Subject rule(Family family, Rule wanted) {
        String chain = wanted.chain();
        String spec = spec(family, wanted);
        return new Subject(
                Claim.RULE,
                wanted.table(),
                rules -> rules.rules().stream()
                        .filter(rule -> rule.rule().table().equals(wanted.table())
                                && rule.rule().chain().equals(chain)
                                && (rule.rule().nft() == null) == (wanted.nft() == null)
                                && spec(family, rule.rule()).equals(spec))
                        .toList(),
                "rule of " + wanted.table() + "/" + chain,
                "hit",
                (family == Family.IPV6 && wanted.nft() == null ? "ip6tables " : "") + wanted.table() + "/" + chain
                        + "  " + spec,
                null,
                null,
                Transport.TCP,
                0,
                family,
                wanted);
    }

    private static String spec(Family family, Rule rule) {
        return rule.nft() == null ? RuleSpec.normalise(family, rule).spec() : rule.spec();
    }
}
