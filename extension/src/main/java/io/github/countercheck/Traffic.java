// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.Endpoint;
import io.github.countercheck.docker.PublishedPort;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.Limits;
import io.github.countercheck.traffic.Peer;
import io.github.countercheck.traffic.Place;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Prober;
import io.github.countercheck.walk.PacketWalk;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.testcontainers.containers.ContainerState;

/**
 * Sends real packets; a parameter of a {@link ContainerNetworkTest}'s test.
 *
 * <p>By default one TCP connection is made from {@link Vantage#OUTSIDE outside the Docker host}, never through 127.0.0.1.
 * Each shaping method returns another {@code Traffic}; each sending method waits for the end of what it sent. Every probe
 * has a source port of its own and goes to a literal address, so that it is one flow and adds no name look-ups.
 *
 * <pre>{@code
 * traffic.toPublishedPort(web, 80);
 * traffic.times(3).from(Vantage.HOST).toPublishedPort(web, 80);
 * traffic.udp().payload("ping").toPublishedPort(dns, 53);
 * traffic.from(web).toOutside();
 * traffic.ipv6().toPublishedPort(web, 80);
 * }</pre>
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class Traffic {

    private final Measurement measurement;
    private final ProbeShape shape;

    private Traffic(Measurement measurement, ProbeShape shape) {
        this.measurement = measurement;
        this.shape = shape;
    }

    static Traffic of(Measurement measurement) {
        return new Traffic(measurement, ProbeShape.DEFAULT);
    }

    private Traffic with(ProbeShape other) {
        return new Traffic(measurement, other);
    }

    /**
     * Sends from there.
     *
     * @throws IllegalArgumentException for {@link Vantage#CONTAINER}: name the container
     */
    public Traffic from(Vantage vantage) {
        if (vantage == Vantage.CONTAINER) {
            throw new IllegalArgumentException("say which container: traffic.from(container)");
        }
        return with(shape.withVantage(vantage, null));
    }

    /** Sends from inside that container. It needs no tools: a container that has them joins its network namespace. */
    public Traffic from(ContainerState container) {
        return with(shape.withVantage(Vantage.CONTAINER, container));
    }

    /** Sends TCP connections, as is the default. */
    public Traffic tcp() {
        return with(shape.withTransport(Transport.TCP));
    }

    /** Sends UDP datagrams, one a probe, and waits for one in answer to each. */
    public Traffic udp() {
        return with(shape.withTransport(Transport.UDP));
    }

    /**
     * Sends SCTP, if the kernel has it and the tool image's socat can.
     *
     * <p>A probe makes an association and ends it again.
     */
    public Traffic sctp() {
        return with(shape.withTransport(Transport.SCTP));
    }

    /** Sends over IPv4, as is the default. */
    public Traffic ipv4() {
        return with(shape.withFamily(Family.IPV4));
    }

    /**
     * Sends over IPv6.
     *
     * <p>It takes a daemon whose host has IPv6, a network with IPv6 for what a container sends and, for a rule to be met,
     * a daemon that writes IPv6 rules ({@code "ip6tables"}, which Engine 20.10 to 26 leave off by default).
     */
    public Traffic ipv6() {
        return with(shape.withFamily(Family.IPV6));
    }

    /** Counts from that reading on, for who reads after each probe anyway; otherwise the counters are read before sending. */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public Traffic since(CounterSnapshot baseline) {
        return with(shape.withBaseline(baseline));
    }

    /**
     * Sends so many probes, one after the other, each a flow of its own.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Traffic times(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("times(" + count + "): at least 1 is sent");
        }
        return with(shape.withTimes(count));
    }

    /** Sends that text once connected; over UDP, as the datagram. */
    public Traffic payload(String text) {
        return with(shape.withPayload(text));
    }

    /**
     * Sends an HTTP/1.0 request for that path.
     *
     * @throws IllegalArgumentException if the path does not begin with a slash, or holds blanks or control characters
     */
    public Traffic http(String path) {
        if (!path.matches("/[\\x21-\\x7e]*")) {
            throw new IllegalArgumentException("not a request path: '" + path + "'");
        }
        return tcp().payload("GET " + path + " HTTP/1.0\r\nConnection: close\r\n\r\n");
    }

    /**
     * Sets how long a probe may take.
     *
     * @param connect for the TCP handshake
     * @param request for the answer
     * @param total for everything
     */
    public Traffic limits(Duration connect, Duration request, Duration total) {
        return with(shape.withLimits(new Limits(connect, request, total)));
    }

    /**
     * Follows the probes' packets through the rules: {@link Flow#walk()} then tells each rule that they met, and
     * {@link NetworkAssertions#assertPath} can be asked.
     *
     * <p>The kernel itself reports it ({@code nft monitor trace}), for packets of these probes alone. For as long as that
     * takes a table of our own stands in the daemon's namespace; its rules decide nothing. It costs a fraction of a second
     * a flow. Where Docker's rules are in iptables-legacy, of which the kernel does not report, the walk is simulated.
     */
    public Traffic traced() {
        return with(shape.withTrace());
    }

    /**
     * Sends to a port that the container publishes on its host.
     *
     * @param container the container
     * @param containerPort the port inside the container
     * @throws CountercheckException if the port is not published for this protocol, cannot be called from the chosen
     *     vantage, or a probe could not be sent
     */
    public Flow toPublishedPort(ContainerState container, int containerPort) {
        ContainerFacts facts = facts(container);
        List<PublishedPort> bindings = facts.ports(shape.transport(), containerPort).stream()
                .filter(p -> Family.of(p.hostAddress()) == shape.family())
                .sorted(Comparator.comparing((PublishedPort p) -> !p.isOnAnyAddress()))
                .toList();
        if (bindings.isEmpty()) {
            throw new CountercheckException(
                    "Docker publishes no port " + containerPort + "/" + shape.transport() + " of container "
                            + facts.name() + " on an " + shape.family().inWords() + " address; it publishes "
                            + published(facts),
                    "add withExposedPorts(" + containerPort + ") or a port binding for " + shape.transport()
                            + (shape.family() == Family.IPV6 ? " on an IPv6 address" : ""));
        }
        boolean loopback = shape.vantage() == Vantage.LOOPBACK;
        PublishedPort binding = bindings.stream()
                .filter(p -> p.isOnAnyAddress() || p.hostAddress().isLoopbackAddress() == loopback)
                .findFirst()
                .orElseThrow(() -> new CountercheckException(
                        "port " + containerPort + " of container " + facts.name() + " is published only on "
                                + Cidr.format(bindings.get(0).hostAddress()) + ", which " + shape.vantage()
                                + " cannot call",
                        loopback
                                ? "send from(Vantage.HOST) or from outside"
                                : "send from(Vantage.LOOPBACK), or publish it on another address"));
        return send(callable(binding), binding.hostPort(), List.of(container));
    }

    private InetAddress callable(PublishedPort binding) {
        if (!binding.isOnAnyAddress()) {
            return binding.hostAddress();
        }
        return shape.vantage() == Vantage.LOOPBACK
                ? Cidr.parseAddress(shape.family() == Family.IPV6 ? "::1" : "127.0.0.1")
                : measurement.session().peer().hostAddress(shape.family());
    }

    private static String published(ContainerFacts facts) {
        return facts.ports().isEmpty()
                ? "none"
                : facts.ports().stream()
                        .map(p -> p.containerPort() + "/" + p.transport())
                        .distinct()
                        .collect(Collectors.joining(", "));
    }

    /**
     * Sends to the world outside the Docker host: a peer that answers with the source address it saw.
     *
     * @throws CountercheckException if the probe could not be sent
     * @throws IllegalStateException if no container to send from was named
     */
    public Flow toOutside() {
        if (shape.vantage() != Vantage.CONTAINER) {
            throw new IllegalStateException("say which container sends: traffic.from(container).toOutside()");
        }
        return send(measurement.session().peer().address(shape.family()), Peer.PORT, List.of());
    }

    /**
     * Sends to the container's own address, past any published port: from a container of the same network over the bridge,
     * from another network or from outside by way of the rules that are to keep such packets out.
     *
     * @param container the container
     * @param port the port that it listens on, or none
     * @throws CountercheckException if it has no address of the family, or the probe could not be sent
     */
    public Flow toContainer(ContainerState container, int port) {
        ContainerFacts known = facts(container);
        ContainerState sender = shape.sender();
        List<String> shared = sender == null
                ? List.of()
                : facts(sender).endpoints().stream().map(Endpoint::networkId).toList();
        InetAddress address = known.endpoints().stream()
                .sorted(Comparator.comparing(endpoint -> !shared.contains(endpoint.networkId())))
                .flatMap(endpoint ->
                        Stream.ofNullable(shape.family() == Family.IPV6 ? endpoint.ipv6() : endpoint.ipv4()))
                .findFirst()
                .orElseThrow(() -> new CountercheckException(
                        "container " + known.name() + " has no "
                                + shape.family().inWords() + " address",
                        "join it to a network that has some"));
        return send(address, checked(port), List.of(container));
    }

    /**
     * Sends to a literal address, whatever is there.
     *
     * @param address a numeric address of either family; a name is refused, for looking it up would be traffic too
     * @param port the port
     * @throws CountercheckException if the probe could not be sent
     * @throws IllegalArgumentException if the address is not numeric, or the port is not one
     */
    public Flow to(String address, int port) {
        return send(Cidr.parseAddress(address), checked(port), List.of());
    }

    private static int checked(int port) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("not a port: " + port);
        }
        return port;
    }

    private Flow send(InetAddress address, int port, List<ContainerState> receivers) {
        DaemonSession session = measurement.session();
        Place place = place(session);
        if (Family.of(address) == Family.IPV6) {
            Stream.concat(receivers.stream(), Stream.ofNullable(shape.sender()))
                    .map(container -> Containers.facts(measurement.window(), container))
                    .forEach(facts -> session.awaitIpv6(
                            facts.networksOf(facts.containers().get(0))));
        }
        session.trackConnections(Family.of(address), measurement.baseline());
        CounterSnapshot known = shape.baseline();
        Window before = measurement.window(known == null ? snapshot() : known);
        String given = shape.payload();
        String payload = given != null ? given : shape.transport() == Transport.UDP ? "countercheck" : "";
        List<Probe> probes = new ArrayList<>();
        List<PacketWalk> walks;
        try (Tracing tracing = Tracing.start(before, shape)) {
            for (int i = 0; i < shape.times(); i++) {
                Probe probe =
                        Prober.send(place, shape.transport(), address, port, payload, shape.limits(), tracing::watch);
                InetAddress seen = session.peer().sourceSeen(probe.reply()).orElse(null);
                // At once: an entry that was answered by a reset is kept for seconds only, and strangers push out
                // others.
                probes.add(probe.witnessed(
                        seen, probe.outcome().wasSent() ? session.conntrack().find(probe.tuple()) : probe.conntrack()));
            }
            walks = tracing.walks(probes);
        }
        Flow flow = new Flow(before, shape.vantage(), probes, walks);
        measurement.sent(flow);
        return flow;
    }

    private ContainerFacts facts(ContainerState container) {
        return Containers.require(Containers.facts(measurement.window(), container), container);
    }

    private Place place(DaemonSession session) {
        ContainerState sender = shape.sender();
        if (sender != null) {
            return session.inside(facts(sender));
        }
        return shape.vantage() == Vantage.OUTSIDE ? session.peer().place() : session.onHost();
    }

    /** Begins the test's window anew: what was counted or sent before no longer matters to the short assertions. */
    public void mark() {
        measurement.mark();
    }

    /** Reads all rules and counters now. */
    public CounterSnapshot snapshot() {
        return measurement.session().counters().read();
    }

    /** Reads the counters now and returns what changed since the window began. */
    public CounterDelta delta() {
        return CounterDelta.between(measurement.baseline(), snapshot());
    }
}
