// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.await.Patience;
import io.github.countercheck.daemon.DaemonConfig;
import io.github.countercheck.daemon.DaemonContainer;
import io.github.countercheck.docker.DockerFactsReader;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.Netns;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.session.Image;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;

/**
 * The containers and networks that the paths lead through, in one daemon.
 *
 * <p>Of a network there are a server, which publishes its ports without naming a host address, and a client. Another network
 * has a server of its own, and an internal one a container that has no way out. The first is the default bridge, unless the
 * configuration has none, or has options for networks that users make, which say nothing of the default bridge: there it is
 * such a network. Nothing is taken down one by one: all of it goes with the daemon.
 */
final class Scene {

    /** The port that the servers listen on and publish, TCP and UDP. */
    static final int SERVED_PORT = 80;

    /** The port that the servers listen on and do not publish. */
    static final int UNPUBLISHED_PORT = 81;

    /** The host's port for the network's server. */
    static final int PUBLISHED_PORT = 8081;

    private static final int OTHER_PUBLISHED_PORT = 8082;
    private static final Duration START = Duration.ofSeconds(30);
    private static final Duration LIMIT = Duration.ofSeconds(10);

    /** Answers with what it was told and the address that it was called from, and remembers it. */
    private static final String SERVE = """
            trap 'exit 0' TERM
            serve() { socat "$1" 'SYSTEM:read -r tag; echo seen $tag $SOCAT_PEERADDR | tee -a /tmp/seen' & }
            for port in %d %d; do
              serve TCP6-LISTEN:$port,fork,reuseaddr,ipv6-v6only=1
              serve UDP6-RECVFROM:$port,fork,ipv6-v6only=1
              serve TCP4-LISTEN:$port,fork,reuseaddr
              serve UDP4-RECVFROM:$port,fork
            done
            wait
            """.formatted(SERVED_PORT, UNPUBLISHED_PORT);

    private static final String STAY = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done";

    private final DaemonContainer daemon;
    private final GenericContainer<?> server;
    private final GenericContainer<?> client;
    private final GenericContainer<?> otherServer;
    private final GenericContainer<?> inside;

    private Scene(
            DaemonContainer daemon,
            GenericContainer<?> server,
            GenericContainer<?> client,
            GenericContainer<?> otherServer,
            GenericContainer<?> inside) {
        this.daemon = daemon;
        this.server = server;
        this.client = client;
        this.otherServer = otherServer;
        this.inside = inside;
    }

    /** Tells whether the first network is one that a user makes. */
    static boolean isOfUserNetwork(DaemonConfig config) {
        return config.withoutDefaultBridge()
                || !config.defaultNetworkOpts("bridge").isEmpty();
    }

    /**
     * Makes the networks, starts the containers, and waits until the servers listen.
     *
     * @throws RuntimeException what the daemon says of a network or container that it does not make
     */
    static Scene start(DaemonContainer daemon, DaemonConfig config) {
        boolean ipv6 = config.ipv6();
        Network network = isOfUserNetwork(config) ? network(daemon, ipv6 ? "2001:db8:a::/64" : null, false) : null;
        Network other = network(daemon, ipv6 ? "2001:db8:b::/64" : null, false);
        Network internal = network(daemon, ipv6 ? "2001:db8:c::/64" : null, true);
        Scene scene = new Scene(
                daemon,
                server(daemon, network, PUBLISHED_PORT),
                container(daemon, network, STAY),
                server(daemon, other, OTHER_PUBLISHED_PORT),
                container(daemon, internal, STAY));
        // One after the other, over one connection: each further one to the daemon costs as much as a container.
        Stream.of(scene.server, scene.client, scene.otherServer, scene.inside).forEach(GenericContainer::start);
        scene.awaitListening(scene.server);
        scene.awaitListening(scene.otherServer);
        return scene;
    }

    private static Network network(DaemonContainer daemon, @Nullable String ipv6, boolean internal) {
        return daemon.network(create -> {
            create.withInternal(internal);
            if (ipv6 != null) {
                create.withEnableIpv6(true)
                        .withIpam(new com.github.dockerjava.api.model.Network.Ipam()
                                .withConfig(
                                        new com.github.dockerjava.api.model.Network.Ipam.Config().withSubnet(ipv6)));
            }
        });
    }

    private static GenericContainer<?> server(DaemonContainer daemon, @Nullable Network network, int hostPort) {
        List<ExposedPort> ports = List.of(ExposedPort.tcp(SERVED_PORT), ExposedPort.udp(SERVED_PORT));
        return container(daemon, network, SERVE).withCreateContainerCmdModifier(create -> {
            create.withExposedPorts(ports);
            HostConfig host = create.getHostConfig();
            if (host != null) {
                host.withPortBindings(ports.stream()
                        .map(port -> new PortBinding(Ports.Binding.bindPort(hostPort), port))
                        .toList());
            }
        });
    }

    private static GenericContainer<?> container(DaemonContainer daemon, @Nullable Network network, String script) {
        GenericContainer<?> container =
                daemon.container(Image.TOOLBOX.reference()).withCommand("/bin/sh", "-c", script);
        return network == null ? container : container.withNetwork(network);
    }

    private void awaitListening(GenericContainer<?> container) {
        Netns own = daemon.host().own();
        String files = process(container) + "/net/";
        List<String> sockets = Stream.of(SERVED_PORT, UNPUBLISHED_PORT)
                .map(port -> String.format(Locale.ROOT, ":%04X ", port))
                .toList();
        boolean listens = Patience.look(
                START,
                () -> Stream.of("tcp", "udp").allMatch(file -> {
                    String text =
                            own.run(Command.of("cat", files + file), LIMIT).output();
                    return sockets.stream().allMatch(text::contains);
                }),
                all -> all);
        if (!listens) {
            throw new CountercheckException(
                    "the server does not listen after " + START.toSeconds() + " s",
                    "name an image that has socat with countercheck.toolbox.image");
        }
    }

    /**
     * Restarts the daemon, and starts those containers again that it stopped for that: in the order of their addresses, so that
     * each gets its own again.
     */
    void restart() {
        List<GenericContainer<?>> containers = Stream.of(server, client, otherServer, inside)
                .sorted(Comparator.comparing(this::address))
                .toList();
        daemon.restart();
        for (GenericContainer<?> container : containers) {
            if (!container.isRunning()) {
                daemon.client().startContainerCmd(container.getContainerId()).exec();
            }
        }
        awaitListening(server);
        awaitListening(otherServer);
    }

    private String address(GenericContainer<?> container) {
        return HexFormat.of()
                .formatHex(DockerFactsReader.read(daemon.client(), List.of(container.getContainerId()))
                        .containers()
                        .get(0)
                        .addresses()
                        .get(0)
                        .getAddress());
    }

    DaemonContainer daemon() {
        return daemon;
    }

    /** Returns the network's server. */
    GenericContainer<?> server() {
        return server;
    }

    /** Returns the network's client. */
    GenericContainer<?> client() {
        return client;
    }

    /** Returns the other network's server. */
    GenericContainer<?> otherServer() {
        return otherServer;
    }

    /** Returns the internal network's container. */
    GenericContainer<?> inside() {
        return inside;
    }

    /** Returns the host's address on the bridge of that container, as the daemon tells it with the container. */
    Optional<InetAddress> gateway(GenericContainer<?> container, Family family) {
        return daemon
                .client()
                .inspectContainerCmd(container.getContainerId())
                .exec()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .stream()
                .map(network -> gateway(network, family))
                .filter(address -> address != null && !address.isEmpty())
                .map(Cidr::parseAddress)
                .findFirst();
    }

    private static @Nullable String gateway(ContainerNetwork network, Family family) {
        return family == Family.IPV6 ? network.getIpV6Gateway() : network.getGateway();
    }

    /** Returns where the daemon's namespace shows the container's first process. */
    private String process(GenericContainer<?> container) {
        return "/proc/"
                + daemon.client()
                        .inspectContainerCmd(container.getContainerId())
                        .exec()
                        .getState()
                        .getPidLong();
    }

    /** Returns the source address under which a server saw that tag, if one did. */
    Optional<InetAddress> seen(GenericContainer<?> container, String tag) {
        String seen = daemon.host()
                .own()
                .run(Command.of("cat", process(container) + "/root/tmp/seen"), LIMIT)
                .output();
        return source(seen, tag);
    }

    /** Returns the source address that a server's words tell for that tag. */
    static Optional<InetAddress> source(String words, String tag) {
        String prefix = "seen " + tag + " ";
        return words.lines()
                .filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(prefix.length()).strip().replaceAll("[\\[\\]]", ""))
                .map(Cidr::parseAddress)
                .findFirst();
    }
}
