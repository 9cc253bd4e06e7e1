// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertPath;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.netns.OwnTable;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.session.Image;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import io.github.countercheck.walk.PacketWalk.Fate;
import io.github.countercheck.walk.PacketWalk.Origin;
import io.github.countercheck.walk.PacketWalk.Step;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/** The kernel's own report of what probes met, with faults in the daemon's real firewall. */
@ContainerNetworkTest(await = "200ms")
class TracedPathIT {

    private static final Duration SHORT = Duration.ofMillis(1500);
    private static final Network NETWORK = Network.newNetwork();

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> onNetwork = TestWeb.container().withNetwork(NETWORK);

    @Container
    static final GenericContainer<?> echo = new GenericContainer<>(Image.TOOLBOX.reference())
            .withCommand("socat", "UDP4-RECVFROM:9053,fork", "EXEC:cat")
            .withCreateContainerCmdModifier(create -> create.withExposedPorts(ExposedPort.udp(9053))
                    .getHostConfig()
                    .withPortBindings(new PortBinding(Ports.Binding.empty(), ExposedPort.udp(9053))))
            .waitingFor(Wait.forSuccessfulCommand("grep -qi :235D /proc/net/udp"));

    private static Firewall firewall;

    @BeforeAll
    static void open() {
        firewall = Firewall.open();
    }

    @AfterAll
    static void close() {
        if (firewall != null) {
            firewall.close();
        }
        NETWORK.close();
    }

    /** The table stays for the tests of the class; no rule stays in it. */
    @AfterEach
    void noPacketIsTracedAnyMore() {
        assertThat(firewall.run("nft", "list", "ruleset")).doesNotContain("nftrace");
    }

    private static PacketWalk walk(Flow flow) {
        PacketWalk walk = flow.walk().orElseThrow();
        assertThat(walk.origin()).isEqualTo(Origin.TRACE);
        assertThat(walk.steps()).extracting(Step::table).noneMatch(OwnTable::isOwn);
        return walk;
    }

    private static String address(GenericContainer<?> container) {
        return container.getContainerInfo().getNetworkSettings().getNetworks().values().stream()
                .findFirst()
                .orElseThrow()
                .getIpAddress();
    }

    @Test
    void inbound(Traffic traffic) {
        Flow flow = traffic.traced().times(2).toPublishedPort(web, 80);

        assertPath(flow, RuleRole.NAT_JUMP_PRE, RuleRole.PORT_DNAT, RuleRole.USER_JUMP, RuleRole.PORT_ACCEPT);
        // The later packets of the connection.
        assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT, RuleRole.USER_JUMP, RuleRole.RETURN_TRAFFIC);
        assertThat(flow.walks()).hasSize(2);
        PacketWalk walk = walk(flow);
        assertThat(walk.fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk.reason()).isEmpty();
        assertThat(walk.destination()).hasToString(address(web) + ":80");
        assertThat(walk.source())
                .isEqualTo(new Endpoint(
                        flow.probes().get(0).tuple().source(),
                        flow.probes().get(0).tuple().sourcePort()));
        assertThat(walk.firstPacket())
                .extracting(Step::hook)
                .startsWith(Hook.PREROUTING)
                .contains(Hook.FORWARD)
                .endsWith(Hook.POSTROUTING);
        assertThat(walk.steps())
                .filteredOn(step -> step.direction() == Direction.REPLY)
                .extracting(step -> step.rule() == null ? null : step.rule().role())
                .contains(RuleRole.OUTBOUND_ACCEPT)
                .doesNotContain(RuleRole.PORT_DNAT);
        assertThat(walk.steps())
                .allMatch(step -> step.position() > 0 || step.text().startsWith("policy "));
    }

    @Test
    void inboundUdp(Traffic traffic) {
        Flow flow = traffic.udp().traced().toPublishedPort(echo, 9053);

        assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT);
        assertThat(walk(flow).fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk(flow).destination()).hasToString(address(echo) + ":9053");
    }

    @Test
    void outbound(Traffic traffic) {
        Flow flow = traffic.from(web).traced().toOutside();

        assertPath(flow, RuleRole.OUTBOUND_ACCEPT, RuleRole.MASQUERADE);
        PacketWalk walk = walk(flow);
        assertThat(walk.fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk.source()).isNotNull();
        assertThat(walk.source().address()).isEqualTo(flow.sourceSeen().orElseThrow());
        assertThat(walk.steps())
                .filteredOn(step -> step.direction() == Direction.REPLY)
                .extracting(step -> step.rule() == null ? null : step.rule().role())
                .contains(RuleRole.RETURN_TRAFFIC);
    }

    /** With docker-proxy a container that calls its own published port is not translated. */
    @Test
    void hairpin(Traffic traffic) {
        Flow flow = traffic.from(web).traced().toPublishedPort(web, 80);

        assertPath(flow, RuleRole.NAT_JUMP_PRE, RuleRole.SKIP_DNAT);
        assertThat(walk(flow).firstPacket()).extracting(Step::hook).doesNotContain(Hook.FORWARD);
        assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT)).isInstanceOf(AssertionFailedError.class);
    }

    @Test
    void fromTheHost(Traffic traffic) {
        Flow flow = traffic.from(Vantage.HOST).traced().toPublishedPort(web, 80);

        assertPath(flow, RuleRole.NAT_JUMP_OUT, RuleRole.PORT_DNAT);
        assertThat(walk(flow).firstPacket()).extracting(Step::hook).startsWith(Hook.OUTPUT);
    }

    @Test
    void fromANetworkToAnother(Traffic traffic) {
        Flow flow = traffic.from(onNetwork)
                .traced()
                .limits(SHORT, SHORT, SHORT.multipliedBy(4))
                .to(address(web), 80);

        assertPath(flow, RuleRole.ISOLATION_FROM, RuleRole.ISOLATION_DROP);
        assertThat(walk(flow).fate()).isEqualTo(Fate.DROPPED);
    }

    @Test
    void droppedInTheUsersChain(Traffic traffic) {
        try (Fault drop = firewall.insert("filter", "DOCKER-USER", "-p tcp -m tcp --dport 80 -j DROP")) {
            assertThat(drop).isNotNull();
            Flow flow =
                    traffic.traced().limits(SHORT, SHORT, SHORT.multipliedBy(4)).toPublishedPort(web, 80);

            assertPath(flow, RuleRole.PORT_DNAT, RuleRole.USER_JUMP, RuleRole.FOREIGN);
            PacketWalk walk = walk(flow);
            assertThat(flow.outcome()).isEqualTo(Outcome.TIMED_OUT);
            assertThat(walk.fate()).isEqualTo(Fate.DROPPED);
            assertThat(walk.reason()).isEqualTo("filter/DOCKER-USER  -A DOCKER-USER -p tcp -m tcp --dport 80 -j DROP");
            assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT))
                    .isInstanceOf(AssertionFailedError.class)
                    .hasMessageContaining("expected  PORT_DNAT -> PORT_ACCEPT")
                    .hasMessageContaining("because   DROPPED before it could meet PORT_ACCEPT: filter/DOCKER-USER")
                    .hasMessageContaining("-p tcp -m tcp --dport 80 -j DROP   -> DROP   # FOREIGN");
        }
    }

    @Test
    void rejected(Traffic traffic) {
        try (Fault reject = firewall.insert("filter", "DOCKER-USER", "-p tcp -m tcp --dport 80 -j REJECT")) {
            assertThat(reject).isNotNull();
            Flow flow = traffic.traced().toPublishedPort(web, 80);

            assertThat(flow.outcome()).isEqualTo(Outcome.REFUSED);
            assertThat(walk(flow).fate()).isEqualTo(Fate.REJECTED);
        }
    }

    @Test
    void ruleGone(Traffic traffic) {
        try (Fault gone = firewall.delete("nat", "DOCKER", "--to-destination " + address(web) + ":80")) {
            assertThat(gone).isNotNull();
            Flow flow = traffic.traced().toPublishedPort(web, 80);

            // docker-proxy answers.
            assertThat(flow.answered()).isTrue();
            assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT))
                    .isInstanceOf(AssertionFailedError.class)
                    .hasMessageContaining("because   NOT_MET: no packet that was sent met a rule of role PORT_DNAT")
                    .hasMessageContaining("# NAT_JUMP_PRE");
            assertThatThrownBy(() -> assertDnatHit(flow, web, 80, times(1)))
                    .hasMessageContaining("walk      packet 1 sent");
        }
    }

    @Test
    void ruleShadowed(Traffic traffic) {
        try (Fault early = firewall.insert("filter", "DOCKER-USER", "-j ACCEPT")) {
            assertThat(early).isNotNull();
            Flow flow = traffic.traced().toPublishedPort(web, 80);

            assertThat(flow.answered()).isTrue();
            assertPath(flow, RuleRole.PORT_DNAT, RuleRole.FOREIGN);
            assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT))
                    .isInstanceOf(AssertionFailedError.class)
                    .hasMessageContaining("-j ACCEPT   -> ACCEPT   # FOREIGN");
        }
    }

    @Test
    void orderMatters(Traffic traffic) {
        Flow flow = traffic.traced().toPublishedPort(web, 80);

        assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_ACCEPT, RuleRole.PORT_DNAT))
                .isInstanceOf(AssertionFailedError.class)
                .hasMessageContaining("because   ORDER: PORT_DNAT was met, but before PORT_ACCEPT");
    }

    @Test
    void nativeTable(Traffic traffic) {
        firewall.run(
                "nft",
                "table inet mine { chain early { type filter hook prerouting priority -250; tcp dport != 1 jump more; };"
                        + " chain more { meta l4proto tcp counter accept; }; }");
        try {
            Flow flow = traffic.traced().toPublishedPort(web, 80);

            assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT);
            assertThat(walk(flow).firstPacket())
                    .filteredOn(step -> step.table().equals("mine"))
                    .extracting(step -> step.chain() + " " + step.position() + " " + step.verdict())
                    .containsExactly("early 1 JUMP more", "more 1 ACCEPT");
        } finally {
            firewall.run("nft", "delete", "table", "inet", "mine");
        }
    }

    @Test
    void notTraced(Traffic traffic) {
        Flow flow = traffic.toPublishedPort(web, 80);

        assertThat(flow.walk()).isEmpty();
        assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("traffic.traced()");
    }
}
