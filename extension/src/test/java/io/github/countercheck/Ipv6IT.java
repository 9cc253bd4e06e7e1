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
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.session.Image;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/** The same claims over IPv6, on a daemon that writes IPv6 rules: {@code ci/with-docker --config ci/daemon-ipv6.json}. */
@ContainerNetworkTest(await = "200ms")
class Ipv6IT {

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
    static void close() {
        IPV4_ONLY.close();
        if (firewall != null) {
            firewall.close();
        }
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
}
