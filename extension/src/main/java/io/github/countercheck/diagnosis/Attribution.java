// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.PublishedPort;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * Which of the test's own flows did what is claimed, by conntrack's word on each; what anybody else sent plays no part.
 *
 * @param claim what is claimed
 * @param own the probes that the claim is about and that left their sender
 * @param proved those of them that did what is claimed, by their entries
 * @param unknown those of them of which conntrack has no entry, or could not be asked
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Attribution(Claim claim, List<Probe> own, List<Probe> proved, List<Probe> unknown) {

    /** Copies the lists. */
    public Attribution {
        own = List.copyOf(own);
        proved = List.copyOf(proved);
        unknown = List.copyOf(unknown);
    }

    private static Attribution of(
            Claim claim, List<Probe> probes, Predicate<Probe> own, Predicate<ConntrackEntry> proved) {
        List<Probe> about =
                probes.stream().filter(p -> p.outcome().wasSent()).filter(own).toList();
        return new Attribution(
                claim,
                about,
                about.stream().filter(p -> entry(p).anyMatch(proved)).toList(),
                about.stream().filter(p -> entry(p).findAny().isEmpty()).toList());
    }

    private static Stream<ConntrackEntry> entry(Probe probe) {
        return probe.conntrack().entry().stream();
    }

    /** Makes it for a claim that conntrack says nothing of. */
    public static Attribution none(Claim claim) {
        return new Attribution(claim, List.of(), List.of(), List.of());
    }

    /**
     * Makes it for a claim on a container's published port: about the probes that were sent to it or ended up there.
     *
     * @param claim that it was translated, or let through
     * @param container the container
     * @param transport the protocol
     * @param port the container's port
     * @param facts what the daemon says
     * @param probes all that was sent
     */
    public static Attribution ofPort(
            Claim claim,
            ContainerFacts container,
            Transport transport,
            int port,
            DockerFacts facts,
            List<Probe> probes) {
        Predicate<ConntrackEntry> translated = entry -> entry.isDnat()
                && entry.protocol().equals(transport.toString())
                && container.owns(entry.reply().source())
                && entry.reply().sourcePort() == port;
        List<PublishedPort> bindings = container.ports(transport, port);
        Predicate<Probe> own = probe -> entry(probe).anyMatch(translated)
                || bindings.stream().anyMatch(binding -> calls(probe, binding, facts));
        // What the host itself sends never comes by FORWARD, and neighbours on the bridge meet another rule there.
        Predicate<ConntrackEntry> passed =
                entry -> !entry.original().source().equals(entry.original().destination())
                        && facts.networksOf(container).stream()
                                .noneMatch(network ->
                                        network.contains(entry.original().source()));
        return of(claim, probes, own, claim == Claim.FORWARD_ACCEPT ? translated.and(passed) : translated);
    }

    private static boolean calls(Probe probe, PublishedPort binding, DockerFacts facts) {
        Tuple tuple = probe.tuple();
        InetAddress to = tuple.destination();
        return tuple.transport() == binding.transport()
                && tuple.destinationPort() == binding.hostPort()
                && (binding.hostAddress().equals(to)
                        || (binding.isOnAnyAddress()
                                && to.getClass() == binding.hostAddress().getClass()
                                && probe.sourceSeen().isEmpty()
                                && facts.networks().stream()
                                        .noneMatch(network -> network.contains(to)
                                                && !network.gateways().contains(to))));
    }

    /**
     * Makes it for a claim that a sender's flows leave with another address: about the probes it sent itself.
     *
     * @param sender tells the sender's own addresses
     * @param networks the networks it sends from; what stays in one is not masqueraded but, at most, hairpinned
     * @param probes all that was sent
     */
    public static Attribution ofSender(Predicate<InetAddress> sender, List<NetworkFacts> networks, List<Probe> probes) {
        return of(
                Claim.MASQUERADE,
                probes,
                probe -> sender.test(probe.tuple().source()),
                entry -> !entry.reply().destination().equals(entry.original().source())
                        && !sender.test(entry.reply().destination())
                        && networks.stream()
                                .noneMatch(network ->
                                        network.contains(entry.reply().source())));
    }

    /**
     * Makes it for a claim that packets of a network's flows are let through in both directions: about the probes that
     * crossed its border, proved by those that were answered.
     *
     * @param claim which direction
     * @param networks the networks
     * @param probes all that was sent
     */
    public static Attribution ofCrossing(Claim claim, List<NetworkFacts> networks, List<Probe> probes) {
        Predicate<InetAddress> inside = address -> networks.stream().anyMatch(network -> network.contains(address));
        Predicate<ConntrackEntry> crossed =
                entry -> inside.test(entry.original().source())
                        != inside.test(entry.reply().source());
        return of(
                claim,
                probes,
                probe -> entry(probe).anyMatch(crossed),
                entry -> crossed.test(entry) && !entry.unreplied());
    }

    /**
     * Tells whether conntrack alone says how often the claim was met: it knows each of the own flows. Claims on rules that
     * see every packet of a flow are not counted in flows.
     */
    public boolean counts() {
        return provesAlone() && (claim == Claim.DNAT || claim == Claim.FORWARD_ACCEPT || claim == Claim.MASQUERADE);
    }

    /** Tells whether conntrack knows each of the own flows, so that it can stand in for a counter that was lost. */
    public boolean provesAlone() {
        return !own.isEmpty() && unknown.isEmpty();
    }

    /** Returns how many of the own flows did what is claimed. */
    public long flows() {
        return proved.size();
    }

    /**
     * Returns how often the claim was met.
     *
     * @param counted what the rules counted, whoever it was
     */
    public long met(long counted) {
        if (!counts()) {
            return counted;
        }
        // An entry says that its flow passed FORWARD, not which rule let it through.
        return claim == Claim.FORWARD_ACCEPT ? Math.min(flows(), counted) : flows();
    }

    /** Tells whether the rules counted less than conntrack knows them to have done. */
    public boolean contradicts(long counted) {
        return counts() && claim != Claim.FORWARD_ACCEPT && counted < flows();
    }
}
