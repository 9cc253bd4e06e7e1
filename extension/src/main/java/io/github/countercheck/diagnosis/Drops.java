// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.snapshot.ChainDelta;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.PacketWalk.Fate;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Who dropped the packets: a rule or a policy, by its counter or, where it has none, by what it says. */
final class Drops {

    private static final String FIREWALLD = "firewalld";

    /** Roles of rules with which the engine keeps packets out. */
    private static final Set<RuleRole> ENGINES = EnumSet.of(
            RuleRole.DIRECT_ACCESS_DROP,
            RuleRole.UNPUBLISHED_DROP,
            RuleRole.LOOPBACK_PORT_DROP,
            RuleRole.ICC_DROP,
            RuleRole.ISOLATION_DROP,
            RuleRole.INTERNAL_IN_DROP,
            RuleRole.INTERNAL_OUT_DROP);

    private Drops() {}

    /** The rule that counted most of those that may have dropped what was sent, or the answer. */
    static Optional<Finding> byRule(Evidence evidence) {
        if (!evidence.mayBeDropped()) {
            return Optional.empty();
        }
        return evidence.observation()
                .moved()
                .filter(rule -> rule.rule().stops() && concerns(rule, evidence))
                .max(Comparator.comparingLong(MeasuredRule::hits))
                .map(rule -> finding(evidence, rule, rule.cite() + "  dropped " + rule.hits() + " packets"));
    }

    /**
     * A rule of the engine's keeps out what is sent, in PREROUTING before it is translated; what it may do to an answer
     * follows from something else.
     */
    private static boolean concerns(MeasuredRule rule, Evidence evidence) {
        if (rule.classified().hooks().isEmpty()) {
            return false;
        }
        if (evidence.probes().isEmpty()) {
            return true;
        }
        boolean before = rule.classified().hooks().contains(Hook.PREROUTING);
        return evidence.unanswered()
                .anyMatch(probe -> !ENGINES.contains(rule.role())
                        ? Ways.mayMeetEitherWay(rule.rule(), probe, evidence)
                        : before
                                ? Ways.mayMeetUntranslated(rule.rule(), probe)
                                : Ways.mayMeet(rule.rule(), probe, evidence));
    }

    private static Finding finding(Evidence evidence, MeasuredRule rule, String seen) {
        String translated = evidence.claim() == Claim.DNAT && evidence.counted() > 0
                ? "the packets were translated, and then "
                : "";
        return switch (rule.role()) {
            case DIRECT_ACCESS_DROP, UNPUBLISHED_DROP, ISOLATION_DROP ->
                isBetweenNetworks(evidence)
                        ? new Finding(
                                Cause.NETWORKS_ISOLATED,
                                seen + "; sender and receiver are in different networks",
                                "join both containers to one network, or call the port that is published, from Engine 29 on"
                                        + " by the host's address")
                        : new Finding(
                                Cause.DIRECT_ROUTING_DROPPED,
                                seen
                                        + "; it keeps out what is sent to a container's own address from outside its bridge",
                                "call the published port by the host's address; or, from Engine 28.2 on, set"
                                        + " \"allow-direct-routing\": true, or name the interface in the network's option"
                                        + " com.docker.network.bridge.trusted_host_interfaces");
            case LOOPBACK_PORT_DROP ->
                new Finding(
                        Cause.LOOPBACK_PORT,
                        seen + "; the port is published on a loopback address only",
                        "publish it on another host address if other machines are to reach it");
            case ICC_DROP ->
                new Finding(
                        Cause.ICC_OFF,
                        seen + "; containers of that network may not talk to each other",
                        "set \"icc\": true, or the network's option com.docker.network.bridge.enable_icc=true; or put the"
                                + " two into a network of their own");
            case INTERNAL_IN_DROP, INTERNAL_OUT_DROP ->
                new Finding(
                        Cause.NETWORK_INTERNAL,
                        seen + "; the network was created --internal",
                        "join the container to a network that is not internal as well");
            default -> ofForeignRule(evidence, rule, translated + seen);
        };
    }

    private static boolean isBetweenNetworks(Evidence evidence) {
        return evidence.unanswered()
                .anyMatch(p -> evidence.facts().networkOf(p.tuple().source()).isPresent());
    }

    private static Finding ofForeignRule(Evidence evidence, MeasuredRule rule, String seen) {
        Backend backend = rule.delta().id().backend();
        boolean input = rule.classified().hooks().contains(Hook.INPUT);
        if (rule.rule().table().equals(FIREWALLD)) {
            return firewalld(seen);
        }
        if (isOtherIptables(evidence, backend)) {
            return otherBackend(evidence, backend, seen);
        }
        if (input && callsProxy(evidence)) {
            return inputDropsProxy(evidence, seen);
        }
        if (isUsersChain(evidence, rule)) {
            return new Finding(
                    Cause.USER_RULE_DROPS,
                    seen,
                    "change or remove that rule: the chain sees packets after translation, with the container's address and"
                            + " port, and answers too; match the host's port with -m conntrack --ctorigdstport, and let"
                            + " RELATED,ESTABLISHED pass");
        }
        return new Finding(
                Cause.FOREIGN_DROP,
                seen + "; it is none of Docker's",
                "change or remove that rule, or find what wrote it (ufw, a cloud image, nftables.conf); "
                        + evidence.whereOwnRulesBelong());
    }

    private static Finding firewalld(String seen) {
        return new Finding(
                Cause.FIREWALLD_REJECTS,
                seen + "; the table is firewalld's",
                "see `firewall-cmd --get-zone-of-interface=BRIDGE`: Docker's bridges belong in zone docker; restart Docker"
                        + " after a reload of firewalld");
    }

    private static Finding inputDropsProxy(Evidence evidence, String seen) {
        return new Finding(
                Cause.INPUT_DROPS_PROXY,
                seen
                        + "; docker-proxy, which takes what a container sends to a port of its own host, is asked by way of"
                        + " INPUT",
                "let the bridges in"
                        + (evidence.isNative() ? "" : ": iptables -I INPUT -i BRIDGE -p tcp --dport PORT -j ACCEPT")
                        + "; or call the container by its own address");
    }

    private static Finding otherBackend(Evidence evidence, Backend backend, String seen) {
        return new Finding(
                Cause.WRONG_BACKEND,
                seen + "; it stands in " + backend + ", while Docker's rules are in "
                        + evidence.observation().dockersBackends() + ", and the kernel asks both",
                "remove it with that very tool, and let every program use the same variant (update-alternatives --config"
                        + " iptables)");
    }

    private static boolean isOtherIptables(Evidence evidence, Backend backend) {
        List<Backend> dockers = evidence.observation().dockersBackends();
        return backend.isIptables()
                && !dockers.isEmpty()
                && !dockers.contains(backend)
                && dockers.stream().anyMatch(Backend::isIptables);
    }

    /** The chain that the engine leads to for the user, whatever its name. */
    private static boolean isUsersChain(Evidence evidence, MeasuredRule rule) {
        return evidence.observation()
                .withRole(RuleRole.USER_JUMP)
                .anyMatch(jump -> jump.rule().hasTarget(rule.rule().chain())
                        && jump.rule().table().equals(rule.rule().table()));
    }

    private static boolean callsProxy(Evidence evidence) {
        return evidence.unanswered()
                .anyMatch(p -> evidence.facts().networkOf(p.tuple().source()).isPresent()
                        || p.tuple().destination().isLoopbackAddress());
    }

    /** A policy that dropped what no rule of its chain decided. */
    static Optional<Finding> byPolicy(Evidence evidence) {
        if (!evidence.mayBeDropped()) {
            return Optional.empty();
        }
        return evidence.observation().delta().chains().stream()
                .filter(chain -> isDrop(chain.after()) && chain.packets().orElse(0) > 0)
                .filter(chain -> concerns(chain, evidence))
                .max(Comparator.comparingLong(chain -> chain.packets().orElse(0)))
                .map(chain -> ofPolicy(
                        evidence,
                        hook(chain.after()),
                        chain.family(),
                        chain.backend(),
                        chain.table(),
                        "the policy DROP of " + location(chain) + " dropped "
                                + chain.packets().orElse(0) + " packets that no rule accepted"));
    }

    /** What forwarded packets never come by did not drop them. */
    private static boolean concerns(ChainDelta chain, Evidence evidence) {
        Hook hook = hook(chain.after());
        boolean forwarded = evidence.probes().isEmpty() || evidence.unanswered().anyMatch(evidence::isForwarded);
        return hook == Hook.INPUT ? callsProxy(evidence) : hook != Hook.OUTPUT && forwarded;
    }

    private static Finding ofPolicy(
            Evidence evidence, @Nullable Hook hook, Family family, Backend backend, String table, String seen) {
        if (table.equals(FIREWALLD)) {
            return firewalld(seen);
        }
        if (isOtherIptables(evidence, backend)) {
            return otherBackend(evidence, backend, seen);
        }
        if (hook == Hook.INPUT) {
            return inputDropsProxy(evidence, seen);
        }
        if (family == Family.IPV6) {
            return new Finding(
                    Cause.IPV6_FORWARD_POLICY,
                    seen,
                    "accept what is to pass in a rule of your own; Engine 27 sets this policy wherever \"ip6tables\" is on,"
                            + " which it is unless daemon.json says otherwise");
        }
        return new Finding(
                Cause.FORWARD_POLICY_DROP,
                seen,
                backend.isIptables()
                        ? "accept what is to pass in a rule of your own, or set the policy back (iptables -P FORWARD ACCEPT);"
                                + " an earlier Docker or ufw may have left it, and \"ip-forward-no-drop\": true keeps Engine"
                                + " 28 from setting it"
                        : "accept what is to pass in that chain: every base chain of a hook is asked, and Docker's accepting"
                                + " a packet does not help it in another table");
    }

    private static boolean isDrop(@Nullable Chain chain) {
        return chain != null && chain.policy() == Policy.DROP;
    }

    private static @Nullable Hook hook(@Nullable Chain chain) {
        return chain == null || chain.base() == null ? null : chain.base().hook();
    }

    private static String location(ChainDelta chain) {
        return MeasuredRule.location(chain.family(), chain.backend(), chain.table(), chain.chain());
    }

    /**
     * Where nothing counted: the rule or policy at which the packet ends if it is walked through the rules as listed. One with
     * a counter that did not move was not it.
     */
    static Optional<Finding> uncounted(Evidence evidence) {
        if (!evidence.mayBeDropped()) {
            return Optional.empty();
        }
        return evidence.surroundings().walks().stream()
                .filter(walk -> walk.fate() == Fate.DROPPED || walk.fate() == Fate.REJECTED)
                .filter(walk -> !walk.steps().isEmpty())
                .flatMap(walk -> ofLastStep(evidence, walk).stream())
                .findFirst();
    }

    private static Optional<Finding> ofLastStep(Evidence evidence, PacketWalk walk) {
        PacketWalk.Step last = walk.steps().get(walk.steps().size() - 1);
        String where = MeasuredRule.location(last.family(), last.backend(), last.table(), last.chain());
        String by = walk.origin() == PacketWalk.Origin.TRACE
                ? " dropped it, by the kernel's trace"
                : " drops it, by what the rules say; it has no counter";
        if (last.rule() == null) {
            boolean counted = evidence.observation().delta().chains().stream()
                    .anyMatch(chain -> chain.family() == last.family()
                            && chain.backend() == last.backend()
                            && chain.table().equals(last.table())
                            && chain.chain().equals(last.chain())
                            && chain.after() != null
                            && chain.after().counter() != null);
            return counted && walk.origin() == PacketWalk.Origin.SIMULATION
                    ? Optional.empty()
                    : Optional.of(ofPolicy(
                            evidence,
                            last.hook(),
                            last.family(),
                            last.backend(),
                            last.table(),
                            "the policy DROP of " + where + by));
        }
        return evidence.observation().rules().stream()
                .filter(rule -> rule.location().equals(where) && rule.position() == last.position())
                .filter(rule -> !rule.isCounted() || walk.origin() == PacketWalk.Origin.TRACE)
                .findFirst()
                .map(rule -> finding(evidence, rule, rule.cite() + " " + by));
    }

    /** A rule without a counter that may have dropped it, where no walk says so: one of a bridge, or of a device. */
    static Optional<Finding> perhapsUncounted(Evidence evidence) {
        if (!evidence.mayBeDropped()) {
            return Optional.empty();
        }
        return evidence.observation().rules().stream()
                .filter(rule -> rule.rule().stops() && !rule.isCounted() && rule.role() == RuleRole.FOREIGN)
                .filter(rule -> concerns(rule, evidence))
                .filter(rule -> evidence.surroundings().walks().isEmpty() || isBeforeIp(rule))
                .findFirst()
                .map(rule -> new Finding(
                        Cause.FOREIGN_DROP,
                        rule.cite() + "  may have dropped it: it has no counter",
                        "give that rule a counter, or take it out, and run the test again",
                        "its counter, once it has one"));
    }

    private static boolean isBeforeIp(MeasuredRule rule) {
        Family family = rule.delta().id().family();
        return family == Family.BRIDGE || family == Family.NETDEV || family == Family.ARP;
    }

    /** Conntrack keeps an entry only of a flow whose first packet has passed every hook. */
    static Optional<Finding> unseen(Evidence evidence) {
        List<Probe> lost = evidence.unanswered()
                .filter(p -> p.outcome() == Outcome.TIMED_OUT && Tracked.isAbsent(p))
                .toList();
        boolean translated = evidence.dnatHits() > 0;
        if (!evidence.mayBeDropped() || lost.isEmpty() || !translated || evidence.isSentByHost()) {
            return Optional.empty();
        }
        String seen = "the packets were translated (" + evidence.dnatHits() + " counted in nat)"
                + (evidence.claim() == Claim.DNAT ? ", each retry again" : "");
        boolean forwarded = Stream.of(evidence.observation())
                .flatMap(o -> o.moved())
                .anyMatch(r -> (r.rule().table().equals("filter")
                                || !r.delta().id().backend().isIptables())
                        && r.classified().hooks().contains(Hook.FORWARD));
        return Optional.of(
                forwarded
                        ? new Finding(
                                Cause.DROPPED_LATER,
                                seen + ", and conntrack has no entry of " + lost.size()
                                        + " flows: they were dropped on this host before their last hook, by nothing that"
                                        + " counts",
                                "look for rules without a counter and for filters outside netfilter: nft list ruleset, tc -s"
                                        + " filter show, bpftool prog",
                                "traffic.traced(), which shows the last rule that a packet met")
                        : new Finding(
                                Cause.DROPPED_LATER,
                                seen
                                        + ", and no rule of filter/FORWARD saw them: the kernel dropped them while routing",
                                "check `sysctl " + Kernel.forwardingSetting(evidence.family())
                                        + "` (1 is needed), rp_filter of the interface they came in by, and `ip route get`",
                                "`ip route get CONTAINER from CLIENT iif DEVICE` on the Docker host, which says what"
                                        + " routing makes of it"));
    }
}
