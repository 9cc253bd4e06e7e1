// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.UDP;
import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertNotMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertOutboundAccepted;
import static io.github.countercheck.NetworkAssertions.assertPolicy;
import static io.github.countercheck.NetworkAssertions.assertReturnTrafficAccepted;
import static io.github.countercheck.NetworkAssertions.assertRuleHit;
import static io.github.countercheck.NetworkAssertions.subnet6Of;
import static io.github.countercheck.NetworkAssertions.subnetOf;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.session.Image;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/** The same claims over IPv6, on a daemon that writes IPv6 rules: {@code ci/with-docker --config ci/daemon-ipv6.json}. */
@ContainerNetworkTest(await = "200ms")
class Ipv6IT {

    private static final List<String> LINES = new ArrayList<>();
    private static final Network IPV4_ONLY = Network.newNetwork();

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> ipv4Only = TestWeb.container().withNetwork(IPV4_ONLY);

    @Container
    static final GenericContainer<?> echo = new GenericContainer<>(Image.TOOLBOX.reference())
            .withCommand("socat", "UDP6-RECVFROM:9053,fork", "EXEC:cat")
            .withCreateContainerCmdModifier(create -> create.withExposedPorts(ExposedPort.udp(9053))
                    .getHostConfig()
                    .withPortBindings(new PortBinding(Ports.Binding.empty(), ExposedPort.udp(9053))))
            .waitingFor(Wait.forSuccessfulCommand("grep -qi :235D /proc/net/udp6"));

    private static Firewall firewall;

    @BeforeAll
    static void open() {
        firewall = Firewall.open().ipv6();
        assumeTrue(
                firewall.run("ip6tables-save", "-t", "nat").contains("-j MASQUERADE"),
                "the daemon writes no IPv6 rules; run with ci/with-docker --config ci/daemon-ipv6.json");
    }

    @AfterAll
    static void write() throws IOException {
        IPV4_ONLY.close();
        if (firewall != null) {
            firewall.close();
        }
        Mutant.write(Path.of("target", "mutants-ipv6.md"), LINES);
    }

    @Test
    void publishedTcpPort(Traffic traffic) {
        Flow flow = traffic.ipv6().times(3).toPublishedPort(web, 80);

        assertThat(flow.answered()).as(flow::toString).isTrue();
        assertThat(flow.toString()).contains("-> [2001:db8:");
        assertDnatHit(web, 80, times(3));
        assertDnatHit(flow, web, 80);
        assertForwardAccepted(web, 80, times(3));
        assertReturnTrafficAccepted(web);
    }

    @Test
    void publishedUdpPort(Traffic traffic) {
        Flow flow = traffic.ipv6().udp().payload("six").times(2).toPublishedPort(echo, 9053);

        assertThat(flow.reply()).isEqualTo("six");
        assertDnatHit(echo, 9053, UDP, times(2));
        assertForwardAccepted(echo, 9053, UDP, times(2));
    }

    @Test
    void outboundIsMasqueraded(Traffic traffic) {
        Flow tcp = traffic.ipv6().from(web).toOutside();
        Flow udp = traffic.ipv6().udp().from(web).toOutside();

        assertThat(tcp.answered() && udp.answered()).as(tcp + ", " + udp).isTrue();
        assertThat(tcp.sourceSeen()).isEqualTo(udp.sourceSeen()).isPresent();
        assertThat(Cidr.format(tcp.sourceSeen().orElseThrow())).startsWith("2001:db8:198:18:");
        assertMasqueraded(web, times(2));
        assertMasqueraded(subnet6Of(web));
        assertMasqueraded(tcp, web);
        assertOutboundAccepted(web);
        assertReturnTrafficAccepted(web);
    }

    @Test
    void familiesCountApart(Traffic traffic) {
        Flow four = traffic.toPublishedPort(web, 80);
        Flow six = traffic.ipv6().times(2).toPublishedPort(web, 80);
        traffic.from(web).toOutside();

        assertDnatHit(four, web, 80, times(1));
        assertDnatHit(six, web, 80, times(2));
        assertDnatHit(web, 80, times(3));
        assertMasqueraded(subnetOf(web));
        assertNotMasqueraded(subnet6Of(web));
    }

    @Test
    void hostsOwnTrafficIsTranslatedInOutput(Traffic traffic) {
        Flow flow = traffic.ipv6().from(Vantage.HOST).toPublishedPort(web, 80);

        assertThat(flow.answered()).as(flow::toString).isTrue();
        assertDnatHit(flow, web, 80);
    }

    @Test
    void rulesAndPoliciesOfIpv6(Traffic traffic) {
        traffic.ipv6().from(web).toOutside();

        assertRuleHit(Family.IPV6, "nat", "POSTROUTING", "-s " + subnet6Of(web) + " ! -o docker0 -j MASQUERADE");
        assertPolicy(Family.IPV6, "filter", "FORWARD", Policy.DROP);
        assertThatExceptionOfType(AssertionFailedError.class)
                .isThrownBy(() -> assertPolicy(Family.IPV6, "filter", "FORWARD", Policy.ACCEPT))
                .withMessageContaining("policy of ip6tables filter/FORWARD is not ACCEPT")
                .withMessageContaining("`ip6tables -t filter -S FORWARD`");
    }

    /** Engine 20.10 lists a binding of {@code ::} for it all the same, and docker-proxy listens there. */
    @Test
    void containerWithoutIpv6HasNoRuleThere(Traffic traffic) {
        Flow flow = traffic.ipv6().toPublishedPort(ipv4Only, 80);

        assertThat(flow.answered()).as(flow::toString).isTrue();
        assertThatExceptionOfType(AssertionFailedError.class)
                .isThrownBy(() -> assertDnatHit(ipv4Only, 80))
                .withMessageContaining("NO_RULE")
                .withMessageContaining("docker-proxy answered");
        assertThatExceptionOfType(CountercheckException.class)
                .isThrownBy(() -> traffic.ipv6().from(ipv4Only).toOutside())
                .withMessageContaining("nothing can be sent over IPv6 from the network of container")
                .withMessageContaining("which has no IPv6 address");
    }

    static Stream<Mutant> mutants() {
        return Stream.of(inbound(), inboundUdp(), outbound()).flatMap(rows -> rows);
    }

    private static Stream<Mutant> inbound() {
        Mutant.Claim dnat = new Mutant.Claim(
                "assertDnatHit",
                t -> quick(t).times(3).toPublishedPort(web, 80),
                () -> assertDnatHit(web, 80, times(3)));
        Mutant.Claim forward = new Mutant.Claim(
                "assertForwardAccepted",
                t -> quick(t).times(3).toPublishedPort(web, 80),
                () -> assertForwardAccepted(web, 80, times(3)));
        return Stream.of(
                dnat.fault(
                        "DNAT rule deleted",
                        fw -> fw.delete("nat", "DOCKER", "--to-destination [" + address(web) + "]:80"),
                        Cause.NO_RULE,
                        "there is no such rule",
                        "[" + address(web) + "] port 80/tcp; what was answered all the same, docker-proxy answered"),
                dnat.fault(
                        "DNAT shadowed by RETURN",
                        fw -> fw.insert(
                                "nat", "DOCKER", "-p tcp -m tcp --dport " + web.getMappedPort(80) + " -j RETURN"),
                        Cause.RULE_SHADOWED,
                        "ip6tables nat/DOCKER  -A DOCKER -p tcp",
                        "counted +3"),
                dnat.check("wrong times", () -> assertDnatHit(web, 80, times(4)), Cause.RULE_NOT_HIT, "only 3 met it"),
                dnat.traffic(
                        "sent over IPv4",
                        t -> t.ipv4().times(2).toPublishedPort(web, 80),
                        Cause.RULE_NOT_HIT,
                        "only 2 met it"),
                dnat.traffic(
                        "proxy path: sent to loopback",
                        t -> t.ipv6().from(Vantage.LOOPBACK).toPublishedPort(web, 80),
                        Cause.PROXY_PATH,
                        "[::1]:",
                        "! -d ::1/128",
                        "docker-proxy answered instead"),
                dnat.proved(
                        "ip6tables -Z",
                        fw -> fw.zero("nat"),
                        t -> quick(t).times(3).toPublishedPort(web, 80)),
                forward.fault(
                        "DROP in FORWARD",
                        fw -> fw.insert(
                                "filter", "FORWARD", "-d " + address(web) + " -p tcp -m tcp --dport 80 -j DROP"),
                        Cause.DROPPED_LATER,
                        "ip6tables filter/FORWARD  -A FORWARD -d " + address(web) + "/128",
                        "dropped 3 packets"),
                forward.fault(
                        "jump to the accept rules gone, policy DROP",
                        fw -> fw.delete("filter", "FORWARD", "-o docker0 -j DOCKER"),
                        Cause.DROPPED_LATER,
                        "the policy DROP of ip6tables filter/FORWARD dropped 3 packets"),
                forward.fault(
                        "forwarding switched off",
                        Firewall::noForwarding,
                        Cause.DROPPED_LATER,
                        "net.ipv6.conf.all.forwarding"),
                forward.proved(
                        "ip6tables -Z",
                        fw -> fw.zero("filter"),
                        t -> quick(t).times(3).toPublishedPort(web, 80)));
    }

    private static Stream<Mutant> inboundUdp() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertDnatHit(udp)",
                t -> quick(t).udp().times(2).toPublishedPort(echo, 9053),
                () -> assertDnatHit(echo, 9053, UDP, times(2)));
        return Stream.of(
                claim.fault(
                        "DNAT rule deleted",
                        fw -> fw.delete("nat", "DOCKER", "--to-destination [" + address(echo) + "]:9053"),
                        Cause.NO_RULE,
                        "9053/udp"),
                claim.check(
                        "wrong times", () -> assertDnatHit(echo, 9053, UDP, times(3)), Cause.RULE_NOT_HIT, "only 2"));
    }

    private static Stream<Mutant> outbound() {
        Mutant.Claim masquerade = new Mutant.Claim(
                "assertMasqueraded",
                t -> quick(t).times(3).from(web).toOutside(),
                () -> assertMasqueraded(web, times(3)));
        Mutant.Claim returned = new Mutant.Claim(
                "assertReturnTrafficAccepted",
                t -> quick(t).times(3).from(web).toOutside(),
                () -> assertReturnTrafficAccepted(web));
        Mutant.Claim outbound = new Mutant.Claim(
                "assertOutboundAccepted", t -> quick(t).from(web).toOutside(), () -> assertOutboundAccepted(web));
        return Stream.of(
                masquerade.fault(
                        "masquerade rule deleted",
                        fw -> fw.delete("nat", "POSTROUTING", "! -o docker0 -j MASQUERADE"),
                        Cause.NO_RULE,
                        "gives flows from",
                        "the peer saw the container's own address, " + address(web)),
                masquerade.fault(
                        "masquerade shadowed by ACCEPT",
                        fw -> fw.insert("nat", "POSTROUTING", "-s " + address(web) + " -j ACCEPT"),
                        Cause.RULE_SHADOWED,
                        "ip6tables nat/POSTROUTING",
                        "-j ACCEPT  stands before it"),
                masquerade.check(
                        "wrong times", () -> assertMasqueraded(web, times(4)), Cause.RULE_NOT_HIT, "only 3 met it"),
                returned.fault(
                        "rule deleted",
                        fw -> fw.delete(
                                "filter", "FORWARD", "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"),
                        Cause.NO_RULE,
                        "accepts it"),
                outbound.fault(
                        "DROP in FORWARD for outbound",
                        fw -> fw.insert("filter", "FORWARD", "-s " + address(web) + " -j DROP"),
                        Cause.DROPPED_LATER,
                        "ip6tables filter/FORWARD",
                        "-j DROP  dropped "));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mutants")
    void isNoticed(Mutant mutant, Traffic traffic) {
        LINES.add(mutant.mustBeNoticed(traffic, firewall, Map.of()));
    }

    private static Traffic quick(Traffic traffic) {
        return traffic.ipv6().limits(Duration.ofMillis(300), Duration.ofMillis(500), Duration.ofSeconds(5));
    }

    private static String address(GenericContainer<?> container) {
        return container
                .getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .get("bridge")
                .getGlobalIPv6Address();
    }
}
