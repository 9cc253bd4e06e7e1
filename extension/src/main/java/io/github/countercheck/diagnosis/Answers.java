// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.Endpoint;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.host.HostFacts;
import io.github.countercheck.host.HostFacts.Link;
import io.github.countercheck.host.HostFacts.Listener;
import io.github.countercheck.host.HostFacts.Route;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.PacketWalk;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The packets arrived, and the answer is at fault. */
final class Answers {

    private static final Pattern VIA = Pattern.compile("\\bvia (?:inet6? )?(\\S+)");

    private Answers() {}

    static Optional<Finding> notListening(Evidence evidence) {
        return evidence.unanswered()
                .filter(p -> p.outcome() == Outcome.REFUSED || p.outcome() == Outcome.RESET)
                .flatMap(probe ->
                        receiver(evidence, probe).flatMap(container -> refusedBy(evidence, probe, container)).stream())
                .findFirst();
    }

    private static Optional<ContainerFacts> receiver(Evidence evidence, Probe probe) {
        return evidence.facts().containerAt(evidence.end(probe).address());
    }

    private static Optional<Finding> refusedBy(Evidence evidence, Probe probe, ContainerFacts container) {
        HostFacts inside = evidence.surroundings().in(container);
        PacketWalk.Endpoint end = evidence.end(probe);
        if (inside.links().isEmpty()) {
            return Optional.empty();
        }
        List<Listener> listeners = inside.listeners(probe.tuple().transport(), end.port());
        boolean reachable = listeners.stream()
                .map(Listener::address)
                .anyMatch(address -> address.isAnyLocalAddress() || address.equals(end.address()));
        String port = end.port() + "/" + probe.tuple().transport();
        return reachable
                ? Optional.empty()
                : Optional.of(new Finding(
                        Cause.NOT_LISTENING,
                        listeners.isEmpty()
                                ? "nobody listens on port " + port + " in container " + container.name()
                                        + ", which refused the connection"
                                : "port " + port + " of container " + container.name() + " is listened on at "
                                        + Cidr.format(listeners.get(0).address()) + " only, and was called at "
                                        + Cidr.format(end.address()),
                        "start the program that is to listen there, or have it listen on 0.0.0.0; its log may tell"));
    }

    /** The container has no way back to the sender, or another one than the one by which the packets came. */
    static Optional<Finding> noWayBack(Evidence evidence) {
        return evidence.unanswered()
                .filter(p -> p.outcome() == Outcome.TIMED_OUT || p.outcome() == Outcome.UNREACHABLE)
                .flatMap(probe ->
                        receiver(evidence, probe).flatMap(container -> wayBack(evidence, probe, container)).stream())
                .findFirst();
    }

    private static Optional<Finding> wayBack(Evidence evidence, Probe probe, ContainerFacts container) {
        HostFacts inside = evidence.surroundings().in(container);
        InetAddress own = evidence.end(probe).address();
        InetAddress sender = probe.conntrack()
                .entry()
                .map(entry -> entry.reply().destination())
                .orElse(probe.tuple().source());
        Optional<Link> cameBy = inside.linkTo(own);
        if (cameBy.isEmpty() || !cameBy.get().up()) {
            return Optional.empty();
        }
        Optional<Route> back = inside.route(sender);
        String remedy = "see `ip route` in the container: the answer has to leave by "
                + cameBy.get().name() + " to the network's gateway";
        if (back.isEmpty() || back.get().leadsNowhere()) {
            return Optional.of(new Finding(
                    Cause.RETURN_ROUTE,
                    "container " + container.name() + " has no route to " + Cidr.format(sender)
                            + ", so that it cannot answer"
                            + back.map(route -> " (" + route.text() + ")").orElse(""),
                    remedy));
        }
        String text = back.get().text();
        boolean otherDevice = !cameBy.get().name().equals(back.get().device());
        return otherDevice || goesAstray(evidence, own, text)
                ? Optional.of(new Finding(
                        Cause.RETURN_ROUTE,
                        "container " + container.name() + " answers " + Cidr.format(sender) + " by another way than the"
                                + " packets came: " + text,
                        remedy))
                : Optional.empty();
    }

    /** By a gateway of the network's own subnet that is not the one that the daemon gave it. */
    private static boolean goesAstray(Evidence evidence, InetAddress own, String route) {
        Matcher via = VIA.matcher(route);
        Optional<NetworkFacts> network = evidence.facts().networkOf(own);
        if (!via.find() || network.isEmpty()) {
            return false;
        }
        InetAddress gateway = Cidr.parseAddress(via.group(1));
        Set<InetAddress> given = new HashSet<>(network.get().gateways());
        evidence.facts()
                .containerAt(own)
                .flatMap(container -> container.endpoint(network.get()))
                .map(Endpoint::gateway)
                .ifPresent(given::add);
        return !given.isEmpty() && !given.contains(gateway) && network.get().contains(gateway);
    }

    /** The sender's own route leads to a gateway that is not its network's. */
    static Optional<Finding> noWayOut(Evidence evidence) {
        return evidence.unanswered()
                .flatMap(probe -> evidence.facts().containerAt(probe.tuple().source()).stream()
                        .filter(container -> evidence.isForwarded(probe))
                        .flatMap(container -> evidence
                                .surroundings()
                                .in(container)
                                .route(probe.tuple().destination())
                                .filter(route ->
                                        goesAstray(evidence, probe.tuple().source(), route.text()))
                                .stream()
                                .map(route -> new Finding(
                                        Cause.WRONG_ROUTE,
                                        "container " + container.name() + " sends it to another gateway than its"
                                                + " network's: " + route.text(),
                                        "see `ip route` in the container"))))
                .findFirst();
    }

    /** The handshake is of small packets; what follows is as large as the container's own device takes. */
    static Optional<Finding> tooLarge(Evidence evidence) {
        HostFacts host = evidence.surroundings().host();
        return evidence.probes().stream()
                .filter(Tracked::hangs)
                .filter(p -> evidence.claim() == Claim.DELIVERY || p.outcome() != Outcome.ANSWERED)
                .flatMap(probe -> inside(evidence, probe)
                        .flatMap(container -> evidence.surroundings().in(container).links().stream()
                                .filter(link -> !link.name().equals("lo"))
                                .max(Comparator.comparingInt(Link::mtu)))
                        .flatMap(
                                own -> Stream.of(
                                                probe.tuple().source(),
                                                probe.tuple().destination())
                                        .flatMap(end -> host.linkTo(end).stream())
                                        .filter(link -> link.mtu() < own.mtu()
                                                && !link.name().equals("lo"))
                                        .findFirst()
                                        .map(
                                                link -> new Finding(
                                                        Cause.MTU,
                                                        "the connection was made, and then nothing came: the container sends packets of up to "
                                                                + own.mtu() + " bytes, and " + link.name() + " takes "
                                                                + link.mtu()
                                                                + "; the one who sent them was not told, or did not hear",
                                                        "set \"mtu\": " + link.mtu()
                                                                + " in daemon.json, or the network's option"
                                                                + " com.docker.network.driver.mtu; let ICMP \"fragmentation needed\" pass")))
                        .stream())
                .findFirst();
    }

    private static Optional<ContainerFacts> inside(Evidence evidence, Probe probe) {
        return receiver(evidence, probe)
                .or(() -> evidence.facts().containerAt(probe.tuple().source()));
    }

    static Optional<Finding> none(Evidence evidence) {
        boolean needsAnswer = switch (evidence.claim()) {
            case RETURN_TRAFFIC, OUTBOUND_ACCEPT -> evidence.hits() == 0;
            case DELIVERY -> true;
            default -> false;
        };
        Stream<Probe> about =
                evidence.claim() == Claim.DELIVERY ? evidence.unanswered() : evidence.attribution().own().stream();
        return !needsAnswer
                ? Optional.empty()
                : about.flatMap(p -> p.conntrack().entry().stream())
                        .filter(ConntrackEntry::unreplied)
                        .findFirst()
                        .map(entry -> new Finding(
                                Cause.NOT_ANSWERED,
                                "the packets went all the way, and "
                                        + Tuple.endpoint(
                                                entry.reply().source(),
                                                Integer.toString(entry.reply().sourcePort()))
                                        + " sent nothing back (conntrack: [UNREPLIED])",
                                "see whether something listens there, and at that end's own firewall and routes"));
    }
}
