// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.ParseException;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.ruleset.RuleSpec;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.ContainerState;
import org.testcontainers.containers.Network;

/**
 * Assertions on the way that packets took through the Docker daemon's rules, by what a rule is for.
 *
 * <p>Each has two forms. The short one looks at the test's own window: what was counted since just before the test's
 * body, or since {@link Traffic#mark()}. The one that takes a {@link Flow} looks at what was counted since just before that
 * flow was sent; it needs no test around it and works on any thread.
 *
 * <p><b>What is counted.</b> A rule of the nat table counts flows, for it sees only the first packet of each; a rule of
 * the filter table counts packets. A hit is not delivery: what was translated can be dropped later, and then each retry
 * counts again. A rule counts whoever hit it, not the test's packets alone.
 *
 * <p><b>Whose flows.</b> Where {@link Traffic} sent to the port that is claimed, or from the sender that is claimed, and
 * conntrack knows each of these flows, they alone are counted, exactly: strangers on the same port, or other containers of
 * the same subnet, neither disturb nor help. The rule must have counted at least as much; less, or a peer that saw another
 * source address than conntrack, is a failure of its own: the witnesses disagree. Where Traffic sent nothing to it, or
 * conntrack has no entry of one of its flows (a connection that was refused, a first packet that was dropped) or cannot be
 * read, the rule's counter decides. Claims on packets of flows already known, and on rules that are written out, are always
 * decided by counters.
 *
 * <p><b>Resets.</b> A counter that was zeroed, or whose rule was written again, tells nothing. The assertion then passes if
 * conntrack, or the peer for masquerading, proves the test's own flows, and logs by which; else it was not measured.
 *
 * <p><b>Failures.</b> A claim that does not hold is an {@link AssertionFailedError} that says what was expected, what was
 * counted, what was sent and why they differ. What could not be measured (a counter that was reset, a probe that was
 * never sent) is a {@link CountercheckException}, neither a pass nor a failure. Where a hit is awaited, the limit is the
 * one of {@link ContainerNetworkTest#await()}; when it is there at the first look, nothing is waited for.
 *
 * <p><b>What is returned.</b> Each returns its {@link Proof}: the rules with what they counted, and whose word it is.
 *
 * <p><b>Address families.</b> A short form looks at the families over which something was sent in the window, at both where
 * nothing was; what they counted is added up. A form that takes a flow looks at the flow's. A rule that is cited, and a
 * chain, is of IPv4 unless the test says otherwise.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class NetworkAssertions {

    /** TCP, to be imported statically. */
    public static final Transport TCP = Transport.TCP;

    /** UDP, to be imported statically. */
    public static final Transport UDP = Transport.UDP;

    private NetworkAssertions() {}

    /** Expects exactly so many hits. */
    public static HitCount times(long count) {
        return new HitCount(count, count);
    }

    /** Expects so many hits or more. */
    public static HitCount atLeast(long count) {
        return new HitCount(count, Long.MAX_VALUE);
    }

    /**
     * Returns the IPv4 subnet of the container's first bridge network: {@code 172.17.0.0/16}.
     *
     * @throws CountercheckException if it is joined to none, or no test is running on this thread
     */
    public static String subnetOf(ContainerState container) {
        return subnetOf(container, Family.IPV4);
    }

    /**
     * Returns the IPv6 subnet of the container's first bridge network that has one: {@code 2001:db8:1::/64}.
     *
     * @throws CountercheckException if it is joined to none, or no test is running on this thread
     */
    public static String subnet6Of(ContainerState container) {
        return subnetOf(container, Family.IPV6);
    }

    private static String subnetOf(ContainerState container, Family family) {
        DockerFacts facts = Containers.facts(Measurement.current().window(), container);
        ContainerFacts known = Containers.require(facts, container);
        return networks(facts, known).stream()
                .flatMap(network -> network.subnets().stream())
                .filter(subnet -> Family.of(subnet.address()) == family)
                .findFirst()
                .map(Cidr::toString)
                .orElseThrow(() -> new CountercheckException(
                        "container " + known.name() + " is joined to no bridge network with an " + family.inWords()
                                + " subnet",
                        "join it to one, or set \"ipv6\" and \"fixed-cidr-v6\" in daemon.json"));
    }

    /**
     * Asserts that a flow to a TCP port which the container publishes was translated to the container (nat, DNAT).
     *
     * <p>Proves that the first packet of at least one flow met the DNAT rule of this container and port; and, where
     * conntrack knows the flows that the test sent there, that it was one of these. Does not prove that it was answered.
     *
     * @param container the container
     * @param containerPort the port inside the container
     */
    public static Proof assertDnatHit(ContainerState container, int containerPort) {
        return assertDnatHit(container, containerPort, TCP, HitCount.ANY);
    }

    /** As {@link #assertDnatHit(ContainerState, int)}, for so many flows. */
    public static Proof assertDnatHit(ContainerState container, int containerPort, HitCount flows) {
        return assertDnatHit(container, containerPort, TCP, flows);
    }

    /** As {@link #assertDnatHit(ContainerState, int)}, for TCP or UDP. */
    public static Proof assertDnatHit(ContainerState container, int containerPort, Transport transport) {
        return assertDnatHit(container, containerPort, transport, HitCount.ANY);
    }

    /** As {@link #assertDnatHit(ContainerState, int)}, for so many flows of TCP or UDP. */
    public static Proof assertDnatHit(
            ContainerState container, int containerPort, Transport transport, HitCount flows) {
        return dnat(Measurement.current().window(), container, containerPort, transport)
                .assertHit(flows);
    }

    /** As {@link #assertDnatHit(ContainerState, int)}, for that flow: each of its probes was translated. */
    public static Proof assertDnatHit(Flow flow, ContainerState container, int containerPort) {
        return assertDnatHit(
                flow, container, containerPort, atLeast(flow.probes().size()));
    }

    /** As {@link #assertDnatHit(ContainerState, int)}, for so many hits since that flow began. */
    public static Proof assertDnatHit(Flow flow, ContainerState container, int containerPort, HitCount flows) {
        return dnat(flow.window(), container, containerPort, flow.transport()).assertHit(flows);
    }

    /**
     * Asserts that nothing was translated to that TCP port of the container, although something was sent.
     *
     * <p>The control: a probe was sent in this window, and the DNAT rule is there to count. Without them it is a
     * {@link CountercheckException}. Probes to this very port, which conntrack knows, decide whoever else calls it; a test
     * that sent elsewhere only claims that nobody called it.
     *
     * @param container the container
     * @param containerPort the port inside the container
     */
    public static Proof assertNoDnatHit(ContainerState container, int containerPort) {
        return assertNoDnatHit(container, containerPort, TCP);
    }

    /** As {@link #assertNoDnatHit(ContainerState, int)}, for TCP or UDP. */
    public static Proof assertNoDnatHit(ContainerState container, int containerPort, Transport transport) {
        return dnat(Measurement.current().window(), container, containerPort, transport)
                .assertNotHit(true);
    }

    /** As {@link #assertNoDnatHit(ContainerState, int)}, since that flow began. */
    public static Proof assertNoDnatHit(Flow flow, ContainerState container, int containerPort) {
        return dnat(flow.window(), container, containerPort, flow.transport()).assertNotHit(true);
    }

    /**
     * Asserts that new flows to that published TCP port were let through to the container (filter, FORWARD).
     *
     * <p>Proves that the first packet of at least one flow was accepted by the rule for this container and port. Does not
     * prove that the container answered, nor that no other base chain dropped the packet afterwards.
     *
     * @param container the container
     * @param containerPort the port inside the container
     */
    public static Proof assertForwardAccepted(ContainerState container, int containerPort) {
        return assertForwardAccepted(container, containerPort, TCP, HitCount.ANY);
    }

    /** As {@link #assertForwardAccepted(ContainerState, int)}, for so many packets that began a flow. */
    public static Proof assertForwardAccepted(ContainerState container, int containerPort, HitCount packets) {
        return assertForwardAccepted(container, containerPort, TCP, packets);
    }

    /** As {@link #assertForwardAccepted(ContainerState, int)}, for TCP or UDP. */
    public static Proof assertForwardAccepted(ContainerState container, int containerPort, Transport transport) {
        return assertForwardAccepted(container, containerPort, transport, HitCount.ANY);
    }

    /**
     * As {@link #assertForwardAccepted(ContainerState, int)}, for so many packets of TCP or UDP. Of a UDP flow every
     * datagram counts until the first one comes back.
     */
    public static Proof assertForwardAccepted(
            ContainerState container, int containerPort, Transport transport, HitCount packets) {
        return forward(Measurement.current().window(), container, containerPort, transport)
                .assertHit(packets);
    }

    /** As {@link #assertForwardAccepted(ContainerState, int)}, for that flow: each of its probes was let through. */
    public static Proof assertForwardAccepted(Flow flow, ContainerState container, int containerPort) {
        return forward(flow.window(), container, containerPort, flow.transport())
                .assertHit(atLeast(flow.probes().size()));
    }

    /**
     * Asserts that packets of flows already known to conntrack were let through to a network of the container (filter,
     * {@code RELATED,ESTABLISHED}): all but the first of an inbound flow, and the answers to an outbound one.
     *
     * @param container a container of the network; the rule serves all containers of that network
     */
    public static Proof assertReturnTrafficAccepted(ContainerState container) {
        return returned(Measurement.current().window(), container).assertHit(HitCount.ANY);
    }

    /** As {@link #assertReturnTrafficAccepted(ContainerState)}, since that flow began. */
    public static Proof assertReturnTrafficAccepted(Flow flow, ContainerState container) {
        return returned(flow.window(), container).assertHit(HitCount.ANY);
    }

    /**
     * Asserts that packets from a network of the container were let out (filter, FORWARD).
     *
     * <p>The rule counts every packet that leaves the bridge, the answers of published ports too; that a container
     * <em>began</em> a flow is proved by {@link #assertMasqueraded(ContainerState)}.
     *
     * @param container a container of the network; the rule serves all containers of that network
     */
    public static Proof assertOutboundAccepted(ContainerState container) {
        return outbound(Measurement.current().window(), container).assertHit(HitCount.ANY);
    }

    /** As {@link #assertOutboundAccepted(ContainerState)}, since that flow began. */
    public static Proof assertOutboundAccepted(Flow flow, ContainerState container) {
        return outbound(flow.window(), container).assertHit(HitCount.ANY);
    }

    /**
     * Asserts that a flow from that subnet left with another source address (nat, MASQUERADE or SNAT).
     *
     * <p>Where the test sent the flow to its own peer, the peer's word on the source address must agree.
     *
     * @param subnet the subnet, {@code 172.17.0.0/16}
     * @throws IllegalArgumentException if it is not one
     */
    public static Proof assertMasqueraded(String subnet) {
        return masquerade(Measurement.current().window(), subnet).assertHit(HitCount.ANY);
    }

    /** As {@link #assertMasqueraded(String)}, for the subnet of that network. */
    public static Proof assertMasqueraded(Network network) {
        return masquerade(Measurement.current().window(), network).assertHit(HitCount.ANY);
    }

    /**
     * As {@link #assertMasqueraded(String)}, for the networks of that container. The rule serves the whole subnet; that it
     * was this container is known by conntrack's entry of what the test sent from it, whose answers go to an address that
     * is not the container's own, and by the peer, if it went there.
     */
    public static Proof assertMasqueraded(ContainerState container) {
        return masquerade(Measurement.current().window(), container).assertHit(HitCount.ANY);
    }

    /** As {@link #assertMasqueraded(ContainerState)}, for so many flows. */
    public static Proof assertMasqueraded(ContainerState container, HitCount flows) {
        return masquerade(Measurement.current().window(), container).assertHit(flows);
    }

    /** As {@link #assertMasqueraded(ContainerState)}, for that flow: each of its probes was masqueraded. */
    public static Proof assertMasqueraded(Flow flow, ContainerState container) {
        return masquerade(flow.window(), container)
                .assertHit(atLeast(flow.probes().size()));
    }

    /**
     * Asserts that no flow from that subnet got another source address, although something was sent.
     *
     * <p>The control: a probe was sent in this window and left its sender. That there is no such rule at all is fine.
     *
     * @param subnet the subnet, {@code 172.17.0.0/16}
     * @throws IllegalArgumentException if it is not one
     */
    public static Proof assertNotMasqueraded(String subnet) {
        return masquerade(Measurement.current().window(), subnet).assertNotHit(false);
    }

    /** As {@link #assertNotMasqueraded(String)}, for the subnet of that network. */
    public static Proof assertNotMasqueraded(Network network) {
        return masquerade(Measurement.current().window(), network).assertNotHit(false);
    }

    /** As {@link #assertNotMasqueraded(String)}, for the networks of that container. */
    public static Proof assertNotMasqueraded(ContainerState container) {
        return masquerade(Measurement.current().window(), container).assertNotHit(false);
    }

    /** As {@link #assertNotMasqueraded(ContainerState)}, since that flow began. */
    public static Proof assertNotMasqueraded(Flow flow, ContainerState container) {
        return masquerade(flow.window(), container).assertNotHit(false);
    }

    /**
     * Asserts that a flow which the container sent to a port that it publishes itself came back to it with the host's
     * address as its source (nat, MASQUERADE).
     *
     * <p>Only so does the answer come back by the host. It takes a daemon without docker-proxy
     * ({@code "userland-proxy": false}); with it, the proxy takes such connections and the claim fails.
     *
     * @param container the container; sent with {@code traffic.from(container).toPublishedPort(container, 80)}
     * @param containerPort the TCP port inside the container
     */
    public static Proof assertHairpinMasqueraded(ContainerState container, int containerPort) {
        return about(
                        Measurement.current().window(),
                        container,
                        (facts, known) -> Subject.hairpin(known, containerPort, TCP))
                .assertHit(HitCount.ANY);
    }

    /** As {@link #assertHairpinMasqueraded(ContainerState, int)}, for that flow: each of its probes was masqueraded. */
    public static Proof assertHairpinMasqueraded(Flow flow, ContainerState container, int containerPort) {
        return about(
                        flow.window(),
                        container,
                        (facts, known) -> Subject.hairpin(known, containerPort, flow.transport()))
                .assertHit(atLeast(flow.probes().size()));
    }

    /**
     * Asserts that packets from one container to another of the same network were let through (filter, FORWARD).
     *
     * <p>They meet rules only where the bridge hands them over (br_netfilter, {@code bridge-nf-call-iptables}); elsewhere it
     * is a {@link CountercheckException}, however well they get there.
     *
     * @param from the container that sent: {@code traffic.from(from).toContainer(to, 80)}
     * @param to the container it sent to
     */
    public static Proof assertIccAccepted(ContainerState from, ContainerState to) {
        Icc icc = Icc.of(Measurement.current().window(), from, to);
        return new Verification(icc.window(), icc.facts(), Subject.icc(icc.from(), icc.to(), icc.network()))
                .assertHit(HitCount.ANY);
    }

    /**
     * Asserts that packets from one container to another of the same network were dropped, for inter-container
     * communication is off ({@code "icc": false}). As for {@link #assertIccAccepted}, the bridge must hand them over.
     *
     * @param from the container that sent: {@code traffic.from(from).toContainer(to, 80)}
     * @param to the container it sent to
     */
    public static Proof assertIccDropped(ContainerState from, ContainerState to) {
        Icc icc = Icc.of(Measurement.current().window(), from, to);
        return new Denial(
                        icc.window(),
                        icc.facts(),
                        "dropped from container " + icc.from().name() + " to "
                                + icc.to().name() + ", network " + icc.network().name(),
                        icc::isFromTo,
                        rules -> rules.iccDrop(icc.network()),
                        false,
                        "a rule that drops what that network's containers send one another")
                .assertHolds();
    }

    /**
     * Asserts that two networks are isolated from each other: what a container of one sent to an address of the other was
     * not answered, and a rule that isolates counted it. Both directions are looked at in which something was sent.
     *
     * <p>The control is what was sent: {@code traffic.from(a).toContainer(b, 80)}, or it is a
     * {@link CountercheckException}. It is about containers' own addresses; a published port is open to all on most
     * engines, and where docker-proxy runs.
     */
    public static Proof assertIsolated(Network one, Network other) {
        return isolated(Measurement.current().window(), one.getId(), other.getId());
    }

    /** As {@link #assertIsolated(Network, Network)}, by the networks' names or ids. */
    public static Proof assertIsolated(String one, String other) {
        return isolated(Measurement.current().window(), one, other);
    }

    /** As {@link #assertIsolated(Network, Network)}, for that flow. */
    public static Proof assertIsolated(Flow flow, Network one, Network other) {
        return isolated(flow.window(), one.getId(), other.getId());
    }

    private static Proof isolated(Window window, String one, String other) {
        DockerFacts facts = Containers.allFacts(window);
        NetworkFacts first = network(facts, one);
        NetworkFacts second = network(facts, other);
        List<Denial> ways = Stream.of(isolation(window, facts, first, second), isolation(window, facts, second, first))
                .filter(way -> window.flows().stream()
                        .flatMap(flow -> flow.probes().stream())
                        .anyMatch(probe -> way.about().test(probe.tuple())))
                .toList();
        if (ways.isEmpty()) {
            // It says that nothing was sent.
            return isolation(window, facts, first, second).assertHolds();
        }
        List<Proof> proofs = ways.stream().map(Denial::assertHolds).toList();
        return new Proof(
                proofs.stream().map(Proof::claim).collect(Collectors.joining("; ")),
                proofs.stream().flatMap(proof -> proof.rules().stream()).toList(),
                proofs.get(0).witnesses(),
                window.flows());
    }

    private static Denial isolation(Window window, DockerFacts facts, NetworkFacts from, NetworkFacts to) {
        return new Denial(
                window,
                facts,
                "isolated: network " + from.name() + " from " + to.name(),
                tuple -> from.contains(tuple.source()) && to.contains(tuple.destination()),
                rules -> rules.isolation(from, to),
                false,
                "a rule that drops what comes from network " + from.name() + " to addresses of " + to.name());
    }

    /**
     * Asserts that a flow was stopped in the daemon's firewall: no probe was answered, and rules or policies that drop or
     * reject counted at least one packet for each.
     *
     * @param flow what was sent
     */
    public static Proof assertDropped(Flow flow) {
        return dropped(
                flow,
                "dropped",
                rules -> rules.rules().stream().filter(r -> r.rule().stops()).toList(),
                true,
                "a rule or policy that drops or rejects");
    }

    /** As {@link #assertDropped(Flow)}, by rules of that role. */
    public static Proof assertDroppedBy(Flow flow, RuleRole role) {
        return dropped(flow, "dropped by " + role, rules -> rules.withRole(role), false, "a rule with role " + role);
    }

    /**
     * As {@link #assertDropped(Flow)}, by that rule of the flow's family.
     *
     * @param flow what was sent
     * @param table the table, {@code filter}
     * @param chain the chain, {@code DOCKER-USER}
     * @param spec the rule as {@code iptables} takes it, or of a table of nftables' own as {@code nft} lists it
     * @throws ParseException if it is not a rule
     */
    public static Proof assertDroppedBy(Flow flow, String table, String chain, String spec) {
        Subject cited = cited(flow.window(), flow.family(), table, chain, spec);
        return dropped(flow, "dropped by " + cited.wanted(), cited.rules(), false, cited.wanted());
    }

    private static Proof dropped(
            Flow flow,
            String claim,
            Function<Classification, List<ClassifiedRule>> rules,
            boolean policies,
            String wanted) {
        Window window = flow.window();
        return new Denial(window, Containers.allFacts(window), claim, tuple -> true, rules, policies, wanted)
                .assertHolds();
    }

    /**
     * Asserts that docker-proxy carried a flow to a published port: it was answered, and no DNAT rule translated it.
     *
     * <p>So it goes with what is sent to 127.0.0.1, by a container of the same bridge, or to a port whose DNAT rule is lost.
     *
     * @param flow what was sent
     * @param container the container that publishes the port
     * @param containerPort the port inside the container
     */
    public static Proof assertProxied(Flow flow, ContainerState container, int containerPort) {
        DockerFacts facts = Containers.facts(flow.window(), container);
        return new Proxying(flow, facts, Containers.require(facts, container), containerPort).assertHolds();
    }

    /** As {@link #assertMasqueraded(ContainerState)}, for that flow and the network that its sender is in. */
    public static Proof assertMasqueraded(Flow flow) {
        Window window = flow.window();
        DockerFacts facts = window.session().facts(List.of());
        InetAddress source = flow.probes().get(0).tuple().source();
        NetworkFacts network = facts.networkOf(source)
                .orElseThrow(() -> new CountercheckException(
                        Cidr.format(source) + " is in no network of the daemon, so that nothing masquerades it",
                        "send from a container: traffic.from(container).toOutside()"));
        return new Verification(window, facts, Subject.masquerade(network, "network " + network.name(), flow.family()))
                .assertHit(atLeast(flow.probes().size()));
    }

    /**
     * Asserts what a built-in chain does with packets that no rule decided. Where both variants of iptables have the chain,
     * the kernel asks both: such packets are dropped if either drops them, and accepted if both accept them.
     *
     * @param table the table, {@code filter}
     * @param chain the chain, {@code FORWARD}
     * @param policy the policy
     */
    public static Proof assertPolicy(String table, String chain, Policy policy) {
        return assertPolicy(Family.IPV4, table, chain, policy);
    }

    /** As {@link #assertPolicy(String, String, Policy)}, for the chain of that family. */
    public static Proof assertPolicy(Family family, String table, String chain, Policy policy) {
        String tool = family == Family.IPV6 ? "ip6tables" : "iptables";
        CounterSnapshot now = Measurement.current().session().counters().read().only(Set.of(family), table::equals);
        boolean nftables = isOfNftables(now, family, table);
        String location = (family == Family.IPV6 && !nftables ? tool + " " : "") + table + "/" + chain;
        List<Chain> chains = now.rulesets().stream()
                .flatMap(ruleset -> ruleset.chain(table, chain).stream())
                .toList();
        List<Policy> policies = chains.stream()
                .map(Chain::policy)
                .filter(found -> found != null)
                .toList();
        // Where several backends have the chain the kernel asks each, and one that drops decides.
        boolean holds = policy == Policy.DROP
                ? policies.contains(policy)
                : !policies.isEmpty() && policies.stream().allMatch(found -> found == policy);
        if (!holds) {
            String actual = chains.isEmpty()
                    ? "there is no such chain"
                    : policies.isEmpty()
                            ? "the chain is user-defined and has none"
                            : policies.stream().map(Policy::name).collect(Collectors.joining(" and "));
            throw new AssertionFailedError(
                    new FailureText("policy of " + location + " is not " + policy)
                            .line("expected", policy.name())
                            .line("actual", actual)
                            .line(
                                    "try",
                                    nftables
                                            ? "see `nft list chain " + family.keyword() + " " + table + " " + chain
                                                    + "`"
                                            : "see `" + tool + " -t " + table + " -S " + chain
                                                    + "`; Docker sets FORWARD to DROP only if it "
                                                    + (family == Family.IPV6
                                                            ? "writes IPv6 rules (\"ip6tables\")"
                                                            : "had to switch on net.ipv4.ip_forward itself"))
                            .toString(),
                    policy.name(),
                    actual);
        }
        return new Proof("policy of " + location + " is " + policy, List.of(), Set.of(), List.of());
    }

    /**
     * As {@link #assertPolicy(String, String, Policy)}, for the policy's name.
     *
     * @throws IllegalArgumentException if it is none of ACCEPT, DROP, QUEUE
     */
    public static Proof assertPolicy(String table, String chain, String policy) {
        return assertPolicy(table, chain, Policy.valueOf(policy.toUpperCase(Locale.ROOT)));
    }

    /**
     * Asserts that a rule which is written out was met.
     *
     * @param table the table, {@code nat}
     * @param chain the chain, {@code POSTROUTING}
     * @param spec the rule as {@code iptables} takes it, {@code -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE}; it need not
     *     be in the form in which the tool lists it. Of a table of nftables' own, the rule as {@code nft} lists it,
     *     {@code tcp dport 80 accept}, with or without its counter
     * @throws ParseException if it is not a rule
     */
    public static Proof assertRuleHit(String table, String chain, String spec) {
        return assertRuleHit(table, chain, spec, HitCount.ANY);
    }

    /** As {@link #assertRuleHit(String, String, String)}, for so many flows (nat) or packets (elsewhere). */
    public static Proof assertRuleHit(String table, String chain, String spec, HitCount count) {
        return assertRuleHit(Family.IPV4, table, chain, spec, count);
    }

    /** As {@link #assertRuleHit(String, String, String)}, for a rule of that family. */
    public static Proof assertRuleHit(Family family, String table, String chain, String spec) {
        return assertRuleHit(family, table, chain, spec, HitCount.ANY);
    }

    /** As {@link #assertRuleHit(String, String, String, HitCount)}, for a rule of that family. */
    public static Proof assertRuleHit(Family family, String table, String chain, String spec, HitCount count) {
        Window window = Measurement.current().window();
        Subject cited = cited(window, family, table, chain, spec);
        return new Verification(window, window.session().facts(List.of()), cited).assertHit(count);
    }

    /** What a table is called tells nothing: who wrote it decides on the syntax. */
    private static Subject cited(Window window, Family family, String table, String chain, String spec) {
        return Subject.rule(
                family,
                isOfNftables(window.baseline(), family, table)
                        ? RuleSpec.ofNft(table, chain, spec)
                        : RuleSpec.parse(family, table, chain, spec));
    }

    private static boolean isOfNftables(CounterSnapshot rules, Family family, String table) {
        return rules.rulesets().stream()
                .anyMatch(ruleset -> !ruleset.backend().isIptables()
                        && ruleset.family().sees(family)
                        && ruleset.table(table).isPresent());
    }

    /**
     * Asserts that the packets which each probe of the flow sent met rules of these roles, in this order. Other rules may
     * lie between them. Answers are not looked at.
     *
     * <p>Proves it of these very packets, by the kernel's own report. Does not prove that they were let through: see
     * {@link Flow#walk()} and its fate.
     *
     * @param flow a flow that was sent with {@link Traffic#traced()}
     * @param roles what the rules are for, at least one; a role may occur twice
     * @throws CountercheckException if the flow was not traced, or its path is not known
     */
    public static void assertPath(Flow flow, RuleRole... roles) {
        PathCheck.check(flow, roles);
    }

    /**
     * Asserts that two snapshots hold the same rules, chains and policies. The order of rules and what they counted do not
     * matter.
     *
     * @param before the earlier one
     * @param after the later one
     */
    public static Proof assertRulesetUnchanged(CounterSnapshot before, CounterSnapshot after) {
        List<String> changes = RulesetChanges.between(CounterDelta.between(before, after));
        if (!changes.isEmpty()) {
            throw new AssertionFailedError(
                    new FailureText("ruleset changed in " + changes.size()
                                    + (changes.size() == 1 ? " place" : " places"))
                            .line("expected", "the same rules, chains and policies as before")
                            .line("actual", String.join("\n", changes))
                            .line("try", "find who wrote: Docker does when a container or network starts or stops")
                            .toString(),
                    "no change",
                    String.join("\n", changes));
        }
        return new Proof("ruleset unchanged", List.of(), Set.of(), List.of());
    }

    private static Verification dnat(Window window, ContainerState container, int port, Transport transport) {
        return about(window, container, (facts, known) -> Subject.dnat(known, port, transport));
    }

    private static Verification forward(Window window, ContainerState container, int port, Transport transport) {
        return about(window, container, (facts, known) -> Subject.forward(known, port, transport));
    }

    private static Verification returned(Window window, ContainerState container) {
        return about(window, container, (facts, known) -> Subject.returnTraffic(known, networks(facts, known)));
    }

    private static Verification outbound(Window window, ContainerState container) {
        return about(window, container, (facts, known) -> Subject.outbound(known, networks(facts, known)));
    }

    private static Verification masquerade(Window window, ContainerState container) {
        return about(window, container, (facts, known) -> Subject.masquerade(known, networks(facts, known)));
    }

    private static Verification masquerade(Window window, Network network) {
        DockerFacts facts = window.session().facts(List.of());
        NetworkFacts known = network(facts, network.getId());
        return new Verification(window, facts, Subject.masquerade(known, "network " + known.name(), null));
    }

    private static NetworkFacts network(DockerFacts facts, String idOrName) {
        return facts.network(idOrName)
                .orElseThrow(() -> new CountercheckException(
                        "the daemon does not know network " + idOrName, "assert while the network is there"));
    }

    private static Verification masquerade(Window window, String subnet) {
        Cidr wanted = Cidr.parse(subnet);
        DockerFacts facts = window.session().facts(List.of());
        NetworkFacts known = facts.networkOfSubnet(wanted)
                .orElseThrow(() -> new CountercheckException(
                        "no network of the daemon has the subnet " + wanted + "; there are "
                                + facts.networks().stream()
                                        .flatMap(n -> n.subnets().stream())
                                        .map(Cidr::toString)
                                        .collect(Collectors.joining(", ")),
                        "name one of these, or the container: assertMasqueraded(container)"));
        return new Verification(
                window, facts, Subject.masquerade(known, "subnet " + wanted, Family.of(wanted.address())));
    }

    private static Verification about(
            Window window, ContainerState container, BiFunction<DockerFacts, ContainerFacts, Subject> subject) {
        DockerFacts facts = Containers.facts(window, container);
        return new Verification(window, facts, subject.apply(facts, Containers.require(facts, container)));
    }

    private static List<NetworkFacts> networks(DockerFacts facts, ContainerFacts container) {
        List<NetworkFacts> networks = facts.networksOf(container);
        if (networks.isEmpty()) {
            throw noBridge(container);
        }
        return networks;
    }

    private static CountercheckException noBridge(ContainerFacts container) {
        return new CountercheckException(
                "container " + container.name() + " is joined to no bridge network (network mode "
                        + container.networkMode() + ")",
                "assert on a running container of a bridge network");
    }
}
