// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.docker.RuleRole.DIRECT_ACCESS_DROP;
import static io.github.countercheck.docker.RuleRole.HAIRPIN_HOST;
import static io.github.countercheck.docker.RuleRole.HAIRPIN_SELF;
import static io.github.countercheck.docker.RuleRole.ICC_ACCEPT;
import static io.github.countercheck.docker.RuleRole.INTERNAL_OUT_DROP;
import static io.github.countercheck.docker.RuleRole.ISOLATION_DROP;
import static io.github.countercheck.docker.RuleRole.MASQUERADE;
import static io.github.countercheck.docker.RuleRole.NAT_JUMP_OUT;
import static io.github.countercheck.docker.RuleRole.NAT_JUMP_PRE;
import static io.github.countercheck.docker.RuleRole.OUTBOUND_ACCEPT;
import static io.github.countercheck.docker.RuleRole.OUTBOUND_ESTABLISHED;
import static io.github.countercheck.docker.RuleRole.PORT_ACCEPT;
import static io.github.countercheck.docker.RuleRole.PORT_DNAT;
import static io.github.countercheck.docker.RuleRole.RETURN_TRAFFIC;
import static io.github.countercheck.docker.RuleRole.SKIP_DNAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.PathCounts.Cells;
import io.github.countercheck.PathCounts.Sent;
import io.github.countercheck.docker.Layout;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.session.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/**
 * Each way that a packet can take through Docker's rules, with all that it makes them count and the source address that the
 * far end sees.
 *
 * <p>What is expected depends on the daemon: how its engine arranges rules ({@link Layout}), whether docker-proxy is on, and
 * whether bridges hand their own traffic to netfilter. All three are read from the daemon, so the test runs on any that has
 * a network namespace of its own and no other user ({@link TestDaemon}).
 * All counters are compared, so what is not named in an expectation must not have moved.
 */
@ContainerNetworkTest(await = "200ms")
class PathsIT {

    private static final Path TABLE = Path.of("target", "paths.md");
    private static final List<String> LINES = new ArrayList<>();

    /** The names that the expectations use: of the default bridge, of two networks and of one without a way out. */
    private static final String DEFAULT = "docker0";

    private static final String A = "A";
    private static final String B = "B";
    private static final String INNER = "inner";

    private static final boolean IPV6 = TestDaemon.hasIpv6();
    private static final Network networkA = TestDaemon.network("2001:db8:a::/64", false);
    private static final Network networkB = TestDaemon.network("2001:db8:b::/64", false);
    private static final Network networkInner = TestDaemon.network("2001:db8:c::/64", true);

    @Container
    static final GenericContainer<?> web = server(ExposedPort.tcp(80), ExposedPort.udp(80));

    @Container
    static final GenericContainer<?> web2 = server(ExposedPort.tcp(80)).withNetwork(networkA);

    @Container
    static final GenericContainer<?> client = server().withNetwork(networkA);

    @Container
    static final GenericContainer<?> web3 = server(ExposedPort.tcp(80)).withNetwork(networkB);

    @Container
    static final GenericContainer<?> inside = server().withNetwork(networkInner);

    private static TestDaemon daemon;
    private static Firewall firewall;
    private static Firewall.@Nullable Fault quietBridges;
    private static boolean proxy;
    private static PathCounts counts;

    /** Answers on ports 80 and 81, of which only the first is ever published, with the address that it was called from. */
    private static GenericContainer<?> server(ExposedPort... published) {
        return new GenericContainer<>(Image.TOOLBOX.reference())
                .withCommand("/bin/sh", "-c", """
                        serve() { socat "$1" 'SYSTEM:read -r request; echo "seen $SOCAT_PEERADDR"' & }
                        for port in 80 81; do
                          serve TCP6-LISTEN:$port,fork,reuseaddr,ipv6-v6only=1
                          serve UDP6-RECVFROM:$port,fork,ipv6-v6only=1
                          serve TCP4-LISTEN:$port,fork,reuseaddr
                          serve UDP4-RECVFROM:$port,fork
                        done
                        wait
                        """)
                .withCreateContainerCmdModifier(create -> create.withExposedPorts(published)
                        .getHostConfig()
                        .withPortBindings(Arrays.stream(published)
                                .map(port -> new PortBinding(Ports.Binding.empty(), port))
                                .toArray(PortBinding[]::new)))
                .waitingFor(Wait.forSuccessfulCommand("""
                        families=4; [ ! -s /proc/net/if_inet6 ] || families='4 6'
                        for family in $families; do
                          for file in tcp udp; do
                            for port in :0050 :0051; do
                              grep -q "$port " /proc/net/$file${family#4} || exit 1
                            done
                          done
                        done
                        """));
    }

    @BeforeAll
    static void open() {
        daemon = TestDaemon.open(web);
        firewall = daemon.firewall();
        proxy = daemon.proxy();
        // Else a bridge shows netfilter each container's search for its neighbours, which counts as traffic between
        // them.
        quietBridges = bridgeCalls(Family.IPV6, "0");
        counts = new PathCounts(
                Map.of(
                        web.getContainerId(), "web",
                        web2.getContainerId(), "web2",
                        client.getContainerId(), "client",
                        web3.getContainerId(), "web3",
                        inside.getContainerId(), "inside"),
                Map.of(networkA.getId(), A, networkB.getId(), B, networkInner.getId(), INNER, "bridge", DEFAULT));
    }

    @AfterAll
    static void close() throws IOException {
        if (quietBridges != null) {
            quietBridges.close();
        }
        if (daemon != null) {
            daemon.close();
        }
        networkA.close();
        networkB.close();
        networkInner.close();
        Files.createDirectories(TABLE.getParent());
        Files.writeString(
                TABLE,
                "| path | family | what was seen |\n|---|---|---|\n" + String.join("\n", LINES) + "\n\n"
                        + LINES.stream()
                                .filter(line -> line.contains("| does not apply: "))
                                .count() + " of "
                        + LINES.size() + " do not apply to this daemon.\n");
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void outsideToPublishedPort(Family family, Traffic traffic) {
        Layout layout = begin("1", family, traffic);

        Sent sent = counts.send(family, traffic, counts.peer(), web, t -> t.toPublishedPort(web, 80));

        sent.isAnsweredTo(counts.peerAddress(family));
        sent.counted(inbound(layout, DEFAULT, "web", sent).and(NAT_JUMP_PRE, 1).and(PORT_DNAT, "web 80/tcp", 1));
        end("1", family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void hostToPublishedPort(Family family, Traffic traffic) {
        String path = proxy ? "2" : "2b";
        begin(path, family, traffic);

        Sent sent = counts.send(
                family, traffic, null, web, t -> t.from(Vantage.HOST).toPublishedPort(web, 80));

        sent.isAnsweredTo(proxy ? counts.hostAddress(family) : PathCounts.gateway(web, family));
        Cells cells = Cells.none().and(NAT_JUMP_OUT, 1).and(PORT_DNAT, "web 80/tcp", 1);
        sent.counted(proxy ? cells : cells.and(HAIRPIN_HOST, DEFAULT, 1));
        end(path, family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void loopbackToPublishedPort(Family family, Traffic traffic) {
        String path = proxy ? "3" : "3b";
        begin(path, family, traffic);

        Sent sent = counts.send(
                family,
                traffic,
                null,
                web,
                t -> patient(t).from(Vantage.LOOPBACK).toPublishedPort(web, 80));

        if (!proxy && family == Family.IPV6) {
            // There is no route_localnet for IPv6: translated, masqueraded, and lost.
            sent.isUnanswered();
        } else {
            sent.isAnsweredTo(PathCounts.gateway(web, family));
        }
        sent.counted(
                proxy
                        ? Cells.none()
                        : Cells.none()
                                .and(NAT_JUMP_OUT, 1)
                                .and(PORT_DNAT, "web 80/tcp", 1)
                                .and(HAIRPIN_HOST, DEFAULT, 1));
        end(path, family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void containerToOutside(Family family, Traffic traffic) {
        Layout layout = begin("4", family, traffic);

        // The container's own segments are counted: what it receives is inward.
        Sent sent = counts.send(
                family, traffic, web.getContainerId(), web, t -> t.from(web).toOutside());

        sent.isAnsweredTo(counts.hostAddress(family));
        Cells cells = Cells.none().and(MASQUERADE, DEFAULT, 1).and(RETURN_TRAFFIC, DEFAULT, sent.in());
        sent.counted(
                layout == Layout.GN
                        ? cells.and(OUTBOUND_ACCEPT, DEFAULT, 1).and(OUTBOUND_ESTABLISHED, DEFAULT, sent.out() - 1)
                        : cells.and(OUTBOUND_ACCEPT, DEFAULT, sent.out()));
        end("4", family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void containerToItselfByPublishedPort(Family family, Traffic traffic) {
        String path = proxy ? "5" : "5b";
        Layout layout = begin(path, family, traffic);

        Sent sent = counts.send(
                family, traffic, web.getContainerId(), web, t -> t.from(web).toPublishedPort(web, 80));

        sent.isAnsweredTo(PathCounts.gateway(web, family));
        sent.counted(
                proxy
                        ? skipped(layout, DEFAULT)
                        // Both ends are in the container, so each of the flow's segments comes in once.
                        : withinBridge(layout, DEFAULT, sent.in() - 1)
                                .and(NAT_JUMP_PRE, 1)
                                .and(PORT_DNAT, "web 80/tcp", 1)
                                .and(HAIRPIN_SELF, "web 80/tcp", 1));
        end(path, family, sent);
    }

    @ParameterizedTest
    @CsvSource({"IPV4, 0", "IPV4, 1", "IPV6, 0", "IPV6, 1"})
    void neighbourByPublishedPort(Family family, String bridgeCalls, Traffic traffic) {
        boolean shown = bridgeCalls.equals("1");
        String path = proxy ? "6" : shown ? "6b" : "6c";
        Layout layout = begin(path, family, traffic);
        try (Firewall.Fault calls = bridgeCalls(family, bridgeCalls)) {
            assertThat(calls).isNotNull();
            Sent sent = counts.send(
                    family,
                    traffic,
                    client.getContainerId(),
                    web2,
                    t -> patient(t).from(client).toPublishedPort(web2, 80));

            Cells translated = Cells.none().and(NAT_JUMP_PRE, 1).and(PORT_DNAT, "web2 80/tcp", 1);
            if (proxy) {
                sent.isAnsweredTo(PathCounts.gateway(web2, family));
                sent.counted(skipped(layout, A));
            } else if (shown) {
                sent.isAnsweredTo(counts.address("client", family));
                countedWithinBridge(family, layout, sent, translated);
            } else {
                // The answer takes the short way over the bridge, where nobody translates it back.
                sent.isUnanswered();
                sent.counted(translated.and(iccRole(layout), A, sent.attempts()));
            }
            end(path, family, sent);
        }
    }

    @ParameterizedTest
    @CsvSource({"IPV4, 0", "IPV4, 1", "IPV6, 0", "IPV6, 1"})
    void neighbourByItsAddress(Family family, String bridgeCalls, Traffic traffic) {
        Layout layout = begin("7", family, traffic);
        try (Firewall.Fault calls = bridgeCalls(family, bridgeCalls)) {
            assertThat(calls).isNotNull();
            Sent sent = counts.send(
                    family,
                    traffic,
                    client.getContainerId(),
                    web2,
                    t -> t.from(client).to(counts.text("web2", family), 80));

            sent.isAnsweredTo(counts.address("client", family));
            if (bridgeCalls.equals("1")) {
                countedWithinBridge(family, layout, sent, Cells.none());
            } else {
                sent.counted(Cells.none());
            }
            end("7", family, sent);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void otherNetworksContainerByItsAddress(Family family, Traffic traffic) {
        Layout layout = begin(null, family, traffic);
        String path = layout == Layout.G1 ? "8" : "8b";

        Sent sent = counts.send(
                family,
                traffic,
                client.getContainerId(),
                web3,
                t -> patient(t).from(client).to(counts.text("web3", family), 80));

        sent.isDropped();
        sent.counted(
                layout == Layout.G1
                        ? Cells.none().and(ISOLATION_DROP, B, sent.attempts())
                        : Cells.none().and(DIRECT_ACCESS_DROP, "web3", sent.attempts()));
        end(path, family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void otherNetworksContainerByPublishedPort(Family family, Traffic traffic) {
        Layout layout = begin(null, family, traffic);
        String path = isEngine29(layout) ? "9c" : proxy ? "9" : "9b";

        Sent sent = counts.send(
                family,
                traffic,
                client.getContainerId(),
                web3,
                t -> patient(t).from(client).toPublishedPort(web3, 80));

        if (isEngine29(layout)) {
            sent.isAnsweredTo(PathCounts.gateway(web3, family));
            sent.counted(Cells.none()
                    .and(NAT_JUMP_PRE, 1)
                    .and(PORT_DNAT, "web3 80/tcp", 1)
                    .and(MASQUERADE, A, 1)
                    .and(PORT_ACCEPT, "web3 80/tcp", 1)
                    .and(RETURN_TRAFFIC, B, sent.in() - 1)
                    .and(RETURN_TRAFFIC, A, sent.out()));
        } else if (proxy) {
            sent.isAnsweredTo(PathCounts.gateway(web3, family));
            sent.counted(skipped(layout, A));
        } else {
            // Dropped before conntrack has confirmed the flow, so that each attempt is translated anew.
            sent.isDropped();
            sent.counted(Cells.none()
                    .and(NAT_JUMP_PRE, sent.attempts())
                    .and(PORT_DNAT, "web3 80/tcp", sent.attempts())
                    .and(ISOLATION_DROP, B, sent.attempts()));
        }
        end(path, family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void outsideToContainersAddress(Family family, Traffic traffic) {
        Layout layout = begin("10", family, traffic);

        Sent sent =
                counts.send(family, traffic, counts.peer(), web, t -> patient(t).to(counts.text("web", family), 80));

        if (layout == Layout.G1) {
            sent.isAnsweredTo(counts.peerAddress(family));
            sent.counted(inbound(layout, DEFAULT, "web", sent));
        } else {
            sent.isDropped();
            sent.counted(Cells.none().and(DIRECT_ACCESS_DROP, "web", sent.attempts()));
        }
        end("10", family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void outsideToUnpublishedPort(Family family, Traffic traffic) {
        Layout layout = begin("11", family, traffic);
        if (layout == Layout.G1) {
            applies(
                    "11",
                    family,
                    counts.forwardPolicy(family, traffic) == Policy.DROP,
                    "no rule of this engine stops it, and its FORWARD policy is not DROP");
        }

        Sent sent =
                counts.send(family, traffic, counts.peer(), web, t -> patient(t).to(counts.text("web", family), 81));

        sent.isDropped();
        sent.counted(
                layout == Layout.G1
                        ? Cells.none().andPolicy(Policy.DROP, sent.attempts())
                        : Cells.none().and(DIRECT_ACCESS_DROP, "web", sent.attempts()));
        end("11", family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void threeDatagramsOfOneFlow(Family family, Traffic traffic) {
        Layout layout = begin("12", family, traffic);

        Sent sent = counts.sendThreeDatagrams(family, traffic, web, 80);

        sent.isAnsweredTo(counts.peerAddress(family));
        sent.counted(Cells.none()
                .and(NAT_JUMP_PRE, 1)
                .and(PORT_DNAT, "web 80/udp", 1)
                .and(PORT_ACCEPT, "web 80/udp", 1)
                .and(RETURN_TRAFFIC, DEFAULT, 2)
                .and(layout == Layout.GN ? OUTBOUND_ESTABLISHED : OUTBOUND_ACCEPT, DEFAULT, 3));
        end("12", family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void hostToContainersAddress(Family family, Traffic traffic) {
        String path = proxy ? "13" : "13b";
        begin(path, family, traffic);

        Sent sent = counts.send(
                family, traffic, null, web, t -> t.from(Vantage.HOST).to(counts.text("web", family), 80));

        sent.isAnsweredTo(PathCounts.gateway(web, family));
        sent.isTracked();
        // The rule for the host's calls by published ports asks for no translation, so it meets these as well.
        sent.counted(proxy ? Cells.none() : Cells.none().and(HAIRPIN_HOST, DEFAULT, 1));
        end(path, family, sent);
    }

    @ParameterizedTest
    @EnumSource(names = {"IPV4", "IPV6"})
    void internalNetworkToOutside(Family family, Traffic traffic) {
        begin("internal", family, traffic);

        Sent sent = counts.send(
                family,
                traffic,
                inside.getContainerId(),
                null,
                t -> patient(t).from(inside).toOutside());

        if (counts.engine() < 25) {
            sent.isDropped();
            sent.counted(Cells.none().and(INTERNAL_OUT_DROP, INNER, sent.attempts()));
        } else {
            sent.neverLeft();
            sent.counted(Cells.none());
        }
        end("internal", family, sent);
    }

    /** What a new flow into a network counts in the filter table. */
    private static Cells inbound(Layout layout, String network, String server, Sent sent) {
        return Cells.none()
                .and(PORT_ACCEPT, server + " 80/tcp", 1)
                .and(RETURN_TRAFFIC, network, sent.in() - 1)
                .and(layout == Layout.GN ? OUTBOUND_ESTABLISHED : OUTBOUND_ACCEPT, network, sent.out());
    }

    /** What a flow from a bridge back to the same bridge counts in the filter table. */
    private static Cells withinBridge(Layout layout, String network, long furtherPackets) {
        return Cells.none().and(iccRole(layout), network, 1).and(RETURN_TRAFFIC, network, furtherPackets);
    }

    private static void countedWithinBridge(Family family, Layout layout, Sent sent, Cells translated) {
        Cells cells = translated.and(withinBridge(layout, A, sent.in() + sent.out() - 1));
        if (family == Family.IPV6) {
            sent.countedAmongNeighbours(cells, iccRole(layout), A);
        } else {
            sent.counted(cells);
        }
    }

    private static RuleRole iccRole(Layout layout) {
        return layout == Layout.G3 || layout == Layout.G4 ? OUTBOUND_ACCEPT : ICC_ACCEPT;
    }

    /** What a flow that is left to docker-proxy counts, although it meets the jump to the translations. */
    private static Cells skipped(Layout layout, String network) {
        Cells cells = Cells.none().and(NAT_JUMP_PRE, 1);
        return isEngine29(layout) ? cells : cells.and(SKIP_DNAT, network, 1);
    }

    private static boolean isEngine29(Layout layout) {
        return layout == Layout.G4 || layout == Layout.GN;
    }

    /** Lets a dropped connection send its first packet twice. */
    private static Traffic patient(Traffic traffic) {
        return traffic.limits(Duration.ofMillis(1_500), Duration.ofSeconds(2), Duration.ofSeconds(10));
    }

    /** Sets whether bridges show netfilter what stays within them. */
    private static Firewall.Fault bridgeCalls(Family family, String value) {
        return firewall.set(
                "/proc/sys/net/bridge/bridge-nf-call-" + (family == Family.IPV6 ? "ip6tables" : "iptables"), value);
    }

    private static Layout begin(@Nullable String path, Family family, Traffic traffic) {
        Layout layout = counts.layout(family, traffic);
        String row = path == null ? "8, 9" : path;
        applies(row, family, layout != Layout.NONE, "the daemon has no " + family + " rules");
        // Engine 27 and newer write some of them even where no network has such addresses.
        applies(row, family, family != Family.IPV6 || IPV6, "the daemon's networks have no IPv6 addresses");
        return layout;
    }

    private static void applies(String path, Family family, boolean applies, String otherwise) {
        if (!applies) {
            LINES.add("| " + path + " | " + family + " | does not apply: " + otherwise + " |");
        }
        assumeTrue(applies, otherwise);
    }

    private static void end(String path, Family family, Sent sent) {
        LINES.add("| " + path + " | " + family + " | " + sent + " |");
    }
}
