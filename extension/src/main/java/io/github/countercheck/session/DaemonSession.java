// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.session;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Version;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.await.Patience;
import io.github.countercheck.docker.ClassificationMemory;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.DockerFactsReader;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.host.HostFacts;
import io.github.countercheck.host.RouteAnswer;
import io.github.countercheck.netns.AmbientHost;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.DaemonHost;
import io.github.countercheck.netns.DaemonProcess;
import io.github.countercheck.netns.LocalNetns;
import io.github.countercheck.netns.NetfilterCounterSource;
import io.github.countercheck.netns.Netns;
import io.github.countercheck.netns.OwnTable;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.CounterSource;
import io.github.countercheck.traffic.Conntrack;
import io.github.countercheck.traffic.Peer;
import io.github.countercheck.traffic.Place;
import java.net.InetAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;

/**
 * A Docker daemon as it is measured: its rules, what it says, and the places to send from.
 *
 * <p>What it takes (containers with tools, a peer) is started at first need and closed with the session.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class DaemonSession implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DaemonSession.class);
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final DaemonHost host;
    private final DockerClient client;
    private final Settings settings;
    private final Heard heard = new Heard();
    private final CounterSource counters;
    private final ClassificationMemory classifications = new ClassificationMemory();
    private final Conntrack conntrack;
    private final Set<Family> tracked = EnumSet.noneOf(Family.class);
    private final Netns reader;
    private final Map<String, Place> insides = new HashMap<>();
    private final Map<String, Netns> sidecars = new HashMap<>();
    private @Nullable Peer peer;
    private @Nullable OwnTable ownTable;
    private @Nullable String engine;

    private DaemonSession(DaemonHost host, Settings settings, Netns reader) {
        this.host = host;
        this.client = host.client();
        this.settings = settings;
        this.reader = reader;
        this.counters = heard.listenTo(new NetfilterCounterSource(reader));
        this.conntrack = new Conntrack(reader);
    }

    /**
     * Connects to the daemon that Testcontainers finds and makes sure that its rules can be read.
     *
     * @throws CountercheckException if there is no daemon, or its rules cannot be read; the message says what to do
     */
    public static DaemonSession open(Settings settings) {
        requireDaemon();
        DaemonHost host = new AmbientHost(Image.TOOLBOX.reference());
        try {
            return measured(new DaemonSession(host, settings, reader(host, settings)));
        } catch (RuntimeException e) {
            host.close();
            throw e;
        }
    }

    /**
     * Makes sure that Testcontainers finds a daemon.
     *
     * @throws CountercheckException if it does not; the message says what to do
     */
    public static void requireDaemon() {
        try {
            DockerClientFactory.instance().client();
        } catch (IllegalStateException e) {
            throw new CountercheckException(
                    "no Docker daemon answers (" + e.getMessage() + ")",
                    "start Docker, or point DOCKER_HOST at a daemon; on a bare Debian machine: ci/with-docker COMMAND",
                    e);
        }
    }

    /**
     * Measures that daemon, with the tools that its host has.
     *
     * @param host closed with the session
     * @throws CountercheckException if its rules cannot be read; the message says what to do
     */
    public static DaemonSession open(Settings settings, DaemonHost host) {
        return measured(new DaemonSession(host, settings, host.own()));
    }

    private static DaemonSession measured(DaemonSession session) {
        try {
            session.counters.read();
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    private static Netns reader(DaemonHost host, Settings settings) {
        if (settings.reader() == Settings.Reader.TOOLBOX) {
            return host.own();
        }
        Optional<Netns> local = local(host.client());
        if (local.isPresent()) {
            LOG.debug("rules are read in {}", local.get().description());
            return local.get();
        }
        if (settings.reader() == Settings.Reader.LOCAL) {
            throw new CountercheckException(
                    "the rules cannot be read locally: the daemon's process was not found on this host, or may not be"
                            + " entered, or iptables is missing",
                    "run as root on the daemon's host with iptables installed, or set countercheck.reader=toolbox");
        }
        return host.own();
    }

    private static Optional<Netns> local(DockerClient client) {
        if (!ProcessHandle.current().info().user().orElse("").equals("root")) {
            return Optional.empty();
        }
        return DaemonProcess.find(
                        DockerClientFactory.instance().getTransportConfig().getDockerHost())
                .flatMap(pid -> {
                    Netns netns = new LocalNetns(pid);
                    if (holdsDaemonsBridges(client, netns) && hasTools(client, netns)) {
                        return Optional.of(netns);
                    }
                    netns.close();
                    return Optional.empty();
                });
    }

    /** The owner of the socket may be only a proxy for a daemon elsewhere, as on a desktop with a virtual machine. */
    private static boolean holdsDaemonsBridges(DockerClient client, Netns netns) {
        CommandResult devices = netns.run(Command.of("cat", "/proc/net/dev"), LIMIT);
        Set<String> names = devices.output()
                .lines()
                .filter(line -> line.contains(":"))
                .map(line -> line.substring(0, line.indexOf(':')).strip())
                .collect(Collectors.toSet());
        return DockerFactsReader.read(client, List.of()).networks().stream()
                .map(NetworkFacts::bridge)
                .filter(Objects::nonNull)
                .allMatch(names::contains);
    }

    /** Where nft is missing, only tables of nftables' own cannot be read; that matters if Docker's are such. */
    private static boolean hasTools(DockerClient client, Netns netns) {
        return netns.run(Command.of("iptables-nft-save", "--version"), LIMIT).ok()
                && (!usesNftables(client)
                        || netns.run(Command.of("nft", "--version"), LIMIT).ok());
    }

    /** Engine 28.1 and newer say where they keep their rules (API 1.49, {@code FirewallBackend}); older ones know iptables. */
    private static boolean usesNftables(DockerClient client) {
        return String.valueOf(firewallBackend(client).get("Driver")).startsWith("nftables");
    }

    private static Map<?, ?> firewallBackend(DockerClient client) {
        return client.infoCmd().exec().getRawValues().get("FirewallBackend") instanceof Map<?, ?> backend
                ? backend
                : Map.of();
    }

    /** Returns the settings it was opened with. */
    public Settings settings() {
        return settings;
    }

    /** Returns what reads the rules and counters. */
    public CounterSource counters() {
        return counters;
    }

    /** Returns what is known from earlier readings of what the rules are for. */
    public ClassificationMemory classifications() {
        return classifications;
    }

    /**
     * Lets the daemon's namespace track flows of that family, by a table of our own where no rule that stands asks for it.
     * Where no such table can be had it is left at that: conntrack then has no entries, and other witnesses decide.
     *
     * @param rules the rules as they stand
     */
    public synchronized void trackConnections(Family family, CounterSnapshot rules) {
        if (!tracked.add(family) || Conntrack.isAskedFor(family, rules.rulesets())) {
            return;
        }
        try {
            ownTable().trackConnections();
        } catch (CountercheckException e) {
            LOG.debug("no {} flows are tracked in {}", family.inWords(), reader.description(), e);
        }
    }

    /** Returns what asks the connection tracking of the daemon's namespace. */
    public Conntrack conntrack() {
        return conntrack;
    }

    /** Returns our own table in the daemon's namespace, made at first need. */
    public synchronized OwnTable ownTable() {
        OwnTable current = ownTable;
        if (current == null) {
            current = OwnTable.open(reader);
            ownTable = current;
        }
        return current;
    }

    /** Returns what was read so far. */
    public Heard heard() {
        return heard;
    }

    /** Returns the daemon's name and version: {@code Docker 28.5.2}. It is asked once. */
    public synchronized String engine() {
        String known = engine;
        if (known == null) {
            Version version = client.versionCmd().exec();
            boolean podman = version.getComponents() != null
                    && version.getComponents().stream()
                            .anyMatch(component ->
                                    String.valueOf(component.getName()).startsWith("Podman"));
            known = (podman ? "Podman " : "Docker ") + version.getVersion();
            engine = known;
        }
        return known;
    }

    /** Returns where the daemon answers. */
    public String endpoint() {
        return DockerClientFactory.instance()
                .getTransportConfig()
                .getDockerHost()
                .toString();
    }

    /** Asks the daemon for its networks and all running containers. */
    public DockerFacts facts() {
        return heard.keep(DockerFactsReader.read(client));
    }

    /**
     * Asks the daemon for its networks and these containers.
     *
     * @throws CountercheckException if it does not know one of them
     */
    public DockerFacts facts(List<String> containerIds) {
        try {
            return heard.keep(DockerFactsReader.read(client, containerIds));
        } catch (NotFoundException e) {
            throw new CountercheckException(
                    "the daemon does not know the container any more: " + e.getMessage(),
                    "assert while the container is there",
                    e);
        }
    }

    /** Has the daemon's namespace tell how it is set up. Nothing of it is read unless this is called. */
    public HostFacts hostFacts() {
        return HostFactsReader.read(reader);
    }

    /** Has a container's namespace tell how it is set up. */
    public HostFacts hostFacts(ContainerFacts container) {
        return HostFactsReader.read(sidecar(container));
    }

    /** Asks the kernel where the daemon's namespace would forward that packet; no packet is sent. */
    public RouteAnswer route(RouteAnswer.Question question) {
        return HostFactsReader.route(reader, question);
    }

    /** Returns when the engine last saw firewalld reload; empty where it saw no reload, or does not say (before 28.1). */
    public Optional<String> firewalldReloaded() {
        return firewallBackend(client).get("Info") instanceof List<?> info
                ? info.stream()
                        .filter(List.class::isInstance)
                        .map(List.class::cast)
                        .filter(pair -> pair.size() == 2 && "ReloadedAt".equals(pair.get(0)))
                        .map(pair -> String.valueOf(pair.get(1)))
                        .findFirst()
                : Optional.empty();
    }

    /** Returns the world outside, started at first need. */
    public synchronized Peer peer() {
        Peer current = peer;
        if (current == null) {
            current = Peer.start(host, hasIpv6());
            peer = current;
        }
        return current;
    }

    /** Returns the daemon's own namespace as a place to send from. */
    public Place onHost() {
        return place("", host.own(), peer().hostAddresses());
    }

    /** Tells whether frames that a bridge passes on between its own ports meet the rules of that family (br_netfilter). */
    public boolean bridgesAskRules(Family family) {
        String file = family == Family.IPV6 ? "bridge-nf-call-ip6tables" : "bridge-nf-call-iptables";
        return host.own()
                .run(Command.of("cat", "/proc/sys/net/bridge/" + file), LIMIT)
                .output()
                .strip()
                .equals("1");
    }

    /** A kernel without IPv6 has no such file, and one in which it is switched off lists no address, not even lo's. */
    private boolean hasIpv6() {
        return !host.own()
                .run(Command.of("cat", "/proc/net/if_inet6"), LIMIT)
                .output()
                .isEmpty();
    }

    /**
     * Waits until these bridges have made sure that nobody else has their IPv6 addresses. A bridge begins to when the first
     * container joins it, and until it is done it answers to no neighbour.
     *
     * @throws CountercheckException if one of them does not come to an end
     */
    public void awaitIpv6(List<NetworkFacts> networks) {
        for (NetworkFacts network : networks) {
            String bridge = network.bridge();
            if (bridge != null && network.subnets().stream().anyMatch(Cidr::isIpv6)) {
                String tentative = Patience.look(
                        LIMIT,
                        () -> host.own()
                                .run(Command.of("ip", "-6", "-o", "addr", "show", "dev", bridge, "tentative"), LIMIT)
                                .output(),
                        String::isEmpty);
                if (!tentative.isEmpty()) {
                    throw new CountercheckException(
                            "bridge " + bridge + " does not have its IPv6 address yet: " + tentative.strip(),
                            "look for another machine with that address (duplicate address detection)");
                }
            }
        }
    }

    /**
     * Returns a container's namespace as a place to send from; the container needs no tools of its own.
     *
     * @throws CountercheckException if the container has no address
     */
    public synchronized Place inside(ContainerFacts container) {
        List<InetAddress> addresses = container.addresses();
        if (addresses.isEmpty()) {
            throw new CountercheckException(
                    "container " + container.name() + " has no address (network mode " + container.networkMode() + ")",
                    "check that it is running and joined to a bridge network");
        }
        return place(key(container), sidecar(container), addresses);
    }

    private synchronized Netns sidecar(ContainerFacts container) {
        return sidecars.computeIfAbsent(
                key(container), k -> host.inside(container.id(), container.name(), container.pid()));
    }

    /** A restarted container has a new namespace; the process id tells it from the one before. */
    private static String key(ContainerFacts container) {
        return container.id() + "/" + container.pid();
    }

    private synchronized Place place(String key, Netns netns, List<InetAddress> addresses) {
        return insides.computeIfAbsent(key, k -> new Place(netns, addresses));
    }

    @Override
    public synchronized void close() {
        sidecars.values().forEach(Netns::close);
        sidecars.clear();
        insides.clear();
        if (peer != null) {
            peer.close();
            peer = null;
        }
        if (ownTable != null) {
            ownTable.close();
            ownTable = null;
        }
        counters.close();
        host.close();
    }
}
