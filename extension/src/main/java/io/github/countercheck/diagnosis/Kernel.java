// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.host.HostFacts;
import io.github.countercheck.host.HostFacts.Link;
import io.github.countercheck.host.HostFacts.Neighbour;
import io.github.countercheck.host.HostFacts.Route;
import io.github.countercheck.host.RouteAnswer;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.traffic.Probe;
import java.net.InetAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What the kernel does with packets beside asking rules: forwarding, routes, neighbours, limits. */
final class Kernel {

    /** Of so many hundredths of its size on, the table of connections is taken to have been full a moment ago. */
    private static final int FULL = 99;

    private static final int MOST_QUESTIONS = 4;

    private Kernel() {}

    /** The setting that lets packets of that family through at all. */
    static String forwardingSetting(Family family) {
        return family == Family.IPV6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward";
    }

    static Optional<Finding> forwardingOff(Evidence evidence) {
        String setting = forwardingSetting(evidence.family());
        boolean off = evidence.surroundings().host().setting(setting).orElse(1) == 0;
        boolean needed = evidence.probes().isEmpty() || evidence.unanswered().anyMatch(evidence::isForwarded);
        if (!off || !needed || !evidence.mayBeDropped()) {
            return Optional.empty();
        }
        String translated = evidence.dnatHits() > 0
                ? "; the packets were translated (" + evidence.dnatHits()
                        + " counted in nat), and dropped while routing"
                : "";
        return Optional.of(new Finding(
                Cause.FORWARDING_OFF,
                setting + " is 0: this host forwards nothing" + translated,
                "`sysctl -w " + setting + "=1`, and find what switched it off after Docker had started (a file in"
                        + " /etc/sysctl.d, a hardening script)"));
    }

    static Optional<Finding> reversePath(Evidence evidence) {
        HostFacts host = evidence.surroundings().host();
        return forwarded(evidence)
                .flatMap(probe -> host.linkTo(probe.tuple().source()).stream()
                        .filter(in -> strictness(host, in.name()) == 1)
                        .flatMap(in -> awayFrom(host, in, probe.tuple().source())
                                .map(route -> new Finding(
                                        Cause.RP_FILTER,
                                        "packets from "
                                                + Cidr.format(probe.tuple().source()) + " come in by "
                                                + in.name()
                                                + ", whose rp_filter is strict (1), and the host would answer"
                                                + " them by another device (" + route.text() + ")",
                                        "mend the route, or let it be loose: `sysctl -w net.ipv4.conf." + in.name()
                                                + ".rp_filter=2`"))
                                .stream()))
                .findFirst();
    }

    /** The kernel takes the higher of the two settings. */
    private static long strictness(HostFacts host, String device) {
        return Math.max(
                host.setting("net.ipv4.conf.all.rp_filter").orElse(0),
                host.setting("net.ipv4.conf." + device + ".rp_filter").orElse(0));
    }

    private static Optional<Route> awayFrom(HostFacts host, Link in, InetAddress source) {
        return host.route(source)
                .filter(route -> !route.leadsNowhere() && !in.name().equals(route.device()));
    }

    /** The host would answer the sender by another device than the one it came by. */
    static Optional<Finding> returnRouteOfHost(Evidence evidence) {
        HostFacts host = evidence.surroundings().host();
        return forwarded(evidence)
                .flatMap(probe -> host.linkTo(probe.tuple().source()).stream()
                        .flatMap(in -> awayFrom(host, in, probe.tuple().source()).stream()
                                .map(route -> new Finding(
                                        Cause.RETURN_ROUTE,
                                        "packets from "
                                                + Cidr.format(probe.tuple().source()) + " come in by "
                                                + in.name() + ", and answers to them take another way (" + route.text()
                                                + ")",
                                        "mend the host's routes: `ip route get "
                                                + Cidr.format(probe.tuple().source()) + "` should name " + in.name()))))
                .findFirst();
    }

    /** A route leads packets for a container elsewhere than to the bridge of its network. */
    static Optional<Finding> overlap(Evidence evidence) {
        HostFacts host = evidence.surroundings().host();
        return ends(evidence).stream()
                .flatMap(end -> bridgeOf(evidence, end).stream()
                        .flatMap(bridge -> host
                                .route(end)
                                .filter(route -> !bridge.equals(route.device())
                                        && !route.type().equals("local"))
                                .map(route ->
                                        route.leadsNowhere() ? nowhere(end, route) : elsewhere(end, bridge, route))
                                .stream()))
                .findFirst();
    }

    private static Finding elsewhere(InetAddress end, String bridge, Route route) {
        return new Finding(
                Cause.SUBNET_OVERLAP,
                "the host sends packets for " + Cidr.format(end) + " by another device than " + bridge
                        + ", in whose subnet it lies: " + route.text(),
                "give the network a subnet that no VPN or LAN has (\"bip\", \"default-address-pools\"), or take that route"
                        + " away");
    }

    private static Finding nowhere(InetAddress end, Route route) {
        return new Finding(
                Cause.WRONG_ROUTE,
                "the host throws away packets for " + Cidr.format(end) + ": " + route.text(),
                "take that route away: ip route del " + route.text());
    }

    /** What a container sends to an address of a LAN that lies in its bridge's subnet never leaves the bridge. */
    static Optional<Finding> shadowedLan(Evidence evidence) {
        HostFacts host = evidence.surroundings().host();
        return evidence.unanswered()
                .map(probe -> probe.tuple().destination())
                .filter(to -> evidence.facts().containerAt(to).isEmpty())
                .flatMap(to -> evidence.facts().networkOf(to).stream()
                        .filter(network ->
                                network.bridge() != null && !network.gateways().contains(to))
                        .map(network -> overlapping(host, network, to)
                                .map(route -> new Finding(
                                        Cause.SUBNET_OVERLAP,
                                        Cidr.format(to) + " lies in the subnet of network " + network.name()
                                                + ", so that packets for it stay on " + network.bridge()
                                                + "; a route to it stands as well: " + route.text(),
                                        "give the network a subnet that no VPN or LAN has (\"bip\","
                                                + " \"default-address-pools\")"))
                                .orElseGet(() -> new Finding(
                                        Cause.SUBNET_OVERLAP,
                                        Cidr.format(to) + " lies in the subnet of network " + network.name()
                                                + ", so that packets for it stay on " + network.bridge()
                                                + ", and no container has it",
                                        "if it is an address of a VPN or LAN, give the network another subnet (\"bip\","
                                                + " \"default-address-pools\"); else check the address",
                                        "whether " + Cidr.format(to) + " is meant to be a machine outside"))))
                .findFirst();
    }

    private static Optional<Route> overlapping(HostFacts host, NetworkFacts network, InetAddress to) {
        return host.routes().stream()
                .filter(route -> route.net().prefixLength() > 0 && route.net().contains(to))
                .filter(route -> !Objects.equals(route.device(), network.bridge())
                        && !route.type().equals("broadcast")
                        && !route.type().equals("local"))
                .findFirst();
    }

    /** The destination is thrown away, or the kernel says itself that it would not forward there. */
    static Optional<Finding> wrongRoute(Evidence evidence) {
        HostFacts host = evidence.surroundings().host();
        Optional<Finding> thrownAway = forwarded(evidence)
                .flatMap(
                        probe -> Stream.of(probe.tuple().source(), probe.tuple().destination()))
                .flatMap(end -> host.route(end).filter(Route::leadsNowhere).map(route -> nowhere(end, route)).stream())
                .findFirst();
        return thrownAway.or(() -> evidence.hasFailed() ? byRoutingItself(evidence) : Optional.empty());
    }

    private static Optional<Finding> byRoutingItself(Evidence evidence) {
        HostFacts host = evidence.surroundings().host();
        return evidence.surroundings().routes().stream()
                .flatMap(answer -> {
                    String packet = "from " + Cidr.format(answer.question().from()) + " to "
                            + Cidr.format(answer.question().to());
                    Optional<Link> expected = host.linkTo(answer.question().to());
                    boolean astray = answer.device() != null
                            && expected.isPresent()
                            && !answer.device().equals(expected.get().name());
                    if (answer.device() != null && !astray) {
                        return Stream.<Finding>empty();
                    }
                    String policies = host.policies().isEmpty()
                            ? ""
                            : "; beside the usual ones there is `ip rule`: " + String.join("; ", host.policies());
                    return Stream.of(new Finding(
                            Cause.WRONG_ROUTE,
                            "the host's routing says of a packet " + packet + " that comes in by "
                                    + answer.question().in() + ": " + answer.answer() + policies,
                            "see `ip rule` and `ip route show table all` on the Docker host"));
                })
                .findFirst();
    }

    /** Rules of {@code ip rule} that ask for a mark cannot be tried without it. */
    static Optional<Finding> perhapsPolicyRouting(Evidence evidence) {
        return evidence.surroundings().host().policies().stream()
                .filter(rule -> rule.contains("fwmark"))
                .filter(rule -> forwarded(evidence).findAny().isPresent())
                .findFirst()
                .map(rule -> new Finding(
                        Cause.WRONG_ROUTE,
                        "packets with a mark are routed by another table (ip rule: " + rule
                                + "), and a rule may have marked these",
                        "see which rule sets that mark (-j MARK, meta mark set), and what its table says: ip route show"
                                + " table TABLE",
                        "the counter of the rule that sets the mark, and the routes of that table"));
    }

    static Optional<Finding> neighbour(Evidence evidence) {
        HostFacts host = evidence.surroundings().host();
        return ends(evidence).stream()
                .flatMap(end -> bridgeOf(evidence, end).stream()
                        .flatMap(bridge -> host.neighbours().stream()
                                .filter(n ->
                                        n.address().equals(end) && n.device().equals(bridge)))
                        .flatMap(n -> ofNeighbour(evidence, end, n).stream()))
                .findFirst();
    }

    private static Optional<Finding> ofNeighbour(Evidence evidence, InetAddress end, Neighbour neighbour) {
        Optional<ContainerFacts> container = evidence.facts().containerAt(end);
        String who = container.map(c -> " (" + c.name() + ")").orElse("");
        List<Link> links =
                container.map(c -> evidence.surroundings().in(c).links()).orElse(List.of());
        String own = links.stream()
                .filter(link ->
                        link.addresses().stream().anyMatch(a -> a.address().equals(end)))
                .map(Link::mac)
                .findFirst()
                .orElse("");
        if (neighbour.state().equals("FAILED") || neighbour.state().equals("INCOMPLETE")) {
            String down = links.stream()
                    .filter(link -> !link.up()
                            && !link.name().equals("lo")
                            && link.mac().length() > 0)
                    .findFirst()
                    .map(link -> "; its device " + link.name() + " is down")
                    .orElse("");
            return Optional.of(new Finding(
                    Cause.NEIGHBOUR_FAILED,
                    "nobody on " + neighbour.device() + " says that " + Cidr.format(end) + who + " is there (ip neigh: "
                            + neighbour.state() + ")" + down,
                    "see in the container whether its device is up and has that address: ip addr",
                    // Neighbours are sought with packets too.
                    trafficControl(evidence).isPresent()
                            ? "whether it is found once nothing drops packets there"
                            : ""));
        }
        return own.isEmpty() || neighbour.mac() == null || own.equals(neighbour.mac())
                ? Optional.empty()
                : Optional.of(new Finding(
                        Cause.NEIGHBOUR_FAILED,
                        "packets for " + Cidr.format(end) + who + " are sent to " + neighbour.mac() + " on "
                                + neighbour.device() + " (ip neigh: " + neighbour.state()
                                + "), but its hardware address is " + own,
                        "remove the entry (ip neigh del " + Cidr.format(end) + " dev " + neighbour.device()
                                + "); if it comes back, two machines have that address"));
    }

    static Optional<Finding> conntrackFull(Evidence evidence) {
        HostFacts host = evidence.surroundings().host();
        long count = host.setting("net.netfilter.nf_conntrack_count").orElse(0);
        long max = host.setting("net.netfilter.nf_conntrack_max").orElse(Long.MAX_VALUE);
        return !evidence.hasFailed() || max <= 0 || max == Long.MAX_VALUE || count * 100 < max * FULL
                ? Optional.empty()
                : Optional.of(new Finding(
                        Cause.CONNTRACK_FULL,
                        "conntrack holds " + count + " of " + max + " connections at most, and drops packets that would"
                                + " begin another",
                        "raise net.netfilter.nf_conntrack_max, and see with `conntrack -S` and `conntrack -L` who makes so"
                                + " many"));
    }

    /** The container answers its neighbour over the bridge, past the rules that would translate the answer back. */
    static Optional<Finding> bridgedReply(Evidence evidence) {
        String setting = "net.bridge."
                + (evidence.family() == Family.IPV6 ? "bridge-nf-call-ip6tables" : "bridge-nf-call-iptables");
        boolean off = evidence.surroundings().host().setting(setting).orElse(1) == 0;
        return !off
                ? Optional.empty()
                : evidence.unanswered()
                        .filter(probe -> evidence.target(probe).isPresent() && evidence.dnatHits() > 0)
                        .filter(probe -> evidence
                                .facts()
                                .networkOf(evidence.end(probe).address())
                                .stream()
                                .anyMatch(network ->
                                        network.contains(probe.tuple().source())))
                        .findFirst()
                        .map(probe -> new Finding(
                                Cause.BRIDGED_REPLY,
                                "sender and receiver are on one bridge and " + setting + " is 0: the request was"
                                        + " translated, and the answer goes over the bridge untranslated, so that the sender"
                                        + " does not know it",
                                "`modprobe br_netfilter` and `sysctl -w " + setting
                                        + "=1`; or call the container by its own address and port"));
    }

    static Optional<Finding> trafficControl(Evidence evidence) {
        if (!evidence.hasFailed()) {
            return Optional.empty();
        }
        Set<String> devices = new LinkedHashSet<>();
        evidence.unanswered().forEach(probe -> {
            evidence.surroundings()
                    .host()
                    .linkTo(probe.tuple().source())
                    .map(Link::name)
                    .ifPresent(devices::add);
            evidence.surroundings()
                    .host()
                    .linkTo(evidence.end(probe).address())
                    .map(Link::name)
                    .ifPresent(devices::add);
        });
        return evidence.surroundings().host().queues().stream()
                .filter(queue -> devices.isEmpty() || isOnPath(queue, devices))
                .findFirst()
                .map(queue -> new Finding(
                        Cause.TRAFFIC_CONTROL,
                        "traffic control dropped packets: " + queue,
                        "see `tc -s qdisc show` and `tc -s filter show dev DEVICE ingress`, and take it out (tc qdisc del)",
                        "whether that number rises when the test runs again"));
    }

    /** A filter is listed without its device; a discipline names it, also that of a container's end of a cable. */
    private static boolean isOnPath(String queue, Set<String> devices) {
        return !queue.contains(" dev ")
                || devices.stream().anyMatch(device -> queue.contains(" dev " + device + " "))
                || queue.contains(" dev veth");
    }

    /** What to ask the host's routing about. */
    static List<RouteAnswer.Question> questions(Evidence evidence, HostFacts host) {
        Set<RouteAnswer.Question> questions = new LinkedHashSet<>();
        evidence.unanswered().filter(evidence::isForwarded).forEach(probe -> {
            InetAddress from = probe.tuple().source();
            InetAddress to = evidence.end(probe).address();
            host.linkTo(from).ifPresent(in -> questions.add(new RouteAnswer.Question(to, from, in.name())));
            host.linkTo(to).ifPresent(in -> questions.add(new RouteAnswer.Question(from, to, in.name())));
        });
        return questions.stream().limit(MOST_QUESTIONS).toList();
    }

    private static Stream<Probe> forwarded(Evidence evidence) {
        return evidence.unanswered().filter(evidence::isForwarded);
    }

    /** The addresses of containers that what was sent did not reach, or may not have. */
    private static List<InetAddress> ends(Evidence evidence) {
        if (!evidence.hasFailed()) {
            return List.of();
        }
        Stream<InetAddress> ends = evidence.probes().isEmpty()
                ? evidence.containers().stream().flatMap(c -> c.addresses().stream())
                : evidence.unanswered()
                        .flatMap(p ->
                                Stream.of(evidence.end(p).address(), p.tuple().source()));
        return ends.distinct().toList();
    }

    private static Optional<String> bridgeOf(Evidence evidence, InetAddress address) {
        return evidence.facts()
                .containerAt(address)
                .flatMap(container -> evidence.facts().networkOf(address))
                .map(NetworkFacts::bridge);
    }
}
