// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import static io.github.countercheck.NetworkAssertions.UDP;
import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.times;
import static io.github.countercheck.TestWeb.address;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.Firewall;
import io.github.countercheck.Flow;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import io.github.countercheck.Vantage;
import io.github.countercheck.session.Image;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/** Each outcome really provoked, each vantage really used. */
@ContainerNetworkTest(await = "200ms")
class TrafficIT {

    private static final int ECHO = 9053;
    private static final int SILENT = 9054;
    private static final int CLOSED = 9055;

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> server = new GenericContainer<>(Image.TOOLBOX.reference())
            .withCommand(
                    "/bin/sh",
                    "-c",
                    "socat TCP4-LISTEN:9053,fork,reuseaddr EXEC:cat & socat -u UDP4-RECV:9054 OPEN:/dev/null &"
                            + " socat -u TCP4-LISTEN:9054,fork,reuseaddr OPEN:/dev/null &"
                            + " exec socat -b65535 UDP4-RECVFROM:9053,fork EXEC:cat")
            .withCreateContainerCmdModifier(create -> create.withExposedPorts(ports())
                    .getHostConfig()
                    .withPortBindings(Arrays.stream(ports())
                            .map(port -> new PortBinding(Ports.Binding.empty(), port))
                            .toArray(PortBinding[]::new)))
            .waitingFor(Wait.forSuccessfulCommand(
                    "grep -qi :235D /proc/net/udp && grep -qi :235D /proc/net/tcp && grep -qi :235E /proc/net/udp"
                            + " && grep -qi :235E /proc/net/tcp"));

    @Container
    static final GenericContainer<?> routeless = TestWeb.container()
            .withCreateContainerCmdModifier(create -> create.getHostConfig().withCapAdd(Capability.NET_ADMIN));

    @Container
    static final GenericContainer<?> toolLess = new GenericContainer<>(Image.TOOL_LESS.reference())
            .withExposedPorts(80)
            .waitingFor(Wait.forHttp("/"));

    private static Firewall firewall;

    private static ExposedPort[] ports() {
        return new ExposedPort[] {
            ExposedPort.tcp(ECHO),
            ExposedPort.udp(ECHO),
            ExposedPort.tcp(SILENT),
            ExposedPort.udp(SILENT),
            ExposedPort.tcp(CLOSED),
            ExposedPort.udp(CLOSED)
        };
    }

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        firewall = Firewall.open();
        // The kernel sends only a few ICMP errors a second to one address; the rejections here are more.
        firewall.run("/bin/sh", "-c", "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit");
        assertThat(routeless.execInContainer("ip", "route", "del", "default").getExitCode())
                .isZero();
    }

    @AfterAll
    static void close() {
        if (firewall != null) {
            firewall.run("/bin/sh", "-c", "echo 1000 >/proc/sys/net/ipv4/icmp_ratelimit");
            firewall.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void isAnswered(String transport, Traffic traffic) {
        Flow flow = shaped(traffic, transport).payload("ping").toPublishedPort(server, ECHO);

        assertThat(flow.outcome()).as(flow::toString).isEqualTo(Outcome.ANSWERED);
        assertThat(flow.reply()).isEqualTo("ping");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void closedPortRefuses(String transport, Traffic traffic) {
        Flow flow = shaped(traffic, transport).payload("x").toPublishedPort(server, CLOSED);

        assertThat(flow.outcome()).as(flow.probes()::toString).isEqualTo(Outcome.REFUSED);
    }

    /** What a rule answers in the container's place. */
    @ParameterizedTest
    @CsvSource({
        "tcp, icmp-host-unreachable, UNREACHABLE",
        "udp, icmp-host-unreachable, UNREACHABLE",
        "tcp, icmp-net-unreachable, UNREACHABLE",
        "udp, icmp-net-unreachable, UNREACHABLE",
        "tcp, icmp-port-unreachable, REFUSED",
        "udp, icmp-port-unreachable, REFUSED",
        "tcp, tcp-reset, REFUSED",
        "tcp, icmp-admin-prohibited, UNREACHABLE",
        "udp, icmp-admin-prohibited, UNREACHABLE"
    })
    void rejectionIsToldFromSilence(String transport, String with, Outcome outcome, Traffic traffic) {
        try (Firewall.Fault fault = firewall.insert(
                "filter",
                "DOCKER-USER",
                "-p " + transport + " -d " + address(server) + " -j REJECT --reject-with " + with)) {
            assertThat(fault).isNotNull();

            Flow flow = shaped(traffic, transport).payload("x").toPublishedPort(server, ECHO);

            assertThat(flow.outcome()).as(flow.probes()::toString).isEqualTo(outcome);
        }
    }

    @Test
    void connectionThatBreaksIsReset(Traffic traffic) {
        try (Firewall.Fault fault = firewall.insert(
                "filter",
                "DOCKER-USER",
                "-p tcp -d " + address(server) + " --tcp-flags PSH PSH -j REJECT --reject-with tcp-reset")) {
            assertThat(fault).isNotNull();

            Flow flow = traffic.payload("x").toPublishedPort(server, ECHO);

            assertThat(flow.outcome()).as(flow.probes()::toString).isEqualTo(Outcome.RESET);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void droppedPacketsTimeOut(String transport, Traffic traffic) {
        try (Firewall.Fault fault = firewall.insert("filter", "DOCKER-USER", "-d " + address(server) + " -j DROP")) {
            assertThat(fault).isNotNull();

            Flow flow = shaped(traffic, transport)
                    .payload("x")
                    .limits(Duration.ofMillis(300), Duration.ofMillis(300), Duration.ofSeconds(5))
                    .toPublishedPort(server, ECHO);

            assertThat(flow.outcome()).as(flow.probes()::toString).isEqualTo(Outcome.TIMED_OUT);
            assertThat(flow.probes().get(0).elapsed()).isBetween(Duration.ofMillis(250), Duration.ofMillis(1_500));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void withoutRouteNothingIsSent(String transport, Traffic traffic) {
        Flow flow = shaped(traffic, transport).payload("x").from(routeless).toOutside();

        assertThat(flow.outcome()).as(flow.probes()::toString).isEqualTo(Outcome.NOT_SENT);
        assertThat(flow.wasSent()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"unreachable", "prohibit", "blackhole"})
    void withARouteThatLeadsNowhereNothingIsSent(String kind, Traffic traffic) throws Exception {
        assertThat(routeless
                        .execInContainer("ip", "route", "add", kind, "default")
                        .getExitCode())
                .isZero();
        try {
            Flow flow = traffic.from(routeless).toOutside();

            assertThat(flow.outcome()).as(flow.probes()::toString).isEqualTo(Outcome.NOT_SENT);
        } finally {
            routeless.execInContainer("ip", "route", "del", kind, "default");
        }
    }

    @Test
    void silentServerKeepsTheRequestLimit(Traffic traffic) {
        Flow flow = traffic.udp()
                .payload("x")
                .limits(Duration.ofSeconds(5), Duration.ofMillis(300), Duration.ofSeconds(9))
                .toPublishedPort(server, SILENT);

        assertThat(flow.outcome()).isEqualTo(Outcome.TIMED_OUT);
        assertThat(flow.probes().get(0).elapsed()).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void totalLimitEndsTheSenderAndTheNextProbeWorks(Traffic traffic) {
        assertThatThrownBy(() -> traffic.udp()
                        .payload("x")
                        .limits(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofMillis(300))
                        .toPublishedPort(server, SILENT))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("took longer than 300 ms");

        assertThat(traffic.toPublishedPort(web, 80).answered()).isTrue();
    }

    @Test
    void everyProbeIsAFlowOfItsOwn(Traffic traffic) {
        Flow flow = traffic.udp().times(100).payload("x").toPublishedPort(server, ECHO);

        assertThat(flow.count(Outcome.ANSWERED)).isEqualTo(100);
        assertThat(flow.probes()).extracting(Probe::tuple).doesNotHaveDuplicates();
        assertDnatHit(server, ECHO, UDP, times(100));
    }

    @Test
    void vantagesHaveAddressesOfTheirOwn(Traffic traffic) {
        Tuple outside = tuple(traffic.toPublishedPort(web, 80));
        Tuple host = tuple(traffic.from(Vantage.HOST).toPublishedPort(web, 80));
        Tuple loopback = tuple(traffic.from(Vantage.LOOPBACK).toPublishedPort(web, 80));
        Tuple container = tuple(traffic.from(web).toOutside());

        assertThat(outside.source()).isNotEqualTo(outside.destination());
        assertThat(host.source()).isEqualTo(host.destination()).isEqualTo(outside.destination());
        assertThat(loopback.source().isLoopbackAddress()).isTrue();
        assertThat(loopback.destination().isLoopbackAddress()).isTrue();
        assertThat(container.source().getHostAddress()).isEqualTo(address(web));
        assertThat(container.destination()).isEqualTo(outside.source());
    }

    @Test
    void senderNeedsNoTool(Traffic traffic) {
        Flow flow = traffic.times(2).from(toolLess).toOutside();

        assertThat(flow.answered()).as(flow::toString).isTrue();
        assertMasqueraded(toolLess, times(2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void peerSaysWhichSourceItSaw(String transport, Traffic traffic) {
        Flow masqueraded = shaped(traffic, transport).from(web).toOutside();
        InetAddress host = tuple(traffic.toPublishedPort(web, 80)).destination();
        assertThat(masqueraded.sourceSeen()).contains(host);

        try (Firewall.Fault fault = firewall.insert("nat", "POSTROUTING", "-s " + address(web) + " -j ACCEPT")) {
            assertThat(fault).isNotNull();
            Flow plain = shaped(traffic, transport).from(web).toOutside();
            assertThat(plain.sourceSeen()).contains(tuple(plain).source());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void payloadArrivesUnharmed(String transport, Traffic traffic) {
        for (String payload : new String[] {
            "two words  and   more",
            "'single' \"double\" `id`",
            "line\nline\n",
            "\n\n",
            "carriage\r\nreturn",
            "$(id) ${HOME} $? $$ *",
            "back\\slash \\n \\0 \\\\",
            "semi; colon, comma: !! & | > < ? [a] {b} (c) ~ # %s %d",
            "-n -e --",
            "\u00fcml\u00e4ut \u20ac \u6f22\u5b57 \uD83D\uDC33"
        }) {
            Flow flow = shaped(traffic, transport).payload(payload).toPublishedPort(server, ECHO);

            assertThat(flow.reply()).as(flow::toString).isEqualTo(payload);
        }
    }

    @Test
    void datagramOfManyBytesArrivesWhole(Traffic traffic) {
        String payload =
                IntStream.range(0, 240).mapToObj(i -> String.format("%04d ", i)).collect(Collectors.joining());

        assertThat(traffic.udp().payload(payload).toPublishedPort(server, ECHO).reply())
                .isEqualTo(payload);
    }

    @Test
    void emptyDatagramIsRefusedRatherThanTakenForSent(Traffic traffic) {
        assertThatThrownBy(() -> traffic.udp().payload("").toPublishedPort(server, ECHO))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("would send nothing");
    }

    @Test
    void httpAsksForThePath(Traffic traffic) {
        assertThat(traffic.http("/index.html").toPublishedPort(web, 80).reply())
                .startsWith("HTTP/1.")
                .contains("200 OK")
                .endsWith("hello\n");
        assertThat(traffic.http("/missing").toPublishedPort(web, 80).reply()).contains("404");
        assertThatThrownBy(() -> traffic.http("/a b")).isInstanceOf(IllegalArgumentException.class);
    }

    private static Traffic shaped(Traffic traffic, String transport) {
        return transport.equals("udp") ? traffic.udp() : traffic.tcp();
    }

    private static Tuple tuple(Flow flow) {
        return flow.probes().get(0).tuple();
    }
}
