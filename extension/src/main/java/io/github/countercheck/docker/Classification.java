// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.ruleset.Transport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apiguardian.api.API;

/**
 * The rules of one ruleset, each with its role, and the questions that a test has about them.
 *
 * <p>Each answer is in the order of the listing. It may hold several rules: a port published on two host addresses has two
 * translations. It may be empty: there is no such rule. Containers and networks are compared by id. Rules that no packet
 * can reach are among the answers; {@link ClassifiedRule#isReachable()} tells.
 *
 * @param ruleset the ruleset
 * @param facts what the daemon said
 * @param rules its rules in the order of the listing
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Classification(Ruleset ruleset, DockerFacts facts, List<ClassifiedRule> rules) {

    /** Copies the rules. */
    public Classification {
        rules = List.copyOf(rules);
    }

    /** Returns the same for a listing whose tables, chains and rules are these but for counters; empty for any other. */
    Optional<Classification> recounted(Ruleset other) {
        if (other.tables().size() != ruleset.tables().size()) {
            return Optional.empty();
        }
        List<ClassifiedRule> recounted = new ArrayList<>(rules.size());
        for (int i = 0; i < other.tables().size(); i++) {
            Table before = ruleset.tables().get(i);
            Table after = other.tables().get(i);
            boolean same = after.name().equals(before.name())
                    && after.sets().equals(before.sets())
                    && after.chains().size() == before.chains().size();
            for (int j = 0; same && j < after.chains().size(); j++) {
                same = recount(before.chains().get(j), after.chains().get(j), recounted);
            }
            if (!same) {
                return Optional.empty();
            }
        }
        return Optional.of(new Classification(other, facts, recounted));
    }

    /** Adds the rules of a chain, as they are now, to what is recounted. Tells whether they are the same. */
    private boolean recount(Chain before, Chain after, List<ClassifiedRule> recounted) {
        int count = before.rules().size();
        if (!after.name().equals(before.name())
                || !Objects.equals(after.base(), before.base())
                || after.rules().size() != count) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            Rule rule = after.rules().get(i);
            if (!saysTheSame(before.rules().get(i), rule)) {
                return false;
            }
            recounted.add(rules.get(recounted.size()).withRule(rule));
        }
        return true;
    }

    private static boolean saysTheSame(Rule one, Rule other) {
        // Two readings share what did not change, so that most of these are the same objects.
        return one.matches().equals(other.matches())
                && Objects.equals(one.target(), other.target())
                && (one.nft() == null
                        ? other.nft() == null
                        : other.nft() != null
                                && one.nft().text().equals(other.nft().text()));
    }

    /** Returns what the rule is; its counter does not matter, so the rule of an earlier or later listing will do. */
    public Optional<ClassifiedRule> of(Rule rule) {
        Rule uncounted = rule.withCounter(null);
        return rules.stream()
                .filter(r -> r.rule().withCounter(null).equals(uncounted))
                .findFirst();
    }

    /** Returns the rules with one of these roles. */
    public List<ClassifiedRule> withRole(RuleRole... roles) {
        Set<RuleRole> wanted = EnumSet.noneOf(RuleRole.class);
        wanted.addAll(Arrays.asList(roles));
        return select(r -> wanted.contains(r.role()));
    }

    /** Returns the translations of that container port, one per host address that it is published on. */
    public List<ClassifiedRule> dnat(ContainerFacts container, Transport transport, int containerPort) {
        return select(r -> r.role() == RuleRole.PORT_DNAT && isPort(r, container, transport, containerPort));
    }

    /**
     * Returns the rules that let the first packet to that container port in, whether it was published or not: its own,
     * or, in gateway mode nat-unprotected, the one for all ports of the network.
     */
    public List<ClassifiedRule> portAccept(ContainerFacts container, Transport transport, int containerPort) {
        return select(r -> switch (r.role()) {
            case PORT_ACCEPT -> isPort(r, container, transport, containerPort);
            case UNPROTECTED_ACCEPT -> isOnNetworkOf(r, container);
            default -> false;
        });
    }

    /** Returns the rules that let packets of known flows in to the container. */
    public List<ClassifiedRule> returnTraffic(ContainerFacts container) {
        return select(r -> r.role() == RuleRole.RETURN_TRAFFIC && isOnNetworkOf(r, container));
    }

    /**
     * Returns the rules that let packets of the container out of its networks. With nftables Docker has two for each:
     * these are the ones that a flow's first packet meets.
     */
    public List<ClassifiedRule> outboundAccept(ContainerFacts container) {
        return select(r -> r.role() == RuleRole.OUTBOUND_ACCEPT && isOnNetworkOf(r, container));
    }

    /** Returns the rules that hide flows from that subnet behind an address of the host: MASQUERADE or SNAT. */
    public List<ClassifiedRule> masquerade(Cidr subnet) {
        return select(r -> isMasquerade(r) && subnet.equals(r.subnet()));
    }

    /** Returns the rules that hide flows from that network behind an address of the host: MASQUERADE or SNAT. */
    public List<ClassifiedRule> masquerade(NetworkFacts network) {
        return select(r -> isMasquerade(r) && r.serves(network));
    }

    /** Returns the rules that hide flows from that container behind an address of the host: MASQUERADE or SNAT. */
    public List<ClassifiedRule> masquerade(ContainerFacts container) {
        return select(r -> isMasquerade(r) && isOnNetworkOf(r, container));
    }

    /**
     * Returns the rules that hide a flow of the container to that port of its own, through the host, behind the bridge.
     * Podman has one for all containers.
     */
    public List<ClassifiedRule> hairpinSelf(ContainerFacts container, Transport transport, int containerPort) {
        return select(r -> r.role() == RuleRole.HAIRPIN_MASQ
                || (r.role() == RuleRole.HAIRPIN_SELF && isPort(r, container, transport, containerPort)));
    }

    /**
     * Returns the rules that hide flows of the host itself to the container behind the bridge. Podman has one for all
     * containers.
     */
    public List<ClassifiedRule> hairpinHost(ContainerFacts container) {
        return select(r -> r.role() == RuleRole.HAIRPIN_MASQ
                || (r.role() == RuleRole.HAIRPIN_HOST && isOnNetworkOf(r, container)));
    }

    /**
     * Returns the rules that drop what containers of one network send straight to addresses of containers of the other.
     * Which of them a packet meets first depends on the engine: in the raw table from 28.2, in the filter table before.
     */
    public List<ClassifiedRule> isolation(NetworkFacts from, NetworkFacts to) {
        return select(r -> switch (r.role()) {
            case ISOLATION_DROP, DIRECT_ACCESS_DROP, UNPUBLISHED_DROP, INTERNAL_IN_DROP -> r.serves(to);
            case INTERNAL_OUT_DROP -> r.serves(from);
            default -> false;
        });
    }

    /**
     * Returns the rules that accept what containers of that network send one another. Of Engine 28's in iptables it is the
     * one that also lets them out, which names the bridge alone. In nftables a chain for what enters the bridge comes first,
     * drops the rest, and has a rule of its own for this.
     */
    public List<ClassifiedRule> iccAccept(NetworkFacts network) {
        return select(r -> r.serves(network)
                && (r.role() == RuleRole.ICC_ACCEPT
                        || (r.role() == RuleRole.OUTBOUND_ACCEPT
                                && r.rule().nft() == null
                                && !RuleShape.of(r.rule()).has(RuleShape.Part.NOT_OUT))));
    }

    /** Returns the rules that drop what containers of that network send one another. */
    public List<ClassifiedRule> iccDrop(NetworkFacts network) {
        return select(r -> r.role() == RuleRole.ICC_DROP && r.serves(network));
    }

    /** Returns the rules that are none of Docker's. */
    public List<ClassifiedRule> foreign() {
        return withRole(RuleRole.FOREIGN);
    }

    /** Says which engine's arrangement the filter rules have. */
    public Layout layout() {
        Set<Layout> seen = EnumSet.noneOf(Layout.class);
        for (ClassifiedRule rule : rules) {
            layoutOf(rule).ifPresent(seen::add);
        }
        if (seen.contains(Layout.G2)) {
            // It shares all else of its FORWARD with the layouts before.
            seen.remove(Layout.G1);
        }
        if (seen.size() > 1) {
            // Docker beside Podman is Docker's.
            seen.remove(Layout.NETAVARK);
        }
        if (seen.isEmpty()) {
            return Layout.NONE;
        }
        return seen.size() == 1 ? seen.iterator().next() : Layout.MIXED;
    }

    private static Optional<Layout> layoutOf(ClassifiedRule rule) {
        if (rule.role() != RuleRole.FOREIGN && NetavarkRoles.owns(rule.rule())) {
            return Optional.of(Layout.NETAVARK);
        }
        boolean inForward = rule.rule().chain().equals(Hook.FORWARD.name());
        return switch (rule.role()) {
            case BRIDGE_DISPATCH -> Optional.of(Layout.GN);
            case RETURN_TRAFFIC, PORT_JUMP -> {
                Layout direct = isForAllBridges(rule) ? Layout.G2 : Layout.G1;
                yield inForward ? Optional.of(direct) : Optional.empty();
            }
            case ISOLATION_JUMP -> Optional.of(inForward ? Layout.G1 : Layout.G3);
            case INTERNAL_JUMP -> Optional.of(Layout.G4);
            default -> Optional.empty();
        };
    }

    private List<ClassifiedRule> select(Predicate<ClassifiedRule> wanted) {
        return rules.stream().filter(wanted).toList();
    }

    private static boolean isPort(
            ClassifiedRule rule, ContainerFacts container, Transport transport, int containerPort) {
        return rule.serves(container) && rule.servesPort(transport, containerPort);
    }

    private static boolean isMasquerade(ClassifiedRule rule) {
        return rule.role() == RuleRole.MASQUERADE || rule.role() == RuleRole.SNAT;
    }

    private static boolean isOnNetworkOf(ClassifiedRule rule, ContainerFacts container) {
        NetworkFacts network = rule.network();
        return network == null
                ? isForAllBridges(rule)
                : container.endpoint(network).isPresent();
    }

    /** Engine 28.0.0 has rules for all bridges that name none. */
    private static boolean isForAllBridges(ClassifiedRule rule) {
        return RuleShape.of(rule.rule()).has(RuleShape.Part.TO_ANY_BRIDGE);
    }
}
