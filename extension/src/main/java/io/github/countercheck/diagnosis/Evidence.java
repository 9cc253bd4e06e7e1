// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.Change;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is known about a claim that did not hold.
 *
 * @param claim what was claimed
 * @param container the container it is about, if about one
 * @param network the network it is about, if about one
 * @param transport the protocol, where the claim is about a port
 * @param port the container's port, where the claim is about one, else 0
 * @param claimed the rules that should have counted; empty if there is none
 * @param most the highest count that would have satisfied the claim
 * @param observation all rules and what they counted
 * @param probes what was sent
 * @param attribution what conntrack knows of those probes that the claim is about
 * @param surroundings what was asked for because the claim did not hold
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Evidence(
        Claim claim,
        @Nullable ContainerFacts container,
        @Nullable NetworkFacts network,
        Transport transport,
        int port,
        List<MeasuredRule> claimed,
        long most,
        Observation observation,
        List<Probe> probes,
        Attribution attribution,
        Surroundings surroundings) {

    /** Copies the lists. */
    public Evidence {
        claimed = List.copyOf(claimed);
        probes = List.copyOf(probes);
    }

    /**
     * Makes that of a test that failed with something else than a claim of ours: all that is known is that something which
     * was sent may not have been answered.
     */
    public static Evidence ofDelivery(Observation observation, List<Probe> probes, Surroundings surroundings) {
        return new Evidence(
                Claim.DELIVERY,
                null,
                null,
                probes.isEmpty() ? Transport.TCP : probes.get(0).tuple().transport(),
                0,
                List.of(),
                0,
                observation,
                probes,
                Attribution.none(Claim.DELIVERY),
                surroundings);
    }

    /** Returns the same with what was asked for since. */
    public Evidence with(Surroundings asked) {
        return new Evidence(
                claim, container, network, transport, port, claimed, most, observation, probes, attribution, asked);
    }

    /** Returns how often the claim was met: by the own flows where conntrack knows them, else by anybody. */
    long hits() {
        return attribution.met(counted());
    }

    /** Returns what the rules counted, whoever it was. */
    long counted() {
        return claimed.stream().mapToLong(MeasuredRule::hits).sum();
    }

    DockerFacts facts() {
        return observation.facts();
    }

    /** Tells whether the claim wanted more than was there. */
    boolean isShort() {
        return claim == Claim.DELIVERY || hits() <= most;
    }

    /** Returns the probes that left their sender and were not answered. */
    Stream<Probe> unanswered() {
        return probes.stream().filter(p -> p.outcome().wasSent() && p.outcome() != Outcome.ANSWERED);
    }

    /** Tells whether somebody got no answer: a probe, or a client of the test's own. */
    boolean hasFailed() {
        return unanswered().findAny().isPresent() || (probes.isEmpty() && Errors.tellOfNetwork(surroundings.errors()));
    }

    /** Tells whether what went wrong may be that a packet was dropped: too little was counted, or too much by retries. */
    boolean mayBeDropped() {
        return hasFailed() && (isShort() || probes(Outcome.TIMED_OUT).findAny().isPresent());
    }

    Stream<Probe> probes(Outcome outcome) {
        return probes.stream().filter(p -> p.outcome() == outcome);
    }

    Stream<Probe> probesTo(Predicate<Tuple> test) {
        return probes.stream().filter(p -> test.test(p.tuple()));
    }

    /** Returns the container that the claim is about, else all that are known. */
    List<ContainerFacts> containers() {
        return container == null ? facts().containers() : List.of(container);
    }

    /** Returns where a probe leads after translation: as conntrack says, else as the rules that stand for its port do. */
    Optional<Endpoint> target(Probe probe) {
        Optional<Endpoint> tracked = probe.conntrack()
                .entry()
                .filter(entry -> entry.isDnat())
                .map(entry -> new Endpoint(entry.reply().source(), entry.reply().sourcePort()));
        return tracked.or(() -> translation(probe.tuple()));
    }

    private Optional<Endpoint> translation(Tuple tuple) {
        if (facts().containerAt(tuple.destination()).isPresent()) {
            return Optional.empty();
        }
        return facts().containers().stream()
                .flatMap(c -> c.ports().stream()
                        .filter(p -> p.isCalledBy(tuple.transport(), tuple.destination(), tuple.destinationPort()))
                        .flatMap(p -> c.addresses().stream()
                                .filter(address -> Family.of(address) == Family.of(tuple.destination()))
                                .map(address -> new Endpoint(address, p.containerPort()))))
                .findFirst();
    }

    /** Returns where the probe's packets end, translated or not. */
    Endpoint end(Probe probe) {
        return target(probe)
                .orElseGet(() ->
                        new Endpoint(probe.tuple().destination(), probe.tuple().destinationPort()));
    }

    /** Tells whether the probe needs the kernel to forward it: it neither comes from the host nor stays on a bridge. */
    boolean isForwarded(Probe probe) {
        Tuple tuple = probe.tuple();
        return !tuple.source().equals(tuple.destination())
                && !tuple.destination().isLoopbackAddress()
                && surroundings.host().links().stream()
                        .flatMap(link -> link.addresses().stream())
                        .noneMatch(own -> own.address().equals(tuple.source()))
                && facts().networkOf(end(probe).address()).stream()
                        .noneMatch(network -> network.contains(tuple.source()));
    }

    boolean isSentByHost() {
        return !probes.isEmpty()
                && probes.stream()
                        .allMatch(p -> p.tuple().source().equals(p.tuple().destination()));
    }

    long dnatHits() {
        ContainerFacts about = container;
        return observation
                .withRole(RuleRole.PORT_DNAT)
                .filter(rule -> about == null || rule.classified().serves(about))
                .mapToLong(MeasuredRule::hits)
                .sum();
    }

    /** Returns the family that the probes were sent over; IPv4 where none was. */
    Family family() {
        return probes.isEmpty() ? Family.IPV4 : Family.of(probes.get(0).tuple().destination());
    }

    /** Tells whether the engine keeps its rules in tables of nftables' own, where there are no chains for the user. */
    boolean isNative() {
        List<Backend> standing = observation.dockersBackends();
        return standing.isEmpty()
                ? observation.delta().rules().stream()
                        .anyMatch(rule ->
                                rule.change() == Change.REMOVED && rule.id().backend() == Backend.NFTABLES)
                : standing.contains(Backend.NFTABLES);
    }

    /** Says what takes an engine's rules away. */
    String whatRemoves() {
        return isNative() ? "nft flush ruleset, a firewall reload" : "iptables -F, a firewall reload";
    }

    /** Says where rules of the user's own belong. */
    String whereOwnRulesBelong() {
        return isNative()
                ? "rules of your own belong in a table of your own (type filter hook forward), where a packet already has"
                        + " the container's address and port (match the host's with ct original proto-dst)"
                : "rules of your own belong in DOCKER-USER, where a packet already has the container's address and port"
                        + " (match the host's with -m conntrack --ctorigdstport)";
    }

    /** Says how to see all rules. */
    String howToList() {
        return isNative() ? "nft list ruleset" : "iptables-save -c and nft list ruleset";
    }

    String networkWords() {
        NetworkFacts about = network;
        return about == null
                ? "that subnet"
                : about.subnets().stream().map(Cidr::toString).collect(Collectors.joining(", ")) + " (network "
                        + about.name() + ")";
    }

    /** Says that the far end saw an address that should have been translated, if it did. */
    String seenUntranslated() {
        return probes.stream()
                .filter(p -> p.seenByPeer() != null
                        && p.seenByPeer().equals(p.tuple().source()))
                .findFirst()
                .map(p -> "; the peer saw the container's own address, "
                        + Cidr.format(p.tuple().source()))
                .orElse("");
    }
}
