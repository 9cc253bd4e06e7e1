// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.List;
import org.apiguardian.api.API;

/**
 * Says of each rule what it is for and whom it serves.
 *
 * <p>A rule gets its role by what it asks of a packet and does with it, by the hooks from which a packet can reach it,
 * and by whether the device it names is a bridge of Docker's. Its place in the chain does not matter. The names of chains
 * come in where the meaning alone leaves it open:
 *
 * <ul>
 *   <li>Which user-defined chains of iptables are Docker's. Their names are reserved: the daemon empties them when it
 *       starts. Podman's begin with {@code NETAVARK}. A rule in any other user-defined chain is {@link RuleRole#FOREIGN},
 *       whatever it looks like.
 *   <li>Which tables of nftables are the engines': {@code docker-bridges}, {@code docker-dns} and {@code docker-overlay} of
 *       one family, and {@code inet netavark}. Their names are reserved too; a rule in any other table is
 *       {@link RuleRole#FOREIGN}, also one that is copied from there. Within them a chain is known by where the kernel
 *       enters it, or by the jumps and verdict maps that lead there; its name counts only where nothing does.
 *   <li>Where a jump without conditions leads, {@code -A FORWARD -j DOCKER-USER}. The target may be empty.
 *   <li>Everything in {@code DOCKER-USER} is the user's and {@link RuleRole#FOREIGN}, but for the bare
 *       {@code -j RETURN} that engines up to 28.2.1 put there.
 *   <li>In {@code DOCKER-INGRESS} a rule by port alone serves a swarm service and no container.
 * </ul>
 *
 * <p>Hard cases, and how they are decided:
 *
 * <ul>
 *   <li>A rule with one condition more than the engine writes is {@link RuleRole#FOREIGN}. So is one of iptables with a
 *       comment where the engine writes none. In Docker's tables of nftables comments are not asked: not all of its own
 *       rules have one.
 *   <li>A rule in one of Docker's chains has a role only if packets get there as they do to Docker's own rule of that
 *       role: {@code -A DOCKER -o docker0 -j DROP} is the user's, for isolation drops only what left another bridge. A
 *       drop of all but one source or destination belongs to an internal network; where the daemon says that the network
 *       is none, the rule is the user's.
 *   <li>A device is a bridge of Docker's if the daemon names it, if it has a default name ({@code docker0},
 *       {@code docker_gwbridge}, {@code br-} and twelve hexadecimal digits), or if Docker's own jumps name it. The last
 *       two are for networks that are gone. So libvirt's {@code -A FORWARD -i virbr0 -o virbr0 -j ACCEPT} is
 *       {@link RuleRole#FOREIGN}.
 *   <li>A rule in {@code FORWARD} that equals one of Engine 27's rules for its bridge has its role under that layout; an
 *       identical rule of the user's cannot be told apart, and the daemon itself takes one for its own and writes no
 *       second. Under a newer layout it is taken for a left-over of an upgrade only if the jump of the same block
 *       ({@code -o docker0 -j DOCKER}) is there too, or if the network is internal, whose old block was one rule long;
 *       else it is {@link RuleRole#FOREIGN}.
 *   <li>{@code -A FORWARD -i docker0 -j ACCEPT} is Docker's only beside the ipset rules of Engine 28.0.0.
 *   <li>What swarm mode writes into built-in chains of its own namespaces could be anybody's each for itself, and counts as
 *       Docker's only together: marks beside the translation of what IPVS sends on, a port's rules beside the drops of
 *       everything else for that address.
 *   <li>The rules around Podman's translations have the container of those that they lead to.
 *   <li>A translation to a container straight in {@code PREROUTING} is {@link RuleRole#FOREIGN}: Docker's stand behind
 *       the jump for local destinations. One that the user adds to {@code DOCKER} itself, in Docker's words, is taken for
 *       Docker's; its container is null unless its address is a container's.
 *   <li>{@code -t raw -A PREROUTING -d 172.17.0.2/32 -i eth1 -j ACCEPT} is Docker's if the network's options trust that
 *       interface; of a network that the daemon does not know, if the drop that it exempts from is there.
 * </ul>
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class RuleClassifier {

    private RuleClassifier() {}

    /**
     * Classifies every rule of the ruleset.
     *
     * @param ruleset a listing of one family; of the tables that iptables keeps in nftables, those that its own tools
     *     list, since nft leaves out most of what such a rule asks
     * @param facts what the daemon said at the same time; with {@link DockerFacts#NONE} rules have neither container nor
     *     network, and those about a device with a name of the user's choosing may be taken for foreign ones
     */
    public static Classification classify(Ruleset ruleset, DockerFacts facts) {
        ChainReach reach = ChainReach.of(ruleset);
        BridgeChains chains = BridgeChains.of(ruleset, reach);
        FactsIndex index = new FactsIndex(facts);
        List<RuleWriter> writers = writers(ruleset, index, reach, chains);
        SubjectFinder subjects = new SubjectFinder(ruleset, index, reach, chains);
        List<ClassifiedRule> classified = new ArrayList<>();
        for (Rule rule : (Iterable<Rule>) ruleset.rules()::iterator) {
            RuleShape shape = RuleShape.of(rule);
            List<RuleRole> roles = roles(writers, rule, shape);
            RuleRole role = roles.isEmpty() ? RuleRole.FOREIGN : roles.get(0);
            classified.add(subjects.describe(rule, shape, role, reach.hooks(rule.table(), rule.chain())));
        }
        return new Classification(ruleset, facts, classified);
    }

    static List<RuleWriter> writers(Ruleset ruleset, FactsIndex facts, ChainReach reach, BridgeChains chains) {
        return List.of(
                new RoleFinder(ruleset, facts, reach),
                new DockerNftRoles(ruleset, facts, reach, chains),
                new NetavarkRoles(ruleset, reach),
                new SwarmSandboxRoles(ruleset));
    }

    /** Returns what each writer that knows the rule calls it: at most one of them does. */
    static List<RuleRole> roles(List<RuleWriter> writers, Rule rule, RuleShape shape) {
        List<RuleRole> roles = new ArrayList<>(1);
        for (RuleWriter writer : writers) {
            RuleRole role = writer.role(rule, shape);
            if (role != RuleRole.FOREIGN) {
                roles.add(role);
            }
        }
        return roles;
    }
}
