// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.countercheck.await.Patience;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.LocalNetns;
import io.github.countercheck.netns.Netns;
import io.github.countercheck.netns.OnPath;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.ConntrackAnswer.Absent;
import io.github.countercheck.traffic.ConntrackAnswer.Found;
import io.github.countercheck.traffic.ConntrackAnswer.Unreadable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernel's own answers, in a network namespace of this test's own that no packet leaves. */
class ConntrackIT {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    /** Port 80 answers, port 81 is translated to it, port 82 to an address that never answers, port 83 to nobody. */
    private static final String WORLD = """
            for address in 192.0.2.1/32 192.0.2.2/32 2001:db8::1/128 2001:db8::2/128; do
              ip addr add $address dev lo || exit 1
            done
            ip link set lo up && ip link add nowhere type veth peer name nobody || exit 1
            ip link set nowhere up && ip link set nobody up || exit 1
            ip route add 198.51.100.0/24 dev nowhere && ip neigh add 198.51.100.9 lladdr 02:00:00:00:00:09 dev nowhere
            nft -f - <<EOF || exit 1
            table inet test {
              chain output {
                type nat hook output priority -100
                ip daddr 192.0.2.1 meta l4proto { tcp, udp } th dport 81 dnat ip to 192.0.2.2:80
                ip6 daddr 2001:db8::1 meta l4proto { tcp, udp } th dport 81 dnat ip6 to [2001:db8::2]:80
                ip daddr 192.0.2.1 tcp dport 82 dnat ip to 198.51.100.9:80
                ip daddr 192.0.2.1 tcp dport 83 dnat ip to 192.0.2.2:9
              }
            }
            EOF
            for listener in TCP4-LISTEN:80 TCP6-LISTEN:80,ipv6only \\
                UDP4-RECVFROM:80,bind=192.0.2.2 UDP6-RECVFROM:80,bind=[2001:db8::2]; do
              socat $listener,fork,reuseaddr EXEC:cat >/dev/null 2>&1 &
            done
            echo ready
            read -r end
            """;

    private static Process world;
    private static Netns netns;
    private static Place place;

    @TempDir
    static Path directory;

    @BeforeAll
    static void open() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "a network namespace of one's own needs root");
        // With its shell, the first of a process namespace too, everything ends that it has started.
        world = new ProcessBuilder("unshare", "-n", "-p", "-f", "--kill-child", "/bin/sh", "-c", WORLD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(world.inputReader().readLine()).isEqualTo("ready");
        netns = new LocalNetns(world.pid());
        place = new Place(netns, List.of(Cidr.parseAddress("192.0.2.1")));
        String sockets = Patience.look(
                LIMIT,
                () -> netns.run(Command.of("ss", "-Htuln", "sport = :80"), LIMIT)
                        .output(),
                text -> text.lines().count() == 4);
        assertThat(sockets.lines()).hasSize(4);
    }

    @AfterAll
    static void close() throws IOException {
        if (world != null) {
            netns.close();
            world.getOutputStream().close();
        }
    }

    /** Where there is no tool, or the kernel's netlink interface is missing, /proc tells the same. */
    static Stream<Named<Conntrack>> readers() throws IOException {
        return Stream.of(
                Named.of("conntrack -G", new Conntrack(netns)),
                Named.of("/proc/net/nf_conntrack", new Conntrack(withTools("grep"))));
    }

    /** The same namespace, entered by somebody who has these tools only. */
    private static Netns withTools(String... tools) throws IOException {
        Path bin = Files.createTempDirectory(directory, "bin");
        for (String tool : tools) {
            Files.copy(Path.of("/usr/bin", tool), bin.resolve(tool), StandardCopyOption.COPY_ATTRIBUTES);
        }
        return new OnPath(netns, bin.toString());
    }

    @ParameterizedTest
    @MethodSource("readers")
    void knowsWhereATranslatedFlowWent(Conntrack conntrack) {
        for (Transport transport : List.of(Transport.TCP, Transport.UDP)) {
            Probe probe = send(transport, 81);

            assertThat(probe.outcome()).isEqualTo(Outcome.ANSWERED);
            assertThat(conntrack.find(probe.tuple())).isInstanceOfSatisfying(Found.class, found -> {
                assertThat(found.known().isDnat()).isTrue();
                assertThat(found.known().isSnat()).isFalse();
                assertThat(found.known().unreplied()).isFalse();
                assertThat(found.known().translatedTo())
                        .isEqualTo(new InetSocketAddress(Cidr.parseAddress("192.0.2.2"), 80));
            });
        }
    }

    @ParameterizedTest
    @MethodSource("readers")
    void knowsAFlowThatIsNotTranslated(Conntrack conntrack) {
        Probe probe = send(Transport.TCP, 80);

        assertThat(conntrack.find(probe.tuple())).isInstanceOfSatisfying(Found.class, found -> {
            assertThat(found.known().isDnat()).isFalse();
            assertThat(found.known().assured()).isTrue();
        });
    }

    @ParameterizedTest
    @MethodSource("readers")
    void knowsIpv6(Conntrack conntrack) {
        for (Transport transport : List.of(Transport.TCP, Transport.UDP)) {
            Tuple tuple = new Tuple(
                    transport,
                    Cidr.parseAddress("2001:db8::1"),
                    place.freshPort(),
                    Cidr.parseAddress("2001:db8::1"),
                    81);
            String to = transport.name() + "6:[2001:db8::1]:81,sourceport=" + tuple.sourcePort();
            CommandResult echo = netns.run(Command.of("socat", "-t0.5", "-", to).withInput("x"), LIMIT);

            assertThat(echo.output()).as(echo::toString).isEqualTo("x");
            assertThat(conntrack.find(tuple))
                    .isInstanceOfSatisfying(
                            Found.class,
                            found -> assertThat(found.known().translatedTo())
                                    .isEqualTo(new InetSocketAddress(Cidr.parseAddress("2001:db8::2"), 80)));
        }
    }

    @ParameterizedTest
    @MethodSource("readers")
    void knowsThatNobodyAnswered(Conntrack conntrack) {
        Probe probe = send(Transport.TCP, 82);

        assertThat(probe.outcome()).isEqualTo(Outcome.TIMED_OUT);
        assertThat(conntrack.find(probe.tuple())).isInstanceOfSatisfying(Found.class, found -> {
            assertThat(found.known().unreplied()).isTrue();
            assertThat(found.known().state()).isEqualTo("SYN_SENT");
        });
    }

    /** The kernel forgets a connection at once whose first answer is a reset. */
    @ParameterizedTest
    @MethodSource("readers")
    void hasNoEntryOfARefusedConnection(Conntrack conntrack) {
        Probe probe = send(Transport.TCP, 83);

        assertThat(probe.outcome()).isEqualTo(Outcome.REFUSED);
        assertThat(conntrack.find(probe.tuple())).isEqualTo(new Absent());
    }

    @ParameterizedTest
    @MethodSource("readers")
    void doesNotTakeTheReplyForAFlow(Conntrack conntrack) {
        Tuple sent = send(Transport.TCP, 81).tuple();
        Tuple reply = new Tuple(
                sent.transport(),
                Cidr.parseAddress("192.0.2.2"),
                80,
                Cidr.parseAddress("192.0.2.1"),
                sent.sourcePort());

        assertThat(conntrack.find(reply)).isEqualTo(new Absent());
    }

    @Test
    void saysWhenItCannotBeAsked() throws IOException {
        Probe probe = send(Transport.TCP, 81);
        Conntrack conntrack = new Conntrack(withTools());

        for (int i = 0; i < 2; i++) {
            assertThat(conntrack.find(probe.tuple()))
                    .isInstanceOf(Unreadable.class)
                    .asString()
                    .startsWith("conntrack cannot be read: ")
                    .contains("conntrack", "grep", netns.description());
        }
        assertThat(conntrack.find(probe.tuple()).entry()).isEmpty();
    }

    @Test
    void saysWhenTheShellIsGone() {
        Netns closed = new LocalNetns(world.pid());
        closed.close();

        assertThat(new Conntrack(closed).find(send(Transport.TCP, 81).tuple()))
                .isInstanceOfSatisfying(
                        Unreadable.class, answer -> assertThat(answer.reason()).contains("closed"));
    }

    private static Probe send(Transport transport, int port) {
        Limits limits = new Limits(Duration.ofMillis(300), Duration.ofMillis(500), LIMIT);
        return Prober.send(place, transport, Cidr.parseAddress("192.0.2.1"), port, "x", limits, tuple -> {});
    }
}
