// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.Flow;
import io.github.countercheck.Measurement;
import io.github.countercheck.Traffic;
import io.github.countercheck.Vantage;
import io.github.countercheck.daemon.BridgeSettings;
import io.github.countercheck.daemon.DaemonConfig;
import io.github.countercheck.daemon.EngineVersion;
import io.github.countercheck.daemon.HostSetting;
import io.github.countercheck.daemon.Mechanism;
import io.github.countercheck.daemon.PathId;
import io.github.countercheck.daemon.Promise;
import io.github.countercheck.daemon.Promises;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.PublishedPort;
import io.github.countercheck.netns.Command;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Peer;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.Observation;
import io.github.countercheck.walk.PacketWalk;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;

/** Sends a packet on every path of one daemon and holds what was seen against what is promised. */
final class Measuring implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    /** A busy machine is no finding. */
    private static final Duration ANSWERED_WITHIN = Duration.ofSeconds(5);
    /** Long enough for an answer that was not promised to come all the same. */
    private static final Duration UNANSWERED_AFTER = Duration.ofMillis(600);

    private final Scene scene;
    private final DaemonConfig config;
    private final DaemonSession session;
    private final Measurement measurement;
    private final Peer peer;
    private final DockerFacts facts;
    private final Promises promises;
    private final Set<Family> forwarded;
    private int sent;
    /** What was read after the probe before, from which on the next one is counted; null where something else was since. */
    private @Nullable CounterSnapshot counted;

    private Measuring(Scene scene, DaemonConfig config, EngineVersion engine, DaemonSession session) {
        this.scene = scene;
        this.config = config;
        this.session = session;
        this.peer = session.peer();
        this.facts = session.facts();
        if (config.ipv6()) {
            session.awaitIpv6(facts.networks());
        }
        this.measurement = Measurement.unbound(session, Duration.ZERO, Map::of);
        this.forwarded = forwarded(scene);
        this.promises = Promises.of(config, engine, hostSetting());
    }

    /** Begins to measure; the session stays the caller's. */
    static Measuring begin(Scene scene, DaemonConfig config, EngineVersion engine, DaemonSession session) {
        return new Measuring(scene, config, engine, session);
    }

    private HostSetting hostSetting() {
        Set<Family> asking = EnumSet.noneOf(Family.class);
        for (Family family : families()) {
            if (session.bridgesAskRules(family)) {
                asking.add(family);
            }
        }
        // The daemon's container forwards from the start, and the peer's default route leads back to it.
        return new HostSetting(Set.of(Family.IPV4, Family.IPV6), asking, true);
    }

    private static Set<Family> forwarded(Scene scene) {
        String[] values = scene.daemon()
                .host()
                .own()
                .run(
                        Command.of("cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"),
                        LIMIT)
                .output()
                .split("\n", -1);
        Set<Family> families = EnumSet.noneOf(Family.class);
        if (values[0].equals("1")) {
            families.add(Family.IPV4);
        }
        if (values.length > 1 && values[1].equals("1")) {
            families.add(Family.IPV6);
        }
        return families;
    }

    private List<Family> families() {
        return config.ipv6() ? List.of(Family.IPV4, Family.IPV6) : List.of(Family.IPV4);
    }

    /** Returns where the daemon's rules are; null where it wrote none. */
    @Nullable
    String backend() {
        CounterSnapshot now = session.counters().read();
        List<Backend> backends = Observation.of(Set.of(Family.IPV4, Family.IPV6), now, now, facts)
                .dockersBackends();
        return backends.isEmpty() ? null : backends.get(0).toString();
    }

    /** Names the addresses on the cable to the world outside, which are others in each run. */
    Map<InetAddress, String> chance() {
        Map<InetAddress, String> names = new HashMap<>();
        for (Family family : families()) {
            names.put(peer.address(family), "the one outside");
            names.put(peer.hostAddress(family), "the host");
        }
        return names;
    }

    /** Sends on each of these paths, over each family that the daemon has, TCP and UDP. */
    List<ProbeReport> measure(Set<PathId> paths) {
        return measure(paths, new Stopwatch());
    }

    /** Likewise, and tells the watch what time it took. */
    List<ProbeReport> measure(Set<PathId> paths, Stopwatch watch) {
        counted = null;
        List<Planned> plan = new ArrayList<>();
        for (Family family : families()) {
            for (PathId path : paths) {
                for (Transport transport : List.of(Transport.TCP, Transport.UDP)) {
                    plan.add(new Planned(path, family, transport, promise(path, family, transport)));
                }
            }
        }
        Map<Planned, ProbeReport> reports = new HashMap<>();
        plan.stream().sorted(Comparator.comparingInt(Planned::aftermath)).forEach(planned -> {
            reports.put(planned, measure(planned));
            watch.spent(planned.promise().isAnswered() ? Phase.ANSWERS : Phase.SILENCE);
        });
        return plan.stream().map(reports::get).toList();
    }

    private record Planned(PathId path, Family family, Transport transport, Promise promise) {

        /**
         * Where answers are dropped, the far end repeats them for seconds, which counts on the rules of what is sent meanwhile.
         * So those come last, and of what is answered nothing is sent beside them. Last of all is what somebody outside
         * answers, whose answers reach more rules than those of a container.
         */
        int aftermath() {
            if (promise.isAnswered()) {
                return 0;
            }
            int repeated = switch (path) {
                case CONTAINER_TO_OUTSIDE -> 3;
                case ACROSS_BRIDGES_TO_PUBLISHED, SAME_BRIDGE_TO_PUBLISHED -> 2;
                default -> 1;
            };
            return transport == Transport.TCP ? repeated : 1;
        }
    }

    private ProbeReport measure(Planned planned) {
        PathId path = planned.path();
        Family family = planned.family();
        Transport transport = planned.transport();
        Promise promise = planned.promise();
        Way expected = expected(path, family, promise);
        try {
            Optional<Call> call = call(path, family, transport);
            if (call.isEmpty()) {
                Way way = new Way(Outcome.NOT_SENT, Mechanism.NOT_PUBLISHED, null, null);
                return new ProbeReport(
                        path,
                        family,
                        transport,
                        way,
                        List.of(),
                        expected,
                        way.keeps(expected)
                                ? null
                                : "the daemon publishes no port at an " + family.inWords() + " address");
            }
            Observed observed = send(path, call.get(), promise.isAnswered());
            if (!observed.way().keeps(expected)) {
                // What happens once, as an answer that a busy machine is late with, is no finding.
                observed = send(path, call.get(), promise.isAnswered());
            }
            Way way = observed.way();
            return new ProbeReport(
                    path,
                    family,
                    transport,
                    way,
                    observed.hits(),
                    expected,
                    way.keeps(expected) ? null : Causes.of(this, call.get(), promise, observed));
        } catch (CountercheckException e) {
            return new ProbeReport(path, family, transport, null, List.of(), expected, e.problem());
        }
    }

    private Promise promise(PathId path, Family family, Transport transport) {
        BridgeSettings network = Scene.isOfUserNetwork(config) ? promises.userNetwork() : promises.defaultBridge();
        BridgeSettings called = switch (path) {
            case ACROSS_BRIDGES, ACROSS_BRIDGES_TO_PUBLISHED -> promises.userNetwork();
            default -> network;
        };
        return promises.of(path, family, transport, network, called);
    }

    /** Puts the addresses of this daemon in the place of the promise's words for them. */
    private Way expected(PathId path, Family family, Promise promise) {
        InetAddress source = switch (promise.source()) {
            case SENDER -> sender(path, family);
            case HOST -> hostAddress(path, family);
            case GATEWAY -> scene.gateway(called(path), family).orElse(null);
            case NOBODY -> null;
        };
        return new Way(promise.outcome(), promise.mechanism(), promise.role(), source);
    }

    private @Nullable InetAddress sender(PathId path, Family family) {
        return switch (path) {
            case HAIRPIN -> address(scene.server(), family);
            case CONTAINER_TO_OUTSIDE,
                    SAME_BRIDGE,
                    SAME_BRIDGE_TO_PUBLISHED,
                    ACROSS_BRIDGES,
                    ACROSS_BRIDGES_TO_PUBLISHED -> address(scene.client(), family);
            case INTERNAL_TO_OUTSIDE -> address(scene.inside(), family);
            default -> peer.address(family);
        };
    }

    /** A process that calls an address of its own host does so from that address. */
    private InetAddress hostAddress(PathId path, Family family) {
        return path == PathId.HOST_ADDRESS_TO_PUBLISHED
                ? binding(scene.server(), family, Transport.TCP)
                        .filter(port -> !port.isOnAnyAddress())
                        .map(PublishedPort::hostAddress)
                        .orElseGet(() -> peer.hostAddress(family))
                : peer.hostAddress(family);
    }

    private GenericContainer<?> called(PathId path) {
        return switch (path) {
            case ACROSS_BRIDGES, ACROSS_BRIDGES_TO_PUBLISHED -> scene.otherServer();
            default -> scene.server();
        };
    }

    /** Returns what is to be sent; empty where the daemon publishes no such port. */
    private Optional<Call> call(PathId path, Family family, Transport transport) {
        GenericContainer<?> called = called(path);
        return switch (path) {
            case EXTERNAL_TO_PUBLISHED -> toPublished(Vantage.OUTSIDE, null, called, family, transport);
            case HOST_ADDRESS_TO_PUBLISHED -> toPublished(Vantage.HOST, null, called, family, transport);
            case LOOPBACK_TO_PUBLISHED -> toPublished(Vantage.LOOPBACK, null, called, family, transport);
            case HAIRPIN -> toPublished(Vantage.CONTAINER, called, called, family, transport);
            case SAME_BRIDGE_TO_PUBLISHED, ACROSS_BRIDGES_TO_PUBLISHED ->
                toPublished(Vantage.CONTAINER, scene.client(), called, family, transport);
            case CONTAINER_TO_OUTSIDE -> toOutside(scene.client(), family, transport);
            case INTERNAL_TO_OUTSIDE -> toOutside(scene.inside(), family, transport);
            case SAME_BRIDGE, ACROSS_BRIDGES ->
                toContainer(Vantage.CONTAINER, scene.client(), called, family, transport, Scene.SERVED_PORT);
            case DIRECT_TO_PUBLISHED ->
                toContainer(Vantage.OUTSIDE, null, called, family, transport, Scene.SERVED_PORT);
            case DIRECT_TO_UNPUBLISHED ->
                toContainer(Vantage.OUTSIDE, null, called, family, transport, Scene.UNPUBLISHED_PORT);
            case HOST_TO_CONTAINER -> toContainer(Vantage.HOST, null, called, family, transport, Scene.SERVED_PORT);
        };
    }

    private Optional<Call> toPublished(
            Vantage vantage,
            @Nullable GenericContainer<?> sender,
            GenericContainer<?> called,
            Family family,
            Transport transport) {
        return binding(called, family, transport)
                .map(binding -> new Call(
                        vantage, sender, called, transport, callable(binding, vantage, family), binding.hostPort()));
    }

    /** A port that is bound to one address is called there, where the sender can; else where it would be otherwise. */
    private InetAddress callable(PublishedPort binding, Vantage vantage, Family family) {
        boolean loopback = vantage == Vantage.LOOPBACK;
        if (!binding.isOnAnyAddress() && binding.hostAddress().isLoopbackAddress() == loopback) {
            return binding.hostAddress();
        }
        return loopback ? Cidr.parseAddress(family == Family.IPV6 ? "::1" : "127.0.0.1") : peer.hostAddress(family);
    }

    private Optional<PublishedPort> binding(GenericContainer<?> container, Family family, Transport transport) {
        return known(container).ports(transport, Scene.SERVED_PORT).stream()
                .filter(port -> Family.of(port.hostAddress()) == family && port.hostPort() != 0)
                .findFirst();
    }

    private Optional<Call> toOutside(GenericContainer<?> sender, Family family, Transport transport) {
        return Optional.of(new Call(Vantage.CONTAINER, sender, null, transport, peer.address(family), Peer.PORT));
    }

    private Optional<Call> toContainer(
            Vantage vantage,
            @Nullable GenericContainer<?> sender,
            GenericContainer<?> called,
            Family family,
            Transport transport,
            int port) {
        InetAddress address = address(called, family);
        if (address == null) {
            throw new CountercheckException(
                    "container " + known(called).name() + " has no " + family.inWords() + " address",
                    "see what the daemon's log says of its network");
        }
        return Optional.of(new Call(vantage, sender, called, transport, address, port));
    }

    private @Nullable InetAddress address(GenericContainer<?> container, Family family) {
        return known(container).addresses().stream()
                .filter(address -> Family.of(address) == family)
                .findFirst()
                .orElse(null);
    }

    ContainerFacts known(GenericContainer<?> container) {
        return facts.container(container.getContainerId())
                .orElseThrow(() -> new CountercheckException(
                        "the daemon does not know container " + container.getContainerId(),
                        "see what the daemon's log says of it"));
    }

    DockerFacts facts() {
        return facts;
    }

    private Observed send(PathId path, Call call, boolean answered) {
        Duration limit = answered ? ANSWERED_WITHIN : UNANSWERED_AFTER;
        String tag = "probe" + ++sent;
        Traffic traffic = shaped(call, limit).payload(tag + "\n");
        CounterSnapshot before = counted;
        counted = null;
        Flow flow = (before == null ? traffic : traffic.since(before)).to(Cidr.format(call.address()), call.port());
        CounterSnapshot after = session.counters().read();
        counted = after;
        Observation rules = Observation.of(Set.of(call.family()), flow.baseline(), after, facts);
        Probe probe = flow.probes().get(0);
        if (probe.outcome() == Outcome.NOT_SENT && !probe.detail().contains("unreachable")) {
            throw new CountercheckException(
                    "the probe did not leave its sender: " + probe.detail(),
                    "look at the sender's addresses and routes");
        }
        GenericContainer<?> called = call.called();
        InetAddress from = called == null
                ? probe.seenByPeer()
                : Scene.source(probe.reply(), tag).orElse(null);
        InetAddress arrived = from == null && called != null && call.transport() == Transport.UDP
                ? scene.seen(called, tag).orElse(null)
                : from;
        return new Observed(path, probe, from, arrived, rules, forwarded.contains(call.family()));
    }

    private Traffic shaped(Call call, Duration limit) {
        Traffic traffic = measurement.traffic().limits(limit, limit, LIMIT);
        traffic = call.sender() == null ? traffic.from(call.vantage()) : traffic.from(call.sender());
        return call.transport() == Transport.UDP ? traffic.udp() : traffic.tcp();
    }

    /** Sends once more, and follows the packets through the rules. */
    Optional<PacketWalk> trace(Call call) {
        counted = null;
        return shaped(call, UNANSWERED_AFTER)
                .payload("trace\n")
                .traced()
                .to(Cidr.format(call.address()), call.port())
                .walk();
    }

    @Override
    public void close() {
        measurement.close();
    }
}
